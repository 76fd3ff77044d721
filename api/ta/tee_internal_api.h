/*
 * What a GlobalPlatform trusted app includes: the TEE Internal Core API (1.3) as far as Postern has
 * it. Nothing is declared that is not there, so what compiles and links exists.
 *
 * An app is one folder with a manifest and sources that define the entry points of tee_ta_api.h;
 * sdk/ta.mk builds it. Beyond GlobalPlatform: postern_ta.h.
 */
#ifndef POSTERN_TEE_INTERNAL_API_H
#define POSTERN_TEE_INTERNAL_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <tee_api.h>
#include <tee_api_defines.h>
#include <tee_api_types.h>
#include <tee_ta_api.h>

#endif

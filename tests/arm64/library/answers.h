/*
 * Known answers of what the crypto library computes, through GlobalPlatform's API and through OpenSSL's.
 */
#ifndef TESTS_ARM64_LIBRARY_ANSWERS_H
#define TESTS_ARM64_LIBRARY_ANSWERS_H

#include <stdint.h>
#include <tee_internal_api.h>

/* The first answer that was wrong, from 1; 0: all are right. *result: why there is no answer at all. */
uint32_t answers_compare(TEE_Result *result);

#endif

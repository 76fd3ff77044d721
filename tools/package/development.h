/*
 * The development form of a package that was made in the ordinary one: the same images and manifest,
 * with postern.development: true, signed anew. A debugger may attach to its instances only in this
 * form, and only in a TEE started for development.
 */
#ifndef POSTERN_TOOLS_PACKAGE_DEVELOPMENT_H
#define POSTERN_TOOLS_PACKAGE_DEVELOPMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tools/key/key.h>
#include <tools/package/builder.h>

/* `name` is for messages. out->bytes is the caller's to free(). False, said, when the package cannot
 * be decoded; its own signature is not looked at. */
bool development_form(const char *name, const uint8_t *bytes, size_t size, const struct key *key,
                      struct builder_package *out);

#endif

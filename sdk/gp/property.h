/*
 * Properties: name and value as text, in three sets. The functions of the API that read them are in
 * property_api.c.
 */
#ifndef POSTERN_SDK_GP_PROPERTY_H
#define POSTERN_SDK_GP_PROPERTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tee_api_types.h>

enum property_set {
    PROPERTY_SET_APP,
    PROPERTY_SET_CLIENT,
    PROPERTY_SET_TEE,
};

/* Neither text is NUL-terminated. */
struct property {
    const char *name;
    size_t name_length;
    const char *value;
    size_t value_length;
};

/* The property at a place in a set; false at the end. What it points to lives until the current call
 * of the client ends (of the app and the TEE: for ever). */
bool property_at(enum property_set set, size_t index, struct property *out);
bool property_find(enum property_set set, const char *name, struct property *out);
/* Whether the app's manifest has this key, with a value other than nothing and "never". */
bool property_is_set(const char *name);

/* --- Texts to values (property_text.c); pure. False when the text is no such value. -------------- */

bool property_read_bool(const char *text, size_t length, bool *out);
bool property_read_number(const char *text, size_t length, uint64_t *out);
bool property_read_uuid(const char *text, size_t length, TEE_UUID *out);
bool property_read_identity(const char *text, size_t length, TEE_Identity *out);
/* Base64. Writes at most `room` bytes; *size is what there would be. */
bool property_read_binary(const char *text, size_t length, uint8_t *out, size_t room, size_t *size);

#endif

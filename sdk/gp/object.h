/*
 * Transient objects: keys that an app handles by TEE_ObjectHandle (object.c has the API).
 */
#ifndef POSTERN_SDK_GP_OBJECT_H
#define POSTERN_SDK_GP_OBJECT_H

#include <stdbool.h>
#include <stdint.h>
#include <tee_api_types.h>

#define OBJECT_KEY_MAX 128u /* bytes of the largest key of any type */

struct object {
    uint32_t type;     /* TEE_TYPE_* */
    uint32_t max_bits; /* of the key */
    uint32_t usage;    /* TEE_USAGE_* */
    bool initialized;
    uint32_t key_bits;
    uint8_t key[OBJECT_KEY_MAX];
};

/* The object of a handle; panics as `function`. */
struct object *object_get(const char *function, TEE_ObjectHandle handle);

#endif

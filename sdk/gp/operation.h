/*
 * Operations: what an app handles by TEE_OperationHandle.
 */
#ifndef POSTERN_SDK_GP_OPERATION_H
#define POSTERN_SDK_GP_OPERATION_H

#include <sdk/crypto/hash.h>
#include <sdk/gp/object.h>
#include <tee_api_types.h>

struct operation_algorithm {
    uint32_t id;    /* TEE_ALG_* */
    uint32_t class; /* TEE_OPERATION_* */
    uint32_t mode;  /* TEE_MODE_* */
    enum hash_algorithm hash;
    uint32_t key_type; /* TEE_TYPE_*; 0: it takes no key */
    uint32_t min_bits; /* of maxKeySize */
    uint32_t max_bits;
    const char *name;
};

/* As TEE_OPERATION_STATE_*. */
enum operation_state {
    OPERATION_INITIAL = 0,
    OPERATION_ACTIVE = 1,
    OPERATION_EXTRACTING = 2,
};

struct operation {
    const struct operation_algorithm *algorithm;
    enum operation_state state;
    uint32_t max_key_bits;
    uint32_t key_bits; /* 0: no key is set */
    uint8_t key[OBJECT_KEY_MAX];
    struct digest *digest; /* of a digest */
    struct hmac *hmac;     /* of a MAC; has the key when key_bits is not 0 */
    /* OPERATION_EXTRACTING: the finished digest, and how much of it is out. */
    uint8_t result[HASH_SIZE_MAX];
    size_t extracted;
};

/* The operation of a handle; panics as `function`. */
struct operation *operation_get(const char *function, TEE_OperationHandle handle);
/* Panics unless E_OK: the functions that use this have no way to answer an error. */
void operation_check(const char *function, enum error error);

#endif

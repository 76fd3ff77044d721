/*
 * The types of the GlobalPlatform TEE Internal Core API (1.3), as far as Postern has what they are
 * for. Included by tee_internal_api.h, which is what an app includes.
 *
 * Sizes are size_t as 1.3 has them. Sources written for 1.1, where they are uint32_t, compile too:
 * tee_api.h tells how.
 */
#ifndef POSTERN_TEE_API_TYPES_H
#define POSTERN_TEE_API_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 3.3.1: TEE_SUCCESS or one of TEE_ERROR_*, or an app's own code. */
typedef uint32_t TEE_Result;

/* 3.3.2: RFC 4122. */
typedef struct {
    uint32_t timeLow;
    uint16_t timeMid;
    uint16_t timeHiAndVersion;
    uint8_t clockSeqAndNode[8];
} TEE_UUID;

/* 4.2.1: who calls: one of TEE_LOGIN_*, and what that makes of the caller (property
 * gpd.client.identity). */
typedef struct {
    uint32_t login;
    TEE_UUID uuid;
} TEE_Identity;

/* 4.2.2: one parameter of a session's operation. `memref.size` is in bytes; the memory belongs to the
 * caller, lives as long as the call, and may be changed by the caller at any moment: copy what you
 * check before you use it. */
typedef union {
    struct {
        void *buffer;
        size_t size;
    } memref;
    struct {
        uint32_t a;
        uint32_t b;
    } value;
} TEE_Param;

/* 4.2.3, 4.2.4, 5.3.3, 6.1.3: handles. Numbers in disguise: never pointers that may be followed. */
typedef struct __TEE_TASessionHandle *TEE_TASessionHandle;
typedef struct __TEE_PropSetHandle *TEE_PropSetHandle;
typedef struct __TEE_ObjectHandle *TEE_ObjectHandle;
typedef struct __TEE_OperationHandle *TEE_OperationHandle;

/* 5.3.1: one attribute of an object. Bit 29 of the id tells which member holds it. A reference points
 * to the caller's memory. */
typedef struct {
    uint32_t attributeID;
    union {
        struct {
            void *buffer;
            size_t length; /* bytes */
        } ref;
        struct {
            uint32_t a;
            uint32_t b;
        } value;
    } content;
} TEE_Attribute;

/* 5.3.2: what TEE_GetObjectInfo1 tells. Sizes in bits. 1.1 names two of them differently. */
typedef struct {
    uint32_t objectType; /* TEE_TYPE_* */
    union {
        uint32_t objectSize; /* of the key; 0 when the object holds none */
        uint32_t keySize;
    };
    union {
        uint32_t maxObjectSize;
        uint32_t maxKeySize;
    };
    uint32_t objectUsage; /* TEE_USAGE_* */
    size_t dataSize;      /* 0: no data stream */
    size_t dataPosition;
    uint32_t handleFlags; /* TEE_HANDLE_FLAG_* */
} TEE_ObjectInfo;

/* 6.1.1 */
typedef enum {
    TEE_MODE_ENCRYPT = 0,
    TEE_MODE_DECRYPT = 1,
    TEE_MODE_SIGN = 2,
    TEE_MODE_VERIFY = 3,
    TEE_MODE_MAC = 4,
    TEE_MODE_DIGEST = 5,
    TEE_MODE_DERIVE = 6,
} TEE_OperationMode;

/* 6.1.2: sizes of keys in bits, of digests in bytes. */
typedef struct {
    uint32_t algorithm;      /* TEE_ALG_* */
    uint32_t operationClass; /* TEE_OPERATION_* */
    uint32_t mode;           /* TEE_OperationMode */
    uint32_t digestLength;   /* of a digest or MAC; else 0 */
    uint32_t maxKeySize;
    uint32_t keySize; /* 0 when no key is set */
    uint32_t requiredKeyUsage;
    uint32_t handleState; /* TEE_HANDLE_FLAG_* */
} TEE_OperationInfo;

typedef struct {
    uint32_t keySize;
    uint32_t requiredKeyUsage;
} TEE_OperationInfoKey;

typedef struct {
    uint32_t algorithm;
    uint32_t operationClass;
    uint32_t mode;
    uint32_t digestLength;
    uint32_t maxKeySize;
    uint32_t handleState;
    uint32_t operationState; /* TEE_OPERATION_STATE_* */
    uint32_t numberOfKeys;   /* that the operation takes: 0 or 1 */
    TEE_OperationInfoKey keyInformation[];
} TEE_OperationInfoMultiple;

/* 7.1: since an origin that the function tells. */
typedef struct {
    uint32_t seconds;
    uint32_t millis; /* below 1000 */
} TEE_Time;

#endif

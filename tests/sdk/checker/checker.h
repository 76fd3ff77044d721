/*
 * checker: an app that checks the internal API from the inside, on a real TEE. Its client names a
 * check; the answer's value tells the line of the first thing that was wrong, 0 for none.
 */
#ifndef TESTS_SDK_CHECKER_H
#define TESTS_SDK_CHECKER_H

/* The app, and the same under a second name: the one that it calls itself. */
#define CHECKER_UUID {0x5a8e2a10, 0x3f0e, 0x4f5b, {0x9d, 0x0c, 0x61, 0x2a, 0x5e, 0x11, 0x70, 0x01}}
#define CHECKER_OTHER_UUID                                                                         \
    {0x5a8e2a10, 0x3f0e, 0x4f5b, {0x9d, 0x0c, 0x61, 0x2a, 0x5e, 0x11, 0x70, 0x02}}

enum checker_command {
    /* Checks. Parameter 0: value out, a = line (0: all is right), b = checks made. */
    CHECKER_PROPERTIES,
    CHECKER_MEMORY,
    CHECKER_CRYPTO,
    CHECKER_TIME,
    CHECKER_LOG,      /* writes lines for the client to find in the TEE's log */
    CHECKER_SESSIONS, /* calls the other app */
    CHECKER_CHECKS,   /* their number */

    /* Parameter 1: memory in, 2: memory inout, 3: memory out, of any sizes. */
    CHECKER_PARAMETERS = 20,
    /* Parameter 1: value in, a = which misuse; does not come back. */
    CHECKER_MISUSE,
    /* Parameter 1: memory out, 64 bytes: two derived keys. */
    CHECKER_KEYS,
    /* Parameter 1: memory out: random bytes. */
    CHECKER_RANDOM,
    /* Waits a minute with cancellation unmasked; TEE_ERROR_CANCEL when it was cancelled. In the
     * other app's name: CHECKER_WAIT_OTHER. */
    CHECKER_WAIT,
    CHECKER_WAIT_OTHER,

    /* What the other app serves for CHECKER_SESSIONS. */
    CHECKER_OTHER_ECHO = 40, /* value inout, memory in, memory out: the copy, memory inout: + 1 */
    CHECKER_OTHER_WHO,       /* value out: login; memory out: the caller's UUID */
    CHECKER_OTHER_REFUSE,    /* 0x1234 */
    CHECKER_OTHER_DIE,
};

/* The misuses and the text that the log has to show: in checker.c and sdk-api.c alike. */
#define CHECKER_MISUSES(X)                                                                         \
    X(PROPERTY_VALUE, "TEE_GetPropertyAsU32: value: 4 bytes at 0x0 cannot be written")             \
    X(PROPERTY_NAME, "TEE_GetPropertyAsString: name: 1 bytes at 0x10 cannot be read")              \
    X(PROPERTY_SET, "TEE_GetPropertyAsBool: 0x1234 is no handle of an open property enumerator")   \
    X(ENUMERATOR_FREED, "TEE_GetNextProperty: ")                                                   \
    X(PANIC, "TEE_Panic(TEE_ERROR_BAD_STATE, 0xffff0007)")                                         \
    X(SESSION_HANDLE, "TEE_InvokeTACommand: 0x0 is no handle of an open session")                  \
    X(SESSION_TYPES, "TEE_InvokeTACommand: paramTypes: there is no type 4")                        \
    X(SESSION_DESTINATION, "TEE_OpenTASession: destination: 16 bytes at 0x0")                      \
    X(ACCESS_FLAGS, "TEE_CheckMemoryAccessRights: accessFlags: 0x80 has unknown bits")             \
    X(MALLOC_HINT, "TEE_Malloc: hint: 0x4 has unknown bits")                                       \
    X(REALLOC, "TEE_Realloc: ")                                                                    \
    X(FREE_TWICE, "TEE_Free: ")                                                                    \
    X(FREE_STACK, "is no memory of TEE_Malloc, or was freed already")                              \
    X(MOVE_TO_CODE, "TEE_MemMove: dest: 4 bytes at ")                                              \
    X(MOVE_FROM_HOLE, "TEE_MemMove: src: 1 bytes at 0x200000000000 cannot be read")                \
    X(FILL, "TEE_MemFill: buffer: ")                                                               \
    X(COMPARE, "TEE_MemCompare: buffer1: ")                                                        \
    X(OBJECT_HANDLE, "TEE_GetObjectInfo1: 0x50 is no handle of an open object")                    \
    X(OBJECT_POPULATE_TWICE, "TEE_PopulateTransientObject: the object is initialized already")     \
    X(OBJECT_TOO_LARGE, "the key has 33 bytes, and the object has room for 256 bits")              \
    X(OBJECT_ATTRIBUTE, "TEE_InitValueAttribute: attribute 0xc0000000 is a buffer, not a value")   \
    X(OBJECT_EXTRACT, "TEE_GetObjectBufferAttribute: the object lacks TEE_USAGE_EXTRACTABLE")      \
    X(OBJECT_COPY, "TEE_CopyObjectAttributes1: the object is not initialized")                     \
    X(OBJECT_GENERATE, "TEE_GenerateKey: keySize: ")                                               \
    X(OPERATION_HANDLE, "TEE_DigestUpdate: 0x0 is no handle of an open operation")                 \
    X(OPERATION_FREED, "TEE_FreeOperation: ")                                                      \
    X(OPERATION_KEY, "TEE_SetOperationKey: TEE_ALG_SHA256 takes no key")                           \
    X(OPERATION_COPY, "TEE_CopyOperation: the operations differ: TEE_ALG_SHA256, TEE_ALG_SHA512")  \
    X(OPERATION_RESET, "TEE_ResetOperation: the operation has no key")                             \
    X(DIGEST_CHUNK, "TEE_DigestUpdate: chunk: 5 bytes at 0x0 cannot be read")                      \
    X(DIGEST_HASH, "TEE_DigestDoFinal: hash: 32 bytes at ")                                        \
    X(DIGEST_EXTRACTING, "TEE_DigestUpdate: the digest is being extracted: it takes nothing more") \
    X(DIGEST_OF_MAC, "TEE_DigestExtract: TEE_ALG_HMAC_SHA256 is no digest")                        \
    X(MAC_INIT, "TEE_MACInit: the operation has no key")                                           \
    X(MAC_UPDATE, "TEE_MACUpdate: the MAC was not started: call TEE_MACInit")                      \
    X(MAC_FINAL, "TEE_MACComputeFinal: the MAC was not started")                                   \
    X(RANDOM, "TEE_GenerateRandom: randomBuffer: ")                                                \
    X(TIME, "TEE_GetSystemTime: time: 8 bytes at 0x0 cannot be written")                           \
    X(KEY, "postern_derive_key: label: 7 bytes at 0x0 cannot be read")

#define CHECKER_MISUSE_ENUM(name, text) CHECKER_MISUSE_##name,
enum checker_misuse { CHECKER_MISUSES(CHECKER_MISUSE_ENUM) CHECKER_MISUSE_COUNT };
#undef CHECKER_MISUSE_ENUM

#endif

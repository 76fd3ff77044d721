/*
 * The functions of the GlobalPlatform TEE Internal Core API (1.3) that Postern has. Included by
 * tee_internal_api.h. Clauses are that document's.
 *
 * True of every function here:
 * - A programming error panics the app: the instance ends, its clients get TARGET_DEAD, and the log
 *   names the function and the reason. Programming errors are: a pointer to memory that the app cannot
 *   read, or write where the function writes; a handle that is none (never made, freed, of another
 *   kind); what "panics" names below. Handles are checked, so an old one is found out.
 * - TEE_ERROR_* that a function answers are listed with it; others it does not answer.
 * - An app has one thread. None of these functions may be called from a signal handler.
 *
 * Sizes in memory are size_t (1.3). Where 1.1 has `uint32_t *`, passing the address of a uint32_t
 * works as well: at the end of this file each such function has a macro of its own name that picks by
 * type (C only). By value nothing differs. What does not compile any more: taking the address of a
 * TEE_Param's memref.size as `uint32_t *`.
 */
#ifndef POSTERN_TEE_API_H
#define POSTERN_TEE_API_H

#include <tee_api_defines.h>
#include <tee_api_types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- Properties (4.4). ---------------------------------------------------------------------------
 *
 * Text values under names, in three sets: the app's (TEE_PROPSET_CURRENT_TA: the manifest's keys, the
 * ones with a default filled in), the client's of the session that is being served
 * (TEE_PROPSET_CURRENT_CLIENT; empty outside a session), the TEE's (TEE_PROPSET_TEE_IMPLEMENTATION).
 * `propsetOrEnumerator` is one of these with `name`, or an enumerator, which names the property itself
 * (`name` is ignored then and may be NULL).
 *
 * All seven answer TEE_ERROR_ITEM_NOT_FOUND when there is no such property, or the enumerator is not
 * started or at its end; all but the string TEE_ERROR_BAD_FORMAT when the text does not read as that
 * type. On any error but SHORT_BUFFER nothing is written. They panic when the first argument is
 * neither a set nor an enumerator.
 */

/*
 * 4.4.1. Writes the text and a NUL. `*valueBufferLen`: in, the room in bytes; out, what the text needs
 * with its NUL. TEE_ERROR_SHORT_BUFFER: less room; as much as fits was written, NUL-terminated.
 */
TEE_Result TEE_GetPropertyAsString(TEE_PropSetHandle propsetOrEnumerator, const char *name,
                                   char *valueBuffer, size_t *valueBufferLen);
/* 4.4.2. `true` or `false`, in upper or lower case. */
TEE_Result TEE_GetPropertyAsBool(TEE_PropSetHandle propsetOrEnumerator, const char *name,
                                 bool *value);
/* 4.4.3, 4.4.4. A decimal number, with K, M or G for 2^10, 2^20, 2^30 behind it; or a hexadecimal one
 * after 0x. What does not fit the type is TEE_ERROR_BAD_FORMAT. */
TEE_Result TEE_GetPropertyAsU32(TEE_PropSetHandle propsetOrEnumerator, const char *name,
                                uint32_t *value);
TEE_Result TEE_GetPropertyAsU64(TEE_PropSetHandle propsetOrEnumerator, const char *name,
                                uint64_t *value);
/*
 * 4.4.5. The text is Base64 (RFC 4648, padding optional). `*valueBufferLen`: in, the room in bytes;
 * out, what there is. TEE_ERROR_SHORT_BUFFER: less room; nothing was written.
 */
TEE_Result TEE_GetPropertyAsBinaryBlock(TEE_PropSetHandle propsetOrEnumerator, const char *name,
                                        void *valueBuffer, size_t *valueBufferLen);
/* 4.4.6. The text form of RFC 4122. */
TEE_Result TEE_GetPropertyAsUUID(TEE_PropSetHandle propsetOrEnumerator, const char *name,
                                 TEE_UUID *value);
/* 4.4.7. A number (the login method), and if that is not all a colon and a UUID. */
TEE_Result TEE_GetPropertyAsIdentity(TEE_PropSetHandle propsetOrEnumerator, const char *name,
                                     TEE_Identity *value);

/* 4.4.8. Makes an enumerator, not started. The caller frees it. TEE_ERROR_OUT_OF_MEMORY. */
TEE_Result TEE_AllocatePropertyEnumerator(TEE_PropSetHandle *enumerator);
/* 4.4.9. Frees it; the handle is none from then on. */
void TEE_FreePropertyEnumerator(TEE_PropSetHandle enumerator);
/* 4.4.10. Starts at the first property of a set; panics when `propSet` is none. */
void TEE_StartPropertyEnumerator(TEE_PropSetHandle enumerator, TEE_PropSetHandle propSet);
/* 4.4.11. Not started any more. */
void TEE_ResetPropertyEnumerator(TEE_PropSetHandle enumerator);
/*
 * 4.4.12. The name of the property that the enumerator stands on; sizes and TEE_ERROR_SHORT_BUFFER as
 * for TEE_GetPropertyAsString. TEE_ERROR_ITEM_NOT_FOUND: not started, or past the end.
 */
TEE_Result TEE_GetPropertyName(TEE_PropSetHandle enumerator, void *nameBuffer,
                               size_t *nameBufferLen);
/* 4.4.13. TEE_ERROR_ITEM_NOT_FOUND: that was the last, or not started. */
TEE_Result TEE_GetNextProperty(TEE_PropSetHandle enumerator);

/* --- Panic (4.8). ------------------------------------------------------------------------------- */

/* 4.8.1. Ends this instance at once; the log shows the code, clients get TARGET_DEAD. */
#ifdef __cplusplus
[[noreturn]]
#else
_Noreturn
#endif
void TEE_Panic(TEE_Result panicCode);

/* --- Sessions from app to app (4.9). --------------------------------------------------------------
 *
 * The other app sees login TEE_LOGIN_TRUSTED_APP and this app's UUID. Memory references are copied
 * there and back, so it never sees more of this app's memory than it was given. `paramTypes` and
 * `params` are as in an entry point; params may be NULL when all types are NONE. A reference with
 * buffer NULL and size 0 is legal and arrives so.
 *
 * `cancellationRequestTimeout` is in milliseconds, or TEE_TIMEOUT_INFINITE: after that time the other
 * app is asked to cancel, and so it is when the call that this app serves is cancelled and
 * cancellation is unmasked; what it then answers is the answer. `*returnOrigin` (may be NULL) tells
 * who answered: TEE_ORIGIN_TRUSTED_APP for the app's own code, success included.
 */

/*
 * 4.9.1. Opens a session to the app `destination`, starting it where needed. On success `*session` is
 * the caller's to close; else TEE_HANDLE_NULL. With origin TEE_ORIGIN_TEE: TEE_ERROR_ITEM_NOT_FOUND,
 * no such app, or one without sessions; TEE_ERROR_ACCESS_DENIED, it serves no apps; TEE_ERROR_BUSY, it
 * serves one session and has it, or has no room for one more; TEE_ERROR_SECURITY, its signature;
 * TEE_ERROR_BAD_FORMAT, its package; TEE_ERROR_CANCEL, timed out or cancelled before it answered;
 * TEE_ERROR_TARGET_DEAD, it died; TEE_ERROR_OUT_OF_MEMORY; TEE_ERROR_COMMUNICATION, the supplicant did
 * not bring it. Panics on parameter types that do not exist, and on a buffer of NULL with a size.
 */
TEE_Result TEE_OpenTASession(const TEE_UUID *destination, uint32_t cancellationRequestTimeout,
                             uint32_t paramTypes, TEE_Param params[TEE_NUM_PARAMS],
                             TEE_TASessionHandle *session, uint32_t *returnOrigin);
/* 4.9.2. TEE_HANDLE_NULL is harmless. Returns when the other app's close entry point has run. */
void TEE_CloseTASession(TEE_TASessionHandle session);
/*
 * 4.9.3. With origin TEE_ORIGIN_TEE: TEE_ERROR_TARGET_DEAD, now or since an earlier call (the session
 * still wants to be closed); TEE_ERROR_CANCEL; TEE_ERROR_OUT_OF_MEMORY. Of output references the size
 * that the app left is stored always, the data only if they fit. Panics as for open.
 */
TEE_Result TEE_InvokeTACommand(TEE_TASessionHandle session, uint32_t cancellationRequestTimeout,
                               uint32_t commandID, uint32_t paramTypes,
                               TEE_Param params[TEE_NUM_PARAMS], uint32_t *returnOrigin);

/* --- Cancellation (4.10). -------------------------------------------------------------------------
 *
 * Each call of an entry point starts with cancellation masked. The flag is in memory: asking costs
 * nothing, so do it in every long loop. An app that works on past a cancellation for longer than the
 * manifest's postern.cancelGrace is ended.
 */

/* 4.10.1. Whether this call was cancelled; false while masked. */
bool TEE_GetCancellationFlag(void);
/* 4.10.2, 4.10.3. Answer whether it was masked before. */
bool TEE_UnmaskCancellation(void);
bool TEE_MaskCancellation(void);

/* --- Memory (4.11). ------------------------------------------------------------------------------- */

/*
 * 4.11.1. Whether this app may access `size` bytes from `buffer` as `accessFlags` (TEE_MEMORY_ACCESS_*)
 * say. Without ANY_OWNER the memory must be this app's alone; a memory parameter of the current call is
 * not, and passes only with ANY_OWNER, within its exact bounds, and for writing only if it is an
 * output. TEE_ERROR_ACCESS_DENIED. Size 0 passes. Never panics for the buffer's sake; panics on unknown
 * flags.
 */
TEE_Result TEE_CheckMemoryAccessRights(uint32_t accessFlags, void *buffer, size_t size);
/* 4.11.2, 4.11.3. One pointer for the instance; NULL at first. */
void TEE_SetInstanceData(const void *instanceData);
void *TEE_GetInstanceData(void);
/*
 * 4.11.4. Memory of this app's, aligned to 16, zeroed unless `hint` is TEE_MALLOC_NO_FILL. Freed by
 * TEE_Free. NULL when that would be more than gpd.ta.dataSize in all, or there is no more. Size 0
 * answers a pointer that may be freed and not followed. Panics on unknown hints.
 */
void *TEE_Malloc(size_t size, uint32_t hint);
/* 4.11.5. As realloc: the contents move; NULL leaves the old memory as it was. What is new is zeroed. */
void *TEE_Realloc(void *buffer, size_t newSize);
/* 4.11.6. NULL is harmless. The memory is wiped. */
void TEE_Free(void *buffer);
/* 4.11.7. The ranges may overlap. */
void TEE_MemMove(void *dest, const void *src, size_t size);
/* 4.11.8. Less than, equal to, or more than 0, as memcmp; the time taken does not depend on the
 * contents. */
int32_t TEE_MemCompare(const void *buffer1, const void *buffer2, size_t size);
/* 4.11.9. `x` modulo 256. Not optimised away. */
void TEE_MemFill(void *buffer, uint32_t x, size_t size);

/* --- Objects (5.5, 5.6). --------------------------------------------------------------------------
 *
 * Transient objects that hold a key of type TEE_TYPE_HMAC_*. An object is uninitialised until it is
 * populated, generated or copied into, and again after reset. Its usage starts as
 * TEE_USAGE_DEFAULT (all) and can only be restricted.
 */

/* 5.5.1. Fills `*objectInfo`. */
TEE_Result TEE_GetObjectInfo1(TEE_ObjectHandle object, TEE_ObjectInfo *objectInfo);
/* 5.5.2. Takes away every usage bit that is not in `objectUsage`. */
TEE_Result TEE_RestrictObjectUsage1(TEE_ObjectHandle object, uint32_t objectUsage);
/*
 * 5.5.3. Copies the attribute. `*size`: in, the room in bytes; out, what there is.
 * TEE_ERROR_SHORT_BUFFER: less room; nothing was written. TEE_ERROR_ITEM_NOT_FOUND: the object has no
 * such attribute. Panics when the object is uninitialised, the id is a value's, or the attribute is
 * secret and the object's usage lacks TEE_USAGE_EXTRACTABLE.
 */
TEE_Result TEE_GetObjectBufferAttribute(TEE_ObjectHandle object, uint32_t attributeID, void *buffer,
                                        size_t *size);
/* 5.5.4. Likewise for values; `a` and `b` may be NULL. Panics when the id is a reference's. */
TEE_Result TEE_GetObjectValueAttribute(TEE_ObjectHandle object, uint32_t attributeID, uint32_t *a,
                                       uint32_t *b);
/* 5.5.5. As TEE_FreeTransientObject. */
void TEE_CloseObject(TEE_ObjectHandle object);

/*
 * 5.6.1. Makes an uninitialised object with room for a key of `maxObjectSize` bits. The caller frees
 * it. TEE_ERROR_NOT_SUPPORTED: no such type, or no such size for it (the log says which sizes there
 * are). TEE_ERROR_OUT_OF_MEMORY.
 */
TEE_Result TEE_AllocateTransientObject(uint32_t objectType, uint32_t maxObjectSize,
                                       TEE_ObjectHandle *object);
/* 5.6.2, 5.6.3. The key is wiped. Free: TEE_HANDLE_NULL is harmless. */
void TEE_FreeTransientObject(TEE_ObjectHandle object);
void TEE_ResetTransientObject(TEE_ObjectHandle object);
/*
 * 5.6.4. Fills an uninitialised object: an HMAC key from TEE_ATTR_SECRET_VALUE, which is copied.
 * TEE_ERROR_BAD_PARAMETERS: a key shorter than the type allows. Panics when the object is initialised,
 * the attribute is missing, given twice, or another, or the key is larger than maxObjectSize.
 */
TEE_Result TEE_PopulateTransientObject(TEE_ObjectHandle object, const TEE_Attribute *attrs,
                                       uint32_t attrCount);
/* 5.6.5. `attr` refers to `buffer`, which stays the caller's. Each panics when bit 29 of the id says
 * that the attribute is of the other kind. */
void TEE_InitRefAttribute(TEE_Attribute *attr, uint32_t attributeID, const void *buffer,
                          size_t length);
void TEE_InitValueAttribute(TEE_Attribute *attr, uint32_t attributeID, uint32_t a, uint32_t b);
/*
 * 5.6.6. Fills the uninitialised `destObject` from the initialised `srcObject`. Panics when they are
 * not so, not of the same type, or the key is too large.
 */
TEE_Result TEE_CopyObjectAttributes1(TEE_ObjectHandle destObject, TEE_ObjectHandle srcObject);
/*
 * 5.6.7. Fills an uninitialised object with a random key of `keySize` bits; no parameters.
 * Panics when the object is initialised, the size is not one of its type's or larger than
 * maxObjectSize, or there are parameters.
 */
TEE_Result TEE_GenerateKey(TEE_ObjectHandle object, uint32_t keySize, const TEE_Attribute *params,
                           uint32_t paramCount);

/* The forms of 1.0, without an answer. */
void TEE_GetObjectInfo(TEE_ObjectHandle object, TEE_ObjectInfo *objectInfo);
void TEE_RestrictObjectUsage(TEE_ObjectHandle object, uint32_t objectUsage);
void TEE_CopyObjectAttributes(TEE_ObjectHandle destObject, TEE_ObjectHandle srcObject);

/* --- Operations (6.2). These and what follows want OpenSSL's libcrypto: `USES := crypto`. ---------- */

/*
 * 6.2.1. Makes an operation in its initial state: TEE_ALG_SHA* with TEE_MODE_DIGEST and maxKeySize 0,
 * TEE_ALG_HMAC_* with TEE_MODE_MAC and the largest key in bits that it will be given. The caller frees
 * it. TEE_ERROR_NOT_SUPPORTED: no such algorithm, mode or key size (the log says which);
 * TEE_ERROR_OUT_OF_MEMORY. `*operation` is TEE_HANDLE_NULL on errors.
 */
TEE_Result TEE_AllocateOperation(TEE_OperationHandle *operation, uint32_t algorithm, uint32_t mode,
                                 uint32_t maxKeySize);
/* 6.2.2. The key's copy is wiped. TEE_HANDLE_NULL is harmless. */
void TEE_FreeOperation(TEE_OperationHandle operation);
/* 6.2.3. Fills `*operationInfo`; sizes of keys in bits, of digests in bytes. */
void TEE_GetOperationInfo(TEE_OperationHandle operation, TEE_OperationInfo *operationInfo);
/*
 * 6.2.4. `*operationSize`: in, the room at `operationInfoMultiple` in bytes; out, what is used.
 * TEE_ERROR_SHORT_BUFFER: no room for the keys that the operation takes.
 */
TEE_Result TEE_GetOperationInfoMultiple(TEE_OperationHandle operation,
                                        TEE_OperationInfoMultiple *operationInfoMultiple,
                                        size_t *operationSize);
/* 6.2.5. Back to the initial state; the key stays. Panics when a key is wanted and not set. */
void TEE_ResetOperation(TEE_OperationHandle operation);
/*
 * 6.2.6. Copies the key of `key` into the operation; TEE_HANDLE_NULL takes the key away. Answers
 * TEE_SUCCESS. Panics when the operation takes no key or is not in its initial state, the object is
 * uninitialised, of another type, lacks the usage (TEE_USAGE_MAC), or the key is larger than
 * maxKeySize.
 */
TEE_Result TEE_SetOperationKey(TEE_OperationHandle operation, TEE_ObjectHandle key);
/*
 * 6.2.8. Makes `dstOperation` what `srcOperation` is, in the middle of its work: state, key, everything
 * that went in. Panics when algorithm or mode differ, or the key is larger than dst's maxKeySize.
 */
void TEE_CopyOperation(TEE_OperationHandle dstOperation, TEE_OperationHandle srcOperation);
/* 6.2.9. TEE_SUCCESS, or TEE_ERROR_NOT_SUPPORTED. `element` is TEE_CRYPTO_ELEMENT_NONE. */
TEE_Result TEE_IsAlgorithmSupported(uint32_t algId, uint32_t element);

/* --- Digests (6.3). ------------------------------------------------------------------------------- */

/* 6.3.1. Panics when the operation is no digest, or is extracting. `chunk` may be NULL with size 0. */
void TEE_DigestUpdate(TEE_OperationHandle operation, const void *chunk, size_t chunkSize);
/*
 * 6.3.2. Takes in the last chunk, writes the digest (when extracting: what is left of it, and no chunk
 * may be given), and makes the operation initial again. `*hashLen`: in, the room in bytes; out, what
 * was or would be written. TEE_ERROR_SHORT_BUFFER: less room; nothing has happened, the chunk
 * included. Panics as above.
 */
TEE_Result TEE_DigestDoFinal(TEE_OperationHandle operation, const void *chunk, size_t chunkLen,
                             void *hash, size_t *hashLen);
/*
 * 6.3.3. Writes the next at most `*hashLen` bytes of the digest, tells how many in `*hashLen` (0 when
 * all were), and the operation is extracting from then on.
 */
TEE_Result TEE_DigestExtract(TEE_OperationHandle operation, void *hash, size_t *hashLen);

/* --- Message authentication codes (6.5). ---------------------------------------------------------- */

/* 6.5.1. Starts over. HMAC has no initialisation vector: `IV` is ignored. Panics when the operation is
 * no MAC or has no key. */
void TEE_MACInit(TEE_OperationHandle operation, const void *IV, size_t IVLen);
/* 6.5.2. Panics before TEE_MACInit. `chunk` may be NULL with size 0. */
void TEE_MACUpdate(TEE_OperationHandle operation, const void *chunk, size_t chunkSize);
/*
 * 6.5.3. Takes in the last chunk, writes the MAC, and makes the operation initial again. Sizes and
 * TEE_ERROR_SHORT_BUFFER as for TEE_DigestDoFinal. Panics before TEE_MACInit.
 */
TEE_Result TEE_MACComputeFinal(TEE_OperationHandle operation, const void *message,
                               size_t messageLen, void *mac, size_t *macLen);
/*
 * 6.5.4. Takes in the last chunk, compares in constant time, and makes the operation initial again.
 * TEE_ERROR_MAC_INVALID: it is another MAC, or of another length. Panics before TEE_MACInit.
 */
TEE_Result TEE_MACCompareFinal(TEE_OperationHandle operation, const void *message,
                               size_t messageLen, const void *mac, size_t macLen);

/* --- Random numbers (6.9) and time (7.2). --------------------------------------------------------- */

/* 6.9.1. Fills the buffer from the TEE's generator. Panics when that fails. */
void TEE_GenerateRandom(void *randomBuffer, size_t randomBufferLen);

/* 7.2.1. Seconds and milliseconds since the TEE started; never goes back. */
void TEE_GetSystemTime(TEE_Time *time);
/*
 * 7.2.2. Sleeps `timeout` milliseconds (TEE_TIMEOUT_INFINITE: for ever). TEE_ERROR_CANCEL: this call
 * was cancelled, and cancellation is unmasked.
 */
TEE_Result TEE_Wait(uint32_t timeout);
/* 7.2.5. Since 1970, as the normal world claims: it may be any time. When the normal world does not
 * answer, zeros. */
void TEE_GetREETime(TEE_Time *time);

/* --- What 1.1 passes the address of a uint32_t to. ------------------------------------------------ */

TEE_Result postern_1_1_GetPropertyAsString(TEE_PropSetHandle set, const char *name, char *value,
                                           uint32_t *length);
TEE_Result postern_1_1_GetPropertyAsBinaryBlock(TEE_PropSetHandle set, const char *name,
                                                void *value, uint32_t *length);
TEE_Result postern_1_1_GetPropertyName(TEE_PropSetHandle enumerator, void *name, uint32_t *length);
TEE_Result postern_1_1_GetObjectBufferAttribute(TEE_ObjectHandle object, uint32_t id, void *buffer,
                                                uint32_t *size);
TEE_Result postern_1_1_GetOperationInfoMultiple(TEE_OperationHandle operation,
                                                TEE_OperationInfoMultiple *info, uint32_t *size);
TEE_Result postern_1_1_DigestDoFinal(TEE_OperationHandle operation, const void *chunk,
                                     size_t chunkLen, void *hash, uint32_t *hashLen);
TEE_Result postern_1_1_MACComputeFinal(TEE_OperationHandle operation, const void *message,
                                       size_t messageLen, void *mac, uint32_t *macLen);

#ifdef __cplusplus
}
#else
#define TEE_GetPropertyAsString(set, name, value, length)                                          \
    _Generic((length),                                                                             \
        uint32_t *: postern_1_1_GetPropertyAsString,                                               \
        default: TEE_GetPropertyAsString)(set, name, value, length)
#define TEE_GetPropertyAsBinaryBlock(set, name, value, length)                                     \
    _Generic((length),                                                                             \
        uint32_t *: postern_1_1_GetPropertyAsBinaryBlock,                                          \
        default: TEE_GetPropertyAsBinaryBlock)(set, name, value, length)
#define TEE_GetPropertyName(enumerator, name, length)                                              \
    _Generic((length), uint32_t *: postern_1_1_GetPropertyName, default: TEE_GetPropertyName)(     \
        enumerator, name, length)
#define TEE_GetObjectBufferAttribute(object, id, buffer, size)                                     \
    _Generic((size),                                                                               \
        uint32_t *: postern_1_1_GetObjectBufferAttribute,                                          \
        default: TEE_GetObjectBufferAttribute)(object, id, buffer, size)
#define TEE_GetOperationInfoMultiple(operation, info, size)                                        \
    _Generic((size),                                                                               \
        uint32_t *: postern_1_1_GetOperationInfoMultiple,                                          \
        default: TEE_GetOperationInfoMultiple)(operation, info, size)
#define TEE_DigestDoFinal(operation, chunk, chunkLen, hash, hashLen)                               \
    _Generic((hashLen), uint32_t *: postern_1_1_DigestDoFinal, default: TEE_DigestDoFinal)(        \
        operation, chunk, chunkLen, hash, hashLen)
#define TEE_MACComputeFinal(operation, message, messageLen, mac, macLen)                           \
    _Generic((macLen), uint32_t *: postern_1_1_MACComputeFinal, default: TEE_MACComputeFinal)(     \
        operation, message, messageLen, mac, macLen)
#endif

#endif

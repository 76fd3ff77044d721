/*
 * The entry points that an app defines (TEE Internal Core API 1.3, 4.3). The SDK calls them, one at a
 * time, all on the app's one thread. One that an app leaves out is supplied by the SDK: open accepts
 * everybody with no context, invoke answers TEE_ERROR_INVALID_CMD, the others do nothing.
 */
#ifndef POSTERN_TEE_TA_API_H
#define POSTERN_TEE_TA_API_H

#include <tee_api_defines.h>
#include <tee_api_types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TA_EXPORT

/*
 * 4.3.1: once in an instance's life, before its first session opens (with ports in the manifest:
 * before the first connection). What is not TEE_SUCCESS goes to the client as the answer to its open,
 * with origin TEE_ORIGIN_TRUSTED_APP, and the instance ends.
 */
TEE_Result TA_EXPORT TA_CreateEntryPoint(void);

/*
 * 4.3.2: once, after the last session was closed, when the instance is about to end: an app that is
 * not instanceKeepAlive ends with its last session. Not called when the app panics or faults.
 */
void TA_EXPORT TA_DestroyEntryPoint(void);

/*
 * 4.3.3: a client asks for a session. `paramTypes` are four TEE_PARAM_TYPE_* (TEE_PARAM_TYPE_GET);
 * check them before `params`. Values and sizes of outputs go back also when the answer is an error.
 * `*sessionContext` is the app's own, NULL at first, and comes back in each call of this session.
 * Answers TEE_SUCCESS, or any other code to refuse: then no session is there, and close is not called.
 */
TEE_Result TA_EXPORT TA_OpenSessionEntryPoint(uint32_t paramTypes, TEE_Param params[TEE_NUM_PARAMS],
                                              void **sessionContext);

/* 4.3.4: the session is over, closed by its client or by that client's end. */
void TA_EXPORT TA_CloseSessionEntryPoint(void *sessionContext);

/*
 * 4.3.5: the client's command. As for open; a MEMREF_OUTPUT whose size the app sets larger than what
 * the client gave is answered as TEE_ERROR_SHORT_BUFFER, whatever the app answers as success.
 */
TEE_Result TA_EXPORT TA_InvokeCommandEntryPoint(void *sessionContext, uint32_t commandID,
                                                uint32_t paramTypes,
                                                TEE_Param params[TEE_NUM_PARAMS]);

#ifdef __cplusplus
}
#endif

#endif

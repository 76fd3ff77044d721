/*
 * The TEE client API: how a program of the normal world uses trusted apps.
 *
 *     TEEC_Context context;
 *     TEEC_Session session = { 0 };
 *     TEEC_Operation operation = TEEC_OPERATION_INITIALIZER;
 *     uint32_t origin;
 *
 *     if (TEEC_InitializeContext(NULL, &context) != TEEC_SUCCESS)
 *         ...
 *     operation.paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_INOUT, TEEC_NONE, TEEC_NONE, TEEC_NONE);
 *     operation.params[0].value.a = 42;
 *     if (TEEC_OpenSession(&context, &session, &app, TEEC_LOGIN_PUBLIC, NULL, NULL, &origin) ==
 *             TEEC_SUCCESS &&
 *         TEEC_InvokeCommand(&session, COMMAND, &operation, &origin) == TEEC_SUCCESS)
 *         printf("%u\n", operation.params[0].value.a);
 *     TEEC_CloseSession(&session);
 *     TEEC_FinalizeContext(&context);
 *
 * Link with -lpostern_teec (pkg-config: postern-teec).
 *
 * Where it comes from: OpenHarmony's TEE client API ("TeeClient", since version 11; called "the
 * document" below), completed by GlobalPlatform TEE Client API 1.0 (clauses as "GP 4.5.x"). Sources
 * written for either compile.
 *
 * Rules that hold for every function:
 * - Any thread may call any function at any time. Calls on different sessions run at once; commands
 *   on one session run one after the other, in the TEE.
 * - The caller owns every structure that it passes, and keeps context, session and shared memory
 *   structures until they are finalised, closed, released. The library keeps no pointer into them
 *   beyond a call (but session.context and the like, for the caller to read), and recognises
 *   structures that are not, or no longer, in use.
 * - `returnOrigin` and `operation` may be NULL. The origin tells who answered: API, this library,
 *   and nothing was sent; COMMS, the way to the TEE; TEE, the secure kernel; TRUSTED_APP, the
 *   app, success included.
 * - When the TEE ends, calls that run and all later ones answer TEEC_ERROR_COMMUNICATION, COMMS.
 *   No call waits for a TEE that is gone, and none raises SIGPIPE.
 * - The child of a fork() cannot use its parent's contexts, sessions and memory: what it tries
 *   answers TEEC_ERROR_COMMUNICATION, COMMS (functions without a result do nothing), and does not
 *   reach the parent's. It may initialise a context of its own.
 * - Errors not listed at a function come from the app or the TEE (tee_client_constants.h).
 *
 * In words why something was refused: tee_client_error.h. Where a call's time went, and the
 * environment's POSTERN_TRACE: tee_client_trace.h.
 */
#ifndef POSTERN_TEE_CLIENT_API_H
#define POSTERN_TEE_CLIENT_API_H

/* Programs written for the document rely on these. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tee_client_constants.h"
#include "tee_client_type.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Connects to a TEE.
 *
 * name: NULL for the default TEE: the run folder that the environment's POSTERN_TEE names (not
 *   looked at in set-user-ID programs); else the first /dev/teeN that is a GlobalPlatform OP-TEE
 *   device; else a long-lived hosted TEE: $XDG_RUNTIME_DIR/postern (but for root), then
 *   /run/postern. Otherwise a path with a '/' in it: of a TEE device, of a hosted TEE's run folder,
 *   or of its socket. The string stays the caller's.
 * context: to be filled in; ta_path is set to NULL. Contents before do not matter. A context that
 *   is in use must be finalised first.
 *
 * TEEC_SUCCESS
 * TEEC_ERROR_BAD_PARAMETERS  context is NULL; or name names no TEE: nothing of that name, or
 *   something that is neither TEE device, run folder nor socket
 * TEEC_ERROR_ACCESS_DENIED   there is a TEE but the caller may not use it
 * TEEC_ERROR_GENERIC         no TEE is there (none by default, or the named one does not run), it
 *   speaks another protocol version, or the process has no resources left
 *
 * The document, TEEC_InitializeContext; GP 4.5.2.
 */
TEEC_Result TEEC_InitializeContext(const char *name, TEEC_Context *context);

/*
 * Ends a connection. Sessions still open are closed, memory still allocated is released (and its
 * addresses become invalid); registered memory stays the caller's. Calls still running on other
 * threads are ended by the TEE.
 *
 * context: NULL, never initialised (but zeroed) or already finalised is harmless.
 *
 * The document, TEEC_FinalizeContext; GP 4.5.3.
 */
void TEEC_FinalizeContext(TEEC_Context *context);

/*
 * Opens a session with an app, which is loaded when it does not run yet.
 *
 * context: initialised. If its ta_path is not NULL, that file is the app's package, used when no
 *   instance of the app runs: the library opens it with the caller's rights and hands the
 *   descriptor over (hosted TEE; a TEE device has no way to carry it, and ta_path is ignored).
 * session: to be filled in. On failure it is left so that closing it, and invoking on it, is
 *   harmless.
 * destination: the app's UUID.
 * connectionMethod, connectionData: how the client introduces itself.
 *   TEEC_LOGIN_PUBLIC, _USER, _APPLICATION, _USER_APPLICATION, _IDENTIFY: data is NULL.
 *   TEEC_LOGIN_GROUP, _GROUP_APPLICATION: data points to a uint32_t, a group id.
 *   (The document lists the last also among those whose data is NULL; GlobalPlatform's rule is followed.)
 *   TEEC_LOGIN_IDENTIFY is the caller's user and program. Linux's TEE driver refuses it, so that
 *   towards a TEE device the library sends TEEC_LOGIN_PUBLIC instead.
 * operation: parameters for the app, or NULL. See TEEC_InvokeCommand.
 * returnOrigin: who answered; may be NULL.
 *
 * TEEC_SUCCESS
 * TEEC_ERROR_BAD_PARAMETERS (API)   context, session or destination is NULL; context is not
 *   initialised; connection method unknown, or its data wrong; parameters as below
 * TEEC_ERROR_CANCEL (API or TEE)    cancelled before, or while, it ran
 * TEEC_ERROR_TRUSTED_APP_LOAD_ERROR (API)  ta_path cannot be read
 * TEEC_ERROR_TRUSTED_APP_LOAD_ERROR (TEE)  the app's package is damaged, too large, for another
 *   architecture, or built with an SDK of another ABI number
 * TEEC_ERROR_SERVICE_NOT_EXIST (TEE)  there is no such app (ITEM_NOT_FOUND of OP-TEE's is turned
 *   into this)
 * TEEC_ERROR_SECURITY (TEE)         the app's signature is wrong, its signer not trusted for it, its
 *   version below the trust table's floor, or it is a development form and the TEE is not started for
 *   development
 * TEEC_ERROR_ACCESS_DENIED (API)    ta_path may not be read
 * TEEC_ERROR_ACCESS_DENIED (TEE or COMMS)  the caller is not in the group that it named
 * TEEC_ERROR_NOT_SUPPORTED (TEE)    the app serves no sessions: it speaks Trusty IPC alone
 * TEEC_ERROR_NOT_SUPPORTED (COMMS)  a TEE device's driver knows no login as an application
 * TEEC_ERROR_BUSY (TEE)             the app serves one session and has it
 * TEEC_ERROR_SESSION_MAXIMUM (TEE)  a limit of sessions is reached
 * TEEC_ERROR_TARGET_DEAD (TEE)      the app died while it opened the session
 * TEEC_ERROR_SHORT_BUFFER (TRUSTED_APP)  as for TEEC_InvokeCommand; no session is open then
 * TEEC_ERROR_OUT_OF_MEMORY          (API, COMMS, TEE) no memory, descriptors or sessions left there
 * TEEC_ERROR_COMMUNICATION (COMMS)  the TEE is gone, or its supplicant did not bring the app's package
 * others                            the app's own (TRUSTED_APP)
 *
 * The document, TEEC_OpenSession; GP 4.5.7.
 */
TEEC_Result TEEC_OpenSession(TEEC_Context *context, TEEC_Session *session,
                             const TEEC_UUID *destination, uint32_t connectionMethod,
                             const void *connectionData, TEEC_Operation *operation,
                             uint32_t *returnOrigin);

/*
 * Closes a session; waits until commands that run on it have ended and the app has done what it
 * does at the end of a session.
 *
 * session: NULL, never opened (but zeroed), or already closed is harmless, also when its context
 *   is finalised.
 *
 * The document, TEEC_CloseSession; GP 4.5.8.
 */
void TEEC_CloseSession(TEEC_Session *session);

/*
 * Sends a command to an app and waits for its answer.
 *
 * session: open.
 * commandID: a command of the app's.
 * operation: NULL for no parameters. Otherwise paramTypes says what params[] holds:
 *   TEEC_NONE: nothing.
 *   TEEC_VALUE_*: value.a and value.b go to the app (INPUT, INOUT) and come back (OUTPUT, INOUT).
 *   TEEC_MEMREF_TEMP_*: `size` bytes at `buffer`, copied once each way that the direction says. NULL
 *     with size 0 is legal and reaches the app so. The buffer must stay for the call only.
 *   TEEC_MEMREF_PARTIAL_*: `size` bytes at `offset` of `parent`, whose flags must allow the
 *     direction. TEEC_MEMREF_WHOLE: all of parent, in the directions of its flags; size and offset
 *     are not read. Allocated memory is not copied. Registered memory is copied once each way
 *     (hosted) or shared (a TEE device that can).
 *   After the call the size of each output reference is the size that the app left. If that is
 *   larger than the buffer, it is the size that the app needs, the result is
 *   TEEC_ERROR_SHORT_BUFFER, and nothing was written to that buffer. Nothing is ever written beyond
 *   a buffer. When the answer does not come from the app, outputs are as they were.
 *   What an output-only buffer of this session held in earlier calls may be what the app finds in
 *   it when it reads before it writes; never another session's data.
 *   An operation is used by one call at a time.
 * returnOrigin: who answered; may be NULL.
 *
 * TEEC_SUCCESS
 * TEEC_ERROR_BAD_PARAMETERS (API)   session is NULL or not open; an unknown kind of parameter; a
 *   temporary reference with a size but no buffer; a reference without parent, to memory that is
 *   released, or of another context; PARTIAL beyond its parent or in a direction that the parent's
 *   flags do not allow
 * TEEC_ERROR_CANCEL (API)           operation->cancel_flag was set before; nothing was sent
 * TEEC_ERROR_CANCEL (TEE)           cancelled while it waited for its turn
 * TEEC_ERROR_SHORT_BUFFER (TRUSTED_APP)  see above
 * TEEC_ERROR_TARGET_DEAD (TEE)      the app died, in this call or before; so for every later call
 *   on the session
 * TEEC_ERROR_OUT_OF_MEMORY          (API, COMMS, TEE) no memory or descriptors left there
 * TEEC_ERROR_COMMUNICATION (COMMS)  the TEE is gone
 * others                            the app's own (TRUSTED_APP)
 *
 * The document, TEEC_InvokeCommand; GP 4.5.9.
 */
TEEC_Result TEEC_InvokeCommand(TEEC_Session *session, uint32_t commandID, TEEC_Operation *operation,
                               uint32_t *returnOrigin);

/*
 * Announces memory of the caller's as shared memory.
 *
 * context: initialised.
 * sharedMem: buffer, size and flags (TEEC_MEM_*) set by the caller; the rest is filled in. The
 *   buffer stays the caller's and must stay until TEEC_ReleaseSharedMemory. The same buffer may be
 *   registered more than once; read-only memory may be registered for input. Later changes to size
 *   and flags have no effect.
 *
 * TEEC_SUCCESS
 * TEEC_ERROR_BAD_PARAMETERS  context or sharedMem is NULL; context is not initialised; no buffer;
 *   size 0; flags other than TEEC_MEM_*
 * TEEC_ERROR_OUT_OF_MEMORY   no resources left
 * TEEC_ERROR_COMMUNICATION   the TEE is gone
 *
 * The document, TEEC_RegisterSharedMemory; GP 4.5.4.
 */
TEEC_Result TEEC_RegisterSharedMemory(TEEC_Context *context, TEEC_SharedMemory *sharedMem);

/*
 * Allocates memory that client and apps share without copying.
 *
 * context: initialised.
 * sharedMem: size and flags (TEEC_MEM_*) set by the caller; buffer and the rest are filled in. The
 *   memory is zeroed, aligned to a page, and belongs to the library: it stays until
 *   TEEC_ReleaseSharedMemory or TEEC_FinalizeContext. Apps see changes at once, also in the middle
 *   of a call. With size 0 the answer is success, buffer is NULL, and a reference to it reaches the
 *   app as NULL with size 0.
 *
 * TEEC_SUCCESS
 * TEEC_ERROR_BAD_PARAMETERS  context or sharedMem is NULL; context is not initialised; flags other
 *   than TEEC_MEM_*
 * TEEC_ERROR_OUT_OF_MEMORY   more than there is, or than this client may have
 * TEEC_ERROR_COMMUNICATION   the TEE is gone
 *
 * The document, TEEC_AllocateSharedMemory; GP 4.5.5.
 */
TEEC_Result TEEC_AllocateSharedMemory(TEEC_Context *context, TEEC_SharedMemory *sharedMem);

/*
 * Takes shared memory back. Allocated memory is freed (buffer becomes NULL, size 0); registered
 * memory is not, and may be freed by the caller then. Commands still using it keep it until they
 * end; the caller must not free registered memory before.
 *
 * sharedMem: NULL, never registered or allocated (but zeroed), or already released is harmless, also
 *   when its context is finalised.
 *
 * The document, TEEC_ReleaseSharedMemory; GP 4.5.6.
 */
void TEEC_ReleaseSharedMemory(TEEC_SharedMemory *sharedMem);

/*
 * Asks that the call with this operation be cancelled, and returns at once. Any thread may do so at
 * any time.
 *
 * operation: sets its cancel_flag. A call that has not begun yet will answer TEEC_ERROR_CANCEL (API).
 *   A call that waits for its turn ends with TEEC_ERROR_CANCEL (TEE). A call that runs in the app:
 *   the app sees its cancellation flag, unless it masked it, and decides what it answers. A call
 *   that has ended: nothing but the flag, which stays set until the caller resets it. NULL is
 *   harmless.
 *
 * There is no result, so that what the document says of TEEC_ERROR_NOT_IMPLEMENTED here never comes.
 * On a TEE device a running TEEC_OpenSession cannot be cancelled: Linux's driver does not know the
 * session yet.
 *
 * The document, TEEC_RequestCancellation; GP 4.5.10.
 */
void TEEC_RequestCancellation(TEEC_Operation *operation);

#ifdef __cplusplus
}
#endif

#endif

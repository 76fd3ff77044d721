/*
 * What an app knows without asking: the messages that the last wait saw, and how many answers their
 * sender has room for. With that, a server's turn (take a message, read it, answer, end it) costs no
 * system call but the next wait, and a wait that would only tell of the next message seen costs
 * none; see "posted calls" in abi/syscall.h and docs/trusty-performance.md.
 *
 * Knowledge lasts until the next system call that could tell the app more (trusty_call); only
 * messages that were taken here stay readable until they are put. Each trusty_local_* answers false
 * when it does not know: then the kernel is asked.
 */
#ifndef POSTERN_SDK_TRUSTY_LOCAL_H
#define POSTERN_SDK_TRUSTY_LOCAL_H

#include <sdk/rt/syscall.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <trusty_ipc.h>

/* sys_call(), after which what was seen before is forgotten. */
int64_t trusty_call(uint64_t nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                    uint64_t a5);

/* Forgets it. */
void trusty_local_forget(void);
/* After a wait with SYS_WAIT_PEEK that succeeded; `waited` is the handle, SYS_NO_HANDLE for any. */
void trusty_local_learn(uint32_t waited);
/* The same wait again: the event in sys_page()->event. */
bool trusty_local_wait(uint32_t waited);
/* The handle is going to be closed. */
void trusty_local_close(uint32_t handle);

/* get_msg(): *result is NO_ERROR with *info, or ERR_NO_MSG. */
bool trusty_local_get(uint32_t handle, ipc_msg_info_t *info, long *result);
/* The bytes of a message that was taken here, and not put. */
bool trusty_local_message(uint32_t handle, uint32_t id, const uint8_t **bytes, size_t *length);
bool trusty_local_put(uint32_t handle, uint32_t id);
/* send_msg() of a message without handles: where its `length` bytes, at most SYS_MSG_MAX, may be
 * put; then trusty_local_send, which answers how many the port takes. */
bool trusty_local_reserve(uint32_t handle, size_t length, uint8_t **bytes);
long trusty_local_send(size_t length);

#endif

/*
 * One system call on its way through the kernel. A handler checks everything first and then acts;
 * what it answers is E_OK with call->result, an error, or E_BLOCKED: then it is called again, from
 * the start and with the same numbers, once what it waits for may have come (see sched/thread.h).
 *
 * The app's page is hostile: each handler copies what it needs from it once.
 */
#ifndef POSTERN_KERNEL_SYSCALL_CALL_H
#define POSTERN_KERNEL_SYSCALL_CALL_H

#include <abi/syscall.h>
#include <kernel/app/instance.h>
#include <lib/error.h>

struct call {
    struct instance *instance;
    struct kernel_lock *lock;
    struct sys_page *page;
    const uint64_t *arg;
    int64_t result;
    bool over; /* the instance has ended */
};

/* Answers E_BLOCKED until `timeout_ns` is over, E_TIMED_OUT then; E_CANCELLED when the call that the
 * app serves was cancelled and `flags` have SYS_WAIT_CANCELLABLE. */
enum error call_block(struct call *call, uint64_t timeout_ns, uint64_t flags) MUST_CHECK;

/* process.c. What an app seldom asks is small rather than fast: COLD. */
enum error call_exit(struct call *call) MUST_CHECK COLD;
enum error call_panic(struct call *call) MUST_CHECK COLD;
enum error call_log(struct call *call) MUST_CHECK COLD;
enum error call_fault(struct call *call) MUST_CHECK COLD;
enum error call_manifest(struct call *call) MUST_CHECK COLD;
enum error call_retire(struct call *call) MUST_CHECK COLD;
enum error call_clock(struct call *call) MUST_CHECK;
enum error call_sleep(struct call *call) MUST_CHECK COLD;
enum error call_random(struct call *call) MUST_CHECK;
enum error call_derive_key(struct call *call) MUST_CHECK COLD;
/* How a fault reads in the log. Releases the lock meanwhile. */
void call_describe_fault(const struct instance *instance, const uint64_t arg[3], char *out,
                         size_t size, struct kernel_lock *lock) COLD;

/* handles.c */
enum error call_close(struct call *call) MUST_CHECK;
enum error call_set_cookie(struct call *call) MUST_CHECK;
enum error call_port_create(struct call *call) MUST_CHECK COLD;
enum error call_accept(struct call *call) MUST_CHECK;
enum error call_wait(struct call *call) MUST_CHECK;
enum error call_wait_any(struct call *call) MUST_CHECK;
/* A handle that may be waited for. E_BAD_HANDLE, E_NOT_FOUND (also an empty set), E_INVALID. */
enum error call_find_waitable(struct call *call, uint64_t id, struct handle **out) MUST_CHECK;
/* Hands events to the app; see posts_peek for `flags` and `alone`. */
void call_report(struct call *call, const struct sys_event *event, struct object *object,
                 uint64_t flags, bool alone);
/* Reports what holds on the object behind `handle`, as SYS_WAIT does. False: nothing does. */
bool call_report_ready(struct call *call, struct handle *handle, uint64_t flags);
enum error call_hset_create(struct call *call) MUST_CHECK;
enum error call_hset_ctrl(struct call *call) MUST_CHECK;

/* connect.c */
enum error call_connect(struct call *call) MUST_CHECK;

/* posts.c: carries out what the app has posted. */
void posts_run(struct instance *instance);
/* What SYS_WAIT_PEEK tells about `object`, whose handle is `id`. `alone`: nothing else that is waited
 * for has an event; asked for only where posts_shows_many. */
void posts_peek(struct sys_page *page, uint32_t id, const struct object *object, bool alone);
/* Whether a wait with these flags would show more than one message of the object. */
bool posts_shows_many(const struct object *object, uint64_t flags);

/* messages.c */
enum error call_send(struct call *call) MUST_CHECK;
enum error call_get(struct call *call) MUST_CHECK;
enum error call_read(struct call *call) MUST_CHECK;
enum error call_put(struct call *call) MUST_CHECK;
enum error call_cancel(struct call *call) MUST_CHECK;

/* receive.c */
enum error call_receive(struct call *call) MUST_CHECK;

/* memory.c */
enum error call_mem_create(struct call *call) MUST_CHECK;
enum error call_mem_map(struct call *call) MUST_CHECK;
enum error call_mem_unmap(struct call *call) MUST_CHECK;

#endif

#include <abi/error.h>
#include <kernel/sched/log.h>
#include <kernel/syscall/call.h>

/*
 * From a trap to its handler, and from the kernel's errors to the ABI's numbers.
 */

static int64_t number_of(enum error error)
{
    switch (error) {
    case E_OK:
        return SYS_OK;
    case E_INVALID:
        return SYS_ERR_INVALID_ARGS;
    case E_NO_MEMORY:
        return SYS_ERR_NO_MEMORY;
    case E_NO_RESOURCES:
        return SYS_ERR_NO_RESOURCES;
    case E_NOT_FOUND:
        return SYS_ERR_NOT_FOUND;
    case E_EXISTS:
        return SYS_ERR_ALREADY_EXISTS;
    case E_BAD_HANDLE:
        return SYS_ERR_BAD_HANDLE;
    case E_NOT_ALLOWED:
        return SYS_ERR_NOT_ALLOWED;
    case E_ACCESS_DENIED:
        return SYS_ERR_ACCESS_DENIED;
    case E_NOT_READY:
        return SYS_ERR_NOT_READY;
    case E_NO_MESSAGE:
        return SYS_ERR_NO_MSG;
    case E_QUEUE_FULL:
        return SYS_ERR_NOT_ENOUGH_BUFFER;
    case E_CLOSED:
        return SYS_ERR_CHANNEL_CLOSED;
    case E_TIMED_OUT:
        return SYS_ERR_TIMED_OUT;
    case E_CANCELLED:
        return SYS_ERR_CANCELLED;
    case E_TOO_BIG:
        return SYS_ERR_TOO_BIG;
    case E_BUSY:
        return SYS_ERR_BUSY;
    case E_BAD_STATE:
        return SYS_ERR_BAD_STATE;
    case E_NOT_SUPPORTED:
        return SYS_ERR_NOT_SUPPORTED;
    case E_UNKNOWN_CALL:
        return SYS_ERR_CMD_UNKNOWN;
    case E_FAULT:
        return SYS_ERR_FAULT;
    case E_IO:
        return SYS_ERR_IO;
    case E_SECURITY:
        return SYS_ERR_SECURITY;
    case E_BAD_FORMAT:
    case E_SHORT:
    case E_EXCESS:
    case E_VERSION:
    case E_ARCHITECTURE:
        return SYS_ERR_BAD_FORMAT;
    case E_SESSION_MAXIMUM:
        return SYS_ERR_SESSION_MAXIMUM;
    case E_DEAD:
        return SYS_ERR_TARGET_DEAD;
    case E_COMMUNICATION:
        return SYS_ERR_COMMUNICATION;
    case E_GENERIC:
    case E_BLOCKED:
        break;
    }
    return SYS_ERR_GENERIC;
}

static enum error serve(struct call *call, uint64_t nr)
{
    switch (nr) {
    case SYS_EXIT:
        return call_exit(call);
    case SYS_PANIC:
        return call_panic(call);
    case SYS_LOG:
        return call_log(call);
    case SYS_FAULT:
        return call_fault(call);
    case SYS_MANIFEST:
        return call_manifest(call);
    case SYS_RETIRE:
        return call_retire(call);
    case SYS_CLOSE:
        return call_close(call);
    case SYS_SET_COOKIE:
        return call_set_cookie(call);
    case SYS_PORT_CREATE:
        return call_port_create(call);
    case SYS_CONNECT:
        return call_connect(call);
    case SYS_ACCEPT:
        return call_accept(call);
    case SYS_WAIT:
        return call_wait(call);
    case SYS_WAIT_ANY:
        return call_wait_any(call);
    case SYS_HSET_CREATE:
        return call_hset_create(call);
    case SYS_HSET_CTRL:
        return call_hset_ctrl(call);
    case SYS_SEND:
        return call_send(call);
    case SYS_GET:
        return call_get(call);
    case SYS_READ:
        return call_read(call);
    case SYS_PUT:
        return call_put(call);
    case SYS_RECEIVE:
        return call_receive(call);
    case SYS_CANCEL:
        return call_cancel(call);
    case SYS_MEM_CREATE:
        return call_mem_create(call);
    case SYS_MEM_MAP:
        return call_mem_map(call);
    case SYS_MEM_UNMAP:
        return call_mem_unmap(call);
    case SYS_CLOCK:
        return call_clock(call);
    case SYS_SLEEP:
        return call_sleep(call);
    case SYS_RANDOM:
        return call_random(call);
    case SYS_DERIVE_KEY:
        return call_derive_key(call);
    default:
        return E_UNKNOWN_CALL;
    }
}

enum error call_block(struct call *call, uint64_t timeout_ns, uint64_t flags)
{
    struct instance *instance = call->instance;
    if ((flags & SYS_WAIT_CANCELLABLE) != 0 && instance->cancelled)
        return E_CANCELLED;
    if (timeout_ns == 0 || instance->wait_expired)
        return E_TIMED_OUT;
    if (timeout_ns != SYS_TIMEOUT_INFINITE && !timer_armed(&instance->wait_timer))
        timer_set(&instance->wait_timer, timer_after(port_clock_ns(), timeout_ns));
    return E_BLOCKED;
}

static enum thread_verdict serve_call(struct instance *instance, struct kernel_lock *lock)
{
    struct call call = {
        .instance = instance,
        .lock = lock,
        .page = port_app_page(instance->port_app),
        .arg = instance->thread.trap.arg,
    };
    /* It came back: what it had to drop is dropped, unless it was to hear of that on its next entry. */
    if (timer_armed(&instance->let_go) && !instance->thread.poked)
        timer_disarm(&instance->let_go);
    const uint64_t nr = instance->thread.trap.nr;
    enum error error = nr == SYS_RECEIVE ? call_receive(&call) : serve(&call, nr);
    if (call.over)
        return THREAD_OVER;
    if (error == E_BLOCKED)
        return THREAD_WAIT;
    instance_wait_over(instance);
    port_app_answer(instance->port_app, error == E_OK ? call.result : number_of(error));
    return THREAD_ANSWER;
}

void thread_came_back(struct thread *thread)
{
    posts_run(instance_of_thread(thread));
}

enum thread_verdict thread_serve(struct thread *thread, struct kernel_lock *lock)
{
    struct instance *instance = instance_of_thread(thread);
    if (thread->trap.kind == PORT_TRAP_CALL && instance->kill_reason == NULL)
        return serve_call(instance, lock);
    char text[160];
    switch (thread->trap.kind) {
    case PORT_TRAP_CALL:
        instance_end(instance, instance->kill_reason, true);
        return THREAD_OVER;
    case PORT_TRAP_FAULT:
        call_describe_fault(instance, thread->trap.arg, text, sizeof(text), lock);
        instance_end(instance, text, true);
        return THREAD_OVER;
    case PORT_TRAP_GONE:
        thread->trap.text[sizeof(thread->trap.text) - 1] = '\0';
        instance_end(instance, thread->trap.text, true);
        return THREAD_OVER;
    case PORT_TRAP_TICK:
    case PORT_TRAP_WANTED:
        break;
    }
    port_panic("a tick is nothing to serve");
}

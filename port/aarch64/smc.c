/*
 * What EL3 calls: fast and yielding calls of the normal world, secure interrupts, processors going
 * off, the machine's end. All arrive on the processor's own stack with interrupts masked.
 *
 * The message of a yielding call stays where Linux wrote it; its header is copied once, then as many
 * parameters as the copy says are copied once, and only the copy is looked at. The answer is written
 * back field by field: nothing that Linux did not ask for, and no more parameters than the copy has.
 */
#include <abi/opteed.h>
#include <abi/report.h>
#include <lib/version.h>
#include <port/aarch64/machine.h>
#include <port/aarch64/smc.h>

void smc_yielding(uint64_t id, uint64_t a1, uint64_t a2, uint64_t a3);
_Noreturn void smc_fast(uint64_t id, uint64_t a1, uint64_t a2, uint64_t a3);
_Noreturn void smc_processor_off(void);
_Noreturn void smc_processor_resume(void);
_Noreturn void smc_processor_suspend(void);
_Noreturn void smc_interrupt(void);
_Noreturn void smc_system_off(void);
_Noreturn void smc_system_reset(void);

struct gp_client *linux_client;

static _Noreturn void answer(uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3)
{
    fp_release();
    smc_leave(KERNEL_RETURN_CALL, a0, a1, a2, a3);
}

/* --- Fast calls. ---------------------------------------------------------------------------------- */

void smc_fast(uint64_t id, uint64_t a1, uint64_t a2, uint64_t a3)
{
    uint32_t value;
    bool more;

    (void)a1;
    (void)a2;
    (void)a3;
    switch ((uint32_t)id) {
    case SMC_CALLS_COUNT:
        answer(10, 0, 0, 0);
    case SMC_UID:
        answer(0x384fb3e0, 0xe7f811e3, 0xaf630002, 0xa5d5c51b);
    case SMC_REVISION:
        answer(2, 0, 0, 0);
    case SMC_OS_UUID:
        answer(0x9e3ff2a1, 0x4ad14e34, 0x8c0f7b3f, 0x50745445);
    case SMC_OS_REVISION:
        answer(POSTERN_VERSION_MAJOR, POSTERN_VERSION_MINOR, POSTERN_VERSION_PATCH, 0);
    case SMC_CAPABILITIES:
        answer(SMC_OK,
               CAPABILITY_DYNAMIC_MEMORY | CAPABILITY_NULL_MEMORY | CAPABILITY_NOTIFICATION |
                   CAPABILITY_RPC_ARGUMENT,
               NOTIFY_MAX, RPC_PARAMS);
    case SMC_SHM_CACHE_OFF: /* there is none: nothing to hand back */
    case SMC_SHM_CACHE_ON:
        answer(SMC_NOT_AVAILABLE, 0, 0, 0);
    case SMC_NOTIFY_ENABLE:
        notify_enable(true);
        answer(SMC_OK, 0, 0, 0);
    case SMC_NOTIFY_VALUE:
        if (notify_take(&value, &more)) {
            answer(SMC_OK, value, NOTIFY_VALID | (more ? NOTIFY_PENDING : 0), 0);
        }
        answer(SMC_OK, 0, 0, 0);
    default:
        answer(SMC_UNKNOWN, 0, 0, 0);
    }
}

/* --- Yielding calls. ------------------------------------------------------------------------------ */

static size_t message_size(uint32_t num_params)
{
    return sizeof(struct msg_header) + num_params * sizeof(struct msg_param);
}

/* The message in the normal world's memory, and how many bytes follow there in the same page. NULL:
 * not there. */
static volatile void *message_pointer(uint32_t id, uint64_t where, uint64_t offset, size_t *room)
{
    if (id == SMC_CALL_SHARED) {
        return share_pointer(where, offset, room);
    }
    *room = PAGE_SIZE - where % PAGE_SIZE;
    return where % 8 == 0 ? normal_pointer(physical(where), *room) : NULL;
}

/* Each word is read once. */
static inline struct msg_header header_copy(volatile const struct msg_header *from)
{
    volatile const uint64_t *f = (volatile const uint64_t *)(volatile const void *)from;
    union {
        uint64_t words[4];
        struct msg_header head;
    } copy = {.words = {f[0], f[1], f[2], f[3]}};
    return copy.head;
}

static inline void params_copy(struct msg_param *to, volatile const struct msg_param *from,
                               uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        volatile const uint64_t *f = (volatile const uint64_t *)(volatile const void *)&from[i];
        union {
            uint64_t words[4];
            struct msg_param param;
        } copy = {.words = {f[0], f[1], f[2], f[3]}};
        to[i] = copy.param;
    }
}

static uint32_t message_register(const struct msg_arg *arg)
{
    const struct msg_param *param = &arg->params[0];
    if (arg->head.num_params != 1 || param->attr != (MSG_ATTR_TMEM_OUTPUT | MSG_ATTR_NONCONTIG)) {
        return TEE_ERROR_BAD_PARAMETERS;
    }
    switch (share_register(param->u.tmem.address, param->u.tmem.size, param->u.tmem.cookie)) {
    case E_OK:
        return TEE_SUCCESS;
    case E_NO_MEMORY:
        return TEE_ERROR_OUT_OF_MEMORY;
    default:
        return TEE_ERROR_BAD_PARAMETERS;
    }
}

static uint32_t message_unregister(const struct msg_arg *arg)
{
    const struct msg_param *param = &arg->params[0];
    if (arg->head.num_params != 1 || param->attr != MSG_ATTR_RMEM_INPUT) {
        return TEE_ERROR_BAD_PARAMETERS;
    }
    return share_release(param->u.rmem.cookie) == E_OK ? TEE_SUCCESS : TEE_ERROR_BAD_PARAMETERS;
}

/* The most that is registered at once: a list of more pages is looked at with interrupts on. */
#define REGISTER_AT_ONCE_MAX UINT64_C(0x400000)

/* Commands that neither block nor take long are done at once, with no thread: they always find
 * a place. False: it takes long, and is done in a thread if that may be. */
static __attribute__((noinline)) bool
message_at_once(const struct msg_header *head, volatile struct msg_arg *message, bool thread_may_be)
{
    uint32_t result = TEE_SUCCESS;
    struct msg_arg arg = {.head = *head};

    params_copy(arg.params, message->params, head->num_params);
    switch (head->cmd) {
    case MSG_CMD_CANCEL:
        gp_cancel(linux_client, head->session, head->cancel_id);
        break;
    case MSG_CMD_REGISTER_SHM:
        if (thread_may_be && arg.params[0].u.tmem.size > REGISTER_AT_ONCE_MAX) {
            return false;
        }
        result = message_register(&arg);
        break;
    case MSG_CMD_UNREGISTER_SHM:
        result = message_unregister(&arg);
        break;
    default:
        notify_enable(false);
        break;
    }
    message->head.ret = result;
    message->head.origin = TEE_ORIGIN_TEE;
    return true;
}

/* Of the call slots, how many this command must leave to others. */
static uint32_t slots_kept(uint32_t command)
{
    switch (command) {
    case MSG_CMD_BOTTOM_HALF:
        return 0;
    case MSG_CMD_CLOSE_SESSION:
        return THREADS_BOTTOM_HALF;
    default:
        return THREADS_RESERVED;
    }
}

void smc_yielding(uint64_t id, uint64_t a1, uint64_t a2, uint64_t a3)
{
    uint32_t function = (uint32_t)id;
    uint64_t where = (uint64_t)(uint32_t)a1 << 32 | (uint32_t)a2;

    if (function == SMC_RESUME) {
        thread_resume((uint32_t)a3);
        answer(SMC_BAD_RESUME, 0, 0, 0);
    }
    if (function != SMC_CALL && function != SMC_CALL_WITH_RPC && function != SMC_CALL_SHARED) {
        answer(SMC_UNKNOWN, 0, 0, 0);
    }
    size_t room;
    volatile struct msg_arg *message = message_pointer(function, where, (uint32_t)a3, &room);
    if (message == NULL || room < sizeof(struct msg_header)) {
        answer(SMC_BAD_ADDRESS, 0, 0, 0);
    }
    struct msg_header head = header_copy(&message->head);
    if (head.num_params > MSG_PARAMS_MAX) {
        answer(SMC_BAD_COMMAND, 0, 0, 0);
    }
    size_t size = message_size(head.num_params);
    if (room < size + (function == SMC_CALL ? 0 : message_size(RPC_PARAMS))) {
        answer(SMC_BAD_ADDRESS, 0, 0, 0);
    }
    if (head.cmd > MSG_CMD_CLOSE_SESSION && head.cmd != MSG_CMD_BOTTOM_HALF) {
        if (head.cmd > MSG_CMD_STOP_ASYNC_NOTIF) {
            answer(SMC_BAD_COMMAND, 0, 0, 0);
        }
        if (message_at_once(&head, message, function != SMC_CALL)) {
            answer(SMC_OK, 0, 0, 0);
        }
    }
    /* All others may have to sleep, and sleeping is an RPC. */
    if (function == SMC_CALL) {
        answer(SMC_BAD_COMMAND, 0, 0, 0);
    }
    struct thread *thread = thread_take(slots_kept(head.cmd));
    if (thread == NULL) {
        answer(SMC_NO_THREAD, 0, 0, 0);
    }
    thread->copy.head = head;
    params_copy(thread->copy.params, message->params, head.num_params);
    thread->message = message;
    thread->rpc = (volatile struct msg_arg *)(volatile void *)((volatile uint8_t *)message + size);
    thread_begin(thread);
}

/* Whether bus_call may have something to say to it. */
static inline bool bus_possible(const struct msg_arg *arg)
{
    return arg->head.cmd == MSG_CMD_OPEN_SESSION || arg->head.session == BUS_SESSION;
}

static void message_answer(volatile struct msg_arg *message, const struct msg_arg *arg)
{
    message->head.session = arg->head.session;
    message->head.ret = arg->head.ret;
    message->head.origin = arg->head.origin;
    volatile struct msg_param *out = message->params;
    const struct msg_param *end = &arg->params[arg->head.num_params];
    for (const struct msg_param *param = arg->params; param < end; param++, out++) {
        uint64_t type = param->attr & (MSG_ATTR_TYPE_MASK | MSG_ATTR_META);
        if ((type & MSG_ATTR_VALUE_OUTPUT) == 0 || type > MSG_ATTR_TMEM_INOUT) {
            continue; /* of every kind, the outputs have this bit */
        }
        if (type <= MSG_ATTR_VALUE_INOUT) {
            out->u.value.a = param->u.value.a;
            out->u.value.b = param->u.value.b;
            out->u.value.c = param->u.value.c;
        } else {
            out->u.rmem.size = param->u.rmem.size; /* the same place in temporary memory */
        }
    }
}

/* Whether it is worth asking report_call. */
static bool report_possible(const struct msg_arg *arg)
{
    return arg->head.cmd == MSG_CMD_OPEN_SESSION || arg->head.session == REPORT_SESSION;
}

/* Not a client's call of an app. */
static __attribute__((noinline)) void thread_special(struct msg_arg *arg)
{
    uint32_t result = TEE_SUCCESS;
    if (arg->head.cmd == MSG_CMD_BOTTOM_HALF) {
        timer_restart();
        kernel_background();
    } else {
        result = message_register(arg);
    }
    arg->head.ret = result;
    arg->head.origin = TEE_ORIGIN_TEE;
}

void thread_main(struct thread *thread)
{
    struct msg_arg *arg = &thread->copy;
    bool rest = true;

    interrupts_on();
    if (arg->head.cmd > MSG_CMD_CLOSE_SESSION) {
        thread_special(arg);
    } else if (!(bus_possible(arg) && bus_call(arg)) &&
               !(report_possible(arg) && report_call(arg))) {
        rest = gp_call(linux_client, arg);
    }
    message_answer(thread->message, arg);
    if (rest) {
        gp_call_after();
    }
    thread_end(thread, SMC_OK);
}

/* --- Everything else. ----------------------------------------------------------------------------- */

void smc_interrupt(void)
{
    interrupt_own();
    fp_release();
    smc_leave(KERNEL_RETURN_INTERRUPT, 0, 0, 0, 0);
}

void smc_processor_off(void)
{
    timer_processor_stop();
    cpu_current()->online = false;
    smc_leave(KERNEL_RETURN_OFF, 0, 0, 0, 0);
}

void smc_processor_resume(void)
{
    smc_leave(KERNEL_RETURN_RESUMED, 0, 0, 0, 0);
}

void smc_processor_suspend(void)
{
    smc_leave(KERNEL_RETURN_SUSPENDED, 0, 0, 0, 0);
}

void smc_system_off(void)
{
    smc_leave(KERNEL_RETURN_SYSTEM_OFF, 0, 0, 0, 0);
}

void smc_system_reset(void)
{
    smc_leave(KERNEL_RETURN_SYSTEM_RESET, 0, 0, 0, 0);
}

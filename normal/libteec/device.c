/*
 * A TEE behind Linux's TEE subsystem: the ioctls of <linux/tee.h> on /dev/teeN. One call is one
 * ioctl; the kernel queues callers where the TEE is busy, so that lanes here only limit how many
 * of one context's calls run at once, and let calls be found for cancelling.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/tee.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "context.h"
#include "lane.h"

static int device_ioctl(int fd, unsigned long request, void *argument)
{
    int result;

    do
        result = ioctl(fd, request, argument);
    while (result < 0 && errno == EINTR);
    return result;
}

/* What the driver says when a call did not reach the TEE. */
static struct verdict refuse_errno(struct context *context, int error)
{
    switch (error) {
    case ENOMEM:
    case ENOSPC:
        return verdict_refuse(TEEC_ORIGIN_COMMS, TEEC_ERROR_OUT_OF_MEMORY,
                              "the TEE driver has no memory left");
    case EACCES:
    case EPERM:
        return verdict_refuse(TEEC_ORIGIN_COMMS, TEEC_ERROR_ACCESS_DENIED,
                              "the TEE driver refuses the caller");
    case EBUSY:
        return verdict_refuse(TEEC_ORIGIN_COMMS, TEEC_ERROR_BUSY, "the TEE driver is busy");
    case ENODEV:
    case EBADF:
        return context_lost(context, "the TEE device is gone");
    default:
        return verdict_refuse(TEEC_ORIGIN_COMMS, TEEC_ERROR_COMMUNICATION, "the TEE driver: %s",
                              strerrordesc_np(error));
    }
}

/* --- Memory. ------------------------------------------------------------------------------------ */

/* Memory of this process, registered. False: not to be had. */
static bool shm_create_here(struct context *context, size_t size, struct shared *shared)
{
    struct tee_ioctl_shm_register_data data = {.length = size};
    void *address;
    int fd = -1;

    if (!context->can_register)
        return false;
    address = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (address == MAP_FAILED)
        return false;
    /* The driver keeps the pages as they are: a fork()'s child gets none of them. */
    if (madvise(address, size, MADV_DONTFORK) == 0) {
        data.addr = (uintptr_t)address;
        fd = device_ioctl(context->fd, TEE_IOC_SHM_REGISTER, &data);
    }
    if (fd < 0) {
        (void)munmap(address, size);
        return false;
    }
    *shared = (struct shared){
        .cookie = (uint32_t)data.id, .address = address, .size = size, .descriptor = fd};
    return true;
}

static struct verdict device_shm_create(struct context *context, size_t size, struct shared *shared)
{
    struct tee_ioctl_shm_alloc_data data = {.size = size};
    void *address;
    int fd = device_ioctl(context->fd, TEE_IOC_SHM_ALLOC, &data);

    if (fd < 0) {
        int error = errno;
        struct verdict verdict;

        /* The driver's own memory comes in one piece, which ends at some megabytes. */
        if (shm_create_here(context, size, shared))
            return verdict_ok();
        verdict = refuse_errno(context, error);

        /* The driver's ways to say that this is more than it has. */
        if (verdict.result == TEEC_ERROR_COMMUNICATION && !atomic_load(&context->broken))
            verdict =
                verdict_refuse(TEEC_ORIGIN_COMMS, TEEC_ERROR_OUT_OF_MEMORY,
                               "the TEE driver does not give %zu bytes of shared memory", size);
        return verdict;
    }
    address = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    (void)close(fd); /* the mapping keeps the memory */
    if (address == MAP_FAILED)
        return verdict_refuse(TEEC_ORIGIN_API, TEEC_ERROR_OUT_OF_MEMORY,
                              "%zu bytes of the TEE's cannot be mapped", size);
    *shared = (struct shared){
        .cookie = (uint32_t)data.id, .address = address, .size = size, .descriptor = -1};
    return verdict_ok();
}

static struct verdict device_shm_register(struct context *context, void *buffer, size_t size,
                                          struct shared *shared)
{
    struct tee_ioctl_shm_register_data data = {.addr = (uintptr_t)buffer, .length = size};
    struct verdict verdict = {TEEC_ERROR_NOT_SUPPORTED, TEEC_ORIGIN_API};
    int fd;

    if (!context->can_register)
        return verdict;
    /* The driver refuses memory that is read-only, or a file's: that is copied instead. */
    fd = device_ioctl(context->fd, TEE_IOC_SHM_REGISTER, &data);
    if (fd < 0)
        return verdict;
    *shared = (struct shared){.cookie = (uint32_t)data.id, .size = size, .descriptor = fd};
    return verdict_ok();
}

static void device_shm_release(struct context *context, struct shared *shared)
{
    (void)context;
    if (shared->address)
        (void)munmap(shared->address, shared->size);
    if (shared->descriptor >= 0)
        (void)close(shared->descriptor); /* nothing else keeps a registration */
    *shared = (struct shared){0};
}

/* Drivers before 5.11 have no NULL references: they get one of size 0 to some memory. */
static __attribute__((noinline)) struct verdict device_null(struct context *context, uint64_t *id)
{
    struct verdict verdict = verdict_ok();

    *id = TEE_MEMREF_NULL;
    if (context->can_null)
        return verdict;

    WITHOUT_CANCELLATION(state);
    (void)pthread_mutex_lock(&context->control);
    if (!context->dummy.size)
        verdict = device_shm_create(context, (size_t)sysconf(_SC_PAGESIZE), &context->dummy);
    *id = context->dummy.cookie;
    (void)pthread_mutex_unlock(&context->control);
    return verdict;
}

/* --- Calls. ------------------------------------------------------------------------------------- */

static uint64_t now(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* The ioctls' parameters and the messages' have the same types and the same three words. */
_Static_assert(sizeof(struct tee_ioctl_param) == sizeof(struct msg_param), "parameter");
_Static_assert(TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INOUT == MSG_ATTR_RMEM_INOUT, "parameter");
_Static_assert(offsetof(struct msg_rmem, size) == 8 && offsetof(struct msg_rmem, cookie) == 16,
               "parameter");

static inline struct verdict params_put(struct context *context, struct tee_ioctl_param *out,
                                        const struct call *call)
{
    struct verdict verdict = verdict_ok();

    for (unsigned i = 0; i < call->num_params && verdict.result == TEEC_SUCCESS; i++) {
        uint64_t id;

        memcpy(&out[i], &call->param[i], sizeof(out[i]));
        if (out[i].attr < MSG_ATTR_RMEM_INPUT || out[i].c != CALL_NO_MEMORY)
            continue;
        verdict = device_null(context, &id);
        out[i].a = 0;
        out[i].b = 0;
        out[i].c = id;
    }
    return verdict;
}

static inline void params_get(const struct tee_ioctl_param *in, struct call *call)
{
    for (unsigned i = 0; i < call->num_params; i++) {
        if (call->param[i].attr <= MSG_ATTR_VALUE_INOUT)
            call->param[i].u.value = (struct msg_value){in[i].a, in[i].b, in[i].c};
        else
            call->param[i].u.rmem.size = in[i].b;
    }
}

union arguments {
    struct tee_ioctl_open_session_arg open;
    struct tee_ioctl_invoke_arg invoke;
    struct tee_ioctl_close_session_arg close;
    uint8_t room[sizeof(struct tee_ioctl_open_session_arg) +
                 TEEC_PARAM_NUM * sizeof(struct tee_ioctl_param)];
};

static inline struct verdict device_transact(struct context *context, struct lane *lane,
                                             struct call *call, unsigned long request,
                                             void *argument)
{
    int result;

    /* The driver has the call only once the ioctl runs: a cancellation that comes in that instant
     * finds the lane "sent" and may be too early. There is nothing between the two to wait for. */
    lane_sent(context, lane, call);
    if (call->traced)
        call->trace.sent = now();
    result = device_ioctl(context->fd, request, argument);
    if (result != 0) {
        int error = errno;
        bool application = call->login == MSG_LOGIN_APPLICATION ||
                           call->login == MSG_LOGIN_USER_APPLICATION ||
                           call->login == MSG_LOGIN_GROUP_APPLICATION;

        if (call->cmd == MSG_CMD_OPEN_SESSION && error == EINVAL && application)
            return verdict_refuse(TEEC_ORIGIN_COMMS, TEEC_ERROR_NOT_SUPPORTED,
                                  "Linux's TEE driver knows no login as an application");
        return refuse_errno(context, error);
    }
    if (call->traced)
        call->trace.received = now();
    return verdict_ok();
}

static struct verdict device_open(struct context *context, struct lane *lane, struct call *call,
                                  union arguments *a, struct verdict *answer)
{
    struct tee_ioctl_buf_data data = {.buf_ptr = (uintptr_t)a,
                                      .buf_len = sizeof(a->open) +
                                                 call->num_params * sizeof(struct tee_ioctl_param)};
    struct verdict verdict;

    memset(&a->open, 0, sizeof(a->open));
    memcpy(a->open.uuid, call->uuid, sizeof(call->uuid));
    a->open.clnt_login = call->login == MSG_LOGIN_IDENTIFY ? MSG_LOGIN_PUBLIC : call->login;
    memcpy(a->open.clnt_uuid, &call->group, sizeof(call->group));
    a->open.cancel_id = call->cancel_id;
    a->open.num_params = call->num_params;
    verdict = params_put(context, a->open.params, call);
    if (verdict.result == TEEC_SUCCESS)
        verdict = device_transact(context, lane, call, TEE_IOC_OPEN_SESSION, &data);
    if (verdict.result != TEEC_SUCCESS)
        return verdict;
    params_get(a->open.params, call);
    call->session = a->open.session;
    *answer = (struct verdict){a->open.ret, a->open.ret_origin};
    return verdict;
}

static inline struct verdict device_invoke(struct context *context, struct lane *lane,
                                           struct call *call, union arguments *a,
                                           struct verdict *answer)
{
    struct tee_ioctl_buf_data data = {.buf_ptr = (uintptr_t)a,
                                      .buf_len = sizeof(a->invoke) +
                                                 call->num_params * sizeof(struct tee_ioctl_param)};
    struct verdict verdict;

    memset(&a->invoke, 0, sizeof(a->invoke));
    a->invoke.func = call->func;
    a->invoke.session = call->session;
    a->invoke.cancel_id = call->cancel_id;
    a->invoke.num_params = call->num_params;
    verdict = params_put(context, a->invoke.params, call);
    if (verdict.result == TEEC_SUCCESS)
        verdict = device_transact(context, lane, call, TEE_IOC_INVOKE, &data);
    if (verdict.result != TEEC_SUCCESS)
        return verdict;
    params_get(a->invoke.params, call);
    *answer = (struct verdict){a->invoke.ret, a->invoke.ret_origin};
    return verdict;
}

static struct verdict device_call(struct context *context, struct lane *lane, struct call *call,
                                  struct verdict *answer)
{
    union arguments a;

    if (call->cmd == MSG_CMD_OPEN_SESSION)
        return device_open(context, lane, call, &a, answer);
    if (call->cmd == MSG_CMD_INVOKE_COMMAND)
        return device_invoke(context, lane, call, &a, answer);
    a.close.session = call->session;
    *answer = (struct verdict){TEEC_SUCCESS, TEEC_ORIGIN_TEE};
    return device_transact(context, lane, call, TEE_IOC_CLOSE_SESSION, &a.close);
}

static void device_cancel(struct context *context, uint32_t session, uint32_t cancel_id)
{
    struct tee_ioctl_cancel_arg a = {.cancel_id = cancel_id, .session = session};

    /* A call that opens a session has none yet, and the driver would look for session 0. */
    if (session != 0)
        (void)device_ioctl(context->fd, TEE_IOC_CANCEL, &a);
}

static struct verdict device_lane_open(struct context *context, struct lane *lane)
{
    (void)context;
    (void)lane;
    return verdict_ok();
}

static struct verdict device_app_image(struct context *context, int descriptor)
{
    (void)context;
    (void)descriptor;
    return verdict_ok(); /* no way to carry it: the manual says so */
}

static void device_hang_up(struct context *context)
{
    (void)context; /* the kernel ends what is open when the last call has left the descriptor */
}

static void device_abandon(struct context *context)
{
    if (context->dummy.size)
        device_shm_release(context, &context->dummy);
    if (context->fd >= 0)
        (void)close(context->fd);
    context->fd = -1;
}

const struct transport transport_device = {
    .lane_open = device_lane_open,
    .call = device_call,
    .cancel = device_cancel,
    .shm_create = device_shm_create,
    .shm_register = device_shm_register,
    .shm_release = device_shm_release,
    .app_image = device_app_image,
    .hang_up = device_hang_up,
    .abandon = device_abandon,
};

struct verdict device_adopt(struct context *context, int fd)
{
    struct tee_ioctl_version_data version = {0};

    if (device_ioctl(fd, TEE_IOC_VERSION, &version) != 0 || version.impl_id != TEE_IMPL_ID_OPTEE ||
        !(version.gen_caps & TEE_GEN_CAP_GP) || (version.gen_caps & TEE_GEN_CAP_PRIVILEGED))
        return verdict_refuse(TEEC_ORIGIN_API, TEEC_ERROR_NOT_SUPPORTED,
                              "not a TEE device for GlobalPlatform clients");
    context->transport = &transport_device;
    context->fd = fd;
    lane_limit(context, LANES_MAX);
    context->can_register = version.gen_caps & TEE_GEN_CAP_REG_MEM;
    context->can_null = version.gen_caps & TEE_GEN_CAP_MEMREF_NULL;
    return verdict_ok();
}

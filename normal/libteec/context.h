/*
 * The library's inside: a context (one connection to a TEE), its lanes, the two transports, and one
 * call on its way.
 *
 * Life: TEEC_InitializeContext makes a context; sessions and memory pin it in the registry, so
 * that it outlives TEEC_FinalizeContext until the last running call has ended.
 *
 * Locks, in the order they may be taken: context.control, context.lock, the registry's. The path
 * of an invoke takes none of them.
 */
#ifndef POSTERN_LIBTEEC_CONTEXT_H
#define POSTERN_LIBTEEC_CONTEXT_H

#include <abi/hostlink.h>
#include <abi/message.h>
#include <postern/tee_client_trace.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "verdict.h"

#define LANES_MAX 64u
/* A memory reference that reaches the app as NULL with size 0. */
#define CALL_NO_MEMORY UINT64_MAX

/* One call: what the API's functions fill in, a transport carries, and the TEE answers. */
struct call {
    uint32_t cmd; /* MSG_CMD_OPEN_SESSION, _INVOKE_COMMAND, _CLOSE_SESSION */
    uint32_t func;
    uint32_t session; /* the TEE's number; an open is answered here */
    uint32_t cancel_id;
    uint32_t login; /* MSG_LOGIN_* */
    uint32_t group;
    uint8_t uuid[16];
    /* MSG_ATTR_VALUE_* and MSG_ATTR_RMEM_* (cookie CALL_NO_MEMORY: NULL); answered in place, types
     * unchanged. Only the first num_params exist; the others are of no kind, and do not travel. */
    uint32_t num_params;
    struct msg_param param[TEEC_PARAM_NUM];
    TEEC_Operation *operation; /* by which it can be cancelled, or NULL */
    bool opened;               /* the app has opened the session */
    bool traced;
    struct postern_teec_trace trace;
};

/* Memory that the TEE reaches. */
struct shared {
    uint64_t cookie;
    uint8_t *address; /* where it is mapped here; NULL: not by us */
    size_t size;      /* 0: none */
    int descriptor;   /* of a registration with a device; less than 0: none */
};

/*
 * The way for one call at a time. Who has its bit out of context.lanes_free owns it. The second
 * group is looked at by TEEC_RequestCancellation on other threads.
 */
struct lane {
    uint32_t index;
    uint32_t calls; /* for cancel ids: each is used once in a context */
    uint32_t cpu;   /* where its last call came from */
    int request_write;
    int request_read;
    int response_read;
    void *page;

    _Atomic(TEEC_Operation *) operation; /* of the call that runs, else NULL */
    _Atomic uint32_t cancel_id;
    _Atomic uint32_t session;
    _Atomic uint32_t sent;      /* the cancel_id that the TEE has been given */
    _Atomic uint32_t cancelled; /* the cancel_id that a cancellation was sent for */
} __attribute__((aligned(64)));

struct context;

/* How the TEE is reached. A verdict that is not success has origin COMMS, or TEE where the other
 * side refused. */
struct transport {
    /* Makes a lane that the caller owns ready for its first call. */
    struct verdict (*lane_open)(struct context *context, struct lane *lane);
    /* Success: *answer is what the TEE said, and call is filled in. lane_sent() at the moment of
     * sending. */
    struct verdict (*call)(struct context *context, struct lane *lane, struct call *call,
                           struct verdict *answer);
    /* At once; best effort. */
    void (*cancel)(struct context *context, uint32_t session, uint32_t cancel_id);
    struct verdict (*shm_create)(struct context *context, size_t size, struct shared *shared);
    /* The caller's memory, without copying; result NOT_SUPPORTED: copy instead. */
    struct verdict (*shm_register)(struct context *context, void *buffer, size_t size,
                                   struct shared *shared);
    /* Also after the connection is gone. */
    void (*shm_release)(struct context *context, struct shared *shared);
    /* The package in `descriptor`, which stays the caller's, is to be used for the next open. */
    struct verdict (*app_image)(struct context *context, int descriptor);
    /* Ends the connection so that the TEE ends what runs; descriptors stay. Any thread, repeatedly. */
    void (*hang_up)(struct context *context);
    /* Closes every descriptor, in a fork()'s child (nothing else is touched) or at the end. */
    void (*abandon)(struct context *context);
};

extern const struct transport transport_hosted;
extern const struct transport transport_device;

struct context {
    const struct transport *transport;
    uint64_t handle;
    uint32_t epoch; /* process_epoch() of its making */
    int fd;
    atomic_bool broken; /* the TEE is gone: every call answers COMMUNICATION */

    /* Lanes: lane.c. */
    struct lane lanes[LANES_MAX];
    uint32_t lanes_max;
    uint64_t lanes_all;    /* a bit for each of them */
    uint64_t lanes_common; /* of those, the ones that are not kept for closing sessions */
    _Atomic uint64_t lanes_free;
    _Atomic uint32_t lanes_waiters;
    uint64_t lanes_opened; /* under lock */
    bool lanes_refused;    /* under lock: the TEE gives no more */
    pthread_mutex_t lock;
    pthread_cond_t changed; /* a lane came free, a call was cancelled */

    /* Hosted. */
    pthread_mutex_t control; /* one request at a time on fd */
    uint32_t tag;            /* under control */
    uint64_t memory_max;

    /* Device. */
    bool can_register;
    bool can_null;
    struct shared dummy; /* under control: for NULL where the driver knows none */
};

/*
 * The client API is no cancellation point for pthread_cancel(): a call that ended in the middle would
 * leave a lane, memory or a lock behind. What may block besides an ioctl, which is none either,
 * stands behind this, until the end of its block.
 */
static inline int cancellation_off(void)
{
    int state;

    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    return state;
}

static inline void cancellation_back(const int *state)
{
    (void)pthread_setcancelstate(*state, NULL);
}

#define WITHOUT_CANCELLATION(name)                                                                 \
    __attribute__((cleanup(cancellation_back), unused)) const int name = cancellation_off()

/* selection.c: connects as TEEC_InitializeContext's manual says. Fills transport, fd and what
 * belongs to them. */
struct verdict selection_connect(struct context *context, const char *name);
/* hosted.c: to the socket at this path. device.c: takes over an open descriptor on success. */
struct verdict hosted_connect(struct context *context, const char *socket_path);
/* NOT_SUPPORTED: this device is no GlobalPlatform OP-TEE for clients. */
struct verdict device_adopt(struct context *context, int fd);

/* context.c. What is pinned must be unpinned. A refusal has been put in words. */
struct verdict context_pin(uint64_t handle, struct context **out);
void context_unpin(struct context *context);
/* Success when calls may be made; COMMUNICATION in a fork()'s child or when the TEE is gone. */
struct verdict context_check(struct context *context);
/* Whether this process made it, rather than its parent. */
bool context_is_ours(const struct context *context);
/* The TEE is gone or talks nonsense: wakes everybody up. Answers the verdict for the caller. */
struct verdict context_lost(struct context *context, const char *why);

#endif

/*
 * How an app asks the kernel: system calls and the page they share.
 *
 * Each app instance has one thread and one sys_page, memory that the app and the kernel both reach.
 * The numbers of a call (nr, six arguments) travel in registers in TrustZone and in the page's
 * first words in the hosted port; everything longer than a register travels in the page's buffers.
 * The kernel therefore never follows a pointer of an app. It copies what it needs from the page
 * once and checks the copy; the app must assume that the kernel may change the page at any time
 * between the call and its return, and only then (except for `cancel`).
 *
 * In TrustZone a call is SVC #1: nr in x8, arguments in x0 to x5, the answer in x0; all other
 * registers stay as they are. SVC #2 is answered by the port: probe(address, size, write) in x0 to x2
 * answers 1 in x0 when each of these bytes can be read, or written, by the app, else 0; x1 is used up.
 * SVC #3, too: it maps the crypto library (abi/library.h) and answers its address or an error in x0, and
 * in x1 what the processor can (ID_AA64ISAR0_EL1). SVC #0, Linux's, is refused as Linux does with calls
 * that it does not have (-38). An app's first instruction finds x0 = its sys_page, x1 = its heap
 * (zeros), x2 = the heap's size, x3 = the image's base; sp at the end of its stack; all other registers
 * 0.
 *
 * A call answers an int64_t: 0 or more is success, less is a number of abi/error.h.
 */
#ifndef POSTERN_ABI_SYSCALL_H
#define POSTERN_ABI_SYSCALL_H

#include <stddef.h>
#include <stdint.h>

/* Raised when a change here or in abi/session.h breaks apps that were built before. The package
 * names it; the kernel refuses other numbers by name. */
#define SYS_ABI 2u

#define SYS_TIMEOUT_INFINITE UINT64_MAX
#define SYS_NO_HANDLE UINT32_MAX

#define SYS_MSG_MAX 4096u      /* bytes of one message */
#define SYS_MSG_OBJECTS_MAX 8u /* handles in one message */
#define SYS_HANDLES_MAX 64u    /* handles of one app */
#define SYS_HANDLE_BASE 1000u  /* the lowest handle */
/* Sessions that SYS_RECEIVE accepted have handles of their own, which do not count among those. */
#define SYS_SESSION_BASE 0x10000u
#define SYS_SESSIONS_MAX 4096u
#define SYS_PATH_MAX 64u      /* a port's name with its NUL */
#define SYS_POSTS 32u         /* posted calls at a time */
#define SYS_SHOWN_MAX 8u      /* messages that one wait shows */
#define SYS_BUFFER_SIZE 8192u /* each of the page's two buffers */

enum sys_nr {
    /* exit(code). Does not return; with SYS_EXIT_IF_IDLE in arg 1 it answers SYS_ERR_BUSY, and the
     * app lives on, when a connection is pending on its own port. */
    SYS_EXIT = 0,
    /* panic(code, length, offset): dies with a message of `length` bytes in out[]. `code` is
     * GlobalPlatform's, 0 for an end without one; `offset` tells where, in bytes from the app's load
     * address, 0 for unknown. Does not return. */
    SYS_PANIC = 1,
    /* log(level, length): one line in out[]; level as SYS_LOG_*. */
    SYS_LOG = 2,
    /* fault(kind, address, offset): hosted runtime only: the app caught a fault at `offset` bytes
     * from its own load address; kind is SYS_FAULT_*. Does not return. */
    SYS_FAULT = 3,
    /* manifest(offset): copies from the app's manifest (abi/package.h) into in[]; answers the bytes
     * copied, 0 at its end. */
    SYS_MANIFEST = 4,
    /* retire(): an app without sessions wants to end, and has to clean up first. From here on
     * nobody is connected to this instance's own port any more: whoever asks for the app gets a
     * fresh instance. SYS_ERR_BUSY, and nothing changed, when a connection is pending already. */
    SYS_RETIRE = 5,

    SYS_CLOSE = 8,      /* close(handle) */
    SYS_SET_COOKIE = 9, /* set_cookie(handle, cookie) */
    /* port_create(path length, buffers, buffer size, flags); path in out[]. Answers a handle. The
     * app's own UUID as text (36 characters, lower case) names its own port: the one that the
     * kernel connects to when somebody asks for the app, which no other app can create. */
    SYS_PORT_CREATE = 10,
    /* connect(path length, flags, timeout in ns); path in out[]. Answers a handle. A path that is a
     * UUID as text loads and starts that app where needed. */
    SYS_CONNECT = 11,
    SYS_ACCEPT = 12, /* accept(handle). Answers a handle; in[0..15]: UUID of the peer, or zeros */
    /* wait(handle, timeout in ns, SYS_WAIT_*). The event in sys_page.event. */
    SYS_WAIT = 13,
    SYS_WAIT_ANY = 14,    /* wait_any(timeout in ns, SYS_WAIT_*). Likewise. */
    SYS_HSET_CREATE = 15, /* hset_create(). Answers a handle. */
    /* hset_ctrl(set, SYS_HSET_*, handle, event mask, cookie) */
    SYS_HSET_CTRL = 16,
    /* send(handle, length, objects): message in out[], handles in sys_page.objects. Answers the
     * bytes taken. */
    SYS_SEND = 17,
    /* get(handle): sys_page.msg. Not for sessions of the app's own port: SYS_RECEIVE takes those. */
    SYS_GET = 18,
    /* read(handle, message id, offset, length, objects wanted): bytes to in[], handles to
     * sys_page.objects. Answers the bytes. */
    SYS_READ = 19,
    SYS_PUT = 20, /* put(handle, message id) */
    /* receive(reply handle, reply length, timeout in ns, SYS_WAIT_*, only): if the handle is not
     * SYS_NO_HANDLE sends out[0..length) on it; then waits on every handle of the app. A
     * connection pending on the app's own port is accepted on the way. A message on a channel that
     * came from the app's own port is taken at once: its bytes go to in[], its memory objects are
     * mapped, other objects are dropped; sys_page.recv tells. Any other event is reported as
     * wait_any does, with recv.flags 0. The reply's failure to reach a peer that is gone, or has no
     * room because it does not read, is no error. An app that takes a call before it has answered the
     * one before (or closed its session) is ended. `only`, if not 0, is a
     * handle: then of the app's handles only this one is waited for, as SYS_WAIT does, besides
     * sessions and the app's own port. SYS_WAIT_PEEK: as with SYS_WAIT. */
    SYS_RECEIVE = 21,
    /* cancel(handle): asks the app at the other end of this channel to cancel what it is doing for
     * us. Answers 1 when our message was not taken yet and is withdrawn (no reply will come), else 0:
     * that app's cancel flag is set. */
    SYS_CANCEL = 22,

    SYS_MEM_CREATE = 24, /* mem_create(size). Answers a handle to zeroed shareable memory. */
    /* mem_map(handle, offset, size, SYS_MEM_*, address or 0): answers the address. */
    SYS_MEM_MAP = 25,
    SYS_MEM_UNMAP = 26, /* mem_unmap(address, size) */

    SYS_CLOCK = 32,  /* clock(SYS_CLOCK_*). Answers nanoseconds. */
    SYS_SLEEP = 33,  /* sleep(ns, SYS_WAIT_*) */
    SYS_RANDOM = 34, /* random(length up to SYS_BUFFER_SIZE): bytes to in[] */
    /* derive_key(label length up to 256, key length up to 64): label in out[], key to in[]. The key
     * depends on the device, the app's signer, its UUID and the label. */
    SYS_DERIVE_KEY = 35,
};

#define SYS_EXIT_IF_IDLE 1u

#define SYS_RECEIVE_CLOSE 4u    /* SYS_RECEIVE: with the reply, its handle is closed */
#define SYS_WAIT_PEEK 2u        /* fill sys_page.peek (see posted calls) */
#define SYS_WAIT_CANCELLABLE 1u /* answer SYS_ERR_CANCELLED when the cancel flag is set */

#define SYS_EVENT_READY 0x1u
#define SYS_EVENT_ERROR 0x2u
#define SYS_EVENT_HUP 0x4u
#define SYS_EVENT_MSG 0x8u
#define SYS_EVENT_SEND_UNBLOCKED 0x10u

#define SYS_PORT_ALLOW_TA 1u
#define SYS_PORT_ALLOW_NS 2u
#define SYS_CONNECT_WAIT_FOR_PORT 1u
#define SYS_CONNECT_ASYNC 2u
#define SYS_HSET_ADD 0u
#define SYS_HSET_DEL 1u
#define SYS_HSET_MOD 2u

#define SYS_MEM_READ 1u
#define SYS_MEM_WRITE 2u

#define SYS_CLOCK_SYSTEM 0u /* since the TEE started; never goes back */
#define SYS_CLOCK_REE 1u    /* since 1970, as the normal world claims */

#define SYS_LOG_ERROR 0u
#define SYS_LOG_WARN 1u
#define SYS_LOG_INFO 2u
#define SYS_LOG_DEBUG 3u

#define SYS_FAULT_DATA 1u        /* a bad address was read or written */
#define SYS_FAULT_INSTRUCTION 2u /* an instruction that may not be executed */
#define SYS_FAULT_STACK 3u       /* the stack's guard page */
#define SYS_FAULT_ARITHMETIC 4u
#define SYS_FAULT_ABORT 5u /* abort() */

#define SYS_RECV_MSG 1u      /* in[] holds a message, already put */
#define SYS_RECV_ACCEPTED 2u /* the handle is new: peer_uuid tells whose */

struct sys_event {
    uint32_t handle;
    uint32_t event; /* SYS_EVENT_* */
    uint64_t cookie;
};

struct sys_msg_info {
    uint64_t length;
    uint32_t id;
    uint32_t num_objects;
};

/* Each field counts only where it says so; what does not count is not written. */
struct sys_recv {
    uint32_t flags;       /* SYS_RECV_* */
    uint32_t length;      /* SYS_RECV_MSG */
    uint32_t num_objects; /* SYS_RECV_MSG */
    uint32_t reserved;
    uint8_t peer_uuid[16]; /* SYS_RECV_ACCEPTED; zeros: the normal world */
    /* SYS_RECV_MSG, the first num_objects: */
    uint64_t obj_va[SYS_MSG_OBJECTS_MAX];   /* where a memory object is mapped; 0: not memory */
    uint64_t obj_size[SYS_MSG_OBJECTS_MAX]; /* its size in bytes */
    uint32_t obj_prot[SYS_MSG_OBJECTS_MAX]; /* SYS_MEM_* */
};

/* Filled before the app's first instruction. */
struct sys_start {
    uint32_t abi;            /* SYS_ABI */
    uint32_t flags;          /* SYS_START_* */
    uint8_t uuid[16];        /* the app's */
    uint64_t heap_size;      /* bytes that the app may allocate (gpd.ta.dataSize) */
    uint64_t stack_size;     /* bytes */
    uint64_t seed;           /* random: for the stack protector and the like */
    uint8_t device_uuid[16]; /* gpd.tee.deviceID */
    uint32_t version;        /* the app's, as in its package */
    uint32_t kernel_version; /* Postern's: major << 20 | minor << 10 | patch */
};

#define SYS_START_SINGLE_INSTANCE 1u
#define SYS_START_MULTI_SESSION 2u
#define SYS_START_KEEP_ALIVE 4u
#define SYS_START_DEVELOPMENT 8u /* the development form of a package */

struct sys_page {
    /* Hosted port: whose turn it is (SYS_TURN_*), a futex. */
    uint32_t turn;
    /* Set by the kernel when the call that the app is serving was cancelled. Read it at will. */
    uint32_t cancel;
    /* Hosted port: the call and its answer. */
    uint64_t nr;
    uint64_t arg[6];
    int64_t result;
    struct sys_event event;
    struct sys_msg_info msg;
    uint32_t objects[SYS_MSG_OBJECTS_MAX];
    struct sys_recv recv;
    struct sys_start start;
    /* Hosted port: mappings to make or drop before the call's answer is used (see below). */
    uint32_t num_chores;
    uint32_t reserved;
    struct sys_chore {
        uint64_t address;
        uint64_t size;   /* bytes, whole pages */
        uint64_t offset; /* within the descriptor */
        uint32_t kind;   /* SYS_CHORE_* */
        uint32_t prot;   /* SYS_MEM_* */
    } chore[16];
    /* Posted calls and what the last wait saw (see below). */
    uint32_t post_head; /* entries posted so far; the app's */
    uint32_t post_tail; /* entries carried out so far; the kernel's */
    struct sys_post {
        uint32_t kind; /* SYS_POST_* */
        uint32_t handle;
        uint32_t value;  /* a message's id, or its length */
        uint32_t offset; /* SYS_POST_SEND: where in out[] it lies */
    } post[SYS_POSTS];
    struct sys_peek {
        uint32_t handle;      /* the channel, or SYS_NO_HANDLE */
        uint32_t waiting;     /* messages that wait there */
        uint32_t credit;      /* free buffers at the other end */
        uint32_t buffer_size; /* of the other end */
        uint32_t alone; /* nothing else that was waited for had an event; told if waiting > 1 */
        uint32_t count; /* of the messages that wait, so many are shown */
        struct sys_shown {
            uint32_t id;
            uint32_t length;
        } shown[SYS_SHOWN_MAX]; /* the next first; their bytes in in[], see SYS_SHOWN_STRIDE */
    } peek;
    uint8_t room[1440];
    uint8_t out[SYS_BUFFER_SIZE]; /* app to kernel */
    uint8_t in[SYS_BUFFER_SIZE];  /* kernel to app */
};

/*
 * Posted calls: what an app may ask without handing over its turn, when it knows the answer already.
 * SYS_WAIT, SYS_WAIT_ANY and SYS_RECEIVE with SYS_WAIT_PEEK tell, for an event of a channel that is
 * no session, its next messages (not one that carries handles, nor what comes after it) and how many
 * the other end has room for; only the app can make that less. So it may take such a message, read
 * it, answer as many times as there is room, and end it, all by itself, and write down in `post` what
 * it did. The kernel does the same when the app next calls it, before that call, in order, without an
 * answer; also when the app faults or ends, and when it has kept the processor for a while. An entry
 * that is wrong, or whose channel is gone by then, has no effect.
 *
 * When more than one message is shown, `alone` holds, and the same wait would have told of the same
 * channel once more for each of them, had nothing else happened meanwhile. So the app may answer it
 * by itself.
 *
 * Entry n is post[n % SYS_POSTS]. The app writes an entry, and its message in out[] from
 * SYS_POST_OFFSET on, and then raises post_head; both are free again once post_tail has caught up.
 * Since SYS_SEND's own message never reaches that far, the two do not disturb each other.
 */
#define SYS_POST_OFFSET SYS_MSG_MAX
/* A message shown begins so many bytes after the beginning of the one before, of `length` bytes. */
#define SYS_SHOWN_STRIDE(length) (((length) + 7u) & ~7u)
#define SYS_POST_TAKE 1u /* get(handle), when `value` is the next message */
#define SYS_POST_PUT 2u  /* put(handle, value) */
#define SYS_POST_SEND 3u /* send(handle, value): the message at out[offset] */

#define SYS_TURN_KERNEL 0u /* the kernel works, the app waits on the word */
#define SYS_TURN_APP 1u

/*
 * Hosted port: a process's mappings can only be changed by itself. When num_chores is not 0 the
 * runtime does the chores in order, before it looks at the answer: for SYS_CHORE_MAP it receives
 * one descriptor from SYS_FD_LINK (SCM_RIGHTS, one byte of data) and maps it shared at exactly
 * `address`, then closes it; for SYS_CHORE_UNMAP it replaces the range by an inaccessible
 * reservation. With SYS_CHORE_AGAIN as the last one the call has no answer yet: the runtime hands
 * the turn back unchanged and waits on. An app that cheats here harms nobody but itself: the kernel
 * ends apps that keep what they were told to drop.
 */
#define SYS_CHORE_MAP 1u
#define SYS_CHORE_UNMAP 2u
#define SYS_CHORE_AGAIN 3u

/* Hosted port: the descriptors of a new app process; it has no others but 0, 1, 2. */
#define SYS_FD_LINK 3 /* a SOCK_SEQPACKET socket on which descriptors arrive */
#define SYS_FD_PAGE 4 /* the sys_page; the runtime maps it and closes it */

/* Where memory objects are mapped in a hosted app: the runtime reserves it at start. Above what
 * AddressSanitizer takes for itself (its shadow ends at 0x10007fff8000). */
#define SYS_WINDOW_BASE UINT64_C(0x200000000000)
#define SYS_WINDOW_SIZE UINT64_C(0x010000000000)

/* The same in TrustZone, where it is the kernel's to keep: an address space has 39 bits. */
#define SYS_WINDOW_AARCH64_BASE UINT64_C(0x1000000000)
#define SYS_WINDOW_AARCH64_SIZE UINT64_C(0x3000000000)

_Static_assert(sizeof(struct sys_event) == 16, "sys_event");
_Static_assert(sizeof(struct sys_msg_info) == 16, "sys_msg_info");
_Static_assert(sizeof(struct sys_recv) == 192, "sys_recv");
_Static_assert(sizeof(struct sys_start) == 72, "sys_start");
_Static_assert(offsetof(struct sys_page, result) == 64, "sys_page");
_Static_assert(sizeof(struct sys_post) == 16, "sys_post");
_Static_assert(sizeof(struct sys_peek) == 88, "sys_peek");
_Static_assert(offsetof(struct sys_page, out) % 8 == 0, "sys_page");
_Static_assert(offsetof(struct sys_page, out) <= 4096, "sys_page");
_Static_assert(sizeof(struct sys_page) <= 5 * 4096, "sys_page");

#endif

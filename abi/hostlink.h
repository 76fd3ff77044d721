/*
 * The hosted TEE's doors: what crosses its Unix sockets and shared pages. In the hosted port they
 * stand where the ioctl and the SMC stand in TrustZone; the calls themselves are the messages of
 * abi/message.h in both.
 *
 * A TEE's run folder holds three SOCK_SEQPACKET sockets:
 *   tee.sock         clients (LINK_KIND_TEEC, LINK_KIND_TIPC)
 *   supplicant.sock  the supplicant (LINK_KIND_SUPPLICANT)
 *   control.sock     the postern command (LINK_KIND_CONTROL)
 * The connecting side sends link_hello, the daemon answers link_welcome; when status is not 0 the
 * daemon closes, and text says why in words. Who connects is asked of the system (SO_PEERCRED),
 * never of the hello.
 *
 * A TEEC client then sends link_request and gets link_reply with the same tag, one at a time;
 * LINK_CANCEL has no reply. It can overtake the call that it means: the TEE remembers the last few
 * that it did not know (a client never uses a cancel id twice, but for 0, which is never meant).
 *
 * Calls travel in lanes. A lane is a shared page and two pipes, for one call at a time: the client
 * writes lane.arg and lane.cpu, writes one byte to the request pipe and reads one byte from the
 * response pipe; then lane.arg holds the answer. End of file there means that the TEE is gone. The
 * daemon copies the message once before it looks at it.
 */
#ifndef POSTERN_ABI_HOSTLINK_H
#define POSTERN_ABI_HOSTLINK_H

#include <abi/message.h>

#define LINK_MAGIC UINT64_C(0x4b4e494c54534f50) /* "POSTLINK" */
#define LINK_PROTOCOL 1u

#define LINK_SOCKET_CLIENTS "tee.sock"
#define LINK_SOCKET_SUPPLICANT "supplicant.sock"
#define LINK_SOCKET_CONTROL "control.sock"
/* Names the run folder to programs that `postern run` starts. */
#define LINK_ENVIRONMENT "POSTERN_TEE"
/* The run folder of the long-lived TEE: as root, and otherwise below XDG_RUNTIME_DIR. */
#define LINK_RUN_SYSTEM "/run/postern"
#define LINK_RUN_USER "postern"

enum link_kind {
    LINK_KIND_TEEC = 1,
    LINK_KIND_TIPC = 2,
    LINK_KIND_SUPPLICANT = 3,
    LINK_KIND_CONTROL = 4,
};

struct link_hello {
    uint64_t magic;
    uint32_t protocol;
    uint32_t kind;
    uint32_t version; /* of the sender's software: major << 20 | minor << 10 | patch */
    uint32_t reserved;
};

struct link_welcome {
    uint64_t magic;
    uint32_t protocol;
    uint32_t status;    /* 0, or a TEEC_Result */
    uint32_t version;   /* the TEE's */
    uint32_t max_lanes; /* lanes that one client may have */
    uint64_t max_shm;   /* bytes that one client may allocate in all */
    char text[96];      /* when status is not 0: why, NUL-terminated */
};

enum link_op {
    LINK_LANE_OPEN = 1, /* reply: descriptors LINK_LANE_FD_* */
    LINK_SHM_CREATE =
        2, /* a = bytes; reply: a = cookie, one descriptor, sealed against shrinking */
    LINK_SHM_RELEASE = 3, /* a = cookie */
    LINK_APP_IMAGE = 4,   /* one descriptor, a package file: used when this client opens its app */
    LINK_CANCEL = 5,      /* a = session (0 for a call that opens one), b = cancel id; no reply */
};

struct link_request {
    uint32_t op;
    uint32_t tag;
    uint64_t a;
    uint64_t b;
};

struct link_reply {
    uint32_t op;
    uint32_t tag;
    uint32_t status; /* 0, or a TEEC_Result */
    uint32_t reserved;
    uint64_t a;
};

/* LINK_LANE_OPEN's descriptors, in this order; the page is sealed against shrinking. The client gets the request pipe's read end too, so
 * that writing to a dead TEE raises no SIGPIPE; it never reads from it. */
#define LINK_LANE_FD_PAGE 0
#define LINK_LANE_FD_REQUEST_WRITE 1
#define LINK_LANE_FD_REQUEST_READ 2
#define LINK_LANE_FD_RESPONSE_READ 3
#define LINK_LANE_FDS 4

/* Where a call was when: CLOCK_MONOTONIC, nanoseconds; written when lane.trace is not 0. */
enum link_trace {
    LINK_TRACE_GATE_IN = 0,  /* the daemon has the message */
    LINK_TRACE_APP_IN = 1,   /* the app is entered */
    LINK_TRACE_APP_OUT = 2,  /* the app answered */
    LINK_TRACE_GATE_OUT = 3, /* the daemon hands the answer back */
    LINK_TRACE_POINTS = 4,
};

struct link_lane {
    uint32_t cpu;   /* the processor that the caller runs on, or UINT32_MAX: the call stays there */
    uint32_t trace; /* not 0: fill trace_ns */
    uint64_t trace_ns[LINK_TRACE_POINTS];
    struct msg_arg arg;
};
#define LINK_LANE_SIZE 4096u

/*
 * Trusty (LINK_KIND_TIPC): one connection is one channel. After the welcome the client sends
 * link_tipc_connect; the daemon answers link_tipc_connected once the service has accepted or refused
 * (or not accepted in time). From then on each datagram is one message, in both directions and
 * without any header, an empty one included; descriptors that come along with a client's message are
 * memory files whose memory goes with it. Either side ends the connection by closing it.
 *
 * Nothing is ever dropped: while the service's queue is full the daemon does not read; while the
 * client's socket is full it leaves messages in the service's queue. Only what a client that has gone
 * left in its socket waits no longer than 5 seconds for a service that does not read. A datagram that is longer than
 * the port's buffer is cut to it, as every message is. The daemon sets SO_PASSCRED on its end, so that
 * it can tell an empty message from the end.
 */
#define LINK_TIPC_NAME_MAX 255u
#define LINK_TIPC_DESCRIPTORS_MAX 8u
#define LINK_TIPC_CONNECTIONS_MAX 256u
#define LINK_TIPC_ACCEPT_SECONDS 5u

struct link_tipc_connect {
    uint32_t length; /* of the name */
    uint32_t thread; /* a hint: the thread (gettid) near which messages are best served; or 0 */
    char name[LINK_TIPC_NAME_MAX + 1];
};

/* Why a connection is refused. */
enum link_tipc_status {
    LINK_TIPC_OK = 0,
    LINK_TIPC_REFUSED = 1,   /* no such port, not for the normal world, closed before accepting */
    LINK_TIPC_TIMED_OUT = 2, /* not accepted in LINK_TIPC_ACCEPT_SECONDS */
    LINK_TIPC_FULL = 3,      /* LINK_TIPC_CONNECTIONS_MAX are there already */
    LINK_TIPC_NO_MEMORY = 4,
    LINK_TIPC_INVALID = 5, /* the request makes no sense */
};

struct link_tipc_connected {
    uint32_t status;      /* enum link_tipc_status */
    uint32_t buffer_size; /* bytes that the port takes of one message */
    uint32_t num_buffers; /* messages that wait in each direction */
    uint32_t reserved;
};

/*
 * Client identity: in MSG_CMD_OPEN_SESSION the client fills the two meta parameters as Linux does:
 * the first holds the app's UUID (octets), the second the login method (value.c) and, for the GROUP
 * methods, the group id (value.a). The daemon replaces value.a and value.b by the identity's UUID,
 * which it computes from what the system says of the client.
 *
 * Memory: rmem parameters with a cookie of LINK_SHM_CREATE. Cookie 0 with size 0 is NULL.
 *
 * Supplicant: the daemon sends struct msg_arg for each RPC (one at a time) with one descriptor for
 * each tmem parameter, in order, whose address is 0 and whose size is that of the descriptor's
 * memory (sealed, shared); the supplicant answers with the same msg_arg, its results filled in.
 *
 * Control: the command sends link_request with LINK_CONTROL_*; the answer is link_reply with one
 * descriptor, a memory file that holds `a` bytes of text.
 */
enum link_control_op {
    LINK_CONTROL_STATUS = 101, /* one `key: value` a line, apps and instances indented */
    LINK_CONTROL_LOG = 102,    /* the last lines of the log; a = how many at the most, 0 for all */
    LINK_CONTROL_STOP = 103,   /* ends the TEE; no descriptor */
    LINK_CONTROL_HOLD = 104,   /* octets of a UUID in a, b (each big-endian): the next instance of
                                  that app stops before its first instruction until a debugger is
                                  attached or this connection ends; development only */
    LINK_CONTROL_HELD = 105,   /* waits for the app of LINK_CONTROL_HOLD; a = its process id */
};

_Static_assert(sizeof(struct link_hello) == 24, "hello");
_Static_assert(sizeof(struct link_welcome) == 128, "welcome");
_Static_assert(sizeof(struct link_request) == 24, "request");
_Static_assert(sizeof(struct link_reply) == 24, "reply");
_Static_assert(sizeof(struct link_tipc_connect) == 264, "tipc connect");
_Static_assert(sizeof(struct link_tipc_connected) == 16, "tipc connected");
_Static_assert(offsetof(struct link_lane, arg) == 40, "lane");
_Static_assert(sizeof(struct link_lane) <= LINK_LANE_SIZE, "lane");

#endif

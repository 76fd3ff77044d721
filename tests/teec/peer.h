/*
 * A TEE of the tests' own: a process that speaks abi/hostlink.h with one small app behind it, or,
 * as a test wishes, that breaks the protocol in a chosen way. It shares nothing with posternd but
 * the header.
 */
#ifndef POSTERN_TESTS_TEEC_PEER_H
#define POSTERN_TESTS_TEEC_PEER_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

/* Ways to break the protocol. Each is in force as long as peer->fault holds it. */
enum peer_fault {
    PEER_CORRECT,
    /* Greeting. */
    PEER_WELCOME_SILENT_CLOSE,
    PEER_WELCOME_GARBAGE,
    PEER_WELCOME_SHORT,
    PEER_WELCOME_LONG,
    PEER_WELCOME_PROTOCOL,
    PEER_WELCOME_DENIED,
    PEER_WELCOME_NO_MEMORY,
    PEER_WELCOME_NO_LANES,
    PEER_WELCOME_UNENDED_TEXT,
    PEER_WELCOME_DESCRIPTORS, /* hands descriptors over that nobody wants */
    /* Requests. */
    PEER_REPLY_SHORT,
    PEER_REPLY_LONG,
    PEER_REPLY_TAG,
    PEER_REPLY_OP,
    PEER_REPLY_CLOSE,
    PEER_REPLY_NO_DESCRIPTORS,
    PEER_REPLY_MANY_DESCRIPTORS,
    PEER_LANE_REFUSED,
    PEER_LANE_PAGE_SMALL,
    PEER_LANE_PAGE_UNSEALED,
    PEER_LANE_PAGE_PIPE,
    PEER_LANE_SOCKETS, /* the pipes are sockets whose other end is closed */
    PEER_LANE_OTHER_PIPE,
    PEER_LANE_DEAD, /* the response pipe has no writer */
    PEER_LANE_NONBLOCK,
    PEER_SHM_COOKIE_ZERO,
    PEER_SHM_COOKIE_ALL_ONES,
    PEER_SHM_SMALL,
    PEER_SHM_UNSEALED,
    PEER_SHM_REFUSED,
    /* Answers to calls. */
    PEER_CALL_CLOSE_LANE,
    PEER_CALL_EXIT,
    PEER_CALL_NUM_PARAMS_LARGE,
    PEER_CALL_NUM_PARAMS_ZERO,
    PEER_CALL_NUM_PARAMS_HUGE,
    PEER_CALL_ATTRIBUTES,
    PEER_CALL_SIZES_HUGE,  /* success, every reference 2^64 - 1 bytes */
    PEER_CALL_SIZES_ABOVE, /* success, every reference one byte more than there is */
    PEER_CALL_OFFSETS,     /* offsets and cookies of references changed */
    PEER_CALL_ORIGIN,      /* an origin that does not exist */
    PEER_CALL_GARBAGE,
    PEER_CALL_TWO_BYTES, /* one byte too many in the response pipe */
    PEER_FAULTS,
};

/* The app's commands. */
enum peer_command {
    PEER_ADD = 0,    /* every value INOUT: a + 1, b + 2; OUTPUT: 0xa, 0xb */
    PEER_INVERT = 1, /* every INOUT reference's bytes */
    PEER_FILL = 2,   /* every OUTPUT reference: 0xa5, and half its size */
    PEER_SUM = 3,    /* param 3 value OUTPUT: a = the sum of all bytes of INPUT references, b their
                        number; checks nothing */
    PEER_SHORT = 4,  /* SHORT_BUFFER: OUTPUT and INOUT references need 100 bytes more; the last
                        reference that is OUTPUT fits and is filled */
    PEER_LIE = 5,    /* success, with 100 bytes more in every OUTPUT reference */
    PEER_WAIT = 6,   /* until it is cancelled: CANCEL */
    PEER_ANSWER = 7, /* param 0 value: result a, origin b */
    PEER_SLEEP = 8,  /* param 0 value: a microseconds */
    PEER_EXIT = 9,   /* the peer ends */
    PEER_SIZES = 10, /* every reference INPUT or INOUT: size into value 3: a: first, b: second; NULL
                        as 0xffffffff */
    PEER_LEAVE_ZERO = 11, /* every OUTPUT reference: size 0 */
    PEER_FAIL_FILL = 12,  /* as PEER_FILL, but answers GENERIC */
};

struct peer {
    /* Set by the test. */
    _Atomic int fault;
    _Atomic uint32_t max_lanes;
    _Atomic uint64_t max_shm;
    /* Counted by the peer. */
    _Atomic uint32_t connections; /* alive */
    _Atomic uint32_t lanes;       /* opened, ever */
    _Atomic uint32_t memories;    /* alive */
    _Atomic uint32_t sessions;    /* alive */
    _Atomic uint32_t calls;       /* messages seen */
    _Atomic uint32_t invokes_running;
    _Atomic uint32_t cancels;
    _Atomic uint32_t images; /* packages offered */
    _Atomic uint64_t image_size;
    _Atomic uint32_t login; /* of the last open */
    _Atomic uint32_t group;
    _Atomic uint32_t last_cpu;
    pid_t pid;
    char folder[64];
};

extern const uint8_t peer_uuid[16];
/* The app's and one that does not exist, as TEEC_UUID initialisers. */
#define PEER_UUID {0x11223344, 0x5566, 0x7788, {0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0x01}}
#define PEER_UUID_NONE                                                                             \
    {0xdeadbeef, 0x5566, 0x7788, {0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0x01}}

/* Starts one in a folder of its own; it listens when this returns. Exits on failure. */
struct peer *peer_start(void);
/* Ends it at once, as if it had crashed. */
void peer_kill(struct peer *peer);
/* Ends it and removes the folder. */
void peer_stop(struct peer *peer);
/* Waits up to two seconds for *count to become `value`; answers whether it did. */
int peer_wait(_Atomic uint32_t *count, uint32_t value);

#endif

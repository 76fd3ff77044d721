/*
 * Trusty IPC for trusted apps: handles, ports, channels, messages, files and time.
 *
 * This is the API of the document "Trusty API reference" ("the document" below), with the names
 * that newer Trusty sources use beside it. Sources of both generations compile against this one
 * header. Like Trusty's own, it includes the error numbers' types but not their names: those stand
 * in <uapi/err.h>.
 *
 * Answers. Functions answer `long`: 0 or more is success, less is one of <uapi/err.h>. No function
 * here sets errno. A pointer that the app may not read or write (NULL, unmapped, read-only) is
 * ERR_FAULT, never a crash. Where several things are wrong at once, the order of the errors below
 * each function is the order in which they are looked at.
 *
 * Handles. A small number that names a port, a channel, a handle set or a memory object, for this
 * app only. 64 an app, from 1000, the lowest free one first. For every function that takes one:
 * ERR_BAD_HANDLE when the number lies outside the table, ERR_NOT_FOUND when nothing is open there,
 * ERR_INVALID_ARGS when it is of another kind than the function wants.
 *
 * Names that the C library has, too (close, connect, accept, wait, read, write, ioctl, nanosleep,
 * readv, writev) mean Trusty's function in every source that includes this header, before or after
 * the C library's own; in other sources they keep the C library's meaning. They are plain
 * functions, not macros: structure members may have these names.
 *
 * An app whose sources also have GlobalPlatform's entry points (TA_*) serves its sessions while it
 * waits in wait() or wait_any(), nowhere else.
 *
 * An app has one thread. None of these functions may be called from a signal handler.
 */
#ifndef POSTERN_TRUSTY_IPC_H
#define POSTERN_TRUSTY_IPC_H

#include <bits/types/struct_iovec.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <trusty/libc_names.h>
#include <uapi/trusty_uuid.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The document uses `uint`, which the C library defines only outside strict standard modes. */
typedef unsigned int uint;

/* Signed, so that newer sources' `handle < 0` works; older ones only compare with the constant. */
typedef int32_t handle_t;

#define INVALID_IPC_HANDLE ((handle_t) - 1)

/* Milliseconds. A time-out of -1 in any width waits without end, too. */
#define INFINITE_TIME UINT32_MAX

/* Limits. */
#define IPC_MAX_MSG_HANDLES 8      /* handles in one message */
#define IPC_CHAN_MAX_BUFS 32       /* buffers a direction */
#define IPC_CHAN_MAX_BUF_SIZE 4096 /* bytes of one buffer, and so of a message */
#define IPC_PORT_PATH_MAX 64       /* a port's name with its NUL */

/* port_create(): who may connect. */
enum {
    IPC_PORT_ALLOW_TA_CONNECT = 0x1, /* other trusted apps, and this one */
    IPC_PORT_ALLOW_NS_CONNECT = 0x2, /* the normal ("non-secure") world */
};

/* connect() */
enum {
    IPC_CONNECT_WAIT_FOR_PORT = 0x1, /* wait until the port exists */
    IPC_CONNECT_ASYNC = 0x2,         /* answer at once; READY tells of the connection */
};

/* uevent.event: all that hold are set at once. */
enum {
    IPC_HANDLE_POLL_NONE = 0x0,
    /* Port: a connection is pending. Channel: an asynchronous connect() was accepted; once. */
    IPC_HANDLE_POLL_READY = 0x1,
    IPC_HANDLE_POLL_ERROR = 0x2,
    IPC_HANDLE_POLL_HUP = 0x4, /* the peer closed; messages may still be waiting */
    IPC_HANDLE_POLL_MSG = 0x8, /* a message waits that get_msg() has not taken */
    /* After send_msg() answered ERR_NOT_ENOUGH_BUFFER: there is room again. Delivered once. */
    IPC_HANDLE_POLL_SEND_UNBLOCKED = 0x10,
};

/* handle_set_ctrl() */
enum {
    HSET_ADD = 0,
    HSET_DEL = 1,
    HSET_MOD = 2,
    HSET_DEL_GET_COOKIE = 3, /* known by name only: ERR_INVALID_ARGS */
};

typedef struct uevent {
    handle_t handle; /* what the event is about */
    uint32_t event;  /* IPC_HANDLE_POLL_* */
    void *cookie;    /* of set_cookie(), or of the handle set's entry */
} uevent_t;

typedef struct ipc_msg {
    uint num_iov;     /* pieces; 0 for an empty message */
    iovec_t *iov;     /* the pieces, in order; each `base` or `iov_base`, `len` or `iov_len` */
    uint num_handles; /* handles that travel along, at most IPC_MAX_MSG_HANDLES */
    handle_t *handles;
} ipc_msg_t;

typedef struct ipc_msg_info {
    size_t len;  /* bytes */
    uint32_t id; /* names the message until put_msg() */
    uint32_t num_handles;
} ipc_msg_info_t;

/* --- Handles (document: Handle API) ----------------------------------------------------------- */

/* Sets the pointer that events on this handle bring along; NULL at first. NO_ERROR, or the handle's
 * errors. */
long set_cookie(uint32_t handle, void *cookie);

/*
 * Waits until something happens on a handle.
 *   handle_id     port, channel or handle set. Of a set, the event names the entry's handle, with
 *                 the entry's cookie; entries take turns.
 *   event         is written on success only
 *   timeout_msecs 0 asks without waiting; INFINITE_TIME or -1 waits without end
 * NO_ERROR, or: ERR_FAULT (event); the handle's errors; ERR_NOT_FOUND, an empty set;
 * ERR_TIMED_OUT.
 */
long wait(uint32_t handle_id, uevent_t *event,
          unsigned long timeout_msecs) __asm__("postern_trusty_wait");

/* The same for all handles of the app that are in no set, and all sets. Handles take turns.
 * ERR_FAULT; ERR_NOT_FOUND when there are none; ERR_TIMED_OUT. */
long wait_any(uevent_t *event, unsigned long timeout_msecs);

/* Closes a handle and takes it out of every set. A port's name is free at once, its pending clients
 * are hung up; a channel's peer sees HUP and may still read what was sent to it; memory stays
 * mapped. NO_ERROR, or the handle's errors. */
long close(uint32_t handle_id) __asm__("postern_trusty_close");

/* An empty handle set. A handle, or ERR_NO_RESOURCES, ERR_NO_MEMORY. */
long handle_set_create(void);

/*
 * Changes a handle set.
 *   cmd   HSET_ADD, HSET_MOD, HSET_DEL
 *   event `handle` names the entry; for ADD and MOD `event` is the mask of events it is to report
 *         (0 mutes it) and `cookie` the cookie that these bring
 * NO_ERROR, or: ERR_FAULT (event); the handles' errors; ERR_INVALID_ARGS: unknown cmd, a set in
 * itself or in a ring; ERR_ALREADY_EXISTS: ADD of what is in it; ERR_NOT_FOUND: DEL or MOD of what
 * is not; ERR_NO_RESOURCES: 4096 entries in the app's sets; ERR_NO_MEMORY.
 */
long handle_set_ctrl(uint32_t handle, uint32_t cmd, uevent_t *event);

/* --- Servers (document: Server API) ----------------------------------------------------------- */

/*
 * Creates a port.
 *   path          1 to 63 characters, unique in the TEE, by custom like com.example.service
 *   num_recv_bufs 1 to 32: messages that may wait in each direction of each connection
 *   recv_buf_size 1 to 4096 bytes: the longest message; longer ones are cut by send_msg()
 *   flags         IPC_PORT_ALLOW_*; 0 makes a port that nobody may connect to
 * A handle, or: ERR_FAULT; ERR_INVALID_ARGS; ERR_NO_RESOURCES, the handle table is full;
 * ERR_ALREADY_EXISTS; ERR_NO_MEMORY.
 */
long port_create(const char *path, uint num_recv_bufs, size_t recv_buf_size, uint32_t flags);

/*
 * Accepts the connection that has been pending longest.
 *   peer_uuid written on success only: the client app's UUID; zeros for the normal world
 * A channel's handle, or: ERR_FAULT; the handle's errors; ERR_NO_MSG, none is pending;
 * ERR_CHANNEL_CLOSED, that client has gone already; ERR_NO_RESOURCES, the handle table is full
 * (that client is hung up).
 */
long accept(uint32_t handle_id, uuid_t *peer_uuid) __asm__("postern_trusty_accept");

/* --- Clients (document: Client API) ----------------------------------------------------------- */

/*
 * Connects to a port.
 *   path  the port's name
 *   flags IPC_CONNECT_*; 0 waits until the server accepts
 * Where the manifest of an app names this port as one that starts it, the app is started and the
 * call waits for the port. Connecting to one's own port is legal; with IPC_CONNECT_ASYNC, since
 * nobody else will accept.
 * A channel's handle, or: ERR_FAULT; ERR_INVALID_ARGS, empty or too long a name or unknown flags;
 * ERR_NO_RESOURCES, the handle table is full, or no more instances can be started; ERR_NOT_FOUND, no
 * such port, or its app is refused (the log says why); ERR_ACCESS_DENIED, apps may not connect;
 * ERR_NO_MEMORY; ERR_CHANNEL_CLOSED, the port was closed before it accepted, its app died, or the
 * server closed the connection at once without a message.
 */
long connect(const char *path, uint flags) __asm__("postern_trusty_connect");

/* --- Messages (document: Messaging API) ------------------------------------------------------- */

/*
 * Sends a message; never waits.
 * The bytes sent: all of them, or the port's recv_buf_size when the message is longer (it is cut).
 * The objects behind msg->handles travel along; the handles stay open here.
 * ERR_FAULT: msg, even when the handle is bad, too; the handle's errors; ERR_NOT_READY, not
 * accepted yet; ERR_CHANNEL_CLOSED; ERR_NOT_ENOUGH_BUFFER, the peer's queue is full:
 * wait for IPC_HANDLE_POLL_SEND_UNBLOCKED; ERR_FAULT, a piece; ERR_TOO_BIG, too many handles;
 * ERR_FAULT, msg->handles; ERR_NOT_ALLOWED, a handle set cannot be sent. Nothing is half sent.
 */
long send_msg(uint32_t handle, ipc_msg_t *msg);

/* Takes the next message. It holds its buffer until put_msg(); several may be open at once. NO_ERROR
 * with *msg_info, or: ERR_FAULT; the handle's errors; ERR_NO_MSG; ERR_NOT_READY; ERR_CHANNEL_CLOSED,
 * nothing is left to read and the peer is gone. */
long get_msg(uint32_t handle, ipc_msg_info_t *msg_info);

/*
 * Reads an open message from `offset` on into msg's pieces, as often as wanted. msg->num_handles
 * asks for so many of the message's handles: each call that asks makes new ones (INVALID_IPC_HANDLE
 * past the last).
 * The bytes stored; at the end 0. ERR_FAULT, msg; the handle's errors; ERR_INVALID_ARGS, unknown id
 * or offset past the end; ERR_TOO_BIG, too many handles; ERR_FAULT, a piece; ERR_NO_RESOURCES.
 */
long read_msg(uint32_t handle, uint32_t msg_id, uint32_t offset, ipc_msg_t *msg);

/* Ends a message, read or not, and frees its buffer for the peer. NO_ERROR, or: the handle's errors;
 * ERR_INVALID_ARGS: unknown id. */
long put_msg(uint32_t handle, uint32_t msg_id);

/* --- Memory references ------------------------------------------------------------------------ */

/*
 * Makes memory of this app into an object whose handle can be sent. What the memory holds stays;
 * from now on it is shared with whoever maps the handle (mmap() of <sys/mman.h>, with the handle in
 * the place of the descriptor), who may change it at any time.
 *   addr, size whole pages (4096 bytes) of ordinary memory: static, or of mmap() or
 *              aligned_alloc(). Not the stack.
 *   mmap_prot  PROT_READ, or PROT_READ | PROT_WRITE
 * A handle, or: ERR_INVALID_ARGS, not whole pages, size 0, other prot; ERR_FAULT;
 * ERR_NO_RESOURCES; ERR_NO_MEMORY; ERR_NOT_SUPPORTED, this memory cannot be shared.
 */
long memref_create(void *addr, size_t size, uint32_t mmap_prot);

/* --- Files (document: File Descriptor API) ---------------------------------------------------- */

/*
 * 0: standard input. Everything answers ERR_NOT_SUPPORTED.
 * 1, 2: standard output and standard error. What is written goes to the TEE's log, line by line,
 *    with the app's name; 2 as an error. read() and ioctl() answer ERR_NOT_SUPPORTED.
 * Any other number answers ERR_NOT_SUPPORTED; IPC handles are not files.
 * write() and writev() answer the bytes taken, all of them; ERR_FAULT: buf, iov or a piece;
 * ERR_INVALID_ARGS: more than 1024 pieces, or more bytes than a long counts.
 */
long read(uint32_t fd, void *buf, uint32_t count) __asm__("postern_trusty_read");
long write(uint32_t fd, const void *buf, uint32_t count) __asm__("postern_trusty_write");
long ioctl(uint32_t fd, uint32_t cmd, void *args) __asm__("postern_trusty_ioctl");
long readv(uint32_t fd, const iovec_t *iov, uint32_t num_iov) __asm__("postern_trusty_readv");
long writev(uint32_t fd, const iovec_t *iov, uint32_t num_iov) __asm__("postern_trusty_writev");

/* --- Time (document: Miscellaneous API) ------------------------------------------------------- */

/* Nanoseconds since the TEE started; never goes back. clock_id and flags are 0. NO_ERROR with *time,
 * or: ERR_FAULT; ERR_INVALID_ARGS: another clock or flag. */
long gettime(uint32_t clock_id, uint32_t flags, int64_t *time);
long trusty_gettime(uint32_t clock_id, int64_t *time);

/* Sleeps. clock_id and flags are 0, sleep_time is nanoseconds. NO_ERROR, or ERR_INVALID_ARGS: another
 * clock or flag. */
long nanosleep(uint32_t clock_id, uint32_t flags,
               uint64_t sleep_time) __asm__("postern_trusty_nanosleep");
long trusty_nanosleep(uint32_t clock_id, uint32_t flags, uint64_t sleep_time);

#ifdef __cplusplus
}
#endif

#endif

/*
 * Messages: the app's pieces on one side, the page's two buffers on the other.
 *
 * The order of errors is the document's and Trusty's: the message structure, the handle, its kind,
 * the connection, the queue, and only then the pieces. The kernel sees the middle of that row, the
 * pointers are seen here. So when a piece turns out bad, the kernel is asked for what it would have
 * said before: by a call that it refuses for its last reason when it has no other.
 */
#include <sdk/trusty/trusty_local.h>
#include <sdk/trusty/trusty_memory.h>
#include <string.h>
#include <uapi/err.h>

_Static_assert(IPC_MAX_MSG_HANDLES == SYS_MSG_OBJECTS_MAX, "handles in a message");
_Static_assert(IPC_CHAN_MAX_BUF_SIZE == SYS_MSG_MAX, "bytes in a message");

#define MESSAGE_TOO_MANY (SYS_MSG_OBJECTS_MAX + 1)

static bool message_put_handles(const handle_t *handles, uint count)
{
    if (count == 0) {
        return true;
    }
    if (!trusty_memory_readable(handles, count * sizeof(*handles))) {
        return false;
    }
    memcpy(sys_page()->objects, handles, count * sizeof(*handles));
    return true;
}

static long message_send_refused(uint32_t handle)
{
    int64_t result = trusty_call(SYS_SEND, handle, 0, MESSAGE_TOO_MANY, 0, 0, 0);
    return result == ERR_TOO_BIG ? ERR_FAULT : result;
}

/* Sends without a system call, if it is known that there is room. */
static bool message_post(uint32_t handle, const ipc_msg_t *msg, long *result)
{
    size_t length;
    uint8_t *bytes;
    if (!trusty_memory_room(msg->iov, msg->num_iov, SYS_MSG_MAX, &length) ||
        !trusty_local_reserve(handle, length, &bytes) ||
        !trusty_memory_gather(msg->iov, msg->num_iov, bytes, length, &length)) {
        return false;
    }
    *result = trusty_local_send(length);
    return true;
}

long send_msg(uint32_t handle, ipc_msg_t *message)
{
    size_t length;
    long posted;
    if (!trusty_memory_readable(message, sizeof(*message))) {
        return ERR_FAULT;
    }
    const ipc_msg_t msg = *message;
    if (msg.num_handles == 0 && message_post(handle, &msg, &posted)) {
        return posted;
    }
    if (!trusty_memory_gather(msg.iov, msg.num_iov, sys_page()->out, SYS_MSG_MAX, &length)) {
        return message_send_refused(handle);
    }
    if (msg.num_handles > SYS_MSG_OBJECTS_MAX) {
        return trusty_call(SYS_SEND, handle, length, MESSAGE_TOO_MANY, 0, 0, 0);
    }
    if (!message_put_handles(msg.handles, msg.num_handles)) {
        return message_send_refused(handle);
    }
    return trusty_call(SYS_SEND, handle, length, msg.num_handles, 0, 0, 0);
}

long get_msg(uint32_t handle, ipc_msg_info_t *msg_info)
{
    if (!trusty_memory_writable(msg_info, sizeof(*msg_info))) {
        return ERR_FAULT;
    }
    long known;
    if (trusty_local_get(handle, msg_info, &known)) {
        return known;
    }
    int64_t result = trusty_call(SYS_GET, handle, 0, 0, 0, 0, 0);
    if (result < 0) {
        return result;
    }
    struct sys_msg_info got = sys_page()->msg;
    *msg_info = (ipc_msg_info_t){
        .len = (size_t)got.length,
        .id = got.id,
        .num_handles = got.num_objects,
    };
    return NO_ERROR;
}

static void message_close_handles(const uint32_t *handles, uint count)
{
    for (uint i = 0; i < count; i++) {
        if (handles[i] != SYS_NO_HANDLE) {
            (void)trusty_call(SYS_CLOSE, handles[i], 0, 0, 0, 0, 0);
        }
    }
}

/* Hands over what SYS_READ put into the page. */
static bool message_take(const ipc_msg_t *msg, size_t length, const uint32_t *handles)
{
    if (!trusty_memory_scatter(msg->iov, msg->num_iov, sys_page()->in, length)) {
        return false;
    }
    if (msg->num_handles == 0) {
        return true;
    }
    if (!trusty_memory_writable(msg->handles, msg->num_handles * sizeof(*msg->handles))) {
        return false;
    }
    memcpy(msg->handles, handles, msg->num_handles * sizeof(*msg->handles));
    return true;
}

static long message_read_local(const ipc_msg_t *msg, uint32_t offset, size_t room,
                               const uint8_t *bytes, size_t length)
{
    if (offset > length) {
        return ERR_INVALID_ARGS;
    }
    size_t count = length - offset < room ? length - offset : room;
    return trusty_memory_scatter(msg->iov, msg->num_iov, bytes + offset, count) ? (long)count
                                                                                : ERR_FAULT;
}

long read_msg(uint32_t handle, uint32_t msg_id, uint32_t offset, ipc_msg_t *message)
{
    size_t room;
    uint32_t handles[SYS_MSG_OBJECTS_MAX];
    if (!trusty_memory_readable(message, sizeof(*message))) {
        return ERR_FAULT;
    }
    const ipc_msg_t msg = *message;
    const uint8_t *bytes;
    size_t taken;
    bool array = trusty_memory_room(msg.iov, msg.num_iov, SYS_MSG_MAX, &room);
    if (array && msg.num_handles == 0 && trusty_local_message(handle, msg_id, &bytes, &taken)) {
        return message_read_local(&msg, offset, room, bytes, taken);
    }
    if (!array || msg.num_handles > SYS_MSG_OBJECTS_MAX) {
        /* Nothing is taken: only to hear what else is wrong. */
        int64_t result = trusty_call(SYS_READ, handle, msg_id, offset, 0, 0, 0);
        if (result < 0) {
            return result;
        }
        return array ? ERR_TOO_BIG : ERR_FAULT;
    }
    for (uint i = 0; i < SYS_MSG_OBJECTS_MAX; i++) {
        sys_page()->objects[i] = SYS_NO_HANDLE;
    }
    int64_t length = trusty_call(SYS_READ, handle, msg_id, offset, room, msg.num_handles, 0);
    if (length < 0) {
        return length;
    }
    memcpy(handles, sys_page()->objects, sizeof(handles));
    if ((size_t)length > room || !message_take(&msg, (size_t)length, handles)) {
        message_close_handles(handles, msg.num_handles);
        return ERR_FAULT;
    }
    return length;
}

long put_msg(uint32_t handle, uint32_t msg_id)
{
    if (trusty_local_put(handle, msg_id)) {
        return NO_ERROR;
    }
    return trusty_call(SYS_PUT, handle, msg_id, 0, 0, 0, 0);
}

/*
 * See trusty_local.h. The ring and the messages in it lie in the shared page; this side writes
 * entries, then raises post_head, and never touches an entry again that the kernel has not done.
 */
#include <sdk/trusty/trusty_local.h>
#include <string.h>
#include <uapi/err.h>

struct local_message {
    uint32_t id;
    uint32_t length;
    uint32_t offset; /* in local.bytes */
    bool open;       /* taken, not put */
};

static struct {
    /* Seen by the last wait, and forgotten with the next call. */
    uint32_t handle;
    uint32_t credit;
    uint32_t buffer_size;
    bool no_more; /* nothing waits after the messages shown; said once */
    /* What that wait was for and told of, if the same wait can be answered here. */
    bool repeats;
    uint32_t waited;
    uint32_t told; /* of so many messages */
    struct sys_event event;

    /* The messages that a wait showed. They stay as long as one is open. */
    uint32_t shown_handle;
    uint32_t next; /* the first not taken; the others are */
    uint32_t count;
    uint32_t num_open;
    struct local_message shown[SYS_SHOWN_MAX];
    uint8_t bytes[SYS_BUFFER_SIZE];
} local = {.handle = SYS_NO_HANDLE};

/* Where the next message to post goes, within out[]. */
static uint32_t local_free = SYS_POST_OFFSET;

void trusty_local_forget(void)
{
    local.handle = SYS_NO_HANDLE;
    local.credit = 0;
    local.no_more = false;
    local.repeats = false;
    local.count = local.next;
}

int64_t trusty_call(uint64_t nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                    uint64_t a5)
{
    trusty_local_forget();
    return sys_call(nr, a0, a1, a2, a3, a4, a5);
}

/* Keeps the messages: the page's next user overwrites them. */
static void local_keep(const struct sys_page *page, const struct sys_peek *peek)
{
    uint32_t end = 0;
    local.shown_handle = peek->handle;
    local.next = 0;
    local.count = 0;
    for (uint32_t i = 0; i < peek->count && i < SYS_SHOWN_MAX; i++) {
        const struct sys_shown *shown = &peek->shown[i];
        if (shown->length > sizeof(local.bytes) - end) {
            break;
        }
        local.shown[local.count++] =
            (struct local_message){.id = shown->id, .length = shown->length, .offset = end};
        memcpy(local.bytes + end, page->in + end, shown->length);
        end += SYS_SHOWN_STRIDE(shown->length);
    }
}

void trusty_local_learn(uint32_t waited)
{
    const struct sys_page *page = sys_page();
    const struct sys_peek peek = page->peek;
    trusty_local_forget();
    if (peek.handle == SYS_NO_HANDLE) {
        return;
    }
    local.handle = peek.handle;
    local.credit = peek.credit;
    local.buffer_size = peek.buffer_size;
    if (local.num_open != 0) {
        return; /* older messages have the room */
    }
    local_keep(page, &peek);
    local.no_more =
        local.count > 0 && local.count == peek.waiting && (page->event.event & SYS_EVENT_HUP) == 0;
    local.repeats = peek.alone != 0;
    local.waited = waited;
    local.told = 1;
    local.event = page->event;
    local.event.event &= SYS_EVENT_MSG | SYS_EVENT_HUP; /* the others come once */
}

bool trusty_local_wait(uint32_t waited)
{
    if (!local.repeats || waited != local.waited || local.next == local.count ||
        local.next < local.told) {
        return false;
    }
    local.told = local.next + 1;
    sys_page()->event = local.event;
    return true;
}

void trusty_local_close(uint32_t handle)
{
    if (local.shown_handle == handle) {
        local.next = 0;
        local.count = 0;
        local.num_open = 0;
    }
}

static uint32_t local_posts_left(const struct sys_page *page)
{
    uint32_t done = __atomic_load_n(&page->post_tail, __ATOMIC_ACQUIRE);
    if (done == page->post_head) {
        local_free = SYS_POST_OFFSET;
    }
    return SYS_POSTS - (page->post_head - done);
}

static void local_post(uint32_t kind, uint32_t handle, uint32_t value, uint32_t offset)
{
    struct sys_page *page = sys_page();
    page->post[page->post_head % SYS_POSTS] =
        (struct sys_post){.kind = kind, .handle = handle, .value = value, .offset = offset};
    __atomic_store_n(&page->post_head, page->post_head + 1, __ATOMIC_RELEASE);
}

bool trusty_local_get(uint32_t handle, ipc_msg_info_t *info, long *result)
{
    if (handle != local.handle) {
        return false;
    }
    if (local.next == local.count) {
        bool known = local.no_more;
        local.no_more = false;
        *result = ERR_NO_MSG;
        return known;
    }
    if (local_posts_left(sys_page()) == 0) {
        return false;
    }
    struct local_message *message = &local.shown[local.next++];
    local_post(SYS_POST_TAKE, handle, message->id, 0);
    message->open = true;
    local.num_open++;
    *info = (ipc_msg_info_t){.len = message->length, .id = message->id};
    *result = NO_ERROR;
    return true;
}

static struct local_message *local_open(uint32_t handle, uint32_t id)
{
    for (uint32_t i = 0; i < local.next && local.num_open > 0; i++) {
        if (local.shown[i].open && local.shown[i].id == id) {
            return handle == local.shown_handle ? &local.shown[i] : NULL;
        }
    }
    return NULL;
}

bool trusty_local_message(uint32_t handle, uint32_t id, const uint8_t **bytes, size_t *length)
{
    const struct local_message *message = local_open(handle, id);
    if (message == NULL) {
        return false;
    }
    *bytes = local.bytes + message->offset;
    *length = message->length;
    return true;
}

bool trusty_local_put(uint32_t handle, uint32_t id)
{
    struct local_message *message = local_open(handle, id);
    if (message == NULL) {
        return false;
    }
    message->open = false;
    local.num_open--;
    if (local_posts_left(sys_page()) == 0) {
        return false;
    }
    local_post(SYS_POST_PUT, handle, id, 0);
    return true;
}

bool trusty_local_reserve(uint32_t handle, size_t length, uint8_t **bytes)
{
    struct sys_page *page = sys_page();
    if (handle != local.handle || local.credit == 0 || local_posts_left(page) == 0 ||
        length > SYS_BUFFER_SIZE - local_free) {
        return false;
    }
    *bytes = page->out + local_free;
    return true;
}

long trusty_local_send(size_t length)
{
    size_t taken = length < local.buffer_size ? length : local.buffer_size;
    local_post(SYS_POST_SEND, local.handle, (uint32_t)taken, local_free);
    local_free += (uint32_t)((taken + 7) & ~(size_t)7);
    if (local_free > SYS_BUFFER_SIZE) {
        local_free = SYS_BUFFER_SIZE;
    }
    local.credit--;
    return (long)taken;
}

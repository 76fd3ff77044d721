/*
 * See trusty_local.h. The ring and the messages in it lie in the shared page; this side writes
 * entries, then raises post_head, and never touches an entry again that the kernel has not done.
 */
#include <sdk/trusty/trusty_local.h>
#include <string.h>
#include <uapi/err.h>

static struct {
    /* Seen by the last wait, and forgotten with the next call. */
    uint32_t handle;
    uint32_t credit;
    uint32_t buffer_size;
    bool next_seen; /* `id` is the next message, not taken */
    bool no_more;   /* nothing waits after it; said once */

    /* The message seen, or taken. */
    bool taken;
    uint32_t taken_handle;
    uint32_t id;
    size_t length;
    uint8_t bytes[SYS_MSG_MAX];
} local = {.handle = SYS_NO_HANDLE};

/* Where the next message to post goes, within out[]. */
static uint32_t local_free = SYS_POST_OFFSET;

void trusty_local_forget(void)
{
    local.handle = SYS_NO_HANDLE;
    local.credit = 0;
    local.next_seen = false;
    local.no_more = false;
}

int64_t trusty_call(uint64_t nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                    uint64_t a5)
{
    trusty_local_forget();
    return sys_call(nr, a0, a1, a2, a3, a4, a5);
}

void trusty_local_learn(void)
{
    struct sys_page *page = sys_page();
    const struct sys_peek peek = page->peek;
    trusty_local_forget();
    if (peek.handle == SYS_NO_HANDLE) {
        return;
    }
    local.handle = peek.handle;
    local.credit = peek.credit;
    local.buffer_size = peek.buffer_size;
    /* An older message that is still open has the buffer. */
    if (peek.id != 0 && !local.taken && peek.length <= sizeof(local.bytes)) {
        local.next_seen = true;
        local.no_more = peek.waiting == 1 && (page->event.event & SYS_EVENT_HUP) == 0;
        local.id = peek.id;
        local.length = peek.length;
        memcpy(local.bytes, page->in, peek.length);
    }
}

void trusty_local_close(uint32_t handle)
{
    if (local.taken && local.taken_handle == handle) {
        local.taken = false;
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
    if (!local.next_seen) {
        bool known = local.no_more;
        local.no_more = false;
        *result = ERR_NO_MSG;
        return known;
    }
    if (local_posts_left(sys_page()) == 0) {
        return false;
    }
    local_post(SYS_POST_TAKE, handle, local.id, 0);
    local.next_seen = false;
    local.taken = true;
    local.taken_handle = handle;
    *info = (ipc_msg_info_t){.len = local.length, .id = local.id};
    *result = NO_ERROR;
    return true;
}

bool trusty_local_message(uint32_t handle, uint32_t id, const uint8_t **bytes, size_t *length)
{
    if (!local.taken || handle != local.taken_handle || id != local.id) {
        return false;
    }
    *bytes = local.bytes;
    *length = local.length;
    return true;
}

bool trusty_local_put(uint32_t handle, uint32_t id)
{
    if (!local.taken || handle != local.taken_handle || id != local.id) {
        return false;
    }
    local.taken = false;
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

#include <kernel/decode/post.h>
#include <kernel/syscall/call.h>

/*
 * Posted calls (abi/syscall.h): the app's own bookkeeping carried out. What is wrong has no effect,
 * because nobody waits for an answer: an app that lies here only hurts itself.
 */

static void post_take(struct channel *channel, uint32_t id)
{
    struct message *message = NULL;
    if (list_empty(&channel->queue))
        return;
    message = LIST_OF(channel->queue.next, struct message, link);
    if (message->id != id || message->num_objects != 0)
        return;
    enum error error = channel_get(channel, &message);
    CHECK(error == E_OK);
}

static void post_put(struct channel *channel, uint32_t id)
{
    struct message *message = NULL;
    if (channel_find(channel, id, &message) == E_OK)
        channel_put(channel, message);
}

static void post_send(struct instance *instance, struct channel *channel, const struct post *post)
{
    struct message *message = NULL;
    uint32_t taken = 0;
    if (channel_reserve(channel, post->value, false, &message, &taken) != E_OK)
        return;
    __builtin_memcpy(message->data, port_app_page(instance->port_app)->out + post->offset, taken);
    (void)channel_send(channel, message, taken, NULL, 0);
    if (instance->serving == channel)
        instance_served(instance);
}

static void carry_out(struct instance *instance, const struct post *post)
{
    struct handle *handle = NULL;
    uint32_t right = post->kind == SYS_POST_SEND ? RIGHT_SEND : RIGHT_RECEIVE;
    if (handle_find_kind(&instance->handles, post->handle, OBJECT_CHANNEL, right, &handle) != E_OK)
        return;
    struct channel *channel = channel_of(handle->object);
    if (post->kind == SYS_POST_TAKE && instance_is_session(instance, handle->object))
        return;
    if (post->kind == SYS_POST_TAKE)
        post_take(channel, post->value);
    else if (post->kind == SYS_POST_PUT)
        post_put(channel, post->value);
    else
        post_send(instance, channel, post);
}

static void carry_out_until(struct instance *instance, struct sys_page *page, uint32_t head)
{
    /* More than there are places for is nonsense: then none counts. */
    if (head - instance->posts_done > SYS_POSTS)
        instance->posts_done = head;
    for (; instance->posts_done != head; instance->posts_done++) {
        const volatile struct sys_post *entry = &page->post[instance->posts_done % SYS_POSTS];
        struct sys_post copy = *entry;
        struct post post;
        if (decode_post(&copy, &post) == E_OK)
            carry_out(instance, &post);
    }
    __atomic_store_n(&page->post_tail, head, __ATOMIC_RELEASE);
}

void posts_run(struct instance *instance)
{
    struct sys_page *page = port_app_page(instance->port_app);
    uint32_t head = __atomic_load_n(&page->post_head, __ATOMIC_ACQUIRE);
    if (head != instance->posts_done)
        carry_out_until(instance, page, head);
}

/* Shows the next messages, `most` at most: as many as fit, up to the first that carries handles. */
static void show_messages(struct sys_page *page, const struct channel *channel, uint32_t most,
                          struct sys_peek *peek)
{
    uint32_t offset = 0;
    LIST_FOR_EACH (link, &channel->queue) {
        const struct message *message = LIST_OF(link, const struct message, link);
        if (peek->count == most || message->num_objects != 0 ||
            message->length > sizeof(page->in) - offset)
            return;
        __builtin_memcpy(page->in + offset, message->data, message->length);
        offset += SYS_SHOWN_STRIDE(message->length);
        peek->shown[peek->count++] =
            (struct sys_shown){.id = message->id, .length = message->length};
    }
}

void posts_peek(struct sys_page *page, uint32_t id, const struct object *object, bool alone)
{
    struct sys_peek peek = {.handle = SYS_NO_HANDLE};
    if (object->kind == OBJECT_CHANNEL) {
        const struct channel *channel = LIST_OF(object, const struct channel, object);
        peek.handle = id;
        peek.credit = channel_room(channel, &peek.buffer_size);
        peek.alone = alone;
        LIST_FOR_EACH (link, &channel->queue)
            peek.waiting++;
        show_messages(page, channel, alone ? SYS_SHOWN_MAX : 1, &peek);
    }
    page->peek = peek;
}

bool posts_shows_many(const struct object *object, uint64_t flags)
{
    if ((flags & SYS_WAIT_PEEK) == 0 || object->kind != OBJECT_CHANNEL)
        return false;
    const struct channel *channel = LIST_OF(object, const struct channel, object);
    return channel->queue.next != channel->queue.prev;
}

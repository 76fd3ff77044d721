#include <kernel/app/instance.h>
#include <kernel/sched/log.h>
#include <port/kernel.h>

/*
 * The Trusty gate: programs of the normal world that connect to named ports. A message crosses as it
 * is; the client's end of the channel belongs to the gate. Waiting for messages and for room is the
 * port's affair, which is told when there is something new.
 */

/* Both queues of the largest port there may be, and some. */
#define TIPC_ACCOUNT_BYTES (UINT64_C(1) << 20)

struct tipc_channel {
    struct channel *channel; /* the client's end; a handle */
    struct account *account;
    struct watch watch;
    struct tipc_listener listener;
    bool wants_room; /* the last send was refused */
    bool dropped;    /* handles for the normal world; told once: an app cannot fill the log so */
};

/* The thread that has to run so that something comes on the channel; NULL: nobody knows. */
static struct thread *thread_behind(const struct channel *channel)
{
    return instance_worker(instance_behind(channel));
}

/* A connection that is being made. Lives on its caller's stack. */
struct connecting {
    struct channel *channel;
    struct donor donor;
    struct watch watch;
    struct timer timer;
    bool expired;
};

static void connecting_changed(struct watch *watch)
{
    donor_wake(&LIST_OF(watch, struct connecting, watch)->donor);
}

static void connecting_expired(struct timer *timer)
{
    struct connecting *connecting = LIST_OF(timer, struct connecting, timer);
    connecting->expired = true;
    donor_wake(&connecting->donor);
}

static bool connecting_done(void *context)
{
    const struct connecting *connecting = context;
    return connecting->expired || connecting->channel->state != CHANNEL_CONNECTING;
}

static struct thread *connecting_target(void *context)
{
    const struct connecting *connecting = context;
    return thread_behind(connecting->channel);
}

/* Waits until the server has accepted, or will not any more. */
static enum error await_acceptance(struct channel *channel, uint64_t deadline_ns,
                                   struct kernel_lock *lock)
{
    struct connecting connecting = {.channel = channel};
    const struct donor_call wait = {
        .done = connecting_done, .target = connecting_target, .context = &connecting};
    donor_init(&connecting.donor);
    timer_init(&connecting.timer, connecting_expired);
    timer_set(&connecting.timer, deadline_ns);
    list_init(&connecting.watch.link);
    object_watch(&channel->object, &connecting.watch, connecting_changed);
    donor_run(&connecting.donor, &wait, lock);
    object_unwatch(&connecting.watch);
    timer_cancel(&connecting.timer);
    channel->ready = false;
    if (channel->state == CHANNEL_CONNECTING)
        return E_TIMED_OUT;
    /* Accepted and closed at once is a connection as long as a message waits. */
    return channel->state == CHANNEL_SHUT && list_empty(&channel->queue) ? E_CLOSED : E_OK;
}

static void channel_changed(struct watch *watch)
{
    const struct tipc_channel *tipc = LIST_OF(watch, struct tipc_channel, watch);
    tipc->listener.changed(tipc->listener.context);
}

/* An app that was started for its port. Lives on its caller's stack. */
struct starting {
    const char *name;
    size_t length;
    struct instance *instance;
    struct donor donor;
    struct watch watch;
    struct timer timer;
    bool expired;
};

static void starting_changed(struct watch *watch)
{
    donor_wake(&LIST_OF(watch, struct starting, watch)->donor);
}

static void starting_expired(struct timer *timer)
{
    struct starting *starting = LIST_OF(timer, struct starting, timer);
    starting->expired = true;
    donor_wake(&starting->donor);
}

static bool starting_done(void *context)
{
    const struct starting *starting = context;
    return starting->expired || !instance_alive(starting->instance) ||
           port_object_find(starting->name, starting->length) != NULL;
}

static struct thread *starting_target(void *context)
{
    const struct starting *starting = context;
    return &starting->instance->thread;
}

/* Starts the app whose port it is, and waits for the port. */
static enum error start_app(const char *name, size_t length, uint64_t deadline_ns,
                            struct kernel_lock *lock)
{
    struct starting starting = {.name = name, .length = length};
    const struct donor_call wait = {
        .done = starting_done, .target = starting_target, .context = &starting};
    enum error error =
        app_start_for_port(name, length, SYS_PORT_ALLOW_NS, lock, &starting.instance);
    if (error != E_OK)
        return error;
    donor_init(&starting.donor);
    timer_init(&starting.timer, starting_expired);
    timer_set(&starting.timer, deadline_ns);
    port_object_watch_new(&starting.watch, starting_changed);
    donor_run(&starting.donor, &wait, lock);
    object_unwatch(&starting.watch);
    timer_cancel(&starting.timer);
    error = starting.expired ? E_TIMED_OUT : instance_alive(starting.instance) ? E_OK : E_CLOSED;
    instance_put(starting.instance);
    return error;
}

static enum error find_port(const char *name, size_t length, uint64_t deadline_ns,
                            struct kernel_lock *lock, struct port_object **out)
{
    *out = port_object_find(name, length);
    if (*out == NULL && length > 0 && length < SYS_PATH_MAX) {
        enum error error = start_app(name, length, deadline_ns, lock);
        if (error != E_OK)
            return error;
        *out = port_object_find(name, length);
    }
    if (*out == NULL)
        return E_NOT_FOUND;
    return ((*out)->flags & SYS_PORT_ALLOW_NS) == 0 ? E_ACCESS_DENIED : E_OK;
}

static enum error connect_channel(const char *name, size_t length, uint64_t timeout_ns,
                                  struct tipc_channel *tipc, struct tipc_limits *limits)
{
    static const uint8_t normal_world[16];
    const uint64_t deadline_ns = timer_after(port_clock_ns(), timeout_ns);
    struct port_object *port = NULL;
    KERNEL_LOCKED(lock);
    enum error error = find_port(name, length, deadline_ns, &lock, &port);
    if (error != E_OK)
        return error;
    limits->buffer_size = port->buffer_size;
    limits->num_buffers = port->num_buffers;
    error = port_object_connect(port, tipc->account, normal_world, &tipc->channel);
    if (error != E_OK)
        return error;
    error = await_acceptance(tipc->channel, deadline_ns, &lock);
    if (error == E_OK)
        object_watch(&tipc->channel->object, &tipc->watch, channel_changed);
    else
        object_close(&tipc->channel->object);
    return error;
}

enum error tipc_connect(const char *name, size_t length, uint64_t timeout_ns,
                        const struct tipc_listener *listener, struct tipc_limits *limits,
                        struct tipc_channel **out)
{
    struct tipc_channel *tipc = port_alloc(sizeof(*tipc));
    if (tipc == NULL)
        return E_NO_MEMORY;
    list_init(&tipc->watch.link);
    tipc->listener = *listener;
    tipc->account = account_create(TIPC_ACCOUNT_BYTES);
    enum error error = tipc->account == NULL
                           ? E_NO_MEMORY
                           : connect_channel(name, length, timeout_ns, tipc, limits);
    if (error == E_OK) {
        *out = tipc;
        return E_OK;
    }
    KERNEL_LOCKED(lock);
    if (tipc->account != NULL)
        account_release(tipc->account);
    port_free(tipc);
    return error;
}

void tipc_close(struct tipc_channel *tipc)
{
    KERNEL_LOCKED(lock);
    object_unwatch(&tipc->watch);
    object_close(&tipc->channel->object);
    account_release(tipc->account);
    port_free(tipc);
}

/* What travels with a message: memory objects of the normal world's memory. */
struct cargo_list {
    struct channel_cargo item[TIPC_MEMORY_MAX];
    size_t count;
};

static void destroy_memory(struct port_mem *const *memory, size_t num_memory)
{
    for (size_t i = 0; i < num_memory; i++)
        port_mem_destroy(memory[i]);
}

static void drop_cargo(struct cargo_list *cargo)
{
    for (size_t i = 0; i < cargo->count; i++)
        object_put(cargo->item[i].object);
    cargo->count = 0;
}

/* Wraps the memory, which is the objects' from here on. On failure none of it is left. */
static enum error make_cargo(struct port_mem *const *memory, size_t num_memory,
                             struct cargo_list *cargo)
{
    for (size_t i = 0; i < num_memory; i++) {
        struct memory *object = NULL;
        enum error error = memory_create(memory[i], NULL, &object);
        if (error != E_OK) {
            destroy_memory(memory + i, num_memory - i);
            drop_cargo(cargo);
            return error;
        }
        cargo->item[cargo->count++] = (struct channel_cargo){
            .object = &object->object,
            .rights = RIGHTS_MEMORY,
        };
    }
    return E_OK;
}

enum error tipc_send(struct tipc_channel *tipc, const uint8_t *bytes, size_t length,
                     struct port_mem *const *memory, size_t num_memory)
{
    struct message *message = NULL;
    struct cargo_list cargo = {.count = 0};
    uint32_t taken = 0;
    uint32_t offered = length < SYS_MSG_MAX ? (uint32_t)length : SYS_MSG_MAX;
    KERNEL_LOCKED(lock);
    tipc->channel->send_unblocked = false;
    enum error error = num_memory > TIPC_MEMORY_MAX
                           ? E_TOO_BIG
                           : channel_reserve(tipc->channel, offered, false, &message, &taken);
    tipc->wants_room = error == E_QUEUE_FULL;
    if (error != E_OK && error != E_QUEUE_FULL)
        destroy_memory(memory, num_memory);
    if (error == E_OK)
        error = make_cargo(memory, num_memory, &cargo);
    if (error != E_OK)
        return error;
    __builtin_memcpy(message->data, bytes, taken);
    (void)channel_send(tipc->channel, message, taken, cargo.item, (uint32_t)cargo.count);
    drop_cargo(&cargo); /* the message has its own handles */
    return E_OK;
}

enum error tipc_receive(struct tipc_channel *tipc, uint8_t *bytes, size_t room, size_t *length)
{
    struct message *message = NULL;
    KERNEL_LOCKED(lock);
    enum error error = channel_get(tipc->channel, &message);
    if (error != E_OK)
        return error;
    if (message->num_objects > 0 && !tipc->dropped)
        log_line(SYS_LOG_WARN, "%u handles for the normal world: dropped", message->num_objects);
    tipc->dropped = tipc->dropped || message->num_objects > 0;
    *length = message->length < room ? message->length : room;
    __builtin_memcpy(bytes, message->data, *length);
    channel_put(tipc->channel, message);
    return E_OK;
}

/* A processor lent to the service. */
struct run {
    const struct tipc_channel *tipc;
    uint64_t patience_ns; /* from then on the first message that came ends it */
    uint64_t end_ns;      /* and then whatever the service does */
    uint32_t turns;
    bool over; /* that is so */
};

/* So long a message may wait for others, so that many cost little each. */
#define RUN_PATIENCE_NS UINT64_C(50000)
/* A service that answers nothing goes on without this processor, which sees meanwhile whether its client is
 * still there. It is asked now and then only: the clock costs time. */
#define RUN_LIMIT_NS UINT64_C(10000000)
#define RUN_TURNS 16u

static bool service_has_input(const struct channel *channel)
{
    return channel->peer != NULL && !list_empty(&channel->peer->queue);
}

static bool queue_is_full(const struct channel *channel)
{
    for (uint32_t i = 0; i < channel->num_buffers; i++)
        if (channel->messages[i].state == MESSAGE_FREE)
            return false;
    return true;
}

/* Something came for the channel's user, or the service has nothing to do. */
static bool run_done(void *context)
{
    struct run *run = context;
    const struct channel *channel = run->tipc->channel;
    if (channel->peer == NULL || (run->tipc->wants_room && channel->send_unblocked))
        return true;
    if (!list_empty(&channel->queue) && (!service_has_input(channel) || queue_is_full(channel) ||
                                         port_clock_ns() > run->patience_ns))
        return true;
    run->over = run->over || (++run->turns % RUN_TURNS == 0 && port_clock_ns() > run->end_ns);
    if (run->over)
        return true;
    const struct thread *thread = thread_behind(channel);
    return thread == NULL || thread->state != THREAD_READY;
}

static struct thread *run_target(void *context)
{
    const struct run *run = context;
    return thread_behind(run->tipc->channel);
}

bool tipc_run(struct tipc_channel *tipc)
{
    uint64_t now_ns = port_clock_ns();
    struct run run = {.tipc = tipc,
                      .patience_ns = timer_after(now_ns, RUN_PATIENCE_NS),
                      .end_ns = timer_after(now_ns, RUN_LIMIT_NS)};
    const struct donor_call call = {.done = run_done, .target = run_target, .context = &run};
    struct donor donor;
    KERNEL_LOCKED(lock);
    donor_init(&donor);
    donor_run(&donor, &call, &lock);
    const struct thread *thread = run_target(&run);
    return service_has_input(tipc->channel) && thread != NULL && thread->state == THREAD_READY;
}

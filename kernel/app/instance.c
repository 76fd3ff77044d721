#include <kernel/app/instance.h>
#include <kernel/sched/log.h>
#include <lib/version.h>

static uint32_t last_number;
static uint32_t num_instances;

/* Those that end or are about to, until what they had is free; and how many wait for that. */
static struct list ending;
static uint32_t num_waiting;
static uint64_t num_ended;

void instance_start_all(void)
{
    list_init(&ending);
    num_waiting = 0;
}

static void begin_to_end(struct instance *instance)
{
    if (list_empty(&instance->ending_link))
        list_append(&ending, &instance->ending_link);
}

static void grace_expired(struct timer *timer)
{
    struct instance *instance = LIST_OF(timer, struct instance, grace);
    instance_kill(instance, instance->grace_reason);
}

static void let_go_expired(struct timer *timer)
{
    struct instance *instance = LIST_OF(timer, struct instance, let_go);
    instance_kill(instance, "did not let go of memory that its owner released");
}

static void wait_expired(struct timer *timer)
{
    struct instance *instance = LIST_OF(timer, struct instance, wait_timer);
    instance->wait_expired = true;
    thread_wake(&instance->thread);
}

static uint32_t start_flags(const struct app *app)
{
    return (app->manifest.single_instance ? SYS_START_SINGLE_INSTANCE : 0) |
           (app->manifest.multi_session ? SYS_START_MULTI_SESSION : 0) |
           (app->manifest.keep_alive ? SYS_START_KEEP_ALIVE : 0) |
           (app->development ? SYS_START_DEVELOPMENT : 0);
}

static enum error create_port_app(struct instance *instance, struct app *app)
{
    struct port_app_config config = {
        .image = app->image,
        .start =
            {
                .abi = SYS_ABI,
                .flags = start_flags(app),
                .heap_size = app->manifest.heap_size,
                .stack_size = app->manifest.stack_size,
                .version = app->version,
                .kernel_version = POSTERN_VERSION,
            },
        .development = app->development,
        .owner = instance,
    };
    for (size_t i = 0; i < sizeof(config.start.uuid); i++)
        config.start.uuid[i] = app->uuid[i];
    enum error error = port_random(&config.start.seed, sizeof(config.start.seed));
    if (error != E_OK)
        return error;
    key_device_uuid(config.start.device_uuid);
    return port_app_create(&config, &instance->port_app);
}

static enum error create_objects(struct instance *instance, struct app *app)
{
    instance->account = account_create(ACCOUNT_APP_BYTES + app->manifest.heap_size);
    if (instance->account == NULL)
        return E_NO_MEMORY;
    struct port_config config = {
        .owner_uuid = app->uuid,
        .flags = SYS_PORT_ALLOW_TA | SYS_PORT_ALLOW_NS,
        .num_buffers = 1,
        .buffer_size = INSTANCE_SERVICE_BUFFER,
    };
    enum error error = port_object_create(&config, &instance->service);
    if (error != E_OK)
        return error;
    object_open(&instance->service->object);
    object_put(&instance->service->object);
    return E_OK;
}

static void free_instance(struct instance *instance)
{
    account_release(instance->account);
    port_free(instance);
}

enum error instance_create(struct app *app, struct kernel_lock *lock, struct instance **out)
{
    if (num_instances >= APP_INSTANCES_MAX || app->num_instances >= app->manifest.max_instances)
        return E_SESSION_MAXIMUM;
    struct instance *instance = port_alloc(sizeof(*instance));
    if (instance == NULL)
        return E_NO_MEMORY;
    refcount_init(&instance->references);
    list_init(&instance->app_link);
    list_init(&instance->ending_link);
    list_init(&instance->wait_watch.link);
    list_init(&instance->mappings);
    timer_init(&instance->grace, grace_expired);
    timer_init(&instance->let_go, let_go_expired);
    timer_init(&instance->wait_timer, wait_expired);
    handle_table_init(&instance->handles, &instance->thread);
    enum error error = create_objects(instance, app);
    if (error != E_OK) {
        free_instance(instance);
        return error;
    }
    num_instances++;
    app->num_instances++;
    kernel_unlock(lock);
    error = create_port_app(instance, app);
    kernel_relock(lock);
    if (error != E_OK) {
        if (error != E_NO_MEMORY) /* with which the caller may try again */
            log_line(SYS_LOG_ERROR, "app %U: cannot be started: %e", app->uuid, error);
        num_instances--;
        app->num_instances--;
        object_close(&instance->service->object);
        free_instance(instance);
        return error;
    }
    instance->app = app;
    app_get(app);
    instance->number = ++last_number;
    list_append(&app->instances, &instance->app_link);
    instance_get(instance); /* the thread's own */
    thread_init(&instance->thread, instance->port_app);
    log_line(SYS_LOG_DEBUG, "app %U #%u: started", app->uuid, instance->number);
    *out = instance;
    return E_OK;
}

void instance_get(struct instance *instance)
{
    refcount_get(&instance->references);
}

void instance_put(struct instance *instance)
{
    if (refcount_put(&instance->references))
        free_instance(instance);
}

void instance_kill(struct instance *instance, const char *reason)
{
    if (instance->dying || instance->kill_reason != NULL)
        return;
    instance->kill_reason = reason;
    begin_to_end(instance);
    port_app_kill(instance->port_app);
    /* Whoever runs it finds it gone. */
    thread_poke(&instance->thread);
    thread_offer_rest();
}

void instance_retire(struct instance *instance)
{
    instance->retired = true;
    begin_to_end(instance);
}

void instance_session_over(struct instance *instance)
{
    if (instance_alive(instance) && instance->service->connections == 0 &&
        !instance->app->manifest.keep_alive)
        begin_to_end(instance);
}

void instance_serve(struct instance *instance, struct channel *channel)
{
    instance->serving = channel;
    object_get(&channel->object);
    instance->transaction++;
    instance->num_lent = 0;
    if (instance->cancelled)
        port_app_set_cancel(instance->port_app, false);
    instance->cancelled = false;
}

inline void instance_served(struct instance *instance)
{
    if (instance->serving == NULL)
        return;
    struct channel *channel = instance->serving;
    instance->serving = NULL;
    timer_cancel(&instance->grace);
    for (uint32_t i = 0; i < instance->num_lent; i++)
        mapping_return(instance->lent[i]);
    instance->num_lent = 0;
    object_put(&channel->object);
}

uint64_t instance_cancel_grace(const struct instance *instance)
{
    return (uint64_t)instance->app->manifest.cancel_grace_ms * 1000000u;
}

bool instance_cancel(struct instance *instance, const struct channel *client, uint64_t grace_ns)
{
    if (instance->dying || instance->serving == NULL || client->peer != instance->serving)
        return false;
    instance->cancelled = true;
    port_app_set_cancel(instance->port_app, true);
    thread_wake(&instance->thread);
    uint64_t deadline = timer_after(port_clock_ns(), grace_ns);
    if (grace_ns != 0 &&
        (!timer_armed(&instance->grace) || deadline < instance->grace.deadline_ns)) {
        instance->grace_reason = "did not answer a cancelled call in time";
        timer_set(&instance->grace, deadline);
    }
    return true;
}

inline void instance_wait_over(struct instance *instance)
{
    instance->handles.waiting = HANDLE_WAIT_NONE;
    timer_cancel(&instance->wait_timer);
    instance->wait_expired = false;
    instance->replied = false;
    object_unwatch(&instance->wait_watch);
    if (instance->starting != NULL)
        instance_put(instance->starting);
    instance->starting = NULL;
    if (instance->connecting == NULL)
        return;
    struct channel *channel = instance->connecting;
    instance->connecting = NULL;
    object_close(&channel->object);
}

/* The longest chain of apps that wait for each other which a donor follows. */
#define CHAIN_MAX 8u

struct thread *instance_behind(const struct channel *channel)
{
    const struct channel *peer = channel->peer;
    if (peer == NULL)
        return NULL;
    struct thread *thread = handle_holder(&peer->object);
    if (thread == NULL && peer->port != NULL)
        thread = handle_holder(&peer->port->object);
    return thread;
}

/* The thread that would have to run so that this one, which is blocked, can go on; NULL: not
 * known. */
static struct thread *waits_for(struct thread *thread)
{
    const struct instance *instance = instance_of_thread(thread);
    const struct channel *channel = instance->connecting;
    if (channel == NULL && instance->starting != NULL)
        return instance->starting->dying ? NULL : &instance->starting->thread;
    if (channel == NULL && instance->handles.waiting == HANDLE_WAIT_ONE &&
        instance->handles.waits_for->kind == OBJECT_CHANNEL)
        channel = LIST_OF(instance->handles.waits_for, const struct channel, object);
    struct thread *behind = channel == NULL ? NULL : instance_behind(channel);
    return behind == thread ? NULL : behind;
}

struct thread *instance_worker(struct thread *thread)
{
    for (uint32_t depth = 0; thread != NULL && depth < CHAIN_MAX && thread->state == THREAD_BLOCKED;
         depth++) {
        struct thread *next = waits_for(thread);
        if (next == NULL)
            break;
        thread = next;
    }
    return thread != NULL && thread->state == THREAD_DEAD ? NULL : thread;
}

void instance_end(struct instance *instance, const char *how, bool failed)
{
    struct app *app = instance->app;
    if (instance->kill_reason != NULL)
        how = instance->kill_reason;
    log_line(failed || instance->kill_reason != NULL ? SYS_LOG_ERROR : SYS_LOG_DEBUG,
             "app %U #%u%s%.*s: ended: %s", app->uuid, instance->number,
             app->manifest.name != NULL ? " " : "", (int)app->manifest.name_length,
             app->manifest.name != NULL ? app->manifest.name : "", how);
    instance->dying = true;
    begin_to_end(instance);
    timer_cancel(&instance->grace);
    timer_cancel(&instance->let_go);
    list_remove(&instance->app_link);
    app->num_instances--;
    num_instances--;
    instance_wait_over(instance);
    instance_served(instance);
    object_close(&instance->service->object);
    instance->service = NULL;
    handle_table_close_all(&instance->handles);
    handle_table_free_chunks(&instance->handles);
    mapping_forget_all(instance);
    port_object_give_up(instance);
    app_instance_ended(app, failed || instance->kill_reason != NULL);
}

struct end_wait {
    struct donor *donor;
    struct timer timer;
    const bool *gives_up;
    uint64_t ended_before;
    bool expired;
};

static bool end_wait_done(void *context)
{
    const struct end_wait *wait = context;
    return num_ended != wait->ended_before || wait->expired || *wait->gives_up;
}

static struct thread *end_wait_target(void *context)
{
    (void)context;
    LIST_FOR_EACH (link, &ending) {
        struct thread *thread = &LIST_OF(link, struct instance, ending_link)->thread;
        if (thread->state == THREAD_READY)
            return thread;
    }
    return NULL;
}

static void end_wait_expired(struct timer *timer)
{
    struct end_wait *wait = LIST_OF(timer, struct end_wait, timer);
    wait->expired = true;
    donor_wake(wait->donor);
}

uint64_t instance_num_ended(void)
{
    return num_ended;
}

bool instance_await_end(struct donor *donor, uint64_t before, const bool *gives_up,
                        struct kernel_lock *lock)
{
    struct end_wait wait = {.donor = donor, .gives_up = gives_up, .ended_before = before};
    const struct donor_call call = {
        .done = end_wait_done, .target = end_wait_target, .context = &wait};
    thread_run_rest(false, lock); /* some may be about to find that they are not needed any more */
    if (list_empty(&ending))
        return num_ended != wait.ended_before;
    timer_init(&wait.timer, end_wait_expired);
    timer_set(&wait.timer, timer_after(port_clock_ns(), INSTANCE_LET_GO_NS));
    num_waiting++;
    if (!end_wait_done(&wait)) /* donor_run, but that is kept for where time counts */
        donor_lend(donor, &call, lock);
    num_waiting--;
    timer_cancel(&wait.timer);
    return num_ended != wait.ended_before && !*gives_up;
}

void thread_finished(struct thread *thread)
{
    struct instance *instance = instance_of_thread(thread);
    port_app_destroy(instance->port_app);
    KERNEL_LOCKED(lock);
    list_remove(&instance->ending_link);
    num_ended++;
    if (num_waiting > 0)
        donor_wake_all();
    struct app *app = instance->app;
    instance->port_app = NULL;
    instance->app = NULL;
    app_put(app, &lock);
    instance_put(instance);
}

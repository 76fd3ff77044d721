#include <kernel/app/app.h>
#include <kernel/app/fetch.h>
#include <kernel/app/instance.h>
#include <kernel/app/verify.h>
#include <kernel/sched/log.h>
#include <lib/uuid.h>

static struct list registry;
static uint32_t num_registered;

/* Apps that are being fetched or started just now; others who want the same one wait here. */
static struct list loading;

struct loading {
    struct list link;
    const uint8_t *uuid;
    struct list sleepers;
};

struct sleeper {
    struct list link;
    struct port_waiter waiter;
};

void app_start_all(void)
{
    list_init(&registry);
    list_init(&loading);
    num_registered = 0;
}

static struct loading *find_loading(const uint8_t uuid[16])
{
    LIST_FOR_EACH (link, &loading) {
        struct loading *entry = LIST_OF(link, struct loading, link);
        if (uuid_equal(entry->uuid, uuid))
            return entry;
    }
    return NULL;
}

static void loading_begin(struct loading *entry, const uint8_t uuid[16], struct kernel_lock *lock)
{
    for (struct loading *other = find_loading(uuid); other != NULL; other = find_loading(uuid)) {
        struct sleeper sleeper;
        port_waiter_init(&sleeper.waiter);
        list_append(&other->sleepers, &sleeper.link);
        lock->held = false;
        port_block(&sleeper.waiter);
        lock->held = true;
        list_remove(&sleeper.link);
    }
    entry->uuid = uuid;
    list_init(&entry->sleepers);
    list_append(&loading, &entry->link);
}

static void loading_end(struct loading *entry)
{
    list_remove(&entry->link);
    for (struct list *link = list_take_first(&entry->sleepers); link != NULL;
         link = list_take_first(&entry->sleepers))
        port_wake(&LIST_OF(link, struct sleeper, link)->waiter);
}

void app_get(struct app *app)
{
    app->users++;
}

/* Not before so long, so that an app that ends at once does not keep the machine busy. */
#define RESTART_CLEAN_NS UINT64_C(10000000)
#define RESTART_FAILED_NS UINT64_C(5000000000)

static void restart_expired(struct timer *timer)
{
    LIST_OF(timer, struct app, restart)->restart_due = true;
    port_kick();
}

void app_instance_ended(struct app *app, bool failed)
{
    enum manifest_restart wish = app->manifest.restart;
    if (app->stale || app->num_instances > 0 || wish == MANIFEST_RESTART_NEVER ||
        (wish == MANIFEST_RESTART_FAILURE && !failed))
        return;
    timer_set(&app->restart,
              timer_after(port_clock_ns(), failed ? RESTART_FAILED_NS : RESTART_CLEAN_NS));
}

/* Takes it out of the registry; it is freed when nobody uses it. */
static void unregister(struct app *app)
{
    if (app->stale)
        return;
    timer_cancel(&app->restart);
    app->restart_due = false;
    app->stale = true;
    list_remove(&app->link);
    num_registered--;
}

void app_put(struct app *app, struct kernel_lock *lock)
{
    CHECK(app->users > 0);
    app->users--;
    if (app->users > 0)
        return;
    /* What one client brought along is nobody else's business. */
    if (app->offered)
        unregister(app);
    if (!app->stale)
        return;
    kernel_unlock(lock);
    verify_free(app);
    kernel_relock(lock);
}

static struct app *find(const uint8_t uuid[16])
{
    LIST_FOR_EACH (link, &registry) {
        struct app *app = LIST_OF(link, struct app, link);
        if (uuid_equal(app->uuid, uuid))
            return app;
    }
    return NULL;
}

/* Forgets the version that was loaded longest ago of those that nobody uses, and that are not to be started
 * again. False: there is none. */
static bool forget_unused(struct kernel_lock *lock)
{
    LIST_FOR_EACH (link, &registry) {
        struct app *app = LIST_OF(link, struct app, link);
        if (app->users > 0 || app->restart_due || timer_armed(&app->restart))
            continue;
        app_get(app);
        unregister(app);
        app_put(app, lock);
        return true;
    }
    return false;
}

/* An unused one goes when there are too many, and all, the oldest first, while memory is short. */
static void make_room(struct kernel_lock *lock)
{
    if (num_registered >= APP_CACHED_MAX)
        (void)forget_unused(lock);
    while (port_memory_low() && forget_unused(lock)) {
    }
}

static enum error fetch_and_verify(const uint8_t uuid[16], const struct app_caller *caller,
                                   struct app **out)
{
    struct app_stamp stamp = {0};
    uint8_t *fetched = NULL;
    struct app_package package;
    if (caller->offered != NULL) {
        package = *caller->offered;
    } else {
        fetch_stamp(uuid, &stamp);
        enum error error = fetch_package(uuid, &fetched, &package.size);
        if (error != E_OK) {
            if (error != E_NOT_FOUND)
                log_client_line(SYS_LOG_ERROR, "app %U: cannot be fetched: %e", uuid, error);
            return error;
        }
        package.bytes = fetched;
    }
    enum error error = verify_package(uuid, &package, out);
    port_free(fetched);
    if (error == E_OK) {
        (*out)->stamp = stamp;
        (*out)->checked_ns = port_clock_ns();
        (*out)->offered = caller->offered != NULL;
    }
    return error;
}

static bool same_stamp(const struct app_stamp *a, const struct app_stamp *b)
{
    return a->known && b->known && a->number[0] == b->number[0] && a->number[1] == b->number[1] &&
           a->number[2] == b->number[2];
}

/* Whether a verified version without instances is still the one to start. */
static bool is_current(struct app *app, const struct app_caller *caller, struct kernel_lock *lock)
{
    if (caller->offered != NULL)
        return false;
    struct app_stamp stamp;
    kernel_unlock(lock);
    fetch_stamp(app->uuid, &stamp);
    kernel_relock(lock);
    /* Without an answer the verified one is the best there is. */
    return !stamp.known || same_stamp(&stamp, &app->stamp);
}

static struct instance *living_instance(struct app *app)
{
    LIST_FOR_EACH (link, &app->instances) {
        struct instance *instance = LIST_OF(link, struct instance, app_link);
        if (instance_alive(instance))
            return instance;
    }
    return NULL;
}

static uint32_t session_count(const struct instance *instance)
{
    return instance->service->connections;
}

/* A version was superseded: what it keeps alive without sessions ends. */
static void end_unused_instances(struct app *app)
{
    LIST_FOR_EACH (link, &app->instances) {
        struct instance *instance = LIST_OF(link, struct instance, app_link);
        if (session_count(instance) == 0 && instance_alive(instance))
            instance_kill(instance, "replaced by another version");
    }
}

/* Cold: it is small rather than fast. */
__attribute__((cold)) static enum error load(const uint8_t uuid[16],
                                             const struct app_caller *caller,
                                             struct kernel_lock *lock, struct app **out)
{
    struct app *fresh = NULL;
    enum error error;
    /* What is kept only to be quick next time gives way to what is wanted now. */
    do {
        kernel_unlock(lock);
        error = fetch_and_verify(uuid, caller, &fresh);
        kernel_relock(lock);
    } while (error == E_NO_MEMORY && forget_unused(lock));
    if (error != E_OK)
        return error;
    struct app *old = find(uuid);
    if (old != NULL) {
        app_get(old);
        unregister(old);
        end_unused_instances(old);
        app_put(old, lock);
    }
    make_room(lock);
    timer_init(&fresh->restart, restart_expired);
    list_append(&registry, &fresh->link);
    num_registered++;
    log_line(SYS_LOG_INFO, "app %U: verified, version %u.%u.%u%s", fresh->uuid,
             fresh->version >> 20, fresh->version >> 10 & 1023u, fresh->version & 1023u,
             fresh->development ? ", development form" : "");
    *out = fresh;
    return E_OK;
}

/* Whether new sessions go to this version. One that has instances is asked about now and then only:
 * an open of a loaded app shall not cost a question to the normal world each time. The one instance
 * of an app that may have no second one serves as long as it has sessions. */
static bool is_usable(struct app *app, const struct app_caller *caller, struct kernel_lock *lock)
{
    if (app->stale)
        return false;
    uint64_t now = port_clock_ns();
    if (app->num_instances > 0) {
        struct instance *living = app->manifest.single_instance ? living_instance(app) : NULL;
        if (living != NULL && session_count(living) > 0)
            return true;
        if (caller->offered == NULL && now - app->checked_ns < APP_CHECK_NS)
            return true;
        if (caller->offered != NULL && living_instance(app) != NULL)
            return true;
    }
    app->checked_ns = now;
    return is_current(app, caller, lock) && !app->stale;
}

/* The app to serve this caller, with one use; loaded where needed. */
static enum error obtain(const uint8_t uuid[16], const struct app_caller *caller,
                         struct kernel_lock *lock, struct app **out)
{
    struct app *app = find(uuid);
    if (app != NULL) {
        app_get(app);
        if (is_usable(app, caller, lock)) {
            *out = app;
            return E_OK;
        }
        app_put(app, lock);
    }
    enum error error = load(uuid, caller, lock, &app);
    if (error != E_OK)
        return error;
    app_get(app);
    *out = app;
    return E_OK;
}

/* A fresh instance, for which unused apps give way. */
COLD static enum error start_instance(struct app *app, struct kernel_lock *lock,
                                      struct instance **out)
{
    enum error error;
    make_room(lock);
    do {
        error = instance_create(app, lock, out);
    } while (error == E_NO_MEMORY && forget_unused(lock));
    return error;
}

/* The instance that the manifest's policy names, with one reference. */
static enum error choose_instance(struct app *app, struct kernel_lock *lock, struct instance **out)
{
    struct instance *instance = app->manifest.single_instance ? living_instance(app) : NULL;
    if (instance == NULL)
        return start_instance(app, lock, out);
    uint32_t sessions = session_count(instance);
    if (sessions > 0 && !app->manifest.multi_session)
        return E_BUSY;
    if (sessions >= app->manifest.max_sessions)
        return E_SESSION_MAXIMUM;
    instance_get(instance);
    *out = instance;
    return E_OK;
}

static enum error connect_to(struct instance *instance, const struct app_caller *caller,
                             struct channel **channel)
{
    if (!instance_alive(instance))
        return E_DEAD;
    if (!instance->service_open && instance->handles.waiting != HANDLE_WAIT_NONE)
        return E_NOT_SUPPORTED;
    enum error error =
        handle_reserve_sessions(&instance->handles, port_object_pending(instance->service) + 1);
    if (error != E_OK)
        return error == E_NO_RESOURCES ? E_SESSION_MAXIMUM : error;
    error = port_object_connect(instance->service, caller->account, caller->uuid, channel);
    if (error == E_OK)
        list_remove(&instance->ending_link); /* it is in use again */
    return error;
}

enum error app_connect(const uint8_t uuid[16], const struct app_caller *caller,
                       struct kernel_lock *lock, struct channel **channel,
                       struct instance **instance)
{
    struct loading entry;
    struct app *app = NULL;
    loading_begin(&entry, uuid, lock);
    enum error error = obtain(uuid, caller, lock, &app);
    if (error == E_OK && caller->gives_up != NULL && *caller->gives_up)
        error = E_CANCELLED;
    else if (error == E_OK)
        error = choose_instance(app, lock, instance);
    loading_end(&entry);
    if (app != NULL && error != E_OK)
        app_put(app, lock);
    if (error != E_OK)
        return error;
    error = connect_to(*instance, caller, channel);
    if (error != E_OK) {
        /* One that may have others beside it was started for this caller: nobody else knows it. */
        if (!app->manifest.single_instance)
            instance_kill(*instance, "the session that it was started for could not be made");
        instance_put(*instance);
    }
    app_put(app, lock);
    return error;
}

static const struct manifest_port *find_manifest_port(const struct app *app, const char *path,
                                                      size_t length)
{
    for (uint32_t i = 0; i < app->manifest.num_ports; i++) {
        const struct manifest_port *port = &app->manifest.ports[i];
        if (port->length == length && __builtin_memcmp(port->name, path, length) == 0)
            return port;
    }
    return NULL;
}

/* Whose port it is: known here, or asked of the normal world. */
static enum error find_port_owner(const char *path, size_t length, struct kernel_lock *lock,
                                  uint8_t uuid[16])
{
    LIST_FOR_EACH (link, &registry) {
        const struct app *app = LIST_OF(link, struct app, link);
        if (find_manifest_port(app, path, length) == NULL)
            continue;
        __builtin_memcpy(uuid, app->uuid, 16);
        return E_OK;
    }
    kernel_unlock(lock);
    enum error error = fetch_app_of_port(path, length, uuid);
    kernel_relock(lock);
    return error == E_COMMUNICATION ? E_NOT_FOUND : error;
}

enum error app_start_for_port(const char *path, size_t length, uint32_t from,
                              struct kernel_lock *lock, struct instance **instance)
{
    const struct app_caller nobody = {.offered = NULL};
    struct loading entry;
    struct app *app = NULL;
    uint8_t uuid[16];
    enum error error = find_port_owner(path, length, lock, uuid);
    if (error != E_OK)
        return error;
    loading_begin(&entry, uuid, lock);
    error = obtain(uuid, &nobody, lock, &app);
    if (error == E_OK) {
        const struct manifest_port *port = find_manifest_port(app, path, length);
        struct instance *living = living_instance(app);
        if (port == NULL)
            error = E_NOT_FOUND;
        else if ((port->flags & from) == 0)
            error = E_ACCESS_DENIED;
        else if (living == NULL)
            error = start_instance(app, lock, instance);
        else
            instance_get(*instance = living);
    }
    loading_end(&entry);
    if (app != NULL)
        app_put(app, lock);
    return error;
}

static struct app *next_restart(void)
{
    LIST_FOR_EACH (link, &registry) {
        struct app *app = LIST_OF(link, struct app, link);
        if (app->restart_due)
            return app;
    }
    return NULL;
}

/* Not while somebody opens it, who may be starting the instance that there may be only one of, or find that
 * there is a newer version. */
static void restart(struct app *app, struct kernel_lock *lock)
{
    struct loading entry;
    struct instance *instance = NULL;
    enum error error = E_OK;
    loading_begin(&entry, app->uuid, lock);
    if (!app->stale && living_instance(app) == NULL)
        error = start_instance(app, lock, &instance);
    loading_end(&entry);
    if (instance != NULL)
        instance_put(instance);
    if (error == E_OK)
        return;
    log_line(SYS_LOG_ERROR, "app %U: cannot be restarted now: %e", app->uuid, error);
    app_instance_ended(app, true); /* memory may be there later */
}

void app_run_restarts(struct kernel_lock *lock)
{
    for (struct app *app = next_restart(); app != NULL; app = next_restart()) {
        app->restart_due = false;
        app_get(app);
        restart(app, lock);
        app_put(app, lock);
    }
}

struct status {
    char *out;
    size_t size;
    size_t length;
};

static void status_line(struct status *status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    status->length += log_format_list(status->out + status->length, status->size - status->length,
                                      format, arguments);
    va_end(arguments);
}

size_t app_status(char *out, size_t size)
{
    struct status status = {.out = out, .size = size};
    if (size == 0)
        return 0;
    out[0] = '\0';
    status_line(&status, "apps: %u\n", num_registered);
    LIST_FOR_EACH (link, &registry) {
        const struct app *app = LIST_OF(link, struct app, link);
        status_line(&status, "app: %U %.*s\n  version: %u.%u.%u\n  instances: %u\n", app->uuid,
                    (int)app->manifest.name_length,
                    app->manifest.name != NULL ? app->manifest.name : "", app->version >> 20,
                    app->version >> 10 & 1023u, app->version & 1023u, app->num_instances);
        LIST_FOR_EACH (one, &app->instances) {
            const struct instance *instance = LIST_OF(one, struct instance, app_link);
            status_line(&status, "  instance: #%u sessions %u%s\n", instance->number,
                        session_count(instance), instance->serving != NULL ? " in a call" : "");
        }
    }
    return status.length;
}

/*
 * Apps: create, enter, answer, end. The protocol of the shared page is that of abi/syscall.h: the
 * word `turn` says who works; it is a futex on both sides.
 *
 * Rules: the page is hostile, each number in it is read once; what the port itself must remember
 * it keeps in struct port_app. A process's end is reported by the launcher after it is dead; only
 * then is `turn` written for it, so nobody can write it back, and whoever waits on it is woken.
 *
 * Locks: `guard` protects the table of apps and, against app_ended, the life of each app in it.
 * The windows belong to the kernel's lock.
 */
#include "app.h"

#include "app_window.h"
#include "cpu.h"
#include "image.h"
#include "journal.h"
#include "launcher.h"
#include "memory.h"
#include "output.h"
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <lib/uuid.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PAGE_BYTES memory_round(sizeof(struct sys_page))
/* The first wait of a stretch is short: then the app is set free of its processor. */
#define WAIT_FIRST_NS 2000000L
#define WAIT_LATER_NS 10000000L
#define TURN_CHANGES_MAX 16u
#define REPORT_PAUSE_NS 1000000L
#define REPORT_PAUSES 5000
#define CHORES_AT_ONCE 15u /* one more is for SYS_CHORE_AGAIN */
/* What a program needs besides its manifest's heap and stack: the C library, the runtime. */
#define DATA_ALLOWANCE (UINT64_C(4) << 20)
#define STACK_ALLOWANCE (UINT64_C(256) << 10)

struct port_app {
    uint64_t id;
    uint8_t uuid[16];
    bool development;
    struct sys_page *page;
    int link;
    int pidfd;
    _Atomic pid_t pid; /* 0: not asked for yet */

    /* Whoever is in port_app_enter, or answers. */
    int cpu;       /* where its process is bound */
    bool running;  /* the turn is the app's */
    bool again;    /* it was handed over for chores only */
    bool answered; /* `result` is to be handed over */
    bool held;     /* waits for a debugger */
    bool waited;   /* one wait of this stretch has passed */
    int64_t result;
    uint64_t nr; /* of the last call */
    uint64_t arg[6];

    /* The kernel's lock. */
    struct window window;
    atomic_bool has_chores;

    atomic_bool killed;
    atomic_bool dead; /* `how` was written before */
    char how[64];
};

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static struct port_app *apps[LAUNCHER_APPS_MAX];
static uint64_t generation;
static unsigned int num_apps;
static uint8_t hold_uuid[16];
static bool hold_wanted;
static bool hold_released;
static int hold_pid;
static pthread_cond_t hold_changed = PTHREAD_COND_INITIALIZER;

static _Thread_local uint64_t *trace;

static long futex(uint32_t *word, int operation, uint32_t value, const struct timespec *limit)
{
    return syscall(SYS_futex, word, operation, value, limit, NULL, 0);
}

void app_trace(uint64_t *in_and_out)
{
    trace = in_and_out;
}

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* --- The table, and ends. ----------------------------------------------------------------------- */

static bool table_add(struct port_app *app)
{
    bool added = false;

    pthread_mutex_lock(&guard);
    for (size_t i = 0; i < LAUNCHER_APPS_MAX && !added; i++) {
        if (apps[i] == NULL) {
            app->id = ++generation * LAUNCHER_APPS_MAX + i;
            apps[i] = app;
            num_apps++;
            added = true;
        }
    }
    pthread_mutex_unlock(&guard);
    return added;
}

static void table_remove(struct port_app *app)
{
    pthread_mutex_lock(&guard);
    apps[app->id % LAUNCHER_APPS_MAX] = NULL;
    num_apps--;
    pthread_mutex_unlock(&guard);
}

unsigned int app_count(void)
{
    unsigned int count;

    pthread_mutex_lock(&guard);
    count = num_apps;
    pthread_mutex_unlock(&guard);
    return count;
}

/* Guard held; its process is dead, or as good as. */
static void mark_dead(struct port_app *app, const char *how)
{
    if (app->dead) {
        return;
    }
    snprintf(app->how, sizeof(app->how), "%s", how);
    app->dead = true;
    __atomic_store_n(&app->page->turn, SYS_TURN_KERNEL, __ATOMIC_SEQ_CST);
    futex(&app->page->turn, FUTEX_WAKE, INT32_MAX, NULL);
}

static void app_signal(const struct port_app *app)
{
    if (app->pidfd >= 0 && syscall(SYS_pidfd_send_signal, app->pidfd, SIGKILL, NULL, 0) != 0 &&
        errno == ENOSYS) {
        pid_t pid = cpu_pid_of(app->pidfd); /* under valgrind, which does not know the call */

        if (pid > 0) {
            (void)kill(pid, SIGKILL);
        }
    }
}

void app_ended(bool development, uint64_t id, const char *how)
{
    pthread_mutex_lock(&guard);
    for (size_t i = 0; i < LAUNCHER_APPS_MAX; i++) {
        struct port_app *app = apps[i];

        if (app == NULL || app->development != development) {
            continue;
        }
        if (id == 0) {
            app_signal(app); /* without a process id name space it may live for a moment */
            mark_dead(app, how);
        } else if (app->id == id) {
            mark_dead(app, how);
        }
    }
    pthread_mutex_unlock(&guard);
}

/* Whether its process has ended. The launcher's report of how comes a little later: waits for it, but
 * not for ever. */
static bool process_ended(const struct port_app *app)
{
    struct pollfd process = {.fd = app->pidfd, .events = POLLIN};
    struct timespec pause = {.tv_nsec = REPORT_PAUSE_NS};

    if (poll(&process, 1, 0) != 1) {
        return false;
    }
    for (int i = 0; i < REPORT_PAUSES && !app->dead; i++) {
        nanosleep(&pause, NULL);
    }
    return true;
}

void port_app_kill(struct port_app *app)
{
    app->killed = true;
    app_signal(app);
}

/* --- Holding for a debugger. -------------------------------------------------------------------- */

void app_hold(const uint8_t uuid[16])
{
    pthread_mutex_lock(&guard);
    memcpy(hold_uuid, uuid, 16);
    hold_wanted = true;
    hold_released = false;
    hold_pid = 0;
    pthread_mutex_unlock(&guard);
}

int app_hold_wait(int timeout_ms)
{
    struct timespec limit;
    int pid;
    int rc = 0;

    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += timeout_ms / 1000;
    limit.tv_nsec += timeout_ms % 1000 * 1000000L;
    if (limit.tv_nsec >= 1000000000L) {
        limit.tv_sec++;
        limit.tv_nsec -= 1000000000L;
    }
    pthread_mutex_lock(&guard);
    while (hold_pid == 0 && rc == 0) {
        rc = pthread_cond_timedwait(&hold_changed, &guard, &limit);
    }
    pid = hold_pid;
    pthread_mutex_unlock(&guard);
    return pid;
}

void app_hold_release(void)
{
    pthread_mutex_lock(&guard);
    hold_wanted = false;
    hold_released = true;
    pthread_mutex_unlock(&guard);
}

static pid_t app_pid(struct port_app *app)
{
    if (app->pid == 0) {
        app->pid = cpu_pid_of(app->pidfd);
    }
    return app->pid;
}

static void hold_if_wanted(struct port_app *app)
{
    pthread_mutex_lock(&guard);
    if (hold_wanted && uuid_equal(hold_uuid, app->uuid)) {
        hold_wanted = false;
        app->held = true;
        hold_pid = app_pid(app);
        pthread_cond_broadcast(&hold_changed);
    }
    pthread_mutex_unlock(&guard);
}

/* Whether a debugger is there now, or is done; sleeps a little when not. */
static bool hold_is_over(struct port_app *app)
{
    struct timespec pause = {.tv_nsec = 20000000};
    char path[64];
    char line[128];
    int tracer = 0;
    bool released;
    FILE *file;

    pthread_mutex_lock(&guard);
    released = hold_released;
    pthread_mutex_unlock(&guard);
    if (released) {
        return true;
    }
    snprintf(path, sizeof(path), "/proc/%d/status", app_pid(app));
    file = fopen(path, "re");
    if (file == NULL) {
        return true;
    }
    while (fgets(line, sizeof(line), file) != NULL) {
        if (sscanf(line, "TracerPid: %d", &tracer) == 1) {
            break;
        }
    }
    fclose(file);
    if (tracer == 0) {
        nanosleep(&pause, NULL);
    }
    return tracer != 0;
}

/* --- Creating and destroying. ------------------------------------------------------------------- */

static bool page_create(struct port_app *app, const struct port_app_config *config, int *fd)
{
    void *page;

    *fd = memory_file("postern:page", PAGE_BYTES);
    if (*fd < 0) {
        return false;
    }
    page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
    if (page == MAP_FAILED) {
        return false;
    }
    app->page = page;
    app->page->start = config->start;
    app->page->turn = SYS_TURN_APP;
    return true;
}

static uint64_t saturated_sum(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static enum error app_launch(struct port_app *app, const struct port_app_config *config,
                             int page_fd)
{
    const struct sys_start *start = &config->start;
    char name[UUID_TEXT_LENGTH + 1];
    struct launcher_app wanted = {.id = app->id,
                                  .development = config->development,
                                  .name = name,
                                  .image = config->image->fd,
                                  .page = page_fd};
    int output[2];
    enum error error;

    uuid_format(app->uuid, name);
    wanted.stack = saturated_sum(start->stack_size, STACK_ALLOWANCE);
    /* An allocator's own bookkeeping is not the app's fault. */
    wanted.data = saturated_sum(start->heap_size, start->heap_size / 8);
    wanted.data = saturated_sum(wanted.data, start->stack_size);
    wanted.data = saturated_sum(wanted.data, config->image->data_size + DATA_ALLOWANCE);
    if (pipe2(output, O_CLOEXEC) != 0) {
        return E_NO_RESOURCES;
    }
    wanted.output = output[1];
    error = launcher_start(&wanted, &app->link, &app->pidfd);
    close(output[1]);
    if (error != E_OK) {
        close(output[0]);
        return error;
    }
    app->cpu = cpu_self();
    output_add(output[0], app->uuid);
    return E_OK;
}

enum error port_app_create(const struct port_app_config *config, struct port_app **out)
{
    struct port_app *app = calloc(1, sizeof(*app));
    enum error error = E_NO_MEMORY;
    int page_fd = -1;

    if (app == NULL) {
        return E_NO_MEMORY;
    }
    app->link = -1;
    app->pidfd = -1;
    app->cpu = CPU_ANY;
    app->running = true; /* its turn from the first instruction on */
    app->development = config->development;
    memcpy(app->uuid, config->image->uuid, 16);
    window_init(&app->window);
    if (page_create(app, config, &page_fd)) {
        error = E_NO_RESOURCES;
        if (table_add(app)) {
            error = app_launch(app, config, page_fd);
            if (error != E_OK) {
                table_remove(app);
            }
        }
    }
    wire_close_fd(page_fd);
    if (error != E_OK) {
        if (app->page != NULL) {
            munmap(app->page, PAGE_BYTES);
        }
        free(app);
        return error;
    }
    if (app->development) {
        hold_if_wanted(app);
    }
    *out = app;
    return E_OK;
}

void port_app_destroy(struct port_app *app)
{
    if (app == NULL) {
        return;
    }
    app_signal(app);
    table_remove(app);
    explicit_bzero(app->page, sizeof(*app->page));
    munmap(app->page, PAGE_BYTES);
    close(app->link);
    close(app->pidfd);
    window_clear(&app->window);
    free(app);
}

struct sys_page *port_app_page(struct port_app *app)
{
    return app->page;
}

/* --- Turns. ------------------------------------------------------------------------------------- */

/* Processors are the host's to give: no app traps for that. */
void port_pass(void)
{
}

void port_app_answer(struct port_app *app, int64_t result)
{
    app->result = result;
    app->answered = true;
}

void port_app_set_cancel(struct port_app *app, bool cancelled)
{
    __atomic_store_n(&app->page->cancel, cancelled ? 1u : 0u, __ATOMIC_RELEASE);
}

/* Sends the descriptors of the chores. Lock held, so that no memory object goes meanwhile. */
static bool chores_send(const struct port_app *app, const struct window_chore *chores, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int fd;

        if (chores[i].chore.kind != SYS_CHORE_MAP) {
            continue;
        }
        fd = (chores[i].chore.prot & SYS_MEM_WRITE) != 0 ? memory_fd(chores[i].mem)
                                                         : memory_fd_read_only(chores[i].mem);
        if (fd < 0 || wire_send(app->link, "", 1, &fd, 1) != 0) {
            return false;
        }
    }
    return true;
}

/* Puts what the app has to map and drop into its page. Sets `again` when the turn is to come back
 * without a call. False: the app does not take descriptors, it cannot be served. */
static bool chores_put(struct port_app *app)
{
    struct window_chore taken[CHORES_AT_ONCE];
    struct sys_page *page = app->page;
    size_t count;
    bool more;
    bool sent;

    port_lock();
    count = window_take(&app->window, taken, CHORES_AT_ONCE);
    more = app->window.num_chores > 0;
    app->has_chores = more;
    sent = chores_send(app, taken, count);
    port_unlock();
    if (!sent) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        page->chore[i] = taken[i].chore;
    }
    app->again = more || !app->answered;
    if (app->again) {
        page->chore[count++] = (struct sys_chore){.kind = SYS_CHORE_AGAIN};
    }
    page->num_chores = (uint32_t)count;
    return true;
}

static bool hand_over(struct port_app *app)
{
    struct sys_page *page = app->page;
    int cpu = cpu_self();

    app->again = false;
    if (app->has_chores) {
        if (!chores_put(app)) {
            return false;
        }
    } else {
        page->num_chores = 0;
    }
    if (!app->again) {
        page->result = app->result;
        app->answered = false;
    }
    if (cpu != CPU_ANY && cpu != app->cpu) {
        cpu_bind_process(app_pid(app), cpu);
        app->cpu = cpu;
    }
    app->running = true;
    app->waited = false;
    __atomic_store_n(&page->turn, SYS_TURN_APP, __ATOMIC_SEQ_CST);
    futex(&page->turn, FUTEX_WAKE, 1, NULL);
    return true;
}

/* The turn came back: with a call, or after chores with none. */
static void take_back(struct port_app *app)
{
    const volatile struct sys_page *page = app->page;

    app->running = false;
    if (app->again) {
        return;
    }
    app->nr = page->nr;
    for (size_t i = 0; i < 6; i++) {
        app->arg[i] = page->arg[i];
    }
}

static void report_call(const struct port_app *app, struct port_trap *trap)
{
    trap->kind = app->nr == SYS_FAULT ? PORT_TRAP_FAULT : PORT_TRAP_CALL;
    trap->nr = app->nr;
    memcpy(trap->arg, app->arg, sizeof(trap->arg));
}

/*
 * One wait for the turn to come back. True when it is back or the app is dead. An app that keeps
 * writing to the word would end every futex wait at once: such a one is waited for by the clock.
 */
static bool await_turn(struct port_app *app)
{
    struct timespec limit = {.tv_nsec = app->waited ? WAIT_LATER_NS : WAIT_FIRST_NS};

    for (unsigned int changes = 0; changes < TURN_CHANGES_MAX; changes++) {
        uint32_t turn = __atomic_load_n(&app->page->turn, __ATOMIC_SEQ_CST);

        if (turn == SYS_TURN_KERNEL || app->dead) {
            return true;
        }
        if (turn != SYS_TURN_APP) {
            break;
        }
        if (futex(&app->page->turn, FUTEX_WAIT, turn, &limit) != 0 && errno == ETIMEDOUT) {
            return false;
        }
    }
    nanosleep(&limit, NULL);
    return __atomic_load_n(&app->page->turn, __ATOMIC_SEQ_CST) == SYS_TURN_KERNEL || app->dead;
}

/* It computes, or was killed and its end was not reported yet. */
static void leave_running(struct port_app *app, struct port_trap *trap)
{
    app->waited = true;
    cpu_unbind_self();
    if (app->cpu != CPU_ANY) {
        cpu_bind_process(app_pid(app), CPU_ANY);
        app->cpu = CPU_ANY;
    }
    trap->kind = PORT_TRAP_TICK;
}

static void report_gone(const struct port_app *app, struct port_trap *trap)
{
    trap->kind = PORT_TRAP_GONE;
    snprintf(trap->text, sizeof(trap->text), "%s",
             app->dead     ? app->how
             : app->killed ? "killed by the TEE"
                           : "ended");
}

void port_app_enter(struct port_app *app, struct port_trap *trap)
{
    memset(trap, 0, sizeof(*trap));
    if (trace != NULL && trace[0] == 0) {
        trace[0] = now_ns();
    }
    if (app->held && !app->dead && !app->killed) {
        if (!hold_is_over(app)) {
            trap->kind = PORT_TRAP_TICK;
            return;
        }
        app->held = false;
    }
    do {
        if (!app->dead && !app->killed && !app->running) {
            if (!app->answered && !app->has_chores) {
                report_call(app, trap);
                return;
            }
            if (!hand_over(app)) {
                journal_line(SYS_LOG_WARN, "an app does not take what it is sent; it is ended");
                port_app_kill(app);
            }
        }
        if (!app->dead && !app->killed && !await_turn(app) && !process_ended(app)) {
            leave_running(app, trap);
            return;
        }
        /* Killed: what it may still have said in its last moment does not count. */
        if (app->dead || app->killed ||
            __atomic_load_n(&app->page->turn, __ATOMIC_SEQ_CST) != SYS_TURN_KERNEL) {
            report_gone(app, trap);
            return;
        }
        take_back(app);
    } while (app->again && app->answered);
    if (trace != NULL) {
        trace[1] = now_ns();
    }
    report_call(app, trap);
}

/* --- Mappings. ---------------------------------------------------------------------------------- */

enum error port_app_map(struct port_app *app, struct port_mem *mem, uint64_t offset, uint64_t size,
                        uint32_t prot, uint64_t *address)
{
    enum error error;

    if (offset > port_mem_size(mem) || size > port_mem_size(mem) - offset) {
        return E_INVALID;
    }
    if (!memory_can_map(mem, prot)) {
        return E_ACCESS_DENIED;
    }
    error = window_map(&app->window, mem, offset, size, prot, address);
    if (error == E_OK) {
        app->has_chores = true;
    }
    return error;
}

bool port_app_unmap(struct port_app *app, uint64_t address, uint64_t size)
{
    if (app->dead || window_unmap(&app->window, address, size)) {
        return true;
    }
    app->has_chores = true;
    return false;
}

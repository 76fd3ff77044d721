#include <abi/package.h>
#include <port/test/port_test.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define APPS_MAX 16
#define LOG_SIZE 65536

/* Stands before each piece of kernel memory. */
struct allocation {
    struct allocation *next;
    struct allocation *prev;
};

struct app_kind {
    uint8_t uuid[16];
    test_app_fn *play;
    void *context;
    const uint8_t *package;
    size_t package_size;
};

struct port_image {
    uint8_t uuid[16];
    uint8_t *elf;
    size_t size;
};

struct port_mem {
    uint64_t size;
};

struct port_app {
    struct test_app test;
    struct port_app *next;
    bool named;
    int64_t answer;
    uint64_t next_address;
};

static struct {
    bool finished;
    bool locked;
    bool kicked;
    uint64_t now;
    uint64_t clock_step;
    uint64_t timer;
    uint8_t next_random;
    bool development;
    const uint8_t *trust;
    size_t trust_size;
    struct app_kind kinds[APPS_MAX];
    size_t num_kinds;
    char port_path[SYS_PATH_MAX];
    uint8_t port_uuid[16];
    enum error (*rpc)(struct msg_arg *arg);
    void (*pass)(void);
    void (*meanwhile)(void);
    void (*stuck)(void);
    bool memory_low;
    bool slow_unmap;
    void (*idle)(void *context);
    void *idle_context;
    uint64_t fail_in;
    uint64_t allocations;
    size_t live_allocations;
    struct allocation pieces;
    uint64_t live_apps;
    struct port_app *apps;
    uint64_t live_memory;
    size_t log_length;
    char log[LOG_SIZE];
    bool panic_expected;
    jmp_buf panic;
    char panic_text[256];
} world;

/* --- For tests. --- */

void test_port_start(const uint8_t *trust, size_t trust_size)
{
    memset(&world, 0, sizeof(world));
    world.pieces.next = &world.pieces;
    world.pieces.prev = &world.pieces;
    world.timer = UINT64_MAX;
    world.now = 1000;
    world.trust = trust;
    world.trust_size = trust_size;
    if (kernel_start() != E_OK)
        port_panic("the trust table of the test is damaged");
}

size_t test_port_finish(void)
{
    if (world.finished)
        return 0;
    world.finished = true;
    kernel_background();
    size_t left = world.live_allocations;
    struct allocation *piece = world.pieces.next;
    while (piece != &world.pieces) {
        struct allocation *next = piece->next;
        free(piece);
        piece = next;
    }
    world.pieces.next = &world.pieces;
    world.pieces.prev = &world.pieces;
    world.live_allocations = 0;
    return left;
}

static struct app_kind *kind_of(const uint8_t uuid[16])
{
    for (size_t i = 0; i < world.num_kinds; i++)
        if (memcmp(world.kinds[i].uuid, uuid, 16) == 0)
            return &world.kinds[i];
    if (world.num_kinds == APPS_MAX)
        port_panic("too many apps in one test");
    struct app_kind *kind = &world.kinds[world.num_kinds++];
    memcpy(kind->uuid, uuid, 16);
    return kind;
}

void test_port_set_app(const uint8_t uuid[16], test_app_fn *play, void *context)
{
    struct app_kind *kind = kind_of(uuid);
    kind->play = play;
    kind->context = context;
}

void test_port_set_package(const uint8_t uuid[16], const uint8_t *bytes, size_t size)
{
    struct app_kind *kind = kind_of(uuid);
    kind->package = bytes;
    kind->package_size = size;
}

void test_port_set_port(const char *path, const uint8_t uuid[16])
{
    memset(world.port_path, 0, sizeof(world.port_path));
    if (path == NULL)
        return;
    snprintf(world.port_path, sizeof(world.port_path), "%s", path);
    memcpy(world.port_uuid, uuid, 16);
}

void test_port_set_pass(void (*pass)(void))
{
    world.pass = pass;
}

void test_port_set_meanwhile(void (*meanwhile)(void))
{
    world.meanwhile = meanwhile;
}

void test_port_set_stuck(void (*stuck)(void))
{
    world.stuck = stuck;
}

void test_port_set_memory_low(bool low)
{
    world.memory_low = low;
}

void test_port_set_slow_unmap(bool slow)
{
    world.slow_unmap = slow;
}

void test_port_set_rpc(enum error (*rpc)(struct msg_arg *arg))
{
    world.rpc = rpc;
}

void test_port_when_idle(void (*event)(void *context), void *context)
{
    world.idle = event;
    world.idle_context = context;
}

void test_port_fail_allocation(uint64_t nth)
{
    world.fail_in = nth;
}

void test_port_set_development(bool development)
{
    world.development = development;
}

uint64_t test_port_live_apps(void)
{
    return world.live_apps;
}

struct test_app *test_port_next_app(void)
{
    for (struct port_app *app = world.apps; app != NULL; app = app->next) {
        if (!app->named) {
            app->named = true;
            return &app->test;
        }
    }
    for (struct port_app *app = world.apps; app != NULL; app = app->next)
        app->named = false;
    return NULL;
}

uint64_t test_port_live_memory(void)
{
    return world.live_memory;
}

uint64_t test_port_allocations(void)
{
    return world.allocations;
}

const char *test_port_log(void)
{
    return world.log;
}

void test_port_advance(uint64_t ns)
{
    world.now += ns;
    if (world.timer <= world.now)
        kernel_timer();
}

void test_port_set_clock_step(uint64_t ns)
{
    world.clock_step = ns;
}

jmp_buf *test_port_expect_panic(void)
{
    world.panic_expected = true;
    return &world.panic;
}

const char *test_port_panic_text(void)
{
    return world.panic_text;
}

/* --- Memory. --- */

static bool allocation_fails(void)
{
    world.allocations++;
    return world.fail_in != 0 && --world.fail_in == 0;
}

static void *piece_create(size_t size)
{
    struct allocation *piece = calloc(1, sizeof(*piece) + size);
    if (piece == NULL)
        return NULL;
    piece->next = world.pieces.next;
    piece->prev = &world.pieces;
    piece->next->prev = piece;
    world.pieces.next = piece;
    world.live_allocations++;
    return piece + 1;
}

void *port_alloc(size_t size)
{
    return allocation_fails() ? NULL : piece_create(size);
}

void port_free(void *memory)
{
    if (memory == NULL)
        return;
    struct allocation *piece = (struct allocation *)memory - 1;
    piece->next->prev = piece->prev;
    piece->prev->next = piece->next;
    world.live_allocations--;
    free(piece);
}

/* Something took its time. It is not called again from what it calls. */
static void time_passes(void)
{
    void (*meanwhile)(void) = world.meanwhile;
    if (meanwhile == NULL || world.locked)
        return;
    world.meanwhile = NULL;
    meanwhile();
    world.meanwhile = meanwhile;
}

enum error port_mem_create(uint64_t size, struct port_mem **out)
{
    time_passes();
    *out = allocation_fails() ? NULL : piece_create(sizeof(**out));
    if (*out == NULL)
        return E_NO_MEMORY;
    (*out)->size = size;
    world.live_memory++;
    return E_OK;
}

void port_mem_destroy(struct port_mem *mem)
{
    world.live_memory--;
    port_free(mem);
}

uint64_t port_mem_size(const struct port_mem *mem)
{
    return mem->size;
}

/* --- Locking and sleeping. --- */

void port_lock(void)
{
    if (world.locked)
        port_panic("the lock is taken twice");
    world.locked = true;
}

void port_unlock(void)
{
    if (!world.locked)
        port_panic("the lock is released twice");
    world.locked = false;
}

bool port_lock_is_mine(void)
{
    return world.locked;
}

void port_waiter_init(struct port_waiter *waiter)
{
    memset(waiter, 0, sizeof(*waiter));
}

void port_wake(struct port_waiter *waiter)
{
    waiter->word[0] = 1;
}

/* Something that is not the sleeper's: background work, the test's event, the next timer. */
static void let_something_happen(void)
{
    if (world.kicked) {
        world.kicked = false;
        kernel_background();
    } else if (world.idle != NULL) {
        void (*event)(void *) = world.idle;
        world.idle = NULL;
        event(world.idle_context);
    } else if (world.timer != UINT64_MAX) {
        if (world.timer > world.now)
            world.now = world.timer;
        world.timer = UINT64_MAX;
        kernel_timer();
    } else if (world.stuck != NULL) {
        world.stuck();
    } else {
        port_panic("deadlock: everybody sleeps and nothing is going to happen");
    }
}

void port_block(struct port_waiter *waiter)
{
    port_unlock();
    while (waiter->word[0] == 0)
        let_something_happen();
    waiter->word[0] = 0;
    port_lock();
}

void port_kick(void)
{
    world.kicked = true;
}

/* --- Time, secrets, words. --- */

uint64_t port_clock_ns(void)
{
    world.now += world.clock_step;
    return world.now;
}

void port_timer_set(uint64_t deadline_ns)
{
    world.timer = deadline_ns;
}

static void check_unlocked(void)
{
    if (world.locked)
        port_panic("this takes too long to have the lock");
}

enum error port_random(void *out, size_t size)
{
    check_unlocked();
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)out)[i] = world.next_random++;
    return E_OK;
}

void port_device_key(uint8_t key[32])
{
    check_unlocked();
    time_passes();
    memset(key, 0x5a, 32);
}

const uint8_t *port_trust(size_t *size)
{
    *size = world.trust_size;
    return world.trust;
}

bool port_memory_low(void)
{
    return world.memory_low;
}

bool port_development(void)
{
    return world.development;
}

uint32_t port_arch(void)
{
    return PACKAGE_ARCH_X86_64;
}

void port_log(uint32_t level, const char *line, size_t length)
{
    (void)level;
    if (world.log_length + length + 2 > sizeof(world.log))
        return;
    memcpy(world.log + world.log_length, line, length);
    world.log_length += length;
    world.log[world.log_length++] = '\n';
}

_Noreturn void port_panic(const char *why)
{
    snprintf(world.panic_text, sizeof(world.panic_text), "%s", why);
    if (world.panic_expected) {
        world.panic_expected = false;
        longjmp(world.panic, 1);
    }
    fprintf(stderr, "kernel panic: %s\nlog:\n%s", why, world.log);
    abort();
}

/* --- Apps. --- */

enum error port_image_create(const uint8_t uuid[16], const uint8_t *elf, size_t size,
                             bool development, struct port_image **out)
{
    (void)development;
    struct port_image *image = port_alloc(sizeof(*image));
    uint8_t *copy = port_alloc(size);
    if (image == NULL || copy == NULL) {
        port_free(image);
        port_free(copy);
        return E_NO_MEMORY;
    }
    time_passes();
    memcpy(copy, elf, size);
    memcpy(image->uuid, uuid, 16);
    image->elf = copy;
    image->size = size;
    *out = image;
    return E_OK;
}

void port_image_destroy(struct port_image *image)
{
    port_free(image->elf);
    port_free(image);
}

const uint8_t *port_image_bytes(const struct port_image *image, size_t *size)
{
    check_unlocked();
    time_passes();
    *size = image->size;
    return image->elf;
}

enum error port_app_create(const struct port_app_config *config, struct port_app **out)
{
    time_passes();
    struct port_app *app = port_alloc(sizeof(*app));
    if (app == NULL)
        return E_NO_MEMORY;
    const struct app_kind *kind = kind_of(config->image->uuid);
    memcpy(app->test.uuid, config->image->uuid, 16);
    app->test.play = kind->play;
    app->test.context = kind->context;
    app->test.owner = config->owner;
    app->test.page.start = config->start;
    app->next_address = SYS_WINDOW_BASE;
    world.live_apps++;
    app->next = world.apps;
    world.apps = app;
    *out = app;
    return E_OK;
}

void port_app_destroy(struct port_app *app)
{
    struct port_app **link = &world.apps;
    time_passes();
    while (*link != app)
        link = &(*link)->next;
    *link = app->next;
    world.live_apps--;
    port_free(app);
}

struct sys_page *port_app_page(struct port_app *app)
{
    return &app->test.page;
}

void port_app_enter(struct port_app *app, struct port_trap *trap)
{
    if (world.locked)
        port_panic("an app is entered with the lock held");
    memset(trap, 0, sizeof(*trap));
    trap->kind = PORT_TRAP_CALL;
    if (app->test.killed) {
        trap->kind = PORT_TRAP_GONE;
        snprintf(trap->text, sizeof(trap->text), "killed");
        return;
    }
    if (app->test.play == NULL)
        port_panic("an app that nobody plays is entered");
    app->test.steps++;
    app->test.play(&app->test, app->answer, trap);
}

void port_pass(void)
{
    if (world.pass != NULL)
        world.pass();
}

void port_app_answer(struct port_app *app, int64_t result)
{
    app->answer = result;
}

void port_app_kill(struct port_app *app)
{
    app->test.killed = true;
}

void port_app_set_cancel(struct port_app *app, bool cancelled)
{
    app->test.page.cancel = cancelled;
}

enum error port_app_map(struct port_app *app, struct port_mem *mem, uint64_t offset, uint64_t size,
                        uint32_t prot, uint64_t *address)
{
    (void)mem;
    (void)offset;
    (void)prot;
    if (allocation_fails())
        return E_NO_MEMORY;
    if (*address == 0) {
        *address = app->next_address;
        app->next_address += size;
        app->test.mapped++;
    }
    return E_OK;
}

bool port_app_unmap(struct port_app *app, uint64_t address, uint64_t size)
{
    (void)address;
    (void)size;
    app->test.mapped--;
    return !world.slow_unmap;
}

/* --- The normal world. --- */

enum error port_rpc_mem_create(size_t size, struct port_rpc_mem *out)
{
    uint8_t *bytes = port_alloc(size);
    if (bytes == NULL)
        return E_NO_MEMORY;
    *out = (struct port_rpc_mem){
        .bytes = bytes,
        .size = size,
        .tmem = {.address = (uint64_t)(uintptr_t)bytes, .size = size, .cookie = 1},
    };
    return E_OK;
}

void port_rpc_mem_destroy(struct port_rpc_mem *mem)
{
    port_free((void *)(uintptr_t)mem->bytes);
}

static uint32_t load_app(struct msg_arg *arg)
{
    const struct app_kind *kind = kind_of(arg->params[0].u.octets);
    struct msg_tmem *tmem = &arg->params[1].u.tmem;
    if (kind->package == NULL)
        return 0xffff0008u;
    bool fits = tmem->size >= kind->package_size;
    tmem->size = kind->package_size;
    if (!fits || tmem->address == 0)
        return tmem->address == 0 ? 0 : 0xffff0010u;
    memcpy((void *)(uintptr_t)tmem->address, kind->package, kind->package_size);
    return 0;
}

static uint32_t stamp_app(struct msg_arg *arg)
{
    const struct app_kind *kind = kind_of(arg->params[0].u.octets);
    if (kind->package == NULL)
        return 0xffff0008u;
    arg->params[1].u.value.a = kind->package_size;
    arg->params[1].u.value.b = (uint64_t)(uintptr_t)kind->package;
    arg->params[1].u.value.c = 0;
    return 0;
}

/* Its name lies in three parameters, 24 octets each. */
static uint32_t app_of_port(struct msg_arg *arg)
{
    const size_t part = sizeof(arg->params[0].u.octets);
    char path[SYS_PATH_MAX + 8] = "";
    for (size_t i = 0; i < 3; i++)
        memcpy(path + i * part, arg->params[i].u.octets, part);
    if (world.port_path[0] == '\0' || strcmp(path, world.port_path) != 0)
        return 0xffff0008u;
    memcpy(arg->params[3].u.octets, world.port_uuid, 16);
    return 0;
}

enum error port_rpc(struct msg_arg *arg)
{
    if (world.locked)
        port_panic("the normal world is asked with the lock held");
    time_passes();
    if (world.rpc != NULL)
        return world.rpc(arg);
    switch (arg->head.cmd) {
    case MSG_RPC_LOAD_APP:
        arg->head.ret = load_app(arg);
        return E_OK;
    case MSG_RPC_APP_STAMP:
        arg->head.ret = stamp_app(arg);
        return E_OK;
    case MSG_RPC_APP_OF_PORT:
        arg->head.ret = app_of_port(arg);
        return E_OK;
    case MSG_RPC_GET_TIME:
        arg->params[0].u.value.a = 1700000000u;
        arg->params[0].u.value.b = 5;
        return E_OK;
    default:
        arg->head.ret = 0xffff000au;
        return E_OK;
    }
}

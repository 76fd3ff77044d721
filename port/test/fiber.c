#include <port/test/fiber.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#define STACK_SIZE (128 * 1024)

struct fiber {
    struct fiber *next;
    struct test_app *app;
    struct fiber_app *kind;
    ucontext_t own;
    ucontext_t kernel;
    int64_t answer;
    struct port_trap trap;
    bool over;
    char stack[STACK_SIZE];
};

static struct fiber *all;

int64_t fiber_call_list(struct fiber *fiber, uint64_t nr, const uint64_t arg[6])
{
    fiber->trap = (struct port_trap){.kind = PORT_TRAP_CALL, .nr = nr};
    memcpy(fiber->trap.arg, arg, sizeof(fiber->trap.arg));
    swapcontext(&fiber->own, &fiber->kernel);
    return fiber->answer;
}

void fiber_trap(struct fiber *fiber, enum port_trap_kind kind, const uint64_t arg[3])
{
    fiber->trap = (struct port_trap){.kind = kind};
    if (arg != NULL)
        memcpy(fiber->trap.arg, arg, 3 * sizeof(*arg));
    swapcontext(&fiber->own, &fiber->kernel);
    abort();
}

void fiber_pause(struct fiber *fiber, enum port_trap_kind kind)
{
    fiber->trap = (struct port_trap){.kind = kind};
    swapcontext(&fiber->own, &fiber->kernel);
}

struct sys_page *fiber_page(struct fiber *fiber)
{
    return &fiber->app->page;
}

void *fiber_context(struct fiber *fiber)
{
    return fiber->kind->context;
}

uint64_t fiber_out(struct fiber *fiber, const void *bytes, size_t size)
{
    memcpy(fiber->app->page.out, bytes, size);
    return size;
}

static void start(unsigned int low, unsigned int high)
{
    struct fiber *fiber = (struct fiber *)((uintptr_t)high << 32 | low);
    fiber->kind->body(fiber);
    for (;;)
        (void)fiber_call(fiber, SYS_EXIT, 0);
}

static struct fiber *fiber_of(struct test_app *app)
{
    for (struct fiber *fiber = all; fiber != NULL; fiber = fiber->next)
        if (fiber->app == app && !fiber->over)
            return fiber;
    return NULL;
}

static struct fiber *create(struct test_app *app)
{
    struct fiber *fiber = calloc(1, sizeof(*fiber));
    if (fiber == NULL)
        abort();
    fiber->app = app;
    fiber->kind = app->context;
    fiber->next = all;
    all = fiber;
    getcontext(&fiber->own);
    fiber->own.uc_stack.ss_sp = fiber->stack;
    fiber->own.uc_stack.ss_size = sizeof(fiber->stack);
    makecontext(&fiber->own, (void (*)(void))start, 2, (unsigned int)(uintptr_t)fiber,
                (unsigned int)((uintptr_t)fiber >> 32));
    return fiber;
}

void fiber_play(struct test_app *app, int64_t answer, struct port_trap *trap)
{
    struct fiber *fiber = fiber_of(app);
    if (app->steps == 1) {
        if (fiber != NULL)
            fiber->over = true; /* an earlier instance at the same address */
        fiber = create(app);
    }
    fiber->answer = answer;
    swapcontext(&fiber->kernel, &fiber->own);
    *trap = fiber->trap;
}

void fiber_free_all(void)
{
    while (all != NULL) {
        struct fiber *next = all->next;
        free(all);
        all = next;
    }
}

/*
 * Lets a test write an app as a straight function: fiber_play is a test_app_fn that runs `body` on a
 * stack of its own, from one system call to the next.
 *
 *     static void body(struct fiber *fiber) { int64_t h = fiber_call(fiber, SYS_HSET_CREATE, 0); ... }
 *     struct fiber_app app = {.body = body};
 *     test_port_set_app(uuid, fiber_play, &app);
 *
 * Each instance gets its own fiber. A body that returns exits with code 0.
 */
#ifndef POSTERN_PORT_TEST_FIBER_H
#define POSTERN_PORT_TEST_FIBER_H

#include <port/test/port_test.h>

struct fiber;

struct fiber_app {
    void (*body)(struct fiber *fiber);
    void *context; /* the test's */
};

/* Makes a system call of the app; arguments that are not given are 0. */
#define fiber_call(fiber, nr, ...) fiber_call_list(fiber, nr, (uint64_t[6]){__VA_ARGS__})
int64_t fiber_call_list(struct fiber *fiber, uint64_t nr, const uint64_t arg[6]);
/* Something else than a call, which never returns: a fault, its own death. */
void fiber_trap(struct fiber *fiber, enum port_trap_kind kind, const uint64_t arg[3]);
/* Leaves the processor with PORT_TRAP_TICK or PORT_TRAP_WANTED; returns when entered again. */
void fiber_pause(struct fiber *fiber, enum port_trap_kind kind);
struct sys_page *fiber_page(struct fiber *fiber);
void *fiber_context(struct fiber *fiber);
/* Puts a text into out[]; answers its length. */
uint64_t fiber_out(struct fiber *fiber, const void *bytes, size_t size);

test_app_fn fiber_play;
/* Frees the stacks of all fibers; after test_port_finish. */
void fiber_free_all(void);

#endif

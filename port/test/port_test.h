/*
 * The test port: the whole kernel inside one unit test or fuzzer, single-threaded and deterministic.
 *
 * A test gives each app a function that plays it: called whenever the kernel enters the app, with
 * the answer to its last call, it says what the app does next. Time stands still until everybody
 * sleeps; then the clock jumps to the next timer. When nobody could ever wake a sleeper the test
 * port panics ("deadlock"), and a test may expect that. Random numbers count up.
 *
 * The normal world is played as well: packages by a table, other RPCs by a function.
 */
#ifndef POSTERN_PORT_TEST_H
#define POSTERN_PORT_TEST_H

#include <port/kernel.h>
#include <port/port.h>
#include <setjmp.h>

struct test_app;
/* What the app does next: fills `trap` (zeroed, with nr and arg to set; the kind is a system call
 * unless changed). `answer` is that of its last call. The page is the app's to write. */
typedef void test_app_fn(struct test_app *app, int64_t answer, struct port_trap *trap);

struct test_app {
    uint8_t uuid[16];
    test_app_fn *play;
    void *context;   /* the test's */
    void *owner;     /* as the kernel calls it */
    uint64_t steps;  /* how often it was entered */
    bool killed;     /* by port_app_kill */
    bool ended;      /* by port_app_destroy */
    uint64_t mapped; /* mappings that it has */
    struct sys_page page;
};

/* Forgets everything of the last test and starts the kernel with this trust table. */
void test_port_start(const uint8_t *trust, size_t trust_size);
/* Lets ready threads run, then frees what is left; answers how many pieces of kernel memory that
 * were. */
size_t test_port_finish(void);

/* Instances of this app behave so. */
void test_port_set_app(const uint8_t uuid[16], test_app_fn *play, void *context);
/* The supplicant has this package; NULL takes it away. The bytes stay the caller's. */
void test_port_set_package(const uint8_t uuid[16], const uint8_t *bytes, size_t size);
/* The supplicant says that this app's manifest lists the port; NULL: nobody's does. One port. */
void test_port_set_port(const char *path, const uint8_t uuid[16]);
/* What port_memory_low() answers; false from the beginning. */
void test_port_set_memory_low(bool low);
/* Whether an app has to be entered for a mapping to go (port_app_unmap); false from the beginning. */
void test_port_set_slow_unmap(bool slow);
/* Answers RPCs instead of the tables above; NULL for the tables again. */
void test_port_set_rpc(enum error (*rpc)(struct msg_arg *arg));
/* What happens while the normal world has the processor (port_pass); NULL: nothing. */
void test_port_set_pass(void (*pass)(void));
/* What happens while something takes its time without the lock: an RPC, a start, an end, memory, a
 * signature; NULL: nothing. It may call the kernel, but not wait there for who called the port. */
void test_port_set_meanwhile(void (*meanwhile)(void));
/* Is called instead of the panic when nobody could ever wake a sleeper: sees to it that somebody does. */
void test_port_set_stuck(void (*stuck)(void));
/* Is called once, without the lock, when everybody sleeps and before time goes on. */
void test_port_when_idle(void (*event)(void *context), void *context);
/* The nth allocation from now on fails (1 is the next one); 0: none does. */
void test_port_fail_allocation(uint64_t nth);
void test_port_set_development(bool development);

uint64_t test_port_live_apps(void);
/* One of them; NULL: there is none, or all were named since the last NULL. */
struct test_app *test_port_next_app(void);
uint64_t test_port_live_memory(void); /* memory objects */
uint64_t test_port_allocations(void); /* asked for since the start */
const char *test_port_log(void);      /* all lines since the start */
void test_port_advance(uint64_t ns);
/* Who looks at the clock finds it so much further on each time (0: it stands still, as at the start). */
void test_port_set_clock_step(uint64_t ns);

/* Where port_panic goes; set by a test that expects it: if (setjmp(*test_port_panic()) == 0) ... */
jmp_buf *test_port_expect_panic(void);
const char *test_port_panic_text(void);

#endif

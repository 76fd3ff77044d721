/*
 * What the rest of the SDK asks of the runtime, besides the system call (sdk/rt/syscall.h).
 */
#ifndef POSTERN_SDK_RT_RUNTIME_H
#define POSTERN_SDK_RT_RUNTIME_H

#include <abi/syscall.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- Words (sdk/rt/words.c). -------------------------------------------------------------------- */

/* One line to the TEE's log, which puts the app's name in front. `level` is SYS_LOG_*. Newlines at
 * the end are dropped; what is longer than RT_LINE_MAX is cut. */
#define RT_LINE_MAX 1024u
void rt_log(uint32_t level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Ends this instance as panicked: the log shows the message and the code, clients get TARGET_DEAD.
 * No destructor runs. */
_Noreturn void rt_panic(uint32_t code, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The same; `instruction` as for rt_die. */
_Noreturn void rt_panic_at(uintptr_t instruction, uint32_t code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same of code 0 and without formatting, for where the C library may be in the middle of
 * something. `instruction`: where it happened, told in the log if it is in the app's image; 0: not
 * known. */
_Noreturn void rt_die(uintptr_t instruction, const char *words);

/* The offset of an instruction from the app's load address; 0 for one that is not in its image. */
uint64_t rt_place(uintptr_t instruction);

/* --- Memory (each bottom: sdk/rt/host). --------------------------------------------------------- */

/* Whether each byte of [address, address + size) can be read, or with `write` written, by this app
 * now. Tries it, and changes nothing. True for size 0; false when the range wraps around. */
bool rt_probe(const void *address, size_t size, bool write);

/* Where memory objects appear, and nothing else does. (One that took the place of the app's own memory
 * stays there.) */
extern const struct rt_window {
    uintptr_t base;
    size_t size;
} rt_window;

/* --- Time (each bottom). ------------------------------------------------------------------------ */

/* gpd.tee.systemTime.protectionLevel: 100 when the normal world could interfere with the clock behind
 * SYS_CLOCK_SYSTEM, 1000 when it cannot. */
uint32_t rt_time_protection_level(void);

/* --- Events that the one message loop of an app gets and that are not its own (sdk/rt/event.c). --- */

/*
 * An app waits in one place for everything: in sdk/gp's loop, when it serves GlobalPlatform
 * sessions. Whoever else has handles in such an app (Trusty ports) registers a source: each event
 * that is not of a session is offered to the sources in the order of their registration.
 */
struct rt_event_source {
    /* Answers whether the event was this source's. */
    bool (*take)(const struct sys_event *event);
    /* Whether this source still has work, so that the instance must not end though it has no
     * session left. NULL: always. */
    bool (*busy)(void);
    struct rt_event_source *next; /* the list's */
};

/*
 * The other way round, for an app that has a main() of its own and waits there by itself: sdk/gp puts
 * a function here that waits like SYS_WAIT (`handle`; SYS_NO_HANDLE: like SYS_WAIT_ANY) and serves
 * GlobalPlatform sessions meanwhile. The event is in sys_page()->event, and what SYS_WAIT_PEEK tells
 * in ->peek. NULL: there is nothing to serve.
 */
extern int64_t (*rt_wait)(uint32_t handle, uint64_t timeout_ns);

/* `source` stays the caller's, and stays registered. */
void rt_event_source_add(struct rt_event_source *source);
/* Offers an event; false when nobody took it. */
bool rt_event_offer(const struct sys_event *event);
bool rt_event_busy(void);

#endif

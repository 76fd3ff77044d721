/*
 * The hostile normal world's own ground: words on the serial line, chance, interrupts, processors, and
 * SMCs whose every register is looked at afterwards.
 */
#ifndef TESTS_ARM64_HOSTILE_WORLD_H
#define TESTS_ARM64_HOSTILE_WORLD_H

#include <lib/aarch64/libc/string.h>
#include <lib/aarch64/register.h>

#include <stdbool.h>
#include <stddef.h>

#define PAGE 0x1000u
/* Memory that messages, lists and answers are made in. */
#define PAGES ((uint8_t *)0x50000000u)
#define NUM_PAGES 64u
#define SECURE 0x0e100000u

#define PSCI_VERSION 0x84000000u
#define PSCI_CPU_SUSPEND 0xc4000001u
#define PSCI_CPU_OFF 0x84000002u
#define PSCI_CPU_ON 0xc4000003u
#define PSCI_AFFINITY_INFO 0xc4000004u
#define PSCI_SYSTEM_OFF 0x84000008u

static inline uint64_t *page_words(unsigned number)
{
    return (uint64_t *)(void *)(PAGES + (size_t)number * PAGE);
}

/* --- TAP. ---------------------------------------------------------------------------------------- */

void say(const char *text);
void say_number(uint64_t value);
void say_hex(uint64_t value);
void ok(bool good, const char *what);
void ok_end(void);
/* start.S: an exception that nobody asked for. */
_Noreturn void world_crashed(uint64_t vector);

/* --- Chance (xorshift): a seed gives the same numbers each time. ----------------------------------- */

struct chance {
    uint64_t state;
};
uint64_t chance(struct chance *chance);
uint64_t choose(struct chance *chance, const uint64_t *from, uint64_t count);
/* An address: ours, secure, a device's, none, around the corner. */
uint64_t chance_address(struct chance *chance);
uint64_t chance_size(struct chance *chance);
extern const uint64_t bad_addresses[];
extern const unsigned num_bad_addresses;

/* --- SMCs. ----------------------------------------------------------------------------------------- */

struct registers {
    uint64_t x[31];
    uint64_t fpcr;
    uint64_t fpsr;
    uint64_t reserved;
    uint64_t v[64];
};
void registers_smc(struct registers *registers);

/* x0 to x7 in, x0 to x3 out; `changed` and `leaked` below count what must not be. */
void smc(uint64_t x[8]);
/* A fast call or PSCI: its x0. */
uint64_t smc_fast(uint64_t id, uint64_t x1, uint64_t x2, uint64_t x3);
#define PROCESSORS 16u
extern uint64_t smc_count[PROCESSORS];
extern uint64_t smc_changed[PROCESSORS]; /* registers that differ but for x0 to x3 */
extern uint64_t smc_leaked[PROCESSORS];  /* answers that look like an address of the kernel */
/* Whether this number looks like an address of the kernel. */
bool is_kernel_address(uint64_t value);

/* --- Processors and interrupts. --------------------------------------------------------------------- */

REGISTER_READ(currentel, "currentel")
static inline unsigned processor(void)
{
    return (unsigned)mpidr_el1_read() & 0xff;
}
/* This processor's part of the interrupt controller; the first one's also the distributor. */
void interrupts_start(void);
/* A timer interrupt after so many ticks of the counter; it interrupts the secure world only. */
void interrupt_after(uint64_t ticks);
void interrupt_off(void);
bool interrupts_are_v3(void);
/* Whether time is up that started at this value of the counter: generous, for what never ends. */
bool time_is_up(uint64_t since);

/* Turns the second processor on: PSCI's answer. It is on then, and waits for work. */
uint64_t other_on(void);
/* Gives it work; waits for its end. */
void other_start(void (*work)(void));
bool other_is_done(void);
void other_wait(void);
/* How many processors the machine has. */
unsigned processors_there(void);
/* Turns each processor behind the second on, one after the other: it does the work, and goes off. Whether
 * each came and said that it is good. */
bool processors_each(bool (*work)(void));

#endif

/*
 * The hostile normal world's own ground.
 */
#include <lib/aarch64/gic.h>

#include "world.h"

#define UART 0x09000000u
#define GICD 0x08000000u
#define GICC 0x08010000u
#define GICR 0x080a0000u
#define TIMER 30u
#define TIME_LIMIT 120u /* seconds */

REGISTER_WRITE(cntp_ctl_el0, "cntp_ctl_el0")
REGISTER_WRITE(cntp_tval_el0, "cntp_tval_el0")

extern void start(void);
void hostile_other(uint64_t number);

uint64_t smc_count[PROCESSORS], smc_changed[PROCESSORS], smc_leaked[PROCESSORS];
static unsigned test_number;

/* --- TAP. ------------------------------------------------------------------------------------------- */

void say(const char *text)
{
    for (; *text != 0; text++) {
        device_write32(UART, (uint8_t)*text);
    }
}

void say_number(uint64_t value)
{
    char text[21];
    unsigned at = sizeof(text) - 1;
    text[at] = 0;
    do {
        text[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    say(text + at);
}

void say_hex(uint64_t value)
{
    char text[17];
    for (unsigned i = 0; i < 16; i++) {
        text[i] = "0123456789abcdef"[(value >> (60 - 4 * i)) & 0xf];
    }
    text[16] = 0;
    say(text);
}

void ok(bool good, const char *what)
{
    say(good ? "ok " : "not ok ");
    say_number(++test_number);
    say(" - hostile: ");
    say(what);
    say("\n");
}

void ok_end(void)
{
    say("1..");
    say_number(test_number);
    say("\n");
}

void world_crashed(uint64_t vector)
{
    say("not ok 99 - hostile: an exception that nobody asked for, vector ");
    say_number(vector);
    say("\n");
    (void)smc_fast(PSCI_SYSTEM_OFF, 0, 0, 0);
    for (;;) {
        processor_wfi();
    }
}

/* --- Chance. ---------------------------------------------------------------------------------------- */

uint64_t chance(struct chance *chance)
{
    chance->state ^= chance->state << 13;
    chance->state ^= chance->state >> 7;
    chance->state ^= chance->state << 17;
    return chance->state;
}

uint64_t choose(struct chance *c, const uint64_t *from, uint64_t count)
{
    return from[chance(c) % count];
}

const uint64_t bad_addresses[] = {
    0,
    SECURE,
    SECURE - 0x1000,
    SECURE + 0x8000,
    0x0effffff,
    0x0efff000,
    0x08000000,
    0x09040000,
    0x3ffff000,
    0x80000000, /* the first one behind memory */
    UINT64_MAX,
    UINT64_MAX - 0xfff,
    UINT64_C(0xffffff8000000000),
    UINT64_C(0xffffff8050000000),
    UINT64_C(0x4000000000),
    UINT64_C(0x8000000050000000),
    UINT64_C(0x1000050000000),
    8,
};
const unsigned num_bad_addresses = sizeof(bad_addresses) / sizeof(bad_addresses[0]);

uint64_t chance_address(struct chance *c)
{
    if (chance(c) % 3 == 0) {
        return choose(c, bad_addresses, num_bad_addresses);
    }
    uint64_t at = (uint64_t)PAGES + chance(c) % NUM_PAGES * PAGE;
    return chance(c) % 4 == 0 ? at + (chance(c) & 0xfff) : at;
}

uint64_t chance_size(struct chance *c)
{
    static const uint64_t some[] = {0,      1,          8,          4095,       4096,       4097,
                                    0x8000, 0x10000000, UINT64_MAX, 0x7fffffff, 0x100000000};
    return chance(c) % 4 == 0 ? chance(c) : choose(c, some, sizeof(some) / sizeof(some[0]));
}

/* --- SMCs. ------------------------------------------------------------------------------------------ */

bool is_kernel_address(uint64_t value)
{
    return value >> 39 == 0x1ffffff;
}

static void registers_fill(struct registers *r, uint64_t seed)
{
    for (unsigned i = 0; i < 31; i++) {
        r->x[i] = seed + i * UINT64_C(0x0101010101010101);
    }
    for (unsigned i = 0; i < 64; i++) {
        r->v[i] = ~seed + i * UINT64_C(0x0301030103010301);
    }
    r->fpcr = UINT64_C(0x03000000) & seed; /* default NaN, flush to zero */
    r->fpsr = UINT64_C(0x0800001f) & seed;
    r->reserved = 0;
}

/* How many registers differ that must be the same. */
static unsigned registers_compare(const struct registers *a, const struct registers *b)
{
    unsigned different = (a->fpcr != b->fpcr) + (a->fpsr != b->fpsr);
    for (unsigned i = 4; i < 31; i++) {
        different += a->x[i] != b->x[i];
    }
    for (unsigned i = 0; i < 64; i++) {
        different += a->v[i] != b->v[i];
    }
    return different;
}

void smc(uint64_t x[8])
{
    static struct registers before[PROCESSORS];
    static struct registers after[PROCESSORS];
    unsigned who = processor();
    uint64_t id = x[0];

    /* Other numbers now and then; what comes back is what the next call goes out with. */
    if (smc_count[who]++ % 1024 == 0) {
        registers_fill(&before[who], smc_count[who] * UINT64_C(0x9e3779b97f4a7c15));
        memcpy(&after[who], &before[who], sizeof(after[who]));
    }
    for (unsigned i = 0; i < 8; i++) {
        before[who].x[i] = after[who].x[i] = x[i];
    }
    registers_smc(&after[who]);
    if (registers_compare(&before[who], &after[who]) != 0) {
        smc_changed[who] += registers_compare(&before[who], &after[who]);
        memcpy(&after[who], &before[who], sizeof(after[who]));
    }
    for (unsigned i = 0; i < 4; i++) {
        smc_leaked[who] += is_kernel_address(after[who].x[i]) && after[who].x[i] != UINT64_MAX &&
                           after[who].x[i] != x[i] && after[who].x[i] != id &&
                           after[who].x[i] < UINT64_MAX - 16; /* PSCI's errors */
        x[i] = after[who].x[i];
    }
}

uint64_t smc_fast(uint64_t id, uint64_t x1, uint64_t x2, uint64_t x3)
{
    uint64_t x[8] = {id, x1, x2, x3};
    smc(x);
    return x[0];
}

/* --- Interrupts. ------------------------------------------------------------------------------------- */

bool interrupts_are_v3(void)
{
    return (id_aa64pfr0_el1_read() >> 24 & 0xf) != 0;
}

void interrupts_start(void)
{
    if (!interrupts_are_v3()) {
        if (processor() == 0) {
            device_write32(GICD + GICD_CTLR, 1);
        }
        device_write32(GICD + GICD_ISENABLER, 1u << TIMER);
        device_write32(GICC + GICC_PMR, 0xf0);
        device_write32(GICC + GICC_CTLR, 1);
        return;
    }
    if (processor() == 0) {
        device_write32(GICD + GICD_CTLR, 0x12); /* affinity routing, our group */
    }
    uintptr_t frame = GICR + processor() * GICR_STRIDE + GICR_SGI;
    device_write32(frame + GICD_ISENABLER, 1u << TIMER);
    if (currentel_read() == 8) {
        icc_sre_el2_write(0xf);
        barrier_isb();
    }
    icc_sre_el1_write(0x7);
    barrier_isb();
    icc_pmr_el1_write(0xf0);
    icc_igrpen1_el1_write(1);
    barrier_isb();
}

void interrupt_after(uint64_t ticks)
{
    cntp_tval_el0_write(ticks);
    cntp_ctl_el0_write(1);
    barrier_isb();
}

void interrupt_off(void)
{
    cntp_ctl_el0_write(0);
    barrier_isb();
}

bool time_is_up(uint64_t since)
{
    return cntpct_el0_read() - since > cntfrq_el0_read() * TIME_LIMIT;
}

/* --- The second processor. ---------------------------------------------------------------------------- */

static void (*volatile other_work)(void);

uint64_t other_on(void)
{
    uint64_t answer = smc_fast(PSCI_CPU_ON, 1, (uint64_t)start, 0);
    uint64_t since = cntpct_el0_read();
    while (answer == 0 && smc_fast(PSCI_AFFINITY_INFO, 1, 0, 0) != 0 && !time_is_up(since)) {
    }
    return answer;
}

static bool (*volatile each_work)(void);
static uint32_t each_good; /* by bits */

void hostile_other(uint64_t number)
{
    interrupts_start();
    if (number > 1) {
        if (each_work()) {
            (void)__atomic_fetch_or(&each_good, 1u << number, __ATOMIC_SEQ_CST);
        }
        (void)smc_fast(PSCI_CPU_OFF, 0, 0, 0);
    }
    for (;;) {
        void (*work)(void) = __atomic_load_n(&other_work, __ATOMIC_ACQUIRE);
        if (work != NULL) {
            work();
            __atomic_store_n(&other_work, NULL, __ATOMIC_RELEASE);
        }
        __asm__ volatile("yield");
    }
}

void other_start(void (*work)(void))
{
    __atomic_store_n(&other_work, work, __ATOMIC_RELEASE);
}

bool other_is_done(void)
{
    return __atomic_load_n(&other_work, __ATOMIC_ACQUIRE) == NULL;
}

void other_wait(void)
{
    while (!other_is_done()) {
        __asm__ volatile("yield");
    }
}

unsigned processors_there(void)
{
    unsigned count = 1;

    if (!interrupts_are_v3()) {
        return (device_read32(GICD + GICD_TYPER) >> 5 & 7) + 1;
    }
    for (uintptr_t base = GICR; (device_read64(base + GICR_TYPER) & GICR_TYPER_LAST) == 0;
         base += GICR_STRIDE) {
        count++;
    }
    return count;
}

bool processors_each(bool (*work)(void))
{
    uint32_t wanted = 0;

    each_work = work;
    __atomic_store_n(&each_good, 0, __ATOMIC_SEQ_CST);
    for (unsigned i = 2; i < processors_there(); i++) {
        if (smc_fast(PSCI_CPU_ON, i, (uint64_t)start, 0) != 0) {
            return false;
        }
        uint64_t since = cntpct_el0_read();
        while (smc_fast(PSCI_AFFINITY_INFO, i, 0, 0) != 1 && !time_is_up(since)) {
        }
        wanted |= 1u << i;
    }
    return __atomic_load_n(&each_good, __ATOMIC_SEQ_CST) == wanted;
}

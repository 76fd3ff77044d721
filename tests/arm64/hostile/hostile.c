/*
 * A normal world that is out to harm: in the place of Linux it fires calls at the secure world from
 * two processors at once. Some are random in everything, most are nearly right: real function ids,
 * messages whose commands, parameters, addresses, sizes and page lists are the interesting wrong ones,
 * resumed calls of any number, answers to the kernel's own questions that are garbage, and interrupts
 * in between. The page that a message is in is changed by the other processor all the time.
 *
 * What must hold: every call comes back; no register but x0 to x3 changes, no vector register either;
 * no answer looks like an address of the kernel; afterwards the secure world answers as at the
 * beginning. The machine's log must not show that the kernel or the monitor gave up.
 */
#include <lib/aarch64/gic.h>
#include <lib/aarch64/libc/string.h>
#include <lib/aarch64/register.h>

#include <stdbool.h>

#define UART 0x09000000u
#define GICD 0x08000000u
#define GICC 0x08010000u
#define SECURE 0x0e100000u
#define PAGES ((uint8_t *)0x50000000u)
#define NUM_PAGES 64u
#define CALLS 500000u /* on each processor */
#define PSCI_CPU_ON 0xc4000003u
#define PSCI_SYSTEM_OFF 0x84000008u
#define RESUME 0x32000003u
#define CALL 0x32000004u
#define CALL_WITH_RPC 0x32000012u
#define CALL_SHARED 0x32000013u

void hostile_main(void);
void hostile_other(uint64_t processor);
uint64_t smc_call(uint64_t x[8]);

static uint64_t calls_done[2], changed[2], leaks[2], answered[2];
static volatile uint32_t other_ended;

static void say(const char *text)
{
    for (; *text != 0; text++) {
        device_write32(UART, (uint8_t)*text);
    }
}

static void say_number(uint64_t value)
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

static unsigned number;
static void ok(bool good, const char *what)
{
    say(good ? "ok " : "not ok ");
    say_number(++number);
    say(" - hostile: ");
    say(what);
    say("\n");
}

/* --- Chance (xorshift). -------------------------------------------------------------------------- */

struct chance {
    uint64_t state;
};

static uint64_t chance(struct chance *chance)
{
    chance->state ^= chance->state << 13;
    chance->state ^= chance->state >> 7;
    chance->state ^= chance->state << 17;
    return chance->state;
}

static uint64_t choose(struct chance *c, const uint64_t *from, uint64_t count)
{
    return from[chance(c) % count];
}

/* An address: ours, secure, a device's, none, around the corner. */
static uint64_t address(struct chance *c)
{
    static const uint64_t bad[] = {0,
                                   SECURE,
                                   SECURE - 0x1000,
                                   SECURE + 0x8000,
                                   0x0effffff,
                                   0x08000000,
                                   0x09040000,
                                   0x7fffffff,
                                   0x80000000,
                                   0x7ffff000,
                                   UINT64_MAX,
                                   UINT64_MAX - 0xfff,
                                   UINT64_C(0xffffff8000000000),
                                   UINT64_C(0x4000000000),
                                   0x3ffff000,
                                   8};
    if (chance(c) % 3 == 0) {
        return choose(c, bad, sizeof(bad) / sizeof(bad[0]));
    }
    uint64_t at = (uint64_t)PAGES + chance(c) % NUM_PAGES * 0x1000;
    return chance(c) % 4 == 0 ? at + (chance(c) & 0xfff) : at;
}

static uint64_t size(struct chance *c)
{
    static const uint64_t some[] = {0,      1,          8,          4095,       4096,       4097,
                                    0x8000, 0x10000000, UINT64_MAX, 0x7fffffff, 0x100000000};
    return chance(c) % 4 == 0 ? chance(c) : choose(c, some, sizeof(some) / sizeof(some[0]));
}

/* A message with `params` parameters, and garbage behind it, where a question's answer goes. */
static void message(struct chance *c, uint64_t *page)
{
    static const uint64_t attributes[] = {0,     1,     2,     3,     5,     6,    7,   9,
                                          0xa,   0xb,   0x101, 0x103, 0x20a, 0x4,  0x8, 0xc,
                                          0x105, 0x209, 0x10a, 0xff,  0x300, 0x20b};
    uint64_t params = chance(c) % 16 == 0 ? chance(c) : chance(c) % 7;
    page[0] = chance(c) % 10 | chance(c) % 4 << 32;  /* command, function */
    page[1] = chance(c) % 8 | (chance(c) % 8) << 32; /* session, cancel id */
    page[2] = chance(c);
    page[3] = (params << 32) | (chance(c) & 0xffffffff);
    for (unsigned i = 0; i < 12; i++) {
        uint64_t *param = &page[4 + 4 * i];
        param[0] = choose(c, attributes, sizeof(attributes) / sizeof(attributes[0]));
        param[1] = chance(c) % 2 == 0 ? address(c) : chance(c) % 16;
        param[2] = size(c);
        param[3] = chance(c) % 4 == 0 ? address(c)
                                      : 1 + chance(c) % 8; /* a few cookies, again and again */
    }
    if (chance(c) % 4 == 0) { /* as Linux registers memory, but for the list */
        page[0] = 4;
        page[3] = UINT64_C(1) << 32;
        page[4] = 0x20a;
    }
}

static void list_of_pages(struct chance *c, uint64_t *page)
{
    for (unsigned i = 0; i < 512; i++) {
        page[i] =
            chance(c) % 64 == 0 ? address(c) : (uint64_t)PAGES + chance(c) % NUM_PAGES * 0x1000;
    }
}

/* An interrupt of ours every now and then, so that calls are interrupted. Taken by asking. */
static void interrupt_arm(struct chance *c)
{
    __asm__ volatile("msr cntp_tval_el0, %0" : : "r"(chance(c) % 4000));
    __asm__ volatile("msr cntp_ctl_el0, %0" : : "r"(UINT64_C(1)));
}

static bool harmless(uint64_t id)
{
    uint32_t function = (uint32_t)id & 0xbfffffff;
    /* Off, reset, standby and on belong to the machine, not to this test. */
    return function < 0x84000000 || function > 0x8400001f;
}

static void call(struct chance *c, unsigned who)
{
    static const uint64_t ids[] = {
        CALL,       CALL_WITH_RPC, CALL_WITH_RPC, CALL_WITH_RPC, CALL_SHARED,
        RESUME,     RESUME,        RESUME,        0xbf00ff01,    0xb2000009,
        0xb2000010, 0xb2000011,    0xb200000a,    0xb2000007,    0x32000005,
        0xb2000000, 0xb2ffffff,    0x32ffffff,    0x72000004,    0xf2000001,
        0xbe000005, 0xbe000000,    0x84000000,    0x80000001,    0xc3000000};
    uint64_t x[8];
    for (unsigned i = 0; i < 8; i++) {
        x[i] = chance(c) % 8 == 0 ? chance(c) : 0;
    }
    x[0] = chance(c) % 16 == 0 ? chance(c) : choose(c, ids, sizeof(ids) / sizeof(ids[0]));
    if (!harmless(x[0]) && (uint32_t)x[0] != 0x84000000) {
        return;
    }
    if (x[0] == CALL || x[0] == CALL_WITH_RPC) {
        uint64_t at =
            chance(c) % 8 == 0 ? address(c) : (uint64_t)PAGES + chance(c) % NUM_PAGES * 0x1000;
        x[1] = at >> 32;
        x[2] = at & 0xffffffff;
    } else if (x[0] == CALL_SHARED) {
        x[1] = 0;
        x[2] = 1 + chance(c) % 8;
        x[3] = chance(c) % 2 == 0 ? chance(c) % 0x2000 : 0;
    } else if (x[0] == RESUME) {
        x[3] = chance(c) % 32 == 0 ? chance(c) : chance(c) % 26;
    }
    uint64_t before = x[0];
    changed[who] += smc_call(x);
    calls_done[who]++;
    answered[who] += x[0] != 0xffffffff && x[0] != UINT64_MAX;
    for (unsigned i = 0; i < 4; i++) {
        if (x[i] >> 39 == 0x1ffffff && x[i] != UINT64_MAX && x[i] != before) {
            leaks[who]++;
        }
    }
}

static void storm(unsigned who)
{
    struct chance c = {UINT64_C(0x9e3779b97f4a7c15) * (who + 7)};
    for (unsigned i = 0; i < CALLS; i++) {
        uint64_t *page = (uint64_t *)(void *)(PAGES + chance(&c) % NUM_PAGES * 0x1000);
        switch (chance(&c) % 8) {
        case 0:
            list_of_pages(&c, page);
            break;
        case 1:
            interrupt_arm(&c);
            break;
        case 2:
            page[chance(&c) % 64] = chance(&c);
            break;
        default:
            message(&c, page);
            break;
        }
        call(&c, who);
    }
    __asm__ volatile("msr cntp_ctl_el0, xzr");
}

/* --- The beginning and the end. ------------------------------------------------------------------ */

static void gic_processor(void)
{
    device_write32(GICD + GICD_ISENABLER, 1u << 30); /* our timer's */
    device_write32(GICC + GICC_PMR, 0xf0);
    device_write32(GICC + GICC_CTLR, 1);
}

static bool uid_is_right(void)
{
    uint64_t x[8] = {0xbf00ff01};
    return smc_call(x) == 0 && x[0] == 0x384fb3e0 && x[1] == 0xe7f811e3 && x[2] == 0xaf630002 &&
           x[3] == 0xa5d5c51b;
}

/* Registers one page under a cookie that nobody used, and lets it go. */
static bool memory_round(void)
{
    uint64_t *page = (uint64_t *)(void *)PAGES;
    uint64_t *list = (uint64_t *)(void *)(PAGES + 0x1000);
    uint64_t x[8] = {CALL_WITH_RPC, 0, (uint64_t)page};
    memset(page, 0, 4096);
    list[0] = (uint64_t)PAGES + 0x2000;
    page[0] = 4;
    page[3] = UINT64_C(1) << 32;
    page[4] = 0x20a;
    page[5] = (uint64_t)list;
    page[6] = 4096;
    page[7] = 0x123456789;
    bool good = smc_call(x) == 0 && x[0] == 0 && page[2] >> 32 == 0;
    page[0] = 5;
    page[3] = UINT64_C(1) << 32;
    page[4] = 5;
    page[7] = 0x123456789;
    uint64_t y[8] = {CALL_WITH_RPC, 0, (uint64_t)page};
    return good && smc_call(y) == 0 && y[0] == 0 && page[2] >> 32 == 0;
}

/* Resumes every call that hangs, answering "not found" to whatever it asks, until none is left. */
static bool calls_end(void)
{
    for (unsigned round = 0; round < 10000; round++) {
        bool any = false;
        for (uint64_t i = 0; i < 32; i++) {
            uint64_t x[8] = {RESUME, 0, 0, i};
            smc_call(x);
            any = any || x[0] != 3;
        }
        if (!any) {
            return true;
        }
    }
    return false;
}

void hostile_other(uint64_t processor)
{
    (void)processor;
    gic_processor();
    storm(1);
    __atomic_store_n(&other_ended, 1, __ATOMIC_RELEASE);
    for (;;) {
        processor_wfi();
    }
}

extern void start(void);

void hostile_main(void)
{
    device_write32(GICD + GICD_CTLR, 1);
    gic_processor();
    memset(PAGES, 0, NUM_PAGES * 0x1000);
    ok(uid_is_right(), "the secure world is there");
    ok(memory_round(), "memory is registered and released");
    uint64_t on[8] = {PSCI_CPU_ON, 1, (uint64_t)start, 0};
    smc_call(on);
    ok(on[0] == 0, "a second processor");
    storm(0);
    while (__atomic_load_n(&other_ended, __ATOMIC_ACQUIRE) == 0) {
    }
    say("# calls ");
    say_number(calls_done[0] + calls_done[1]);
    say(", not refused outright ");
    say_number(answered[0] + answered[1]);
    say("\n");
    ok(calls_done[0] + calls_done[1] > CALLS, "every call came back");
    ok(changed[0] + changed[1] == 0, "no register changed that must not");
    ok(leaks[0] + leaks[1] == 0, "no answer looks like an address of the kernel");
    ok(calls_end(), "calls that hang can be ended");
    ok(uid_is_right(), "the secure world is still there");
    ok(memory_round(), "memory is still registered and released");
    say("1..");
    say_number(number);
    say("\n");
    uint64_t off[8] = {PSCI_SYSTEM_OFF};
    smc_call(off);
}

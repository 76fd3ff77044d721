/*
 * PSCI with arguments that are none, and what EL3 keeps to itself.
 */
#include "hostile.h"

#define NOT_SUPPORTED UINT64_MAX
#define INVALID_PARAMETERS (UINT64_MAX - 1)
#define ALREADY_ON (UINT64_MAX - 3)
#define INVALID_ADDRESS (UINT64_MAX - 8)
#define PSCI_CPU_ON32 0x84000003u
#define PSCI_AFFINITY_INFO32 0x84000004u
#define PSCI_MIGRATE_INFO_TYPE 0x84000006u
#define PSCI_FEATURES 0x8400000au
#define SMCCC_VERSION 0x80000000u
#define SMCCC_ARCH_FEATURES 0x80000001u

static unsigned wrong;

static void expect(uint64_t got, uint64_t wanted, const char *what, uint64_t which)
{
    if (got != wanted && wrong++ < 10) {
        say("# ");
        say(what);
        say(" ");
        say_hex(which);
        say(": ");
        say_hex(got);
        say("\n");
    }
}

static bool is_offered(uint32_t id)
{
    uint32_t n = id & 0x1f;
    if (id >> 30 == 3) {
        return n == 1 || n == 3 || n == 4;
    }
    return n <= 4 || n == 6 || (n >= 8 && n <= 0xa);
}

static void functions(void)
{
    expect(smc_fast(PSCI_VERSION, 0, 0, 0), 0x10001, "version", 0);
    expect(smc_fast(PSCI_MIGRATE_INFO_TYPE, 0, 0, 0), 2, "migration", 0);
    expect(smc_fast(SMCCC_VERSION, 0, 0, 0), 0x10001, "calling convention", 0);
    expect(smc_fast(SMCCC_ARCH_FEATURES, SMCCC_VERSION, 0, 0), 0, "architecture's features", 0);
    expect(smc_fast(SMCCC_ARCH_FEATURES, 0x80008000, 0, 0), NOT_SUPPORTED, "a work-around", 0);
    for (uint32_t n = 0; n < 0x40; n++) {
        uint32_t id = (n & 0x20) != 0 ? 0xc4000000 + (n & 0x1f) : 0x84000000 + n;
        expect(smc_fast(PSCI_FEATURES, id, 0, 0), is_offered(id) ? 0 : NOT_SUPPORTED, "feature",
               id);
        if (!is_offered(id)) {
            expect(smc_fast(id, SECURE, SECURE, SECURE), NOT_SUPPORTED, "function", id);
        }
    }
}

static void processors(void)
{
    static const uint64_t nobody[] = {2,
                                      3,
                                      7,
                                      8,
                                      9,
                                      255,
                                      0x100,
                                      0x101,
                                      0x10000,
                                      0x1000000,
                                      0x80000000,
                                      UINT64_C(1) << 32,
                                      UINT64_C(0x100000001),
                                      UINT64_MAX};
    static const uint64_t entries[] = {0,          8,          SECURE,     0x0e000000,
                                       0x0fffffff, 0x3ffffffc, 0x60000001, 0x60000002};
    for (unsigned i = 0; i < sizeof(nobody) / sizeof(nobody[0]); i++) {
        if (nobody[i] < processors_there()) {
            continue;
        }
        expect(smc_fast(PSCI_CPU_ON, nobody[i], 0x60000000, 0), INVALID_PARAMETERS, "on",
               nobody[i]);
        expect(smc_fast(PSCI_AFFINITY_INFO, nobody[i], 0, 0), INVALID_PARAMETERS, "info",
               nobody[i]);
    }
    for (unsigned i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
        expect(smc_fast(PSCI_CPU_ON, 1, entries[i], 0), INVALID_ADDRESS, "entry", entries[i]);
        expect(smc_fast(PSCI_CPU_ON32, 1, UINT64_C(0x60000000) << 32 | entries[i], 0),
               INVALID_ADDRESS, "entry of 32 bits", entries[i]);
    }
    expect(smc_fast(PSCI_CPU_ON, 0, 0x60000000, 0), ALREADY_ON, "on: myself", 0);
    expect(smc_fast(PSCI_CPU_ON, 1, 0x60000000, 0), ALREADY_ON, "on: the running one", 1);
    for (uint64_t level = 1; level < 8; level++) {
        expect(smc_fast(PSCI_AFFINITY_INFO, 0, level, 0), INVALID_PARAMETERS, "level", level);
    }
    expect(smc_fast(PSCI_AFFINITY_INFO, 0, 0, 0), 0, "myself", 0);
    expect(smc_fast(PSCI_AFFINITY_INFO32, UINT64_C(0xff) << 32 | 1, UINT64_C(1) << 32, 0), 0,
           "the other, in 32 bits", 0);
    for (unsigned bit = 16; bit < 32; bit++) {
        expect(smc_fast(PSCI_CPU_SUSPEND, UINT64_C(1) << bit, 0x60000000, 0), INVALID_PARAMETERS,
               "power state", bit);
    }
    /* Standby ends with an interrupt, which nobody has to take for that. */
    for (unsigned i = 0; i < 20; i++) {
        interrupt_after(cntfrq_el0_read() / 1000);
        expect(smc_fast(PSCI_CPU_SUSPEND, 0, 0x60000000, 0), 0, "standby", i);
    }
    interrupt_off();
}

void psci_made(void)
{
    functions();
    processors();
    ok(wrong == 0, "PSCI says what it has, and refuses what is none");
}

/* Tries an instruction: how often it was undefined, which start.S counts in x16. */
#define TRY(instruction)                                                                           \
    __extension__({                                                                                \
        uint64_t times;                                                                            \
        __asm__ volatile("mov x16, #0\n\t" instruction "\n\tmov %0, x16"                           \
                         : "=r"(times)                                                             \
                         :                                                                         \
                         : "x0", "x16", "x17", "x18", "memory");                                   \
        times;                                                                                     \
    })
#define GROUP0_REGISTER "mrs x0, s3_0_c12_c8_0" /* ICC_IAR0_EL1: EL3's, and it traps there */

REGISTER_WRITE(uao, "s3_0_c4_c2_4")
REGISTER_WRITE(pan, "s3_0_c4_c2_3")

/* start.S: whether to see in which state an undefined instruction's exception begins, and that. */
bool trap_watch;
struct trap_seen {
    uint64_t pan, uao, daif;
} trap_seen;
uint64_t aarch32_try(void);

/* What EL3 refuses begins as an instruction that the processor itself does not know. At EL2 SPAN means
 * nothing. */
static bool traps_look_real(void)
{
    const uint64_t control = sctlr_el1_read();
    bool good = true;

    trap_watch = true;
    for (unsigned i = 0; i < 8; i++) {
        sctlr_el1_write((control & ~(uint64_t)SCTLR_SPAN) | ((i & 1) != 0 ? SCTLR_SPAN : 0));
        barrier_isb();
        for (unsigned j = 0; j < 2; j++) {
            pan_write((i >> 1 & 1) << 22);
            uao_write((i >> 2 & 1) << 23);
            struct trap_seen before = trap_seen;
            memset(&trap_seen, 0xff, sizeof(trap_seen));
            good = (j == 0 ? TRY(".inst 0") : TRY(GROUP0_REGISTER)) == 1 && good;
            good = good && (j == 0 || memcmp(&before, &trap_seen, sizeof(before)) == 0);
        }
    }
    trap_watch = false;
    pan_write(0);
    uao_write(0);
    sctlr_el1_write(control);
    barrier_isb();
    return good;
}

void traps_made(void)
{
    unsigned undefined = 0;
    undefined += TRY("mrs x0, scr_el3") == 1;
    undefined += TRY("mrs x0, cntps_ctl_el1") == 1;
    undefined += TRY("mrs x0, mdcr_el3") == 1;
    undefined += TRY(".inst 0") == 1;
    ok(undefined == 4, "EL3's registers and the secure timer are not there");
    /* Scalable matrices: a processor that has them, and EL3 keeps them closed. */
    if ((id_aa64pfr1_el1_read() >> 24 & 0xf) == 0) {
        return;
    }
    if (currentel_read() == 8) { /* nothing traps here */
        cptr_el2_write(0x22ff);
    } else {
        cpacr_el1_write(CPACR_FPEN_ALL | 0x3000000);
    }
    barrier_isb();
    ok(TRY("mrs x0, s3_0_c1_c2_6") == 1, "what EL3 traps is undefined");
    ok(traps_look_real(), "and looks so");
    if (currentel_read() == 8) {
        ok(aarch32_try() >> ESR_EC_SHIFT == 0, "also in AArch32");
    }
}

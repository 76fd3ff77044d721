/*
 * A plugin of QEMU's that counts a call's instructions by layer, for tests/arm64/bench. The guest is
 * not changed by it: under -icount the same instructions run at the same guest time with and without.
 *
 * A layer is told by the instruction's address, since no two layers have code at the same one while
 * Linux runs: the monitor runs from flash, the kernel's image and the page that EL3 enters it by, apps
 * in their window (port/aarch64/layout.h), Linux in the upper half, and the measuring client was linked
 * to a place of its own, so that what other programs run (the supplicant) is told from it.
 *
 * The client marks what is to be counted by calling into a row of words, `marks`: word 2n starts case
 * n, word 2n + 1 ends it (bench_client.c). Arguments, NAME=VALUE, numbers with 0x:
 *
 *   out=FILE       a line each time a case ends: `case N user linux monitor kernel app other`; and
 *                  `boot ready TOTAL` when the payload starts, `boot linux TOTAL` when Linux does: the
 *                  instructions since reset
 *   profile=FILE, case=N     at the end: `ADDRESS COUNT` for every instruction that was executed in
 *                  case N, and the number of times that it ran: `runs COUNT`; `base ADDRESS`, where
 *                  the kernel runs its first instruction with its MMU on
 *   marks=ADDRESS  of the first word   client=ADDRESS  from where on code is the client's
 *   payload=ADDRESS, linux=ADDRESS  of the first instruction of each
 *
 * QEMU's plugin interface is a C ABI; Debian ships it without its header, so that the few functions
 * that are used are declared here. API_VERSION: 1 for QEMU before 8.2, else 2; nothing that is used
 * here differs.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
#define EXPORT __attribute__((visibility("default")))
#define NO_REGISTERS 0 /* of the processor are looked at */

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id,
                                           void (*call)(plugin_id, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
                                            void (*call)(unsigned, void *), int flags, void *data);
void qemu_plugin_register_atexit_cb(plugin_id id, void (*call)(plugin_id, void *), void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
EXPORT int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv);
EXPORT extern int qemu_plugin_version;

int qemu_plugin_version = API_VERSION;

#define FLASH_CODE_END UINT64_C(0x400000) /* programs start there; the monitor is much smaller */
#define IDENTITY_START UINT64_C(0x0e000000)
#define IDENTITY_END UINT64_C(0x0f000000)
#define APP_START UINT64_C(0x40000000)
#define APP_END UINT64_C(0x80000000)
#define CLIENT_SIZE UINT64_C(0x40000000)
#define LINUX_START UINT64_C(0xfff0000000000000)
#define KERNEL_START UINT64_C(0xffffff8000000000)

#define CASES 64
#define CASE_NONE CASES

enum layer { USER, LINUX, MONITOR, KERNEL, APP, OTHER, LAYERS };

/* One for each address that an instruction was found at. */
struct place {
    struct place *next;
    uint64_t address;
    uint64_t count; /* in the profiled case */
    enum layer layer;
};

static struct {
    const char *out;
    const char *profile;
    uint64_t profiled;
    uint64_t marks;
    uint64_t client;
    uint64_t payload;
    uint64_t linux;
} option = {.profiled = CASE_NONE};

#define BUCKETS (1u << 16)
static struct place *places[BUCKETS];
static FILE *out;
static uint64_t count[LAYERS];
static uint64_t now = CASE_NONE; /* the case that is running */
static uint64_t runs;            /* of the profiled case */
static uint64_t base;
static bool ready, linux_runs;

static enum layer layer_of(uint64_t address)
{
    if (address >= KERNEL_START || (address >= IDENTITY_START && address < IDENTITY_END)) {
        return KERNEL;
    }
    if (address >= LINUX_START) {
        return LINUX;
    }
    if (address < FLASH_CODE_END) {
        return MONITOR;
    }
    if (address >= APP_START && address < APP_END) {
        return APP;
    }
    return address >= option.client && address < option.client + CLIENT_SIZE ? USER : OTHER;
}

static void executed(unsigned cpu, void *data)
{
    struct place *place = data;

    (void)cpu;
    count[place->layer]++;
    if (now == option.profiled) {
        place->count++;
    }
}

static void boot_event(const char *name)
{
    uint64_t total = 0;
    for (unsigned i = 0; i < LAYERS; i++) {
        total += count[i];
    }
    fprintf(out, "boot %s %" PRIu64 "\n", name, total);
    fflush(out);
}

/* The first instruction of the payload, of Linux, or of the kernel with its MMU on. */
static void arrived(unsigned cpu, void *data)
{
    const struct place *place = data;

    (void)cpu;
    if (place->address == option.payload && !ready) {
        ready = true;
        boot_event("ready");
    } else if (place->address == option.linux && !linux_runs) {
        linux_runs = true;
        boot_event("linux");
    } else if (place->layer == KERNEL && base == 0) {
        base = place->address;
    }
}

static void marked(unsigned cpu, void *data)
{
    const struct place *place = data;
    uint64_t word = (place->address - option.marks) / 4;

    (void)cpu;
    if (word % 2 == 0) {
        now = word / 2;
        memset(count, 0, sizeof(count));
    } else if (now == word / 2) {
        runs += now == option.profiled;
        fprintf(out, "case %" PRIu64, now);
        for (unsigned i = 0; i < LAYERS; i++) {
            fprintf(out, " %" PRIu64, count[i]);
        }
        fprintf(out, "\n");
        fflush(out);
        now = CASE_NONE;
    }
}

static struct place *place_at(uint64_t address)
{
    struct place **bucket = &places[(address >> 2) % BUCKETS];
    for (struct place *place = *bucket; place != NULL; place = place->next) {
        if (place->address == address) {
            return place;
        }
    }
    struct place *place = calloc(1, sizeof(*place));
    if (place == NULL) {
        abort();
    }
    *place =
        (struct place){.next = *bucket, .address = address, .layer = layer_of(address), .count = 0};
    *bucket = place;
    return place;
}

static void translated(plugin_id id, struct qemu_plugin_tb *tb)
{
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        uint64_t address = qemu_plugin_insn_vaddr(insn);
        struct place *place = place_at(address);

        if (address >= option.marks && address < option.marks + UINT64_C(8) * CASES) {
            qemu_plugin_register_vcpu_insn_exec_cb(insn, marked, NO_REGISTERS, place);
        } else if ((address == option.payload && !ready) ||
                   (address == option.linux && !linux_runs) ||
                   (address >= KERNEL_START && base == 0)) {
            qemu_plugin_register_vcpu_insn_exec_cb(insn, arrived, NO_REGISTERS, place);
        }
        qemu_plugin_register_vcpu_insn_exec_cb(insn, executed, NO_REGISTERS, place);
    }
}

static void ended(plugin_id id, void *data)
{
    (void)id;
    (void)data;
    fclose(out);
    FILE *file = option.profile != NULL ? fopen(option.profile, "w") : NULL;
    if (file == NULL) {
        return;
    }
    fprintf(file, "runs %" PRIu64 "\nbase 0x%" PRIx64 "\n", runs, base);
    for (unsigned i = 0; i < BUCKETS; i++) {
        for (const struct place *place = places[i]; place != NULL; place = place->next) {
            if (place->count != 0) {
                fprintf(file, "0x%" PRIx64 " %" PRIu64 "\n", place->address, place->count);
            }
        }
    }
    fclose(file);
}

int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++) {
        char *value = strchr(argv[i], '=');
        if (value == NULL) {
            return -1;
        }
        *value++ = 0;
        uint64_t number = strtoull(value, NULL, 0);
        if (strcmp(argv[i], "out") == 0) {
            option.out = value;
        } else if (strcmp(argv[i], "profile") == 0) {
            option.profile = value;
        } else if (strcmp(argv[i], "case") == 0) {
            option.profiled = number;
        } else if (strcmp(argv[i], "marks") == 0) {
            option.marks = number;
        } else if (strcmp(argv[i], "client") == 0) {
            option.client = number;
        } else if (strcmp(argv[i], "payload") == 0) {
            option.payload = number;
        } else if (strcmp(argv[i], "linux") == 0) {
            option.linux = number;
        } else {
            return -1;
        }
    }
    out = option.out != NULL ? fopen(option.out, "w") : NULL;
    if (out == NULL) {
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, ended, NULL);
    return 0;
}

/*
 * The AArch64 port's inside: what its files know of each other. The outside is port/port.h.
 *
 * A processor enters by EL3 on its own small stack, with interrupts masked (entry.S, smc.c). Fast
 * calls are answered right there. A yielding call gets a thread (thread.c): a stack of its own that
 * can be left for the normal world, by an RPC or by an interrupt for Linux, and be gone on with on
 * any processor. Threads run with interrupts on except under the lock.
 *
 * Locks of the port, in this order, taken after the kernel's lock where both are held: share_lock
 * (memory.c), page_lock (page.c, with heap.c inside it), console_lock.
 */
#ifndef POSTERN_PORT_AARCH64_MACHINE_H
#define POSTERN_PORT_AARCH64_MACHINE_H

#include <lib/aarch64/libc/string.h>
#include <lib/aarch64/register.h>
#include <port/aarch64/layout.h>
#include <port/kernel.h>
#include <port/port.h>

/* --- Addresses. A physical address is never a pointer. ---------------------------------------- */

struct physical {
    uint64_t value;
};

static inline struct physical physical(uint64_t value)
{
    return (struct physical){value};
}

/* --- Spinlocks of the port's own: interrupts are masked while one is held. ---------------------- */

struct spin {
    uint32_t held;
};
/* Answers what spin_unlock needs to bring the interrupt mask back. */
uint64_t spin_lock(struct spin *spin);
void spin_unlock(struct spin *spin, uint64_t mask);

static inline uint64_t interrupts_mask(void)
{
    uint64_t mask = daif_read();
    __asm__ volatile("msr daifset, #3" : : : "memory");
    return mask;
}
static inline void interrupts_restore(uint64_t mask)
{
    __asm__ volatile("msr daif, %0" : : "r"(mask) : "memory");
}
static inline void interrupts_on(void)
{
    __asm__ volatile("msr daifclr, #3" : : : "memory");
}

/* --- Floating point (fp.c, fp.S). --------------------------------------------------------------- */

struct fp_state {
    _Alignas(16) uint8_t registers[512];
    uint64_t control; /* FPCR */
    uint64_t status;  /* FPSR */
    bool used;        /* registers were put here since it was cleared */
};

/* --- Processors. ---------------------------------------------------------------------------------- */

struct thread;
struct cpu {
    struct thread *thread;     /* running here, or NULL */
    uint64_t stack_top;        /* of the stack that EL3's entries use */
    struct fp_state *fp_owner; /* whose registers are in the processor; NULL: the normal world's */
    uint64_t affinity;
    uint32_t number;
    bool online;
    struct fp_state fp_normal; /* the normal world's, while fp_owner is not NULL */
    struct fp_state fp_own;    /* the kernel's own use outside threads */
};
_Static_assert(offsetof(struct cpu, thread) == CPU_THREAD, "layout.h");
_Static_assert(offsetof(struct cpu, stack_top) == CPU_STACK_TOP, "layout.h");
_Static_assert(offsetof(struct cpu, fp_owner) == CPU_FP_OWNER, "layout.h");

/* Interrupts masked: otherwise the answer may be another processor's before it is used. */
static inline struct cpu *cpu_current(void)
{
    return (struct cpu *)tpidr_el1_read(); // NOLINT(performance-no-int-to-ptr)
}

/* Interrupts masked. The processor's registers become `owner`'s (not NULL). */
void fp_take(struct fp_state *owner);
/* Interrupts masked. The normal world's registers are back: before every way out. */
void fp_release(void);
/* Interrupts masked. If the processor holds `owner`'s, they are saved and it gives them up. */
void fp_sync(struct fp_state *owner);
void fp_save(struct fp_state *state);
void fp_load(const struct fp_state *state);

/* --- Threads (thread.c, switch.S). ---------------------------------------------------------------- */

struct thread {
    uint64_t sp; /* while suspended */
    uint32_t state;
    uint32_t number;
    /* The call's message and its RPC part, in the normal world's memory; NULL: none. */
    volatile struct msg_arg *message;
    volatile struct msg_arg *rpc;
    struct msg_arg copy; /* of the message */
    struct fp_state fp;  /* the kernel's own use (cryptography) */
};
_Static_assert(offsetof(struct thread, sp) == THREAD_SP, "layout.h");
_Static_assert(offsetof(struct thread, state) == THREAD_STATE, "layout.h");

void thread_start(void) COLD;
/* The thread whose stack this is; NULL on a processor's own stack. */
struct thread *thread_current(void);
/* A free slot, marked running; the last `kept` slots are left alone. NULL: none. */
struct thread *thread_take(uint32_t kept);
/* On a processor's own stack: starts `thread` with thread_main. Does not return, but is not declared so:
 * what leads to such a function is taken for rare, and compiled to be small. */
void thread_begin(struct thread *thread);
/* On a processor's own stack: goes on where `number` was suspended. Returns only if there is no such
 * suspended thread. */
void thread_resume(uint64_t number);
/* In a thread: leaves for the normal world with these results; returns when resumed. */
void thread_leave(uint64_t a0, uint64_t a1, uint64_t a2);
/* In this thread: the call is over. */
_Noreturn void thread_end(struct thread *thread, uint64_t a0);
/* smc.c: what a fresh thread runs. */
_Noreturn void thread_main(struct thread *thread);

/* switch.S */
void thread_switch_out(struct thread *thread, uint64_t stack_top, uint64_t a0, uint64_t a1,
                       uint64_t a2);
_Noreturn void thread_switch_end(struct thread *thread, uint64_t stack_top, uint64_t a0);
_Noreturn void thread_switch_in(uint64_t sp);
void thread_switch_begin(struct thread *thread, uint64_t stack_top);
/* Leaves to EL3 from a processor's own stack: `what` is KERNEL_RETURN_*. */
_Noreturn void smc_leave(uint64_t what, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4);

/* --- Pages of secure memory (page.c): free pages hold zeros. ---------------------------------- */

void page_start(struct physical from, struct physical end) COLD;
/* NULL: none. Contiguous. */
void *page_take(size_t count);
void page_give(void *pages, size_t count); /* wipes them */
/* Promises that `count` single pages will be there: page_take_reserved cannot fail then. */
bool page_reserve(size_t count);
void page_unreserve(size_t count);
void *page_take_reserved(void);
/* Gives a page back and reserves one in its place. */
void page_give_reserved(void *page);
size_t page_free_count(void);
struct physical page_physical(const void *page);
void *page_pointer(struct physical address); /* of a page of the pool */

/* --- Translation tables (table.c). -------------------------------------------------------------- */

enum table_kind {
    TABLE_CODE,     /* execute and read */
    TABLE_CONSTANT, /* read */
    TABLE_DATA,     /* read and write */
    TABLE_DEVICE,
    TABLE_NORMAL_WORLD, /* read and write, the normal world's */
};
/* The kernel's space. Range in whole pages. False: no page for a table. */
bool table_map(uint64_t address, struct physical to, uint64_t size, enum table_kind kind);
void table_unmap(uint64_t address, uint64_t size);
/* An app's space. `root` is a page. Maps the pages that `to` names, one after the other. False: no page for
 * a table; some may be mapped. */
bool table_app_map(uint64_t *root, uint64_t address, const struct physical *to, uint64_t pages,
                   uint32_t prot, bool code, bool normal_world);
/* Whether the app can read, or write, the page there now. */
bool table_app_access(uint64_t *root, uint64_t address, bool write);
/* Makes the tables for these pages, so that mapping them cannot fail. */
bool table_app_prepare(uint64_t *root, uint64_t address, uint64_t pages);
/* Clears; answers what was mapped there, or false. Followed by table_app_flush. */
bool table_app_unmap(uint64_t *root, uint64_t address, struct physical *was);
/* Clears many, whatever was there. Followed by table_app_flush. */
void table_app_clear(uint64_t *root, uint64_t address, uint64_t pages);
/* Shows in `root` what `from` has in these bytes and in all that share their tables (2 MiB), by the same
 * tables, for reading only. Both have tables of the second level there. */
void table_app_share(uint64_t *root, uint64_t *from, uint64_t address, uint64_t size);
void table_app_flush(uint32_t asid, uint64_t address, uint64_t pages);
void table_app_flush_all(uint32_t asid);
/* Gives the tables back that are not shared, not what they map. */
void table_app_destroy(uint64_t *root);
extern uint64_t table_identity; /* TTBR0 between calls */
/* Before the MMU is on: empty tables, from a few pages of the image. */
void table_start(void) COLD;
/* Once, with the MMU on: the image's pointers are `delta` from its physical addresses. */
void table_move(uint64_t delta);
/* From here on tables come from the page pool. */
void table_pool_start(void);
struct physical table_kernel_root(void);
struct physical table_identity_root(void);
void table_identity_map(struct physical page);
/* How far pointers to the image and to the page pool are from physical addresses. */
extern uint64_t image_delta, pool_delta;

/* --- Memory (memory.c). --------------------------------------------------------------------------- */

/* The normal world's memory at this address, all of [address, address + size): NULL if any byte is
 * not. */
volatile void *normal_pointer(struct physical address, uint64_t size);
void normal_add(struct physical base, uint64_t size);
/* Whatever the device tree says of memory: this is not the normal world's. */
void normal_remove(struct physical base, uint64_t size);
/* Registers what a list of pages names (abi/message.h). E_INVALID; E_NO_MEMORY; E_EXISTS. */
enum error share_register(uint64_t list, uint64_t size, uint64_t cookie);
enum error share_release(uint64_t cookie);
/* A place inside registered memory, and how many bytes of it follow in the same page. NULL: no such
 * thing, or not aligned to 8. */
volatile void *share_pointer(uint64_t cookie, uint64_t offset, size_t *room);
/* Copies to a place inside registered memory, which may be anywhere. False: no such place. */
bool share_write(uint64_t cookie, uint64_t offset, const void *bytes, uint64_t size);
/* The pages of a memory object, and whether they are the normal world's. */
const struct physical *mem_pages(const struct port_mem *mem, bool *normal_world);
/* Maps a page list contiguously for the kernel; NULL: no room. `pages`: how many. */
volatile uint8_t *share_map(uint64_t list, uint64_t pages, uint32_t *slot);
void share_unmap(uint32_t slot, uint64_t pages);

/* --- Interrupts, notifications, time (gic.c, notify.c). ------------------------------------------ */

void gic_start(void) COLD; /* as tree_facts says */
void gic_processor_start(void);
/* Takes a pending secure interrupt; GIC_SPURIOUS or above: none. */
uint32_t gic_take(void);
void gic_done(uint32_t number);
/* Makes an interrupt of Linux's pending. */
void gic_raise(uint32_t number);
extern uint32_t gic_version;

#define INTERRUPT_TIMER 29u   /* the secure physical timer's */
#define INTERRUPT_NOTIFY 200u /* an SPI that no device of the machine uses: see tree.c */

void notify_enable(bool on);
/* Marks a value as pending and raises the interrupt. 0 asks for a bottom half. */
void notify_send(uint32_t value);
/* Takes a value. False: none. *more: there are others. */
bool notify_take(uint32_t *value, bool *more);
#define NOTIFY_MAX THREADS /* values 1 to this: a thread's number plus 1 */

/* A secure interrupt arrived: whatever the processor was doing. Interrupts masked. */
void interrupt_own(void);
void clock_start_now(void);
/* This processor goes off, or (in the bottom half) watches the deadline from here on. */
void timer_processor_stop(void);
void timer_restart(void);
/* rpc.c, in a thread: sleeps in Linux until notify_send(key); may return early. */
void rpc_sleep(uint32_t key);
/* EL1 exceptions, from entry.S */
void interrupt_irq(void);
void interrupt_fiq(void);

/* --- The rest. ------------------------------------------------------------------------------------ */

/* tree.c: reads what the kernel needs from the device tree and adds what Linux needs. */
void tree_read(const void *tree) COLD;
void tree_complete(void *tree) COLD;
struct tree_facts {
    uint32_t gic_version;
    uint64_t distributor, redistributor, redistributor_size, cpu_interface;
    uint64_t secure_base, secure_size; /* all secure memory, EL3's too */
    uint64_t console;                  /* secure PL011; 0: none */
};
extern struct tree_facts tree_facts;
void console_start(uint64_t address) COLD;
void console_write(const char *text, size_t size);
/* The log from *position on (abi/report.h), at most `size` octets; *position becomes that of the
 * first one given. Answers how many. */
size_t console_read(uint64_t *position, char *out, size_t size);
/* report.c: answers a question about the kernel itself. False: it is not one. */
bool report_call(struct msg_arg *arg) COLD;
/* bus.c: serves a call of the pseudo app that lists devices. False: it is another app's. */
bool bus_call(struct msg_arg *arg) COLD;
void random_start(void) COLD;
/* Before anything else runs: a number to place the kernel by. */
uint64_t random_early(void);
uint64_t random_number(void);
extern struct gp_client *linux_client;

/* app.c */
struct app_frame {
    uint64_t x[31];
    uint64_t sp;
    uint64_t pc;
    uint64_t state;
    uint64_t tls;
    uint64_t reserved;
};
_Static_assert(offsetof(struct app_frame, sp) == FRAME_SP, "layout.h");
_Static_assert(offsetof(struct app_frame, pc) == FRAME_PC, "layout.h");
_Static_assert(offsetof(struct app_frame, state) == FRAME_STATE, "layout.h");
_Static_assert(offsetof(struct app_frame, tls) == FRAME_TLS, "layout.h");
_Static_assert(sizeof(struct app_frame) == FRAME_SIZE, "layout.h");
/* switch.S: interrupts masked; runs the app until an exception; answers USER_*. */
uint32_t user_run(struct app_frame *frame);

#endif

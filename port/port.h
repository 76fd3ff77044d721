/*
 * The port contract: all that the portable kernel asks of the machine below it. port/aarch64 (a
 * TrustZone processor), port/host (a Linux process) and port/test (a unit test) each define every
 * function here; they are bound at link time, and nothing is optional. The other direction, what a
 * port calls in the kernel, is port/kernel.h.
 *
 * "The lock" is the kernel's one lock. Each function says whether its caller holds it. Processors,
 * or threads that play them, enter the kernel in parallel; each lends its time to app threads with
 * port_app_enter.
 */
#ifndef POSTERN_PORT_H
#define POSTERN_PORT_H

#include <abi/message.h>
#include <abi/syscall.h>
#include <lib/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- The kernel's memory. With or without the lock. ------------------------------------------- */

/* Zeroed memory for the kernel, aligned to 16; NULL when there is none. */
void *port_alloc(size_t size);
/* Wipes and frees what port_alloc returned; NULL is harmless. */
void port_free(void *memory);

/* Whether so little memory is left for apps that what is kept only to be quick the next time should go,
 * before a call that needs a page more is refused. */
bool port_memory_low(void);

/* --- Locking and sleeping. ---------------------------------------------------------------------- */

void port_lock(void);
void port_unlock(void);
bool port_lock_is_mine(void); /* for checks in debug builds */

/* One sleeper. Lives in its user's memory; needs init before use and nothing after. */
struct port_waiter {
    uint64_t word[4];
};
void port_waiter_init(struct port_waiter *waiter);
/* Lock held. Releases it, sleeps until somebody wakes this waiter, takes it again. A wake that came
 * before counts. In TrustZone the processor goes back to Linux meanwhile. */
void port_block(struct port_waiter *waiter);
/* Lock held. */
void port_wake(struct port_waiter *waiter);

/* Lock held. There is work without a caller: arranges that some processor calls
 * kernel_background() soon. Any number of requests before that are one. */
void port_kick(void);

/* --- Time, secrets, words. With or without the lock. ------------------------------------------- */

uint64_t port_clock_ns(void); /* since the TEE started; never goes back */
/* Lock held. kernel_timer() is to be called once this instant has come; replaces the last one;
 * UINT64_MAX for never. */
void port_timer_set(uint64_t deadline_ns);
/* Without the lock, these two: they take their time, and so does what is made of them. */
enum error port_random(void *out, size_t size) MUST_CHECK;
void port_device_key(uint8_t key[32]);
/* The trust table (abi/package.h). Lives as long as the kernel; may be damaged, is not secret. */
const uint8_t *port_trust(size_t *size);
bool port_development(void); /* whether the development form of packages may run */
uint32_t port_arch(void);    /* PACKAGE_ARCH_* of the images that run here */
/* One line without its newline; level is SYS_LOG_*. */
void port_log(uint32_t level, const char *line, size_t length);
/* The kernel found a mistake of its own and cannot go on. */
_Noreturn void port_panic(const char *why) COLD;

/* --- Memory objects: memory that apps, and for some the normal world, share. ------------------ */

struct port_mem;
/* Zeroed secure memory. Without the lock. E_NO_MEMORY. */
enum error port_mem_create(uint64_t size, struct port_mem **out) MUST_CHECK;
/* Frees it; the kernel has dropped every mapping before. With or without the lock. */
void port_mem_destroy(struct port_mem *mem);
uint64_t port_mem_size(const struct port_mem *mem); /* bytes that may be mapped */

/* --- Apps: each one address space with one thread. --------------------------------------------- */

/* A verified ELF file, kept for starting instances from. `elf` is private memory of the kernel and
 * stays the caller's. Without the lock. E_NO_MEMORY, E_BAD_FORMAT (with a logged reason). */
struct port_image;
enum error port_image_create(const uint8_t uuid[16], const uint8_t *elf, size_t size,
                             bool development, struct port_image **out) MUST_CHECK;
void port_image_destroy(struct port_image *image);
/* The ELF file again, as long as the image lives (for naming the place of a fault). Without the lock: it
 * may be large, and somebody looks for something in it. */
const uint8_t *port_image_bytes(const struct port_image *image, size_t *size);

struct port_app;
struct port_app_config {
    const struct port_image *image;
    struct sys_start start; /* to be found in the app's page */
    bool development;       /* the looser sandbox */
    void *owner;            /* the kernel's, given back by no function: for the port's logs only */
};
/* A fresh instance that has not run yet. Without the lock. E_NO_MEMORY, E_NO_RESOURCES. */
enum error port_app_create(const struct port_app_config *config, struct port_app **out) MUST_CHECK;
/* Ends the instance if it lives; wipes and frees all it had. Nobody is inside port_app_enter for
 * it. Without the lock. */
void port_app_destroy(struct port_app *app);
/* The page shared with the app: hostile memory, to be copied from once. */
struct sys_page *port_app_page(struct port_app *app);

enum port_trap_kind {
    PORT_TRAP_CALL,   /* a system call: nr and arg are copies */
    PORT_TRAP_TICK,   /* nothing of the app's: it has run for a while (some milliseconds) */
    PORT_TRAP_WANTED, /* nothing of the app's: the normal world wants this processor, and gets it
                         from port_pass() */
    PORT_TRAP_FAULT,  /* it faulted: arg[0] SYS_FAULT_*, arg[1] address, arg[2] offset of the
                        instruction from the image's base or UINT64_MAX. It cannot go on. */
    PORT_TRAP_GONE,   /* it was killed or ended by itself outside the protocol; text says how */
};
struct port_trap {
    enum port_trap_kind kind;
    uint64_t nr;
    uint64_t arg[6];
    char text[64];
};
/* Runs the app on this processor until something happens. Without the lock; one caller at a time
 * for one app. After PORT_TRAP_TICK and PORT_TRAP_WANTED the app may be left alone (in the hosted
 * port it runs on by itself) and be entered again later, here or on another processor. */
void port_app_enter(struct port_app *app, struct port_trap *trap);
/* After PORT_TRAP_WANTED, without the lock: gives the processor to the normal world, and comes back when
 * that has time for this call again, on whatever processor, perhaps much later. */
void port_pass(void);
/* The answer to the last PORT_TRAP_CALL, seen by the app when it is entered again. */
void port_app_answer(struct port_app *app, int64_t result);
/* Lock held or not. The app ends soon: whoever is, or comes, in port_app_enter for it gets
 * PORT_TRAP_GONE. */
void port_app_kill(struct port_app *app);
/* Lock held. Sets or clears sys_page.cancel. */
void port_app_set_cancel(struct port_app *app, bool cancelled);

/* Lock held. Maps `size` bytes of a memory object from `offset` (both whole pages) for the app;
 * `prot` is SYS_MEM_*. A *address that is not 0 is where (the app's own memory there is replaced);
 * else the port chooses. Seen by the app from its next entry on. E_NO_MEMORY, E_INVALID. */
enum error port_app_map(struct port_app *app, struct port_mem *mem, uint64_t offset, uint64_t size,
                        uint32_t prot, uint64_t *address) MUST_CHECK;
/* Lock held. Takes a mapping away. Answers true when it is gone, false when the app has to be
 * entered once more for that (and then calls the kernel again without an answer to use: the
 * kernel sees PORT_TRAP_CALL with the same numbers). */
bool port_app_unmap(struct port_app *app, uint64_t address, uint64_t size);

/* --- Asking the normal world. ------------------------------------------------------------------- */

/* Memory shared with the normal world for one RPC: hostile, copied from once. */
struct port_rpc_mem {
    volatile uint8_t *bytes;
    size_t size;
    struct msg_tmem tmem; /* how an RPC's parameter names it */
    uint64_t opaque[2];
};
/* Without the lock. E_NO_MEMORY, E_COMMUNICATION. */
enum error port_rpc_mem_create(size_t size, struct port_rpc_mem *out) MUST_CHECK;
void port_rpc_mem_destroy(struct port_rpc_mem *mem);
/* Sends an RPC and waits for the answer, which replaces *arg. Without the lock. E_COMMUNICATION
 * when nobody is there, or nobody answers within the port's limit. `arg->head.ret` is the answer's
 * result, as the normal world claims. */
enum error port_rpc(struct msg_arg *arg) MUST_CHECK;

#endif

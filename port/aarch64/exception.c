/*
 * Exceptions at EL1: interrupts in a thread, the first use of a vector register, and the kernel's own
 * faults, which are the end.
 */
#include <port/aarch64/machine.h>
#include <port/aarch64/smc.h>

void exception_kernel(uint64_t spsr, uint64_t esr, uint64_t far, uint64_t elr);
_Noreturn void exception_fatal(uint64_t vector, uint64_t esr, uint64_t far, uint64_t elr,
                               uint64_t sp);

static void interrupt_foreign(void)
{
    thread_leave(SMC_RPC_INTERRUPT, 0, 0);
}

void interrupt_irq(void)
{
    if (gic_version == 2) {
        interrupt_foreign();
    } else {
        interrupt_own();
    }
}

void interrupt_fiq(void)
{
    if (gic_version == 2) {
        interrupt_own();
    } else {
        interrupt_foreign();
    }
}

static void hex_write(const char *name, uint64_t value)
{
    char text[19] = "0x";
    for (int i = 0; i < 16; i++) {
        text[2 + i] = "0123456789abcdef"[value >> (60 - 4 * i) & 0xf];
    }
    console_write(name, strlen(name));
    console_write(text, 18);
}

void exception_fatal(uint64_t vector, uint64_t esr, uint64_t far, uint64_t elr, uint64_t sp)
{
    extern const uint8_t image_start[];

    hex_write("\r\npostern: exception in the kernel: vector ", vector);
    hex_write(" esr ", esr);
    hex_write(" far ", far);
    hex_write(" at image + ", elr - (uint64_t)image_start);
    hex_write(" sp ", sp);
    port_panic("exception in the kernel");
}

void exception_kernel(uint64_t spsr, uint64_t esr, uint64_t far, uint64_t elr)
{
    if (esr >> ESR_EC_SHIFT != ESR_EC_FP) {
        exception_fatal(4, esr, far, elr, spsr);
    }
    /* On the stack of whoever did it; interrupts stay masked until the registers are there. */
    struct thread *thread = thread_current();
    fp_take(thread != NULL ? &thread->fp : &cpu_current()->fp_own);
}

/*
 * Floating point and vector registers: the normal world's stay in the processor until somebody in
 * here uses such a register, which traps (CPACR_EL1). They are back before every way out.
 *
 * An app's registers are saved each time it leaves the processor: the next time it may run on another
 * one.
 */
#include <port/aarch64/machine.h>

static void fp_access(bool on)
{
    cpacr_el1_write(on ? CPACR_FPEN_ALL : CPACR_FPEN_NONE);
    barrier_isb();
}

void fp_take(struct fp_state *owner)
{
    struct cpu *cpu = cpu_current();

    fp_access(true);
    if (cpu->fp_owner == owner) {
        return;
    }
    fp_save(cpu->fp_owner == NULL ? &cpu->fp_normal : cpu->fp_owner);
    fp_load(owner);
    owner->used = true;
    cpu->fp_owner = owner;
}

void fp_sync(struct fp_state *owner)
{
    struct cpu *cpu = cpu_current();

    if (cpu->fp_owner == owner) {
        fp_access(true);
        fp_save(owner);
        fp_load(&cpu->fp_normal);
        cpu->fp_owner = NULL;
        fp_access(false);
    }
}

inline void fp_release(void)
{
    struct cpu *cpu = cpu_current();

    if (cpu->fp_owner != NULL) {
        fp_sync(cpu->fp_owner);
    }
}

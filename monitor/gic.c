/*
 * Interrupts as the monitor sets them up: everything belongs to Linux (group 1, not secure) but SGIs
 * 8 to 15, and the secure timer, which the kernel claims itself. One of those SGIs is
 * the monitor's: it ends the WFI of a processor that is off.
 *
 * GICv2: secure interrupts are group 0 and arrive as FIQ, Linux's as IRQ in both worlds. GICv3: the
 * kernel's are "secure group 1", the monitor's own group 0. SCR_EL3.FIQ of the normal world brings
 * both kinds to EL3.
 */
#include <lib/aarch64/gic.h>
#include <lib/aarch64/register.h>
#include <monitor/boot.h>

#define SECURE_SGIS 0xff00u

static bool gic_is_v3(void)
{
    return ((id_aa64pfr0_el1_read() >> 24) & 0xf) != 0;
}

static uintptr_t redistributor(void)
{
    uint64_t number = mpidr_el1_read() & 0xff;
    return MACHINE_GICR + number * GICR_STRIDE;
}

static void distributor_wait(void)
{
    while ((device_read32(MACHINE_GICD + GICD_CTLR) & GICD_CTLR_RWP) != 0) {
    }
}

void gic_start(void)
{
    uint32_t words = (device_read32(MACHINE_GICD + GICD_TYPER) & 0x1f) + 1;

    device_write32(MACHINE_GICD + GICD_CTLR, 0);
    if (gic_is_v3()) {
        distributor_wait();
        device_write32(MACHINE_GICD + GICD_CTLR, 0x30); /* affinity routing in both worlds */
        distributor_wait();
    }
    for (uint32_t i = 1; i < words; i++) {
        device_write32(MACHINE_GICD + GICD_IGROUPR + 4 * i, UINT32_MAX);
        device_write32(MACHINE_GICD + GICD_ICENABLER + 4 * i, UINT32_MAX);
        if (gic_is_v3()) {
            device_write32(MACHINE_GICD + GICD_IGRPMODR + 4 * i, 0);
        }
    }
    device_write32(MACHINE_GICD + GICD_CTLR, gic_is_v3() ? 0x37 : 0x3);
}

static void v3_processor_start(void)
{
    uintptr_t base = redistributor();
    uint32_t waker = device_read32(base + GICR_WAKER);

    device_write32(base + GICR_WAKER, waker & ~GICR_WAKER_SLEEP);
    while ((device_read32(base + GICR_WAKER) & GICR_WAKER_ASLEEP) != 0) {
    }
    base += GICR_SGI;
    device_write32(base + GICD_ICENABLER, UINT32_MAX);
    device_write32(base + GICD_IGROUPR, ~SECURE_SGIS);
    device_write32(base + GICD_IGRPMODR, SECURE_SGIS & ~(1u << MACHINE_WAKE_SGI));
    for (uint32_t i = 8; i < 16; i++) {
        device_write8(base + GICD_IPRIORITYR + i, 0x20);
    }
    device_write32(base + GICD_ISENABLER, 1u << MACHINE_WAKE_SGI);

    icc_sre_el3_write(0xf);
    barrier_isb();
    icc_sre_el1_write(0x7);
    scr_el3_write(scr_el3_read() | SCR_NS);
    barrier_isb();
    if (((id_aa64pfr0_el1_read() >> 8) & 0xf) != 0) {
        icc_sre_el2_write(0xf);
    }
    icc_sre_el1_write(0x7);
    icc_igrpen1_el1_write(0);
    barrier_isb();
    scr_el3_write(scr_el3_read() & ~(uint64_t)SCR_NS);
    barrier_isb();
    icc_pmr_el1_write(0xff);
    icc_igrpen0_el1_write(1);
    icc_igrpen1_el3_write(2); /* the secure group 1 only: Linux turns its own on */
    barrier_isb();
}

static void v2_processor_start(void)
{
    device_write32(MACHINE_GICD + GICD_ICENABLER, UINT32_MAX);
    device_write32(MACHINE_GICD + GICD_IGROUPR, ~SECURE_SGIS);
    for (uint32_t i = 8; i < 16; i++) {
        device_write8(MACHINE_GICD + GICD_IPRIORITYR + i, 0x20);
    }
    device_write32(MACHINE_GICD + GICD_ISENABLER, 1u << MACHINE_WAKE_SGI);
    device_write32(MACHINE_GICC + GICC_PMR, 0xff);
    device_write32(MACHINE_GICC + GICC_CTLR, GICC_CTLR_GROUP0 | GICC_CTLR_GROUP1 | GICC_CTLR_FIQ);
}

void gic_processor_start(void)
{
    if (gic_is_v3()) {
        v3_processor_start();
    } else {
        v2_processor_start();
    }
}

void gic_processor_quiet(void)
{
    if (gic_is_v3()) {
        icc_igrpen1_el3_write(0);
        barrier_isb();
        return;
    }
    device_write32(MACHINE_GICC + GICC_CTLR, GICC_CTLR_GROUP0 | GICC_CTLR_FIQ);
}

void gic_wake(unsigned number)
{
    barrier_dsb();
    if (gic_is_v3()) {
        icc_sgi0r_el1_write(((uint64_t)MACHINE_WAKE_SGI << 24) | (UINT64_C(1) << number));
        barrier_isb();
        return;
    }
    device_write32(MACHINE_GICD + GICD_SGIR, (UINT32_C(1) << (16 + number)) | MACHINE_WAKE_SGI);
}

unsigned gic_processors(void)
{
    unsigned count = 1;

    if (!gic_is_v3()) {
        return ((device_read32(MACHINE_GICD + GICD_TYPER) >> 5) & 7) + 1;
    }
    for (uintptr_t base = MACHINE_GICR; count < MACHINE_CPUS; base += GICR_STRIDE, count++) {
        if ((device_read64(base + GICR_TYPER) & GICR_TYPER_LAST) != 0) {
            break;
        }
    }
    return count;
}

bool gic_woken(void)
{
    uint64_t number;
    if (gic_is_v3()) {
        number = icc_iar0_el1_read();
        if (number < GIC_SPURIOUS) {
            icc_eoir0_el1_write(number);
        }
    } else {
        uint32_t value = device_read32(MACHINE_GICC + GICC_IAR);
        number = value & 0x3ff;
        if (number < GIC_SPURIOUS) {
            device_write32(MACHINE_GICC + GICC_EOIR, value);
        }
    }
    return number == MACHINE_WAKE_SGI;
}

/*
 * The interrupt controller as the secure kernel uses it: its own timer's interrupt, and making one of
 * Linux's pending. What else there is was set up by EL3, ours or TF-A.
 */
#include <lib/aarch64/gic.h>
#include <port/aarch64/machine.h>

#define GICD DEVICE_BASE
#define GICC (DEVICE_BASE + 0x100000)
#define GICR (DEVICE_BASE + 0x200000)

uint32_t gic_version;

void gic_start(uint32_t version, uint64_t distributor, uint64_t redistributor, uint64_t cpu)
{
    bool mapped = table_map(GICD, physical(distributor), 0x10000, TABLE_DEVICE);
    if (version == 2) {
        mapped = mapped && table_map(GICC, physical(cpu), 0x2000, TABLE_DEVICE);
    } else {
        mapped = mapped &&
                 table_map(GICR, physical(redistributor), CPUS_MAX * GICR_STRIDE, TABLE_DEVICE);
    }
    if (!mapped) {
        port_panic("no memory for the interrupt controller's tables");
    }
    gic_version = version;
}

/* The redistributor whose affinity is this processor's. */
static uint64_t redistributor_find(void)
{
    uint64_t mpidr = mpidr_el1_read();
    uint64_t affinity = (mpidr & 0xffffff) | (mpidr >> 8 & 0xff000000);
    for (uint64_t i = 0; i < CPUS_MAX; i++) {
        uint64_t base = GICR + i * GICR_STRIDE;
        if (device_read64(base + GICR_TYPER) >> 32 == affinity) {
            return base;
        }
    }
    return GICR;
}

void gic_processor_start(void)
{
    uint32_t bit = 1u << INTERRUPT_TIMER;
    uint64_t base = gic_version == 2 ? GICD : redistributor_find() + GICR_SGI;

    device_write32(base + GICD_IGROUPR, device_read32(base + GICD_IGROUPR) & ~bit);
    if (gic_version == 3) {
        device_write32(base + GICD_IGRPMODR, device_read32(base + GICD_IGRPMODR) | bit);
    }
    device_write8(base + GICD_IPRIORITYR + INTERRUPT_TIMER, 0x20);
    device_write32(base + GICD_ISENABLER, bit);
}

uint32_t gic_take(void)
{
    if (gic_version == 2) {
        return device_read32(GICC + GICC_IAR);
    }
    return (uint32_t)icc_iar1_el1_read();
}

void gic_done(uint32_t number)
{
    if (gic_version == 2) {
        device_write32(GICC + GICC_EOIR, number);
    } else {
        icc_eoir1_el1_write(number);
    }
}

void gic_raise(uint32_t number)
{
    barrier_dsb();
    device_write32(GICD + GICD_ISPENDR + 4 * (number / 32), 1u << (number % 32));
}

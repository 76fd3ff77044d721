/*
 * The interrupt controller as the secure kernel uses it: its own timer's interrupt, and making one of
 * Linux's pending. What else there is was set up by EL3, ours or TF-A.
 */
#include <lib/aarch64/gic.h>
#include <port/aarch64/machine.h>

#define GICD DEVICE_BASE
#define GICC (DEVICE_BASE + 0x100000)
#define GICR (DEVICE_BASE + 0x200000)
#define GICR_SIZE_MAX UINT64_C(0x4000000)
#define BLOCK_SIZE UINT64_C(0x200000)

uint32_t gic_version;

/* Of all processors, one after the other. */
static uint64_t redistributors, redistributors_end;

void gic_start(void)
{
    const struct tree_facts *facts = &tree_facts;
    bool mapped = table_map(GICD, physical(facts->distributor), 0x10000, TABLE_DEVICE);
    if (facts->gic_version == 2) {
        mapped = mapped && table_map(GICC, physical(facts->cpu_interface), 0x2000, TABLE_DEVICE);
    } else {
        uint64_t size = facts->redistributor_size & ~(uint64_t)(GICR_STRIDE - 1);
        size = size < GICR_SIZE_MAX ? size : GICR_SIZE_MAX;
        /* In large blocks, as far as that goes. */
        redistributors = GICR + facts->redistributor % BLOCK_SIZE;
        redistributors_end = redistributors + size;
        mapped =
            mapped && table_map(redistributors, physical(facts->redistributor), size, TABLE_DEVICE);
    }
    if (!mapped) {
        port_panic("no memory for the interrupt controller's tables");
    }
    gic_version = facts->gic_version;
}

/* The redistributor whose affinity is this processor's; the first one, if none is. */
static uint64_t redistributor_find(void)
{
    uint64_t mpidr = mpidr_el1_read();
    uint64_t affinity = (mpidr & 0xffffff) | (mpidr >> 8 & 0xff000000);
    for (uint64_t base = redistributors; base < redistributors_end; base += GICR_STRIDE) {
        uint64_t type = device_read64(base + GICR_TYPER);
        if (type >> 32 == affinity) {
            return base;
        }
        if ((type & GICR_TYPER_LAST) != 0) {
            break;
        }
    }
    return redistributors;
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

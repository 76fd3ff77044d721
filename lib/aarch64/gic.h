/*
 * Registers of Arm's Generic Interrupt Controller, versions 2 and 3 (IHI 0048, IHI 0069), as offsets
 * from the distributor, the GICv2 CPU interface and a GICv3 redistributor; and the device accesses
 * that they need. Shared by the monitor and the AArch64 port.
 */
#ifndef POSTERN_LIB_AARCH64_GIC_H
#define POSTERN_LIB_AARCH64_GIC_H

#include <stdint.h>

#define GICD_CTLR 0x000u
#define GICD_TYPER 0x004u
#define GICD_IGROUPR 0x080u
#define GICD_ISENABLER 0x100u
#define GICD_ICENABLER 0x180u
#define GICD_ISPENDR 0x200u
#define GICD_ICPENDR 0x280u
#define GICD_IPRIORITYR 0x400u
#define GICD_ITARGETSR 0x800u
#define GICD_ICFGR 0xc00u
#define GICD_IGRPMODR 0xd00u
#define GICD_SGIR 0xf00u
#define GICD_CTLR_RWP 0x80000000u

#define GICC_CTLR 0x00u
#define GICC_PMR 0x04u
#define GICC_IAR 0x0cu
#define GICC_EOIR 0x10u
#define GICC_CTLR_GROUP0 0x1u
#define GICC_CTLR_GROUP1 0x2u
#define GICC_CTLR_FIQ 0x8u /* group 0 interrupts arrive as FIQ */

#define GICR_WAKER 0x14u
#define GICR_WAKER_SLEEP 0x2u
#define GICR_WAKER_ASLEEP 0x4u
#define GICR_TYPER 0x08u
#define GICR_TYPER_LAST 0x10u
#define GICR_STRIDE 0x20000u
#define GICR_SGI 0x10000u /* the frame with the registers of SGIs and PPIs; offsets as GICD_* */

#define GIC_SPURIOUS 1020u /* this number and those above are no interrupt */

static inline uint32_t device_read32(uintptr_t address)
{
    return *(volatile uint32_t *)address;
}
static inline void device_write32(uintptr_t address, uint32_t value)
{
    *(volatile uint32_t *)address = value;
}
static inline uint64_t device_read64(uintptr_t address)
{
    return *(volatile uint64_t *)address;
}
static inline void device_write64(uintptr_t address, uint64_t value)
{
    *(volatile uint64_t *)address = value;
}
static inline void device_write8(uintptr_t address, uint8_t value)
{
    *(volatile uint8_t *)address = value;
}

#endif

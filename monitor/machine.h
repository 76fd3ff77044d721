/*
 * The machine that this monitor is built for: QEMU's `virt` with `secure=on`. Bringing the monitor to
 * another board starts here, with gic.c's and power.c's assumptions next; boards that have TF-A
 * need no monitor of ours at all (docs/board.md).
 */
#ifndef POSTERN_MONITOR_MACHINE_H
#define POSTERN_MONITOR_MACHINE_H

#define MACHINE_CPUS 16
#define MACHINE_FLASH_BASE 0x00000000 /* secure; the reset vector */
#define MACHINE_FLASH_SIZE 0x04000000
#define MACHINE_GICD 0x08000000
#define MACHINE_GICC 0x08010000
#define MACHINE_GICR 0x080a0000
#define MACHINE_UART 0x09040000 /* PL011, secure only */
#define MACHINE_GPIO 0x090b0000 /* PL061, secure only: pin 0 powers off, pin 1 resets */
#define MACHINE_SECURE_RAM 0x0e000000
#define MACHINE_SECURE_RAM_SIZE 0x01000000
#define MACHINE_MONITOR_RAM 0x0e000000 /* the first MiB of secure RAM is the monitor's */
#define MACHINE_MONITOR_RAM_SIZE 0x00100000
#define MACHINE_KERNEL_BASE 0x0e100000  /* where TF-A puts it on this machine, too */
#define MACHINE_PAYLOAD_BASE 0x60000000 /* what the normal world starts with; as TF-A's */
#define MACHINE_DEVICE_TREE 0x40000000  /* QEMU puts it at the start of RAM */
#define MACHINE_RAM_BASE 0x40000000

/* An SGI of group 0 that only the monitor sends: wakes a processor that is off. */
#define MACHINE_WAKE_SGI 15

#endif

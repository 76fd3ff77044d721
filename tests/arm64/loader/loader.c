/*
 * Loads Linux in the QEMU test machine: takes what `qemu -kernel -initrd -append` offers through the
 * firmware configuration device, puts the kernel and the initial file system into memory, and
 * completes the device tree by what a firmware adds: where that file system is, and PSCI, when nobody
 * added it before (our monitor does not touch the device tree; TF-A does).
 */
#include <lib/aarch64/gic.h>
#include <lib/aarch64/libc/string.h>

#include <libfdt.h>

#define FW_CFG 0x09020000u
#define FW_CFG_DMA (FW_CFG + 16)
#define FW_CFG_KERNEL_SIZE 0x08
#define FW_CFG_INITRD_SIZE 0x0b
#define FW_CFG_KERNEL_DATA 0x11
#define FW_CFG_INITRD_DATA 0x12
#define DMA_ERROR 1u
#define DMA_READ 2u
#define DMA_SELECT 8u

#define KERNEL_BASE 0x40400000u
#define INITRD_BASE 0x4c000000u
#define INITRD_END 0x60000000u
#define FDT_ROOM 0x200000

uint64_t loader_main(void *fdt);

/* libfdt was compiled with the stack protector, whose canary is this program's to give. */
extern uintptr_t __stack_chk_guard;
extern void __stack_chk_fail(void);
uintptr_t __stack_chk_guard = 0x5ca1ab1e;

#define UART 0x09000000u

static void say(const char *text)
{
    for (; *text != 0; text++) {
        device_write32(UART, (uint8_t)*text);
    }
}

static _Noreturn void fail(const char *why)
{
    say("loader: ");
    say(why);
    say("\r\n");
    for (;;) {
        __asm__ volatile("wfi");
    }
}

void __stack_chk_fail(void)
{
    fail("stack overwritten");
}

struct dma {
    uint32_t control;
    uint32_t length;
    uint64_t address;
};

static void fw_cfg_read(uint32_t key, uint64_t address, uint32_t size)
{
    static volatile struct dma dma __attribute__((aligned(16)));

    dma.control = __builtin_bswap32((key << 16) | DMA_SELECT | DMA_READ);
    dma.length = __builtin_bswap32(size);
    dma.address = __builtin_bswap64(address);
    __asm__ volatile("dsb sy" : : : "memory");
    device_write64(FW_CFG_DMA, __builtin_bswap64((uint64_t)(uintptr_t)&dma));
    while ((dma.control & ~__builtin_bswap32(DMA_ERROR)) != 0) {
    }
    if (dma.control != 0) {
        fail("fw_cfg refuses");
    }
}

static uint32_t fw_cfg_number(uint32_t key)
{
    static volatile uint32_t value;
    fw_cfg_read(key, (uint64_t)(uintptr_t)&value, 4);
    return value; /* little-endian, unlike the rest of the device */
}

static void check(int result, const char *what)
{
    if (result < 0) {
        fail(what);
    }
}

static void psci_add(void *fdt)
{
    if (fdt_path_offset(fdt, "/psci") >= 0) {
        return;
    }
    int node = fdt_add_subnode(fdt, 0, "psci");
    check(node, "cannot add /psci");
    static const char compatible[] = "arm,psci-1.0\0arm,psci-0.2";
    check(fdt_setprop(fdt, node, "compatible", compatible, sizeof(compatible)), "psci");
    check(fdt_setprop_string(fdt, node, "method", "smc"), "psci");
    int cpus = fdt_path_offset(fdt, "/cpus");
    check(cpus, "no /cpus");
    fdt_for_each_subnode(node, fdt, cpus)
    {
        const char *type = fdt_getprop(fdt, node, "device_type", NULL);
        if (type != NULL && strcmp(type, "cpu") == 0) {
            check(fdt_setprop_string(fdt, node, "enable-method", "psci"), "enable-method");
        }
    }
}

uint64_t loader_main(void *fdt)
{
    uint32_t kernel_size = fw_cfg_number(FW_CFG_KERNEL_SIZE);
    uint32_t initrd_size = fw_cfg_number(FW_CFG_INITRD_SIZE);

    if (kernel_size == 0) {
        fail("no kernel: start qemu with -kernel");
    }
    if (kernel_size > INITRD_BASE - KERNEL_BASE || initrd_size > INITRD_END - INITRD_BASE) {
        fail("kernel or initrd too large");
    }
    fw_cfg_read(FW_CFG_KERNEL_DATA, KERNEL_BASE, kernel_size);
    fw_cfg_read(FW_CFG_INITRD_DATA, INITRD_BASE, initrd_size);

    check(fdt_open_into(fdt, fdt, FDT_ROOM), "device tree");
    int chosen = fdt_path_offset(fdt, "/chosen");
    check(chosen, "no /chosen");
    check(fdt_setprop_u64(fdt, chosen, "linux,initrd-start", INITRD_BASE), "initrd");
    check(fdt_setprop_u64(fdt, chosen, "linux,initrd-end", (uint64_t)INITRD_BASE + initrd_size),
          "initrd");
    psci_add(fdt);
    check(fdt_pack(fdt), "device tree");
    return KERNEL_BASE;
}

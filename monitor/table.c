/*
 * EL3's own address space: identity, fixed, in flash. Code can be executed and not written, memory
 * written and not executed; normal-world memory is marked as such.
 */
#include <monitor/context.h>

#define TABLE 3u
#define BLOCK 1u
#define ATTRIBUTE_MEMORY (1u << 2)
#define NORMAL_WORLD (1u << 5)
#define READ_WRITE (1u << 6) /* AP[1] is RES1 at EL3 */
#define READ_ONLY (3u << 6)
#define INNER_SHAREABLE (3u << 8)
#define ACCESSED (1u << 10)
#define NO_EXECUTE (UINT64_C(1) << 54)

#define DEVICE (BLOCK | READ_WRITE | ACCESSED | NO_EXECUTE)
#define MEMORY (BLOCK | ATTRIBUTE_MEMORY | INNER_SHAREABLE | ACCESSED)
#define BLOCK2(address) [(address) >> 21] = (address)

_Static_assert(MACHINE_MONITOR_RAM % (1 << 21) == 0 && MACHINE_GICD % (1 << 21) == 0, "blocks");

static const uint64_t table_level2[512] __attribute__((aligned(4096))) = {
    BLOCK2(MACHINE_FLASH_BASE) | MEMORY | READ_ONLY,
    [1] = 0x200000 | MEMORY | READ_ONLY | NO_EXECUTE,
    [2] = 0x400000 | MEMORY | READ_ONLY | NO_EXECUTE,
    [3] = 0x600000 | MEMORY | READ_ONLY | NO_EXECUTE,
    BLOCK2(MACHINE_GICD) | DEVICE, /* the CPU interface, and the redistributors, too */
    BLOCK2(MACHINE_GICD + 0x200000) | DEVICE,
    BLOCK2(MACHINE_UART & ~0x1fffff) | DEVICE,
    BLOCK2(MACHINE_SECURE_RAM) | MEMORY | READ_WRITE | NO_EXECUTE,
    /* As far as the kernel's image can reach that is copied there. */
    BLOCK2(MACHINE_SECURE_RAM + 0x200000) | MEMORY | READ_WRITE | NO_EXECUTE,
    BLOCK2(MACHINE_SECURE_RAM + 0x400000) | MEMORY | READ_WRITE | NO_EXECUTE,
    BLOCK2(MACHINE_SECURE_RAM + 0x600000) | MEMORY | READ_WRITE | NO_EXECUTE,
};

const uint64_t table_level1[512] __attribute__((aligned(4096))) = {
    (uint64_t)table_level2 + TABLE,
    MACHINE_RAM_BASE | MEMORY | READ_WRITE | NO_EXECUTE | NORMAL_WORLD,
};

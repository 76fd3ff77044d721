/*
 * Translation tables: 4 KiB pages, three levels, 39 bits, one tree for the kernel and one for each
 * app. Nothing is ever both writable and executable, and what the kernel does not execute no
 * exception level executes.
 */
#include <port/aarch64/machine.h>

#define ENTRIES 512u
#define VALID UINT64_C(1)
#define TABLE UINT64_C(3)
#define PAGE UINT64_C(3)
#define BLOCK UINT64_C(1)
#define MEMORY (UINT64_C(1) << 2) /* attribute 1; 0 is device memory: boot.c's MAIR */
#define NORMAL_WORLD (UINT64_C(1) << 5)
#define USER (UINT64_C(1) << 6)
#define READ_ONLY (UINT64_C(1) << 7)
#define SHAREABLE (UINT64_C(3) << 8)
#define ACCESSED (UINT64_C(1) << 10)
#define NOT_GLOBAL (UINT64_C(1) << 11)
#define PXN (UINT64_C(1) << 53)
#define UXN (UINT64_C(1) << 54)
/* Of an entry that names a table: read-only and not for the kernel to execute, all of it; and one of
 * the bits that the processor leaves to us: the table is shared and stays. */
#define TABLE_READ_ONLY (UINT64_C(1) << 62)
#define TABLE_PXN (UINT64_C(1) << 59)
#define TABLE_SHARED (UINT64_C(1) << 55)
#define ADDRESS UINT64_C(0x0000fffffffff000)

#define EARLY_PAGES 16u

uint64_t image_delta, pool_delta;
uint64_t table_identity;

extern const uint8_t image_start[], image_end[];

static uint64_t early[EARLY_PAGES][ENTRIES] __attribute__((aligned(PAGE_SIZE)));
static unsigned early_used;
static bool pool_there;
static uint64_t *kernel_root, *identity_root;

static struct physical table_physical(const uint64_t *table)
{
    if ((const uint8_t *)table >= image_start && (const uint8_t *)table < image_end) {
        return physical((uint64_t)table - image_delta);
    }
    return page_physical(table);
}

static uint64_t *table_pointer(uint64_t entry)
{
    uint64_t address = entry & ADDRESS;
    uint64_t image = (uint64_t)image_start - image_delta;
    if (address >= image && address < image + (uint64_t)(image_end - image_start)) {
        return (uint64_t *)(address + image_delta); // NOLINT(performance-no-int-to-ptr)
    }
    return page_pointer(physical(address));
}

/* Tables made before there is a page pool are never given back. */
static uint64_t *table_take(void)
{
    if (!pool_there) {
        return early_used < EARLY_PAGES ? early[early_used++] : NULL;
    }
    return page_take(1);
}

void table_pool_start(void)
{
    pool_there = true;
}

void table_start(void)
{
    kernel_root = table_take();
    identity_root = table_take();
}

void table_move(uint64_t delta)
{
    image_delta = delta;
    kernel_root += delta / sizeof(*kernel_root);
    identity_root += delta / sizeof(*identity_root);
}

struct physical table_kernel_root(void)
{
    return table_physical(kernel_root);
}

struct physical table_identity_root(void)
{
    return table_physical(identity_root);
}

/* The entry of level `level` (1 to 3) for this address, its tables made where missing. NULL: no
 * page, or a block is in the way. */
static uint64_t *entry_find(uint64_t *root, uint64_t address, unsigned level, bool make)
{
    uint64_t *table = root;
    for (unsigned i = 1;; i++) {
        uint64_t *entry = &table[(address >> (39 - 9 * i)) % ENTRIES];
        if (i == level) {
            return entry;
        }
        if ((*entry & VALID) == 0) {
            uint64_t *next = make ? table_take() : NULL;
            if (next == NULL) {
                return NULL;
            }
            __asm__ volatile("dmb ishst" : : : "memory"); /* zeros first */
            *(volatile uint64_t *)entry = table_physical(next).value | TABLE;
        }
        if ((*entry & TABLE) != TABLE) {
            return NULL;
        }
        table = table_pointer(*entry);
    }
}

static uint64_t kind_bits(enum table_kind kind)
{
    switch (kind) {
    case TABLE_CODE:
        return MEMORY | SHAREABLE | READ_ONLY | UXN;
    case TABLE_CONSTANT:
        return MEMORY | SHAREABLE | READ_ONLY | UXN | PXN;
    case TABLE_DATA:
        return MEMORY | SHAREABLE | UXN | PXN;
    case TABLE_NORMAL_WORLD:
        return MEMORY | SHAREABLE | UXN | PXN | NORMAL_WORLD;
    case TABLE_DEVICE:
    default:
        return UXN | PXN;
    }
}

static bool map_at(uint64_t *root, uint64_t address, struct physical to, uint64_t size,
                   uint64_t bits)
{
    uint64_t done = 0;
    while (done < size) {
        uint64_t at = address + done;
        uint64_t from = to.value + done;
        unsigned level = 3;
        for (unsigned l = 1; l < 3; l++) {
            uint64_t block = UINT64_C(1) << (39 - 9 * l);
            uint64_t *entry = entry_find(root, at, l, true);
            if (entry == NULL) {
                return false;
            }
            if ((at | from) % block == 0 && size - done >= block && (*entry & TABLE) != TABLE) {
                level = l;
                break;
            }
        }
        uint64_t *entry = entry_find(root, at, level, true);
        if (entry == NULL) {
            return false;
        }
        *(volatile uint64_t *)entry = from | bits | ACCESSED | (level == 3 ? PAGE : BLOCK);
        done += UINT64_C(1) << (39 - 9 * level);
    }
    __asm__ volatile("dsb ishst\n\tisb" : : : "memory");
    return true;
}

bool table_map(uint64_t address, struct physical to, uint64_t size, enum table_kind kind)
{
    return map_at(kernel_root, address, to, size, kind_bits(kind));
}

void table_unmap(uint64_t address, uint64_t size)
{
    for (uint64_t done = 0; done < size; done += PAGE_SIZE) {
        uint64_t *entry = entry_find(kernel_root, address + done, 3, false);
        if (entry != NULL) {
            *(volatile uint64_t *)entry = 0;
        }
    }
    __asm__ volatile("dsb ishst" : : : "memory");
    for (uint64_t done = 0; done < size; done += PAGE_SIZE) {
        uint64_t page = ((address + done) >> PAGE_SHIFT) & UINT64_C(0xfffffffffff);
        __asm__ volatile("tlbi vaae1is, %0" : : "r"(page) : "memory");
    }
    __asm__ volatile("dsb ish\n\tisb" : : : "memory");
}

void table_identity_map(struct physical page)
{
    map_at(identity_root, page.value, page, PAGE_SIZE, kind_bits(TABLE_CODE) | NOT_GLOBAL);
}

/* The entry of level 3 that follows `entry` (NULL: the first one is wanted), for the address `at`: in the
 * same table, or looked up where another one begins. */
static uint64_t *entry_next(uint64_t *root, uint64_t *entry, uint64_t at, bool make)
{
    if (entry == NULL || at % (ENTRIES * PAGE_SIZE) == 0) {
        return entry_find(root, at, 3, make);
    }
    return entry + 1;
}

bool table_app_map(uint64_t *root, uint64_t address, const struct physical *to, uint64_t pages,
                   uint32_t prot, bool code, bool normal_world)
{
    uint64_t bits = PAGE | MEMORY | USER | SHAREABLE | ACCESSED | NOT_GLOBAL | PXN;
    if (!code) {
        bits |= UXN;
    }
    if (code || (prot & SYS_MEM_WRITE) == 0) {
        bits |= READ_ONLY;
    }
    if (normal_world) {
        bits |= NORMAL_WORLD;
    }
    uint64_t *entry = NULL;
    for (uint64_t i = 0; i < pages; i++) {
        entry = entry_next(root, entry, address + i * PAGE_SIZE, true);
        if (entry == NULL) {
            return false;
        }
        *(volatile uint64_t *)entry = to[i].value | bits;
    }
    __asm__ volatile("dsb ishst" : : : "memory");
    return true;
}

bool table_app_access(uint64_t *root, uint64_t address, bool write)
{
    const uint64_t *entry = entry_find(root, address, 3, false);
    return entry != NULL && (*entry & VALID) != 0 && (!write || (*entry & READ_ONLY) == 0);
}

bool table_app_prepare(uint64_t *root, uint64_t address, uint64_t pages)
{
    for (uint64_t i = 0; i < pages; i++) {
        if ((i == 0 || (address + i * PAGE_SIZE) % (ENTRIES * PAGE_SIZE) == 0) &&
            entry_find(root, address + i * PAGE_SIZE, 3, true) == NULL) {
            return false;
        }
    }
    return true;
}

bool table_app_unmap(uint64_t *root, uint64_t address, struct physical *was)
{
    uint64_t *entry = entry_find(root, address, 3, false);
    if (entry == NULL || (*entry & VALID) == 0) {
        return false;
    }
    *was = physical(*entry & ADDRESS);
    *(volatile uint64_t *)entry = 0;
    return true;
}

void table_app_clear(uint64_t *root, uint64_t address, uint64_t pages)
{
    uint64_t *entry = NULL;
    for (uint64_t i = 0; i < pages; i++) {
        entry = entry_next(root, entry, address + i * PAGE_SIZE, false);
        if (entry != NULL) {
            *(volatile uint64_t *)entry = 0;
        }
    }
}

void table_app_share(uint64_t *root, uint64_t *from, uint64_t address, uint64_t size)
{
    const uint64_t step = ENTRIES * PAGE_SIZE;

    for (uint64_t at = address & ~(step - 1); at < address + size; at += step) {
        const uint64_t *shared = entry_find(from, at, 2, false);
        uint64_t *entry = entry_find(root, at, 2, false);
        if (shared != NULL && entry != NULL) {
            *(volatile uint64_t *)entry = *shared | TABLE_SHARED | TABLE_READ_ONLY | TABLE_PXN;
        }
    }
    __asm__ volatile("dsb ishst" : : : "memory");
}

void table_app_flush(uint32_t asid, uint64_t address, uint64_t pages)
{
    if (pages > 64) {
        table_app_flush_all(asid);
        return;
    }
    __asm__ volatile("dsb ishst" : : : "memory");
    for (uint64_t i = 0; i < pages; i++) {
        uint64_t value = ((uint64_t)asid << 48) | ((address >> PAGE_SHIFT) + i);
        __asm__ volatile("tlbi vae1is, %0" : : "r"(value) : "memory");
    }
    __asm__ volatile("dsb ish\n\tisb" : : : "memory");
}

void table_app_flush_all(uint32_t asid)
{
    uint64_t value = (uint64_t)asid << 48;
    __asm__ volatile("dsb ishst\n\ttlbi aside1is, %0\n\tdsb ish\n\tisb" : : "r"(value) : "memory");
}

void table_app_destroy(uint64_t *root)
{
    for (unsigned i = 0; i < ENTRIES; i++) {
        if ((root[i] & TABLE) != TABLE) {
            continue;
        }
        uint64_t *second = table_pointer(root[i]);
        for (unsigned j = 0; j < ENTRIES; j++) {
            if ((second[j] & (TABLE | TABLE_SHARED)) == TABLE) {
                page_give(table_pointer(second[j]), 1);
            }
        }
        page_give(second, 1);
    }
    page_give(root, 1);
}

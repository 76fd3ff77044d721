/*
 * Starting the kernel: from an image at a physical address with the MMU off (boot_tables), to the
 * vector that EL3 is given (boot_main); and the other processors.
 */
#include <abi/opteed.h>
#include <abi/package.h>
#include <port/aarch64/library.h>

#define MAIR 0xff04u /* attribute 0: device, nGnRE; 1: write-back memory */
#define TCR                                                                                        \
    (UINT64_C(25) | UINT64_C(25) << 16 /* 39 bits each */ | UINT64_C(0x3500) |                     \
     UINT64_C(0x35000000) /* cached, inner shareable */ |                                          \
     UINT64_C(2) << 30 /* 4 KiB pages in TTBR1, too */)
#define SCTLR_ON                                                                                   \
    (SCTLR_EL1_RES1 | SCTLR_M | SCTLR_C | SCTLR_I | SCTLR_SA | SCTLR_SA0 | SCTLR_WXN |             \
     (UINT64_C(1) << 14) /* apps may zero memory by DC ZVA */ | SCTLR_UCT)
#define BLOCK_SIZE 0x200000u

/* entry.S reads them with the MMU off. */
struct {
    uint64_t ttbr0, ttbr1, tcr, mair, sctlr;
} boot_registers;
uint32_t boot_lock;

/* By number, each made when its processor comes on for the first time; it stays. Under boot_lock. */
static struct cpu *cpus[CPUS_MAX];
static struct cpu first_cpu;

/* kernel.ld, entry.S */
extern const uint8_t image_start[], image_text[], image_constants[], image_data[], image_trust[],
    image_end[], vector_table[], exception_vectors[];

uint64_t boot_tables(uint64_t image) COLD;
_Noreturn void boot_main(uint64_t tree, uint64_t image, uint64_t address) COLD;
uint64_t boot_processor(void) COLD;
_Noreturn void boot_processor_ready(void);

static bool image_map(uint64_t image, uint64_t address, const uint8_t *from, const uint8_t *end,
                      enum table_kind kind)
{
    uint64_t offset = (uint64_t)(from - image_start);
    return table_map(address + offset, physical(image + offset), (uint64_t)(end - from), kind);
}

/* MMU off, the image not relocated yet: no pointers in data. Answers the image's address. */
uint64_t boot_tables(uint64_t image)
{
    uint64_t random = random_early();
    uint64_t address = IMAGE_WINDOW + ((random & 0x3ffff) << PAGE_SHIFT);

    if (address > IMAGE_WINDOW + 0x3f000000) { /* keep it within its GiB */
        address -= 0x1000000;
    }
    table_start();
    if (!image_map(image, address, image_start, image_text, TABLE_CONSTANT) ||
        !image_map(image, address, image_text, image_constants, TABLE_CODE) ||
        !image_map(image, address, image_constants, image_data, TABLE_CONSTANT) ||
        !image_map(image, address, image_data, image_end, TABLE_DATA)) {
        for (;;) {
            processor_wfi();
        }
    }
    table_identity_map(physical(image));
    boot_registers.ttbr0 = table_identity_root().value;
    boot_registers.ttbr1 = table_kernel_root().value;
    uint64_t range = id_aa64mmfr0_el1_read() & 0xf;
    boot_registers.tcr = TCR | (range > 5 ? 5 : range) << 32;
    boot_registers.mair = MAIR;
    boot_registers.sctlr = SCTLR_ON;
    return address;
}

/* 0: no memory. */
static uint64_t stack_map(unsigned slot)
{
    uint64_t top = STACK_BASE + ((uint64_t)(slot + 1) << STACK_STRIDE_SHIFT);
    for (uint64_t at = top - STACK_SIZE; at < top; at += PAGE_SIZE) {
        void *page = page_take(1);
        if (page == NULL || !table_map(at, page_physical(page), PAGE_SIZE, TABLE_DATA)) {
            return 0;
        }
    }
    return top;
}

/* Of the numbers in front of the trust table. */
static uint64_t trust_number(unsigned index)
{
    uint64_t number;
    memcpy(&number, image_trust + index * sizeof(number), sizeof(number));
    return number;
}

/* Answers how much room the crypto library, right behind the image, has at the most. */
static uint64_t secure_map(uint64_t image, uint64_t random)
{
    uint64_t from = image + (uint64_t)(image_end - image_start);
    uint64_t end = tree_facts.secure_base + tree_facts.secure_size;
    uint64_t first = from & ~(uint64_t)(BLOCK_SIZE - 1);
    uint64_t library = trust_number(TRUST_LIBRARY);

    if (tree_facts.secure_size == 0 || from >= end) {
        port_panic("the device tree names no secure memory around the kernel");
    }
    uint64_t room = end - from;
    if (library < room) {
        from += (library + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
    }
    pool_delta = SECURE_WINDOW + ((random & 0xff) * BLOCK_SIZE) - first;
    if (!table_map(from + pool_delta, physical(from), end - from, TABLE_DATA)) {
        port_panic("no table for secure memory");
    }
    page_start(physical(from), physical(end));
    table_pool_start();
    return room;
}

static void processor_start(struct cpu *cpu)
{
    tpidr_el1_write((uint64_t)cpu);
    vbar_el1_write((uint64_t)exception_vectors);
    __asm__ volatile("msr cntkctl_el1, xzr\n\tmsr tpidrro_el0, xzr\n\tisb" : : : "memory");
    gic_processor_start();
    cpu->online = true;
}

static char *number_put(char *to, uint64_t number)
{
    char digits[20];
    unsigned length = 0;
    do {
        digits[length++] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    while (length > 0) {
        *to++ = digits[--length];
    }
    return to;
}

/* Says how much of the secure memory from the image on is in use before anybody called. */
static void ready_log(uint64_t image)
{
    uint64_t all = tree_facts.secure_base + tree_facts.secure_size - image;
    char line[96] = "ready: ";
    char *end = number_put(line + strlen(line), (all - page_free_count() * PAGE_SIZE) / 1024);
    memcpy(end, " KiB of ", 8);
    end = number_put(end + 8, all / 1024);
    memcpy(end, " KiB of secure memory in use", 28);
    port_log(SYS_LOG_INFO, line, (size_t)(end + 28 - line));
}

void boot_main(uint64_t tree_address, uint64_t image, uint64_t address)
{
    uint64_t block = tree_address & ~(uint64_t)(BLOCK_SIZE - 1);

    table_move(address - image);
    table_identity = boot_registers.ttbr0;
    cpus[0] = &first_cpu;
    first_cpu.affinity = mpidr_el1_read() & 0xff00ffffff;
    tpidr_el1_write((uint64_t)&first_cpu);
    vbar_el1_write((uint64_t)exception_vectors);
    barrier_isb();
    clock_start_now();

    /* The tree first: it tells where memory is. */
    if (!table_map(NORMAL_BASE + block, physical(block), 2 * BLOCK_SIZE, TABLE_NORMAL_WORLD)) {
        port_panic("no table for the device tree");
    }
    void *tree = (void *)(NORMAL_BASE + tree_address); // NOLINT(performance-no-int-to-ptr)
    tree_read(tree);
    console_start(tree_facts.console);
    uint64_t room = secure_map(image, random_early());
    for (unsigned i = 0; i <= THREADS; i++) {
        first_cpu.stack_top = stack_map(i); /* the last one's is */
        if (first_cpu.stack_top == 0) {
            port_panic("no memory for the stacks");
        }
    }
    thread_start();
    if (tree_facts.gic_version == 0) {
        port_panic("the device tree names no interrupt controller that is known");
    }
    gic_start();
    processor_start(&first_cpu);
    random_start();
    tree_complete(tree);
    if (kernel_start() != E_OK) {
        port_panic("the kernel does not start");
    }
    if (gp_client_create(&linux_client) != E_OK) {
        port_panic("no memory for Linux as a client");
    }
    library_start(physical(image + (uint64_t)(image_end - image_start)),
                  trust_number(TRUST_LIBRARY), room);
    ready_log(image);
    fp_release();
    smc_leave(KERNEL_RETURN_ENTRY, (uint64_t)vector_table - image_delta, 0, 0, 0);
}

/* NULL: one more than there may be, or no memory. */
static struct cpu *cpu_find(uint64_t affinity)
{
    for (uint32_t i = 0; i < CPUS_MAX; i++) {
        struct cpu *cpu = cpus[i];
        if (cpu != NULL && cpu->affinity != affinity) {
            continue;
        }
        if (cpu == NULL) {
            cpu = port_alloc(sizeof(*cpu));
            if (cpu == NULL) {
                return NULL;
            }
            cpu->stack_top = stack_map(THREADS + i);
            if (cpu->stack_top == 0) {
                port_free(cpu);
                return NULL;
            }
            cpu->number = i;
            cpu->affinity = affinity;
            cpus[i] = cpu;
        }
        return cpu;
    }
    return NULL;
}

/* On the boot stack, one processor at a time. Answers the top of this one's own stack; 0: it cannot
 * be served, and stays where it is. */
uint64_t boot_processor(void)
{
    struct cpu *cpu = cpu_find(mpidr_el1_read() & 0xff00ffffff);

    if (cpu == NULL) {
        static const char text[] = "a processor stays off: no memory for it, or one too many";
        port_log(SYS_LOG_ERROR, text, sizeof(text) - 1);
        return 0;
    }
    cpu->thread = NULL;
    cpu->fp_owner = NULL;
    processor_start(cpu);
    return cpu->stack_top;
}

void boot_processor_ready(void)
{
    smc_leave(KERNEL_RETURN_ON, 0, 0, 0, 0);
}

/* --- What the kernel asks of the machine. ------------------------------------------------------- */

const uint8_t *port_trust(size_t *size)
{
    uint64_t length = trust_number(TRUST_LENGTH);
    *size = length <= TRUST_SIZE - TRUST_TABLE ? length : 0;
    return image_trust + TRUST_TABLE;
}

bool port_development(void)
{
    return false;
}

uint32_t port_arch(void)
{
    return PACKAGE_ARCH_AARCH64;
}

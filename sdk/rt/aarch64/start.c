/*
 * How an app in TrustZone starts and ends. The kernel has mapped the image, a stack, a heap and the
 * shared page, and nothing else is there: no arguments, no environment, no files. The C library
 * (musl) is started with what it wants to see of a Linux process; its own system calls (SVC #0)
 * are all refused by the kernel, and what would need them is replaced here: memory (heap.c), words
 * (output.c), the end.
 */
#include <sdk/rt/aarch64/aarch64.h>
#include <sdk/rt/runtime.h>
#include <sdk/rt/syscall.h>

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#define AUXILIARY_WORDS 16

extern const Elf64_Ehdr __ehdr_start __attribute__((visibility("hidden")));
extern Elf64_Dyn _DYNAMIC[] __attribute__((visibility("hidden")));
int main(int argc, char **argv, char **environment);
/* musl's; it does not return. */
int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void),
                      void (*fini)(void), void (*loader)(void));
int64_t start_probe(uintptr_t address, size_t size, bool write);
_Noreturn void start_app(struct sys_page *page, uintptr_t heap, size_t heap_size, uintptr_t base);

static struct sys_page *start_page;
static int start_exit_code;

struct sys_page *sys_page(void)
{
    return start_page;
}

/* The clock is the secure world's own. */
uint32_t rt_time_protection_level(void)
{
    return 1000;
}

const struct rt_window rt_window = {.base = SYS_WINDOW_AARCH64_BASE,
                                    .size = SYS_WINDOW_AARCH64_SIZE};

bool rt_probe(const void *address, size_t size, bool write)
{
    return size == 0 || start_probe((uintptr_t)address, size, write) == 1;
}

/* Before this, nothing may be used that holds an address. */
static inline __attribute__((always_inline)) void start_relocate(uintptr_t base)
{
    const Elf64_Rela *rela = NULL;
    size_t size = 0;
    for (const Elf64_Dyn *entry = _DYNAMIC; entry->d_tag != DT_NULL; entry++) {
        if (entry->d_tag == DT_RELA)
            rela = (const Elf64_Rela *)(base + entry->d_un.d_ptr);
        if (entry->d_tag == DT_RELASZ)
            size = entry->d_un.d_val;
    }
    for (; rela != NULL && size >= sizeof(*rela); rela++, size -= sizeof(*rela)) {
        if (ELF64_R_TYPE(rela->r_info) == R_AARCH64_RELATIVE)
            *(uint64_t *)(base + rela->r_offset) = base + (uint64_t)rela->r_addend;
    }
}

/* The last destructor of all: after those of the app and after its atexit() functions. */
__attribute__((destructor(101))) static void start_end(void)
{
    output_flush();
    sys_call(SYS_EXIT, (uint64_t)(int64_t)start_exit_code, 0, 0, 0, 0, 0);
}

/* In place of musl's, which raises a signal. */
_Noreturn void abort(void)
{
    rt_die((uintptr_t)__builtin_return_address(0) - 1, "abort()");
}

static int start_main(int argc, char **argv, char **environment)
{
    start_exit_code = main(argc, argv, environment);
    return start_exit_code;
}

_Noreturn void start_app(struct sys_page *page, uintptr_t heap, size_t heap_size, uintptr_t base)
{
    start_relocate(base);
    start_page = page;
    heap_start(heap, heap_size);

    static uint64_t seed[2];
    seed[0] = page->start.seed;
    seed[1] = ~page->start.seed;
    static char name[] = "app";
    /* argc's place is not looked at: argv, its end, the environment's end, then pairs. */
    static uint64_t process[2 + 1 + AUXILIARY_WORDS];
    const uint64_t auxiliary[] = {
        AT_PHDR,   (uint64_t)base + __ehdr_start.e_phoff,
        AT_PHENT,  sizeof(Elf64_Phdr),
        AT_PHNUM,  __ehdr_start.e_phnum,
        AT_PAGESZ, 4096,
        AT_RANDOM, (uint64_t)seed,
        AT_NULL,   0,
    };
    process[0] = (uint64_t)name;
    memcpy(&process[3], auxiliary, sizeof(auxiliary));
    if (page->start.abi != SYS_ABI)
        rt_panic(0, "this app was built with an SDK of another ABI number");
    (void)__libc_start_main(start_main, 1, (char **)process, NULL, NULL, NULL);
    for (;;)
        sys_call(SYS_EXIT, 0, 0, 0, 0, 0, 0);
}

/* ta.mk and the hosted runtime demand this name; here _start is demanded by itself. */
extern void (*const rt_start)(void);
void (*const rt_start)(void) = 0;

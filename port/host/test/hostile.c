/*
 * The app that the sandbox tests start: a static program that speaks the page's protocol by hand
 * and does what sys_page.start.seed asks for (test/hostile.h). What it finds out it reports as the
 * first argument of a call; what it should not survive it does.
 */
#include "hostile.h"

#include <abi/syscall.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static struct sys_page *page;

static void chores(void)
{
    for (uint32_t i = 0; i < page->num_chores && i < 16; i++) {
        struct sys_chore *chore = &page->chore[i];
        char byte;
        _Alignas(struct cmsghdr) char room[CMSG_SPACE(sizeof(int))];
        struct iovec part = {&byte, 1};
        struct msghdr message = {
            .msg_iov = &part, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room)};
        int fd;

        if (chore->kind == SYS_CHORE_UNMAP) {
            if (mmap((void *)chore->address, chore->size, PROT_NONE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1,
                     0) == MAP_FAILED) {
                abort();
            }
        } else if (chore->kind == SYS_CHORE_MAP) {
            if (recvmsg(SYS_FD_LINK, &message, 0) != 1 || CMSG_FIRSTHDR(&message) == NULL) {
                abort();
            }
            memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
            if (mmap((void *)chore->address, chore->size,
                     PROT_READ | ((chore->prot & SYS_MEM_WRITE) ? PROT_WRITE : 0),
                     MAP_SHARED | MAP_FIXED, fd, (off_t)chore->offset) == MAP_FAILED) {
                abort();
            }
            /* A read-only mapping must not become writable. */
            if ((chore->prot & SYS_MEM_WRITE) == 0 &&
                mprotect((void *)chore->address, chore->size, PROT_READ | PROT_WRITE) == 0) {
                abort();
            }
            close(fd);
        }
    }
}

static void turn_over(void)
{
    __atomic_store_n(&page->turn, SYS_TURN_KERNEL, __ATOMIC_SEQ_CST);
    syscall(SYS_futex, &page->turn, FUTEX_WAKE, 1, NULL, NULL, 0);
    while (__atomic_load_n(&page->turn, __ATOMIC_SEQ_CST) == SYS_TURN_KERNEL) {
        syscall(SYS_futex, &page->turn, FUTEX_WAIT, SYS_TURN_KERNEL, NULL, NULL, 0);
    }
}

static int64_t ask(uint64_t nr, uint64_t a0, uint64_t a1)
{
    bool again;

    page->nr = nr;
    page->arg[0] = a0;
    page->arg[1] = a1;
    do {
        turn_over();
        again = page->num_chores > 0 && page->chore[page->num_chores - 1].kind == SYS_CHORE_AGAIN;
        chores();
    } while (again);
    return page->result;
}

static void report(uint64_t finding)
{
    for (;;) {
        ask(HOSTILE_REPORT, finding, (uint64_t)errno);
    }
}

static uint64_t open_descriptors(void)
{
    uint64_t found = 0;

    for (int fd = 0; fd < 2048; fd++) {
        struct sigaction unused;
        (void)unused;
        /* mmap tells a descriptor that is none (EBADF) from one that it cannot map. */
        void *at = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);

        if (at != MAP_FAILED || errno != EBADF) {
            found |= fd < 63 ? UINT64_C(1) << fd : UINT64_C(1) << 63;
        }
    }
    return found;
}

static void eat_memory(void)
{
    uint64_t total = 0;

    for (;;) {
        char *piece =
            mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (piece == MAP_FAILED) {
            report(total);
        }
        memset(piece, 1, 1 << 20);
        total += 1 << 20;
    }
}

static int recurse(int depth)
{
    volatile char room[4096];

    room[0] = (char)depth;
    return depth == INT_MAX ? 0 : recurse(depth + 1) + room[0];
}

static int nothing(void *unused)
{
    (void)unused;
    return 0;
}

int main(void)
{
    static char stack[65536];
    struct rlimit limit = {1000, 1000};

    page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, SYS_FD_PAGE, 0);
    if (page == MAP_FAILED) {
        return 99;
    }
    if (page->start.seed != HOSTILE_DESCRIPTORS) {
        close(SYS_FD_PAGE);
    }
    switch (page->start.seed) {
    case HOSTILE_ECHO:
        for (uint64_t i = 0;; i++) {
            ask(HOSTILE_REPORT, i, (uint64_t)page->result);
        }
    case HOSTILE_DESCRIPTORS:
        report(open_descriptors());
        break;
    case HOSTILE_SOCKET:
        report((uint64_t)socket(AF_INET, SOCK_STREAM, 0));
        break;
    case HOSTILE_OPEN:
        report((uint64_t)open("/etc/passwd", O_RDONLY));
        break;
    case HOSTILE_OPEN_PROC:
        report((uint64_t)open("/proc/self/maps", O_RDONLY));
        break;
    case HOSTILE_FORK:
        report((uint64_t)fork());
        break;
    case HOSTILE_CLONE:
        report((uint64_t)clone(nothing, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD,
                               NULL));
        break;
    case HOSTILE_EXECVE: {
        char *const arguments[] = {(char *)(uintptr_t)"sh", NULL};
        report((uint64_t)execve("/bin/sh", arguments, NULL));
        break;
    }
    case HOSTILE_EXECVEAT_AGAIN: {
        char *const arguments[] = {(char *)(uintptr_t)"again", NULL};
        report((uint64_t)syscall(SYS_execveat, 1000, "", arguments, NULL, AT_EMPTY_PATH));
        break;
    }
    case HOSTILE_EXECVEAT_PATH: {
        char *const arguments[] = {(char *)(uintptr_t)"sh", NULL};
        report((uint64_t)syscall(SYS_execveat, 1000, "/bin/sh", arguments, NULL, 0));
        break;
    }
    case HOSTILE_PTRACE:
        report((uint64_t)ptrace(PTRACE_TRACEME, 0, NULL, NULL));
        break;
    case HOSTILE_KILL:
        report((uint64_t)kill(-1, SIGKILL));
        break;
    case HOSTILE_TGKILL:
        report((uint64_t)syscall(SYS_tgkill, 1, 1, SIGKILL));
        break;
    case HOSTILE_MPROTECT_EXEC:
        report(
            (uint64_t)mprotect((void *)((uintptr_t)stack & ~4095ul), 4096, PROT_READ | PROT_EXEC));
        break;
    case HOSTILE_MMAP_EXEC:
        report(
            (uint64_t)mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        break;
    case HOSTILE_MMAP_SHARED:
        report(
            (uint64_t)mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
        break;
    case HOSTILE_MMAP_STACK:
        report((uint64_t)mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN, -1, 0));
        break;
    case HOSTILE_SENDMSG:
        report((uint64_t)send(SYS_FD_LINK, "x", 1, 0));
        break;
    case HOSTILE_RAISE_LIMIT:
        report((uint64_t)setrlimit(RLIMIT_NOFILE, &limit));
        break;
    case HOSTILE_SECCOMP:
        report((uint64_t)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
        break;
    case HOSTILE_INT80:
#if defined(__x86_64__)
    {
        long result;
        /* 20 is getpid in the 32-bit numbering; writev in the 64-bit one. */
        __asm__ volatile("int $0x80" : "=a"(result) : "a"(20L) : "memory");
        report((uint64_t)result);
        break;
    }
#endif
    case HOSTILE_X32:
        report((uint64_t)syscall(0x40000000 + 39));
        break;
    case HOSTILE_CLOSE_LINK:
        close(SYS_FD_LINK);
        close(1);
        close(2);
        report(1);
        break;
    case HOSTILE_EXIT:
        ask(HOSTILE_REPORT, 0, 0);
        _exit(7);
    case HOSTILE_SEGV:
        ask(HOSTILE_REPORT, 0, 0);
        *(volatile int *)(uintptr_t)page->start.heap_size = 1; /* an address that is none */
        break;
    case HOSTILE_STACK:
        report((uint64_t)recurse(0));
        break;
    case HOSTILE_MEMORY:
        eat_memory();
        break;
    case HOSTILE_LOOP:
        for (;;) {
        }
    case HOSTILE_PRINT:
        for (int i = 0; i < 3000; i++) {
            (void)!write(1, "spam\n", 5);
        }
        (void)!write(2, "\033[31mforged\rline\n", 17);
        report(1);
        break;
    case HOSTILE_CORRUPT: {
        /* Every byte but the words that make it return. */
        for (int round = 0;; round++) {
            memset((char *)page + 8, round, sizeof(*page) - 8);
            page->turn = (uint32_t)round | 2u;
            turn_over();
        }
    }
    case HOSTILE_TURN:
        for (uint32_t i = 2;; i++) {
            page->turn = i;
            syscall(SYS_futex, &page->turn, FUTEX_WAKE, 1, NULL, NULL, 0);
        }
    case HOSTILE_MAPPED:
        /* Answers are addresses: reports the byte there. */
        for (uint64_t finding = 0;;) {
            int64_t address = ask(HOSTILE_REPORT, finding, 0);

            finding = address > 0 ? *(volatile uint8_t *)address : 0;
        }
    default:
        return 98;
    }
    return 97;
}

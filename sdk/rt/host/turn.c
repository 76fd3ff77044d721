/*
 * The system call of a hosted app: numbers into the shared page, the turn to the kernel, and sleep
 * until the turn is back. The protocol stands in abi/syscall.h; this is its app's side.
 *
 * Only the side that has the turn touches the page. The futex is a shared one: the other side is
 * another process.
 */
#include <sdk/rt/host/host.h>
#include <sdk/rt/runtime.h>
#include <sdk/rt/syscall.h>

#include <errno.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct sys_page *turn_page;

struct sys_page *sys_page(void)
{
    return turn_page;
}

/* The kernel's order cannot be carried out: this app's memory is not what the kernel thinks. There
 * is nobody to tell but the log. */
static _Noreturn void turn_die(const char *why)
{
    ssize_t written = write(STDERR_FILENO, why, strlen(why));
    (void)written;
    _exit(127);
}

/* Receives one descriptor. Nothing but the kernel writes to this socket. */
static int turn_receive_descriptor(void)
{
    char byte;
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec piece = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {.msg_iov = &piece,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    ssize_t got;
    do {
        got = recvmsg(SYS_FD_LINK, &message, MSG_CMSG_CLOEXEC);
    } while (got < 0 && errno == EINTR);
    struct cmsghdr *header = got == 1 ? CMSG_FIRSTHDR(&message) : NULL;
    if (header == NULL || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS ||
        header->cmsg_len != CMSG_LEN(sizeof(int)))
        turn_die("postern: the TEE sent no memory to map\n");
    int descriptor;
    memcpy(&descriptor, CMSG_DATA(header), sizeof(descriptor));
    return descriptor;
}

static void turn_map(const struct sys_chore *chore)
{
    int descriptor = turn_receive_descriptor();
    int protection = ((chore->prot & SYS_MEM_READ) != 0 ? PROT_READ : 0) |
                     ((chore->prot & SYS_MEM_WRITE) != 0 ? PROT_WRITE : 0);
    void *mapped = mmap((void *)(uintptr_t)chore->address, chore->size, protection,
                        MAP_SHARED | MAP_FIXED, descriptor, (off_t)chore->offset);
    if (mapped == MAP_FAILED)
        turn_die("postern: memory that the TEE sent could not be mapped\n");
    close(descriptor);
}

/* A hole keeps the range reserved, so that nothing else of this process lands in it. */
static void turn_unmap(const struct sys_chore *chore)
{
    void *hole = mmap((void *)(uintptr_t)chore->address, chore->size, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    if (hole == MAP_FAILED)
        turn_die("postern: memory could not be unmapped\n");
}

/* Does what the kernel wants done. False when the call has no answer yet. */
static bool turn_do_chores(struct sys_page *page)
{
    bool answered = true;
    const uint32_t room = (uint32_t)(sizeof(page->chore) / sizeof(page->chore[0]));
    const uint32_t count = page->num_chores < room ? page->num_chores : room;
    for (uint32_t i = 0; i < count; i++) {
        const struct sys_chore chore = page->chore[i];
        switch (chore.kind) {
        case SYS_CHORE_MAP:
            turn_map(&chore);
            break;
        case SYS_CHORE_UNMAP:
            turn_unmap(&chore);
            break;
        case SYS_CHORE_AGAIN:
            answered = false;
            break;
        default:
            turn_die("postern: the TEE asks for a chore that this app's SDK does not know\n");
        }
    }
    page->num_chores = 0;
    return answered;
}

static void turn_give(struct sys_page *page)
{
    __atomic_store_n(&page->turn, SYS_TURN_KERNEL, __ATOMIC_RELEASE);
    syscall(SYS_futex, &page->turn, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void turn_await(struct sys_page *page)
{
    while (__atomic_load_n(&page->turn, __ATOMIC_ACQUIRE) != SYS_TURN_APP)
        syscall(SYS_futex, &page->turn, FUTEX_WAIT, SYS_TURN_KERNEL, NULL, NULL, 0);
}

static void turn_wait_for_answer(struct sys_page *page)
{
    turn_await(page);
    while (page->num_chores != 0 && !turn_do_chores(page)) {
        turn_give(page);
        turn_await(page);
    }
}

int64_t sys_call(uint64_t nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                 uint64_t a5)
{
    struct sys_page *page = turn_page;
    page->nr = nr;
    page->arg[0] = a0;
    page->arg[1] = a1;
    page->arg[2] = a2;
    page->arg[3] = a3;
    page->arg[4] = a4;
    page->arg[5] = a5;
    turn_give(page);
    turn_wait_for_answer(page);
    return page->result;
}

/* The clock is Linux's. */
uint32_t rt_time_protection_level(void)
{
    return 100;
}

void turn_start(struct sys_page *page)
{
    turn_page = page;
    turn_wait_for_answer(page);
}

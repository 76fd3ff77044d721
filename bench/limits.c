/*
 * The limits of the machine: what two processes pay that do nothing but wake each other, and what
 * copying costs. The other end of each ping-pong is a child process that lives as long as this one.
 */
#include <bench/bench.h>

#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Whose turn it is: 0 ours, 1 the child's. */
struct limits_futex {
    uint32_t *turn;
};

static void limits_wait(uint32_t *word, uint32_t wanted)
{
    uint32_t found;
    while ((found = __atomic_load_n(word, __ATOMIC_ACQUIRE)) != wanted) {
        syscall(SYS_futex, word, FUTEX_WAIT, found, NULL, NULL, 0);
    }
}

static void limits_hand(uint32_t *word, uint32_t turn)
{
    __atomic_store_n(word, turn, __ATOMIC_RELEASE);
    syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static pid_t limits_fork(void)
{
    const pid_t parent = getpid();
    const pid_t child = fork();
    if (child < 0) {
        perror("fork");
        exit(EXIT_FAILURE);
    }
    if (child == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) {
            _exit(0);
        }
    }
    return child;
}

static struct limits_futex limits_futex_create(int processor)
{
    struct limits_futex pair = {
        .turn = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)};
    if (pair.turn == MAP_FAILED) {
        perror("mmap");
        exit(EXIT_FAILURE);
    }
    if (limits_fork() == 0) {
        (void)bench_pin(processor);
        for (;;) {
            limits_wait(pair.turn, 1);
            limits_hand(pair.turn, 0);
        }
    }
    return pair;
}

static void limits_futex_run(void *context, unsigned count, uint64_t *ns)
{
    const struct limits_futex *pair = context;
    for (unsigned i = 0; i < count; i++) {
        const uint64_t start = bench_now();
        limits_hand(pair->turn, 1);
        limits_wait(pair->turn, 0);
        ns[i] = bench_now() - start;
    }
}

static int limits_socket_create(void)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) {
        perror("socketpair");
        exit(EXIT_FAILURE);
    }
    if (limits_fork() == 0) {
        char octet;
        (void)bench_pin(0);
        close(pair[0]);
        while (read(pair[1], &octet, 1) == 1 && write(pair[1], &octet, 1) == 1) {
        }
        _exit(0);
    }
    close(pair[1]);
    return pair[0];
}

static void limits_socket_run(void *context, unsigned count, uint64_t *ns)
{
    const int fd = *(const int *)context;
    char octet = 0;
    for (unsigned i = 0; i < count; i++) {
        const uint64_t start = bench_now();
        if (write(fd, &octet, 1) != 1 || read(fd, &octet, 1) != 1) {
            perror("socket");
            exit(EXIT_FAILURE);
        }
        ns[i] = bench_now() - start;
    }
}

static void limits_memcpy_run(void *context, unsigned count, uint64_t *ns)
{
    static uint8_t *from;
    static uint8_t *to;
    const size_t size = *(const size_t *)context;
    if (from == NULL) {
        from = malloc(1 << 20);
        to = malloc(1 << 20);
        if (from == NULL || to == NULL) {
            exit(EXIT_FAILURE);
        }
        memset(from, 1, 1 << 20);
        memset(to, 2, 1 << 20);
    }
    for (unsigned i = 0; i < count; i++) {
        const uint64_t start = bench_now();
        memcpy(to, from, size);
        __asm__ volatile("" : : "r"(to) : "memory");
        ns[i] = bench_now() - start;
    }
}

unsigned bench_limits(struct bench_case *cases)
{
    static struct limits_futex one;
    static struct limits_futex two;
    static int socket_fd;
    static const size_t sizes[2] = {4096, 1 << 20};
    unsigned n = 0;
    one = limits_futex_create(0);
    socket_fd = limits_socket_create();
    cases[n++] = (struct bench_case){.name = "futex_one_core",
                                     .what = "two processes, one core: there and back",
                                     .run = limits_futex_run,
                                     .context = &one,
                                     .per_round = 1000};
    if (bench_processors() > 1) {
        two = limits_futex_create(1);
        cases[n++] = (struct bench_case){.name = "futex_two_cores",
                                         .what = "two processes, two cores: there and back",
                                         .run = limits_futex_run,
                                         .context = &two,
                                         .per_round = 50};
    }
    cases[n++] = (struct bench_case){.name = "socket_one_core",
                                     .what = "Unix socket, one core: there and back",
                                     .run = limits_socket_run,
                                     .context = &socket_fd,
                                     .per_round = 500};
    cases[n++] = (struct bench_case){.name = "memcpy_4k",
                                     .what = "memcpy of 4 KiB",
                                     .run = limits_memcpy_run,
                                     .context = (void *)(uintptr_t)&sizes[0],
                                     .per_round = 500};
    cases[n++] = (struct bench_case){.name = "memcpy_1m",
                                     .what = "memcpy of 1 MiB",
                                     .run = limits_memcpy_run,
                                     .context = (void *)(uintptr_t)&sizes[1],
                                     .per_round = 20};
    return n;
}

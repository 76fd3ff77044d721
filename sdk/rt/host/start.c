/*
 * How a hosted app starts and ends. The process is an ordinary static program whose sandbox was
 * closed before its first instruction. This runs as the first entry of the preinit array: after the C
 * library has made itself usable and before any constructor of the app.
 *
 * What the runtime asks of Linux, all in all, so that the sandbox can be as narrow: here mmap, close,
 * sigaltstack, rt_sigaction; in turn.c futex, recvmsg on SYS_FD_LINK, mmap, close; in fault.c
 * rt_sigreturn. The C library adds what it does at its own start, for its heap (brk, mmap, munmap,
 * mremap), for output (write to 1 and 2) and for abort() (rt_sigprocmask, getpid, gettid, tgkill) and
 * at the end exit_group.
 */
#include <sdk/rt/host/host.h>
#include <sdk/rt/syscall.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define START_PAGE_BYTES ((sizeof(struct sys_page) + 4095u) & ~(size_t)4095u)
#define START_EXIT_REFUSED 126

static int start_exit_code;
static char start_out_buffer[1024];
static char start_error_buffer[1024];

static _Noreturn void start_refuse(const char *why)
{
    ssize_t written = write(STDERR_FILENO, why, strlen(why));
    (void)written;
    _exit(START_EXIT_REFUSED);
}

static void start_reserve_window(void)
{
    void *window = mmap((void *)(uintptr_t)SYS_WINDOW_BASE, SYS_WINDOW_SIZE, PROT_NONE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    if (window != (void *)(uintptr_t)SYS_WINDOW_BASE)
        start_refuse("postern: the address range for shared memory is taken\n");
}

static void start_note_exit(int code, void *unused)
{
    (void)unused;
    start_exit_code = code;
}

/* Not earlier: what is registered before the first constructor would in a dynamic program be called
 * after the last destructor. */
__attribute__((constructor(101))) static void start_watch_exit(void)
{
    on_exit(start_note_exit, NULL);
}

/* The last destructor of all: after those of the app and after its atexit() functions. */
__attribute__((destructor(101))) static void start_end(void)
{
    if (sys_page() == NULL)
        return;
    fflush(NULL);
    sys_call(SYS_EXIT, (uint64_t)(int64_t)start_exit_code, 0, 0, 0, 0, 0);
}

static void start_app(int argc, char **argv, char **environment)
{
    (void)argc;
    (void)argv;
    struct sys_page *page =
        mmap(NULL, START_PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, SYS_FD_PAGE, 0);
    if (page == MAP_FAILED)
        start_refuse("postern: this is a trusted app; a TEE starts it (postern run --app ...)\n");
    close(SYS_FD_PAGE);
    fault_start((uintptr_t)environment);
    start_reserve_window();
    /* Lines, so that they are whole in the log; buffers of our own, so that nothing is asked about
     * the descriptors. */
    setvbuf(stdout, start_out_buffer, _IOLBF, sizeof(start_out_buffer));
    setvbuf(stderr, start_error_buffer, _IOLBF, sizeof(start_error_buffer));
    turn_start(page);
    if (page->start.abi != SYS_ABI)
        start_refuse("postern: this app was built with an SDK of another ABI number\n");
}

/* Named so that the app's link can demand it (sdk/ta.mk): it draws in this file. */
extern void (*const rt_start)(int, char **, char **);
__attribute__((section(".preinit_array"), used)) void (*const rt_start)(int, char **,
                                                                        char **) = start_app;

/*
 * The sandbox, proven from inside: a hostile app (hostile.c) is started through the launcher as
 * every app is, and tries what it must not be able to do. And the life of app processes: turns,
 * mappings, deaths, thousands of them without a trace, the launcher's own death.
 */
#include "../app.h"
#include "../cpu.h"
#include "../image.h"
#include "../journal.h"
#include "../launch_protocol.h"
#include "../launcher.h"
#include "../memory.h"
#include "../output.h"
#include "../sleep.h"
#include "fake_kernel.h"
#include "hostile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <port/port.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static const uint8_t uuid[16] = {0x12, 0x34, 0x56, 0x78};
static const char *hostile_path;
static struct port_image *image;
static uint8_t *elf;
static size_t elf_size;

static struct port_app *start_of(const struct port_image *from, uint64_t what, bool development)
{
    struct port_app_config config = {.image = from, .development = development};
    struct port_app *app = NULL;

    config.start.abi = SYS_ABI;
    config.start.heap_size = 1 << 20;
    config.start.stack_size = 64 << 10;
    config.start.seed = what;
    assert_int_equal(port_app_create(&config, &app), E_OK);
    return app;
}

static struct port_app *start(uint64_t what)
{
    return start_of(image, what, false);
}

#define PATIENCE_MS 60000 /* for what comes in the end, or the test has failed anyway */

static void pause_ms(long ms)
{
    struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    nanosleep(&pause, NULL);
}

/* Until something other than ticks, of which none is longer than 10 ms; a test that waits for ever
 * fails. */
static struct port_trap enter(struct port_app *app)
{
    struct port_trap trap;
    int ticks = 0;

    do {
        port_app_enter(app, &trap);
        if (++ticks > PATIENCE_MS / 10) {
            fail_msg("the app neither calls nor ends");
        }
    } while (trap.kind == PORT_TRAP_TICK);
    return trap;
}

static void expect_killed(uint64_t what, const char *how)
{
    struct port_app *app = start(what);
    struct port_trap trap = enter(app);

    if (trap.kind != PORT_TRAP_GONE) {
        fail_msg("attempt %u was survived: kind %d, found %lld, errno %lld", (unsigned)what,
                 trap.kind, (long long)trap.arg[0], (long long)trap.arg[1]);
    }
    if ((launcher_have() & LAUNCH_HAVE_NOTIFY) != 0 && strstr(trap.text, how) == NULL) {
        fail_msg("attempt %u: \"%s\" does not say \"%s\"", (unsigned)what, trap.text, how);
    }
    port_app_destroy(app);
}

/* The attempt is refused with an error, the app lives on. */
static void expect_refused(uint64_t what, uint64_t error)
{
    struct port_app *app = start(what);
    struct port_trap trap = enter(app);

    assert_int_equal(trap.kind, PORT_TRAP_CALL);
    assert_int_equal(trap.nr, HOSTILE_REPORT);
    assert_int_equal((int64_t)trap.arg[0], -1);
    assert_int_equal(trap.arg[1], error);
    port_app_destroy(app);
}

static void forbidden_calls_end_the_app(void **state)
{
    (void)state;
    expect_killed(HOSTILE_SOCKET, "SIGSYS: system call 41 (socket)");
    expect_killed(HOSTILE_FORK, "SIGSYS: system call");
    expect_killed(HOSTILE_CLONE, "(clone)");
    expect_killed(HOSTILE_EXECVE, "(execve)");
    expect_killed(HOSTILE_EXECVEAT_PATH, "(execveat)");
    expect_killed(HOSTILE_PTRACE, "(ptrace)");
    expect_killed(HOSTILE_KILL, "(kill)");
    expect_killed(HOSTILE_TGKILL, "SIGSYS");
    expect_killed(HOSTILE_SENDMSG, "SIGSYS");
    expect_killed(HOSTILE_SECCOMP, "(prctl)");
    expect_killed(HOSTILE_INT80, "SIGSYS");
    expect_killed(HOSTILE_X32, "SIGSYS");
}

static void memory_is_never_executable(void **state)
{
    (void)state;
    expect_killed(HOSTILE_MPROTECT_EXEC, "(mprotect)");
    expect_killed(HOSTILE_MMAP_EXEC, "(mmap)");
}

static void memory_cannot_escape_its_limit(void **state)
{
    struct port_app *app;
    struct port_trap trap;

    (void)state;
    expect_killed(HOSTILE_MMAP_SHARED, "(mmap)");
    expect_killed(HOSTILE_MMAP_STACK, "(mmap)");
    app = start(HOSTILE_MEMORY);
    trap = enter(app);
    assert_int_equal(trap.kind, PORT_TRAP_CALL);
    /* 1 MiB of heap, and what the port allows for programs' own needs. */
    assert_in_range(trap.arg[0], 1 << 20, 8 << 20);
    assert_int_equal(trap.arg[1], ENOMEM);
    port_app_destroy(app);
    expect_killed(HOSTILE_STACK, "SIGSEGV");
}

static void files_are_out_of_reach(void **state)
{
    (void)state;
    expect_refused(HOSTILE_OPEN, EACCES);
    expect_refused(HOSTILE_OPEN_PROC, EACCES);
}

static void the_start_cannot_be_repeated(void **state)
{
    (void)state;
    expect_refused(HOSTILE_EXECVEAT_AGAIN, EBADF);
    expect_refused(HOSTILE_RAISE_LIMIT, EPERM);
}

static void no_descriptors_but_its_own(void **state)
{
    struct port_app *app = start(HOSTILE_DESCRIPTORS);
    struct port_trap trap = enter(app);

    (void)state;
    assert_int_equal(trap.kind, PORT_TRAP_CALL);
    assert_int_equal(trap.arg[0], 0x1f); /* 0 to 4 */
    port_app_destroy(app);
}

/* A file that has to be there. */
static FILE *open_text(const char *path)
{
    FILE *file = fopen(path, "re");

    if (file == NULL) {
        print_error("%s: %s\n", path, strerror(errno));
        exit(1);
    }
    return file;
}

static pid_t pid_of_only_app(void)
{
    char path[64];
    char text[64] = "";
    int launcher = launcher_pid();
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/task/%d/children", launcher, launcher);
    file = open_text(path);
    (void)!fgets(text, sizeof(text), file);
    fclose(file);
    return (pid_t)strtol(text, NULL, 10);
}

/* Apps that were destroyed are reaped a moment later. */
static void wait_for_no_app(void)
{
    for (int i = 0; i < PATIENCE_MS / 20 && pid_of_only_app() != 0; i++) {
        pause_ms(20);
    }
}

static void not_dumpable_from_the_first_instruction(void **state)
{
    struct port_app *app;
    char path[64];
    struct stat info;
    pid_t pid;

    (void)state;
    wait_for_no_app();
    app = start(HOSTILE_LOOP);
    pid = pid_of_only_app();
    if (pid <= 0) {
        print_message("this kernel does not list children\n");
        port_app_destroy(app);
        skip();
    }
    /* What belongs to a process that is not dumpable belongs to root. */
    snprintf(path, sizeof(path), "/proc/%d/environ", pid);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_uid, 0);
    if (geteuid() != 0) {
        assert_int_equal(open(path, O_RDONLY), -1);
        assert_int_equal(errno, EACCES);
    } else {
        char status[4096] = "";
        FILE *file;

        snprintf(path, sizeof(path), "/proc/%d/status", pid);
        file = open_text(path);
        (void)!fread(status, 1, sizeof(status) - 1, file);
        fclose(file);
        assert_null(strstr(status, "Uid:\t0"));
        assert_non_null(strstr(status, "NoNewPrivs:\t1"));
        assert_non_null(strstr(status, "Seccomp:\t2"));
        assert_non_null(strstr(status, "CapBnd:\t0000000000000000"));
    }
    port_app_destroy(app);
}

static void an_image_cannot_be_changed(void **state)
{
    struct stat info;
    size_t size = 0;
    void *map;

    (void)state;
    assert_int_equal(fcntl(image->fd, F_GET_SEALS) &
                         (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL),
                     F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
    assert_int_equal(pwrite(image->fd, "x", 1, 0), -1);
    assert_int_equal(errno, EPERM);
    assert_int_equal(ftruncate(image->fd, 0), -1);
    map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, image->fd, 0);
    assert_ptr_equal(map, MAP_FAILED);
    assert_int_equal(fstat(image->fd, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0111);
    assert_int_equal(info.st_size, elf_size);
    assert_memory_equal(port_image_bytes(image, &size), elf, elf_size);
    assert_int_equal(size, elf_size);
}

static void an_image_that_is_no_app_is_refused(void **state)
{
    struct port_image *other = NULL;
    uint8_t *bad = malloc(elf_size);

    (void)state;
    assert_non_null(bad);
    assert_int_equal(port_image_create(uuid, elf, 40, false, &other), E_BAD_FORMAT);
    assert_int_equal(port_image_create(uuid, (const uint8_t *)"no", 2, false, &other),
                     E_BAD_FORMAT);
    memcpy(bad, elf, elf_size);
    bad[16] = 2; /* ET_EXEC: at an address of its own */
    assert_int_equal(port_image_create(uuid, bad, elf_size, false, &other), E_BAD_FORMAT);
    memcpy(bad, elf, elf_size);
    bad[18] = 3; /* EM_386 */
    assert_int_equal(port_image_create(uuid, bad, elf_size, false, &other), E_BAD_FORMAT);
    free(bad);
}

static void turns_carry_answers(void **state)
{
    struct port_app *app = start(HOSTILE_ECHO);
    struct port_trap trap = enter(app);

    (void)state;
    for (uint64_t i = 0; i < 2000; i++) {
        assert_int_equal(trap.kind, PORT_TRAP_CALL);
        assert_int_equal(trap.arg[0], i);
        port_app_answer(app, (int64_t)(i * 3));
        trap = enter(app);
        assert_int_equal(trap.arg[1], i * 3);
    }
    /* Entered again without an answer: the same call. */
    trap = enter(app);
    assert_int_equal(trap.kind, PORT_TRAP_CALL);
    assert_int_equal(trap.nr, HOSTILE_REPORT);
    assert_int_equal(trap.arg[0], 2000);
    port_app_destroy(app);
}

static uint64_t map(struct port_app *app, struct port_mem *mem, uint32_t prot)
{
    uint64_t address = 0;

    port_lock();
    assert_int_equal(port_app_map(app, mem, 0, 4096, prot, &address), E_OK);
    port_unlock();
    return address;
}

static bool unmap(struct port_app *app, uint64_t address)
{
    bool gone;

    port_lock();
    gone = port_app_unmap(app, address, 4096);
    port_unlock();
    return gone;
}

static void mappings_come_and_go(void **state)
{
    struct port_app *app = start(HOSTILE_MAPPED);
    struct port_trap trap = enter(app);
    struct port_mem *mem[40];
    uint64_t address[40];

    (void)state;
    /* More than fit into one turn. */
    for (size_t i = 0; i < 40; i++) {
        char *bytes;

        assert_int_equal(port_mem_create(100, &mem[i]), E_OK);
        assert_int_equal(port_mem_size(mem[i]), 4096);
        bytes = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, memory_fd(mem[i]), 0);
        assert_ptr_not_equal(bytes, MAP_FAILED);
        bytes[0] = (char)(i + 1);
        munmap(bytes, 4096);
        address[i] = map(app, mem[i], i % 2 ? SYS_MEM_READ : SYS_MEM_READ | SYS_MEM_WRITE);
        for (size_t k = 0; k < i; k++) {
            assert_int_not_equal(address[i], address[k]);
        }
    }
    for (size_t i = 0; i < 40; i++) {
        assert_int_equal(trap.kind, PORT_TRAP_CALL);
        port_app_answer(app, (int64_t)address[i]);
        trap = enter(app);
        assert_int_equal(trap.arg[0], i + 1);
    }
    /* Told of, so the app must be entered; which gives the same call again. */
    assert_false(unmap(app, address[3]));
    trap = enter(app);
    assert_int_equal(trap.kind, PORT_TRAP_CALL);
    assert_int_equal(trap.nr, HOSTILE_REPORT);
    /* Mapped and unmapped before the app knew: nothing is left to do, the memory may go. */
    address[0] = map(app, mem[0], SYS_MEM_READ);
    assert_true(unmap(app, address[0]));
    for (size_t i = 0; i < 40; i++) {
        port_mem_destroy(mem[i]);
    }
    /* What it was told to drop is no longer there. */
    port_app_answer(app, (int64_t)address[3]);
    trap = enter(app);
    assert_int_equal(trap.kind, PORT_TRAP_GONE);
    assert_non_null(strstr(trap.text, "SIGSEGV"));
    port_app_destroy(app);
}

static void deaths_are_noticed(void **state)
{
    struct port_app *app = start(HOSTILE_EXIT);
    struct port_trap trap = enter(app);

    (void)state;
    assert_int_equal(trap.kind, PORT_TRAP_CALL);
    port_app_answer(app, 0);
    trap = enter(app);
    assert_int_equal(trap.kind, PORT_TRAP_GONE);
    assert_string_equal(trap.text, "exited by itself with status 7");
    trap = enter(app);
    assert_int_equal(trap.kind, PORT_TRAP_GONE);
    port_app_destroy(app);

    app = start(HOSTILE_SEGV);
    assert_int_equal(enter(app).kind, PORT_TRAP_CALL);
    port_app_answer(app, 0);
    trap = enter(app);
    assert_int_equal(trap.kind, PORT_TRAP_GONE);
    assert_string_equal(trap.text, "killed by SIGSEGV");
    port_app_destroy(app);
}

static void *kill_later(void *argument)
{
    pause_ms(50);
    port_app_kill(argument);
    return NULL;
}

static void a_loop_ticks_and_can_be_killed(void **state)
{
    struct port_app *app = start(HOSTILE_LOOP);
    struct port_trap trap;
    pthread_t thread;

    (void)state;
    port_app_enter(app, &trap);
    assert_int_equal(trap.kind, PORT_TRAP_TICK);
    pthread_create(&thread, NULL, kill_later, app);
    trap = enter(app);
    assert_int_equal(trap.kind, PORT_TRAP_GONE);
    pthread_join(thread, NULL);
    port_app_destroy(app);
}

static void the_page_may_be_corrupted(void **state)
{
    struct port_app *app = start(HOSTILE_CORRUPT);
    struct port_trap trap;

    (void)state;
    for (int i = 0; i < 300; i++) {
        trap = enter(app);
        assert_true(trap.kind == PORT_TRAP_CALL || trap.kind == PORT_TRAP_FAULT);
        port_app_answer(app, -1);
    }
    port_app_destroy(app);
    /* A turn that is nobody's, for ever: ticks. */
    app = start(HOSTILE_TURN);
    for (int i = 0; i < 3; i++) {
        port_app_enter(app, &trap);
        assert_true(trap.kind == PORT_TRAP_TICK || trap.kind == PORT_TRAP_CALL);
    }
    port_app_kill(app);
    do {
        port_app_enter(app, &trap);
    } while (trap.kind == PORT_TRAP_TICK);
    assert_int_equal(trap.kind, PORT_TRAP_GONE);
    port_app_destroy(app);
}

static void closing_its_descriptors_harms_only_itself(void **state)
{
    struct port_app *app = start(HOSTILE_CLOSE_LINK);
    struct port_trap trap = enter(app);
    struct port_mem *mem;

    (void)state;
    assert_int_equal(trap.kind, PORT_TRAP_CALL);
    assert_int_equal(port_mem_create(4096, &mem), E_OK);
    (void)map(app, mem, SYS_MEM_READ);
    port_app_answer(app, 0);
    trap = enter(app);
    assert_int_equal(trap.kind, PORT_TRAP_GONE);
    port_app_destroy(app);
    port_mem_destroy(mem);
}

static void output_cannot_forge_or_flood_the_log(void **state)
{
    static char text[JOURNAL_RING_SIZE];
    struct port_app *app = start(HOSTILE_PRINT);
    size_t lines = 0;

    (void)state;
    assert_int_equal(enter(app).kind, PORT_TRAP_CALL);
    port_app_destroy(app);
    /* What it printed is read by another thread, to its end. */
    for (int i = 0; i < PATIENCE_MS / 20 && strstr(text, "lines dropped") == NULL; i++) {
        size_t length;

        pause_ms(20);
        length = journal_copy(text, sizeof(text) - 1, 0);
        text[length] = '\0';
    }
    for (const char *at = strstr(text, ": spam"); at != NULL; at = strstr(at + 1, ": spam")) {
        lines++;
    }
    assert_in_range(lines, 100, 1000);
    assert_non_null(strstr(text, "lines dropped"));
    assert_null(strchr(text, '\033'));
    assert_null(strchr(text, '\r'));
}

static size_t count_entries(const char *path)
{
    DIR *folder = opendir(path);
    size_t count = 0;

    assert_non_null(folder);
    while (readdir(folder) != NULL) {
        count++;
    }
    closedir(folder);
    return count;
}

/* Those of memory files, which are all that the port makes; the rest is the C library's or a
 * sanitizer's. */
static size_t count_mappings(void)
{
    FILE *file = open_text("/proc/self/maps");
    char line[512];
    size_t count = 0;

    while (fgets(line, sizeof(line), file) != NULL) {
        count += strstr(line, " /memfd:") != NULL;
    }
    fclose(file);
    return count;
}

/* What the lives of apps must leave as it was. */
struct left {
    size_t descriptors;
    size_t mappings;
    size_t launcher_fds; /* 0 where they may not be looked at */
};

static struct left count_left(void)
{
    struct left left = {.descriptors = count_entries("/proc/self/fd"),
                        .mappings = count_mappings()};
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/fd", launcher_pid());
    if (geteuid() == 0) {
        left.launcher_fds = count_entries(path);
    }
    return left;
}

static bool no_more_left(const struct left *left, const struct left *before)
{
    return left->descriptors <= before->descriptors && left->mappings <= before->mappings &&
           left->launcher_fds <= before->launcher_fds;
}

static void one_life(int kind)
{
    struct port_app *app = start(kind % 3 == 0   ? HOSTILE_ECHO
                                 : kind % 3 == 1 ? HOSTILE_SEGV
                                                 : HOSTILE_SOCKET);
    struct port_trap trap = enter(app);

    if (kind % 3 == 1) {
        port_app_answer(app, 0);
        trap = enter(app);
    }
    assert_int_equal(trap.kind, kind % 3 == 0 ? PORT_TRAP_CALL : PORT_TRAP_GONE);
    port_app_destroy(app);
}

static void a_thousand_lives_leave_nothing(void **state)
{
    struct left before;
    struct left after;

    (void)state;
    for (int i = 0; i < 10; i++) {
        one_life(i);
    }
    wait_for_no_app();
    /* Of what is closed a little later than an app ends, the least that there is in a while. */
    before = count_left();
    for (int i = 0; i < 25; i++) {
        pause_ms(20);
        after = count_left();
        before = no_more_left(&after, &before) ? after : before;
    }
    for (int i = 0; i < 1000; i++) {
        one_life(i);
    }
    wait_for_no_app();
    after = count_left();
    for (int i = 0; i < PATIENCE_MS / 20 && !no_more_left(&after, &before); i++) {
        pause_ms(20);
        after = count_left();
    }
    assert_int_equal(pid_of_only_app(), 0);
    assert_in_range(after.descriptors, 1, before.descriptors);
    assert_in_range(after.mappings, 0, before.mappings);
    assert_in_range(after.launcher_fds, 0, before.launcher_fds);
    assert_int_equal(app_count(), 0);
}

static void *lives_thread(void *argument)
{
    for (int i = 0; i < 50; i++) {
        one_life((int)(intptr_t)argument + i);
    }
    return NULL;
}

static void lives_at_the_same_time(void **state)
{
    pthread_t thread[4];

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        pthread_create(&thread[i], NULL, lives_thread, (void *)(intptr_t)i);
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_join(thread[i], NULL);
    }
    assert_int_equal(app_count(), 0);
}

static void wait_for_another_launcher(int before)
{
    for (int i = 0; i < PATIENCE_MS / 20 && (launcher_pid() == before || launcher_pid() == 0);
         i++) {
        pause_ms(20);
    }
}

static void the_launcher_may_be_killed(void **state)
{
    struct port_app *app = start(HOSTILE_ECHO);
    struct port_trap trap = enter(app);
    int before = launcher_pid();

    (void)state;
    assert_true(before > 0);
    kill(before, SIGKILL);
    port_app_answer(app, 0);
    /* Without a process id name space it lives until the launcher's death is noticed. */
    for (int i = 0; i < PATIENCE_MS; i++) {
        trap = enter(app);
        if (trap.kind == PORT_TRAP_GONE) {
            break;
        }
        port_app_answer(app, 0);
        pause_ms(1);
    }
    assert_int_equal(trap.kind, PORT_TRAP_GONE);
    port_app_destroy(app);
    wait_for_another_launcher(before);
    assert_int_not_equal(launcher_pid(), before);
    one_life(0);
}

static void a_launcher_that_hangs_is_replaced(void **state)
{
    struct port_app_config config = {.image = image};
    struct port_app *app = NULL;
    int before = launcher_pid();
    int limit = launcher_start_limit_ms;

    (void)state;
    assert_int_equal(kill(before, SIGSTOP), 0);
    launcher_start_limit_ms = 500;
    assert_int_equal(port_app_create(&config, &app), E_NO_RESOURCES);
    launcher_start_limit_ms = limit;
    wait_for_another_launcher(before);
    assert_int_not_equal(launcher_pid(), before);
    one_life(0);
}

static void the_development_form_is_looser(void **state)
{
    struct port_image *other = NULL;
    struct port_app *app;
    struct port_trap trap;

    (void)state;
    assert_int_equal(port_image_create(uuid, elf, elf_size, true, &other), E_OK);
    app = start_of(other, HOSTILE_OPEN, true);
    trap = enter(app);
    assert_int_equal(trap.kind, PORT_TRAP_CALL);
    assert_true((int64_t)trap.arg[0] >= 0);
    port_app_destroy(app);
    /* But no network, no programs. */
    app = start_of(other, HOSTILE_SOCKET, true);
    trap = enter(app);
    assert_int_equal(trap.kind, PORT_TRAP_CALL);
    assert_int_equal((int64_t)trap.arg[0], -1);
    assert_int_equal(trap.arg[1], EPERM);
    port_app_destroy(app);
    app = start_of(other, HOSTILE_EXECVE, true);
    trap = enter(app);
    assert_int_equal((int64_t)trap.arg[0], -1);
    assert_int_equal(trap.arg[1], EPERM);
    port_app_destroy(app);
    port_image_destroy(other);
}

static void a_wrapper_can_run_the_development_form(void **state)
{
    struct port_image *other = NULL;
    struct port_app *app;
    struct port_trap trap;

    (void)state;
    assert_int_equal(port_image_create(uuid, elf, elf_size, true, &other), E_OK);
    launcher_end(); /* reads the variable when it starts */
    assert_int_equal(launcher_init(app_ended), E_OK);
    setenv(LAUNCH_WRAPPER, "/usr/bin/env -i", 1);
    app = start_of(other, HOSTILE_ECHO, true);
    unsetenv(LAUNCH_WRAPPER);
    trap = enter(app);
    assert_int_equal(trap.kind, PORT_TRAP_CALL);
    assert_int_equal(trap.nr, HOSTILE_REPORT);
    port_app_destroy(app);
    /* Still no network; and the normal form is not wrapped. */
    app = start_of(other, HOSTILE_SOCKET, true);
    trap = enter(app);
    assert_int_equal((int64_t)trap.arg[0], -1);
    port_app_destroy(app);
    one_life(0);
    launcher_end();
    assert_int_equal(launcher_init(app_ended), E_OK);
    port_image_destroy(other);
}

static void an_app_can_be_held(void **state)
{
    struct port_image *other = NULL;
    struct port_app *app;
    struct port_trap trap;
    int pid;

    (void)state;
    assert_int_equal(port_image_create(uuid, elf, elf_size, true, &other), E_OK);
    app_hold(uuid);
    app = start_of(other, HOSTILE_ECHO, true);
    pid = app_hold_wait(PATIENCE_MS);
    assert_true(pid > 0);
    for (int i = 0; i < 3; i++) {
        port_app_enter(app, &trap);
        assert_int_equal(trap.kind, PORT_TRAP_TICK);
    }
    port_app_kill(app);
    assert_int_equal(enter(app).kind, PORT_TRAP_GONE);
    port_app_destroy(app);
    /* Once only. */
    app = start_of(other, HOSTILE_ECHO, true);
    assert_int_equal(enter(app).kind, PORT_TRAP_CALL);
    port_app_destroy(app);
    /* And not longer than whoever asked for it wants. */
    app_hold(uuid);
    app = start_of(other, HOSTILE_ECHO, true);
    port_app_enter(app, &trap);
    assert_int_equal(trap.kind, PORT_TRAP_TICK);
    app_hold_release();
    assert_int_equal(enter(app).kind, PORT_TRAP_CALL);
    port_app_destroy(app);
    port_image_destroy(other);
}

static int set_up(void **state)
{
    FILE *file = fopen(hostile_path, "rb");

    (void)state;
    if (file == NULL) {
        print_error("%s: %s\n", hostile_path, strerror(errno));
        return -1;
    }
    elf = malloc(8 << 20);
    elf_size = elf != NULL ? fread(elf, 1, 8 << 20, file) : 0;
    fclose(file);
    cpu_init();
    if (sleep_init() != 0 || output_init() != 0 || launcher_init(app_ended) != E_OK) {
        return -1;
    }
    return port_image_create(uuid, elf, elf_size, false, &image) == E_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    port_image_destroy(image);
    launcher_end();
    free(elf);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forbidden_calls_end_the_app),
        cmocka_unit_test(memory_is_never_executable),
        cmocka_unit_test(memory_cannot_escape_its_limit),
        cmocka_unit_test(files_are_out_of_reach),
        cmocka_unit_test(the_start_cannot_be_repeated),
        cmocka_unit_test(no_descriptors_but_its_own),
        cmocka_unit_test(not_dumpable_from_the_first_instruction),
        cmocka_unit_test(an_image_cannot_be_changed),
        cmocka_unit_test(an_image_that_is_no_app_is_refused),
        cmocka_unit_test(turns_carry_answers),
        cmocka_unit_test(mappings_come_and_go),
        cmocka_unit_test(deaths_are_noticed),
        cmocka_unit_test(a_loop_ticks_and_can_be_killed),
        cmocka_unit_test(the_page_may_be_corrupted),
        cmocka_unit_test(closing_its_descriptors_harms_only_itself),
        cmocka_unit_test(output_cannot_forge_or_flood_the_log),
        cmocka_unit_test(a_thousand_lives_leave_nothing),
        cmocka_unit_test(lives_at_the_same_time),
        cmocka_unit_test(the_launcher_may_be_killed),
        cmocka_unit_test(a_launcher_that_hangs_is_replaced),
        cmocka_unit_test(the_development_form_is_looser),
        cmocka_unit_test(a_wrapper_can_run_the_development_form),
        cmocka_unit_test(an_app_can_be_held),
    };
    int null;

    if (launcher_is_asked(argc, argv)) {
        return launcher_main(argc, argv);
    }
    hostile_path = argc > 1 ? argv[1] : "out/tests/host_hostile";
    /* What the tests provoke is in the ring. */
    null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    journal_open(null, 0);
    return cmocka_run_group_tests_name("sandbox", tests, set_up, tear_down);
}

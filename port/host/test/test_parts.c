/*
 * The hosted port's smaller parts: bookkeeping of mappings, identities, shares, the log, sleepers,
 * timer and background threads, the device key, and the link to a supplicant that lies.
 */
#include "../account.h"
#include "../app_window.h"
#include "../cpu.h"
#include "../identity.h"
#include "../journal.h"
#include "../launcher.h"
#include "../memory.h"
#include "../result.h"
#include "../secret.h"
#include "../sha1.h"
#include "../sleep.h"
#include "../supplicant_link.h"
#include "../wire.h"
#include "fake_kernel.h"

#include <abi/hostlink.h>
#include <errno.h>
#include <fcntl.h>
#include <port/port.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_MS 60000 /* for what comes in the end, or the test has failed anyway */

static void pause_ms(long ms)
{
    struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    nanosleep(&pause, NULL);
}

/* Until it is at least so many. */
static void wait_for_count(const atomic_int *count, int wanted)
{
    for (int i = 0; i < PATIENCE_MS / 5 && *count < wanted; i++) {
        pause_ms(5);
    }
    assert_true(*count >= wanted);
}

/* --- Mappings. ------------------------------------------------------------------------------------ */

static void window_gives_separate_places(void **state)
{
    struct window_chore taken[16];
    struct window window;
    uint64_t address[100];
    struct port_mem *mem = (struct port_mem *)&window;

    (void)state;
    window_init(&window);
    for (size_t i = 0; i < 100; i++) {
        address[i] = 0;
        assert_int_equal(window_map(&window, mem, 0, 8192, SYS_MEM_READ, &address[i]), E_OK);
        assert_in_range(address[i], SYS_WINDOW_BASE, SYS_WINDOW_BASE + SYS_WINDOW_SIZE - 8192);
        if (i > 0) {
            assert_true(address[i] >= address[i - 1] + 8192 + 4096);
        }
    }
    assert_int_equal(window_take(&window, taken, 16), 16);
    assert_int_equal(taken[15].chore.address, address[15]);
    /* Told: an unmapping is to be told, too. Not told: forgotten. */
    assert_false(window_unmap(&window, address[3], 8192));
    assert_true(window_unmap(&window, address[50], 8192));
    for (size_t i = 0; i < window.num_chores; i++) {
        assert_int_not_equal(window.chore[i].chore.address, address[50]);
    }
    /* Twice the same place, first read-only, then writable: both chores go. */
    address[60] = address[61];
    assert_int_equal(window_map(&window, mem, 0, 8192, SYS_MEM_READ | SYS_MEM_WRITE, &address[60]),
                     E_OK);
    assert_true(window_unmap(&window, address[61], 8192));
    for (size_t i = 0; i < window.num_chores; i++) {
        assert_int_not_equal(window.chore[i].chore.address, address[61]);
    }
    /* A hole in the middle: nothing else may be put over what is left of it. */
    address[0] = SYS_WINDOW_BASE + (UINT64_C(1) << 30);
    assert_int_equal(window_map(&window, mem, 0, 1 << 20, SYS_MEM_READ, &address[0]), E_OK);
    (void)window_unmap(&window, address[0] + 8192, 4096);
    window.next = address[0];
    address[1] = 0;
    assert_int_equal(window_map(&window, mem, 0, 4096, SYS_MEM_READ, &address[1]), E_OK);
    assert_true(address[1] >= address[0] + (1 << 20) || address[1] < address[0]);
    window_clear(&window);
}

static void window_refuses_nonsense(void **state)
{
    struct window window;
    uint64_t address = 0;

    (void)state;
    window_init(&window);
    assert_int_equal(window_map(&window, NULL, 0, 0, SYS_MEM_READ, &address), E_INVALID);
    assert_int_equal(window_map(&window, NULL, 1, 4096, SYS_MEM_READ, &address), E_INVALID);
    assert_int_equal(window_map(&window, NULL, 0, 4095, SYS_MEM_READ, &address), E_INVALID);
    assert_int_equal(window_map(&window, NULL, 0, 4096, 0, &address), E_INVALID);
    assert_int_equal(window_map(&window, NULL, 0, 4096, 4, &address), E_INVALID);
    assert_int_equal(window_map(&window, NULL, 0, SYS_WINDOW_SIZE, SYS_MEM_READ, &address),
                     E_NO_MEMORY);
    address = 4095;
    assert_int_equal(window_map(&window, NULL, 0, 4096, SYS_MEM_READ, &address), E_INVALID);
    address = UINT64_MAX & ~UINT64_C(4095);
    assert_int_equal(window_map(&window, NULL, 0, 4096, SYS_MEM_READ, &address), E_INVALID);
    assert_int_equal(window.num_chores, 0);
    window_clear(&window);
}

/* --- Identities. ---------------------------------------------------------------------------------- */

static void uuids_are_those_of_linux(void **state)
{
    /* RFC 3174's examples; and uid=0 as Linux's tee_session_calc_client_uuid computes it. */
    static const uint8_t abc[20] = {0xa9, 0x99, 0x3e, 0x36, 0x47, 0x06, 0x81, 0x6a, 0xba, 0x3e,
                                    0x25, 0x71, 0x78, 0x50, 0xc2, 0x6c, 0x9c, 0xd0, 0xd8, 0x9d};
    static const uint8_t long_one[20] = {0x84, 0x98, 0x3e, 0x44, 0x1c, 0x3b, 0xd2,
                                         0x6e, 0xba, 0xae, 0x4a, 0xa1, 0xf9, 0x51,
                                         0x29, 0xe5, 0xe5, 0x46, 0x70, 0xf1};
    /* RFC 4122's name space for domain names, over www.example.com (erratum 1352's example). */
    static const uint8_t dns[16] = {0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1,
                                    0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8};
    static const uint8_t example[16] = {0x2e, 0xd6, 0x65, 0x7d, 0xe9, 0x27, 0x56, 0x8b,
                                        0x95, 0xe1, 0x26, 0x65, 0xa8, 0xae, 0xa6, 0xa2};
    const char *text = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    uint8_t digest[20];
    uint8_t uuid[16];

    (void)state;
    sha1((const uint8_t *)"abc", 3, digest);
    assert_memory_equal(digest, abc, 20);
    sha1((const uint8_t *)text, strlen(text), digest);
    assert_memory_equal(digest, long_one, 20);
    sha1_uuid(dns, "www.example.com", 15, uuid);
    assert_memory_equal(uuid, example, 16);
}

static void identities_come_from_the_system(void **state)
{
    struct identity mine;
    uint8_t user[16];
    uint8_t uuid[16];
    uint8_t other[16];
    static const uint8_t nil[16];
    int pair[2];

    (void)state;
    assert_int_equal(wire_pair(pair), 0);
    assert_int_equal(identity_of(pair[0], &mine), 0);
    assert_int_equal(mine.pid, getpid());
    assert_int_equal(mine.uid, geteuid());
    assert_non_null(mine.program);
    assert_non_null(strstr(mine.program, "host_parts"));
    assert_int_equal(identity_uuid(&mine, MSG_LOGIN_PUBLIC, 0, uuid), RESULT_SUCCESS);
    assert_memory_equal(uuid, nil, 16);
    assert_int_equal(identity_uuid(&mine, MSG_LOGIN_USER, 0, user), RESULT_SUCCESS);
    assert_int_equal(user[6] >> 4, 5);
    assert_int_equal(identity_uuid(&mine, MSG_LOGIN_GROUP, getegid(), uuid), RESULT_SUCCESS);
    assert_memory_not_equal(uuid, user, 16);
    assert_int_equal(identity_uuid(&mine, MSG_LOGIN_GROUP, 54321, uuid), RESULT_ACCESS_DENIED);
    assert_int_equal(identity_uuid(&mine, MSG_LOGIN_GROUP, (uint64_t)1 << 32 | getegid(), uuid),
                     RESULT_ACCESS_DENIED);
    assert_int_equal(identity_uuid(&mine, MSG_LOGIN_GROUP_APPLICATION, 54321, uuid),
                     RESULT_ACCESS_DENIED);
    assert_int_equal(identity_uuid(&mine, MSG_LOGIN_APPLICATION, 0, uuid), RESULT_SUCCESS);
    assert_int_equal(identity_uuid(&mine, MSG_LOGIN_USER_APPLICATION, 0, other), RESULT_SUCCESS);
    assert_memory_not_equal(uuid, other, 16);
    assert_int_equal(identity_uuid(&mine, MSG_LOGIN_IDENTIFY, 0, uuid), RESULT_SUCCESS);
    assert_memory_equal(uuid, other, 16);
    assert_int_equal(identity_uuid(&mine, 3, 0, uuid), RESULT_BAD_PARAMETERS);
    assert_int_equal(identity_uuid(&mine, MSG_LOGIN_TRUSTED_APP, 0, uuid), RESULT_BAD_PARAMETERS);
    /* Unknown program: no application identity, but others. */
    free(mine.program);
    mine.program = NULL;
    assert_int_equal(identity_uuid(&mine, MSG_LOGIN_APPLICATION, 0, uuid), RESULT_ACCESS_DENIED);
    assert_int_equal(identity_uuid(&mine, MSG_LOGIN_USER, 0, uuid), RESULT_SUCCESS);
    identity_clear(&mine);
    close(pair[0]);
    close(pair[1]);
}

static void an_identity_cannot_be_smuggled_in(void **state)
{
    struct identity who = {.uid = 7, .gid = 8};
    struct msg_arg arg = {.head = {.cmd = MSG_CMD_OPEN_SESSION, .num_params = 2}};
    uint8_t expected[16];

    (void)state;
    arg.params[0].attr = MSG_ATTR_VALUE_INPUT | MSG_ATTR_META;
    arg.params[1].attr = MSG_ATTR_VALUE_INPUT | MSG_ATTR_META;
    memset(arg.params[1].u.octets, 0xee, 24);
    arg.params[1].u.value.c = MSG_LOGIN_USER;
    assert_int_equal(identity_put(&who, &arg), RESULT_SUCCESS);
    assert_int_equal(identity_uuid(&who, MSG_LOGIN_USER, 0, expected), RESULT_SUCCESS);
    assert_memory_equal(arg.params[1].u.octets, expected, 16);
    arg.params[1].u.value.c = UINT64_C(0x100000000);
    assert_int_equal(identity_put(&who, &arg), RESULT_BAD_PARAMETERS);
    arg.params[1].u.value.c = MSG_LOGIN_PUBLIC;
    arg.params[1].attr = MSG_ATTR_VALUE_INPUT;
    assert_int_equal(identity_put(&who, &arg), RESULT_BAD_FORMAT);
    arg.params[1].attr = MSG_ATTR_VALUE_INPUT | MSG_ATTR_META;
    arg.head.num_params = 1;
    assert_int_equal(identity_put(&who, &arg), RESULT_BAD_FORMAT);
    arg.head.num_params = UINT32_MAX;
    assert_int_equal(identity_put(&who, &arg), RESULT_BAD_FORMAT);
}

/* --- Shares, memory, log. -------------------------------------------------------------------------- */

static void shares_are_limited(void **state)
{
    const uint64_t connections = account_limit(ACCOUNT_CONNECTION);

    (void)state;
    assert_true(connections > 0 && connections <= ACCOUNT_CONNECTIONS);
    for (uint64_t i = 0; i < connections; i++) {
        assert_true(account_take(1001, ACCOUNT_CONNECTION, 1));
    }
    assert_false(account_take(1001, ACCOUNT_CONNECTION, 1));
    assert_true(account_take(1002, ACCOUNT_CONNECTION, 1));
    account_give(1001, ACCOUNT_CONNECTION, 1);
    assert_true(account_take(1001, ACCOUNT_CONNECTION, 1));
    account_give(1001, ACCOUNT_CONNECTION, connections);
    account_give(1002, ACCOUNT_CONNECTION, 1);
    assert_false(account_take(1001, ACCOUNT_MEMORY, UINT64_MAX));
    assert_true(account_take(1001, ACCOUNT_MEMORY, 4096));
    assert_false(account_take(1001, ACCOUNT_MEMORY, UINT64_MAX - 4096));
    account_give(1001, ACCOUNT_MEMORY, 4096);
    assert_int_equal(account_total(ACCOUNT_MEMORY), 0);
    assert_int_equal(account_total(ACCOUNT_CONNECTION), 0);
    /* One user's channels are not another's. */
    assert_true(account_take(1001, ACCOUNT_CHANNEL, LINK_TIPC_CONNECTIONS_MAX));
    assert_false(account_take(1001, ACCOUNT_CHANNEL, 1));
    assert_true(account_take(1002, ACCOUNT_CHANNEL, 1));
    account_give(1001, ACCOUNT_CHANNEL, LINK_TIPC_CONNECTIONS_MAX);
    account_give(1002, ACCOUNT_CHANNEL, 1);
}

/* Where the system lets the daemon have few descriptors, one user cannot take them all: not by
 * connections (three each), lanes (two), nor memory (two), nor by all of them. */
static void shares_leave_descriptors(void **state)
{
    const rlim_t few[] = {32, 256, 1024, 4096};
    struct rlimit files;
    struct rlimit low;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    low = files;
    for (size_t i = 0; i < sizeof(few) / sizeof(few[0]) && few[i] <= files.rlim_max; i++) {
        uint64_t lanes;

        low.rlim_cur = few[i];
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
        lanes = account_limit(ACCOUNT_LANE);
        assert_true(lanes > 0);
        assert_true(account_take(1001, ACCOUNT_LANE, lanes));
        assert_false(account_take(1001, ACCOUNT_LANE, 1));
        assert_true(account_take(1002, ACCOUNT_LANE, lanes));
        account_give(1001, ACCOUNT_LANE, lanes);
        account_give(1002, ACCOUNT_LANE, lanes);
        assert_true(3 * account_limit(ACCOUNT_CONNECTION) + 2 * lanes +
                        2 * account_limit(ACCOUNT_FILE) <=
                    few[i] / 16 * 9);
    }
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
}

/* What a client sends is among what its user has, and it cannot take back that it can be mapped. */
static void a_clients_memory_is_its_own(void **state)
{
    struct port_mem *mem = NULL;
    struct port_mem *same = NULL;
    int fd = memfd_create("client", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    (void)state;
    assert_int_equal(ftruncate(fd, 8192), 0);
    assert_int_equal(memory_import(fd, 1001, &mem), E_INVALID); /* can shrink */
    assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
    assert_int_equal(memory_import(fd, 1001, &mem), E_OK);
    assert_int_equal(memory_import(fd, 1001, &same), E_OK); /* counts twice */
    assert_int_equal(account_total(ACCOUNT_MEMORY), 2 * 8192);
    assert_int_equal(account_total(ACCOUNT_FILE), 2);
    assert_true(memory_can_map(mem, SYS_MEM_READ | SYS_MEM_WRITE));
    assert_true(memory_can_map(mem, SYS_MEM_READ));
    assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
    port_mem_destroy(mem);
    port_mem_destroy(same);
    assert_int_equal(account_total(ACCOUNT_MEMORY), 0);
    assert_int_equal(account_total(ACCOUNT_FILE), 0);
    /* A user who has all that he may have. */
    assert_true(account_take(1001, ACCOUNT_FILE, account_limit(ACCOUNT_FILE)));
    assert_int_equal(memory_import(fd, 1001, &mem), E_NO_MEMORY);
    assert_int_equal(memory_import(fd, 1002, &mem), E_OK);
    port_mem_destroy(mem);
    account_give(1001, ACCOUNT_FILE, account_limit(ACCOUNT_FILE));
    close(fd);
    fd = memfd_create("client", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    assert_int_equal(ftruncate(fd, 8192), 0);
    assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_WRITE), 0);
    assert_int_equal(memory_import(fd, 1001, &mem), E_OK);
    assert_false(memory_can_map(mem, SYS_MEM_READ | SYS_MEM_WRITE));
    assert_true(memory_can_map(mem, SYS_MEM_READ));
    port_mem_destroy(mem);
    close(fd);
}

/* Emptying much memory takes long: nobody waits for it who wants the kernel's lock. But whoever gave it
 * back finds it gone when he is out of the kernel. */
static void memory_goes_without_the_lock(void **state)
{
    struct port_mem *mem = NULL;
    volatile uint8_t *bytes;

    (void)state;
    assert_int_equal(port_mem_create(4096, &mem), E_OK);
    bytes = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, memory_fd(mem), 0);
    assert_ptr_not_equal(bytes, MAP_FAILED);
    bytes[0] = 7;
    port_lock();
    port_mem_destroy(mem);
    assert_int_equal(bytes[0], 7);
    port_unlock();
    assert_int_equal(bytes[0], 0);
    munmap((void *)(uintptr_t)bytes, 4096);
}

static void memory_is_sealed_and_counted(void **state)
{
    uint64_t before = memory_in_use();
    struct port_mem *mem = NULL;

    (void)state;
    assert_int_equal(port_mem_create(UINT64_MAX, &mem), E_NO_MEMORY);
    assert_int_equal(port_mem_create(memory_limit() + 1, &mem), E_NO_MEMORY);
    assert_int_equal(port_mem_create(5000, &mem), E_OK);
    assert_int_equal(port_mem_size(mem), 8192);
    assert_int_equal(memory_in_use(), before + 8192);
    assert_int_equal(ftruncate(memory_fd(mem), 4096), -1);
    assert_int_equal(ftruncate(memory_fd(mem), 65536), -1);
    assert_int_equal(fcntl(memory_fd(mem), F_ADD_SEALS, F_SEAL_WRITE), -1);
    assert_true(memory_fd_read_only(mem) >= 0);
    assert_ptr_equal(
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, memory_fd_read_only(mem), 0),
        MAP_FAILED);
    port_mem_destroy(mem);
    assert_int_equal(memory_in_use(), before);
}

static void the_log_keeps_its_lines(void **state)
{
    static char text[JOURNAL_RING_SIZE];
    char wide[2000];
    size_t length;

    (void)state;
    for (int i = 0; i < 10000; i++) {
        journal_line(SYS_LOG_INFO, "line number %d", i);
    }
    length = journal_copy(text, sizeof(text) - 1, 3);
    text[length] = '\0';
    assert_non_null(strstr(text, "line number 9997\n"));
    assert_non_null(strstr(text, "line number 9999\n"));
    assert_null(strstr(text, "line number 9996\n"));
    length = journal_copy(text, sizeof(text) - 1, 0);
    text[length] = '\0';
    assert_null(strstr(text, "line number 0\n"));
    assert_int_equal(text[4], '-'); /* a date: starts with a whole line */
    length = journal_copy(text, 100, 0);
    assert_in_range(length, 1, 100);
    assert_int_equal(text[4], '-');
    memset(wide, 'w', sizeof(wide));
    wide[10] = '\n';
    wide[11] = '\033';
    journal_foreign(SYS_LOG_ERROR, "app x", wide, sizeof(wide));
    length = journal_copy(text, sizeof(text) - 1, 1);
    text[length] = '\0';
    assert_null(strchr(text, '\033'));
    assert_ptr_equal(strchr(text, '\n'), text + length - 1);
    assert_in_range(length, JOURNAL_LINE_MAX, JOURNAL_LINE_MAX + 200);
}

/* --- Sleepers. ------------------------------------------------------------------------------------- */

#define ROUNDS 20000

struct ping {
    struct port_waiter mine;
    struct port_waiter other;
    int turn; /* under the lock */
    int rounds;
};

static void *ping_thread(void *argument)
{
    struct ping *ping = argument;

    port_lock();
    assert_true(port_lock_is_mine());
    for (int i = 0; i < ROUNDS; i++) {
        while (ping->turn != 1) {
            port_block(&ping->other);
        }
        ping->turn = 0;
        ping->rounds++;
        port_wake(&ping->mine);
    }
    port_unlock();
    assert_false(port_lock_is_mine());
    return NULL;
}

static void sleepers_are_woken(void **state)
{
    struct ping ping = {.turn = 0};
    pthread_t thread;

    (void)state;
    port_waiter_init(&ping.mine);
    port_waiter_init(&ping.other);
    pthread_create(&thread, NULL, ping_thread, &ping);
    port_lock();
    for (int i = 0; i < ROUNDS; i++) {
        ping.turn = 1;
        port_wake(&ping.other);
        while (ping.turn != 0) {
            port_block(&ping.mine);
        }
    }
    assert_int_equal(ping.rounds, ROUNDS);
    /* A wake before the sleep counts, once. */
    port_wake(&ping.mine);
    port_wake(&ping.mine);
    port_block(&ping.mine);
    port_unlock();
    pthread_join(thread, NULL);
}

static void the_timer_fires_at_its_time(void **state)
{
    int before = fake.timer;
    uint64_t at = port_clock_ns() + 30000000;

    (void)state;
    port_timer_set(at);
    wait_for_count(&fake.timer, before + 1);
    assert_true(fake.timer_ns >= at);
    /* Earlier replaces later, never replaces all. */
    port_timer_set(port_clock_ns() + 3600000000000u);
    at = port_clock_ns() + 10000000;
    port_timer_set(at);
    wait_for_count(&fake.timer, before + 2);
    assert_true(fake.timer_ns >= at);
    do { /* it may fire before it is taken back, if that comes late */
        before = fake.timer;
        at = port_clock_ns() + 30000000;
        port_timer_set(at);
        port_timer_set(UINT64_MAX);
    } while (port_clock_ns() >= at);
    pause_ms(100);
    assert_int_equal(fake.timer, before);
    port_timer_set(0);
    wait_for_count(&fake.timer, before + 1);
    pause_ms(50);
    assert_int_equal(fake.timer, before + 1);
}

static void a_kick_is_followed(void **state)
{
    int before = fake.background;
    cpu_set_t all;

    (void)state;
    /* What it does is done anywhere, wherever whoever asked first is bound. */
    assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
    cpu_init();
    for (uint32_t cpu = 0; cpu < CPU_SETSIZE && cpu_self() == CPU_ANY; cpu++) {
        cpu_bind_self(cpu);
    }
    port_lock();
    port_kick();
    port_unlock();
    wait_for_count(&fake.background, before + 1);
    cpu_unbind_self();
    assert_int_equal(fake.background_cpus, CPU_COUNT(&all));
    for (int i = 0; i < 1000; i++) {
        port_lock();
        port_kick();
        port_unlock();
    }
    wait_for_count(&fake.background, before + 2);
    pause_ms(50);
    assert_in_range(fake.background, before + 2, before + 1001);
}

/* --- The device key. ------------------------------------------------------------------------------- */

static void the_device_key_is_guarded(void **state)
{
    char folder[] = "/tmp/postern-test-XXXXXX";
    char path[64];
    char link[64];
    char half[64];
    int fd;
    uint8_t first[32];
    uint8_t again[32];
    static const uint8_t zeros[32];

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/device.key", folder);
    snprintf(link, sizeof(link), "%s/moved", folder);
    /* Of a daemon with the same process id, as in a container, that was stopped in the middle. */
    snprintf(half, sizeof(half), "%s/.device.key.%d", folder, getpid());
    fd = open(half, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    close(fd);
    assert_true(secret_load_key(folder));
    port_device_key(first);
    assert_memory_not_equal(first, zeros, 32);
    assert_true(secret_load_key(folder));
    port_device_key(again);
    assert_memory_equal(first, again, 32);
    assert_int_equal(chmod(path, 0640), 0);
    assert_false(secret_load_key(folder));
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(rename(path, link), 0);
    assert_int_equal(symlink("moved", path), 0);
    assert_false(secret_load_key(folder));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rename(link, path), 0);
    assert_int_equal(truncate(path, 31), 0);
    assert_false(secret_load_key(folder));
    unlink(path);
    unlink(half);
    assert_int_equal(rmdir(folder), 0);
}

/* --- The supplicant. -------------------------------------------------------------------------------- */

enum lie {
    HONEST,
    SILENT_DEATH,
    SHORT,
    LONG,
    OTHER_COMMAND,
    OTHER_TYPES,
    MORE_PARAMS,
    UNASKED,
    WITH_DESCRIPTORS,
};

struct liar {
    int socket;
    enum lie lie;
};

static void *liar_thread(void *argument)
{
    struct liar *liar = argument;
    struct link_hello hello = {
        .magic = LINK_MAGIC, .protocol = LINK_PROTOCOL, .kind = LINK_KIND_SUPPLICANT};
    struct link_welcome welcome;
    struct wire_extra extra;
    uint8_t room[sizeof(struct msg_arg) + 8] = {0};
    struct msg_arg *arg = (struct msg_arg *)(void *)room;
    size_t size = sizeof(*arg);
    int zero = 0;

    assert_int_equal(wire_send(liar->socket, &hello, sizeof(hello), NULL, 0), 0);
    assert_int_equal(wire_receive(liar->socket, &welcome, sizeof(welcome), 0, &extra),
                     sizeof(welcome));
    assert_int_equal(welcome.status, 0);
    if (liar->lie == UNASKED) {
        wire_send(liar->socket, arg, size, NULL, 0);
    }
    if (wire_receive(liar->socket, arg, size, 1, &extra) == (ssize_t)size) {
        wire_close(&extra);
        arg->params[0].u.value.a = 77;
        switch (liar->lie) {
        case SILENT_DEATH:
            break;
        case SHORT:
            wire_send(liar->socket, arg, size - 1, NULL, 0);
            break;
        case LONG:
            wire_send(liar->socket, arg, size + 8, NULL, 0);
            break;
        case OTHER_COMMAND:
            arg->head.cmd++;
            wire_send(liar->socket, arg, size, NULL, 0);
            break;
        case OTHER_TYPES:
            arg->params[0].attr++;
            wire_send(liar->socket, arg, size, NULL, 0);
            break;
        case MORE_PARAMS:
            arg->head.num_params = 4000;
            wire_send(liar->socket, arg, size, NULL, 0);
            break;
        case WITH_DESCRIPTORS:
            wire_send(liar->socket, arg, size, &zero, 1);
            break;
        default:
            wire_send(liar->socket, arg, size, NULL, 0);
        }
    }
    if (liar->lie == HONEST) {
        pause_ms(20);
    }
    close(liar->socket);
    return NULL;
}

static enum error ask_liar(enum lie lie, struct msg_arg *answer)
{
    struct liar liar = {.lie = lie};
    struct port_rpc_mem mem;
    pthread_t thread;
    enum error error;
    int pair[2];

    assert_int_equal(wire_pair(pair), 0);
    liar.socket = pair[1];
    pthread_create(&thread, NULL, liar_thread, &liar);
    supplicant_accept(pair[0]);
    for (int i = 0; i < PATIENCE_MS / 5 && !supplicant_is_there(); i++) {
        pause_ms(5);
    }
    if (lie == UNASKED) {
        pause_ms(50);
    }
    assert_int_equal(port_rpc_mem_create(100, &mem), E_OK);
    *answer = (struct msg_arg){.head = {.cmd = MSG_RPC_GET_TIME, .num_params = 2}};
    answer->params[0].attr = MSG_ATTR_VALUE_OUTPUT;
    answer->params[1].attr = MSG_ATTR_TMEM_OUTPUT;
    answer->params[1].u.tmem = mem.tmem;
    error = port_rpc(answer);
    port_rpc_mem_destroy(&mem);
    pthread_join(thread, NULL);
    return error;
}

static void lies_are_communication_errors(void **state)
{
    struct msg_arg arg = {.head = {.cmd = MSG_RPC_GET_TIME}};

    (void)state;
    assert_int_equal(port_rpc(&arg), E_COMMUNICATION); /* nobody is there */
    assert_int_equal(ask_liar(HONEST, &arg), E_OK);
    assert_int_equal(arg.params[0].u.value.a, 77);
    for (enum lie lie = SILENT_DEATH; lie <= WITH_DESCRIPTORS; lie++) {
        if (ask_liar(lie, &arg) != E_COMMUNICATION) {
            fail_msg("lie %d was believed", lie);
        }
    }
    assert_int_equal(ask_liar(HONEST, &arg), E_OK);
}

static void rpc_memory_is_bounded(void **state)
{
    struct port_rpc_mem mem[80];
    struct msg_arg arg = {.head = {.num_params = MSG_PARAMS_MAX + 1}};
    int made = 0;

    (void)state;
    while (made < 80 && port_rpc_mem_create(4096, &mem[made]) == E_OK) {
        made++;
    }
    assert_in_range(made, 8, 79);
    while (made > 0) {
        port_rpc_mem_destroy(&mem[--made]);
    }
    assert_int_equal(port_rpc_mem_create(SIZE_MAX, &mem[0]), E_NO_MEMORY);
    assert_int_equal(port_rpc(&arg), E_INVALID);
}

static int set_up(void **state)
{
    (void)state;
    journal_open(open("/dev/null", O_WRONLY | O_CLOEXEC), 0);
    signal(SIGPIPE, SIG_IGN);
    return sleep_init();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(window_gives_separate_places),
        cmocka_unit_test(window_refuses_nonsense),
        cmocka_unit_test(uuids_are_those_of_linux),
        cmocka_unit_test(identities_come_from_the_system),
        cmocka_unit_test(an_identity_cannot_be_smuggled_in),
        cmocka_unit_test(shares_are_limited),
        cmocka_unit_test(shares_leave_descriptors),
        cmocka_unit_test(a_clients_memory_is_its_own),
        cmocka_unit_test(memory_goes_without_the_lock),
        cmocka_unit_test(memory_is_sealed_and_counted),
        cmocka_unit_test(the_log_keeps_its_lines),
        cmocka_unit_test(sleepers_are_woken),
        cmocka_unit_test(the_timer_fires_at_its_time),
        cmocka_unit_test(a_kick_is_followed),
        cmocka_unit_test(the_device_key_is_guarded),
        cmocka_unit_test(lies_are_communication_errors),
        cmocka_unit_test(rpc_memory_is_bounded),
    };

    return cmocka_run_group_tests_name("parts", tests, set_up, NULL);
}

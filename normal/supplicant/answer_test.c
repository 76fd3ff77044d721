/*
 * The supplicant's answers: which files it hands out and which not, sizes asked for and memory too
 * small, questions that make no sense or that it does not serve.
 */
#include "supplicant.h"

#include <abi/message.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define NAME "00112233-4455-6677-8899-aabbccddeeff.ta"

static const uint8_t uuid[16] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
                                 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};
static char first[] = "/tmp/postern-supplicant-XXXXXX";
static char second[] = "/tmp/postern-supplicant-XXXXXX";
static char path[128];
static struct supplicant supplicant;

void supplicant_say(const char *format, ...)
{
    (void)format;
}

static void put_file(const char *folder, const char *name, const char *text)
{
    char file[256];
    int fd;

    snprintf(file, sizeof(file), "%s/%s", folder, name);
    fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static uint32_t load(void *memory, uint64_t *size)
{
    struct rpc_param param[2] = {
        {.kind = RPC_VALUE, .in = true},
        {.kind = RPC_MEMORY, .out = true, .memory = memory, .size = *size},
    };
    uint32_t ret;

    memcpy(&param[0].a, uuid, 8);
    memcpy(&param[0].b, uuid + 8, 8);
    ret = supplicant_answer(&supplicant, MSG_RPC_LOAD_APP, param, 2);
    *size = param[1].size;
    return ret;
}

static void packages_are_found_in_order(void **state)
{
    char memory[32] = "";
    uint64_t size = 0;

    (void)state;
    assert_int_equal(load(NULL, &size), RET_ITEM_NOT_FOUND);
    put_file(second, NAME, "from the second");
    assert_int_equal(load(NULL, &size), RET_SUCCESS);
    assert_int_equal(size, 15);
    size = 14;
    assert_int_equal(load(memory, &size), RET_SHORT_BUFFER);
    assert_int_equal(size, 15);
    assert_int_equal(memory[0], 0);
    size = sizeof(memory);
    assert_int_equal(load(memory, &size), RET_SUCCESS);
    assert_int_equal(size, 15);
    assert_string_equal(memory, "from the second");
    put_file(first, NAME, "from the first");
    size = sizeof(memory);
    assert_int_equal(load(memory, &size), RET_SUCCESS);
    assert_int_equal(size, 14);
    assert_memory_equal(memory, "from the first", 14);
    unlink(path);
}

static void only_plain_files_are_handed_out(void **state)
{
    char memory[32];
    uint64_t size = sizeof(memory);
    char target[256];

    (void)state;
    put_file(first, "secret", "not for others");
    snprintf(target, sizeof(target), "%s/secret", first);
    snprintf(path, sizeof(path), "%s/" NAME, first);
    snprintf(memory, sizeof(memory), "untouched");
    /* Each is passed over: the second folder's file is the answer. */
    assert_int_equal(symlink(target, path), 0);
    assert_int_equal(load(memory, &size), RET_SUCCESS);
    assert_int_equal(size, 15);
    assert_memory_equal(memory, "from the second", 15);
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0); /* would never end */
    size = 0;
    assert_int_equal(load(NULL, &size), RET_SUCCESS);
    assert_int_equal(size, 15);
    unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(load(NULL, &size), RET_SUCCESS);
    rmdir(path);
    unlink(target);
}

static void stamps_change_with_the_file(void **state)
{
    struct rpc_param before[2] = {{.kind = RPC_VALUE, .in = true},
                                  {.kind = RPC_VALUE, .out = true}};
    struct rpc_param after[2];

    (void)state;
    memcpy(&before[0].a, uuid, 8);
    memcpy(&before[0].b, uuid + 8, 8);
    memcpy(after, before, sizeof(after));
    assert_int_equal(supplicant_answer(&supplicant, MSG_RPC_APP_STAMP, before, 2), RET_SUCCESS);
    assert_int_equal(supplicant_answer(&supplicant, MSG_RPC_APP_STAMP, after, 2), RET_SUCCESS);
    assert_memory_equal(&before[1], &after[1], sizeof(after[1]));
    put_file(second, NAME, "another content of it");
    assert_int_equal(supplicant_answer(&supplicant, MSG_RPC_APP_STAMP, after, 2), RET_SUCCESS);
    assert_memory_not_equal(&before[1], &after[1], sizeof(after[1]));
}

static void the_time_is_told(void **state)
{
    struct rpc_param param = {.kind = RPC_VALUE, .out = true};

    (void)state;
    assert_int_equal(supplicant_answer(&supplicant, MSG_RPC_GET_TIME, &param, 1), RET_SUCCESS);
    assert_true(param.a > 1500000000u);
    assert_true(param.b < 1000000000u);
}

static void nonsense_is_refused(void **state)
{
    struct rpc_param param[8] = {{.kind = RPC_NONE}};

    (void)state;
    for (uint32_t question = 0; question < 16; question++) {
        for (size_t count = 0; count <= 8; count++) {
            uint32_t ret = supplicant_answer(&supplicant, question, param, count);

            assert_true(ret == RET_BAD_PARAMETERS || ret == RET_NOT_SUPPORTED);
        }
    }
    assert_int_equal(supplicant_answer(&supplicant, MSG_RPC_FILES, param, 0), RET_NOT_SUPPORTED);
    param[0].kind = RPC_VALUE;
    param[1].kind = RPC_MEMORY; /* for reading only */
    assert_int_equal(supplicant_answer(&supplicant, MSG_RPC_LOAD_APP, param, 2),
                     RET_BAD_PARAMETERS);
}

static int set_up(void **state)
{
    (void)state;
    if (mkdtemp(first) == NULL || mkdtemp(second) == NULL) {
        return -1;
    }
    supplicant = (struct supplicant){
        .folder = {"/nonexistent", first, second}, .num_folders = 3, .ready_fd = -1};
    snprintf(path, sizeof(path), "%s/" NAME, first);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(path);
    snprintf(path, sizeof(path), "%s/" NAME, second);
    unlink(path);
    rmdir(first);
    rmdir(second);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packages_are_found_in_order),
        cmocka_unit_test(only_plain_files_are_handed_out),
        cmocka_unit_test(stamps_change_with_the_file),
        cmocka_unit_test(the_time_is_told),
        cmocka_unit_test(nonsense_is_refused),
    };

    return cmocka_run_group_tests_name("supplicant", tests, set_up, tear_down);
}

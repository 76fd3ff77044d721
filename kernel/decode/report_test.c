/*
 * Which messages are questions about the kernel itself, and from whom they are taken (abi/report.h).
 */
#include <abi/report.h>
#include <port/kernel.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t kernel_uuid[16] = REPORT_UUID;
static const uint8_t root_uuid[16] = REPORT_ROOT_UUID;

static struct msg_arg open_message(const uint8_t uuid[16], uint32_t login, const uint8_t user[16])
{
    struct msg_arg arg = {.head = {.cmd = MSG_CMD_OPEN_SESSION, .num_params = 2}};
    arg.params[0].attr = MSG_ATTR_VALUE_INPUT | MSG_ATTR_META;
    arg.params[1].attr = MSG_ATTR_VALUE_INPUT | MSG_ATTR_META;
    memcpy(arg.params[0].u.octets, uuid, 16);
    memcpy(arg.params[1].u.octets, user, 16);
    arg.params[1].u.value.c = login;
    return arg;
}

static enum report_kind kind_of(const struct msg_arg *arg)
{
    struct report report;
    kernel_report(arg, &report);
    return report.kind;
}

static void only_root_may_open(void **state)
{
    (void)state;
    uint8_t other[16];
    struct msg_arg arg = open_message(kernel_uuid, MSG_LOGIN_USER, root_uuid);
    assert_int_equal(kind_of(&arg), REPORT_OPEN);
    for (size_t i = 0; i < sizeof(other); i++) {
        memcpy(other, root_uuid, sizeof(other));
        other[i] ^= 0x80;
        arg = open_message(kernel_uuid, MSG_LOGIN_USER, other);
        assert_int_equal(kind_of(&arg), REPORT_REFUSED);
        memcpy(other, kernel_uuid, sizeof(other));
        other[i] ^= 1;
        arg = open_message(other, MSG_LOGIN_USER, root_uuid);
        assert_int_equal(kind_of(&arg), REPORT_NOT);
    }
    /* The same octets are somebody else's name by another login method. */
    static const uint32_t logins[] = {MSG_LOGIN_PUBLIC,
                                      MSG_LOGIN_GROUP,
                                      MSG_LOGIN_APPLICATION,
                                      MSG_LOGIN_USER_APPLICATION,
                                      MSG_LOGIN_GROUP_APPLICATION,
                                      MSG_LOGIN_IDENTIFY,
                                      MSG_LOGIN_TRUSTED_APP,
                                      0x80000000u};
    for (size_t i = 0; i < sizeof(logins) / sizeof(logins[0]); i++) {
        arg = open_message(kernel_uuid, logins[i], root_uuid);
        assert_int_equal(kind_of(&arg), REPORT_REFUSED);
    }
}

static void a_damaged_open_is_not_ours(void **state)
{
    (void)state;
    struct msg_arg arg = open_message(kernel_uuid, MSG_LOGIN_USER, root_uuid);
    arg.params[1].u.value.c = (uint64_t)MSG_LOGIN_USER | UINT64_C(1) << 32;
    assert_int_equal(kind_of(&arg), REPORT_NOT);
    arg = open_message(kernel_uuid, MSG_LOGIN_USER, root_uuid);
    arg.head.num_params = 1;
    assert_int_equal(kind_of(&arg), REPORT_NOT);
    arg.head.num_params = UINT32_MAX;
    assert_int_equal(kind_of(&arg), REPORT_NOT);
}

static struct msg_arg log_message(uint64_t low, uint64_t high)
{
    struct msg_arg arg = {.head = {.cmd = MSG_CMD_INVOKE_COMMAND,
                                   .session = REPORT_SESSION,
                                   .func = REPORT_COMMAND_LOG,
                                   .num_params = 4}};
    arg.params[0].attr = MSG_ATTR_VALUE_INOUT;
    arg.params[0].u.value = (struct msg_value){.a = low, .b = high};
    arg.params[1].attr = MSG_ATTR_RMEM_OUTPUT;
    arg.params[1].u.rmem = (struct msg_rmem){.offset = 24, .size = 4096, .cookie = 7};
    return arg;
}

static void a_question_is_decoded(void **state)
{
    (void)state;
    struct report report;
    struct msg_arg arg = log_message(5, 1);
    kernel_report(&arg, &report);
    assert_int_equal(report.kind, REPORT_LOG);
    assert_true(report.position == (UINT64_C(1) << 32 | 5));
    assert_true(report.cookie == 7 && report.offset == 24 && report.size == 4096);
    /* Only halves of 32 bits are looked at. */
    arg = log_message(UINT64_MAX, UINT64_MAX);
    kernel_report(&arg, &report);
    assert_true(report.position == UINT64_MAX);

    arg = log_message(0, 0);
    arg.params[1].u.rmem = (struct msg_rmem){.size = 0};
    kernel_report(&arg, &report);
    assert_int_equal(report.kind, REPORT_LOG);
    assert_true(report.size == 0);

    arg.head.func = REPORT_COMMAND_STATUS;
    arg.params[0] = (struct msg_param){.attr = MSG_ATTR_RMEM_OUTPUT,
                                       .u.rmem = {.offset = 0, .size = 99, .cookie = 8}};
    arg.params[1].attr = MSG_ATTR_NONE;
    kernel_report(&arg, &report);
    assert_int_equal(report.kind, REPORT_STATUS);
    assert_true(report.cookie == 8 && report.size == 99);
}

static void other_questions_are_refused(void **state)
{
    (void)state;
    static const uint64_t attrs[] = {
        MSG_ATTR_NONE,       MSG_ATTR_VALUE_INPUT, MSG_ATTR_VALUE_OUTPUT, MSG_ATTR_RMEM_INPUT,
        MSG_ATTR_RMEM_INOUT, MSG_ATTR_TMEM_OUTPUT, MSG_ATTR_META,         UINT64_MAX};
    struct msg_arg arg;
    for (size_t i = 0; i < sizeof(attrs) / sizeof(attrs[0]); i++) {
        for (uint32_t param = 0; param < 2; param++) {
            arg = log_message(0, 0);
            arg.params[param].attr = attrs[i];
            assert_int_equal(kind_of(&arg), REPORT_UNKNOWN);
        }
    }
    arg = log_message(0, 0);
    arg.head.func = 2;
    assert_int_equal(kind_of(&arg), REPORT_UNKNOWN);
    arg = log_message(0, 0);
    arg.head.num_params = 1;
    assert_int_equal(kind_of(&arg), REPORT_UNKNOWN);
    arg.head.num_params = MSG_PARAMS_MAX + 1;
    assert_int_equal(kind_of(&arg), REPORT_UNKNOWN);
}

static void other_sessions_are_the_gates(void **state)
{
    (void)state;
    struct msg_arg arg = log_message(0, 0);
    arg.head.session = REPORT_SESSION - 1;
    assert_int_equal(kind_of(&arg), REPORT_NOT);
    arg = log_message(0, 0);
    arg.head.cmd = MSG_CMD_CLOSE_SESSION;
    arg.head.num_params = 0;
    assert_int_equal(kind_of(&arg), REPORT_CLOSE);
    arg.head.cmd = MSG_CMD_CANCEL;
    assert_int_equal(kind_of(&arg), REPORT_NOT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_root_may_open),
        cmocka_unit_test(a_damaged_open_is_not_ours),
        cmocka_unit_test(a_question_is_decoded),
        cmocka_unit_test(other_questions_are_refused),
        cmocka_unit_test(other_sessions_are_the_gates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

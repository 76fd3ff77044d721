/*
 * A client that asks the secure kernel for its log and status in ways that `postern log` does not: as
 * somebody else, from nowhere, with wrong parameters, in small pieces, many at once. Runs as root in
 * the guest of `postern run --arm64`; writes TAP without a plan (tests/tools/arm64-run.sh).
 */
#include <abi/report.h>
#include <postern/tee_client_api.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define SESSIONS 40
#define LOG_MAX 65536

static TEEC_Context context;
static TEEC_Session session;

static void check(bool good, const char *what)
{
    (void)printf("%s - %s\n", good ? "ok" : "not ok", what);
}

static TEEC_Result open_as(uint32_t login, TEEC_Session *out)
{
    static const TEEC_UUID uuid = {
        0x055b25f3, 0xb964, 0x4c9e, {0xbc, 0x27, 0x08, 0x77, 0x9b, 0x5d, 0x09, 0x65}};
    uint32_t group = 0;
    return TEEC_OpenSession(&context, out, &uuid, login, login == TEEC_LOGIN_GROUP ? &group : NULL,
                            NULL, NULL);
}

static TEEC_Result read_log(uint64_t *position, void *buffer, size_t *size)
{
    TEEC_Operation operation = {
        .paramTypes =
            TEEC_PARAM_TYPES(TEEC_VALUE_INOUT, TEEC_MEMREF_TEMP_OUTPUT, TEEC_NONE, TEEC_NONE),
        .params = {{.value = {.a = (uint32_t)*position, .b = (uint32_t)(*position >> 32)}},
                   {.tmpref = {.buffer = buffer, .size = *size}}},
    };
    TEEC_Result result = TEEC_InvokeCommand(&session, REPORT_COMMAND_LOG, &operation, NULL);
    *position = (uint64_t)operation.params[0].value.b << 32 | operation.params[0].value.a;
    *size = operation.params[1].tmpref.size;
    return result;
}

static void only_root(void)
{
    TEEC_Session other;
    check(open_as(TEEC_LOGIN_PUBLIC, &other) == TEEC_ERROR_ACCESS_DENIED, "not for the public");
    check(open_as(TEEC_LOGIN_GROUP, &other) == TEEC_ERROR_ACCESS_DENIED, "nor for a group");
    check(open_as(TEEC_LOGIN_USER, &session) == TEEC_SUCCESS, "for root");
}

static void wrong_questions(void)
{
    char buffer[16];
    TEEC_Operation operation = {
        .paramTypes =
            TEEC_PARAM_TYPES(TEEC_VALUE_INPUT, TEEC_MEMREF_TEMP_OUTPUT, TEEC_NONE, TEEC_NONE)};
    operation.params[1].tmpref.buffer = buffer;
    operation.params[1].tmpref.size = sizeof(buffer);
    check(TEEC_InvokeCommand(&session, REPORT_COMMAND_LOG, &operation, NULL) ==
              TEEC_ERROR_BAD_PARAMETERS,
          "other parameters are refused");
    check(TEEC_InvokeCommand(&session, REPORT_COMMAND_LOG, NULL, NULL) == TEEC_ERROR_BAD_PARAMETERS,
          "no parameters, too");
    check(TEEC_InvokeCommand(&session, 99, NULL, NULL) == TEEC_ERROR_BAD_PARAMETERS,
          "and an unknown question");
}

static void odd_places(const char *whole, size_t whole_size, uint64_t end)
{
    char byte[1] = "";
    uint64_t position = UINT64_MAX;
    size_t size = sizeof(byte);
    check(read_log(&position, byte, &size) == TEEC_SUCCESS && size == 0 && position >= end,
          "behind the end there is nothing");
    position = 0;
    size = 0;
    check(read_log(&position, NULL, &size) == TEEC_SUCCESS && size == 0, "nothing into no memory");
    bool same = true;
    for (uint64_t at = 0; at < 300 && at < whole_size; at++) {
        position = at;
        size = sizeof(byte);
        same = same && read_log(&position, byte, &size) == TEEC_SUCCESS && size == 1 &&
               position == at && byte[0] == whole[at];
    }
    check(same, "octet by octet it is the same log");
}

static void status_is_cut(void)
{
    char text[8] = "xxxxxxx";
    TEEC_Operation operation = {
        .paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_OUTPUT, TEEC_NONE, TEEC_NONE, TEEC_NONE),
        .params = {{.tmpref = {.buffer = text, .size = 4}}},
    };
    check(TEEC_InvokeCommand(&session, REPORT_COMMAND_STATUS, &operation, NULL) == TEEC_SUCCESS &&
              operation.params[0].tmpref.size == 4 && memcmp(text, "versxxx", 8) == 0,
          "the status is cut to the memory's size");
}

static void many_sessions(void)
{
    static TEEC_Session many[SESSIONS];
    bool good = true;
    for (int i = 0; i < SESSIONS; i++)
        good = good && open_as(TEEC_LOGIN_USER, &many[i]) == TEEC_SUCCESS;
    for (int i = 0; good && i < SESSIONS; i++)
        TEEC_CloseSession(&many[i]);
    check(good, "many sessions at once");
}

int main(void)
{
    static char whole[LOG_MAX];
    uint64_t position = 0;
    size_t size = sizeof(whole);
    if (TEEC_InitializeContext("/dev/tee0", &context) != TEEC_SUCCESS)
        return 1;
    only_root();
    wrong_questions();
    check(read_log(&position, whole, &size) == TEEC_SUCCESS && position == 0 && size > 0 &&
              whole[size - 1] == '\n',
          "the log begins at its beginning and ends with a line");
    odd_places(whole, size, position + size);
    status_is_cut();
    many_sessions();
    position = 0;
    size = sizeof(whole);
    check(read_log(&position, whole, &size) == TEEC_SUCCESS && size > 0, "the log is still given");
    TEEC_CloseSession(&session);
    TEEC_FinalizeContext(&context);
    return 0;
}

/* The client: an ordinary program that calls the app through the TEE Client API. */
#include <postern/tee_client_error.h>
#include <stdio.h>
#include <tee_client_api.h>

#define COMMAND_GREET 1u

static const TEEC_UUID app = @UUID_C@;

static int failed(const char *what, TEEC_Result result, uint32_t origin)
{
    const char *reason = postern_teec_reason();
    fprintf(stderr, "%s failed: %s, origin %s%s%s\n", what, postern_teec_strerror(result),
            postern_teec_origin_name(origin), *reason != 0 ? ": " : "", reason);
    return 1;
}

static int greet(TEEC_Session *session)
{
    char greeting[64] = "";
    uint32_t origin = 0;
    TEEC_Operation operation = {
        .started = 1,
        .paramTypes =
            TEEC_PARAM_TYPES(TEEC_VALUE_INOUT, TEEC_MEMREF_TEMP_OUTPUT, TEEC_NONE, TEEC_NONE),
        .params[0].value = {.a = 40, .b = 2},
        .params[1].tmpref = {.buffer = greeting, .size = sizeof(greeting)},
    };
    TEEC_Result result = TEEC_InvokeCommand(session, COMMAND_GREET, &operation, &origin);
    if (result != TEEC_SUCCESS)
        return failed("TEEC_InvokeCommand", result, origin);
    printf("%s: 40 + 2 = %u\n", greeting, (unsigned int)operation.params[0].value.a);
    return 0;
}

int main(void)
{
    TEEC_Context context;
    TEEC_Session session;
    uint32_t origin = 0;
    TEEC_Result result = TEEC_InitializeContext(NULL, &context);
    if (result != TEEC_SUCCESS)
        return failed("TEEC_InitializeContext", result, TEEC_ORIGIN_API);
    int status = 1;
    result = TEEC_OpenSession(&context, &session, &app, TEEC_LOGIN_PUBLIC, NULL, NULL, &origin);
    if (result != TEEC_SUCCESS) {
        status = failed("TEEC_OpenSession", result, origin);
    } else {
        status = greet(&session);
        TEEC_CloseSession(&session);
    }
    TEEC_FinalizeContext(&context);
    return status;
}

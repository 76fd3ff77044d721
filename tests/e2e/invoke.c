/*
 * invoke UUID COMMAND...: opens a session with the app, invokes each command with two numbers in, and
 * prints "COMMAND: RESULT ORIGIN" for each, or "open: RESULT ORIGIN". For scripts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tee_client_api.h>
#include <tee_client_error.h>

static int invoke_parse(const char *text, TEEC_UUID *uuid)
{
    unsigned b[8];
    unsigned low;
    unsigned mid;
    unsigned high;
    if (sscanf(text, "%8x-%4x-%4x-%2x%2x-%2x%2x%2x%2x%2x%2x", &low, &mid, &high, &b[0], &b[1],
               &b[2], &b[3], &b[4], &b[5], &b[6], &b[7]) != 11) {
        return 0;
    }
    *uuid =
        (TEEC_UUID){.timeLow = low, .timeMid = (uint16_t)mid, .timeHiAndVersion = (uint16_t)high};
    for (int i = 0; i < 8; i++) {
        uuid->clockSeqAndNode[i] = (uint8_t)b[i];
    }
    return 1;
}

static void invoke_print(const char *what, TEEC_Result result, uint32_t origin)
{
    printf("%s: %s %s\n", what, postern_teec_strerror(result), postern_teec_origin_name(origin));
    fflush(stdout);
}

int main(int argc, char **argv)
{
    TEEC_UUID uuid;
    TEEC_Context context;
    TEEC_Session session;
    uint32_t origin = 0;
    memset(&session, 0, sizeof(session));
    if (argc < 2 || !invoke_parse(argv[1], &uuid)) {
        fprintf(stderr, "usage: %s UUID COMMAND...\n", argv[0]);
        return 2;
    }
    TEEC_Result result = TEEC_InitializeContext(NULL, &context);
    if (result != TEEC_SUCCESS) {
        invoke_print("initialize", result, TEEC_ORIGIN_API);
        return EXIT_FAILURE;
    }
    result = TEEC_OpenSession(&context, &session, &uuid, TEEC_LOGIN_PUBLIC, NULL, NULL, &origin);
    if (result != TEEC_SUCCESS) {
        invoke_print("open", result, origin);
    }
    for (int i = 2; i < argc && result == TEEC_SUCCESS; i++) {
        TEEC_Operation operation = TEEC_OPERATION_INITIALIZER;
        operation.paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_INPUT, TEEC_NONE, TEEC_NONE, TEEC_NONE);
        operation.params[0].value.a = 1;
        const TEEC_Result answer =
            TEEC_InvokeCommand(&session, (uint32_t)strtoul(argv[i], NULL, 0), &operation, &origin);
        invoke_print(argv[i], answer, origin);
    }
    TEEC_CloseSession(&session);
    TEEC_FinalizeContext(&context);
    return EXIT_SUCCESS;
}

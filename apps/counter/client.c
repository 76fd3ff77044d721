/*
 * A client of counter: `client [N...]`. Opens a session for each number N, adds N in it while all
 * the others are open, closes them all, and then asks in a fresh session what the app remembers.
 */
#include "counter.h"

#include <stdio.h>
#include <stdlib.h>
#include <tee_client_api.h>
#include <tee_client_error.h>

#define CLIENT_SESSIONS_MAX 32

static const TEEC_UUID client_uuid = COUNTER_UUID;

static int client_failed(const char *what, TEEC_Result result, uint32_t origin)
{
    const char *reason = postern_teec_reason();
    fprintf(stderr, "counter: %s: %s, origin %s%s%s\n", what, postern_teec_strerror(result),
            postern_teec_origin_name(origin), *reason != 0 ? ": " : "", reason);
    return EXIT_FAILURE;
}

static int client_add(TEEC_Session *session, int number, uint32_t amount)
{
    TEEC_Operation operation = TEEC_OPERATION_INITIALIZER;
    operation.started = 1;
    operation.paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_INOUT, TEEC_NONE, TEEC_NONE, TEEC_NONE);
    operation.params[0].value.a = amount;
    uint32_t origin = 0;
    TEEC_Result result = TEEC_InvokeCommand(session, COUNTER_ADD, &operation, &origin);
    if (result != TEEC_SUCCESS) {
        return client_failed("add", result, origin);
    }
    printf("session %d: added %u, the counter is %u, this session added %u\n", number, amount,
           operation.params[0].value.a, operation.params[0].value.b);
    return EXIT_SUCCESS;
}

static int client_read(TEEC_Context *context)
{
    TEEC_Session session;
    uint32_t origin = 0;
    TEEC_Result result =
        TEEC_OpenSession(context, &session, &client_uuid, TEEC_LOGIN_PUBLIC, NULL, NULL, &origin);
    if (result != TEEC_SUCCESS) {
        return client_failed("open", result, origin);
    }
    TEEC_Operation operation = TEEC_OPERATION_INITIALIZER;
    operation.started = 1;
    operation.paramTypes =
        TEEC_PARAM_TYPES(TEEC_VALUE_OUTPUT, TEEC_VALUE_OUTPUT, TEEC_NONE, TEEC_NONE);
    result = TEEC_InvokeCommand(&session, COUNTER_READ, &operation, &origin);
    if (result == TEEC_SUCCESS) {
        printf("fresh session: the counter is %u, open sessions %u, served %u\n",
               operation.params[0].value.a, operation.params[0].value.b,
               operation.params[1].value.a);
    }
    TEEC_CloseSession(&session);
    return result == TEEC_SUCCESS ? EXIT_SUCCESS : client_failed("read", result, origin);
}

int main(int argc, char **argv)
{
    const int count = argc - 1 < CLIENT_SESSIONS_MAX ? argc - 1 : CLIENT_SESSIONS_MAX;
    TEEC_Context context;
    TEEC_Result result = TEEC_InitializeContext(NULL, &context);
    if (result != TEEC_SUCCESS) {
        return client_failed("no TEE", result, TEEC_ORIGIN_API);
    }
    TEEC_Session session[CLIENT_SESSIONS_MAX];
    int status = EXIT_SUCCESS;
    int open = 0;
    for (; open < count; open++) {
        uint32_t origin = 0;
        result = TEEC_OpenSession(&context, &session[open], &client_uuid, TEEC_LOGIN_PUBLIC, NULL,
                                  NULL, &origin);
        if (result != TEEC_SUCCESS) {
            status = client_failed("open", result, origin);
            break;
        }
    }
    for (int i = 0; i < open; i++) {
        status |= client_add(&session[i], i + 1, (uint32_t)strtoul(argv[i + 1], NULL, 0));
    }
    for (int i = 0; i < open; i++) {
        TEEC_CloseSession(&session[i]);
    }
    status |= client_read(&context);
    TEEC_FinalizeContext(&context);
    return status;
}

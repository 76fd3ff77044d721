/*
 * A client of hello: `client [A B [NAME]]`. Calls each command once, checks nothing but the result
 * code, and prints what came back, one line a call.
 */
#include "hello.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tee_client_api.h>
#include <tee_client_error.h>

/* Prints why a call failed. Answers the exit status. */
static int client_failed(const char *what, TEEC_Result result, uint32_t origin)
{
    const char *reason = postern_teec_reason();
    fprintf(stderr, "hello: %s: %s, origin %s%s%s\n", what, postern_teec_strerror(result),
            postern_teec_origin_name(origin), *reason != 0 ? ": " : "", reason);
    return EXIT_FAILURE;
}

static int client_calculate(TEEC_Session *session, uint32_t a, uint32_t b)
{
    TEEC_Operation operation = TEEC_OPERATION_INITIALIZER;
    operation.started = 1;
    operation.paramTypes =
        TEEC_PARAM_TYPES(TEEC_VALUE_INPUT, TEEC_VALUE_OUTPUT, TEEC_NONE, TEEC_NONE);
    operation.params[0].value.a = a;
    operation.params[0].value.b = b;
    uint32_t origin = 0;
    TEEC_Result result = TEEC_InvokeCommand(session, HELLO_CALCULATE, &operation, &origin);
    if (result != TEEC_SUCCESS) {
        return client_failed("calculate", result, origin);
    }
    printf("calculate: %u + %u = %u, %u * %u = %u\n", a, b, operation.params[1].value.a, a, b,
           operation.params[1].value.b);
    return EXIT_SUCCESS;
}

static int client_increment(TEEC_Session *session, uint32_t a, uint32_t b)
{
    TEEC_Operation operation = TEEC_OPERATION_INITIALIZER;
    operation.started = 1;
    operation.paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_INOUT, TEEC_NONE, TEEC_NONE, TEEC_NONE);
    operation.params[0].value.a = a;
    operation.params[0].value.b = b;
    uint32_t origin = 0;
    TEEC_Result result = TEEC_InvokeCommand(session, HELLO_INCREMENT, &operation, &origin);
    if (result != TEEC_SUCCESS) {
        return client_failed("increment", result, origin);
    }
    printf("increment: %u, %u became %u, %u\n", a, b, operation.params[0].value.a,
           operation.params[0].value.b);
    return EXIT_SUCCESS;
}

/* Asks with no room at all first, and so learns how much the greeting needs. */
static int client_greet(TEEC_Session *session, char *name)
{
    TEEC_Operation operation = TEEC_OPERATION_INITIALIZER;
    operation.started = 1;
    operation.paramTypes =
        TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT, TEEC_MEMREF_TEMP_OUTPUT, TEEC_NONE, TEEC_NONE);
    operation.params[0].tmpref.buffer = name;
    operation.params[0].tmpref.size = strlen(name);
    uint32_t origin = 0;
    TEEC_Result result = TEEC_InvokeCommand(session, HELLO_GREET, &operation, &origin);
    if (result != TEEC_ERROR_SHORT_BUFFER) {
        return client_failed("greet without room", result, origin);
    }
    const size_t size = operation.params[1].tmpref.size;
    char *greeting = malloc(size);
    if (greeting == NULL) {
        return client_failed("greet", TEEC_ERROR_OUT_OF_MEMORY, TEEC_ORIGIN_API);
    }
    operation.started = 1;
    operation.params[1].tmpref.buffer = greeting;
    result = TEEC_InvokeCommand(session, HELLO_GREET, &operation, &origin);
    if (result == TEEC_SUCCESS) {
        printf("greet: %zu bytes: %.*s\n", operation.params[1].tmpref.size,
               (int)operation.params[1].tmpref.size, greeting);
    }
    free(greeting);
    return result == TEEC_SUCCESS ? EXIT_SUCCESS : client_failed("greet", result, origin);
}

int main(int argc, char **argv)
{
    const uint32_t a = argc > 2 ? (uint32_t)strtoul(argv[1], NULL, 0) : 6;
    const uint32_t b = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 0) : 7;
    char world[] = "world";
    char *name = argc > 3 ? argv[3] : world;

    TEEC_Context context;
    TEEC_Result result = TEEC_InitializeContext(NULL, &context);
    if (result != TEEC_SUCCESS) {
        return client_failed("no TEE", result, TEEC_ORIGIN_API);
    }
    const TEEC_UUID uuid = HELLO_UUID;
    TEEC_Session session;
    uint32_t origin = 0;
    int status;
    result = TEEC_OpenSession(&context, &session, &uuid, TEEC_LOGIN_PUBLIC, NULL, NULL, &origin);
    if (result != TEEC_SUCCESS) {
        status = client_failed("open", result, origin);
    } else {
        status = client_calculate(&session, a, b) | client_increment(&session, a, b) |
                 client_greet(&session, name);
        TEEC_CloseSession(&session);
    }
    TEEC_FinalizeContext(&context);
    return status;
}

/*
 * One app, both APIs: GlobalPlatform calls and Trusty messages to the app `both`, in turn and at the
 * same time. Run by tee.sh. Prints TAP.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tee_client_api.h>
#include <trusty/tipc.h>
#include <unistd.h>

#define ROUNDS 500
#define AHEAD 4

static const TEEC_UUID app = {
    0x5d6a5f2c, 0x8a1b, 0x4f0e, {0x9d, 0x1d, 0x3b, 0x0d, 0x6f, 0x2b, 0x7a, 0x13}};
static unsigned number;
static unsigned failed;

static void ok(const char *what, int good)
{
    printf("%s %u - %s\n", good ? "ok" : "not ok", ++number, what);
    fflush(stdout);
    failed += !good;
}

static TEEC_Result invoke(TEEC_Session *session, uint32_t command, uint32_t *value)
{
    TEEC_Operation operation;
    memset(&operation, 0, sizeof(operation));
    operation.started = 1;
    operation.paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_INOUT, TEEC_NONE, TEEC_NONE, TEEC_NONE);
    operation.params[0].value.a = *value;
    TEEC_Result result = TEEC_InvokeCommand(session, command, &operation, NULL);
    *value = operation.params[0].value.a;
    return result;
}

static int echo(int fd, uint32_t value)
{
    uint32_t answer = ~value;
    return write(fd, &value, sizeof(value)) == sizeof(value) &&
           read(fd, &answer, sizeof(answer)) == sizeof(answer) && answer == value;
}

/* As many as the port has buffers, before the first is read. */
static int echo_ahead(int fd, uint32_t first)
{
    int good = 1;
    for (uint32_t value = first; value < first + AHEAD; value++)
        good = good && write(fd, &value, sizeof(value)) == sizeof(value);
    for (uint32_t value = first; value < first + AHEAD; value++) {
        uint32_t answer = ~value;
        good = good && read(fd, &answer, sizeof(answer)) == sizeof(answer) && answer == value;
    }
    return good;
}

static void *messages(void *argument)
{
    int fd = tipc_connect(TIPC_DEFAULT_DEVICE, "com.postern.test.both");
    long good = fd >= 0;
    (void)argument;
    for (uint32_t i = 0; good && i < ROUNDS; i++)
        good = i % 2 == 0 ? echo(fd, i) : echo_ahead(fd, i * AHEAD);
    if (fd >= 0)
        tipc_close(fd);
    return (void *)good;
}

int main(void)
{
    TEEC_Context context;
    TEEC_Session session;
    TEEC_Session second;
    TEEC_Operation open_operation;
    uint32_t value = 41;
    pthread_t thread;
    void *good = NULL;
    memset(&open_operation, 0, sizeof(open_operation));
    if (TEEC_InitializeContext(NULL, &context) != TEEC_SUCCESS) {
        printf("1..1\nnot ok 1 - no TEE\n");
        return EXIT_FAILURE;
    }
    TEEC_Result opened =
        TEEC_OpenSession(&context, &session, &app, TEEC_LOGIN_PUBLIC, NULL, &open_operation, NULL);
    ok("a session with an app that has a main()", opened == TEEC_SUCCESS);
    if (opened != TEEC_SUCCESS)
        return EXIT_FAILURE;
    ok("a call", invoke(&session, 1, &value) == TEEC_SUCCESS && value == 42);
    int fd = tipc_connect(TIPC_DEFAULT_DEVICE, "com.postern.test.both");
    ok("a Trusty connection to the same app", fd >= 0 && echo(fd, 7));
    ok("the same instance serves both", invoke(&session, 3, &value) == TEEC_SUCCESS && value == 1);
    ok("a second session", TEEC_OpenSession(&context, &second, &app, TEEC_LOGIN_PUBLIC, NULL,
                                            &open_operation, NULL) == TEEC_SUCCESS);
    value = 1;
    ok("a call of it", invoke(&second, 1, &value) == TEEC_SUCCESS && value == 2);
    ok("a call that is a Trusty client itself", invoke(&session, 2, &value) == TEEC_SUCCESS);
    usleep(300000); /* its waiting for 200 ms ends meanwhile */
    value = 1;
    ok("a call after a while", invoke(&session, 1, &value) == TEEC_SUCCESS && value == 2);
    pthread_create(&thread, NULL, messages, NULL);
    int all = 1;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        value = i;
        all =
            all && invoke(i % 2 ? &session : &second, 1, &value) == TEEC_SUCCESS && value == i + 1;
    }
    pthread_join(thread, &good);
    ok("calls while messages are served", all);
    ok("messages while calls are served", good != NULL);
    TEEC_CloseSession(&second);
    ok("a message after a session's end", echo(fd, 9));
    TEEC_CloseSession(&session);
    ok("a message after the last session's end", echo(fd, 10));
    tipc_close(fd);
    TEEC_FinalizeContext(&context);
    printf("1..%u\n", number);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/*
 * <trusty/tipc.h> for the TrustZone guest, whose Linux has no driver for Trusty: the descriptor is one
 * end of a pair of sockets, and a thread carries each message that the program writes through a
 * GlobalPlatform session to the app `bridge`, which is a client of the service, and the one message that
 * comes back into the socket. That is enough for programs that ask and wait for an answer, so that
 * these are the same sources here.
 */
#include "bridge/bridge.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <tee_client_api.h>
#include <trusty/tipc.h>
#include <unistd.h>

#define BRIDGE_MESSAGE_MAX 4096u
#define BRIDGE_PATIENCE_MS 120000u

struct bridge {
    TEEC_Context context;
    TEEC_Session session;
    int fd;
};

/* One message there and one back. False: the connection is over. */
static bool bridge_carry(struct bridge *bridge)
{
    uint8_t question[BRIDGE_MESSAGE_MAX];
    uint8_t answer[BRIDGE_MESSAGE_MAX];
    const ssize_t length = recv(bridge->fd, question, sizeof(question), 0);
    struct pollfd end = {.fd = bridge->fd, .events = POLLRDHUP};
    /* An empty message and the end look alike, but for this. */
    if (length < 0 || (length == 0 && poll(&end, 1, 0) != 0)) {
        return false;
    }
    TEEC_Operation operation = TEEC_OPERATION_INITIALIZER;
    operation.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT, TEEC_MEMREF_TEMP_OUTPUT,
                                            TEEC_VALUE_INPUT, TEEC_NONE);
    operation.params[0].tmpref.buffer = question;
    operation.params[0].tmpref.size = (size_t)length;
    operation.params[1].tmpref.buffer = answer;
    operation.params[1].tmpref.size = sizeof(answer);
    operation.params[2].value.a = BRIDGE_PATIENCE_MS;
    if (TEEC_InvokeCommand(&bridge->session, BRIDGE_EXCHANGE, &operation, NULL) != TEEC_SUCCESS) {
        return false;
    }
    return send(bridge->fd, answer, operation.params[1].tmpref.size, MSG_NOSIGNAL) >= 0;
}

static void *bridge_thread(void *argument)
{
    struct bridge *bridge = argument;
    while (bridge_carry(bridge)) {
    }
    close(bridge->fd);
    TEEC_CloseSession(&bridge->session);
    TEEC_FinalizeContext(&bridge->context);
    free(bridge);
    return NULL;
}

static int bridge_open(struct bridge *bridge, const char *srv_name)
{
    static const TEEC_UUID uuid = BRIDGE_UUID;
    if (TEEC_InitializeContext(NULL, &bridge->context) != TEEC_SUCCESS) {
        return -ENOENT;
    }
    TEEC_Operation operation = TEEC_OPERATION_INITIALIZER;
    operation.paramTypes =
        TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT, TEEC_NONE, TEEC_NONE, TEEC_NONE);
    operation.params[0].tmpref.buffer = (void *)(uintptr_t)srv_name;
    operation.params[0].tmpref.size = strlen(srv_name);
    if (TEEC_OpenSession(&bridge->context, &bridge->session, &uuid, TEEC_LOGIN_PUBLIC, NULL,
                         &operation, NULL) != TEEC_SUCCESS) {
        TEEC_FinalizeContext(&bridge->context);
        return -ENOTCONN;
    }
    return 0;
}

int tipc_connect(const char *dev_name, const char *srv_name)
{
    (void)dev_name;
    struct bridge *bridge = calloc(1, sizeof(*bridge));
    int pair[2];
    pthread_t thread;
    if (bridge == NULL || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        free(bridge);
        return -EMFILE;
    }
    bridge->fd = pair[1];
    const int error = bridge_open(bridge, srv_name);
    if (error != 0 || pthread_create(&thread, NULL, bridge_thread, bridge) != 0) {
        close(pair[0]);
        close(pair[1]);
        free(bridge);
        errno = error != 0 ? -error : EAGAIN;
        return -errno;
    }
    (void)pthread_detach(thread);
    return pair[0];
}

int tipc_close(int fd)
{
    return close(fd) == 0 ? 0 : -errno;
}

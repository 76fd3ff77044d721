/*
 * A client of digest: `client [--piece BYTES] [--hmac] FILE...`.
 *
 * Prints for each file its SHA-256 as sha256sum does, or with --hmac its HMAC-SHA-256 under the
 * app's own key in the same form. A file is handed over through one piece of memory that the app
 * sees too: it is read from the file straight into that memory and copied nowhere on its way. "-"
 * is standard input.
 */
#include "digest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tee_client_api.h>
#include <tee_client_error.h>
#include <unistd.h>

#define CLIENT_PIECE_DEFAULT (1u << 20)

struct client {
    TEEC_Context context;
    TEEC_Session session;
    TEEC_SharedMemory piece;
    bool hmac;
};

static int client_failed(const char *what, TEEC_Result result, uint32_t origin)
{
    const char *reason = postern_teec_reason();
    fprintf(stderr, "digest: %s: %s, origin %s%s%s\n", what, postern_teec_strerror(result),
            postern_teec_origin_name(origin), *reason != 0 ? ": " : "", reason);
    return EXIT_FAILURE;
}

/* Fills the piece as far as the file goes. Answers the bytes, less than 0 on an error. */
static ssize_t client_read_piece(struct client *client, int fd)
{
    size_t have = 0;
    while (have < client->piece.size) {
        ssize_t got = read(fd, (char *)client->piece.buffer + have, client->piece.size - have);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return -1;
        }
        if (got == 0) {
            break;
        }
        have += (size_t)got;
    }
    return (ssize_t)have;
}

static int client_update(struct client *client, size_t size)
{
    TEEC_Operation operation = TEEC_OPERATION_INITIALIZER;
    operation.started = 1;
    operation.paramTypes =
        TEEC_PARAM_TYPES(TEEC_MEMREF_PARTIAL_INPUT, TEEC_NONE, TEEC_NONE, TEEC_NONE);
    operation.params[0].memref.parent = &client->piece;
    operation.params[0].memref.offset = 0;
    operation.params[0].memref.size = size;
    uint32_t origin = 0;
    TEEC_Result result = TEEC_InvokeCommand(&client->session, DIGEST_UPDATE, &operation, &origin);
    return result == TEEC_SUCCESS ? EXIT_SUCCESS : client_failed("update", result, origin);
}

static int client_finish(struct client *client, const char *name)
{
    unsigned char digest[DIGEST_SIZE];
    unsigned char mac[DIGEST_SIZE];
    TEEC_Operation operation = TEEC_OPERATION_INITIALIZER;
    operation.started = 1;
    operation.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_OUTPUT, TEEC_MEMREF_TEMP_OUTPUT,
                                            TEEC_VALUE_OUTPUT, TEEC_NONE);
    operation.params[0].tmpref.buffer = digest;
    operation.params[0].tmpref.size = sizeof(digest);
    operation.params[1].tmpref.buffer = mac;
    operation.params[1].tmpref.size = sizeof(mac);
    uint32_t origin = 0;
    TEEC_Result result = TEEC_InvokeCommand(&client->session, DIGEST_FINISH, &operation, &origin);
    if (result != TEEC_SUCCESS) {
        return client_failed("finish", result, origin);
    }
    const unsigned char *octets = client->hmac ? mac : digest;
    for (size_t i = 0; i < DIGEST_SIZE; i++) {
        printf("%02x", octets[i]);
    }
    printf("  %s\n", name);
    return EXIT_SUCCESS;
}

static int client_file(struct client *client, const char *name)
{
    const bool standard_input = strcmp(name, "-") == 0;
    const int fd = standard_input ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        fprintf(stderr, "digest: %s: %s\n", name, strerror(errno));
        return EXIT_FAILURE;
    }
    int status = EXIT_SUCCESS;
    while (status == EXIT_SUCCESS) {
        const ssize_t size = client_read_piece(client, fd);
        if (size < 0) {
            fprintf(stderr, "digest: %s: %s\n", name, strerror(errno));
            status = EXIT_FAILURE;
        } else if (size == 0) {
            break;
        } else {
            status = client_update(client, (size_t)size);
        }
    }
    if (!standard_input) {
        close(fd);
    }
    /* A stream that was cut short stays in the session, so after a failure the caller ends it. */
    return status == EXIT_SUCCESS ? client_finish(client, name) : status;
}

/* Serves one file in a session of its own. */
static int client_session(struct client *client, const char *name)
{
    const TEEC_UUID uuid = DIGEST_UUID;
    uint32_t origin = 0;
    TEEC_Result result = TEEC_OpenSession(&client->context, &client->session, &uuid,
                                          TEEC_LOGIN_PUBLIC, NULL, NULL, &origin);
    if (result != TEEC_SUCCESS) {
        return client_failed("open", result, origin);
    }
    int status = client_file(client, name);
    TEEC_CloseSession(&client->session);
    return status;
}

int main(int argc, char **argv)
{
    struct client client = {.piece = {.size = CLIENT_PIECE_DEFAULT, .flags = TEEC_MEM_INPUT}};
    int first = 1;
    for (; first < argc && strncmp(argv[first], "--", 2) == 0; first++) {
        if (strcmp(argv[first], "--hmac") == 0) {
            client.hmac = true;
        } else if (strcmp(argv[first], "--piece") == 0 && first + 1 < argc) {
            client.piece.size = (size_t)strtoull(argv[++first], NULL, 0);
        } else {
            fprintf(stderr, "usage: %s [--piece BYTES] [--hmac] FILE...\n", argv[0]);
            return 2;
        }
    }
    if (client.piece.size == 0) {
        fprintf(stderr, "digest: a piece has at least one byte\n");
        return 2;
    }
    TEEC_Result result = TEEC_InitializeContext(NULL, &client.context);
    if (result != TEEC_SUCCESS) {
        return client_failed("no TEE", result, TEEC_ORIGIN_API);
    }
    int status = EXIT_SUCCESS;
    result = TEEC_AllocateSharedMemory(&client.context, &client.piece);
    if (result != TEEC_SUCCESS) {
        status = client_failed("shared memory", result, TEEC_ORIGIN_API);
    } else {
        for (int i = first; i < argc; i++) {
            status |= client_session(&client, argv[i]);
        }
        TEEC_ReleaseSharedMemory(&client.piece);
    }
    TEEC_FinalizeContext(&client.context);
    return status;
}

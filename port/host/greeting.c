/* Hello and welcome. See greeting.h. */
#include "greeting.h"

#include "account.h"
#include "result.h"
#include "wire.h"

#include <abi/hostlink.h>
#include <errno.h>
#include <lib/version.h>
#include <stdio.h>
#include <string.h>

#define HELLO_LIMIT_MS 5000

bool greeting_answer(int socket, uint32_t status, const char *text)
{
    struct link_welcome welcome = {.magic = LINK_MAGIC,
                                   .protocol = LINK_PROTOCOL,
                                   .status = status,
                                   .version = POSTERN_VERSION,
                                   .max_lanes = ACCOUNT_CLIENT_LANES,
                                   .max_shm = account_client_memory()};

    snprintf(welcome.text, sizeof(welcome.text), "%s", text);
    return wire_send(socket, &welcome, sizeof(welcome), NULL, 0) == 0;
}

uint32_t greeting_receive(int socket, uint32_t kinds, pid_t *pid)
{
    struct link_hello hello;
    struct wire_extra extra;
    char text[96];
    ssize_t got;
    int rc;

    do {
        rc = wire_wait(socket, -1, HELLO_LIMIT_MS);
    } while (rc < 0 && errno == EINTR);
    if (rc != 1) {
        return 0;
    }
    got = wire_receive(socket, &hello, sizeof(hello), 0, &extra);
    if (got <= 0) {
        return 0;
    }
    *pid = extra.pid;
    if (got != (ssize_t)sizeof(hello) || extra.cut || hello.magic != LINK_MAGIC) {
        greeting_answer(socket, RESULT_BAD_FORMAT, "this is Postern's TEE; your hello is not");
        return 0;
    }
    if (hello.protocol != LINK_PROTOCOL) {
        snprintf(text, sizeof(text), "your library speaks protocol %u, this TEE (%s) speaks %u",
                 hello.protocol, POSTERN_VERSION_TEXT, LINK_PROTOCOL);
        greeting_answer(socket, RESULT_NOT_SUPPORTED, text);
        return 0;
    }
    if (hello.kind >= 32 || (kinds & 1u << hello.kind) == 0) {
        snprintf(text, sizeof(text), "connections of kind %u are not served here", hello.kind);
        greeting_answer(socket, RESULT_NOT_SUPPORTED, text);
        return 0;
    }
    return hello.kind;
}

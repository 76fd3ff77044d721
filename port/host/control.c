/* Connections of the postern command. See control.h. */
#include "control.h"

#include "account.h"
#include "app.h"
#include "client.h"
#include "greeting.h"
#include "journal.h"
#include "launch_protocol.h"
#include "launcher.h"
#include "memory.h"
#include "result.h"
#include "sleep.h"
#include "supplicant_link.h"
#include "wire.h"

#include <abi/hostlink.h>
#include <abi/syscall.h>
#include <errno.h>
#include <lib/version.h>
#include <port/kernel.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONTROLS_MAX 32
#define STATUS_MAX (256u << 10)

static int stop_event = -1;
static atomic_int controls;

int control_init(void)
{
    stop_event = eventfd(0, EFD_CLOEXEC);
    return stop_event < 0 ? -1 : 0;
}

int control_stop_fd(void)
{
    return stop_event;
}

static size_t sandbox_words(char *out, size_t size)
{
    static const struct {
        uint32_t have;
        const char *word;
    } words[] = {
        {LAUNCH_HAVE_UID, "other-user"},  {LAUNCH_HAVE_USER, "user-namespace"},
        {LAUNCH_HAVE_PID, "pid"},         {LAUNCH_HAVE_NET, "net"},
        {LAUNCH_HAVE_IPC, "ipc"},         {LAUNCH_HAVE_UTS, "uts"},
        {LAUNCH_HAVE_ROOT, "empty-root"}, {LAUNCH_HAVE_NOTIFY, "call-numbers"},
    };
    uint32_t have = launcher_have();
    size_t at = (size_t)snprintf(out, size, "sandbox: seccomp no-new-privileges limits");

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if ((have & words[i].have) != 0) {
            at += (size_t)snprintf(out + at, size - at, " %s", words[i].word);
        }
    }
    return at + (size_t)snprintf(out + at, size - at, "\n");
}

/* `size` is STATUS_MAX: the port's own lines are a few hundred bytes. */
static size_t status_text(char *out, size_t size)
{
    size_t at = (size_t)snprintf(
        out, size,
        "version: %s\npid: %d\nuptime: %llu s\ndevelopment: %s\nsupplicant: %s\n"
        "clients: %u\nlanes: %llu\nprocesses: %u\nlauncher: %d\n"
        "shared memory: %llu of %llu KiB\n",
        POSTERN_VERSION_TEXT, getpid(), (unsigned long long)(port_clock_ns() / 1000000000u),
        port_development() ? "yes" : "no", supplicant_is_there() ? "connected" : "missing",
        client_count(), (unsigned long long)account_total(ACCOUNT_LANE), app_count(),
        launcher_pid(), (unsigned long long)(memory_in_use() / 1024),
        (unsigned long long)(memory_limit() / 1024));

    at += sandbox_words(out + at, size - at);
    return at + kernel_status(out + at, size - at);
}

/* A memory file with this text, or -1. */
static int text_file(const char *text, size_t length)
{
    int fd = memfd_create("postern:text", MFD_CLOEXEC);
    size_t done = 0;

    while (fd >= 0 && done < length) {
        ssize_t put = write(fd, text + done, length - done);

        if (put <= 0) {
            close(fd);
            return -1;
        }
        done += (size_t)put;
    }
    return fd;
}

static uint32_t answer_text(const struct link_request *request, struct link_reply *reply, int *fd)
{
    size_t size = request->op == LINK_CONTROL_LOG ? JOURNAL_RING_SIZE : STATUS_MAX;
    char *text = malloc(size);

    if (text == NULL) {
        return RESULT_OUT_OF_MEMORY;
    }
    reply->a = request->op == LINK_CONTROL_LOG ? journal_copy(text, size, request->a)
                                               : status_text(text, size);
    *fd = text_file(text, reply->a);
    free(text);
    return *fd >= 0 ? RESULT_SUCCESS : RESULT_OUT_OF_MEMORY;
}

static uint32_t hold(const struct link_request *request)
{
    uint8_t uuid[16];

    if (!port_development()) {
        return RESULT_ACCESS_DENIED;
    }
    for (size_t i = 0; i < 8; i++) {
        uuid[i] = (uint8_t)(request->a >> (56 - 8 * i));
        uuid[8 + i] = (uint8_t)(request->b >> (56 - 8 * i));
    }
    app_hold(uuid);
    return RESULT_SUCCESS;
}

/* Waits as long as whoever asked does. */
static uint32_t held(int socket, struct link_reply *reply)
{
    if (!port_development()) {
        return RESULT_ACCESS_DENIED;
    }
    while (wire_wait(socket, -1, 0) == 0) {
        int pid = app_hold_wait(500);

        if (pid > 0) {
            reply->a = (uint64_t)pid;
            return RESULT_SUCCESS;
        }
    }
    return RESULT_ITEM_NOT_FOUND;
}

static bool serve_request(int socket, const struct link_request *request)
{
    struct link_reply reply = {.op = request->op, .tag = request->tag};
    uint64_t one = 1;
    int fd = -1;
    bool sent;

    switch (request->op) {
    case LINK_CONTROL_STATUS:
    case LINK_CONTROL_LOG:
        reply.status = answer_text(request, &reply, &fd);
        break;
    case LINK_CONTROL_STOP:
        journal_line(SYS_LOG_INFO, "asked to stop");
        break;
    case LINK_CONTROL_HOLD:
        reply.status = hold(request);
        break;
    case LINK_CONTROL_HELD:
        reply.status = held(socket, &reply);
        break;
    default:
        reply.status = RESULT_NOT_SUPPORTED;
    }
    sent = wire_send(socket, &reply, sizeof(reply), &fd, fd >= 0) == 0;
    wire_close_fd(fd);
    if (request->op == LINK_CONTROL_STOP && write(stop_event, &one, sizeof(one)) < 0) {
        return false;
    }
    return sent;
}

static void *control_thread(void *argument)
{
    int socket = (int)(intptr_t)argument;
    struct link_request request;
    struct wire_extra extra;
    struct ucred peer = {.uid = 0};
    socklen_t size = sizeof(peer);
    bool holds = false;
    pid_t pid;

    if (greeting_receive(socket, 1u << LINK_KIND_CONTROL, &pid) != 0) {
        bool may = getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
                   (peer.uid == geteuid() || peer.uid == 0);

        if (!may) {
            greeting_answer(socket, RESULT_ACCESS_DENIED, "only the TEE's own user may control it");
        } else if (greeting_answer(socket, RESULT_SUCCESS, "")) {
            for (;;) {
                ssize_t got = wire_receive(socket, &request, sizeof(request), 0, &extra);

                if (got < 0 && errno == EINTR) {
                    continue;
                }
                if (got != (ssize_t)sizeof(request) || extra.cut ||
                    !serve_request(socket, &request)) {
                    break;
                }
                holds |= request.op == LINK_CONTROL_HOLD;
            }
        }
    }
    if (holds) {
        app_hold_release();
    }
    close(socket);
    controls--;
    return NULL;
}

void control_accept(int socket)
{
    if (++controls > CONTROLS_MAX ||
        sleep_thread(control_thread, (void *)(intptr_t)socket, NULL) != 0) {
        controls--;
        close(socket);
    }
}

/*
 * The prober: one connection at a time; a message names a case, the reply is empty when it passed,
 * and says what is wrong when it did not. "list" answers all names; "speed ..." see speed.c.
 */
#include "prober.h"

#define OWN_PORT "com.postern.test.prober"

char prober_failure[400];

static const struct {
    const char *name;
    void (*run)(void);
} cases[] = {
#define PROBER_ENTRY(name) {#name, name},
    PROBER_CASES(PROBER_ENTRY)};

/* How many handles are open: port, and channel of whom we serve, without what a case leaked. */
static unsigned open_handles(void)
{
    unsigned count = 0;
    for (uint32_t id = 1000; id < 1064; id++) {
        if (set_cookie(id, NULL) == NO_ERROR)
            count++;
    }
    return count;
}

static void close_leaks(handle_t port, handle_t chan)
{
    for (handle_t id = 1000; id < 1064; id++) {
        if (id != port && id != chan)
            close(id);
    }
}

static void run_case(const char *name, handle_t port, handle_t chan)
{
    prober_failure[0] = '\0';
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (strcmp(cases[i].name, name) != 0)
            continue;
        cases[i].run();
        unsigned left = open_handles();
        if (left != 2 && prober_failure[0] == '\0')
            snprintf(prober_failure, sizeof(prober_failure), "%u handles are left open", left - 2);
        close_leaks(port, chan);
        return;
    }
    snprintf(prober_failure, sizeof(prober_failure), "no such case: %s", name);
}

static size_t list_cases(char *out, size_t size)
{
    size_t length = 0;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        length += (size_t)snprintf(out + length, size - length, "%s\n", cases[i].name);
    return length;
}

static void serve(handle_t port, handle_t chan)
{
    static char request[64];
    static char reply[4096];
    uevent_t event;
    while (wait(chan, &event, INFINITE_TIME) == NO_ERROR) {
        if ((event.event & IPC_HANDLE_POLL_MSG) == 0)
            return;
        long length = pair_receive(chan, request, sizeof(request) - 1);
        if (length < 0)
            return;
        request[length] = '\0';
        if (strcmp(request, "list") == 0) {
            length = (long)list_cases(reply, sizeof(reply));
        } else if (strncmp(request, "speed", 5) == 0) {
            length = speed_echo(request, reply, sizeof(reply));
        } else {
            run_case(request, port, chan);
            length = (long)strlen(prober_failure);
            memcpy(reply, prober_failure, (size_t)length);
        }
        if (pair_send(chan, reply, (size_t)length) < 0)
            return;
    }
}

int main(void)
{
    uevent_t event;
    uuid_t peer;
    long port =
        port_create(OWN_PORT, 1, 4096, IPC_PORT_ALLOW_NS_CONNECT | IPC_PORT_ALLOW_TA_CONNECT);
    if (port < 0)
        return 1;
    while (wait(port, &event, INFINITE_TIME) == NO_ERROR) {
        long chan = accept(port, &peer);
        if (chan >= 0) {
            serve(port, chan);
            close(chan);
        }
    }
    return 1;
}

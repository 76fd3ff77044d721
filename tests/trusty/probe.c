/*
 * Runs the prober's cases, one after the other, and prints them as TAP; run by `postern run`.
 * `probe NAME...` runs only these.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <trusty/tipc.h>
#include <unistd.h>

#define SERVICE "com.postern.test.prober"
#define PATIENCE_MS 120000

static int service = -1;

/* The reply's length, or -1 with errno. */
static ssize_t ask(const char *question, char *reply, size_t room)
{
    if (service < 0) {
        service = tipc_connect(TIPC_DEFAULT_DEVICE, SERVICE);
        if (service < 0) {
            errno = -service;
            return -1;
        }
    }
    struct pollfd wait = {.fd = service, .events = POLLIN};
    ssize_t length = write(service, question, strlen(question));
    if (length >= 0 && poll(&wait, 1, PATIENCE_MS) <= 0) {
        errno = ETIMEDOUT;
        length = -1;
    }
    if (length >= 0)
        length = read(service, reply, room - 1);
    if (length == 0 && (wait.revents & POLLHUP) != 0) {
        errno = ENOTCONN;
        length = -1;
    }
    if (length < 0) {
        int error = errno;
        tipc_close(service);
        service = -1;
        errno = error;
        return -1;
    }
    reply[length] = '\0';
    return length;
}

int main(int argc, char **argv)
{
    static char names[4097];
    static char reply[4097];
    unsigned number = 0;
    unsigned failed = 0;
    unsigned timeouts = 0;
    if (argc > 1) {
        size_t length = 0;
        for (int i = 1; i < argc; i++)
            length += (size_t)snprintf(names + length, sizeof(names) - length, "%s\n", argv[i]);
    } else if (ask("list", names, sizeof(names)) < 0) {
        printf("1..1\nnot ok 1 - the prober does not answer: %s\n", strerror(errno));
        return EXIT_FAILURE;
    }
    for (char *name = strtok(names, "\n"); name != NULL; name = strtok(NULL, "\n")) {
        if (timeouts == 2) {
            printf("# the prober hangs: the rest is not run\n");
            break;
        }
        ssize_t length = ask(name, reply, sizeof(reply));
        timeouts += length < 0 && errno == ETIMEDOUT;
        if (length < 0)
            printf("# %s: %s\n", name, strerror(errno));
        else if (length > 0)
            printf("# %s\n", reply);
        printf("%s %u - in an app: %s\n", length == 0 ? "ok" : "not ok", ++number, name);
        fflush(stdout);
        failed += length != 0;
    }
    printf("1..%u\n", number);
    failed += timeouts;
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

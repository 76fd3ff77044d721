/*
 * A Linux program that talks to an echo service: `client [--service NAME] [--device NAME] TEXT...`
 * sends each TEXT as one message and prints what comes back. Exits 0 when all came back.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <trusty/tipc.h>
#include <unistd.h>

static int fail(const char *what, int error)
{
    fprintf(stderr, "client: %s: %s\n", what, strerror(error));
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    const char *service = "com.android.echo.srv.echo";
    const char *device = TIPC_DEFAULT_DEVICE;
    char reply[4096];
    int i = 1;

    for (; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--service") == 0) {
            service = argv[i + 1];
        } else if (strcmp(argv[i], "--device") == 0) {
            device = argv[i + 1];
        } else {
            break;
        }
    }
    int fd = tipc_connect(device, service);
    if (fd < 0) {
        return fail(service, -fd);
    }
    for (; i < argc; i++) {
        ssize_t n = write(fd, argv[i], strlen(argv[i]));
        if (n < 0) {
            return fail("write", errno);
        }
        n = read(fd, reply, sizeof(reply));
        if (n < 0) {
            return fail("read", errno);
        }
        if (n == 0 && *argv[i] != '\0') {
            return fail("read", ENOTCONN);
        }
        if (n == sizeof(int) && memcmp(reply, argv[i], (size_t)n) != 0) {
            int result;
            memcpy(&result, reply, sizeof(result));
            printf("%s: %d\n", argv[i], result);
            if (result != 0) {
                return EXIT_FAILURE;
            }
        } else {
            printf("%.*s\n", (int)n, reply);
        }
    }
    tipc_close(fd);
    return EXIT_SUCCESS;
}

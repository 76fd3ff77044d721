/* The client: an ordinary program that talks to the app through libtrusty. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <trusty/tipc.h>
#include <unistd.h>

#define SERVICE "com.example.@NAME@"

int main(int argc, char **argv)
{
    const char *text = argc > 1 ? argv[1] : "Hello, Trusty!";
    char reply[256];
    int fd = tipc_connect(TIPC_DEFAULT_DEVICE, SERVICE);
    if (fd < 0) {
        fprintf(stderr, "%s: %s (%s)\n", SERVICE,
                fd == -ENOTCONN ? "no such service, or it refused" : "not connected",
                strerror(-fd));
        return 1;
    }
    if (write(fd, text, strlen(text)) < 0) {
        perror("write");
        return 1;
    }
    ssize_t length = read(fd, reply, sizeof(reply));
    if (length < 0) {
        perror("read");
        return 1;
    }
    printf("%.*s\n", (int)length, reply);
    return tipc_close(fd) == 0 ? 0 : 1;
}

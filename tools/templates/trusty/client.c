/* The client: an ordinary program that talks to the app through libtrusty. */
#include <stdio.h>
#include <string.h>
#include <trusty/tipc.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    const char *text = argc > 1 ? argv[1] : "Hello, Trusty!";
    char reply[256];
    int fd = tipc_connect(TIPC_DEFAULT_DEVICE, "com.example.@NAME@");
    if (fd < 0) {
        fprintf(stderr, "tipc_connect: %s\n", strerror(-fd));
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

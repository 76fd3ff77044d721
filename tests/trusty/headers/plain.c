/*
 * A source that has nothing to do with Trusty: the plain names are the C library's.
 */
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int plain(int fd)
{
    char text[8];
    int status;
    struct iovec piece = {text, sizeof(text)};
    struct timespec time = {0, 1};
    struct sockaddr address = {0};
    socklen_t length = sizeof(address);
    ssize_t n = read(fd, text, sizeof(text)) + write(fd, text, sizeof(text)) +
                readv(fd, &piece, 1) + writev(fd, &piece, 1);
    return (int)n + close(fd) + ioctl(fd, FIONREAD, &status) + (int)wait(&status) +
           nanosleep(&time, NULL) + connect(fd, &address, length) + accept(fd, &address, &length);
}

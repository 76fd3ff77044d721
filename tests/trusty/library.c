/*
 * A service made with lib/tipc (the app clerk), from the normal world. Run by tee.sh. Prints TAP.
 */
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <trusty/tipc.h>
#include <unistd.h>

#define SERVICE "com.postern.test.clerk"
#define NUMBERS 200
#define AT_ONCE 3 /* connections that the service takes */

static unsigned number;
static unsigned failed;

static void ok(const char *what, int good)
{
    printf("%s %u - a service of the library: %s\n", good ? "ok" : "not ok", ++number, what);
    fflush(stdout);
    failed += !good;
}

static int connect_to(const char *service)
{
    return tipc_connect(TIPC_DEFAULT_DEVICE, service);
}

static int ask(int fd, const char *question, size_t length, const char *wanted)
{
    char answer[128];
    if (write(fd, question, length) != (ssize_t)length)
        return 0;
    const ssize_t got = read(fd, answer, sizeof(answer) - 1);
    answer[got > 0 ? got : 0] = '\0';
    if (got > 0 && strcmp(answer, wanted) == 0)
        return 1;
    printf("# got \"%s\"\n", answer);
    return 0;
}

static int ask_text(int fd, const char *question, const char *wanted)
{
    return ask(fd, question, strlen(question), wanted);
}

/* The service has closed the connection, and says nothing more. */
static int is_closed(int fd)
{
    char byte;
    struct pollfd closed = {.fd = fd, .events = POLLIN};
    return poll(&closed, 1, 120000) == 1 && (closed.revents & POLLHUP) != 0 &&
           read(fd, &byte, 1) == 0;
}

/* Connected and closed at once, or not connected at all. */
static int is_refused(int fd)
{
    const int refused = fd < 0 || is_closed(fd);
    if (fd >= 0)
        (void)tipc_close(fd);
    return refused;
}

/* Asks for numbers and reads none until the service must have been refused its sends. */
static int numbers(int fd)
{
    char question[8] = "many";
    const uint32_t count = NUMBERS;
    uint32_t got = 0;
    uint32_t value;
    memcpy(question + 4, &count, sizeof(count));
    if (write(fd, question, sizeof(question)) != (ssize_t)sizeof(question))
        return 0;
    usleep(100000);
    while (got < count && read(fd, &value, sizeof(value)) == sizeof(value) && value == got)
        got++;
    return got == count;
}

static void *connect_fourth(void *argument)
{
    int *fd = argument;
    *fd = connect_to(SERVICE);
    return NULL;
}

static void limit(int first)
{
    int fd[AT_ONCE + 1] = {first, -1, -1, -1};
    pthread_t thread;
    int good = 1;
    for (int i = 1; i < AT_ONCE; i++) {
        fd[i] = connect_to(SERVICE);
        good = good && fd[i] >= 0 && ask_text(fd[i], "echo", "echo");
    }
    ok("as many connections as it takes", good);
    pthread_create(&thread, NULL, connect_fourth, &fd[AT_ONCE]);
    usleep(100000);
    ok("one more waits, and the others are served", ask_text(first, "echo", "echo"));
    (void)tipc_close(fd[1]);
    pthread_join(thread, NULL);
    ok("until one leaves", fd[AT_ONCE] >= 0 && ask_text(fd[AT_ONCE], "echo", "echo"));
    (void)tipc_close(fd[2]);
    (void)tipc_close(fd[AT_ONCE]);
}

/* A client that leaves is seen to leave a little later. */
static int tells_in_time(int fd, const char *wanted)
{
    char answer[128] = "";
    for (int i = 0; i < 1000 && strcmp(answer, wanted) != 0; i++) {
        if (i > 0)
            usleep(10000);
        if (write(fd, "tell", 4) != 4)
            return 0;
        const ssize_t got = read(fd, answer, sizeof(answer) - 1);
        answer[got > 0 ? got : 0] = '\0';
    }
    return strcmp(answer, wanted) == 0;
}

int main(void)
{
    char longest[66] = "echo";
    int fd = connect_to(SERVICE);
    memset(longest + 4, 'x', sizeof(longest) - 4);
    longest[64] = '\0';
    ok("a connection", fd >= 0);
    ok("a message of two pieces", ask_text(fd, "echo and more", "echo and more"));
    ok("answered in another order", ask_text(fd, "swap me ", " me swap"));
    ok("the longest that it reads", ask(fd, longest, 64, longest));
    ok("answers that find no room, one after the other", numbers(fd));
    ok("and then as before", ask_text(fd, "tell", "1 0 0"));
    int other = connect_to(SERVICE);
    ok("a message that is too short ends it", write(other, "few", 3) == 3 && is_closed(other));
    ok("and nobody else", ask_text(fd, "tell", "2 0 1"));
    (void)tipc_close(other);
    other = connect_to(SERVICE);
    longest[64] = 'x';
    ok("one that is too long, too", write(other, longest, 65) == 65 && is_closed(other));
    (void)tipc_close(other);
    ok("\"deny\"", ask_text(fd, "deny", "deny"));
    ok("a connection that it refuses", is_refused(connect_to(SERVICE)));
    ok("the next one", ask_text(fd, "tell", "3 0 2"));
    other = connect_to(SERVICE ".linux");
    ok("a port for the normal world alone", ask_text(other, "echo", "echo"));
    (void)tipc_close(other);
    ok("a port for others", is_refused(connect_to(SERVICE ".others")));
    limit(fd);
    (void)tipc_close(fd);
    fd = connect_to(SERVICE);
    ok("all that left were seen to leave", tells_in_time(fd, "8 5 7"));
    (void)tipc_close(fd);
    printf("1..%u\n", number);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <tools/arm64/relay.h>
#include <unistd.h>

#define GO_ON (-1) /* no end yet; else an enum relay_end */

enum { FD_SIGNALS, FD_CONTROL, FD_OUTPUT, FD_ERRORS, FD_INPUT, FD_ROOM, FD_LOG, FDS };

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool write_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t put = write(fd, bytes, size);
        if (put < 0 && errno == EAGAIN) /* somebody else made it so: it may share our terminal */
            (void)poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, -1);
        else if (put < 0 && errno != EINTR)
            return false;
        if (put > 0) {
            bytes += put;
            size -= (size_t)put;
        }
    }
    return true;
}

/* How much of the end of these bytes may be the beginning of the end. The NUL is its only one. */
static size_t may_be_end(const char *bytes, size_t size, const char *word)
{
    const char *nul = memrchr(bytes, '\0', size);
    size_t left = nul != NULL ? size - (size_t)(nul - bytes) : 0;
    return left > 0 && left <= RELAY_WORD && memcmp(nul + 1, word, left - 1) == 0 ? left : 0;
}

/* Writes what is the program's of these bytes, which begin with those that were held back. */
static bool put_output(struct relay_stream *stream, const char *bytes, size_t size,
                       const char *word)
{
    char end[RELAY_WORD + 1] = "";
    memcpy(end + 1, word, RELAY_WORD);
    const char *found = memmem(bytes, size, end, sizeof(end));
    size_t shown = found != NULL ? (size_t)(found - bytes) : size - may_be_end(bytes, size, word);
    stream->ended = found != NULL;
    stream->num_held = found != NULL ? 0 : size - shown;
    memcpy(stream->held, bytes + shown, stream->num_held);
    return write_all(stream->to, bytes, shown);
}

/* What came of one stream of the program's. False: nobody takes it. */
static bool pass_output(struct relay *relay, struct relay_stream *stream)
{
    char bytes[65536];
    while (!stream->ended && relay->machine->channel[stream->channel] >= 0) {
        memcpy(bytes, stream->held, stream->num_held);
        ssize_t got = recv(relay->machine->channel[stream->channel], bytes + stream->num_held,
                           sizeof(bytes) - stream->num_held, MSG_DONTWAIT);
        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0 || (got < 0 && errno != EAGAIN))
            machine_close(relay->machine, stream->channel);
        if (got <= 0)
            return true;
        if (!put_output(stream, bytes, stream->num_held + (size_t)got, relay->end_word))
            return false;
    }
    return true;
}

/* The end of the program's input. Not a close: QEMU would drop what it has not taken yet. */
static void end_input(struct relay *relay)
{
    (void)shutdown(relay->machine->channel[MACHINE_INPUT], SHUT_WR);
    relay->takes_input = false;
}

/* Standard input, less than poll's promise of room for it. */
static void pass_input(struct relay *relay)
{
    char bytes[4096];
    ssize_t got = read(0, bytes, sizeof(bytes));
    if (got < 0 && errno == EINTR)
        return;
    bool good = got > 0;
    for (ssize_t at = 0; good && at < got;) {
        ssize_t put = send(relay->machine->channel[MACHINE_INPUT], bytes + at, (size_t)(got - at),
                           MSG_NOSIGNAL);
        good = put > 0 || errno == EINTR;
        at += put > 0 ? put : 0;
    }
    if (!good)
        end_input(relay);
}

/* One line of the guest's. */
static int handle_word(struct relay *relay, char *line)
{
    if (strcmp(line, "ready") == 0) {
        relay->ready = true;
        return GO_ON;
    }
    if (strcmp(line, "no-tee") == 0)
        return RELAY_NO_TEE;
    if (strcmp(line, "no-command") == 0)
        return RELAY_NO_COMMAND;
    if (strncmp(line, "missing ", 8) == 0) {
        memmove(relay->text, line + 8, strlen(line + 8) + 1);
        return RELAY_MISSING;
    }
    if (strncmp(line, "status ", 7) == 0) {
        relay->status = (int)(strtoul(line + 7, NULL, 10) & 0xff);
        relay->has_status = true;
    }
    return GO_ON;
}

static int pass_control(struct relay *relay)
{
    if (relay->text_size == sizeof(relay->text) - 1)
        relay->text_size = 0; /* no line of ours is so long */
    ssize_t got = recv(relay->machine->channel[MACHINE_CONTROL], relay->text + relay->text_size,
                       sizeof(relay->text) - 1 - relay->text_size, MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
        machine_close(relay->machine, MACHINE_CONTROL);
    if (got <= 0)
        return GO_ON;
    relay->text_size += (size_t)got;
    relay->text[relay->text_size] = '\0';
    char *end = strchr(relay->text, '\n');
    while (end != NULL) {
        *end = '\0';
        int result = handle_word(relay, relay->text);
        if (result != GO_ON)
            return result;
        relay->text_size -= (size_t)(end + 1 - relay->text);
        memmove(relay->text, end + 1, relay->text_size + 1);
        end = strchr(relay->text, '\n');
    }
    return GO_ON;
}

/* Answers whether it leaves a machine that nobody will start. */
static bool debugger_ended(struct relay *relay, int status)
{
    relay->debugger = 0;
    relay->deadline = now_ms() + (int64_t)relay->boot_seconds * 1000;
    bool leaves = status != 0 && !relay->ready;
    if (leaves)
        relay->status = status;
    return leaves;
}

static int collect_children(struct relay *relay)
{
    int status = 0;
    pid_t pid;
    int result = GO_ON;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid == relay->debugger && debugger_ended(relay, status))
            result = RELAY_DEBUGGER;
        if (pid != relay->machine->pid)
            continue;
        relay->machine->pid = 0;
        relay->status = status;
        result = RELAY_MACHINE;
    }
    return result;
}

static int handle_signals(struct relay *relay)
{
    struct signalfd_siginfo info;
    int result = GO_ON;
    while (result == GO_ON && read(relay->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo == SIGCHLD) {
            result = collect_children(relay);
        } else if (relay->debugger == 0 || info.ssi_signo != SIGINT) { /* Ctrl-C is gdb's */
            relay->status = (int)info.ssi_signo;
            result = RELAY_SIGNAL;
        }
    }
    return result;
}

static void fill(const struct relay *relay, struct pollfd fds[FDS])
{
    const struct machine *machine = relay->machine;
    int input = relay->takes_input && relay->ready ? machine->channel[MACHINE_INPUT] : -1;
    fds[FD_SIGNALS] = (struct pollfd){.fd = relay->signals, .events = POLLIN};
    fds[FD_CONTROL] = (struct pollfd){.fd = machine->channel[MACHINE_CONTROL], .events = POLLIN};
    fds[FD_OUTPUT] = (struct pollfd){
        .fd = relay->output.ended ? -1 : machine->channel[MACHINE_OUTPUT], .events = POLLIN};
    fds[FD_ERRORS] = (struct pollfd){
        .fd = relay->errors.ended ? -1 : machine->channel[MACHINE_ERRORS], .events = POLLIN};
    fds[FD_INPUT] = (struct pollfd){.fd = -1, .events = POLLIN};
    fds[FD_ROOM] = (struct pollfd){.fd = input, .events = POLLOUT};
    fds[FD_LOG] = (struct pollfd){.fd = relay->log->watch, .events = POLLIN};
    /* Standard input is looked at only while there is room for what it has. */
    if (input >= 0 && poll(&fds[FD_ROOM], 1, 0) == 1) {
        fds[FD_INPUT].fd = 0;
        fds[FD_ROOM].fd = -1;
    }
}

/* Waits, and does what there is to do once. */
static int step(struct relay *relay)
{
    struct pollfd fds[FDS];
    bool booting = !relay->ready && relay->debugger == 0;
    int64_t left = relay->deadline - now_ms();
    fill(relay, fds);
    if (poll(fds, FDS, booting ? (left > 0 ? (int)left : 0) : -1) < 0)
        return GO_ON;
    if (booting && left <= 0)
        return RELAY_LATE;
    /* What ended an app was written before its client heard of it. */
    secure_log_take(relay->log);
    if (!pass_output(relay, &relay->output) || !pass_output(relay, &relay->errors))
        return RELAY_NO_READER;
    if (fds[FD_INPUT].revents != 0)
        pass_input(relay);
    int result = fds[FD_CONTROL].revents != 0 ? pass_control(relay) : GO_ON;
    if (result == GO_ON && relay->has_status && relay->output.ended && relay->errors.ended)
        return RELAY_STATUS;
    return result == GO_ON && fds[FD_SIGNALS].revents != 0 ? handle_signals(relay) : result;
}

/* gdb may outlive the program: it is the user's to end. */
static void wait_for_debugger(struct relay *relay)
{
    if (relay->debugger != 0)
        while (waitpid(relay->debugger, NULL, 0) < 0 && errno == EINTR)
            continue;
    relay->debugger = 0;
}

enum relay_end relay_run(struct relay *relay)
{
    int result = GO_ON;
    relay->output =
        (struct relay_stream){.channel = MACHINE_OUTPUT, .to = 1, .ended = relay->end_word == NULL};
    relay->errors =
        (struct relay_stream){.channel = MACHINE_ERRORS, .to = 2, .ended = relay->end_word == NULL};
    relay->deadline = now_ms() + (int64_t)relay->boot_seconds * 1000;
    if (!relay->takes_input)
        end_input(relay);
    while (result == GO_ON)
        result = step(relay);
    if (result != RELAY_SIGNAL)
        wait_for_debugger(relay);
    return (enum relay_end)result;
}

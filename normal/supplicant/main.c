/* postern-supplicant: command line. See supplicant.h. */
#include "supplicant.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char usage[] =
    "usage: postern-supplicant (--socket PATH | --device /dev/teeprivN) --apps DIR... --data DIR\n"
    "\n"
    "Serves a TEE with what only the normal world has: app packages and the time.\n"
    "\n"
    "  --socket PATH   a hosted TEE's supplicant.sock\n"
    "  --device PATH   the Linux TEE subsystem's supplicant device\n"
    "  --apps DIR      where packages UUID.ta are; may be repeated, the first that has one wins\n"
    "  --data DIR      where the secure world's files are kept (none are, in this version)\n"
    "  --ready-fd N    write one byte to descriptor N when the TEE can be served\n"
    "  --help\n";

struct options {
    struct supplicant supplicant;
    const char *socket;
    const char *device;
};

void supplicant_say(const char *format, ...)
{
    va_list args;

    fputs("postern-supplicant: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

void supplicant_ready(const struct supplicant *supplicant)
{
    static bool said;

    if (!said && supplicant->ready_fd >= 0) {
        (void)!write(supplicant->ready_fd, "", 1);
        close(supplicant->ready_fd);
    }
    said = true;
}

static bool read_number(const char *text, int *out)
{
    char *end;
    long number;

    errno = 0;
    number = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || number < 0 || number > INT_MAX) {
        return false;
    }
    *out = (int)number;
    return true;
}

/* -1: go on; else the exit status. */
static int options_read(int argc, char **argv, struct options *out)
{
    enum { SOCKET = 1, DEVICE, APPS, DATA, READY, HELP };
    static const struct option known[] = {
        {"socket", required_argument, NULL, SOCKET},
        {"device", required_argument, NULL, DEVICE},
        {"apps", required_argument, NULL, APPS},
        {"data", required_argument, NULL, DATA},
        {"ready-fd", required_argument, NULL, READY},
        {"help", no_argument, NULL, HELP},
        {NULL, 0, NULL, 0},
    };
    struct supplicant *supplicant = &out->supplicant;
    int got;

    while ((got = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (got) {
        case SOCKET:
            out->socket = optarg;
            break;
        case DEVICE:
            out->device = optarg;
            break;
        case APPS:
            if (supplicant->num_folders == FOLDERS_MAX) {
                supplicant_say("more than %d --apps", FOLDERS_MAX);
                return 2;
            }
            supplicant->folder[supplicant->num_folders++] = optarg;
            break;
        case DATA:
            supplicant->data = optarg;
            break;
        case READY:
            if (!read_number(optarg, &supplicant->ready_fd)) {
                supplicant_say("--ready-fd: %s is no descriptor", optarg);
                return 2;
            }
            break;
        case HELP:
            fputs(usage, stdout);
            return 0;
        default:
            fputs("Try postern-supplicant --help.\n", stderr);
            return 2;
        }
    }
    if (optind != argc || (out->socket == NULL) == (out->device == NULL) ||
        supplicant->num_folders == 0) {
        fputs(usage, stderr);
        return 2;
    }
    return -1;
}

int main(int argc, char **argv)
{
    struct options options = {.supplicant = {.ready_fd = -1}};
    int status = options_read(argc, argv, &options);

    if (status >= 0) {
        return status;
    }
    signal(SIGPIPE, SIG_IGN);
    return options.socket != NULL ? supplicant_serve_socket(&options.supplicant, options.socket)
                                  : supplicant_serve_device(&options.supplicant, options.device);
}

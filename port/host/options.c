/* posternd's command line. */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <lib/version.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

static const char usage[] =
    "usage: posternd --run DIR --state DIR --trust DIR [options]\n"
    "\n"
    "The hosted TEE: serves client programs of this machine with signed trusted apps.\n"
    "\n"
    "  --run DIR       where its sockets are (tee.sock, supplicant.sock, control.sock)\n"
    "  --state DIR     where it keeps its device key; made when it is missing\n"
    "  --trust DIR     *.trust files: which keys may sign which apps\n"
    "  --group NAME    members of this group may connect to tee.sock, too (otherwise only the\n"
    "                  daemon's own user, and root)\n"
    "  --development   run the development form of packages, which is weaker protected\n"
    "  --log FILE      append the log to FILE (otherwise stderr)\n"
    "  --ready-fd N    write one byte to descriptor N when the sockets listen\n"
    "  --notice-fd N   send the log's warnings and errors as messages to the socket N, too, and\n"
    "                  wait a moment for one byte in answer to each\n"
    "  --help, --version\n"
    "\n"
    "POSTERN_APP_WRAPPER in the environment, with --development: a command that runs apps in\n"
    "their development form, such as \"/usr/bin/valgrind -q --vgdb=no\".\n"
    "\n"
    "Ends on SIGTERM, SIGINT or `postern stop`.\n";

static bool read_descriptor(const char *name, int *out)
{
    char *end;
    long number;

    errno = 0;
    number = strtol(optarg, &end, 10);
    if (errno != 0 || *end != '\0' || end == optarg || number < 0 || number > INT_MAX) {
        fprintf(stderr, "posternd: %s: %s is no descriptor\n", name, optarg);
        return false;
    }
    *out = (int)number;
    return true;
}

enum options_result options_read(int argc, char **argv, struct options *out)
{
    enum { RUN = 1, STATE, TRUST, GROUP, DEVELOPMENT, LOG, READY, NOTICE, HELP, VERSION };
    static const struct option known[] = {
        {"run", required_argument, NULL, RUN},
        {"state", required_argument, NULL, STATE},
        {"trust", required_argument, NULL, TRUST},
        {"group", required_argument, NULL, GROUP},
        {"development", no_argument, NULL, DEVELOPMENT},
        {"log", required_argument, NULL, LOG},
        {"ready-fd", required_argument, NULL, READY},
        {"notice-fd", required_argument, NULL, NOTICE},
        {"help", no_argument, NULL, HELP},
        {"version", no_argument, NULL, VERSION},
        {NULL, 0, NULL, 0},
    };
    int got;

    *out = (struct options){.ready_fd = -1, .notice_fd = -1};
    while ((got = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (got) {
        case RUN:
            out->run = optarg;
            break;
        case STATE:
            out->state = optarg;
            break;
        case TRUST:
            out->trust = optarg;
            break;
        case GROUP:
            out->group = optarg;
            break;
        case DEVELOPMENT:
            out->development = true;
            break;
        case LOG:
            out->log = optarg;
            break;
        case READY:
            if (!read_descriptor("--ready-fd", &out->ready_fd)) {
                return OPTIONS_WRONG;
            }
            break;
        case NOTICE:
            if (!read_descriptor("--notice-fd", &out->notice_fd)) {
                return OPTIONS_WRONG;
            }
            break;
        case HELP:
            fputs(usage, stdout);
            return OPTIONS_DONE;
        case VERSION:
            puts("posternd " POSTERN_VERSION_TEXT);
            return OPTIONS_DONE;
        default:
            fputs("Try posternd --help.\n", stderr);
            return OPTIONS_WRONG;
        }
    }
    if (optind != argc || out->run == NULL || out->state == NULL || out->trust == NULL) {
        fputs("posternd: --run, --state and --trust are needed, and nothing else.\n"
              "Try posternd --help.\n",
              stderr);
        return OPTIONS_WRONG;
    }
    return OPTIONS_GO_ON;
}

/* posternd's command line. */
#ifndef POSTERN_PORT_HOST_OPTIONS_H
#define POSTERN_PORT_HOST_OPTIONS_H

#include <stdbool.h>

struct options {
    const char *run;
    const char *state;
    const char *trust;
    const char *group; /* NULL: only the TEE's own user, and root, may connect */
    const char *log;   /* NULL: stderr */
    bool development;
    int ready_fd;  /* -1: nobody waits */
    int notice_fd; /* -1: none */
};

enum options_result {
    OPTIONS_GO_ON,
    OPTIONS_DONE,  /* --help, --version: printed */
    OPTIONS_WRONG, /* said why on stderr */
};

enum options_result options_read(int argc, char **argv, struct options *out);

#endif

/*
 * Starting and ending the processes of a hosted TEE: posternd, and the supplicant once posternd
 * listens. They get a session of their own (so that a terminal's Ctrl-C is not theirs), write to one
 * log file, and are killed by the system when the process that started them ends, however it ends.
 * Functions that answer false have said why (say.h).
 */
#ifndef POSTERN_TOOLS_HOSTED_LAUNCH_H
#define POSTERN_TOOLS_HOSTED_LAUNCH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define LAUNCH_APPS_MAX 64

struct launch_config {
    const char *run; /* folders, which exist */
    const char *state;
    const char *trust;
    const char *data;
    const char *apps[LAUNCH_APPS_MAX];
    size_t num_apps;
    const char *group; /* of the client socket; NULL for the own one */
    bool development;
    const char *log; /* file that both append to; NULL: the caller's own output */
    int notices;     /* posternd's end of a socket as its --notice-fd takes; 0: none */
};

struct launch_tee {
    pid_t daemon; /* 0: does not run */
    pid_t supplicant;
    unsigned int supplicant_deaths;
};

/* Starts both and waits until they are ready. On failure none is left, and the end of the log is
 * shown on stderr. Signals are to be blocked by the caller as it needs them. */
bool launch_start(const struct launch_config *config, struct launch_tee *out);

enum launch_event {
    LAUNCH_NOT_OURS,        /* some other child of the caller */
    LAUNCH_DAEMON_ENDED,    /* there is no TEE any more */
    LAUNCH_SUPPLICANT_ENDED /* started again, unless it keeps dying */
};
/* To be called for each child that was waited for. */
enum launch_event launch_child_ended(const struct launch_config *config, struct launch_tee *tee,
                                     pid_t pid, int status);

/* Ends both: asks, waits for some seconds, kills. */
void launch_stop(struct launch_tee *tee);

/* "exit status 1", "signal 9 (Killed)"; in a buffer that the next call reuses. */
const char *launch_status_text(int status);

#endif

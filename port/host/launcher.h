/*
 * The daemon's side of the launcher (launcher_main.c): starts it, asks it to start apps, hears from
 * it how they ended, starts it anew when it dies or hangs. There are two at the most: one for the normal
 * sandbox, and one for the development form, started when it is first needed.
 */
#ifndef POSTERN_PORT_HOST_LAUNCHER_H
#define POSTERN_PORT_HOST_LAUNCHER_H

#include <abi/syscall.h>
#include <lib/error.h>
#include <stdbool.h>
#include <stdint.h>

#define LAUNCHER_APPS_MAX 1024 /* app processes at the same time */

/* Whether this process was started to be a launcher: then main() does nothing but return
 * launcher_main(). */
bool launcher_is_asked(int argc, char **argv);
int launcher_main(int argc, char **argv);

/* Told when an app's process has ended, and how ("killed by SIGSEGV"). Called on the launcher's
 * thread. id 0: every app of that launcher. */
typedef void launcher_ended_fn(bool development, uint64_t id, const char *how);

/* Starts the launcher for the normal sandbox. E_NO_RESOURCES: it cannot run; logged. */
enum error launcher_init(launcher_ended_fn *ended) MUST_CHECK;
/* Ends the launchers, and with them all apps. */
void launcher_end(void);

/* A start that takes longer than this means that the launcher hangs: it is ended and started anew,
 * and its apps with it. Milliseconds; for tests to shorten. */
extern int launcher_start_limit_ms;

struct launcher_app {
    uint64_t id; /* not 0 */
    bool development;
    const char *name;
    int image;
    int page;
    int output;    /* its stdout and stderr */
    uint64_t data; /* bytes */
    uint64_t stack;
};

/* Starts an app; waits until its image is executed. On success *link is the daemon's end of the
 * app's link and *pidfd names its process; both the caller's. E_NO_RESOURCES, logged. */
enum error launcher_start(const struct launcher_app *app, int *link, int *pidfd) MUST_CHECK;

/* LAUNCH_HAVE_* of the normal launcher, and its process id. */
uint32_t launcher_have(void);
int launcher_pid(void);

/* How an app ended, in words. `call` is the forbidden call's number or -1. */
void launcher_describe_end(int code, int status, int call, char *out, size_t size);

#endif

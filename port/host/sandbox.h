/*
 * What an app process may do: the system call filter, resource limits and the closed-off place that
 * apps run in. Used by the launcher only.
 *
 * There are two forms. The normal one is an allow list: what is not on it ends the app. The
 * development form (docs/CAVEATS.md) is a deny list for sanitizers, debuggers and dynamic
 * libraries: no network, no other programs, no writing of files, and little else is forbidden.
 */
#ifndef POSTERN_PORT_HOST_SANDBOX_H
#define POSTERN_PORT_HOST_SANDBOX_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The image's descriptor when it is executed. RLIMIT_NOFILE is SANDBOX_FDS by then, so that an app
 * can never again have a descriptor of this number, and the filter's one execveat is used up. */
#define SANDBOX_IMAGE_FD 1000
#define SANDBOX_FDS 16
#define SANDBOX_FDS_LOOSE 64 /* development form */

#define SANDBOX_FILTER_MAX 640

/* On what runs between a filter and the image's execution: ThreadSanitizer's own code would now and
 * then make a system call there, which the filter announces to a launcher that waits for this very
 * child. */
#define SANDBOX_UNWATCHED __attribute__((no_sanitize("thread")))

enum sandbox_form {
    SANDBOX_NORMAL,
    SANDBOX_DEVELOPMENT,
    SANDBOX_WRAPPED, /* development, run by another program, which needs temporary files and more */
};

struct sandbox_filter {
    struct sock_filter code[SANDBOX_FILTER_MAX];
    unsigned short length;
};

/* Builds the filter. `otherwise` is the SECCOMP_RET_* for a call that is not on the list. Fails (-1)
 * only when the list does not fit. */
int sandbox_filter_build(struct sandbox_filter *filter, enum sandbox_form form, uint32_t otherwise);
/* Applies a filter to the caller. With `notify` answers the descriptor on which forbidden calls are
 * announced, else 0; -1 and errno. */
SANDBOX_UNWATCHED int sandbox_filter_apply(const struct sandbox_filter *filter, bool notify);

/* Limits of one app, set by its process on itself. 0, or -1 and errno. */
int sandbox_limits_apply(uint64_t data, uint64_t stack, enum sandbox_form form);

/*
 * Closes the launcher off, with all that it starts: name spaces, an empty read-only root, as root
 * another user; no capabilities, no new privileges. What the system refuses is left out; answers
 * LAUNCH_HAVE_* bits. Forks for the process id name space: returns in the process that is to go on.
 * -1: something without which apps must not run failed; *what names it, errno says why.
 */
int sandbox_enter(bool development, const char **what);

#endif

/*
 * What of the TEE's log concerns whoever runs a program right now: an app that came to a bad end, a
 * package or a call that was refused, and why. `postern run` says it on the terminal.
 */
#ifndef POSTERN_TOOLS_HOSTED_NOTICE_H
#define POSTERN_TOOLS_HOSTED_NOTICE_H

#include <stddef.h>
#include <tools/package/fault.h>

/* One line of the log, without time and level. If it is a notice it is said, on stderr, with what the
 * app's package adds to it: the place in the source, the key. */
void notice_take(const char *line, size_t length, const struct fault_apps *apps);

#endif

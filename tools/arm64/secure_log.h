/*
 * The secure world's serial port while the machine runs: QEMU writes it to a file, which is read here as
 * it grows. Its lines go to the file of --log, with the time at which they came, as the hosted TEE's
 * log has them; what concerns the user at once is said on the terminal (tools/hosted/notice.h).
 */
#ifndef POSTERN_TOOLS_ARM64_SECURE_LOG_H
#define POSTERN_TOOLS_ARM64_SECURE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <tools/package/fault.h>

struct secure_log {
    const struct fault_apps *apps; /* of the user's --app */
    bool says;                     /* the terminal is free for notices */

    FILE *to; /* NULL: no --log */
    int file;
    int watch; /* readable when the file grew; -1: then it is only looked at now and then */
    char line[1024];
    size_t length;
};

/* Makes the file, which QEMU will write to. `to`: the file of --log, which becomes the log's; -1: none. */
bool secure_log_open(struct secure_log *log, const char *path, int to);
/* Takes all the whole lines that are there; cheap when there is none. */
void secure_log_take(struct secure_log *log);
/* Takes the rest, and closes. False, said: the file of --log could not be written. */
bool secure_log_close(struct secure_log *log);

#endif

/*
 * What apps print: their stdout and stderr are a pipe each, read here line by line into the log
 * under the app's UUID. An app that prints more than its share loses the rest, and is told on.
 */
#ifndef POSTERN_PORT_HOST_OUTPUT_H
#define POSTERN_PORT_HOST_OUTPUT_H

#include <stdint.h>

/* Starts the reading thread. 0, or -1 and errno. */
int output_init(void);
/* Takes over the reading end of an app's pipe; closed when the app and its output have ended. */
void output_add(int fd, const uint8_t uuid[16]);

#endif

/*
 * Which process this is. A fork()'s child inherits the library's memory and descriptors, but the
 * connections are its parent's. Each context remembers the epoch that it was made in; a child
 * starts a new one, and closes what it inherited, so that the TEE learns of the parent's end.
 */
#ifndef POSTERN_LIBTEEC_PROCESS_H
#define POSTERN_LIBTEEC_PROCESS_H

#include <stdint.h>

/* Before anything else of the library's, from every thread that comes first. */
void process_start(void);

/* The current epoch; no system call. */
uint32_t process_epoch(void);

#endif

/*
 * What tee.c and the file of the side that the tests run on (tee_hosted.c, tee_guest.c) need of each
 * other. Tests do not include this.
 */
#ifndef TESTS_E2E_TEE_SIDE_H
#define TESTS_E2E_TEE_SIDE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct tee;

/* What `postern sign --image` calls this side's processor. */
extern const char *const tee_arch;

/* All of the log so far; malloc(). It may not be there yet: empty then. */
uint8_t *tee_log_read(const struct tee *tee, size_t *size);

/* How many entries a folder has; 0 when it is not there. */
unsigned tee_entries(const char *path);

/* Starts a program that gets a descriptor's number as its last argument, to which it writes one byte
 * when it is ready. Its output goes to the file `log`. */
pid_t tee_spawn(const char **arguments, const char *log);
/* Reaps; after a generous time kills first. Answers the status as of waitpid. */
int tee_reap(pid_t pid);

#endif

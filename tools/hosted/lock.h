/*
 * The file `lock` in a run folder: held by the process that supervises the TEE there, as long as it
 * lives; the system lets it go when it dies. It holds that process's id as text.
 */
#ifndef POSTERN_TOOLS_HOSTED_LOCK_H
#define POSTERN_TOOLS_HOSTED_LOCK_H

#include <stdbool.h>
#include <sys/types.h>

/* Takes it. *fd keeps it until closed (by every process that inherited it). False: somebody has it,
 * then *holder is not 0; or it cannot be made, which was said. */
bool lock_take(const char *run_folder, int *fd, pid_t *holder);
/* Writes the own process id into it. */
void lock_sign(int fd);
/* Who holds it; 0 when nobody does (or there is none). */
pid_t lock_holder(const char *run_folder);
/* Waits until nobody holds it. False when that takes longer. */
bool lock_wait(const char *run_folder, int seconds);

#endif

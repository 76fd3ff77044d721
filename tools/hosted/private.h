/*
 * The private TEE of `postern run`: a folder for one run, readable by nobody else, that holds
 * everything and is removed afterwards. What runs that were killed have left behind is found by its
 * lock, which nobody holds any more, and removed by the next run. Functions that answer false have
 * said why (say.h).
 */
#ifndef POSTERN_TOOLS_HOSTED_PRIVATE_H
#define POSTERN_TOOLS_HOSTED_PRIVATE_H

#include <abi/package.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tools/hosted/launch.h>

struct private_tee {
    char *run; /* the folder: sockets, and the others in it */
    char *state;
    char *trust;
    char *data;
    char *apps;
    char *log;
    int lock;
};

bool private_create(struct private_tee *out);
/* Puts a package file where the supplicant finds it, or a folder of packages into its list. */
bool private_add_app(struct private_tee *tee, struct launch_config *config, const char *path);
/* Has the TEE trust the user's development key, which is made if need be, and what these trust files
 * say: they are copied into its trust folder. */
bool private_add_trust(struct private_tee *tee, const char *const *files, size_t num_files);
/* Removes the folder unless it is to be kept, and frees the names. */
void private_destroy(struct private_tee *tee, bool keep);

/* The path of the package of this app among those added; NULL, said, when there is none. */
char *private_find_app(const struct launch_config *config, const uint8_t uuid[16]);

#endif

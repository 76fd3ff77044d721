/*
 * gdb on the next instance of an app (`postern run --gdb UUID`): the TEE holds the instance before
 * its first instruction, gdb attaches to its process and reads the symbols from the package's own
 * ELF file. Functions that answer false have said why (say.h).
 */
#ifndef POSTERN_TOOLS_HOSTED_DEBUG_H
#define POSTERN_TOOLS_HOSTED_DEBUG_H

#include <abi/package.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <tools/hosted/control.h>

#define DEBUG_ARGUMENTS_MAX 64

struct debug_config {
    uint8_t uuid[16];
    const char *arguments[DEBUG_ARGUMENTS_MAX]; /* for gdb, in front of the others */
    size_t num_arguments;
    char *symbols; /* the ELF file; set by debug_extract_symbols, the caller frees it */
};

/* Writes the package's image for this machine into `folder`. */
bool debug_extract_symbols(struct debug_config *config, const char *package, const char *folder);
/* Asks the TEE to hold the app's next instance, and to tell (on control->fd) when it is there. */
bool debug_hold(const struct debug_config *config, const struct control *control);
/* The instance is there: takes the TEE's word and starts gdb on it, in the foreground. */
bool debug_attach(const struct debug_config *config, const struct control *control, pid_t *gdb);

#endif

/* gdb on the machine: gdb-multiarch (or $POSTERN_GDB) in the foreground, with gdb.py. */
#ifndef POSTERN_TOOLS_ARM64_DEBUGGER_H
#define POSTERN_TOOLS_ARM64_DEBUGGER_H

#include <stdbool.h>
#include <sys/types.h>
#include <tools/arm64/request.h>

struct debugger_config {
    const char *folder;  /* gdb.py, monitor.elf, kernel.elf */
    const char *socket;  /* where the machine waits */
    const char *symbols; /* the app's ELF file; NULL: not about an app */
    const struct request *request;
};

/* Whether there is such a program. Says what to install when not. */
bool debugger_look(void);
bool debugger_start(const struct debugger_config *config, pid_t *out);

/* Whether a program of this name is in $PATH. */
bool debugger_in_path(const char *name);

#endif

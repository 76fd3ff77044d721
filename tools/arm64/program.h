/*
 * What a file is that somebody wants to run in an arm64 guest: told from its first bytes, so that
 * the answer is a sentence and not "Exec format error". Pure.
 */
#ifndef POSTERN_TOOLS_ARM64_PROGRAM_H
#define POSTERN_TOOLS_ARM64_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

enum program_kind {
    PROGRAM_STATIC,        /* an arm64 program that needs nothing */
    PROGRAM_DYNAMIC,       /* one that the guest's ld-linux-aarch64.so.1 loads */
    PROGRAM_OTHER_LOADER,  /* one that another loader loads: *detail is its name */
    PROGRAM_SCRIPT,        /* begins with #! */
    PROGRAM_OTHER_MACHINE, /* for another machine: *detail names it */
    PROGRAM_UNKNOWN,       /* none of these */
};

#define PROGRAM_LOADER "/lib/ld-linux-aarch64.so.1"

/* Which machine an ELF file is for, as in "an arm64" program, told from its first PROGRAM_HEAD bytes;
 * NULL: it is no ELF file. */
#define PROGRAM_HEAD 64
const char *program_machine(const uint8_t *bytes, size_t size);

/* `detail` has room for PROGRAM_DETAIL bytes; NUL-terminated, printable. */
#define PROGRAM_DETAIL 64
enum program_kind program_look(const uint8_t *bytes, size_t size, char detail[PROGRAM_DETAIL]);

#endif

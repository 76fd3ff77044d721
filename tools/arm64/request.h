/* What `postern run --arm64` was asked for (request.c reads the command line). */
#ifndef POSTERN_TOOLS_ARM64_REQUEST_H
#define POSTERN_TOOLS_ARM64_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REQUEST_LIST_MAX 256

struct request_list {
    const char *at[REQUEST_LIST_MAX];
    size_t count;
};

enum request_gdb { REQUEST_GDB_NONE, REQUEST_GDB_MONITOR, REQUEST_GDB_KERNEL, REQUEST_GDB_APP };

struct request {
    struct request_list apps;  /* package files, and folders of them */
    struct request_list trust; /* trust files */
    struct request_list files; /* PATH or PATH=NAME */
    struct request_list env;   /* NAME or NAME=VALUE */
    const char *log;
    bool keep;
    bool shell;
    unsigned int boot_seconds;
    enum request_gdb gdb;
    uint8_t gdb_app[16];
    struct request_list gdb_arguments;
    char **program; /* NULL with --shell */
};

/* Ends the process when the arguments make no sense, or were --help. */
void request_parse(int argc, char **argv, struct request *out);

#endif

/*
 * postern-supplicant: the normal world's service for the secure world. It fetches app packages and
 * tells the time. The secure world believes nothing of it: a package is verified after it was
 * fetched.
 *
 * One set of answers (answer.c), two ways to be asked: the hosted TEE's socket (socket.c) and the
 * Linux TEE subsystem's supplicant device (device.c).
 */
#ifndef POSTERN_NORMAL_SUPPLICANT_H
#define POSTERN_NORMAL_SUPPLICANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FOLDERS_MAX 16

struct supplicant {
    const char *folder[FOLDERS_MAX]; /* where packages are, searched in this order */
    size_t num_folders;
    const char *data; /* where the secure world's files would be; nothing is kept there yet */
    int ready_fd;     /* -1: nobody waits */
};

/* GlobalPlatform's return codes, as the secure world expects them from a supplicant. */
#define RET_SUCCESS 0x00000000u
#define RET_GENERIC 0xffff0000u
#define RET_BAD_PARAMETERS 0xffff0006u
#define RET_ITEM_NOT_FOUND 0xffff0008u
#define RET_NOT_SUPPORTED 0xffff000au
#define RET_OUT_OF_MEMORY 0xffff000cu
#define RET_SHORT_BUFFER 0xffff0010u

enum rpc_kind {
    RPC_NONE,
    RPC_VALUE,  /* a, b, c */
    RPC_MEMORY, /* memory and its size */
};

/* One parameter of a question, however it came. */
struct rpc_param {
    enum rpc_kind kind;
    bool in;
    bool out;
    uint64_t a;
    uint64_t b;
    uint64_t c;
    void *memory;  /* NULL: none was given */
    uint64_t size; /* of the memory; the answer's size afterwards */
};

/* Answers one question (MSG_RPC_*, but not the two about memory). Returns RET_*. */
uint32_t supplicant_answer(const struct supplicant *supplicant, uint32_t question,
                           struct rpc_param *param, size_t num_params);

/* Each serves until the secure world is gone for good; the program's exit status. */
int supplicant_serve_socket(const struct supplicant *supplicant, const char *path);
int supplicant_serve_device(const struct supplicant *supplicant, const char *path);

/* One byte to supplicant->ready_fd, once. */
void supplicant_ready(const struct supplicant *supplicant);
/* A line on stderr. */
void supplicant_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif

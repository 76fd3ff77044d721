/*
 * Talking to a running TEE over its control socket (abi/hostlink.h). Functions that answer false
 * have said why (say.h).
 */
#ifndef POSTERN_TOOLS_HOSTED_CONTROL_H
#define POSTERN_TOOLS_HOSTED_CONTROL_H

#include <abi/hostlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct control {
    int fd;
    pid_t daemon;     /* its process id, as the system says */
    uint32_t version; /* the TEE's */
};

/* Connects to the TEE in this run folder. When `absent` is not NULL and nobody listens there, that
 * is not said: *absent is set. */
bool control_connect(const char *run_folder, struct control *out, bool *absent);
void control_close(struct control *control);
#define CONTROL __attribute__((cleanup(control_close))) struct control

/* The run folder to ask: the one given; else $POSTERN_TEE; else the user's own long-lived TEE's if it
 * runs; else the system's. The caller frees it. */
char *control_run_folder(const char *given);

struct control_answer {
    uint64_t a;
    char *text; /* NUL-terminated; NULL when none came; the caller frees it */
    size_t size;
};
/* Sends a request and waits for its answer. */
bool control_ask(const struct control *control, uint32_t op, uint64_t a, uint64_t b,
                 struct control_answer *out);
/* The same in two halves, for who has other things to wait for on control->fd. */
bool control_send(const struct control *control, uint32_t op, uint64_t a, uint64_t b);
bool control_receive(const struct control *control, uint32_t op, struct control_answer *out);

#endif

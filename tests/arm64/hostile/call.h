/*
 * Calls as Linux makes them: a message in a page, resumed until it is answered, what the secure world
 * asks for in between answered as driver and supplicant would; or as they never would.
 */
#ifndef TESTS_ARM64_HOSTILE_CALL_H
#define TESTS_ARM64_HOSTILE_CALL_H

#include <abi/message.h>
#include <port/aarch64/smc.h>

#include "world.h"

#define SESSION_NOT_EXIST 3u

struct call {
    struct msg_arg *arg; /* at the start of a page; the question of the secure world is behind it */
    uint64_t answer;     /* x0 */
    uint64_t thread;     /* x3 */
    uint32_t key;        /* the notification that it sleeps for; 0: none */
    struct chance *garbage; /* chooses answers; NULL: good ones */
    bool interrupts;        /* an interrupt now and then */
};

/* An empty message in page `number`. */
void call_init(struct call *call, unsigned number, uint32_t command, uint32_t params);
void call_value(struct call *call, unsigned param, uint64_t attr, uint64_t a, uint64_t b);
void call_memory(struct call *call, unsigned param, uint64_t attr, uint64_t cookie, uint64_t offset,
                 uint64_t size);
void call_start(struct call *call);
/* One step: an answer, if the secure world asked, and a resume. Nothing while it sleeps. */
void call_step(struct call *call);
static inline bool call_is_over(const struct call *call)
{
    return call->answer != SMC_RPC_INTERRUPT && call->answer != SMC_RPC_COMMAND;
}
static inline bool call_sleeps(const struct call *call)
{
    return !call_is_over(call) && call->key != 0;
}
/* To the end. False: there was none in time. */
bool call_run(struct call *call);
/* Steps until it sleeps or is over. */
bool call_run_to_sleep(struct call *call);
/* Takes notifications, and gives the secure world a bottom half if it asked for one. */
void call_background(void);
/* A bottom half: the answer to its SMC. */
uint64_t call_bottom_half(void);

/* Whole calls, in a page of their own: the result. */
uint32_t session_open(unsigned page, struct chance *garbage, uint32_t *session);
uint32_t session_invoke(unsigned page, uint32_t session, uint32_t command, uint32_t value);
uint32_t session_close(unsigned page, uint32_t session);
void session_cancel(unsigned page, uint32_t session, uint32_t cancel_id);
/* Registers `pages` pages from `address` on; the list is made in page `number` + 1. */
uint32_t memory_register(unsigned number, uint64_t address, uint64_t pages, uint64_t cookie);
uint32_t memory_release(unsigned number, uint64_t cookie);
/* Sends the message that is in the page: the answer to the SMC. */
uint64_t message_send(uint64_t id, unsigned number);
/* Clears all memory that answers are written to. */
void call_memory_clear(void);
/* Looks through the pages of messages: how many words look like a secret of the secure world. */
unsigned call_memory_secrets(void);

#endif

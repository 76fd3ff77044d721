/*
 * The supplicant's door, spoken by hand, for answers that no supplicant should give: the hosted TEE's
 * socket (door_hosted.c), and in the TrustZone machine's guest Linux's device (door_guest.c). A question
 * is shown as a message of abi/message.h on both.
 *
 * One question at a time, by one thread; there is one door.
 */
#ifndef TESTS_E2E_DOOR_H
#define TESTS_E2E_DOOR_H

#include <abi/message.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tee;

struct door_question {
    struct msg_arg arg; /* what is asked, and is written over with the answer */
    uint8_t *memory;    /* that of parameter 1, shared with the TEE; NULL: none */
    size_t room;
    bool keep; /* set by whoever goes on using the memory: then it is never unmapped */
};

/* In which form an answer goes back. What the door itself does not pass on counts as no answer. */
enum door_form {
    DOOR_RIGHT,
    DOOR_GARBAGE,     /* random, as far as the door passes it on */
    DOOR_SHORT,       /* cut short */
    DOOR_LONG,        /* with something behind it */
    DOOR_EMPTY,       /* nothing */
    DOOR_OTHER,       /* to another question */
    DOOR_MANY,        /* claims more parameters than there may be */
    DOOR_OTHER_TYPES, /* parameters of other types */
    DOOR_TWICE,       /* and once more */
};

/* Where the supplicant makes the memory that the TEE asks for, the door does so, and may lie there. */
enum door_memory {
    DOOR_MEMORY_RIGHT,
    DOOR_MEMORY_REFUSED, /* an error */
    DOOR_MEMORY_NONE,    /* success, and a number that is no memory's */
    DOOR_MEMORY_FOREIGN, /* memory of a client's */
    DOOR_MEMORY_SMALL,   /* less than was asked for */
    DOOR_MEMORY_GONE,    /* given back and unmapped as soon as it is told */
};

/* Whether the supplicant makes that memory; otherwise the lies about it cannot be told. */
extern const bool door_makes_memory;

/* How much of that memory the TEE has not given back. */
unsigned door_memory_held(void);

/* Becomes this TEE's supplicant. False: not now. */
bool door_open(const struct tee *tee);
/* Hangs up, as a supplicant that dies. */
void door_close(void);
/* Waits for a question. False: the TEE is gone, or a signal came. */
bool door_ask(struct door_question *question, enum door_memory memory);
/* The answer that stands in the question. False: it was not passed on. */
bool door_answer(struct door_question *question, enum door_form form);
/* After a question without an answer: what was kept for it is let go. */
void door_forget(struct door_question *question);
/* Answers that nobody asked for; also while another thread waits for a question. */
void door_unasked(void);

#endif

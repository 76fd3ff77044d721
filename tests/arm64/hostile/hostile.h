/*
 * The parts of the hostile normal world's programme.
 */
#ifndef TESTS_ARM64_HOSTILE_HOSTILE_H
#define TESTS_ARM64_HOSTILE_HOSTILE_H

#include "call.h"

/* Each call wrong in one way, and the error that it must be answered with (hand.c). */
void hand_made(void);
/* PSCI with every argument that is none (psci.c). */
void psci_made(void);
/* What EL3 keeps closed does not end the machine (psci.c). */
void traps_made(void);
/* With an app: sessions, sleepers, two processors, no slot left, a processor that goes (live.c). */
void live_calls(void);
/* Real messages, damaged, on both processors (storm.c). `rounds` on each. */
void storm_structured(unsigned rounds);
/* Random SMCs, on both processors. */
void storm_random(unsigned calls);
/* Resumes whatever hangs until nothing does. False: something always does. */
bool storm_settle(void);

#endif

/*
 * What the end-to-end tests print (TAP), and how they check: tap_ok prints one line, with what was
 * found when it fails; checks inside a loop gather in a tap_group, which prints one line for all.
 *
 * Any thread may call; a forked child must not (it answers by its exit status).
 */
#ifndef TESTS_E2E_TAP_H
#define TESTS_E2E_TAP_H

#include <stdbool.h>
#include <stdint.h>

/* Answers `good`. */
__attribute__((format(printf, 2, 3))) bool tap_ok(bool good, const char *what, ...);
/* The line that says why something was not tested here. */
__attribute__((format(printf, 2, 3))) void tap_skip(const char *reason, const char *what, ...);
/* A comment line. */
__attribute__((format(printf, 1, 2))) void tap_note(const char *format, ...);
/* The result and origin of a TEEC call against what they should be. */
bool tap_result(uint32_t result, uint32_t origin, uint32_t want, uint32_t want_origin,
                const char *what);
/* The number of failures so far. */
unsigned tap_failures(void);
/* Prints the plan; answers main's exit status. */
int tap_end(void);

/* Many checks, one line. The first few failures are told as comments. */
struct tap_group {
    unsigned checks;
    unsigned failures;
};
__attribute__((format(printf, 3, 4))) bool tap_check(struct tap_group *group, bool good,
                                                     const char *what, ...);
/* One line: good when there were checks and none failed. */
bool tap_group_end(struct tap_group *group, const char *what);

#endif

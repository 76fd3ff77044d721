/*
 * What the postern command tells its user. Every error is one sentence that says what was wrong
 * with what, on stderr, after the name of the sub-command. A function of tools/ that answers false
 * has said why; nobody says it again.
 */
#ifndef POSTERN_TOOLS_SAY_H
#define POSTERN_TOOLS_SAY_H

#include <stdbool.h>

/* How errors begin from now on: "postern sign". Kept, not copied. */
void say_begin_with(const char *name);

/* An error. Answers false, so that it can be returned. */
__attribute__((format(printf, 1, 2))) bool say_error(const char *format, ...);
/* The same with what errno means behind it. */
__attribute__((format(printf, 1, 2))) bool say_errno(const char *format, ...);
/* Something the user should know, on stderr. */
__attribute__((format(printf, 1, 2))) void say_note(const char *format, ...);

#endif

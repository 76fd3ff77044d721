/*
 * Text of `name = value` lines: the form of trust files and of manifest.txt. The separator is the
 * first '=' or ':' of the line; blanks around name and value do not count; empty lines and lines
 * whose first character is '#' are skipped; a line may end in a carriage return. A '#' later in a
 * line belongs to the value.
 *
 * Pure: works on the caller's bytes in place, keeps nothing, allocates nothing.
 */
#ifndef POSTERN_LIB_TRUST_LINES_H
#define POSTERN_LIB_TRUST_LINES_H

#include <lib/error.h>
#include <stddef.h>

struct lines {
    const char *at;
    size_t left;
    unsigned int number; /* of the line that lines_next gave last, from 1 */
};

/* Neither is NUL-terminated. */
struct line {
    const char *name;
    size_t name_length;
    const char *value;
    size_t value_length;
};

static inline struct lines lines_of(const char *text, size_t size)
{
    return (struct lines){.at = text, .left = size, .number = 0};
}

/*
 * The next line that says something. E_NOT_FOUND at the end. E_BAD_FORMAT: no separator, no name,
 * or a byte that is no text (a control character); `*why` then says which, and lines.number where.
 */
enum error lines_next(struct lines *lines, struct line *out, const char **why) MUST_CHECK;

#endif

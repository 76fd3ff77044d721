/*
 * Text that somebody else wrote, made safe to show: no byte of it can steer a terminal or break out
 * of a JSON string. Well-formed UTF-8 stays as it is; everything else, and every control character,
 * is written as an escape.
 */
#ifndef POSTERN_TOOLS_PRINTABLE_H
#define POSTERN_TOOLS_PRINTABLE_H

#include <stddef.h>
#include <stdio.h>

/* For people: a bad byte becomes \xNN. */
void printable_text(FILE *to, const char *text, size_t length);
/* The same of lines: their ends and tabs stay. */
void printable_lines(FILE *to, const char *text, size_t length);
/* With quotes around it, as a JSON string (RFC 8259): a bad byte becomes U+FFFD. */
void printable_json(FILE *to, const char *text, size_t length);

#endif

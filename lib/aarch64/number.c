/*
 * The one function of C's <stdlib.h> that libfdt calls.
 */
#include "libc/stdlib.h"

#include <stdint.h>

unsigned long strtoul(const char *text, char **end, int base)
{
    unsigned long value = 0;
    for (;; text++) {
        int digit = *text >= '0' && *text <= '9'   ? *text - '0'
                    : *text >= 'a' && *text <= 'f' ? *text - 'a' + 10
                                                   : 16;
        if (digit >= base) {
            break;
        }
        value = value * (unsigned long)base + (unsigned long)digit;
    }
    if (end != NULL) {
        *end = (char *)(uintptr_t)text;
    }
    return value;
}

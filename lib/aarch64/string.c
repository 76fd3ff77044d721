/*
 * C's memory and string functions for freestanding AArch64 programs. Memory is copied in words of
 * eight bytes where both sides agree on alignment, so that it also works with the MMU off; nothing
 * here uses vector registers, which belong to the normal world or to an app.
 */
#include "libc/string.h"

#include <stdint.h>

/* In a loop's body: the compiler cannot see what the loop does, and so not make a call of the very
 * function of it. */
#define LOOP_STAYS(variable) __asm__("" : "+r"(variable))

struct pair {
    uint64_t a, b;
} __attribute__((may_alias));
typedef uint64_t word __attribute__((may_alias));

/* Right for memory that overlaps, too, when `t` is the lower one. */
static inline void copy_upwards(uint8_t *t, const uint8_t *f, size_t size)
{
    if ((((uintptr_t)t ^ (uintptr_t)f) & 7) == 0) {
        while (((uintptr_t)t & 7) != 0 && size != 0) {
            LOOP_STAYS(size);
            *t++ = *f++;
            size--;
        }
        for (; size >= 64; size -= 64, t += 64, f += 64) {
            LOOP_STAYS(size);
            struct pair a = ((const struct pair *)f)[0];
            struct pair b = ((const struct pair *)f)[1];
            struct pair c = ((const struct pair *)f)[2];
            struct pair d = ((const struct pair *)f)[3];
            ((struct pair *)t)[0] = a;
            ((struct pair *)t)[1] = b;
            ((struct pair *)t)[2] = c;
            ((struct pair *)t)[3] = d;
        }
        for (; size >= 16; size -= 16, t += 16, f += 16) {
            LOOP_STAYS(size);
            *(struct pair *)t = *(const struct pair *)f;
        }
        if (size >= 8) {
            *(word *)t = *(const word *)f;
            size -= 8;
            t += 8;
            f += 8;
        }
    }
    for (; size != 0; size--) {
        LOOP_STAYS(size);
        *t++ = *f++;
    }
}

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    copy_upwards(to, from, size);
    return to;
}

void *memmove(void *to, const void *from, size_t size)
{
    uint8_t *t = to;
    const uint8_t *f = from;

    if ((uintptr_t)t - (uintptr_t)f >= size) {
        copy_upwards(t, f, size);
        return to;
    }
    t += size;
    f += size;
    for (; size != 0; size--) {
        LOOP_STAYS(size);
        *--t = *--f;
    }
    return to;
}

void *memset(void *to, int byte, size_t size)
{
    uint8_t *t = to;
    uint64_t pattern = UINT64_C(0x0101010101010101) * (uint8_t)byte;

    while (((uintptr_t)t & 7) != 0 && size != 0) {
        LOOP_STAYS(size);
        *t++ = (uint8_t)byte;
        size--;
    }
    for (; size >= 64; size -= 64, t += 64) {
        LOOP_STAYS(size);
        struct pair pair = {pattern, pattern};
        ((struct pair *)t)[0] = pair;
        ((struct pair *)t)[1] = pair;
        ((struct pair *)t)[2] = pair;
        ((struct pair *)t)[3] = pair;
    }
    for (; size >= 16; size -= 16, t += 16) {
        LOOP_STAYS(size);
        *(struct pair *)t = (struct pair){pattern, pattern};
    }
    if (size >= 8) {
        *(word *)t = pattern;
        size -= 8;
        t += 8;
    }
    for (; size != 0; size--) {
        LOOP_STAYS(size);
        *t++ = (uint8_t)byte;
    }
    return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
    const uint8_t *x = a;
    const uint8_t *y = b;

    for (; size != 0; size--, x++, y++) {
        LOOP_STAYS(size);
        if (*x != *y) {
            return *x - *y;
        }
    }
    return 0;
}

void *memchr(const void *memory, int byte, size_t size)
{
    const uint8_t *m = memory;

    for (; size != 0; size--, m++) {
        LOOP_STAYS(size);
        if (*m == (uint8_t)byte) {
            return (void *)(uintptr_t)m;
        }
    }
    return NULL;
}

size_t strlen(const char *text)
{
    size_t length = 0;
    while (text[length] != 0) {
        LOOP_STAYS(length);
        length++;
    }
    return length;
}

size_t strnlen(const char *text, size_t size)
{
    size_t length = 0;
    while (length < size && text[length] != 0) {
        LOOP_STAYS(length);
        length++;
    }
    return length;
}

char *strchr(const char *text, int byte)
{
    return memchr(text, byte, strlen(text) + 1);
}

char *strrchr(const char *text, int byte)
{
    size_t length = strlen(text) + 1;
    while (length != 0) {
        LOOP_STAYS(length);
        if (text[--length] == (char)byte) {
            return (char *)(uintptr_t)&text[length];
        }
    }
    return NULL;
}

int strncmp(const char *a, const char *b, size_t size)
{
    for (; size != 0; size--, a++, b++) {
        LOOP_STAYS(size);
        if (*a != *b || *a == 0) {
            return (uint8_t)*a - (uint8_t)*b;
        }
    }
    return 0;
}

int strcmp(const char *a, const char *b)
{
    return strncmp(a, b, SIZE_MAX);
}

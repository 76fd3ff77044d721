/*
 * memset() without vector registers, which musl's has: their first use in a call traps, and costs as
 * much as a third of the call.
 */
#include <stdint.h>
#include <string.h>

/* In a loop's body: the compiler cannot see what the loop does, and make a call of memset() of it. */
#define LOOP_STAYS(variable) __asm__("" : "+r"(variable))

typedef uint64_t word __attribute__((may_alias, aligned(1)));

void *memset(void *to, int byte, size_t size)
{
    uint8_t *t = to;
    const uint64_t pattern = UINT64_C(0x0101010101010101) * (uint8_t)byte;
    for (; size >= 32; size -= 32, t += 32) {
        LOOP_STAYS(t);
        ((word *)t)[0] = pattern;
        ((word *)t)[1] = pattern;
        ((word *)t)[2] = pattern;
        ((word *)t)[3] = pattern;
    }
    for (; size >= 8; size -= 8, t += 8) {
        LOOP_STAYS(t);
        *(word *)t = pattern;
    }
    for (; size != 0; size--) {
        LOOP_STAYS(t);
        *t++ = (uint8_t)byte;
    }
    return to;
}

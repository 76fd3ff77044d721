/*
 * See trusty_memory.h. Arrays are checked as a whole before the first element is used; elements are
 * copied once, since a piece may overlap the array.
 */
#include <sdk/trusty/trusty_memory.h>

#include <string.h>

#define MEMORY_PAGE 4096u

bool trusty_memory_copy_string(const char *text, char *to, size_t room, size_t *length)
{
    size_t count = 0;
    while (count < room) {
        const char *from = text + count;
        size_t step = MEMORY_PAGE - (uintptr_t)from % MEMORY_PAGE;
        if (step > room - count) {
            step = room - count;
        }
        /* One byte speaks for its page. */
        if (!trusty_memory_readable(from, 1)) {
            return false;
        }
        size_t found = strnlen(from, step);
        memcpy(to + count, from, found);
        count += found;
        if (found < step) {
            break;
        }
    }
    *length = count;
    return true;
}

static bool memory_array(const iovec_t *iov, size_t num_iov)
{
    size_t size;
    return !__builtin_mul_overflow(num_iov, sizeof(*iov), &size) &&
           trusty_memory_readable(iov, size);
}

bool trusty_memory_gather(const iovec_t *iov, size_t num_iov, uint8_t *to, size_t room,
                          size_t *length)
{
    size_t count = 0;
    if (!memory_array(iov, num_iov)) {
        return false;
    }
    for (size_t i = 0; i < num_iov && count < room; i++) {
        iovec_t piece = iov[i];
        size_t step = piece.iov_len < room - count ? piece.iov_len : room - count;
        if (step == 0) {
            continue;
        }
        if (!trusty_memory_readable(piece.iov_base, step)) {
            return false;
        }
        memcpy(to + count, piece.iov_base, step);
        count += step;
    }
    *length = count;
    return true;
}

bool trusty_memory_room(const iovec_t *iov, size_t num_iov, size_t room, size_t *length)
{
    size_t count = 0;
    if (!memory_array(iov, num_iov)) {
        return false;
    }
    for (size_t i = 0; i < num_iov && count < room; i++) {
        size_t step = iov[i].iov_len;
        count += step < room - count ? step : room - count;
    }
    *length = count;
    return true;
}

bool trusty_memory_scatter(const iovec_t *iov, size_t num_iov, const uint8_t *from, size_t length)
{
    size_t count = 0;
    for (size_t i = 0; i < num_iov && count < length; i++) {
        iovec_t piece = iov[i];
        size_t step = piece.iov_len < length - count ? piece.iov_len : length - count;
        if (step == 0) {
            continue;
        }
        if (!trusty_memory_writable(piece.iov_base, step)) {
            return false;
        }
        memcpy(piece.iov_base, from + count, step);
        count += step;
    }
    return true;
}

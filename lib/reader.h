/*
 * The one way to take apart bytes that somebody else wrote. A reader stands on a private copy and
 * never leaves it: a read past the end answers NULL or zeros and makes the reader failed for good, so
 * that a decoder may read everything first and ask reader_ok once.
 */
#ifndef POSTERN_LIB_READER_H
#define POSTERN_LIB_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reader {
    const uint8_t *at;
    size_t left;
    bool failed;
};

static inline struct reader reader_of(const void *bytes, size_t size)
{
    return (struct reader){.at = (const uint8_t *)bytes, .left = size, .failed = false};
}

/* The next `size` bytes in place; NULL when there are fewer. */
static inline const uint8_t *reader_take(struct reader *reader, size_t size)
{
    if (reader->failed || size > reader->left) {
        reader->failed = true;
        return NULL;
    }
    const uint8_t *taken = reader->at;
    reader->at += size;
    reader->left -= size;
    return taken;
}

/* Copies the next `size` bytes; zeros when there are fewer. */
static inline void reader_copy(struct reader *reader, void *out, size_t size)
{
    const uint8_t *from = reader_take(reader, size);
    if (from != NULL)
        __builtin_memcpy(out, from, size);
    else
        __builtin_memset(out, 0, size);
}

static inline uint16_t reader_u16(struct reader *reader)
{
    const uint8_t *b = reader_take(reader, 2);
    if (b == NULL)
        return 0;
    return (uint16_t)(b[0] | b[1] << 8);
}

static inline uint32_t reader_u32(struct reader *reader)
{
    uint32_t low = reader_u16(reader);
    return low | (uint32_t)reader_u16(reader) << 16;
}

static inline bool reader_ok(const struct reader *reader)
{
    return !reader->failed;
}

#endif

/*
 * The lists of pages of the normal world, with memory of anybody's choice: what is called a page lies in
 * the normal world's memory and not in what was taken out of it, and the next word to be read does, too.
 */
#include <port/aarch64/list.h>
#include <stdlib.h>
#include <string.h>

static void promise(bool kept)
{
    if (!kept)
        abort();
}

static struct {
    const uint8_t *data;
    size_t left;
} input;

static uint64_t next(void)
{
    uint64_t value = 0;
    size_t size = input.left < sizeof(value) ? input.left : sizeof(value);
    memcpy(&value, input.data, size);
    input.data += size;
    input.left -= size;
    return value;
}

/* Small numbers more often than not, so that addresses meet ranges. */
static uint64_t address(void)
{
    uint64_t value = next();
    return (value & 1) != 0 ? value : (value >> 1 & 0xff) * (PAGE_SIZE / 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ranges normal = {0};
    struct list list;
    input.data = data;
    input.left = size;
    uint64_t count = next() % 10;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t base = address();
        (void)ranges_add(&normal, base, address(), NORMAL_LIMIT);
    }
    uint64_t secure = address();
    uint64_t secure_size = address();
    ranges_remove(&normal, secure, secure_size);
    promise(normal.count <= RANGES_MAX);
    for (uint32_t i = 0; i < normal.count; i++)
        promise(normal.range[i].base < normal.range[i].end && normal.range[i].end <= NORMAL_LIMIT);
    uint64_t offset = next() % (2 * PAGE_SIZE);
    uint64_t bytes = address();
    uint64_t pages = list_pages(offset, bytes, 1 << 16);
    promise(pages <= 1 << 16 && (pages == 0 || offset + bytes <= pages * PAGE_SIZE));
    if (!list_begin(&list, &normal, address()))
        return 0;
    while (input.left > 0) {
        promise(list.at % 8 == 0 && ranges_hold(&normal, list.at, 8));
        promise(list.at < secure || list.at - secure >= secure_size);
        uint64_t word = address();
        switch (list_take(&list, &normal, word)) {
        case LIST_PAGE:
            promise(ranges_hold(&normal, word, PAGE_SIZE));
            promise(word < secure ? secure_size == 0 || secure - word >= PAGE_SIZE
                                  : word - secure >= secure_size);
            break;
        case LIST_LINK:
            promise(list.at == word);
            break;
        case LIST_BAD:
            return 0;
        }
    }
    return 0;
}

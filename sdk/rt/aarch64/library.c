/*
 * The crypto library in an app: mapped by the kernel and started at the first call of one of its
 * functions. It works in this app's heap and asks this app's kernel calls for all else.
 */
#include <abi/library.h>
#include <sdk/crypto/library/imports.h>
#include <sdk/rt/runtime.h>
#include <sdk/rt/syscall.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* library_call.S */
struct library_answer {
    int64_t base; /* or SYS_ERR_* */
    uint64_t features;
};
struct library_answer library_ask(void);
const uint64_t *__postern_library_open(void);
extern const uint64_t *__postern_library_table;

/* The stubs: how many functions this SDK knows. Nobody gets here without them. */
extern const uint32_t __postern_library_exports;

const uint64_t *__postern_library_table; /* of addresses; NULL: not open yet */

static int library_entropy(void *out, size_t size)
{
    uint8_t *to = out;
    for (size_t part; size != 0; size -= part, to += part) {
        part = size < SYS_BUFFER_SIZE ? size : SYS_BUFFER_SIZE;
        if (sys_call(SYS_RANDOM, part, 0, 0, 0, 0, 0) != (int64_t)part)
            return -1;
        memcpy(to, sys_page()->in, part);
        explicit_bzero(sys_page()->in, part);
    }
    return 0;
}

static uint64_t library_clock(uint32_t clock)
{
    const int64_t now = sys_call(SYS_CLOCK, clock, 0, 0, 0, 0, 0);
    return now < 0 ? 0 : (uint64_t)now;
}

/* Says it once: an app may ask for every algorithm that it knows. */
static const uint64_t *library_refuse(int number, const char *why)
{
    static bool said;
    if (!said)
        rt_log(SYS_LOG_ERROR, "no cryptography: %s", why);
    said = true;
    errno = number;
    return NULL;
}

const uint64_t *__postern_library_open(void)
{
    const struct library_answer answer = library_ask();
    if (answer.base == SYS_ERR_NO_MEMORY)
        return library_refuse(ENOMEM, "no memory for the crypto library's data");
    if (answer.base < 0)
        return library_refuse(ENOSYS, "this TEE's image has no crypto library");
    const struct library_header *header = (const struct library_header *)answer.base;
    if (header->num_exports < __postern_library_exports)
        return library_refuse(ENOSYS, "this TEE's crypto library is older than the app's SDK");
    const struct library_imports imports = {
        .size = sizeof(imports),
        .features = answer.features,
        .malloc = malloc,
        .realloc = realloc,
        .free = free,
        .aligned_alloc = aligned_alloc,
        .getentropy = library_entropy,
        .clock = library_clock,
        .abort = abort,
    };
    ((library_start)(answer.base + header->start))(&imports);
    __postern_library_table = (const uint64_t *)(answer.base + header->exports);
    return __postern_library_table;
}

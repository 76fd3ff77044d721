/*
 * The library's beginning in an app, and what stands below OpenSSL there: memory, random bytes and the
 * clock come from the app's runtime; files, an environment and processes do not exist. String
 * functions are musl's, linked into the library.
 */
#include <abi/syscall.h>
#include <sdk/crypto/library/imports.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

void library_begin(const struct library_imports *imports);
uint64_t library_features(void);
extern uintptr_t __stack_chk_guard;
_Noreturn void __stack_chk_fail(void);
int *__errno_location(void);
int *___errno_location(void); /* musl's own name for it */

static struct library_imports library;
uintptr_t __stack_chk_guard;

/* It changes the guard, and must not have one: it has no array. */
void library_begin(const struct library_imports *imports)
{
    memcpy(&library, imports, imports->size < sizeof(library) ? imports->size : sizeof(library));
    if (library.getentropy(&__stack_chk_guard, sizeof(__stack_chk_guard)) != 0)
        library.abort();
}

uint64_t library_features(void)
{
    return library.features;
}

void abort(void)
{
    library.abort();
    for (;;)
        ;
}

void __stack_chk_fail(void)
{
    abort();
}

/* Not musl's, which is the app's thread's. */
int *__errno_location(void)
{
    static int number;
    return &number;
}

int *___errno_location(void)
{
    return __errno_location();
}

void *malloc(size_t size)
{
    return library.malloc(size);
}

void *calloc(size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        return NULL;
    void *memory = library.malloc(bytes);
    if (memory != NULL)
        memset(memory, 0, bytes);
    return memory;
}

void *realloc(void *memory, size_t size)
{
    return library.realloc(memory, size);
}

void free(void *memory)
{
    library.free(memory);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    void *memory = library.aligned_alloc(alignment, size);
    if (memory == NULL)
        return ENOMEM;
    *out = memory;
    return 0;
}

int getentropy(void *out, size_t size)
{
    return library.getentropy(out, size);
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
    const uint64_t now = library.clock(clock == CLOCK_REALTIME ? SYS_CLOCK_REE : SYS_CLOCK_SYSTEM);
    time->tv_sec = (time_t)(now / 1000000000u);
    time->tv_nsec = (long)(now % 1000000000u);
    return 0;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone)
{
    (void)zone;
    const uint64_t now = library.clock(SYS_CLOCK_REE);
    time->tv_sec = (time_t)(now / 1000000000u);
    time->tv_usec = (suseconds_t)(now % 1000000000u / 1000u);
    return 0;
}

time_t time(time_t *out)
{
    const time_t now = (time_t)(library.clock(SYS_CLOCK_REE) / 1000000000u);
    if (out != NULL)
        *out = now;
    return now;
}

/* --- What there is not. --------------------------------------------------------------------------- */

char *getenv(const char *name)
{
    (void)name;
    return NULL;
}

/* Told processes that were forked from each other. */
pid_t getpid(void)
{
    return 1;
}

/*
 * What an app says on its way: log lines, and its last words.
 */
#include <sdk/rt/runtime.h>
#include <sdk/rt/syscall.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The linker's: where this program was loaded, and where its code and data end. */
extern const char __ehdr_start[] __attribute__((visibility("hidden")));
extern const char _end[];

/* Formats into out[]. The text is made beside it first: an argument may lie in the page. */
static uint64_t words_format(const char *format, va_list arguments)
{
    char line[RT_LINE_MAX];
    int length = vsnprintf(line, sizeof(line), format, arguments);
    if (length < 0)
        length = 0;
    if ((size_t)length >= sizeof(line))
        length = (int)sizeof(line) - 1;
    while (length > 0 && line[length - 1] == '\n')
        length--;
    memcpy(sys_page()->out, line, (size_t)length);
    return (uint64_t)length;
}

void rt_log(uint32_t level, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    uint64_t length = words_format(format, arguments);
    va_end(arguments);
    sys_call(SYS_LOG, level, length, 0, 0, 0, 0);
}

uint64_t rt_place(uintptr_t instruction)
{
    const uintptr_t base = (uintptr_t)__ehdr_start;
    return instruction >= base && instruction < (uintptr_t)_end ? instruction - base : 0;
}

static void words_last(uint64_t place, uint32_t code, const char *format, va_list arguments)
{
    fflush(NULL);
    uint64_t length = words_format(format, arguments);
    sys_call(SYS_PANIC, code, length, place, 0, 0, 0);
}

void rt_panic(uint32_t code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    words_last(0, code, format, arguments);
    va_end(arguments);
    __builtin_trap();
}

void rt_panic_at(uintptr_t instruction, uint32_t code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    words_last(rt_place(instruction), code, format, arguments);
    va_end(arguments);
    __builtin_trap();
}

void rt_die(uintptr_t instruction, const char *words)
{
    size_t length = strlen(words);
    if (length > RT_LINE_MAX)
        length = RT_LINE_MAX;
    memcpy(sys_page()->out, words, length);
    sys_call(SYS_PANIC, 0, length, rt_place(instruction), 0, 0, 0);
    __builtin_trap();
}

/*
 * assert() as apps call it (sdk/ta.mk links with --wrap=__assert_fail): the failed assertion is the
 * reason of the end, not a line somewhere before it.
 */
_Noreturn void __wrap___assert_fail(const char *assertion, const char *file, unsigned int line,
                                    const char *function);
_Noreturn void __wrap___assert_fail(const char *assertion, const char *file, unsigned int line,
                                    const char *function)
{
    rt_panic(0, "assertion failed: %s (%s:%u, in %s)", assertion, file, line,
             function != NULL ? function : "?");
}

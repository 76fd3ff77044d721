/*
 * What an app says on its way: log lines, and its last words.
 */
#include <sdk/rt/runtime.h>
#include <sdk/rt/syscall.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

void rt_panic(uint32_t code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fflush(NULL);
    uint64_t length = words_format(format, arguments);
    va_end(arguments);
    sys_call(SYS_PANIC, code, length, 0, 0, 0, 0);
    abort();
}

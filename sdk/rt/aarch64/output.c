/*
 * printf() and its kin in an app in TrustZone: there is no standard output; lines go to the TEE's log.
 * Only these functions are known to it; a stream that the app opens itself does not exist.
 *
 * vfprintf() and fwrite() are musl's own for vsnprintf() and its kin, which print into memory with
 * them: ta.mk has the linker lead their callers here (--wrap), and other streams than the two go on.
 */
#include <sdk/rt/aarch64/aarch64.h>
#include <sdk/rt/runtime.h>
#include <sdk/rt/syscall.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

int __wrap_vfprintf(FILE *stream, const char *format, va_list arguments);
int __real_vfprintf(FILE *stream, const char *format, va_list arguments);
size_t __wrap_fwrite(const void *items, size_t size, size_t count, FILE *stream);
size_t __real_fwrite(const void *items, size_t size, size_t count, FILE *stream);

static char output_line[RT_LINE_MAX];
static size_t output_length;

void output_flush(void)
{
    if (output_length == 0)
        return;
    memcpy(sys_page()->out, output_line, output_length);
    const size_t length = output_length;
    output_length = 0;
    sys_call(SYS_LOG, SYS_LOG_INFO, length, 0, 0, 0, 0);
}

static void output_byte(char byte)
{
    if (byte != '\n' && output_length < sizeof(output_line))
        output_line[output_length++] = byte;
    if (byte == '\n' || output_length == sizeof(output_line))
        output_flush();
}

static void output_text(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        output_byte(text[i]);
}

int vprintf(const char *format, va_list arguments)
{
    char text[RT_LINE_MAX];
    int length = vsnprintf(text, sizeof(text), format, arguments);
    if (length > 0)
        output_text(text, (size_t)length < sizeof(text) ? (size_t)length : sizeof(text) - 1);
    return length;
}

int printf(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vprintf(format, arguments);
    va_end(arguments);
    return length;
}

int fprintf(FILE *stream, const char *format, ...)
{
    (void)stream;
    va_list arguments;
    va_start(arguments, format);
    int length = vprintf(format, arguments);
    va_end(arguments);
    return length;
}

static bool output_is(const FILE *stream)
{
    return stream == stdout || stream == stderr;
}

int __wrap_vfprintf(FILE *stream, const char *format, va_list arguments)
{
    return output_is(stream) ? vprintf(format, arguments)
                             : __real_vfprintf(stream, format, arguments);
}

size_t __wrap_fwrite(const void *items, size_t size, size_t count, FILE *stream)
{
    if (!output_is(stream))
        return __real_fwrite(items, size, count, stream);
    output_text(items, size * count);
    return count;
}

int puts(const char *text)
{
    output_text(text, strlen(text));
    output_byte('\n');
    return 1;
}

int fputs(const char *restrict text, FILE *restrict stream)
{
    (void)stream;
    output_text(text, strlen(text));
    return 1;
}

int fputc(int byte, FILE *stream)
{
    (void)stream;
    output_byte((char)byte);
    return byte;
}

int putc(int byte, FILE *stream)
{
    return fputc(byte, stream);
}

int putchar(int byte)
{
    output_byte((char)byte);
    return byte;
}

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <tools/say.h>

static const char *say_name = "postern";

void say_begin_with(const char *name)
{
    say_name = name;
}

static void say(const char *format, va_list args, const char *behind)
{
    char text[2048];
    (void)vsnprintf(text, sizeof(text), format, args);
    (void)fflush(stdout);
    (void)fprintf(stderr, "%s: %s%s%s\n", say_name, text, behind != NULL ? ": " : "",
                  behind != NULL ? behind : "");
}

bool say_error(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(format, args, NULL);
    va_end(args);
    return false;
}

bool say_errno(const char *format, ...)
{
    const char *reason = strerror(errno);
    va_list args;
    va_start(args, format);
    say(format, args, reason);
    va_end(args);
    return false;
}

void say_note(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(format, args, NULL);
    va_end(args);
}

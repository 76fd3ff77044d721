/*
 * Programming errors; see panic.h.
 */
#include <sdk/gp/panic.h>
#include <sdk/rt/runtime.h>

#include <postern_ta.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <tee_internal_api.h>

#define PANIC_PAGE 4096u

void gp_panic(const char *function, TEE_Result code, const char *format, ...)
{
    char reason[RT_LINE_MAX / 2];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof(reason), format, arguments);
    va_end(arguments);
    rt_panic(code, "%s: %s (%s, 0x%08x)", function, reason, postern_result_name(code),
             (unsigned)code);
}

void gp_check_in(const char *function, const char *what, const void *pointer, size_t size)
{
    if (!rt_probe(pointer, size, false))
        gp_panic(function, TEE_ERROR_BAD_PARAMETERS, "%s: %zu bytes at 0x%zx cannot be read", what,
                 size, (size_t)(uintptr_t)pointer);
}

void gp_check_out(const char *function, const char *what, void *pointer, size_t size)
{
    if (!rt_probe(pointer, size, true))
        gp_panic(function, TEE_ERROR_BAD_PARAMETERS, "%s: %zu bytes at 0x%zx cannot be written",
                 what, size, (size_t)(uintptr_t)pointer);
}

void gp_check_text(const char *function, const char *what, const char *text)
{
    for (const char *at = text;;) {
        gp_check_in(function, what, at, 1);
        size_t room = PANIC_PAGE - (size_t)((uintptr_t)at % PANIC_PAGE);
        if (memchr(at, 0, room) != NULL)
            return;
        at += room;
    }
}

void TEE_Panic(TEE_Result panicCode)
{
    rt_panic_at((uintptr_t)__builtin_return_address(0) - 1, panicCode, "TEE_Panic(%s, 0x%08x)",
                postern_result_name(panicCode), (unsigned)panicCode);
}

/*
 * How the API refuses a programming error, and the checks that every function makes of its pointers.
 * What cannot be right ends the app, with a line in the log that names the function and the reason.
 */
#ifndef POSTERN_SDK_GP_PANIC_H
#define POSTERN_SDK_GP_PANIC_H

#include <stddef.h>
#include <tee_api_types.h>

/* "FUNCTION: reason" and the code. */
_Noreturn void gp_panic(const char *function, TEE_Result code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Panic with TEE_ERROR_BAD_PARAMETERS unless each of `size` bytes can be read or written. `what` is the
 * parameter's name in the header. Size 0 passes, whatever the pointer. */
void gp_check_in(const char *function, const char *what, const void *pointer, size_t size);
void gp_check_out(const char *function, const char *what, void *pointer, size_t size);
/* Likewise for a NUL-terminated text. */
void gp_check_text(const char *function, const char *what, const char *text);

#endif

/*
 * The defaults of the sanitizers in an app's development form (DEVELOPMENT := asan in sdk/ta.mk,
 * which draws in this file): end by abort(), so that the instance's end reaches the kernel through
 * the runtime; no leak search at the end, which wants to trace the process.
 */
#include <sdk/rt/host/host.h>

#include <string.h>
#include <unistd.h>

const char *__asan_default_options(void);
/* What ta.mk demands: the sanitizers' own libraries define the functions' names, too. */
extern const char rt_sanitizer;
const char rt_sanitizer = 1;

const char *__ubsan_default_options(void);

const char *__asan_default_options(void)
{
    return "abort_on_error=1:detect_leaks=0:allow_user_segv_handler=1:handle_abort=0:color=never";
}

/* Called with "SUMMARY: ..." of each report: of the first, which is the last words. */
void __sanitizer_report_error_summary(const char *summary);
void __sanitizer_report_error_summary(const char *summary)
{
    static const char label[] = "SUMMARY: ";
    (void)!write(STDERR_FILENO, summary, strlen(summary));
    if (strncmp(summary, label, sizeof(label) - 1) == 0)
        summary += sizeof(label) - 1;
    (void)!write(STDERR_FILENO, "\n", 1);
    size_t length = strlen(summary);
    if (length > 4 && strcmp(summary + length - 4, " in ") == 0)
        length -= 4; /* it does not know the function */
    for (size_t i = 0; i < FAULT_REPORT_MAX - 1 && i < length; i++)
        fault_report[i] = summary[i];
}

const char *__ubsan_default_options(void)
{
    return "abort_on_error=1:print_stacktrace=1:print_summary=1:report_error_type=1:color=never";
}

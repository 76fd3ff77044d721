/*
 * Postern's own functions for apps (postern_ta.h): keys, log lines, names of results.
 */
#include <abi/syscall.h>
#include <sdk/gp/panic.h>
#include <sdk/rt/runtime.h>
#include <sdk/rt/syscall.h>

#include <postern_ta.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <tee_internal_api.h>

#define EXTENSION_DUMP_MAX 4096u
#define EXTENSION_DUMP_LINE 16u

uint32_t postern_derive_key(const void *label, size_t label_length, void *key, size_t key_length)
{
    gp_check_in(__func__, "label", label, label_length);
    gp_check_out(__func__, "key", key, key_length);
    if (label_length > POSTERN_LABEL_MAX || key_length == 0 || key_length > POSTERN_DERIVED_KEY_MAX)
        return TEE_ERROR_BAD_PARAMETERS;
    struct sys_page *page = sys_page();
    if (label_length != 0)
        memcpy(page->out, label, label_length);
    const int64_t answer = sys_call(SYS_DERIVE_KEY, label_length, key_length, 0, 0, 0, 0);
    if (answer < 0)
        gp_panic(__func__, TEE_ERROR_GENERIC, "the TEE derives no key (%lld)", (long long)answer);
    memcpy(key, page->in, key_length);
    explicit_bzero(page->in, key_length);
    return TEE_SUCCESS;
}

void postern_log(uint32_t level, const char *format, ...)
{
    char line[RT_LINE_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    rt_log(level, "%s", line);
}

void postern_log_at(uint32_t level, const char *function, int line, const char *format, ...)
{
    char text[RT_LINE_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    rt_log(level, "%s:%d%s", function, line, text);
}

void postern_log_bytes(uint32_t level, const void *data, size_t length)
{
    gp_check_in(__func__, "data", data, length);
    const uint8_t *bytes = data;
    const size_t shown = length < EXTENSION_DUMP_MAX ? length : EXTENSION_DUMP_MAX;
    for (size_t at = 0; at < shown; at += EXTENSION_DUMP_LINE) {
        char line[3 * EXTENSION_DUMP_LINE + 1] = "";
        for (size_t i = at; i < shown && i < at + EXTENSION_DUMP_LINE; i++)
            snprintf(&line[3 * (i - at)], 4, " %02x", bytes[i]);
        rt_log(level, "%04zx:%s", at, line);
    }
    if (shown < length)
        rt_log(level, "(%zu bytes more)", length - shown);
}

const char *postern_result_name(uint32_t result)
{
#define EXTENSION_NAME(name)                                                                       \
    case name:                                                                                     \
        return #name
    switch (result) {
        EXTENSION_NAME(TEE_SUCCESS);
        EXTENSION_NAME(TEE_ERROR_INVALID_CMD);
        EXTENSION_NAME(TEE_ERROR_GENERIC);
        EXTENSION_NAME(TEE_ERROR_ACCESS_DENIED);
        EXTENSION_NAME(TEE_ERROR_CANCEL);
        EXTENSION_NAME(TEE_ERROR_ACCESS_CONFLICT);
        EXTENSION_NAME(TEE_ERROR_EXCESS_DATA);
        EXTENSION_NAME(TEE_ERROR_BAD_FORMAT);
        EXTENSION_NAME(TEE_ERROR_BAD_PARAMETERS);
        EXTENSION_NAME(TEE_ERROR_BAD_STATE);
        EXTENSION_NAME(TEE_ERROR_ITEM_NOT_FOUND);
        EXTENSION_NAME(TEE_ERROR_NOT_IMPLEMENTED);
        EXTENSION_NAME(TEE_ERROR_NOT_SUPPORTED);
        EXTENSION_NAME(TEE_ERROR_NO_DATA);
        EXTENSION_NAME(TEE_ERROR_OUT_OF_MEMORY);
        EXTENSION_NAME(TEE_ERROR_BUSY);
        EXTENSION_NAME(TEE_ERROR_COMMUNICATION);
        EXTENSION_NAME(TEE_ERROR_SECURITY);
        EXTENSION_NAME(TEE_ERROR_SHORT_BUFFER);
        EXTENSION_NAME(TEE_ERROR_EXTERNAL_CANCEL);
        EXTENSION_NAME(TEE_ERROR_TIMEOUT);
        EXTENSION_NAME(TEE_ERROR_OVERFLOW);
        EXTENSION_NAME(TEE_ERROR_TARGET_DEAD);
        EXTENSION_NAME(TEE_ERROR_MAC_INVALID);
        EXTENSION_NAME(TEE_ERROR_SIGNATURE_INVALID);
    default:
        return "unknown";
    }
#undef EXTENSION_NAME
}

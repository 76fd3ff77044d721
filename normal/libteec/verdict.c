/*
 * Reasons in words, one for each thread, and the names of codes (postern/tee_client_error.h).
 */
#include "verdict.h"

#include <stdarg.h>
#include <stdio.h>

#include <postern/tee_client_error.h>

/* Reached without a call to the dynamic linker: it is cleared on the path of every invoke. */
static _Thread_local __attribute__((tls_model("initial-exec"))) char verdict_reason[160];
static _Thread_local char verdict_number[16];

void verdict_begin(void)
{
    verdict_reason[0] = '\0';
}

struct verdict verdict_refuse(uint32_t origin, uint32_t result, const char *reason, ...)
{
    va_list arguments;

    va_start(arguments, reason);
    (void)vsnprintf(verdict_reason, sizeof(verdict_reason), reason, arguments);
    va_end(arguments);
    return (struct verdict){result, origin};
}

const char *postern_teec_reason(void)
{
    return verdict_reason;
}

/* The constants are macros too: pasting keeps the name from being expanded in the text. */
#define NAME(suffix, number) {TEEC_##suffix, "TEEC_" #suffix " (" number ")"}

static const struct {
    uint32_t code;
    const char *text;
} verdict_names[] = {
    NAME(SUCCESS, "0x00000000"),
    NAME(ERROR_INVALID_CMD, "0x00000001"),
    NAME(ERROR_SERVICE_NOT_EXIST, "0x00000002"),
    NAME(ERROR_SESSION_NOT_EXIST, "0x00000003"),
    NAME(ERROR_SESSION_MAXIMUM, "0x00000004"),
    NAME(ERROR_REGISTER_EXIST_SERVICE, "0x00000005"),
    NAME(ERROR_TAGET_DEAD_FATAL, "0x00000006"),
    NAME(ERROR_READ_DATA, "0x00000007"),
    NAME(ERROR_WRITE_DATA, "0x00000008"),
    NAME(ERROR_TRUNCATE_OBJECT, "0x00000009"),
    NAME(ERROR_SEEK_DATA, "0x0000000a"),
    NAME(ERROR_FSYNC_DATA, "0x0000000b"),
    NAME(ERROR_RENAME_OBJECT, "0x0000000c"),
    NAME(ERROR_TRUSTED_APP_LOAD_ERROR, "0x0000000d"),
    NAME(ERROR_GENERIC, "0xffff0000"),
    NAME(ERROR_ACCESS_DENIED, "0xffff0001"),
    NAME(ERROR_CANCEL, "0xffff0002"),
    NAME(ERROR_ACCESS_CONFLICT, "0xffff0003"),
    NAME(ERROR_EXCESS_DATA, "0xffff0004"),
    NAME(ERROR_BAD_FORMAT, "0xffff0005"),
    NAME(ERROR_BAD_PARAMETERS, "0xffff0006"),
    NAME(ERROR_BAD_STATE, "0xffff0007"),
    NAME(ERROR_ITEM_NOT_FOUND, "0xffff0008"),
    NAME(ERROR_NOT_IMPLEMENTED, "0xffff0009"),
    NAME(ERROR_NOT_SUPPORTED, "0xffff000a"),
    NAME(ERROR_NO_DATA, "0xffff000b"),
    NAME(ERROR_OUT_OF_MEMORY, "0xffff000c"),
    NAME(ERROR_BUSY, "0xffff000d"),
    NAME(ERROR_COMMUNICATION, "0xffff000e"),
    NAME(ERROR_SECURITY, "0xffff000f"),
    NAME(ERROR_SHORT_BUFFER, "0xffff0010"),
    NAME(ERROR_EXTERNAL_CANCEL, "0xffff0011"),
    NAME(ERROR_TARGET_DEAD, "0xffff3024"),
    NAME(ERROR_STORAGE_NO_SPACE, "0xffff3041"),
    NAME(ERROR_MAC_INVALID, "0xffff3071"),
    NAME(FAIL, "0xffff5002"),
    NAME(ERROR_STORAGE_NOT_AVAILABLE, "0xf0100003"),
};

const char *postern_teec_strerror(uint32_t result)
{
    for (size_t i = 0; i < sizeof(verdict_names) / sizeof(verdict_names[0]); i++) {
        if (verdict_names[i].code == result)
            return verdict_names[i].text;
    }
    (void)snprintf(verdict_number, sizeof(verdict_number), "0x%08x", result);
    return verdict_number;
}

const char *postern_teec_origin_name(uint32_t origin)
{
    switch (origin) {
    case TEEC_ORIGIN_API:
        return "API";
    case TEEC_ORIGIN_COMMS:
        return "COMMS";
    case TEEC_ORIGIN_TEE:
        return "TEE";
    case TEEC_ORIGIN_TRUSTED_APP:
        return "TRUSTED_APP";
    default:
        return "unknown";
    }
}

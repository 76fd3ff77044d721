#include <abi/report.h>
#include <postern/tee_client_error.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <tools/say.h>
#include <tools/secure/report.h>
#include <unistd.h>

#define DEVICES 10

bool report_is_device(const char *name)
{
    struct stat st;
    return name != NULL && stat(name, &st) == 0 && S_ISCHR(st.st_mode);
}

/* abi/report.h has the octets as they travel. */
static TEEC_UUID kernel_uuid(void)
{
    static const uint8_t octets[16] = REPORT_UUID;
    TEEC_UUID uuid = {
        .timeLow = (uint32_t)octets[0] << 24 | (uint32_t)octets[1] << 16 |
                   (uint32_t)octets[2] << 8 | octets[3],
        .timeMid = (uint16_t)(octets[4] << 8 | octets[5]),
        .timeHiAndVersion = (uint16_t)(octets[6] << 8 | octets[7]),
    };
    memcpy(uuid.clockSeqAndNode, octets + 8, sizeof(uuid.clockSeqAndNode));
    return uuid;
}

static bool open_session(struct report *report)
{
    const TEEC_UUID uuid = kernel_uuid();
    TEEC_Result result = TEEC_InitializeContext(report->device, &report->context);
    if (result != TEEC_SUCCESS)
        return say_error("the TEE device %s cannot be used: %s", report->device,
                         postern_teec_strerror(result));
    result = TEEC_OpenSession(&report->context, &report->session, &uuid, TEEC_LOGIN_USER, NULL,
                              NULL, NULL);
    report->open = result == TEEC_SUCCESS;
    if (report->open)
        return true;
    TEEC_FinalizeContext(&report->context);
    if (result == TEEC_ERROR_ACCESS_DENIED)
        return say_error("the secure kernel behind %s answers root only", report->device);
    return say_error("the TEE behind %s is not Postern: %s", report->device,
                     postern_teec_strerror(result));
}

bool report_open(const char *device, struct report *out, bool *absent)
{
    *out = (struct report){.open = false};
    *absent = false;
    if (device != NULL) {
        if ((size_t)snprintf(out->device, sizeof(out->device), "%s", device) >= sizeof(out->device))
            return say_error("%s: the name is too long", device);
        return open_session(out);
    }
    for (unsigned int i = 0; i < DEVICES; i++) {
        (void)snprintf(out->device, sizeof(out->device), "/dev/tee%u", i);
        if (report_is_device(out->device))
            return open_session(out);
    }
    *absent = true;
    return false;
}

void report_close(struct report *report)
{
    if (!report->open)
        return;
    TEEC_CloseSession(&report->session);
    TEEC_FinalizeContext(&report->context);
    report->open = false;
}

static bool invoke(struct report *report, uint32_t command, TEEC_Operation *operation)
{
    TEEC_Result result = TEEC_InvokeCommand(&report->session, command, operation, NULL);
    if (result == TEEC_SUCCESS)
        return true;
    return say_error("the secure kernel behind %s refuses: %s", report->device,
                     postern_teec_strerror(result));
}

bool report_log(struct report *report, uint64_t *position, char *out, size_t size, size_t *got)
{
    TEEC_Operation operation = {
        .paramTypes =
            TEEC_PARAM_TYPES(TEEC_VALUE_INOUT, TEEC_MEMREF_TEMP_OUTPUT, TEEC_NONE, TEEC_NONE),
        .params = {{.value = {.a = (uint32_t)*position, .b = (uint32_t)(*position >> 32)}},
                   {.tmpref = {.buffer = out, .size = size}}},
    };
    if (!invoke(report, REPORT_COMMAND_LOG, &operation))
        return false;
    *position = (uint64_t)operation.params[0].value.b << 32 | operation.params[0].value.a;
    *got = operation.params[1].tmpref.size < size ? operation.params[1].tmpref.size : size;
    return true;
}

bool report_status(struct report *report, char *out, size_t size, size_t *got)
{
    TEEC_Operation operation = {
        .paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_OUTPUT, TEEC_NONE, TEEC_NONE, TEEC_NONE),
        .params = {{.tmpref = {.buffer = out, .size = size}}},
    };
    if (!invoke(report, REPORT_COMMAND_STATUS, &operation))
        return false;
    *got = operation.params[0].tmpref.size < size ? operation.params[0].tmpref.size : size;
    return true;
}

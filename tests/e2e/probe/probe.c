/*
 * probe: a well-behaved test app that does what it is told and reports what it saw (probe.h).
 */
#include "probe.h"

#include <stdio.h>
#include <string.h>
#include <tee_internal_api.h>

struct probe_session {
    uint32_t kept[2];
    uint32_t close_ms;
    uint32_t close_flags;
};

static uint32_t probe_number;
static uint32_t probe_open;
static uint32_t probe_served;
static uint32_t probe_closed;

TEE_Result TA_CreateEntryPoint(void)
{
    TEE_GenerateRandom(&probe_number, sizeof(probe_number));
    return TEE_SUCCESS;
}

void TA_DestroyEntryPoint(void)
{
    fprintf(stderr, "probe: destroyed\n");
}

TEE_Result TA_OpenSessionEntryPoint(uint32_t types, TEE_Param params[4], void **context)
{
    if (TEE_PARAM_TYPE_GET(types, 0) == TEE_PARAM_TYPE_VALUE_INPUT) {
        if (params[0].value.b != 0) {
            TEE_UnmaskCancellation();
            TEE_Result waited = TEE_Wait(params[0].value.b);
            if (waited != TEE_SUCCESS) {
                return waited;
            }
        }
        if (params[0].value.a != TEE_SUCCESS) {
            return params[0].value.a;
        }
    } else if (TEE_PARAM_TYPE_GET(types, 0) == TEE_PARAM_TYPE_VALUE_INOUT) {
        const uint32_t a = params[0].value.a;
        params[0].value.a = params[0].value.b;
        params[0].value.b = a;
    }
    struct probe_session *session = TEE_Malloc(sizeof(*session), TEE_MALLOC_FILL_ZERO);
    if (session == NULL) {
        return TEE_ERROR_OUT_OF_MEMORY;
    }
    *context = session;
    probe_open++;
    probe_served++;
    return TEE_SUCCESS;
}

void TA_CloseSessionEntryPoint(void *context)
{
    struct probe_session *session = context;
    if (session->close_ms != 0) {
        (void)TEE_Wait(session->close_ms);
    }
    if ((session->close_flags & PROBE_CLOSE_LOG) != 0) {
        fprintf(stderr, "probe: closed %u\n", session->kept[0]);
    }
    while ((session->close_flags & PROBE_CLOSE_FOREVER) != 0) {
        __asm__ volatile("");
    }
    probe_open--;
    probe_closed++;
    TEE_Free(session);
}

static bool probe_is_memory(uint32_t type)
{
    return type == TEE_PARAM_TYPE_MEMREF_INPUT || type == TEE_PARAM_TYPE_MEMREF_OUTPUT ||
           type == TEE_PARAM_TYPE_MEMREF_INOUT;
}

static TEE_Result probe_work(uint32_t types, TEE_Param params[4])
{
    for (uint32_t i = 0; i < 4; i++) {
        switch (TEE_PARAM_TYPE_GET(types, i)) {
        case TEE_PARAM_TYPE_VALUE_INOUT:
            params[i].value.b += params[i].value.a;
            params[i].value.a = ~params[i].value.a;
            break;
        case TEE_PARAM_TYPE_VALUE_OUTPUT:
            params[i].value.a = PROBE_OUT_A + i;
            params[i].value.b = PROBE_OUT_B + i;
            break;
        case TEE_PARAM_TYPE_MEMREF_INOUT:
            for (size_t k = 0; k < params[i].memref.size; k++) {
                ((uint8_t *)params[i].memref.buffer)[k] ^= PROBE_XOR;
            }
            break;
        case TEE_PARAM_TYPE_MEMREF_OUTPUT:
            for (size_t k = 0; k < params[i].memref.size; k++) {
                ((uint8_t *)params[i].memref.buffer)[k] = PROBE_FILL(i, k);
            }
            break;
        default:
            break;
        }
    }
    return TEE_SUCCESS;
}

static uint32_t probe_hash(const uint8_t *octets, size_t size)
{
    uint32_t hash = PROBE_HASH_START;
    for (size_t k = 0; k < size; k++) {
        hash = PROBE_HASH(hash, octets[k]);
    }
    return hash;
}

static TEE_Result probe_sum(uint32_t types, TEE_Param params[4])
{
    if (!probe_is_memory(TEE_PARAM_TYPE_GET(types, 0))) {
        return TEE_ERROR_BAD_PARAMETERS;
    }
    params[1].value.a = probe_hash(params[0].memref.buffer, params[0].memref.size);
    params[2].value.a = (uint32_t)params[0].memref.size;
    params[2].value.b = params[0].memref.buffer == NULL;
    return TEE_SUCCESS;
}

static TEE_Result probe_copy(uint32_t types, TEE_Param params[4])
{
    if (!probe_is_memory(TEE_PARAM_TYPE_GET(types, 0)) ||
        !probe_is_memory(TEE_PARAM_TYPE_GET(types, 1))) {
        return TEE_ERROR_BAD_PARAMETERS;
    }
    const size_t room = params[1].memref.size;
    params[1].memref.size = params[0].memref.size;
    if (params[0].memref.size > room) {
        return TEE_ERROR_SHORT_BUFFER;
    }
    if (params[0].memref.size != 0) {
        memmove(params[1].memref.buffer, params[0].memref.buffer, params[0].memref.size);
    }
    return TEE_SUCCESS;
}

/* Keeps the processor, or polls the flag, for so long. */
static TEE_Result probe_busy(uint32_t milliseconds, bool poll)
{
    TEE_Time start;
    TEE_Time now;
    TEE_GetSystemTime(&start);
    do {
        if (poll && TEE_GetCancellationFlag()) {
            return TEE_ERROR_CANCEL;
        }
        for (int i = 0; i < 1000; i++) {
            __asm__ volatile("");
        }
        TEE_GetSystemTime(&now);
    } while ((now.seconds - start.seconds) * 1000u + now.millis - start.millis < milliseconds);
    return TEE_SUCCESS;
}

static TEE_Result probe_wait(uint32_t types, TEE_Param params[4])
{
    const uint32_t milliseconds = params[0].value.a;
    const uint32_t how = params[0].value.b;
    if ((how & PROBE_WAIT_MASKED) != 0) {
        TEE_MaskCancellation();
    } else {
        TEE_UnmaskCancellation();
    }
    TEE_Result result;
    if ((how & PROBE_WAIT_SPIN) != 0) {
        result = probe_busy(milliseconds, false);
    } else if ((how & PROBE_WAIT_POLL) != 0) {
        result = probe_busy(milliseconds, true);
    } else {
        result = TEE_Wait(milliseconds);
    }
    if (TEE_PARAM_TYPE_GET(types, 1) == TEE_PARAM_TYPE_VALUE_OUTPUT) {
        params[1].value.a = result;
        params[1].value.b = TEE_GetCancellationFlag();
    }
    return result;
}

static void probe_uuid_to_octets(const TEE_UUID *uuid, uint8_t out[16])
{
    for (int i = 0; i < 4; i++) {
        out[i] = (uint8_t)(uuid->timeLow >> (24 - 8 * i));
    }
    out[4] = (uint8_t)(uuid->timeMid >> 8);
    out[5] = (uint8_t)uuid->timeMid;
    out[6] = (uint8_t)(uuid->timeHiAndVersion >> 8);
    out[7] = (uint8_t)uuid->timeHiAndVersion;
    memcpy(out + 8, uuid->clockSeqAndNode, 8);
}

static TEE_UUID probe_uuid_from_octets(const uint8_t in[16])
{
    TEE_UUID uuid;
    uuid.timeLow =
        ((uint32_t)in[0] << 24) | ((uint32_t)in[1] << 16) | ((uint32_t)in[2] << 8) | in[3];
    uuid.timeMid = (uint16_t)((in[4] << 8) | in[5]);
    uuid.timeHiAndVersion = (uint16_t)((in[6] << 8) | in[7]);
    memcpy(uuid.clockSeqAndNode, in + 8, 8);
    return uuid;
}

static TEE_Result probe_identity(TEE_Param params[4])
{
    TEE_Identity identity;
    TEE_Result result =
        TEE_GetPropertyAsIdentity(TEE_PROPSET_CURRENT_CLIENT, "gpd.client.identity", &identity);
    if (result != TEE_SUCCESS) {
        return result;
    }
    params[0].value.a = identity.login;
    if (params[1].memref.size < 16) {
        return TEE_ERROR_SHORT_BUFFER;
    }
    probe_uuid_to_octets(&identity.uuid, params[1].memref.buffer);
    params[1].memref.size = 16;
    return TEE_SUCCESS;
}

static TEE_Result probe_property(TEE_Param params[4])
{
    static char name[256];
    static char text[1100];
    if (params[0].memref.size >= sizeof(name)) {
        return TEE_ERROR_BAD_PARAMETERS;
    }
    memcpy(name, params[0].memref.buffer, params[0].memref.size);
    name[params[0].memref.size] = 0;
    TEE_PropSetHandle set = params[2].value.a == 0   ? TEE_PROPSET_CURRENT_TA
                            : params[2].value.a == 1 ? TEE_PROPSET_CURRENT_CLIENT
                                                     : TEE_PROPSET_TEE_IMPLEMENTATION;
    size_t length = sizeof(text);
    TEE_Result result = TEE_GetPropertyAsString(set, name, text, &length);
    if (result != TEE_SUCCESS) {
        return result;
    }
    const size_t room = params[1].memref.size;
    params[1].memref.size = strlen(text);
    if (room < strlen(text)) {
        return TEE_ERROR_SHORT_BUFFER;
    }
    memcpy(params[1].memref.buffer, text, strlen(text));
    return TEE_SUCCESS;
}

static TEE_Result probe_chain(TEE_Param params[4])
{
    if (params[0].memref.size != 16) {
        return TEE_ERROR_BAD_PARAMETERS;
    }
    uint8_t octets[16];
    memcpy(octets, params[0].memref.buffer, sizeof(octets));
    const TEE_UUID uuid = probe_uuid_from_octets(octets);
    TEE_TASessionHandle session = TEE_HANDLE_NULL;
    uint32_t origin = 0;
    TEE_Result result = TEE_OpenTASession(&uuid, TEE_TIMEOUT_INFINITE, 0, NULL, &session, &origin);
    if (result == TEE_SUCCESS) {
        TEE_Param inner[4];
        memset(inner, 0, sizeof(inner));
        inner[0].value.a = params[1].value.b;
        /* The same command may want a value in or a value out: in and out serves neither of those
         * that check, so commands of probe take what they get. */
        const uint32_t inner_types =
            TEE_PARAM_TYPES(TEE_PARAM_TYPE_VALUE_INOUT, TEE_PARAM_TYPE_NONE, TEE_PARAM_TYPE_NONE,
                            TEE_PARAM_TYPE_NONE);
        result = TEE_InvokeTACommand(session, TEE_TIMEOUT_INFINITE, params[1].value.a, inner_types,
                                     inner, &origin);
        params[3].value.a = inner[0].value.a;
        params[3].value.b = inner[0].value.b;
        TEE_CloseTASession(session);
    }
    params[2].value.a = result;
    params[2].value.b = origin;
    return TEE_SUCCESS;
}

static TEE_Result probe_allocate(uint32_t size)
{
    uint8_t *memory = TEE_Malloc(size, TEE_MALLOC_FILL_ZERO);
    if (memory == NULL) {
        return TEE_ERROR_OUT_OF_MEMORY;
    }
    TEE_Result result = TEE_SUCCESS;
    for (uint32_t k = 0; k < size; k += 4096) {
        if (memory[k] != 0) {
            result = TEE_ERROR_BAD_STATE;
        }
        ((volatile uint8_t *)memory)[k] = 1;
    }
    TEE_Free(memory);
    return result;
}

static TEE_Result probe_watch(TEE_Param params[4])
{
    uint32_t changes = 0;
    uint32_t before = probe_hash(params[0].memref.buffer, params[0].memref.size);
    for (uint32_t i = 0; i < params[1].value.a; i++) {
        const uint32_t now = probe_hash(params[0].memref.buffer, params[0].memref.size);
        changes += now != before;
        before = now;
    }
    params[2].value.a = changes;
    return TEE_SUCCESS;
}

static bool probe_may(uint32_t rights, void *at, size_t size)
{
    return TEE_CheckMemoryAccessRights(rights | TEE_MEMORY_ACCESS_ANY_OWNER, at, size) ==
           TEE_SUCCESS;
}

static TEE_Result probe_rights(TEE_Param params[4])
{
    static const char constants[] = "constants";
    void *at = params[1].memref.buffer;
    const size_t size = params[1].memref.size;
    params[0].value.a = probe_may(TEE_MEMORY_ACCESS_READ, at, size);
    params[0].value.b = probe_may(TEE_MEMORY_ACCESS_WRITE, at, size);
    params[2].value.a = probe_may(TEE_MEMORY_ACCESS_READ, (void *)4096, 1);
    params[2].value.b = probe_may(TEE_MEMORY_ACCESS_WRITE, (void *)constants, 1);
    return TEE_SUCCESS;
}

static TEE_Result probe_time(TEE_Param params[4])
{
    TEE_Time time;
    TEE_GetSystemTime(&time);
    params[0].value.a = time.seconds;
    params[0].value.b = time.millis;
    TEE_GetREETime(&time);
    params[1].value.a = time.seconds;
    params[1].value.b = time.millis;
    TEE_GenerateRandom(params[2].memref.buffer, params[2].memref.size);
    return TEE_SUCCESS;
}

static TEE_Result probe_read(TEE_Param params[4])
{
    const volatile uint64_t *words = params[0].memref.buffer;
    uint64_t sum = 0;
    for (size_t k = 0; k < params[0].memref.size / sizeof(*words); k++) {
        sum += words[k];
    }
    params[1].value.a = (uint32_t)sum;
    return TEE_SUCCESS;
}

static TEE_Result probe_say(TEE_Param params[4])
{
    fprintf(stderr, "%.*s\n", (int)params[0].memref.size, (const char *)params[0].memref.buffer);
    return TEE_SUCCESS;
}

TEE_Result TA_InvokeCommandEntryPoint(void *context, uint32_t command, uint32_t types,
                                      TEE_Param params[4])
{
    struct probe_session *session = context;
    switch (command) {
    case PROBE_NOTHING:
        return TEE_SUCCESS;
    case PROBE_WORK:
        return probe_work(types, params);
    case PROBE_SUM:
        return probe_sum(types, params);
    case PROBE_COPY:
        return probe_copy(types, params);
    case PROBE_RETURN:
        return params[0].value.a;
    case PROBE_CLAIM:
        params[1].memref.size = params[0].value.a;
        return params[0].value.b;
    case PROBE_WAIT:
        return probe_wait(types, params);
    case PROBE_IDENTITY:
        return probe_identity(params);
    case PROBE_PROPERTY:
        return probe_property(params);
    case PROBE_CHAIN:
        return probe_chain(params);
    case PROBE_INSTANCE:
        params[0].value.a = probe_number;
        params[0].value.b = probe_open;
        params[1].value.a = probe_served;
        params[1].value.b = probe_closed;
        return TEE_SUCCESS;
    case PROBE_KEEP: {
        const uint32_t before[2] = {session->kept[0], session->kept[1]};
        session->kept[0] = params[0].value.a;
        session->kept[1] = params[0].value.b;
        params[0].value.a = before[0];
        params[0].value.b = before[1];
        return TEE_SUCCESS;
    }
    case PROBE_CLOSE:
        session->close_ms = params[0].value.a;
        session->close_flags = params[0].value.b;
        return TEE_SUCCESS;
    case PROBE_ALLOCATE:
        return probe_allocate(params[0].value.a);
    case PROBE_SAY:
        return probe_say(params);
    case PROBE_WATCH:
        return probe_watch(params);
    case PROBE_RIGHTS:
        return probe_rights(params);
    case PROBE_TIME:
        return probe_time(params);
    case PROBE_READ:
        return probe_read(params);
    default:
        return TEE_ERROR_INVALID_CMD;
    }
}

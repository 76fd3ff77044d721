/* Short forms of calls: see call.h. */
#include "call.h"

#include "probe/probe.h"
#include "tee.h"

TEEC_Result call_open(TEEC_Context *context, TEEC_Session *session, const TEEC_UUID *uuid,
                      uint32_t *origin)
{
    memset(session, 0, sizeof(*session));
    return TEEC_OpenSession(context, session, uuid, TEEC_LOGIN_PUBLIC, NULL, NULL, origin);
}

TEEC_Result call_open_value(TEEC_Context *context, TEEC_Session *session, const TEEC_UUID *uuid,
                            uint32_t a, uint32_t b, uint32_t *origin)
{
    memset(session, 0, sizeof(*session));
    TEEC_Operation operation = TEEC_OPERATION_INITIALIZER;
    operation.paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_INPUT, TEEC_NONE, TEEC_NONE, TEEC_NONE);
    operation.params[0].value.a = a;
    operation.params[0].value.b = b;
    return TEEC_OpenSession(context, session, uuid, TEEC_LOGIN_PUBLIC, NULL, &operation, origin);
}

TEEC_Result call_value(TEEC_Session *session, uint32_t command, uint32_t a, uint32_t b,
                       uint32_t out[2], uint32_t *origin)
{
    TEEC_Operation operation = TEEC_OPERATION_INITIALIZER;
    operation.paramTypes =
        TEEC_PARAM_TYPES(TEEC_VALUE_INPUT, TEEC_VALUE_OUTPUT, TEEC_NONE, TEEC_NONE);
    operation.params[0].value.a = a;
    operation.params[0].value.b = b;
    const TEEC_Result result = TEEC_InvokeCommand(session, command, &operation, origin);
    if (out != NULL) {
        out[0] = operation.params[1].value.a;
        out[1] = operation.params[1].value.b;
    }
    return result;
}

TEEC_Result call_instance(TEEC_Session *session, uint32_t out[4])
{
    TEEC_Operation operation = TEEC_OPERATION_INITIALIZER;
    operation.paramTypes =
        TEEC_PARAM_TYPES(TEEC_VALUE_OUTPUT, TEEC_VALUE_OUTPUT, TEEC_NONE, TEEC_NONE);
    const TEEC_Result result = TEEC_InvokeCommand(session, PROBE_INSTANCE, &operation, NULL);
    out[0] = operation.params[0].value.a;
    out[1] = operation.params[0].value.b;
    out[2] = operation.params[1].value.a;
    out[3] = operation.params[1].value.b;
    return result;
}

void call_fill(void *memory, size_t size, uint32_t seed)
{
    uint8_t *octets = memory;
    for (size_t i = 0; i < size; i++) {
        octets[i] = (uint8_t)((i * 2654435761u + seed * 40503u) >> 7);
    }
}

bool call_filled(const void *memory, size_t size, uint32_t seed)
{
    const uint8_t *octets = memory;
    for (size_t i = 0; i < size; i++) {
        if (octets[i] != (uint8_t)((i * 2654435761u + seed * 40503u) >> 7)) {
            return false;
        }
    }
    return true;
}

bool call_probe_right(TEEC_Session *session, uint32_t seed)
{
    uint8_t in[600];
    uint8_t out[700];
    const size_t size = seed % sizeof(in);
    call_fill(in, sizeof(in), seed);
    memset(out, 0xee, sizeof(out));
    TEEC_Operation operation = TEEC_OPERATION_INITIALIZER;
    operation.paramTypes =
        TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT, TEEC_MEMREF_TEMP_OUTPUT, TEEC_NONE, TEEC_NONE);
    operation.params[0].tmpref.buffer = in;
    operation.params[0].tmpref.size = size;
    operation.params[1].tmpref.buffer = out;
    operation.params[1].tmpref.size = sizeof(in);
    uint32_t origin = 0;
    TEEC_Result result = TEEC_InvokeCommand(session, PROBE_COPY, &operation, &origin);
    if (result != TEEC_SUCCESS || origin != TEEC_ORIGIN_TRUSTED_APP ||
        operation.params[1].tmpref.size != size || !call_filled(out, size, seed) ||
        out[sizeof(in)] != 0xee) {
        return false;
    }
    memset(&operation, 0, sizeof(operation));
    operation.paramTypes =
        TEEC_PARAM_TYPES(TEEC_VALUE_INOUT, TEEC_VALUE_OUTPUT, TEEC_NONE, TEEC_MEMREF_TEMP_INOUT);
    operation.params[0].value.a = seed;
    operation.params[0].value.b = 77;
    operation.params[3].tmpref.buffer = in;
    operation.params[3].tmpref.size = sizeof(in);
    result = TEEC_InvokeCommand(session, PROBE_WORK, &operation, &origin);
    for (size_t i = 0; i < sizeof(in); i++) {
        in[i] ^= PROBE_XOR;
    }
    return result == TEEC_SUCCESS && origin == TEEC_ORIGIN_TRUSTED_APP &&
           operation.params[0].value.a == ~seed && operation.params[0].value.b == seed + 77 &&
           operation.params[1].value.a == PROBE_OUT_A + 1 &&
           operation.params[1].value.b == PROBE_OUT_B + 1 &&
           operation.params[3].tmpref.size == sizeof(in) && call_filled(in, sizeof(in), seed);
}

bool call_alive(TEEC_Context *context, const TEEC_UUID *probe)
{
    TEEC_Session session;
    uint32_t origin = 0;
    if (call_open(context, &session, probe, &origin) != TEEC_SUCCESS) {
        return false;
    }
    const bool right = call_probe_right(&session, (uint32_t)tee_now_ms());
    TEEC_CloseSession(&session);
    return right;
}

void call_context(TEEC_Context *context)
{
    const TEEC_Result result = TEEC_InitializeContext(NULL, context);
    if (result != TEEC_SUCCESS) {
        tee_bail("no context: %s %s", postern_teec_strerror(result), postern_teec_reason());
    }
}

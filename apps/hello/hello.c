/*
 * hello: a trusted app that takes values and gives values, as a first thing to read. It keeps no
 * state, so every session may have an instance of its own (the manifest's default).
 */
#include "hello.h"

#include <string.h>
#include <tee_internal_api.h>

static const char greeting[] = "Hello, ";
static const char greeting_end[] = "!";

TEE_Result TA_CreateEntryPoint(void)
{
    return TEE_SUCCESS;
}

void TA_DestroyEntryPoint(void)
{
}

TEE_Result TA_OpenSessionEntryPoint(uint32_t types, TEE_Param params[4], void **context)
{
    (void)types;
    (void)params;
    (void)context;
    return TEE_SUCCESS;
}

void TA_CloseSessionEntryPoint(void *context)
{
    (void)context;
}

static TEE_Result hello_calculate(uint32_t types, TEE_Param params[4])
{
    if (types != TEE_PARAM_TYPES(TEE_PARAM_TYPE_VALUE_INPUT, TEE_PARAM_TYPE_VALUE_OUTPUT,
                                 TEE_PARAM_TYPE_NONE, TEE_PARAM_TYPE_NONE)) {
        return TEE_ERROR_BAD_PARAMETERS;
    }
    params[1].value.a = params[0].value.a + params[0].value.b;
    params[1].value.b = params[0].value.a * params[0].value.b;
    return TEE_SUCCESS;
}

static TEE_Result hello_increment(uint32_t types, TEE_Param params[4])
{
    if (types != TEE_PARAM_TYPES(TEE_PARAM_TYPE_VALUE_INOUT, TEE_PARAM_TYPE_NONE,
                                 TEE_PARAM_TYPE_NONE, TEE_PARAM_TYPE_NONE)) {
        return TEE_ERROR_BAD_PARAMETERS;
    }
    params[0].value.a++;
    params[0].value.b++;
    return TEE_SUCCESS;
}

static TEE_Result hello_greet(uint32_t types, TEE_Param params[4])
{
    if (types != TEE_PARAM_TYPES(TEE_PARAM_TYPE_MEMREF_INPUT, TEE_PARAM_TYPE_MEMREF_OUTPUT,
                                 TEE_PARAM_TYPE_NONE, TEE_PARAM_TYPE_NONE)) {
        return TEE_ERROR_BAD_PARAMETERS;
    }
    const size_t before = sizeof(greeting) - 1;
    const size_t after = sizeof(greeting_end) - 1;
    const size_t name = params[0].memref.size;
    const size_t room = params[1].memref.size;
    const size_t need = before + name + after;
    /* What the answer would need is told in every case: a client that asked with too little learns
     * how much to bring. */
    params[1].memref.size = need;
    if (room < need) {
        return TEE_ERROR_SHORT_BUFFER;
    }
    char *out = params[1].memref.buffer;
    memcpy(out, greeting, before);
    if (name != 0) {
        memcpy(out + before, params[0].memref.buffer, name);
    }
    memcpy(out + before + name, greeting_end, after);
    return TEE_SUCCESS;
}

TEE_Result TA_InvokeCommandEntryPoint(void *context, uint32_t command, uint32_t types,
                                      TEE_Param params[4])
{
    (void)context;
    switch (command) {
    case HELLO_CALCULATE:
        return hello_calculate(types, params);
    case HELLO_INCREMENT:
        return hello_increment(types, params);
    case HELLO_GREET:
        return hello_greet(types, params);
    default:
        return TEE_ERROR_INVALID_CMD;
    }
}

/*
 * Decoding of session requests; see request.h.
 */
#include <sdk/gp/request.h>

#include <abi/syscall.h>
#include <string.h>

static bool request_type_is_memory(uint32_t type)
{
    return type == SESSION_PARAM_MEMREF_INPUT || type == SESSION_PARAM_MEMREF_OUTPUT ||
           type == SESSION_PARAM_MEMREF_INOUT;
}

static bool request_type_is_known(uint32_t type)
{
    return type <= SESSION_PARAM_VALUE_INOUT || request_type_is_memory(type);
}

static uint32_t request_access_wanted(uint32_t type)
{
    switch (type) {
    case SESSION_PARAM_MEMREF_INPUT:
        return SYS_MEM_READ;
    case SESSION_PARAM_MEMREF_OUTPUT:
        return SYS_MEM_WRITE;
    default:
        return SYS_MEM_READ | SYS_MEM_WRITE;
    }
}

static enum error request_decode_memory(const struct session_request *raw, uint32_t i,
                                        const struct request_object *objects, uint32_t num_objects,
                                        TEE_Param *out)
{
    const uint64_t offset = raw->param[i].x;
    const uint64_t size = raw->param[i].y;
    if (raw->object[i] == SESSION_NO_OBJECT) {
        if (offset != 0 || size != 0)
            return E_BAD_FORMAT;
        out->memref.buffer = NULL;
        out->memref.size = 0;
        return E_OK;
    }
    if (raw->object[i] >= num_objects)
        return E_BAD_FORMAT;
    const struct request_object *object = &objects[raw->object[i]];
    const uint32_t wanted = request_access_wanted(SESSION_PARAM_TYPE(raw->param_types, i));
    uint64_t end;
    if (object->address == 0 && object->size != 0)
        return E_NO_MEMORY;
    if (object->address == 0 || (object->prot & wanted) != wanted ||
        __builtin_add_overflow(offset, size, &end) || end > object->size)
        return E_BAD_FORMAT;
    out->memref.buffer = (void *)(uintptr_t)(object->address + offset);
    out->memref.size = size;
    return E_OK;
}

static enum error request_decode_value(const struct session_request *raw, uint32_t i,
                                       TEE_Param *out)
{
    *out = (TEE_Param){0};
    const uint32_t type = SESSION_PARAM_TYPE(raw->param_types, i);
    if (type == SESSION_PARAM_NONE || type == SESSION_PARAM_VALUE_OUTPUT)
        return E_OK;
    if (raw->param[i].x > UINT32_MAX || raw->param[i].y > UINT32_MAX)
        return E_BAD_FORMAT;
    out->value.a = (uint32_t)raw->param[i].x;
    out->value.b = (uint32_t)raw->param[i].y;
    return E_OK;
}

/* The checks that need nothing but the fixed part. */
static enum error request_check_head(const struct session_request *raw)
{
    if (raw->protocol != SESSION_PROTOCOL || raw->reserved != 0)
        return E_BAD_FORMAT;
    if (raw->op != SESSION_OPEN && raw->op != SESSION_INVOKE && raw->op != SESSION_CLOSE)
        return E_BAD_FORMAT;
    for (uint32_t types = raw->param_types; types != 0; types >>= 4) {
        if (!request_type_is_known(types & 0xfu))
            return E_BAD_FORMAT;
    }
    if (raw->param_types >> (4 * SESSION_PARAMS) != 0)
        return E_EXCESS;
    return raw->op == SESSION_CLOSE && raw->param_types != 0 ? E_EXCESS : E_OK;
}

/* Copies the message, whole or cut after its last parameter. Answers how many parameters there are;
 * SESSION_PARAMS + 1: it is cut elsewhere. */
static uint32_t request_copy(const uint8_t *bytes, size_t size, struct session_request *raw)
{
    uint32_t count = 0;
    memcpy(raw, bytes, SESSION_REQUEST_SIZE(0));
    raw->reserved = 0;
    for (; count < SESSION_PARAMS && SESSION_REQUEST_SIZE(count + 1) <= size; count++)
        memcpy(&raw->param[count], bytes + SESSION_REQUEST_SIZE(count), sizeof(raw->param[0]));
    if (size == sizeof(*raw))
        memcpy(&raw->reserved, bytes + offsetof(struct session_request, reserved),
               sizeof(raw->reserved));
    else if (size != SESSION_REQUEST_SIZE(count))
        return SESSION_PARAMS + 1;
    return count;
}

enum error request_decode(const uint8_t *bytes, size_t size, const struct request_object *objects,
                          uint32_t num_objects, struct request *out)
{
    struct session_request raw;
    if (size < SESSION_REQUEST_SIZE(0))
        return E_BAD_FORMAT;
    if (size > sizeof(raw) || num_objects > SYS_MSG_OBJECTS_MAX)
        return E_EXCESS;
    const uint32_t count = request_copy(bytes, size, &raw);
    if (count > SESSION_PARAMS)
        return E_BAD_FORMAT;
    enum error error = request_check_head(&raw);
    if (error != E_OK)
        return error;
    out->op = (enum session_op)raw.op;
    out->command = raw.command;
    out->param_types = raw.param_types;
    out->num_params = session_num_params(raw.param_types);
    if (out->num_params > count)
        return E_BAD_FORMAT;
    out->login = raw.login;
    memcpy(out->client_uuid, raw.client_uuid, sizeof(out->client_uuid));
    uint32_t used = 0;
    for (uint32_t i = 0; i < SESSION_PARAMS; i++) {
        out->params[i] = (TEE_Param){0};
        if (i >= out->num_params)
            continue;
        const bool memory = request_type_is_memory(SESSION_PARAM_TYPE(raw.param_types, i));
        error = memory ? request_decode_memory(&raw, i, objects, num_objects, &out->params[i])
                       : request_decode_value(&raw, i, &out->params[i]);
        if (error != E_OK)
            return error;
        if (memory && raw.object[i] != SESSION_NO_OBJECT)
            used |= 1u << raw.object[i];
    }
    return used != (1u << num_objects) - 1 ? E_EXCESS : E_OK;
}

/*
 * Decoding of session requests; see request.h.
 */
#include <sdk/gp/request.h>

#include <string.h>

/* Of every kind of parameter, the lower two bits say what the app may do with it. */
_Static_assert((SESSION_PARAM_MEMREF_INPUT & 3) == SYS_MEM_READ, "types");
_Static_assert((SESSION_PARAM_MEMREF_OUTPUT & 3) == SYS_MEM_WRITE, "types");
_Static_assert((SESSION_PARAM_MEMREF_INOUT & 3) == (SYS_MEM_READ | SYS_MEM_WRITE), "types");
_Static_assert(SESSION_PARAM_VALUE_INPUT % 2 == 1, "types");
_Static_assert(SESSION_PARAM_VALUE_OUTPUT % 2 == 0, "types");
_Static_assert(SESSION_PARAM_VALUE_INOUT % 2 == 1, "types");

static bool request_type_is_memory(uint32_t type)
{
    return type >= SESSION_PARAM_MEMREF_INPUT;
}

/* All eight at once: none is 4, or 8 and more. */
static bool request_types_are_known(uint32_t types)
{
    const uint32_t fours = types >> 2 & 0x11111111u;
    const uint32_t rights = (types | types >> 1) & 0x11111111u;
    return (types & 0x88888888u) == 0 && (fours & ~rights) == 0;
}

static inline enum error request_decode_memory(uint32_t type, struct session_param param,
                                               uint8_t index, const struct sys_recv *recv,
                                               TEE_Param *out)
{
    const uint32_t wanted = type & 3;
    uint64_t end;
    if (index == SESSION_NO_OBJECT)
        return param.x != 0 || param.y != 0 ? E_BAD_FORMAT : E_OK;
    if (index >= recv->num_objects)
        return E_BAD_FORMAT;
    const uint64_t address = recv->obj_va[index];
    const uint64_t size = recv->obj_size[index];
    if (address == 0)
        return size != 0 ? E_NO_MEMORY : E_BAD_FORMAT;
    if ((recv->obj_prot[index] & wanted) != wanted ||
        __builtin_add_overflow(param.x, param.y, &end) || end > size)
        return E_BAD_FORMAT;
    out->memref.buffer = (void *)(uintptr_t)(address + param.x);
    out->memref.size = param.y;
    return E_OK;
}

static inline enum error request_decode_value(uint32_t type, struct session_param param,
                                              TEE_Param *out)
{
    if ((type & 1) == 0) /* an output, or none */
        return E_OK;
    if ((param.x | param.y) > UINT32_MAX)
        return E_BAD_FORMAT;
    out->value.a = (uint32_t)param.x;
    out->value.b = (uint32_t)param.y;
    return E_OK;
}

/* The checks that need nothing but the fixed part. */
static enum error request_check_head(const struct session_request *raw)
{
    if (raw->protocol != SESSION_PROTOCOL)
        return E_BAD_FORMAT;
    if (raw->op != SESSION_OPEN && raw->op != SESSION_INVOKE && raw->op != SESSION_CLOSE)
        return E_BAD_FORMAT;
    if (!request_types_are_known(raw->param_types))
        return E_BAD_FORMAT;
    if (raw->param_types >> (4 * SESSION_PARAMS) != 0)
        return E_EXCESS;
    return raw->op == SESSION_CLOSE && raw->param_types != 0 ? E_EXCESS : E_OK;
}

/* Whether a message, whole or cut after a parameter, has room for as many. */
static bool request_has_room(const uint8_t *bytes, size_t size, uint32_t num_params)
{
    if (size == sizeof(struct session_request)) {
        uint64_t reserved;
        memcpy(&reserved, bytes + offsetof(struct session_request, reserved), sizeof(reserved));
        return reserved == 0;
    }
    return (size - SESSION_REQUEST_SIZE(0)) % sizeof(struct session_param) == 0 &&
           size >= SESSION_REQUEST_SIZE(num_params);
}

/* One by one: eight stores, and no call of the C library's. */
static inline void request_clear(TEE_Param params[SESSION_PARAMS])
{
    static const TEE_Param none;
    params[0] = none;
    params[1] = none;
    params[2] = none;
    params[3] = none;
}

enum error request_decode(const uint8_t *bytes, size_t size, const struct sys_recv *recv,
                          struct request *out)
{
    struct session_request head;
    if (size < SESSION_REQUEST_SIZE(0))
        return E_BAD_FORMAT;
    if (size > sizeof(head) || recv->num_objects > SYS_MSG_OBJECTS_MAX)
        return E_EXCESS;
    memcpy(&head, bytes, SESSION_REQUEST_SIZE(0));
    enum error error = request_check_head(&head);
    if (error != E_OK)
        return error;
    out->op = (enum session_op)head.op;
    out->command = head.command;
    out->param_types = head.param_types;
    out->num_params = session_num_params(head.param_types);
    if (!request_has_room(bytes, size, out->num_params))
        return E_BAD_FORMAT;
    out->login = head.login;
    memcpy(out->client_uuid, head.client_uuid, sizeof(out->client_uuid));
    request_clear(out->params);
    uint32_t used = 0;
    uint32_t types = head.param_types;
    for (uint32_t i = 0; types != 0; i++, types >>= 4) {
        const uint32_t type = SESSION_PARAM_TYPE(types, 0);
        struct session_param param;
        memcpy(&param, bytes + SESSION_REQUEST_SIZE(i), sizeof(param));
        if (request_type_is_memory(type)) {
            error = request_decode_memory(type, param, head.object[i], recv, &out->params[i]);
            out->given[i] = param.y;
            if (head.object[i] < SYS_MSG_OBJECTS_MAX)
                used |= 1u << head.object[i];
        } else {
            error = request_decode_value(type, param, &out->params[i]);
        }
        if (error != E_OK)
            return error;
    }
    return used != (1u << recv->num_objects) - 1 ? E_EXCESS : E_OK;
}

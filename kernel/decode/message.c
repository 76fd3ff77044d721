#include <kernel/decode/message.h>

#define META_PARAMS 2u
#define TEE_ORIGIN 3u
#define APP_ORIGIN 4u

static enum error decode_meta(const struct msg_arg *arg, struct request *out)
{
    if (arg->head.num_params < META_PARAMS)
        return E_BAD_FORMAT;
    for (uint32_t i = 0; i < META_PARAMS; i++)
        if (arg->params[i].attr != (MSG_ATTR_VALUE_INPUT | MSG_ATTR_META))
            return E_BAD_FORMAT;
    const struct msg_param *client = &arg->params[1];
    if (client->u.value.c > UINT32_MAX)
        return E_BAD_FORMAT;
    __builtin_memcpy(out->uuid, arg->params[0].u.octets, sizeof(out->uuid));
    __builtin_memcpy(out->client_uuid, client->u.octets, sizeof(out->client_uuid));
    out->login = (uint32_t)client->u.value.c;
    out->first_param = META_PARAMS;
    return E_OK;
}

/* The numbers of both worlds' kinds of parameters go in step. */
_Static_assert(MSG_ATTR_VALUE_INPUT == SESSION_PARAM_VALUE_INPUT, "types");
_Static_assert(MSG_ATTR_VALUE_INOUT == SESSION_PARAM_VALUE_INOUT, "types");
_Static_assert(MSG_ATTR_RMEM_INPUT == SESSION_PARAM_MEMREF_INPUT, "types");
_Static_assert(MSG_ATTR_RMEM_INOUT == SESSION_PARAM_MEMREF_INOUT, "types");
#define TMEM_MORE (MSG_ATTR_TMEM_INPUT - MSG_ATTR_RMEM_INPUT)

static inline enum error decode_param(const struct msg_param *param, struct request *out,
                                      uint32_t at)
{
    uint64_t type = param->attr;
    struct session_param value = {0};
    uint64_t cookie = 0;
    if (type >= MSG_ATTR_RMEM_INPUT && type <= MSG_ATTR_RMEM_INOUT) {
        cookie = param->u.rmem.cookie;
        if (cookie != 0)
            value = (struct session_param){.x = param->u.rmem.offset, .y = param->u.rmem.size};
        else if (param->u.rmem.size != 0)
            return E_BAD_FORMAT;
    } else if (type <= MSG_ATTR_VALUE_INOUT) {
        if ((type & 1) != 0) /* an input */
            value = (struct session_param){.x = param->u.value.a, .y = param->u.value.b};
    } else if (type >= MSG_ATTR_TMEM_INPUT && type <= MSG_ATTR_TMEM_INOUT) {
        type -= TMEM_MORE;
        if (param->u.tmem.address != 0 || param->u.tmem.size != 0)
            return E_BAD_FORMAT;
    } else {
        return E_BAD_FORMAT;
    }
    out->param[at] = value;
    out->cookie[at] = cookie;
    out->param_types |= (uint32_t)type << (4u * at);
    return E_OK;
}

enum error decode_request(const struct msg_arg *arg, struct request *out)
{
    out->command = arg->head.func;
    out->session = arg->head.session;
    out->cancel_id = arg->head.cancel_id;
    out->first_param = 0;
    out->param_types = 0;
    if (arg->head.num_params > MSG_PARAMS_MAX)
        return E_EXCESS;
    if (arg->head.cmd == MSG_CMD_OPEN_SESSION) {
        enum error error = decode_meta(arg, out);
        if (error != E_OK)
            return error;
    }
    out->num_params = arg->head.num_params - out->first_param;
    if (out->num_params > SESSION_PARAMS)
        return E_EXCESS;
    uint32_t num_params = out->num_params;
    const struct msg_param *params = &arg->params[out->first_param];
    for (uint32_t i = 0; i < num_params; i++) {
        enum error error = decode_param(&params[i], out, i);
        if (error != E_OK)
            return error;
    }
    return E_OK;
}

enum error decode_reply(const void *bytes, size_t size, uint32_t op, struct reply *out)
{
    struct session_reply raw;
    const size_t head = SESSION_REPLY_SIZE(0);
    if (size < head || size > sizeof(raw) || (size - head) % sizeof(raw.param[0]) != 0)
        return E_BAD_FORMAT;
    __builtin_memcpy(&raw, bytes, head);
    if (raw.op != op || (raw.origin != TEE_ORIGIN && raw.origin != APP_ORIGIN))
        return E_BAD_FORMAT;
    out->result = raw.result;
    out->origin = raw.origin;
    out->num_params = (uint32_t)((size - head) / sizeof(raw.param[0]));
    for (uint32_t i = 0; i < out->num_params; i++)
        __builtin_memcpy(&out->param[i], (const uint8_t *)bytes + SESSION_REPLY_SIZE(i),
                         sizeof(out->param[i]));
    return E_OK;
}

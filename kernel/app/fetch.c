#include <kernel/app/fetch.h>

#define RET_SUCCESS 0u
#define RET_SHORT_BUFFER 0xffff0010u
#define RET_ITEM_NOT_FOUND 0xffff0008u
#define RET_OUT_OF_MEMORY 0xffff000cu

static void name_app(struct msg_arg *arg, const uint8_t uuid[16])
{
    arg->params[0].attr = MSG_ATTR_VALUE_INPUT;
    for (size_t i = 0; i < 16; i++)
        arg->params[0].u.octets[i] = uuid[i];
}

static enum error from_ret(uint32_t ret)
{
    switch (ret) {
    case RET_SUCCESS:
    case RET_SHORT_BUFFER:
        return E_OK;
    case RET_ITEM_NOT_FOUND:
        return E_NOT_FOUND;
    case RET_OUT_OF_MEMORY:
        return E_NO_MEMORY;
    default:
        return E_COMMUNICATION;
    }
}

/* Asks for the package with a buffer, or without one for its size; *size: what the answer says. */
static enum error load(const uint8_t uuid[16], const struct port_rpc_mem *mem, uint64_t *size)
{
    struct msg_arg arg = {.head = {.cmd = MSG_RPC_LOAD_APP, .num_params = 2}};
    name_app(&arg, uuid);
    arg.params[1].attr = MSG_ATTR_TMEM_OUTPUT;
    if (mem != NULL)
        arg.params[1].u.tmem = mem->tmem;
    enum error error = port_rpc(&arg);
    if (error != E_OK)
        return error;
    *size = arg.params[1].u.tmem.size;
    if (mem != NULL && arg.head.ret == RET_SHORT_BUFFER)
        return E_BAD_FORMAT;
    return from_ret(arg.head.ret);
}

static enum error copy_package(const struct port_rpc_mem *mem, size_t size, uint8_t **bytes)
{
    *bytes = port_alloc(size);
    if (*bytes == NULL)
        return E_NO_MEMORY;
    /* The one read of what the normal world may be changing. */
    __builtin_memcpy(*bytes, (const void *)(uintptr_t)mem->bytes, size);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    return E_OK;
}

enum error fetch_package(const uint8_t uuid[16], uint8_t **bytes, size_t *size)
{
    uint64_t wanted = 0;
    enum error error = load(uuid, NULL, &wanted);
    if (error != E_OK)
        return error;
    if (wanted == 0)
        return E_BAD_FORMAT;
    if (wanted > PACKAGE_SIZE_MAX)
        return E_TOO_BIG;
    struct port_rpc_mem mem;
    error = port_rpc_mem_create((size_t)wanted, &mem);
    if (error != E_OK)
        return error;
    uint64_t got = 0;
    error = load(uuid, &mem, &got);
    if (error == E_OK && (got == 0 || got > wanted || got > mem.size))
        error = E_BAD_FORMAT;
    if (error == E_OK) {
        *size = (size_t)got;
        error = copy_package(&mem, *size, bytes);
    }
    port_rpc_mem_destroy(&mem);
    return error;
}

void fetch_stamp(const uint8_t uuid[16], struct app_stamp *out)
{
    struct msg_arg arg = {.head = {.cmd = MSG_RPC_APP_STAMP, .num_params = 2}};
    *out = (struct app_stamp){0};
    name_app(&arg, uuid);
    arg.params[1].attr = MSG_ATTR_VALUE_OUTPUT;
    if (port_rpc(&arg) != E_OK)
        return;
    if (arg.head.ret == RET_SUCCESS) {
        out->known = true;
        out->number[0] = arg.params[1].u.value.a;
        out->number[1] = arg.params[1].u.value.b;
        out->number[2] = arg.params[1].u.value.c;
        return;
    }
    /* A stock supplicant: its size is all that can be had. */
    uint64_t size = 0;
    if (load(uuid, NULL, &size) == E_OK && size != 0) {
        out->known = true;
        out->number[0] = size;
    }
}

enum error fetch_app_of_port(const char *path, size_t length, uint8_t uuid[16])
{
    struct msg_arg arg = {.head = {.cmd = MSG_RPC_APP_OF_PORT, .num_params = 4}};
    const size_t part = sizeof(arg.params[0].u.octets);
    if (length >= SYS_PATH_MAX)
        return E_NOT_FOUND;
    for (size_t i = 0; i < 3; i++)
        arg.params[i].attr = MSG_ATTR_VALUE_INPUT;
    for (size_t i = 0; i < length; i++)
        arg.params[i / part].u.octets[i % part] = (uint8_t)path[i];
    arg.params[3].attr = MSG_ATTR_VALUE_OUTPUT;
    enum error error = port_rpc(&arg);
    if (error != E_OK)
        return error;
    if (arg.head.ret != RET_SUCCESS)
        return E_NOT_FOUND;
    __builtin_memcpy(uuid, arg.params[3].u.octets, 16);
    return E_OK;
}

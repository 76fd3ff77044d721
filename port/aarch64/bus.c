/*
 * The pseudo app that Linux asks, while its driver starts, which apps are devices on its TEE bus:
 * function 0 for those that are there without a supplicant, function 1, after the first supplicant came,
 * for those that need one. An output buffer of no size asks for the size.
 *
 * A device is for a driver in Linux's kernel, and the kernel here would have to know of it before
 * anything was fetched: an app in its own image. There is none, so that both lists are empty; an app
 * that the supplicant has is found by who opens it (docs/decisions.md).
 */
#include <port/aarch64/machine.h>
#include <port/aarch64/smc.h>

#define BUS_FUNCTION_ALWAYS 0u
#define BUS_FUNCTION_SUPPLICANT 1u

static const uint8_t bus_uuid[16] = {0x70, 0x11, 0xa6, 0x88, 0xdd, 0xde, 0x40, 0x53,
                                     0xa5, 0xa9, 0x7b, 0x3c, 0x4d, 0xdf, 0x13, 0xb8};

/* One parameter, memory for output; others may be there, but empty. */
static bool params_are_right(const struct msg_arg *arg)
{
    if (arg->head.num_params == 0 || (arg->params[0].attr != MSG_ATTR_RMEM_OUTPUT &&
                                      arg->params[0].attr != MSG_ATTR_TMEM_OUTPUT)) {
        return false;
    }
    for (uint32_t i = 1; i < arg->head.num_params; i++) {
        if (arg->params[i].attr != MSG_ATTR_NONE) {
            return false;
        }
    }
    return true;
}

static uint32_t bus_invoke(struct msg_arg *arg)
{
    if (arg->head.func != BUS_FUNCTION_ALWAYS && arg->head.func != BUS_FUNCTION_SUPPLICANT) {
        return TEE_ERROR_NOT_SUPPORTED;
    }
    if (!params_are_right(arg)) {
        return TEE_ERROR_BAD_PARAMETERS;
    }
    arg->params[0].u.rmem.size = 0; /* at the same place in both; nothing fits into any buffer */
    return TEE_SUCCESS;
}

bool bus_call(struct msg_arg *arg)
{
    struct msg_header *head = &arg->head;
    const uint64_t meta = MSG_ATTR_VALUE_INPUT | MSG_ATTR_META;

    if (head->cmd == MSG_CMD_OPEN_SESSION) {
        if (head->num_params < 2 || arg->params[0].attr != meta || arg->params[1].attr != meta ||
            memcmp(arg->params[0].u.octets, bus_uuid, sizeof(bus_uuid)) != 0) {
            return false;
        }
        head->session = BUS_SESSION;
        head->ret = TEE_SUCCESS;
    } else if (head->session != BUS_SESSION) {
        return false;
    } else {
        head->ret = head->cmd == MSG_CMD_INVOKE_COMMAND ? bus_invoke(arg) : TEE_SUCCESS;
    }
    head->origin = TEE_ORIGIN_TEE;
    return true;
}

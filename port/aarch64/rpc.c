/*
 * Asking the normal world: the call's thread writes a message behind the one that it serves, leaves
 * with SMC_RPC_COMMAND, and finds the answer there when Linux resumes it. Whatever stands there then
 * is read once and believed only where it can do no harm.
 */
#include <port/aarch64/machine.h>
#include <port/aarch64/smc.h>

static bool is_tmem(uint64_t attr)
{
    uint32_t type = attr & MSG_ATTR_TYPE_MASK;
    return type >= MSG_ATTR_TMEM_INPUT && type <= MSG_ATTR_TMEM_INOUT;
}

/* Memory that port_rpc_mem_create mapped by a list of pages has no address: Linux knows it by its
 * cookie, as registered memory. */
static bool is_registered(const struct msg_param *param)
{
    return is_tmem(param->attr) && param->u.tmem.address == 0 && param->u.tmem.cookie != 0;
}

static void question_write(volatile struct msg_arg *to, const struct msg_arg *arg)
{
    to->head.cmd = arg->head.cmd;
    to->head.func = arg->head.func;
    to->head.session = arg->head.session;
    to->head.cancel_id = arg->head.cancel_id;
    to->head.pad = 0;
    to->head.ret = TEE_ERROR_GENERIC;
    to->head.origin = 0;
    to->head.num_params = arg->head.num_params;
    for (uint32_t i = 0; i < arg->head.num_params; i++) {
        const struct msg_param *param = &arg->params[i];
        to->params[i].attr = is_registered(param)
                                 ? param->attr - (MSG_ATTR_TMEM_INPUT - MSG_ATTR_RMEM_INPUT)
                                 : param->attr;
        to->params[i].u.value.a = param->u.value.a;
        to->params[i].u.value.b = param->u.value.b;
        to->params[i].u.value.c = param->u.value.c;
    }
}

static void answer_read(struct msg_arg *arg, const volatile struct msg_arg *from)
{
    arg->head.ret = from->head.ret;
    arg->head.origin = from->head.origin;
    for (uint32_t i = 0; i < arg->head.num_params; i++) {
        struct msg_param *param = &arg->params[i];
        if (is_registered(param)) {
            param->u.tmem.size = from->params[i].u.rmem.size;
            continue;
        }
        param->attr = from->params[i].attr;
        param->u.value.a = from->params[i].u.value.a;
        param->u.value.b = from->params[i].u.value.b;
        param->u.value.c = from->params[i].u.value.c;
    }
}

enum error port_rpc(struct msg_arg *arg)
{
    struct thread *thread = thread_current();

    if (thread == NULL || thread->rpc == NULL || arg->head.num_params > RPC_PARAMS) {
        return E_COMMUNICATION;
    }
    question_write(thread->rpc, arg);
    thread_leave(SMC_RPC_COMMAND, 0, 0);
    answer_read(arg, thread->rpc);
    return E_OK;
}

void rpc_sleep(uint32_t key)
{
    struct msg_arg arg = {
        .head = {.cmd = MSG_RPC_NOTIFICATION, .num_params = 1},
        .params = {{.attr = MSG_ATTR_VALUE_INPUT,
                    .u.value = {.a = RPC_NOTIFICATION_WAIT, .b = key}}},
    };
    (void)!port_rpc(&arg);
}

static void shm_free(uint64_t cookie)
{
    struct msg_arg arg = {
        .head = {.cmd = MSG_RPC_SHM_FREE, .num_params = 1},
        .params = {{.attr = MSG_ATTR_VALUE_INPUT,
                    .u.value = {.a = RPC_SHM_SUPPLICANT, .b = cookie}}},
    };
    (void)!port_rpc(&arg);
}

enum error port_rpc_mem_create(size_t size, struct port_rpc_mem *out)
{
    struct msg_arg arg = {
        .head = {.cmd = MSG_RPC_SHM_ALLOC, .num_params = 1},
        .params = {{.attr = MSG_ATTR_VALUE_INPUT,
                    .u.value = {.a = RPC_SHM_SUPPLICANT, .b = size, .c = 8}}},
    };

    memset(out, 0, sizeof(*out));
    if (size == 0 || size > SHARE_SLOT_SIZE - PAGE_SIZE) {
        return E_NO_MEMORY;
    }
    if (port_rpc(&arg) != E_OK) {
        return E_COMMUNICATION;
    }
    if (arg.head.ret != TEE_SUCCESS) {
        return arg.head.ret == TEE_ERROR_OUT_OF_MEMORY ? E_NO_MEMORY : E_COMMUNICATION;
    }
    const struct msg_tmem tmem = arg.params[0].u.tmem;
    bool listed = (arg.params[0].attr & MSG_ATTR_NONCONTIG) != 0;
    if (!is_tmem(arg.params[0].attr) || tmem.cookie == 0) {
        return E_COMMUNICATION;
    }
    out->size = size;
    out->tmem = (struct msg_tmem){
        .address = listed ? 0 : tmem.address, .size = size, .cookie = tmem.cookie};
    /* Too little is given back, too: Linux lets no other supplicant in while we have one's memory. */
    bool enough = tmem.size >= size;
    if (enough && !listed) {
        out->bytes = normal_pointer(physical(tmem.address), size);
    } else if (enough) {
        uint64_t offset = tmem.address % PAGE_SIZE;
        uint64_t pages = (offset + size + PAGE_SIZE - 1) / PAGE_SIZE;
        uint32_t slot;
        volatile uint8_t *bytes = share_map(tmem.address - offset, pages, &slot);
        if (bytes != NULL) {
            out->bytes = bytes + offset;
            out->opaque[0] = slot;
            out->opaque[1] = pages;
        }
    }
    if (out->bytes == NULL) {
        shm_free(tmem.cookie);
        return E_COMMUNICATION;
    }
    return E_OK;
}

void port_rpc_mem_destroy(struct port_rpc_mem *mem)
{
    if (mem->bytes == NULL) {
        return;
    }
    if (mem->opaque[1] != 0) {
        share_unmap((uint32_t)mem->opaque[0], mem->opaque[1]);
    }
    shm_free(mem->tmem.cookie);
    memset(mem, 0, sizeof(*mem));
}

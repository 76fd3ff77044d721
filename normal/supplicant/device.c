/*
 * The supplicant of a TrustZone TEE: <linux/tee.h>, TEE_IOC_SUPPL_RECV and _SEND on /dev/teepriv*.
 * Memory that the secure world asks for (MSG_RPC_SHM_ALLOC) is this process's, registered with the
 * device, until the secure world frees it; other questions name it by its id.
 */
#include "supplicant.h"

#include <abi/message.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/tee.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define PARAMS_MAX 8
#define SHM_SIZE_MAX (UINT64_C(256) << 20)
#define KIND_SUPPLICANT 0u /* MSG_RPC_SHM_*: value a */

struct shm {
    struct shm *next;
    int64_t id;
    void *memory;
    size_t size;
    int fd;
};

struct device {
    int fd;
    struct shm *shms;
};

struct question {
    _Alignas(8) uint8_t
        room[sizeof(struct tee_iocl_supp_recv_arg) + PARAMS_MAX * sizeof(struct tee_ioctl_param)];
    uint32_t func;
    uint32_t num_params;
    bool has_meta; /* the first parameter is the driver's own */
};

static struct tee_ioctl_param *params_of(struct question *question)
{
    return (struct tee_ioctl_param *)(void *)(question->room +
                                              sizeof(struct tee_iocl_supp_recv_arg));
}

static int receive(const struct device *device, struct question *question)
{
    struct tee_iocl_supp_recv_arg *head = (void *)question->room;
    struct tee_ioctl_buf_data data = {.buf_ptr = (uintptr_t)question->room,
                                      .buf_len = sizeof(question->room)};

    memset(question, 0, sizeof(*question));
    head->num_params = PARAMS_MAX;
    /* Says that this supplicant knows meta parameters; Linux then uses one if it wants to. */
    params_of(question)[0].attr = TEE_IOCTL_PARAM_ATTR_META;
    if (ioctl(device->fd, TEE_IOC_SUPPL_RECV, &data) != 0) {
        return -1;
    }
    question->func = head->func;
    question->num_params = head->num_params;
    question->has_meta =
        head->num_params > 0 && (params_of(question)[0].attr & TEE_IOCTL_PARAM_ATTR_META) != 0;
    return 0;
}

/* Sent back: the same parameters behind a shorter head. */
static int send_answer(const struct device *device, struct question *question, uint32_t ret)
{
    _Alignas(8) uint8_t
        room[sizeof(struct tee_iocl_supp_send_arg) + PARAMS_MAX * sizeof(struct tee_ioctl_param)];
    struct tee_iocl_supp_send_arg *head = (void *)room;
    struct tee_ioctl_buf_data data = {
        .buf_ptr = (uintptr_t)room,
        .buf_len = sizeof(*head) + question->num_params * sizeof(struct tee_ioctl_param)};

    head->ret = ret;
    head->num_params = question->num_params;
    memcpy(room + sizeof(*head), params_of(question),
           question->num_params * sizeof(struct tee_ioctl_param));
    return ioctl(device->fd, TEE_IOC_SUPPL_SEND, &data);
}

/* --- Memory. -------------------------------------------------------------------------------------- */

static struct shm *shm_find(const struct device *device, uint64_t id)
{
    struct shm *shm = device->shms;

    while (shm != NULL && (uint64_t)shm->id != id) {
        shm = shm->next;
    }
    return shm;
}

/* Memory of this process, registered. Linux 6.1 cannot tell the secure world the pages of memory that
 * it allocated itself, so this comes first. */
static bool shm_register(const struct device *device, struct shm *shm, uint64_t size)
{
    shm->size = (size + 4095) & ~UINT64_C(4095);
    shm->memory = mmap(NULL, shm->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (shm->memory == MAP_FAILED) {
        return false;
    }
    struct tee_ioctl_shm_register_data data = {.addr = (uintptr_t)shm->memory, .length = shm->size};
    shm->fd = ioctl(device->fd, TEE_IOC_SHM_REGISTER, &data);
    if (shm->fd < 0) {
        munmap(shm->memory, shm->size);
        return false;
    }
    shm->id = data.id;
    return true;
}

/* For a driver that registers no user memory. */
static bool shm_allocate_there(const struct device *device, struct shm *shm, uint64_t size)
{
    struct tee_ioctl_shm_alloc_data data = {.size = size};

    shm->fd = ioctl(device->fd, TEE_IOC_SHM_ALLOC, &data);
    if (shm->fd < 0) {
        return false;
    }
    shm->size = data.size;
    shm->id = data.id;
    shm->memory = mmap(NULL, shm->size, PROT_READ | PROT_WRITE, MAP_SHARED, shm->fd, 0);
    if (shm->memory == MAP_FAILED) {
        close(shm->fd);
        return false;
    }
    return true;
}

static uint32_t shm_allocate(struct device *device, struct tee_ioctl_param *param)
{
    struct shm *shm;

    if (param->a != KIND_SUPPLICANT || param->b == 0 || param->b > SHM_SIZE_MAX) {
        return RET_BAD_PARAMETERS;
    }
    shm = calloc(1, sizeof(*shm));
    if (shm == NULL) {
        return RET_OUT_OF_MEMORY;
    }
    if (!shm_register(device, shm, param->b) && !shm_allocate_there(device, shm, param->b)) {
        free(shm);
        return RET_OUT_OF_MEMORY;
    }
    shm->next = device->shms;
    device->shms = shm;
    param->c = (uint64_t)shm->id;
    return RET_SUCCESS;
}

/* Takes `*link` out of its list and ends it. */
static void shm_drop(struct shm **link)
{
    struct shm *shm = *link;

    *link = shm->next;
    munmap(shm->memory, shm->size);
    close(shm->fd);
    free(shm);
}

static uint32_t shm_free(struct device *device, const struct tee_ioctl_param *param)
{
    struct shm **link = &device->shms;

    while (*link != NULL && (uint64_t)(*link)->id != param->b) {
        link = &(*link)->next;
    }
    if (param->a != KIND_SUPPLICANT || *link == NULL) {
        return RET_BAD_PARAMETERS;
    }
    shm_drop(link);
    return RET_SUCCESS;
}

/* --- Questions. ----------------------------------------------------------------------------------- */

static bool unpack_memory(const struct device *device, const struct tee_ioctl_param *from,
                          struct rpc_param *to)
{
    const struct shm *shm;

    to->kind = RPC_MEMORY;
    to->size = from->b;
    if (from->b == 0) {
        return true;
    }
    shm = shm_find(device, from->c);
    if (shm == NULL || from->a > shm->size || from->b > shm->size - from->a) {
        return false;
    }
    to->memory = (uint8_t *)shm->memory + from->a;
    return true;
}

static bool unpack(const struct device *device, const struct tee_ioctl_param *from, size_t count,
                   struct rpc_param *param)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t type = from[i].attr & TEE_IOCTL_PARAM_ATTR_TYPE_MASK;

        param[i].in = type != TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_OUTPUT &&
                      type != TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_OUTPUT;
        param[i].out = type != TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INPUT &&
                       type != TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT;
        switch (type) {
        case TEE_IOCTL_PARAM_ATTR_TYPE_NONE:
            break;
        case TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INPUT:
        case TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_OUTPUT:
        case TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INOUT:
            param[i].kind = RPC_VALUE;
            param[i].a = from[i].a;
            param[i].b = from[i].b;
            param[i].c = from[i].c;
            break;
        case TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT:
        case TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_OUTPUT:
        case TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INOUT:
            if (!unpack_memory(device, &from[i], &param[i])) {
                return false;
            }
            break;
        default:
            return false;
        }
    }
    return true;
}

static void pack(const struct rpc_param *param, struct tee_ioctl_param *to, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (param[i].kind == RPC_VALUE && param[i].out) {
            to[i].a = param[i].a;
            to[i].b = param[i].b;
            to[i].c = param[i].c;
        } else if (param[i].kind == RPC_MEMORY && param[i].out) {
            to[i].b = param[i].size;
        }
    }
}

static uint32_t answer(const struct supplicant *supplicant, struct device *device,
                       struct question *question)
{
    struct rpc_param param[PARAMS_MAX];
    struct tee_ioctl_param *from = params_of(question) + question->has_meta;
    size_t count = question->num_params - question->has_meta;
    uint32_t ret;

    if (question->func == MSG_RPC_SHM_ALLOC || question->func == MSG_RPC_SHM_FREE) {
        if (count != 1) {
            return RET_BAD_PARAMETERS;
        }
        return question->func == MSG_RPC_SHM_ALLOC ? shm_allocate(device, from)
                                                   : shm_free(device, from);
    }
    memset(param, 0, sizeof(param));
    if (!unpack(device, from, count, param)) {
        return RET_BAD_PARAMETERS;
    }
    ret = supplicant_answer(supplicant, question->func, param, count);
    pack(param, from, count);
    return ret;
}

int supplicant_serve_device(const struct supplicant *supplicant, const char *path)
{
    struct device device = {.fd = open(path, O_RDWR | O_CLOEXEC)};

    if (device.fd < 0) {
        supplicant_say("%s: %s", path, strerror(errno));
        return 1;
    }
    supplicant_ready(supplicant);
    for (;;) {
        struct question question;
        uint32_t ret;

        if (receive(&device, &question) != 0) {
            if (errno == EINTR || errno == EAGAIN) {
                continue;
            }
            supplicant_say("%s: receiving: %s", path, strerror(errno));
            break;
        }
        if (question.num_params > PARAMS_MAX) {
            supplicant_say("%s: a question with %u parameters", path, question.num_params);
            break;
        }
        ret = answer(supplicant, &device, &question);
        if (send_answer(&device, &question, ret) != 0 && errno != EINTR) {
            supplicant_say("%s: answering: %s", path, strerror(errno));
            break;
        }
    }
    while (device.shms != NULL) {
        shm_drop(&device.shms);
    }
    close(device.fd);
    return 1;
}

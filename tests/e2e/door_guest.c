/*
 * Linux's device for supplicants: see door.h and <linux/tee.h>. Linux itself refuses an answer of
 * another form than its question's; what it passes on of one are the result, values out and sizes.
 */
#include "door.h"

#include "tee.h"

#include <fcntl.h>
#include <linux/tee.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define DOOR_PARAMS 8u
#define DOOR_META 1u /* Linux's own parameter before the others: the question's number */
#define DOOR_PIECES 8u

const bool door_makes_memory = true;

static volatile int door_fd = -1;

/* The question as it came, and then the answer. */
static union {
    struct tee_iocl_supp_recv_arg question;
    struct tee_iocl_supp_send_arg answer;
    uint8_t
        bytes[sizeof(struct tee_iocl_supp_recv_arg) + DOOR_PARAMS * sizeof(struct tee_ioctl_param)];
} door_room;
static struct tee_ioctl_param door_param[DOOR_PARAMS];
static uint32_t door_params; /* with Linux's own */

/* Memory made for the TEE. */
static struct piece {
    int64_t id;
    int fd; /* its registration; less than 0: there is none */
    uint8_t *bytes;
    size_t size;
    bool keep;
} door_piece[DOOR_PIECES];

static void piece_drop(struct piece *piece)
{
    if (piece->bytes == NULL) {
        return;
    }
    close(piece->fd);
    if (!piece->keep) {
        munmap(piece->bytes, piece->size);
    }
    memset(piece, 0, sizeof(*piece));
}

unsigned door_memory_held(void)
{
    unsigned held = 0;
    for (size_t i = 0; i < DOOR_PIECES; i++) {
        held += door_piece[i].bytes != NULL;
    }
    return held;
}

static struct piece *piece_find(uint64_t id)
{
    for (size_t i = 0; i < DOOR_PIECES; i++) {
        if (door_piece[i].bytes != NULL && (uint64_t)door_piece[i].id == id) {
            return &door_piece[i];
        }
    }
    return NULL;
}

static void door_register(int device, struct piece *piece, size_t size)
{
    memset(piece, 0, sizeof(*piece));
    piece->size = (size + 4095u) & ~(size_t)4095u;
    piece->bytes =
        mmap(NULL, piece->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct tee_ioctl_shm_register_data data = {.addr = (uintptr_t)piece->bytes,
                                               .length = piece->size};
    piece->fd = piece->bytes != MAP_FAILED ? ioctl(device, TEE_IOC_SHM_REGISTER, &data) : -1;
    piece->id = data.id;
    if (piece->fd < 0) {
        tee_bail("a supplicant's memory cannot be registered");
    }
}

bool door_open(const struct tee *tee)
{
    (void)tee;
    door_fd = open("/dev/teepriv0", O_RDWR | O_CLOEXEC);
    return door_fd >= 0;
}

void door_close(void)
{
    for (size_t i = 0; i < DOOR_PIECES; i++) {
        piece_drop(&door_piece[i]);
    }
    close(door_fd);
    door_fd = -1;
}

/* --- Answers. ------------------------------------------------------------------------------------- */

/* What stands in door_param, with so many parameters told and so many there. */
static bool door_send(uint32_t ret, uint32_t told, uint32_t there)
{
    door_room.answer.ret = ret;
    door_room.answer.num_params = told;
    memcpy(door_room.bytes + sizeof(door_room.answer), door_param, there * sizeof(door_param[0]));
    struct tee_ioctl_buf_data data = {.buf_ptr = (uintptr_t)door_room.bytes,
                                      .buf_len =
                                          sizeof(door_room.answer) + there * sizeof(door_param[0])};
    return ioctl(door_fd, TEE_IOC_SUPPL_SEND, &data) == 0;
}

bool door_answer(struct door_question *question, enum door_form form)
{
    const struct msg_arg *arg = &question->arg;
    uint32_t told = door_params;
    uint32_t there = door_params;
    uint32_t ret = arg->head.ret;
    for (uint32_t i = DOOR_META; i < door_params; i++) {
        const struct msg_param *from = &arg->params[i - DOOR_META];
        struct tee_ioctl_param *to = &door_param[i];
        if (to->attr >= TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT) {
            to->b = from->u.tmem.size;
        } else {
            to->a = from->u.value.a;
            to->b = from->u.value.b;
            to->c = from->u.value.c;
        }
    }
    switch (form) {
    case DOOR_GARBAGE:
        ret = random() % 4 == 0 ? 0 : (uint32_t)random();
        for (uint32_t i = DOOR_META; i < door_params; i++) {
            door_param[i].a = (uint64_t)random() << 33 ^ (uint64_t)random();
            door_param[i].b = (uint64_t)random() << 33 ^ (uint64_t)random();
            door_param[i].c = (uint64_t)random() << 33 ^ (uint64_t)random();
        }
        break;
    case DOOR_SHORT:
        told = there = door_params - 1;
        break;
    case DOOR_LONG:
        memset(&door_param[door_params], 0, sizeof(door_param[0]));
        told = there = door_params + 1;
        break;
    case DOOR_EMPTY:
        told = there = 0;
        break;
    case DOOR_OTHER:
        door_param[0].a += 7;
        break;
    case DOOR_MANY:
        told = 0x10000000;
        break;
    case DOOR_OTHER_TYPES:
        for (uint32_t i = DOOR_META; i < door_params; i++) {
            door_param[i].attr = TEE_IOCTL_PARAM_ATTR_TYPE_NONE;
        }
        break;
    default:
        break;
    }
    const bool sent = door_send(ret, told, there);
    if (form == DOOR_TWICE) {
        (void)door_send(ret, told, there);
    }
    door_forget(question);
    return sent;
}

void door_forget(struct door_question *question)
{
    for (size_t i = 0; i < DOOR_PIECES; i++) {
        door_piece[i].keep |= question->keep && door_piece[i].bytes == question->memory;
    }
    question->memory = NULL;
}

void door_unasked(void)
{
    for (uint64_t number = 1; number < 6; number++) {
        const struct tee_ioctl_param param[2] = {
            {.attr = TEE_IOCTL_PARAM_ATTR_META | TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INOUT,
             .a = number}};
        union {
            struct tee_iocl_supp_send_arg head;
            uint8_t bytes[sizeof(struct tee_iocl_supp_send_arg) + sizeof(param)];
        } answer = {.head.num_params = 2};
        memcpy(answer.bytes + sizeof(answer.head), param, sizeof(param));
        struct tee_ioctl_buf_data data = {.buf_ptr = (uintptr_t)&answer, .buf_len = sizeof(answer)};
        (void)ioctl(door_fd, TEE_IOC_SUPPL_SEND, &data);
    }
}

/* --- Memory for the TEE. -------------------------------------------------------------------------- */

static bool door_memory_make(struct tee_ioctl_param *param, enum door_memory lie)
{
    static struct piece foreign;
    struct piece *piece = door_piece;
    while (piece < door_piece + DOOR_PIECES && piece->bytes != NULL) {
        piece++;
    }
    if (piece == door_piece + DOOR_PIECES) {
        tee_bail("the TEE holds much memory of a supplicant's");
    }
    const size_t size = (size_t)param->b;
    switch (lie) {
    case DOOR_MEMORY_REFUSED:
        return door_send(TEEC_ERROR_GENERIC, door_params, door_params);
    case DOOR_MEMORY_NONE:
        param->c = UINT64_MAX;
        return door_send(0, door_params, door_params);
    case DOOR_MEMORY_FOREIGN: {
        const int client = open("/dev/tee0", O_RDWR | O_CLOEXEC);
        door_register(client, &foreign, size);
        param->c = (uint64_t)foreign.id;
        const bool sent = door_send(0, door_params, door_params);
        piece_drop(&foreign);
        close(client);
        return sent;
    }
    case DOOR_MEMORY_SMALL:
        door_register(door_fd, piece, size > 4096 ? size - 4096 : 1);
        break;
    default:
        door_register(door_fd, piece, size);
        break;
    }
    param->c = (uint64_t)piece->id;
    const bool sent = door_send(0, door_params, door_params);
    if (lie == DOOR_MEMORY_GONE) {
        piece_drop(piece);
    }
    return sent;
}

static bool door_memory_free(const struct tee_ioctl_param *param)
{
    struct piece *piece = piece_find(param->b);
    if (piece != NULL) {
        piece_drop(piece);
    }
    return door_send(0, door_params, door_params);
}

/* --- Questions. ----------------------------------------------------------------------------------- */

static bool door_receive(uint32_t *func)
{
    memset(&door_room, 0, sizeof(door_room));
    memset(door_param, 0, sizeof(door_param));
    struct tee_ioctl_param meta = {.attr = TEE_IOCTL_PARAM_ATTR_META};
    uint8_t *params = door_room.bytes + sizeof(door_room.question);
    memcpy(params, &meta, sizeof(meta));
    door_room.question.num_params = DOOR_PARAMS;
    struct tee_ioctl_buf_data data = {.buf_ptr = (uintptr_t)door_room.bytes,
                                      .buf_len = sizeof(door_room)};
    if (ioctl(door_fd, TEE_IOC_SUPPL_RECV, &data) != 0) {
        return false;
    }
    *func = door_room.question.func;
    door_params = door_room.question.num_params;
    /* One more than a question has: DOOR_LONG. */
    if (door_params <= DOOR_META || door_params >= DOOR_PARAMS) {
        tee_bail("a question with %u parameters", door_params);
    }
    memcpy(door_param, params, door_params * sizeof(door_param[0]));
    return true;
}

static void door_show(struct door_question *question, uint32_t func)
{
    memset(question, 0, sizeof(*question));
    question->arg.head.cmd = func;
    question->arg.head.num_params = door_params - DOOR_META;
    for (uint32_t i = DOOR_META; i < door_params; i++) {
        const struct tee_ioctl_param *from = &door_param[i];
        struct msg_param *to = &question->arg.params[i - DOOR_META];
        to->attr = from->attr;
        if (from->attr < TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT) {
            to->u.value.a = from->a;
            to->u.value.b = from->b;
            to->u.value.c = from->c;
            continue;
        }
        to->u.tmem.size = from->b;
        const struct piece *piece = from->b != 0 ? piece_find(from->c) : NULL;
        if (piece != NULL && from->a < piece->size) {
            question->memory = piece->bytes + from->a;
            question->room = piece->size - from->a;
        }
    }
}

bool door_ask(struct door_question *question, enum door_memory memory)
{
    uint32_t func;
    while (door_receive(&func)) {
        bool sent;
        if (func == MSG_RPC_SHM_ALLOC) {
            sent = door_memory_make(&door_param[DOOR_META], memory);
        } else if (func == MSG_RPC_SHM_FREE) {
            sent = door_memory_free(&door_param[DOOR_META]);
        } else {
            door_show(question, func);
            return true;
        }
        if (!sent) {
            return false;
        }
    }
    return false;
}

/* The hosted TEE's supplicant socket: see door.h and abi/hostlink.h. */
#include "door.h"

#include "link.h"
#include "tee.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

const bool door_makes_memory = false;

static volatile int door_fd = -1;
static size_t door_length; /* of the question's message */

unsigned door_memory_held(void)
{
    return 0;
}

bool door_open(const struct tee *tee)
{
    const int fd = link_connect(tee->run, LINK_SOCKET_SUPPLICANT);
    const struct link_hello hello = {
        .magic = LINK_MAGIC, .protocol = LINK_PROTOCOL, .kind = LINK_KIND_SUPPLICANT};
    struct link_welcome welcome;
    if (fd < 0 || send(fd, &hello, sizeof(hello), MSG_NOSIGNAL) != (ssize_t)sizeof(hello) ||
        recv(fd, &welcome, sizeof(welcome), 0) != (ssize_t)sizeof(welcome) || welcome.status != 0) {
        if (fd >= 0) {
            close(fd);
        }
        return false;
    }
    door_fd = fd;
    return true;
}

void door_close(void)
{
    close(door_fd);
    door_fd = -1;
}

static void door_map(struct door_question *question, int fd)
{
    struct stat room;
    if (fstat(fd, &room) == 0) {
        question->room = (size_t)room.st_size;
        question->memory = mmap(NULL, question->room, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (question->memory == MAP_FAILED) {
            question->memory = NULL;
        }
    }
    close(fd);
}

bool door_ask(struct door_question *question, enum door_memory memory)
{
    (void)memory;
    memset(question, 0, sizeof(*question));
    union {
        char bytes[CMSG_SPACE(8 * sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec in = {.iov_base = &question->arg, .iov_len = sizeof(question->arg)};
    struct msghdr message = {.msg_iov = &in,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof(control.bytes)};
    const ssize_t got = recvmsg(door_fd, &message, MSG_CMSG_CLOEXEC);
    if (got <= 0) {
        return false;
    }
    door_length = (size_t)got;
    for (struct cmsghdr *head = CMSG_FIRSTHDR(&message); head != NULL;
         head = CMSG_NXTHDR(&message, head)) {
        int fd;
        memcpy(&fd, CMSG_DATA(head), sizeof(fd));
        door_map(question, fd);
    }
    return true;
}

void door_forget(struct door_question *question)
{
    if (question->memory != NULL && !question->keep) {
        munmap(question->memory, question->room);
    }
    question->memory = NULL;
}

bool door_answer(struct door_question *question, enum door_form form)
{
    struct msg_arg *arg = &question->arg;
    uint8_t bytes[sizeof(*arg) + 512];
    size_t size = door_length;
    switch (form) {
    case DOOR_SHORT:
        size = 20;
        break;
    case DOOR_LONG:
        size += 300;
        break;
    case DOOR_EMPTY:
        size = 0;
        break;
    case DOOR_OTHER:
        arg->head.cmd = MSG_RPC_GET_TIME;
        break;
    case DOOR_MANY:
        arg->head.num_params = 0x10000000;
        break;
    case DOOR_OTHER_TYPES:
        arg->params[0].attr = MSG_ATTR_RMEM_INOUT;
        arg->params[1].attr = MSG_ATTR_VALUE_OUTPUT;
        break;
    default:
        break;
    }
    memset(bytes, 0x5e, sizeof(bytes));
    memcpy(bytes, arg, sizeof(*arg));
    for (size_t i = 0; i < sizeof(bytes) && form == DOOR_GARBAGE; i++) {
        bytes[i] = (uint8_t)random();
    }
    const bool sent = send(door_fd, bytes, size, MSG_NOSIGNAL) == (ssize_t)size;
    if (form == DOOR_TWICE) {
        (void)!send(door_fd, bytes, size, MSG_NOSIGNAL);
    }
    door_forget(question);
    return sent;
}

void door_unasked(void)
{
    struct msg_arg arg;
    memset(&arg, 0, sizeof(arg));
    for (int i = 0; i < 5; i++) {
        (void)!send(door_fd, &arg, sizeof(arg), MSG_NOSIGNAL);
    }
}

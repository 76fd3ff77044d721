/*
 * A supplicant that lies, sends garbage, changes a package between two reads and while it is read,
 * dies, or never answers (abi/hostlink.h's supplicant side, spoken by hand). The client gets an error
 * of the TEE's, the daemon lives, sessions that are open go on, and with an honest supplicant again
 * everything is as before.
 */
#include "call.h"
#include "link.h"
#include "probe/probe.h"
#include "tap.h"
#include "tee.h"

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum lie {
    HONEST,
    GARBAGE,         /* random octets of a message's size */
    SHORT,           /* an answer cut short */
    LONG,            /* an answer with octets behind it */
    EMPTY,           /* an answer of nothing */
    OTHER_COMMAND,   /* the answer to something else */
    MANY_PARAMS,     /* claims more parameters than there may be */
    OTHER_TYPES,     /* parameters of other types */
    SIZE_HUGE,       /* the package is 2^63 octets long */
    SIZE_ZERO,       /* the package is there and empty */
    SIZE_GROWS,      /* larger at each question */
    SIZE_BEYOND,     /* has written more than there is room for */
    NOTHING_WRITTEN, /* success, but the memory is as it was */
    ERRORS,          /* an error code of its own invention */
    CHANGES,         /* another package at the second read */
    SCRIBBLES,       /* changes the package all the while that the kernel has it */
    TWICE,           /* answers everything twice */
    DIES_AT_SIZE,    /* hangs up on the first question */
    DIES_AT_DATA,    /* hangs up on the second */
    EARLY,           /* answers before it is asked */
    LIES,
};

static const char *const lie_name[LIES] = {
    "honest",
    "garbage",
    "a short answer",
    "a long answer",
    "an empty answer",
    "the answer to another question",
    "too many parameters",
    "parameters of other types",
    "a size without end",
    "a size of zero",
    "a size that grows",
    "a size beyond the memory",
    "success without a package",
    "an error of its own invention",
    "another package at the second read",
    "a package that changes while it is read",
    "every answer twice",
    "death at the first question",
    "death at the second question",
    "answers before questions",
};

static const TEEC_UUID probe = PROBE_UUID;
static struct tee here;
static TEEC_Context context;
static volatile enum lie lie_now;
static volatile bool lie_silent;
static volatile bool lie_stop;
static volatile int lie_fd = -1;
static unsigned lie_questions; /* since the lie was told */

static uint32_t lie_random(void)
{
    static uint32_t x = 12345;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return x;
}

static bool lie_connect(void)
{
    const int fd = link_connect(here.run, LINK_SOCKET_SUPPLICANT);
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
    lie_fd = fd;
    return true;
}

/* Hangs up; the thread's loop connects again. */
static void lie_hang_up(void)
{
    close(lie_fd);
    lie_fd = -1;
}

static void *lie_scribble_thread(void *argument)
{
    struct {
        uint8_t *bytes;
        size_t size;
    } *piece = argument;
    const uint64_t end = tee_now_ms() + 1500;
    while (tee_now_ms() < end && !lie_stop) {
        for (int i = 0; i < 1000; i++) {
            piece->bytes[lie_random() % piece->size] ^= (uint8_t)lie_random();
        }
    }
    munmap(piece->bytes, piece->size);
    free(piece);
    return NULL;
}

static void lie_scribble(int fd, size_t size)
{
    struct {
        uint8_t *bytes;
        size_t size;
    } *piece = malloc(sizeof(*piece));
    pthread_t thread;
    piece->size = size;
    piece->bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (piece->bytes == MAP_FAILED) {
        free(piece);
        return;
    }
    pthread_create(&thread, NULL, lie_scribble_thread, piece);
    pthread_detach(thread);
}

/* The honest answer to one LOAD_APP, from the app folder: the message as it goes back. */
static void lie_load(struct msg_arg *arg, int memory)
{
    const uint8_t *id = arg->params[0].u.octets;
    char path[TEE_PATH * 2];
    (void)snprintf(path, sizeof(path),
                   "%s/%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x.ta",
                   here.apps, id[0], id[1], id[2], id[3], id[4], id[5], id[6], id[7], id[8], id[9],
                   id[10], id[11], id[12], id[13], id[14], id[15]);
    struct stat found;
    if (stat(path, &found) != 0) {
        arg->head.ret = TEEC_ERROR_ITEM_NOT_FOUND;
        return;
    }
    size_t size;
    uint8_t *bytes = tee_file_read(path, &size);
    if (lie_now == CHANGES && lie_questions > 1) {
        /* As long, but not the same. */
        memset(bytes + size / 2, 0x90, size / 4);
    }
    struct stat room;
    if (memory >= 0 && fstat(memory, &room) == 0 && (size_t)room.st_size >= size &&
        arg->params[1].u.tmem.size >= size && lie_now != NOTHING_WRITTEN) {
        uint8_t *out = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
        if (out != MAP_FAILED) {
            memcpy(out, bytes, size);
            munmap(out, size);
        }
        if (lie_now == SCRIBBLES) {
            lie_scribble(memory, size);
        }
    }
    arg->params[1].u.tmem.size = size;
    arg->head.ret = TEEC_SUCCESS;
    free(bytes);
}

/* Answers one question the way the lie wants it. */
static void lie_answer(struct msg_arg *arg, size_t length, int memory)
{
    uint8_t bytes[sizeof(*arg) + 512];
    lie_questions++;
    if (lie_now == DIES_AT_SIZE || (lie_now == DIES_AT_DATA && lie_questions > 1)) {
        lie_hang_up();
        return;
    }
    if (arg->head.cmd == MSG_RPC_LOAD_APP) {
        lie_load(arg, memory);
    } else {
        arg->head.ret = TEEC_ERROR_NOT_SUPPORTED;
    }
    struct msg_tmem *tmem = &arg->params[1].u.tmem;
    size_t size = length;
    switch (lie_now) {
    case SHORT:
        size = 20;
        break;
    case LONG:
        size = length + 300;
        break;
    case EMPTY:
        size = 0;
        break;
    case OTHER_COMMAND:
        arg->head.cmd = MSG_RPC_GET_TIME;
        break;
    case MANY_PARAMS:
        arg->head.num_params = 0x10000000;
        break;
    case OTHER_TYPES:
        arg->params[0].attr = MSG_ATTR_RMEM_INOUT;
        arg->params[1].attr = MSG_ATTR_VALUE_OUTPUT;
        break;
    case SIZE_HUGE:
        tmem->size = UINT64_C(1) << 63;
        break;
    case SIZE_ZERO:
        tmem->size = 0;
        break;
    case SIZE_GROWS:
        tmem->size += 4096u * lie_questions;
        break;
    case SIZE_BEYOND:
        tmem->size += lie_questions > 1 ? UINT64_C(1) << 40 : 0;
        break;
    case ERRORS:
        arg->head.ret = 0xabcdef00 + lie_questions;
        break;
    default:
        break;
    }
    memset(bytes, 0x5e, sizeof(bytes));
    memcpy(bytes, arg, sizeof(*arg));
    if (lie_now == GARBAGE) {
        for (size_t i = 0; i < sizeof(bytes); i++) {
            bytes[i] = (uint8_t)lie_random();
        }
    }
    (void)!send(lie_fd, bytes, size, MSG_NOSIGNAL);
    if (lie_now == TWICE) {
        (void)!send(lie_fd, bytes, size, MSG_NOSIGNAL);
    }
}

static void *lie_thread(void *argument)
{
    (void)argument;
    while (!lie_stop) {
        if (lie_fd < 0 && !lie_connect()) {
            tee_sleep_ms(10);
            continue;
        }
        struct msg_arg arg;
        memset(&arg, 0, sizeof(arg));
        union {
            char bytes[CMSG_SPACE(8 * sizeof(int))];
            struct cmsghdr align;
        } control;
        struct iovec in = {.iov_base = &arg, .iov_len = sizeof(arg)};
        struct msghdr message = {.msg_iov = &in,
                                 .msg_iovlen = 1,
                                 .msg_control = control.bytes,
                                 .msg_controllen = sizeof(control.bytes)};
        const ssize_t got = recvmsg(lie_fd, &message, MSG_CMSG_CLOEXEC);
        if (got <= 0) {
            lie_hang_up();
            continue;
        }
        int memory = -1;
        for (struct cmsghdr *head = CMSG_FIRSTHDR(&message); head != NULL;
             head = CMSG_NXTHDR(&message, head)) {
            memcpy(&memory, CMSG_DATA(head), sizeof(memory));
        }
        if (!lie_silent) {
            lie_answer(&arg, (size_t)got, memory);
        }
        if (memory >= 0) {
            close(memory);
        }
    }
    return NULL;
}

/* An error that is told as one of the way to the supplicant, or of the TEE. */
static bool lie_refused(TEEC_Result result, uint32_t origin)
{
    return result != TEEC_SUCCESS &&
           (origin == TEEC_ORIGIN_TEE ||
            (result == TEEC_ERROR_COMMUNICATION && origin == TEEC_ORIGIN_COMMS));
}

static TEEC_Result lie_open(const TEEC_UUID *uuid, uint32_t *origin)
{
    TEEC_Session session;
    const TEEC_Result result = call_open(&context, &session, uuid, origin);
    if (result == TEEC_SUCCESS && !call_probe_right(&session, 1)) {
        *origin = 99;
    }
    TEEC_CloseSession(&session);
    return result;
}

static void lie_tell(struct tap_group *group, TEEC_Session *witness, enum lie lie)
{
    /* A fresh app each time: what was verified once is not asked for again. */
    const TEEC_UUID uuid = tee_uuid_plus(probe, 100u + (uint32_t)lie);
    tee_sign(&here, TEE_PROBE, &uuid, "");
    lie_questions = 0;
    lie_now = lie;
    if (lie == EARLY && lie_fd >= 0) {
        struct msg_arg arg;
        memset(&arg, 0, sizeof(arg));
        for (int i = 0; i < 5; i++) {
            (void)!send(lie_fd, &arg, sizeof(arg), MSG_NOSIGNAL);
        }
    }
    uint32_t origin = 0;
    TEEC_Result result = lie_open(&uuid, &origin);
    /* Some lies can be seen through and the truth be found all the same; a false success cannot. */
    const bool may_succeed = lie == HONEST || lie == TWICE || lie == EARLY || lie == SCRIBBLES;
    const bool succeeded = result == TEEC_SUCCESS && origin == TEEC_ORIGIN_TRUSTED_APP;
    tap_check(group, (may_succeed && succeeded) || (lie != HONEST && lie_refused(result, origin)),
              "%s: %s from %u", lie_name[lie], postern_teec_strerror(result), origin);
    tap_check(group, tee_lives(&here) && call_probe_right(witness, (uint32_t)lie),
              "%s: the open session suffered", lie_name[lie]);
    lie_now = HONEST;
    /* The first questions after a lie may still meet its remains (a second answer, a closed line):
     * an error then, but soon it is well again. */
    for (int i = 0; i < 50; i++) {
        origin = 0;
        result = lie_open(&uuid, &origin);
        if (result == TEEC_SUCCESS) {
            break;
        }
        tee_sleep_ms(100);
    }
    tap_check(group, result == TEEC_SUCCESS && origin == TEEC_ORIGIN_TRUSTED_APP,
              "%s: honest again: %s from %u", lie_name[lie], postern_teec_strerror(result), origin);
}

static void lie_be_silent(TEEC_Session *witness)
{
    const TEEC_UUID uuid = tee_uuid_plus(probe, 300);
    tee_sign(&here, TEE_PROBE, &uuid, "");
    lie_silent = true;
    uint32_t origin = 0;
    TEEC_Result result = lie_open(&uuid, &origin);
    tap_ok(lie_refused(result, origin), "a supplicant that never answers: %s from %s",
           postern_teec_strerror(result), postern_teec_origin_name(origin));
    tap_ok(call_probe_right(witness, 9), "open sessions go on");
    lie_silent = false;
    for (int i = 0; i < 100 && result != TEEC_SUCCESS; i++) {
        result = lie_open(&uuid, &origin);
        tee_sleep_ms(100);
    }
    tap_ok(result == TEEC_SUCCESS, "when it answers again, apps can be opened");
}

/* Nobody at all, then two at once. */
static void lie_nobody(void)
{
    const TEEC_UUID uuid = tee_uuid_plus(probe, 301);
    tee_sign(&here, TEE_PROBE, &uuid, "");
    uint32_t origin = 0;
    const TEEC_Result result = lie_open(&uuid, &origin);
    tap_ok(lie_refused(result, origin), "no supplicant at all: %s from %s",
           postern_teec_strerror(result), postern_teec_origin_name(origin));
}

int main(void)
{
    for (enum lie lie = HONEST; lie < LIES && tee_cannot(TEE_SUPPLICANT) != NULL; lie++) {
        (void)tee_lacks(TEE_SUPPLICANT, lie_name[lie]);
    }
    if (tee_cannot(TEE_SUPPLICANT) != NULL) {
        return tap_end();
    }
    tee_create(&here);
    tee_sign(&here, TEE_PROBE, &probe, "");
    tee_start_daemon(&here);
    call_context(&context);
    lie_nobody();
    pthread_t thread;
    pthread_create(&thread, NULL, lie_thread, NULL);
    TEEC_Session witness;
    uint32_t origin = 0;
    TEEC_Result result = TEEC_ERROR_GENERIC;
    for (int i = 0; i < 100 && result != TEEC_SUCCESS; i++) {
        result = call_open(&context, &witness, &probe, &origin);
        tee_sleep_ms(50);
    }
    if (tap_result(result, origin, TEEC_SUCCESS, TEEC_ORIGIN_TRUSTED_APP,
                   "an honest supplicant made by hand")) {
        for (enum lie lie = HONEST; lie < LIES; lie++) {
            struct tap_group group = {0};
            char line[128];
            lie_tell(&group, &witness, lie);
            (void)snprintf(line, sizeof(line), "a supplicant's lie: %s", lie_name[lie]);
            tap_group_end(&group, line);
        }
        lie_be_silent(&witness);
    }
    TEEC_CloseSession(&witness);
    TEEC_FinalizeContext(&context);
    tap_ok(tee_stop(&here) == 0, "the daemon ends cleanly afterwards");
    lie_stop = true;
    if (lie_fd >= 0) {
        (void)shutdown(lie_fd, SHUT_RDWR);
    }
    pthread_join(thread, NULL);
    tee_destroy(&here);
    return tap_end();
}

/*
 * A supplicant that lies, sends garbage, changes a package between two reads and while it is read,
 * dies, or never answers (its door, spoken by hand: door.h). The client gets an error of the TEE's, the
 * TEE lives, sessions that are open go on, and with an honest supplicant again everything is as before.
 */
#include "call.h"
#include "door.h"
#include "probe/probe.h"
#include "tap.h"
#include "tee.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIE_APPS 0x2000u /* apps of this test: the probe's UUID plus this, and more */

enum lie {
    HONEST,
    GARBAGE,
    SHORT,
    LONG,
    EMPTY,
    OTHER_QUESTION,
    MANY_PARAMS,
    OTHER_TYPES,
    TWICE,           /* answers everything twice */
    SIZE_HUGE,       /* the package is 2^63 octets long */
    SIZE_ZERO,       /* the package is there and empty */
    SIZE_GROWS,      /* larger at each question */
    SIZE_SHRINKS,    /* shorter when it is fetched than when its size was asked for */
    SIZE_BEYOND,     /* has written more than there is room for */
    NOTHING_WRITTEN, /* success, but the memory is as it was */
    FILE_GARBAGE,    /* a package of random octets */
    ERRORS,          /* an error code of its own invention */
    CHANGES,         /* another package at the second read */
    SCRIBBLES,       /* changes the package all the while that the kernel has it */
    DIES_AT_SIZE,    /* hangs up on the first question */
    DIES_AT_DATA,    /* hangs up when it should fetch */
    EARLY,           /* answers before it is asked */
    MEMORY_REFUSED,  /* from here on about the memory that a supplicant makes: door.h */
    MEMORY_NONE,
    MEMORY_FOREIGN,
    MEMORY_SMALL,
    MEMORY_GONE,
    LIES,
};

static const struct {
    const char *name;
    enum door_form form;
    enum door_memory memory;
    bool may_succeed; /* it can be seen through and the truth be found all the same */
} lies[LIES] = {
    [HONEST] = {.name = "honest", .may_succeed = true},
    [GARBAGE] = {.name = "garbage", .form = DOOR_GARBAGE},
    [SHORT] = {.name = "a short answer", .form = DOOR_SHORT},
    [LONG] = {.name = "a long answer", .form = DOOR_LONG},
    [EMPTY] = {.name = "an empty answer", .form = DOOR_EMPTY},
    [OTHER_QUESTION] = {.name = "the answer to another question", .form = DOOR_OTHER},
    [MANY_PARAMS] = {.name = "too many parameters", .form = DOOR_MANY},
    [OTHER_TYPES] = {.name = "parameters of other types", .form = DOOR_OTHER_TYPES},
    [TWICE] = {.name = "every answer twice", .form = DOOR_TWICE, .may_succeed = true},
    [SIZE_HUGE] = {.name = "a size without end"},
    [SIZE_ZERO] = {.name = "a size of zero"},
    [SIZE_GROWS] = {.name = "a size that grows"},
    [SIZE_SHRINKS] = {.name = "a size that shrinks"},
    [SIZE_BEYOND] = {.name = "a size beyond the memory"},
    [NOTHING_WRITTEN] = {.name = "success without a package"},
    [FILE_GARBAGE] = {.name = "a package of random octets"},
    [ERRORS] = {.name = "an error of its own invention"},
    [CHANGES] = {.name = "another package at the second read"},
    [SCRIBBLES] = {.name = "a package that changes while it is read", .may_succeed = true},
    [DIES_AT_SIZE] = {.name = "death at the first question"},
    [DIES_AT_DATA] = {.name = "death when it should fetch"},
    [EARLY] = {.name = "answers before questions", .may_succeed = true},
    [MEMORY_REFUSED] = {.name = "no memory", .memory = DOOR_MEMORY_REFUSED},
    [MEMORY_NONE] = {.name = "memory that is none", .memory = DOOR_MEMORY_NONE},
    [MEMORY_FOREIGN] = {.name = "a client's memory", .memory = DOOR_MEMORY_FOREIGN},
    [MEMORY_SMALL] = {.name = "memory that is too small", .memory = DOOR_MEMORY_SMALL},
    [MEMORY_GONE] = {.name = "memory that goes away", .memory = DOOR_MEMORY_GONE},
};

static const TEEC_UUID probe = PROBE_UUID;
static struct tee here;
static TEEC_Context context;
static volatile enum lie lie_now;
static volatile bool lie_silent;
static volatile bool lie_stop;
static volatile bool lie_ended;
static volatile unsigned lie_questions; /* since the lie was told */

static uint32_t lie_random(void)
{
    static uint32_t x = 12345;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return x;
}

struct lie_piece {
    uint8_t *bytes;
    size_t size;
    size_t room;
};

static void *lie_scribble_thread(void *argument)
{
    struct lie_piece *piece = argument;
    const uint64_t end = tee_now_ms() + 1500;
    while (tee_now_ms() < end && !lie_stop) {
        for (int i = 0; i < 1000; i++) {
            piece->bytes[lie_random() % piece->size] ^= (uint8_t)lie_random();
        }
    }
    munmap(piece->bytes, piece->room);
    free(piece);
    return NULL;
}

static void lie_scribble(struct door_question *question, size_t size)
{
    struct lie_piece *piece = malloc(sizeof(*piece));
    pthread_t thread;
    *piece = (struct lie_piece){question->memory, size, question->room};
    question->keep = true;
    pthread_create(&thread, NULL, lie_scribble_thread, piece);
    pthread_detach(thread);
}

/* The package at a place where the TEE sees it. */
static void lie_write(struct door_question *question, uint8_t *bytes, size_t size)
{
    if (lie_now == CHANGES) {
        /* As long, but not the same. */
        memset(bytes + size / 2, 0x90, size / 4);
    }
    for (size_t i = 0; i < size && lie_now == FILE_GARBAGE; i++) {
        bytes[i] = (uint8_t)lie_random();
    }
    if (lie_now != NOTHING_WRITTEN) {
        memcpy(question->memory, bytes, size);
    }
    if (lie_now == SCRIBBLES) {
        lie_scribble(question, size);
    }
}

/* The honest answer to one LOAD_APP, from the app folder: the message as it goes back. */
static void lie_load(struct door_question *question)
{
    struct msg_arg *arg = &question->arg;
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
    if (question->memory != NULL && question->room >= size && arg->params[1].u.tmem.size >= size) {
        lie_write(question, bytes, size);
    }
    arg->params[1].u.tmem.size = size;
    arg->head.ret = TEEC_SUCCESS;
    free(bytes);
}

/* Answers one question the way the lie wants it. False: hang up. */
static bool lie_answer(struct door_question *question)
{
    struct msg_arg *arg = &question->arg;
    struct msg_tmem *tmem = &arg->params[1].u.tmem;
    const bool data = tmem->size != 0 && arg->head.cmd == MSG_RPC_LOAD_APP;
    lie_questions++;
    if (lie_now == DIES_AT_SIZE || (lie_now == DIES_AT_DATA && data)) {
        return false;
    }
    if (arg->head.cmd != MSG_RPC_LOAD_APP) {
        arg->head.ret = lie_now == ERRORS ? 0xabcdef00 : TEEC_ERROR_NOT_SUPPORTED;
        return door_answer(question, lies[lie_now].form);
    }
    lie_load(question);
    switch (lie_now) {
    case SIZE_HUGE:
        tmem->size = UINT64_C(1) << 63;
        break;
    case SIZE_ZERO:
        tmem->size = 0;
        break;
    case SIZE_GROWS:
        tmem->size += 4096u * lie_questions;
        break;
    case SIZE_SHRINKS:
        tmem->size -= data ? 100 : 0;
        break;
    case SIZE_BEYOND:
        tmem->size += data ? UINT64_C(1) << 40 : 0;
        break;
    case ERRORS:
        arg->head.ret = 0xabcdef00 + lie_questions;
        break;
    default:
        break;
    }
    return door_answer(question, lies[lie_now].form);
}

/* A supplicant whose answer is not passed on hangs up, and comes back. */
static void *lie_thread(void *argument)
{
    (void)argument;
    while (!lie_stop) {
        if (!door_open(&here)) {
            tee_sleep_ms(10);
            continue;
        }
        struct door_question question = {.memory = NULL};
        bool well = true;
        while (well && !lie_stop && door_ask(&question, lies[lie_now].memory)) {
            if (!lie_silent) {
                well = lie_answer(&question);
                continue;
            }
            lie_questions++;
            /* Where the TEE does not give up on it, it dies in the end. */
            while (lie_silent && tee_cannot(TEE_SILENCE) != NULL) {
                tee_sleep_ms(10);
                well = false;
            }
        }
        door_forget(&question);
        door_close();
    }
    lie_ended = true;
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

/* The first questions after a lie may still meet its remains (a second answer, a closed line): an
 * error then, but soon it is well again. */
static TEEC_Result lie_open_soon(const TEEC_UUID *uuid, uint32_t *origin)
{
    const uint64_t end = tee_now_ms() + 60000u;
    TEEC_Result result = lie_open(uuid, origin);
    while (result != TEEC_SUCCESS && tee_now_ms() < end) {
        tee_sleep_ms(100);
        result = lie_open(uuid, origin);
    }
    return result;
}

static void lie_tell(TEEC_Session *witness, enum lie lie)
{
    /* A fresh app each time: what was verified once is not asked for again. */
    const TEEC_UUID uuid = tee_uuid_plus(probe, LIE_APPS + (uint32_t)lie);
    const char *name = lies[lie].name;
    char line[128];
    (void)snprintf(line, sizeof(line), "a supplicant's lie: %s", name);
    if (lie == DIES_AT_DATA && tee_lacks(TEE_FETCH_DEATH, line)) {
        return;
    }
    struct tap_group group = {0};
    tee_sign(&here, TEE_PROBE, &uuid, "");
    lie_questions = 0;
    lie_now = lie;
    if (lie == EARLY) {
        door_unasked();
    }
    uint32_t origin = 0;
    TEEC_Result result = lie_open(&uuid, &origin);
    const bool succeeded = result == TEEC_SUCCESS && origin == TEEC_ORIGIN_TRUSTED_APP;
    tap_check(&group,
              (lies[lie].may_succeed && succeeded) ||
                  (lie != HONEST && lie_refused(result, origin)),
              "%s from %u", postern_teec_strerror(result), origin);
    tap_check(&group, lie_questions != 0 || lie == EARLY, "nothing was asked");
    tap_check(&group, tee_lives(&here) && call_probe_right(witness, (uint32_t)lie),
              "the open session suffered");
    tap_note("%s: %s", name, postern_teec_strerror(result));
    lie_now = HONEST;
    result = lie_open_soon(&uuid, &origin);
    tap_check(&group, result == TEEC_SUCCESS && origin == TEEC_ORIGIN_TRUSTED_APP,
              "honest again: %s from %u", postern_teec_strerror(result), origin);
    tap_check(&group, door_memory_held() == 0, "the TEE keeps memory of the supplicant's");
    tap_group_end(&group, line);
}

struct lie_opening {
    pthread_t thread;
    TEEC_UUID uuid;
    TEEC_Result result;
    uint32_t origin;
};

static void *lie_open_thread(void *argument)
{
    struct lie_opening *opening = argument;
    opening->result = lie_open(&opening->uuid, &opening->origin);
    return NULL;
}

static void lie_be_silent(TEEC_Session *witness)
{
    struct lie_opening opening = {.uuid = tee_uuid_plus(probe, LIE_APPS + LIES)};
    tee_sign(&here, TEE_PROBE, &opening.uuid, "");
    lie_questions = 0;
    lie_silent = true;
    pthread_create(&opening.thread, NULL, lie_open_thread, &opening);
    while (lie_questions == 0) {
        tee_sleep_ms(5);
    }
    tap_ok(call_probe_right(witness, 9), "a supplicant never answers: open sessions go on");
    if (tee_cannot(TEE_SILENCE) != NULL) {
        lie_silent = false; /* it dies */
    }
    pthread_join(opening.thread, NULL);
    /* Its death is one question's end; the next may find it alive again. */
    const bool served = tee_cannot(TEE_SILENCE) != NULL && opening.result == TEEC_SUCCESS;
    tap_ok(served || lie_refused(opening.result, opening.origin),
           "the open that asked it: %s from %s", postern_teec_strerror(opening.result),
           postern_teec_origin_name(opening.origin));
    lie_silent = false;
    const TEEC_Result result = lie_open_soon(&opening.uuid, &opening.origin);
    tap_ok(result == TEEC_SUCCESS, "when it answers again, apps can be opened: %s",
           postern_teec_strerror(result));
}

/* Nobody at all: where the system waits for somebody to come (tests/e2e/death.c), there is no answer to
 * look at. */
static void lie_nobody(void)
{
    if (tee_cannot(TEE_ABSENCE) != NULL) {
        return;
    }
    const TEEC_UUID uuid = tee_uuid_plus(probe, LIE_APPS + LIES + 1);
    tee_sign(&here, TEE_PROBE, &uuid, "");
    uint32_t origin = 0;
    const TEEC_Result result = lie_open(&uuid, &origin);
    tap_ok(lie_refused(result, origin), "no supplicant at all is an error: %s from %s",
           postern_teec_strerror(result), postern_teec_origin_name(origin));
}

static void lie_wake(int number)
{
    (void)number;
}

/* The liar's thread ends, wherever it waits. */
static void lie_end(pthread_t thread)
{
    const struct sigaction wake = {.sa_handler = lie_wake};
    (void)sigaction(SIGUSR1, &wake, NULL);
    lie_stop = true;
    while (!lie_ended) {
        (void)pthread_kill(thread, SIGUSR1);
        tee_sleep_ms(10);
    }
    pthread_join(thread, NULL);
}

static void lie_real(TEEC_Session *witness)
{
    const TEEC_UUID uuid = tee_uuid_plus(probe, LIE_APPS + LIES + 2);
    uint32_t origin = 0;
    tee_sign(&here, TEE_PROBE, &uuid, "");
    tee_start_supplicant(&here);
    const TEEC_Result result = lie_open_soon(&uuid, &origin);
    tap_result(result, origin, TEEC_SUCCESS, TEEC_ORIGIN_TRUSTED_APP,
               "then the real supplicant serves");
    tap_ok(call_probe_right(witness, 10), "and the session from the beginning goes on");
}

int main(void)
{
    tee_create(&here);
    tee_sign(&here, TEE_PROBE, &probe, "");
    tee_start_daemon(&here);
    call_context(&context);
    lie_nobody();
    pthread_t thread;
    pthread_create(&thread, NULL, lie_thread, NULL);
    TEEC_Session witness;
    uint32_t origin = 0;
    const TEEC_Result first = lie_open_soon(&probe, &origin);
    const TEEC_Result result = call_open(&context, &witness, &probe, &origin);
    if (!tap_result(result, origin, TEEC_SUCCESS, TEEC_ORIGIN_TRUSTED_APP,
                    "an honest supplicant made by hand") ||
        first != TEEC_SUCCESS) {
        return tap_end();
    }
    for (enum lie lie = HONEST; lie < (door_makes_memory ? LIES : MEMORY_REFUSED); lie++) {
        lie_tell(&witness, lie);
    }
    lie_be_silent(&witness);
    lie_end(thread);
    lie_real(&witness);
    TEEC_CloseSession(&witness);
    TEEC_FinalizeContext(&context);
    tee_end(&here);
    return tap_end();
}

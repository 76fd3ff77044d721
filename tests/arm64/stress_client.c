/*
 * Clients under circumstances: a machine that changes, callers that are taken off their processor, more
 * callers than there are call slots, and a machine that has nothing to do.
 *
 *   stress_client steady        calls without end from four threads, until SIGTERM; then a line
 *                               `guest: steady good`
 *   stress_client wait MS       an app sleeps for so long; `guest: waited good`
 *   stress_client crowd         TAP: more callers than slots, and a caller that is starved
 *   stress_client idle COMMAND  TAP: marks for tests/arm64/count.c around moments in which nothing may
 *                               happen; COMMAND starts the supplicant in between
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <tee_client_api.h>
#include <time.h>
#include <unistd.h>

#include "shared/shared.h"

/* A row of `ret` instructions, each a function: 2n starts case n, 2n + 1 ends it. */
__asm__(".pushsection .text\n"
        ".balign 64\n"
        ".global stress_marks\n"
        "stress_marks:\n"
        ".rept 128\n"
        "ret\n"
        ".endr\n"
        ".popsection\n");
extern const uint32_t stress_marks[128];

static const TEEC_UUID uuid = SHARED_UUID;
static TEEC_Context context;
static int number, failed;
static atomic_bool stop;

static void ok(bool good, const char *what)
{
    printf("%sok %d - %s\n", good ? "" : "not ", ++number, what);
    fflush(stdout);
    failed |= !good;
}

static TEEC_Result start(TEEC_Session *session)
{
    TEEC_Result result = TEEC_ERROR_BUSY;
    for (int i = 0; i < 2400; i++) {
        result = TEEC_OpenSession(&context, session, &uuid, TEEC_LOGIN_PUBLIC, NULL, NULL, NULL);
        if (result != TEEC_ERROR_OUT_OF_MEMORY && result != TEEC_ERROR_BUSY)
            break;
        usleep(50000);
    }
    return result;
}

static TEEC_Result value(TEEC_Session *session, uint32_t command, uint32_t a, uint32_t *b)
{
    TEEC_Operation operation = {
        .paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_INOUT, TEEC_NONE, TEEC_NONE, TEEC_NONE)};
    operation.params[0].value.a = a;
    TEEC_Result result = TEEC_InvokeCommand(session, command, &operation, NULL);
    if (b != NULL)
        *b = operation.params[0].value.b;
    return result;
}

/* --- steady, wait. -------------------------------------------------------------------------------- */

static void stopped(int signal)
{
    (void)signal;
    stop = true;
}

static void *steady_thread(void *first)
{
    while (!stop) {
        TEEC_Session session;
        TEEC_Result result = start(&session);
        if (result != TEEC_SUCCESS) {
            printf("guest: steady: open %x\n", result);
            return first;
        }
        for (uint32_t i = 0; i < 20; i++) {
            uint32_t b = 0;
            result = value(&session, SHARED_COMPUTE, 20000, &b);
            if (result == TEEC_SUCCESS && i == 7)
                result = value(&session, SHARED_WAIT, 5, NULL);
            if (result != TEEC_SUCCESS || b != *(uint32_t *)first) {
                printf("guest: steady: invoke %x\n", result);
                return first;
            }
        }
        TEEC_CloseSession(&session);
    }
    return NULL;
}

static int steady(void)
{
    TEEC_Session session;
    pthread_t thread[4];
    uint32_t first = 0;
    bool good = start(&session) == TEEC_SUCCESS &&
                value(&session, SHARED_COMPUTE, 20000, &first) == TEEC_SUCCESS;
    signal(SIGTERM, stopped);
    printf("guest: steady begins\n");
    fflush(stdout);
    for (int i = 0; i < 4; i++)
        pthread_create(&thread[i], NULL, steady_thread, &first);
    for (int i = 0; i < 4; i++) {
        void *result;
        pthread_join(thread[i], &result);
        good = good && result == NULL;
    }
    TEEC_CloseSession(&session);
    printf("guest: steady %s\n", good ? "good" : "bad");
    return !good;
}

static int wait_once(uint32_t milliseconds)
{
    TEEC_Session session;
    bool good = start(&session) == TEEC_SUCCESS;
    printf("guest: waits\n");
    fflush(stdout);
    good = good && value(&session, SHARED_WAIT, milliseconds, NULL) == TEEC_SUCCESS;
    printf("guest: waited %s\n", good ? "good" : "bad");
    return !good;
}

/* --- crowd. ----------------------------------------------------------------------------------------- */

#define CALLERS 40
#define SESSIONS 4

struct waiter {
    pthread_t thread;
    TEEC_Session *session;
    TEEC_Operation operation;
    TEEC_Result result;
};

static void *waiter_run(void *context_of_thread)
{
    struct waiter *waiter = context_of_thread;
    waiter->result = TEEC_InvokeCommand(waiter->session, SHARED_WAIT, &waiter->operation, NULL);
    return NULL;
}

static void waiter_start(struct waiter *waiter, TEEC_Session *session)
{
    *waiter = (struct waiter){.session = session};
    waiter->operation.paramTypes =
        TEEC_PARAM_TYPES(TEEC_VALUE_INPUT, TEEC_NONE, TEEC_NONE, TEEC_NONE);
    waiter->operation.params[0].value.a = 3600000;
    pthread_create(&waiter->thread, NULL, waiter_run, waiter);
}

static void *closer_run(void *session)
{
    TEEC_CloseSession(session);
    return NULL;
}

/* All slots are taken by calls that wait in an app; more callers queue in Linux. */
static void slots(void)
{
    static struct waiter waiter[CALLERS];
    TEEC_Session session[SESSIONS];
    pthread_t closer[SESSIONS];
    bool good = true;
    for (int i = 0; i < SESSIONS; i++)
        good = start(&session[i]) == TEEC_SUCCESS && good;
    for (int i = 0; i < CALLERS; i++)
        waiter_start(&waiter[i], &session[i % SESSIONS]);
    sleep(2);
    for (int i = CALLERS; i-- > 0;)
        TEEC_RequestCancellation(&waiter[i].operation);
    for (int i = 0; i < CALLERS; i++) {
        pthread_join(waiter[i].thread, NULL);
        good = good && waiter[i].result == TEEC_ERROR_CANCEL;
    }
    ok(good, "40 callers that wait in an app are cancelled, slots or none");
    for (int i = 0; i < SESSIONS; i++)
        pthread_create(&closer[i], NULL, closer_run, &session[i]);
    for (int i = 0; i < SESSIONS; i++)
        pthread_join(closer[i], NULL);
    ok(start(&session[0]) == TEEC_SUCCESS &&
           value(&session[0], SHARED_NOTHING, 0, NULL) == TEEC_SUCCESS,
       "their sessions are closed, and the app serves others");
    TEEC_CloseSession(&session[0]);
}

static void pin(int processor, int policy)
{
    cpu_set_t set;
    struct sched_param param = {.sched_priority = policy == SCHED_FIFO ? 50 : 0};
    CPU_ZERO(&set);
    CPU_SET(processor, &set);
    sched_setaffinity(0, sizeof(set), &set);
    sched_setscheduler(0, policy, &param);
}

#define ROUNDS 400000000u

static atomic_bool other_served, hog_gave_up, starved_good, starved_begins;

static void *starved_run(void *session)
{
    pin(0, SCHED_OTHER);
    uint32_t b = 0;
    starved_begins = true;
    starved_good = value(session, SHARED_COMPUTE, ROUNDS, &b) == TEEC_SUCCESS && b != 0;
    return NULL;
}

/* Takes all of processor 0 until the other caller was served; not for ever. */
static void *hog_run(void *unused)
{
    struct timespec begin;
    struct timespec now;
    (void)unused;
    pin(0, SCHED_FIFO);
    clock_gettime(CLOCK_MONOTONIC, &begin);
    while (!other_served && !hog_gave_up) {
        clock_gettime(CLOCK_MONOTONIC, &now);
        hog_gave_up = now.tv_sec - begin.tv_sec > 60;
    }
    return NULL;
}

static void starved(void)
{
    TEEC_Session session;
    TEEC_Session other;
    pthread_t caller;
    pthread_t hog;
    FILE *file = fopen("/proc/sys/kernel/sched_rt_runtime_us", "w");
    if (file != NULL) {
        fputs("-1", file);
        fclose(file);
    }
    bool good = start(&session) == TEEC_SUCCESS && start(&other) == TEEC_SUCCESS;
    pin(1, SCHED_OTHER);
    pthread_create(&caller, NULL, starved_run, &session);
    while (!starved_begins)
        usleep(1000);
    usleep(50000);
    pthread_create(&hog, NULL, hog_run, NULL);
    usleep(200000);
    good = value(&other, SHARED_NOTHING, 0, NULL) == TEEC_SUCCESS && good && !hog_gave_up;
    other_served = true;
    pthread_join(hog, NULL);
    pthread_join(caller, NULL);
    ok(good, "a caller without a processor does not hold the app that another one waits for");
    ok(starved_good, "its own call ends well");
    TEEC_CloseSession(&session);
    TEEC_CloseSession(&other);
}

/* Another program is stopped in the middle of its call. */
static void stopped_program(void)
{
    TEEC_Session session;
    pid_t child = fork();
    if (child == 0) {
        TEEC_Session mine;
        uint32_t b = 0;
        _exit(TEEC_InitializeContext(NULL, &context) != TEEC_SUCCESS ||
              start(&mine) != TEEC_SUCCESS ||
              value(&mine, SHARED_COMPUTE, ROUNDS, &b) != TEEC_SUCCESS || b == 0);
    }
    usleep(300000);
    kill(child, SIGSTOP);
    bool good =
        start(&session) == TEEC_SUCCESS && value(&session, SHARED_NOTHING, 0, NULL) == TEEC_SUCCESS;
    TEEC_CloseSession(&session);
    ok(good, "a program that was stopped in its call does not hold the app");
    kill(child, SIGCONT);
    int status = 1;
    waitpid(child, &status, 0);
    ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "it goes on, and its call ends well");
}

/* --- idle. ------------------------------------------------------------------------------------------ */

/* Seconds after which what was begun has come as far as it can. */
#define SETTLE 5
/* A deadline that was given up on one processor may still ring once on another: so long after a
 * cancellation (postern.cancelGrace) nothing does. */
#define SETTLE_CANCELLED 13

/* A moment for what is under way to settle, then some seconds that are counted. */
static void quiet(unsigned which, unsigned settle)
{
    sleep(settle);
    ((void (*)(void))(uintptr_t)&stress_marks[(size_t)2 * which])();
    sleep(4);
    ((void (*)(void))(uintptr_t)&stress_marks[(size_t)2 * which + 1])();
}

static void *opener_run(void *session)
{
    return start(session) == TEEC_SUCCESS ? NULL : session;
}

static void idle(const char *supplicant)
{
    TEEC_Session session;
    TEEC_Session other;
    pthread_t opener;
    struct waiter waiter[3];
    void *result = NULL;

    pthread_create(&opener, NULL, opener_run, &session);
    quiet(0, SETTLE); /* an open waits for a supplicant */
    ok(system(supplicant) == 0, "the supplicant starts");
    pthread_join(opener, &result);
    ok(result == NULL && start(&other) == TEEC_SUCCESS, "then the open succeeds");
    quiet(1, SETTLE); /* sessions are open */
    waiter_start(&waiter[0], &session);
    quiet(2, SETTLE); /* an app sleeps, its caller with it */
    waiter_start(&waiter[1], &session);
    waiter_start(&waiter[2], &other);
    quiet(3, SETTLE); /* others wait for their turn, in the session and at the app */
    bool good = true;
    for (int i = 3; i-- > 0;)
        TEEC_RequestCancellation(&waiter[i].operation);
    for (int i = 0; i < 3; i++) {
        pthread_join(waiter[i].thread, NULL);
        good = good && waiter[i].result == TEEC_ERROR_CANCEL;
    }
    ok(good, "the sleepers are cancelled");
    ok(value(&session, SHARED_CRASH, 0, NULL) == TEEC_ERROR_TARGET_DEAD, "the app crashes");
    quiet(4, SETTLE_CANCELLED); /* its sessions are still there */
    TEEC_CloseSession(&session);
    TEEC_CloseSession(&other);
    quiet(5, SETTLE_CANCELLED);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    if (TEEC_InitializeContext(NULL, &context) != TEEC_SUCCESS) {
        printf("guest: no TEE\n");
        return 1;
    }
    if (strcmp(what, "steady") == 0)
        return steady();
    if (strcmp(what, "wait") == 0 && argc > 2)
        return wait_once((uint32_t)atoi(argv[2]));
    if (strcmp(what, "crowd") == 0) {
        slots();
        starved();
        stopped_program();
    } else if (strcmp(what, "idle") == 0 && argc > 2) {
        idle(argv[2]);
    }
    printf("1..%d\n", number);
    return failed;
}

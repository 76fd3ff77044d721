/*
 * Many threads, cancellation, fork, and a TEE that dies while everybody waits. Built with
 * ThreadSanitizer as well.
 */
#include "fixture.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

/* --- Everybody at once. ---------------------------------------------------------------------- */

#define WORKERS 8

static atomic_uint wrong;

static void worker_session(TEEC_Session *s, unsigned seed)
{
    TEEC_Operation op = TEEC_OPERATION_INITIALIZER;
    uint8_t in[3000], out[3000];
    size_t size = 1 + seed * 37 % sizeof(in);
    uint32_t sum = 0;

    for (size_t i = 0; i < size; i++) {
        in[i] = (uint8_t)(seed + i);
        sum += in[i];
    }
    op.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT, TEEC_MEMREF_TEMP_INOUT, TEEC_NONE,
                                     TEEC_VALUE_OUTPUT);
    memcpy(out, in, size);
    op.params[0].tmpref = (TEEC_TempMemoryReference){in, size};
    op.params[1].tmpref = (TEEC_TempMemoryReference){out, size};
    if (TEEC_InvokeCommand(s, PEER_SUM, &op, NULL) != TEEC_SUCCESS ||
        op.params[3].value.a != 2 * sum)
        atomic_fetch_add(&wrong, 1);
    if (TEEC_InvokeCommand(s, PEER_INVERT, &op, NULL) != TEEC_SUCCESS)
        atomic_fetch_add(&wrong, 1);
    for (size_t i = 0; i < size; i++) {
        if ((out[i] ^ in[i]) != 0xff)
            atomic_fetch_add(&wrong, 1);
    }
}

static void *worker(void *argument)
{
    unsigned seed = (unsigned)(uintptr_t)argument;

    for (unsigned round = 0; round < 30; round++) {
        TEEC_SharedMemory m = {.size = 100 + seed, .flags = TEEC_MEM_INOUT};
        TEEC_Session s;

        if (TEEC_OpenSession(&context, &s, &app, 0, NULL, NULL, NULL) != TEEC_SUCCESS ||
            TEEC_AllocateSharedMemory(&context, &m) != TEEC_SUCCESS)
            atomic_fetch_add(&wrong, 1);
        for (unsigned i = 0; i < 5; i++) {
            worker_session(&s, seed * 1000 + round * 10 + i);
            worker_session(&session, seed * 1000 + round * 10 + i); /* everybody's */
        }
        TEEC_ReleaseSharedMemory(&m);
        TEEC_CloseSession(&s);
    }
    return NULL;
}

static void test_many_threads(void)
{
    pthread_t threads[WORKERS];

    for (uintptr_t i = 0; i < WORKERS; i++)
        pthread_create(&threads[i], NULL, worker, (void *)i);
    for (unsigned i = 0; i < WORKERS; i++)
        pthread_join(threads[i], NULL);
    check_is(atomic_load(&wrong), 0, "eight threads, own and common sessions");
    check_is(session.ops_cnt, 0, "no commands are counted as running");
    check(atomic_load(&peer->lanes) <= 16, "within the lanes that the TEE allows");
    check_is(atomic_load(&peer->sessions), 0, "every session is closed");
}

/* Few lanes, many callers. */
static void test_few_lanes(uint32_t lanes)
{
    pthread_t threads[WORKERS];

    fixture_close();
    atomic_store(&peer->max_lanes, lanes);
    atomic_store(&peer->lanes, 0);
    atomic_store(&wrong, 0);
    fixture_open();
    for (uintptr_t i = 0; i < WORKERS; i++)
        pthread_create(&threads[i], NULL, worker, (void *)i);
    for (unsigned i = 0; i < WORKERS; i++)
        pthread_join(threads[i], NULL);
    check_is(atomic_load(&wrong), 0, "eight threads on %u lanes", lanes);
    check(atomic_load(&peer->lanes) <= lanes, "no more than that are opened");
    fixture_close();
    atomic_store(&peer->max_lanes, 16);
    fixture_open();
}

/* --- Cancellation. ---------------------------------------------------------------------------- */

struct waiting {
    TEEC_Session *session;
    TEEC_Operation op;
    uint32_t command, result, origin;
    pthread_t thread;
};

static void *waiting_main(void *argument)
{
    struct waiting *w = argument;

    w->result = TEEC_InvokeCommand(w->session, w->command, &w->op, &w->origin);
    return NULL;
}

static void waiting_start(struct waiting *w, TEEC_Session *s, uint32_t command)
{
    memset(w, 0, sizeof(*w));
    w->session = s;
    w->command = command;
    pthread_create(&w->thread, NULL, waiting_main, w);
}

/* A call that waits behind others is cancelled. One that is cancelled before it has begun to wait answers
 * so itself, and is made again with more time. */
static void waiting_cancel(struct waiting *w, TEEC_Session *s)
{
    useconds_t pause = 20000;

    do {
        waiting_start(w, s, PEER_WAIT);
        usleep(pause);
        TEEC_RequestCancellation(&w->op);
        pthread_join(w->thread, NULL);
        pause *= 2;
    } while (w->result == TEEC_ERROR_CANCEL && w->origin == TEEC_ORIGIN_API && pause < 30000000);
}

static void test_cancel_running(void)
{
    struct waiting w;
    uint32_t cancels = atomic_load(&peer->cancels);

    waiting_start(&w, &session, PEER_WAIT); /* until it is cancelled, if need be for ever */
    check(peer_wait(&peer->invokes_running, 1), "a call runs");
    TEEC_RequestCancellation(&w.op);
    pthread_join(w.thread, NULL);
    check(w.result == TEEC_ERROR_CANCEL && w.origin == TEEC_ORIGIN_TRUSTED_APP,
          "the app's answer counts");
    TEEC_RequestCancellation(&w.op);
    TEEC_RequestCancellation(NULL);
    check_is(atomic_load(&peer->cancels), cancels + 1, "after the end nothing is sent");
    check_is(TEEC_InvokeCommand(&session, PEER_ADD, &w.op, &w.origin), TEEC_ERROR_CANCEL,
             "the flag stays");
    check_is(w.origin, TEEC_ORIGIN_API, "origin API");
    w.op.cancel_flag = false;
    check_is(TEEC_InvokeCommand(&session, PEER_ADD, &w.op, &w.origin), TEEC_SUCCESS,
             "until the caller resets it");
}

static void test_cancel_before(void)
{
    TEEC_Operation op = TEEC_OPERATION_INITIALIZER;
    uint32_t origin, calls = atomic_load(&peer->calls), cancels = atomic_load(&peer->cancels);

    TEEC_RequestCancellation(&op);
    check_is(TEEC_InvokeCommand(&session, PEER_WAIT, &op, &origin), TEEC_ERROR_CANCEL,
             "cancelled before it began");
    check_is(origin, TEEC_ORIGIN_API, "origin API");
    check(atomic_load(&peer->calls) == calls && atomic_load(&peer->cancels) == cancels,
          "nothing is sent");
}

static void test_cancel_queued(void)
{
    struct waiting running, queued;

    waiting_start(&running, &session, PEER_WAIT);
    check(peer_wait(&peer->invokes_running, 1), "one runs");
    waiting_cancel(&queued, &session);
    check(queued.result == TEEC_ERROR_CANCEL && queued.origin == TEEC_ORIGIN_TEE,
          "queued behind it: CANCEL, TEE");
    check_is(atomic_load(&peer->invokes_running), 1, "the other runs on");
    TEEC_RequestCancellation(&running.op);
    pthread_join(running.thread, NULL);
    check_is(running.result, TEEC_ERROR_CANCEL, "until it is cancelled");
}

/* All lanes are taken: a call waits in the library, and closing still works. */
static void test_cancel_waiting_for_lane(void)
{
    struct waiting w[3], extra;
    TEEC_Session s[5];

    fixture_close();
    atomic_store(&peer->max_lanes, 4); /* of which one is kept for closing */
    fixture_open();
    for (unsigned i = 0; i < 5; i++)
        TEEC_OpenSession(&context, &s[i], &app, 0, NULL, NULL, NULL);
    for (unsigned i = 0; i < 3; i++)
        waiting_start(&w[i], &s[i], PEER_WAIT);
    check(peer_wait(&peer->invokes_running, 3), "three calls take three lanes");
    waiting_start(&extra, &s[3], PEER_WAIT);
    usleep(20000);
    check_is(atomic_load(&peer->invokes_running), 3, "a fourth waits");
    TEEC_CloseSession(&s[4]);
    check_is(atomic_load(&peer->invokes_running), 3, "a session can be closed meanwhile");
    TEEC_RequestCancellation(&extra.op);
    pthread_join(extra.thread, NULL);
    if (extra.origin == TEEC_ORIGIN_API)
        waiting_cancel(&extra, &s[3]);
    check(extra.result == TEEC_ERROR_CANCEL && extra.origin == TEEC_ORIGIN_TEE,
          "cancelled while waiting: CANCEL, TEE");
    waiting_start(&extra, &s[3], PEER_ADD);
    usleep(10000);
    for (unsigned i = 0; i < 3; i++) {
        TEEC_RequestCancellation(&w[i].op);
        pthread_join(w[i].thread, NULL);
        check_is(w[i].result, TEEC_ERROR_CANCEL, "cancelled");
    }
    pthread_join(extra.thread, NULL);
    check_is(extra.result, TEEC_SUCCESS, "the next that waited goes on");
    for (unsigned i = 0; i < 5; i++)
        TEEC_CloseSession(&s[i]);
    fixture_close();
    atomic_store(&peer->max_lanes, 16);
    fixture_open();
}

static void *opening_main(void *argument)
{
    struct waiting *w = argument;

    w->result = TEEC_OpenSession(&context, w->session, &app, 0, NULL, &w->op, &w->origin);
    return NULL;
}

static void test_cancel_open(void)
{
    struct waiting w = {0};
    TEEC_Session s;

    w.session = &s;
    w.op.paramTypes = TEEC_VALUE_INPUT;
    w.op.params[0].value.b = PEER_WAIT;
    pthread_create(&w.thread, NULL, opening_main, &w);
    usleep(20000);
    TEEC_RequestCancellation(&w.op);
    pthread_join(w.thread, NULL);
    check_is(w.result, TEEC_ERROR_CANCEL, "a running open is cancelled");
    TEEC_CloseSession(&s);
}

/* However call and cancellation meet, the call ends: none waits for ever. */
static void test_cancel_races(void)
{
    unsigned ended = 0;

    for (unsigned i = 0; i < 300; i++) {
        struct waiting w;
        struct timespec pause = {.tv_nsec = (long)(i % 50) * 3000};

        waiting_start(&w, &session, PEER_WAIT);
        nanosleep(&pause, NULL);
        /* waiting_start has set the flag to false; a thread that has not begun yet sees it set. */
        TEEC_RequestCancellation(&w.op);
        pthread_join(w.thread, NULL);
        ended += w.result == TEEC_ERROR_CANCEL;
    }
    check_is(ended, 300, "three hundred calls cancelled at any moment");
}

/* --- Signals, closing under way, the end. ---------------------------------------------------- */

static void on_signal(int number)
{
    (void)number;
}

static void test_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    struct waiting w;

    sigaction(SIGUSR1, &action, NULL); /* without SA_RESTART */
    waiting_start(&w, &session, PEER_WAIT);
    peer_wait(&peer->invokes_running, 1);
    for (unsigned i = 0; i < 20; i++) {
        pthread_kill(w.thread, SIGUSR1);
        usleep(1000);
    }
    TEEC_RequestCancellation(&w.op);
    pthread_join(w.thread, NULL);
    check_is(w.result, TEEC_ERROR_CANCEL, "signals do not disturb a call");
}

static void *close_main(void *argument)
{
    TEEC_CloseSession(argument);
    return NULL;
}

static void test_close_while_running(void)
{
    struct waiting w;
    pthread_t closing;
    TEEC_Session s, copy;

    TEEC_OpenSession(&context, &s, &app, 0, NULL, NULL, NULL);
    copy = s;
    waiting_start(&w, &s, PEER_WAIT);
    peer_wait(&peer->invokes_running, 1);
    pthread_create(&closing, NULL, close_main, &copy);
    usleep(20000);
    TEEC_RequestCancellation(&w.op);
    pthread_join(w.thread, NULL);
    pthread_join(closing, NULL);
    check_is(w.result, TEEC_ERROR_CANCEL, "closing waits for the command that runs");
    check(peer_wait(&peer->sessions, 0), "and closes then");
}

static void test_finalize_while_running(void)
{
    struct waiting w[3];
    TEEC_Session s[3];
    TEEC_Context c;

    TEEC_InitializeContext(peer->folder, &c);
    for (unsigned i = 0; i < 3; i++) {
        TEEC_OpenSession(&c, &s[i], &app, 0, NULL, NULL, NULL);
        waiting_start(&w[i], &s[i], PEER_WAIT);
    }
    check(peer_wait(&peer->invokes_running, 3), "three calls run");
    TEEC_FinalizeContext(&c);
    for (unsigned i = 0; i < 3; i++)
        pthread_join(w[i].thread, NULL);
    check(w[0].result != 0 && w[1].result != 0 && w[2].result != 0, "finalise ends them");
}

static void test_pthread_cancel(void)
{
    struct waiting w;
    TEEC_Operation op = TEEC_OPERATION_INITIALIZER;

    waiting_start(&w, &session, PEER_WAIT);
    peer_wait(&peer->invokes_running, 1);
    pthread_cancel(w.thread);
    usleep(10000);
    TEEC_RequestCancellation(&w.op);
    pthread_join(w.thread, NULL);
    for (unsigned i = 0; i < 20; i++)
        check(TEEC_InvokeCommand(&session, PEER_ADD, &op, NULL) == TEEC_SUCCESS,
              "a cancelled thread takes no lane with it");
}

/* --- fork. -------------------------------------------------------------------------------------------- */

static int child_main(TEEC_SharedMemory *memory)
{
    TEEC_Operation op = TEEC_OPERATION_INITIALIZER;
    TEEC_SharedMemory m = {.size = 10, .flags = TEEC_MEM_INOUT};
    TEEC_Context own;
    TEEC_Session s;
    uint32_t origin = 0;

    if (TEEC_InvokeCommand(&session, PEER_ADD, &op, &origin) != TEEC_ERROR_COMMUNICATION ||
        origin != TEEC_ORIGIN_COMMS)
        return 1;
    if (TEEC_OpenSession(&context, &s, &app, 0, NULL, NULL, &origin) != TEEC_ERROR_COMMUNICATION ||
        origin != TEEC_ORIGIN_COMMS)
        return 2;
    if (TEEC_AllocateSharedMemory(&context, &m) != TEEC_ERROR_COMMUNICATION)
        return 3;
    TEEC_RequestCancellation(&op);
    if (TEEC_InitializeContext(peer->folder, &own) != TEEC_SUCCESS ||
        TEEC_OpenSession(&own, &s, &app, 0, NULL, NULL, NULL) != TEEC_SUCCESS)
        return 4;
    op.cancel_flag = false;
    op.paramTypes = TEEC_VALUE_INOUT;
    if (TEEC_InvokeCommand(&s, PEER_ADD, &op, NULL) != TEEC_SUCCESS || op.params[0].value.a != 1)
        return 5;
    TEEC_CloseSession(&s);
    TEEC_FinalizeContext(&own);
    TEEC_ReleaseSharedMemory(memory);
    TEEC_CloseSession(&session);
    TEEC_FinalizeContext(&context);
    return 0;
}

static void test_fork(int bare)
{
    TEEC_SharedMemory memory = {.size = 100, .flags = TEEC_MEM_INOUT};
    struct waiting w;
    int status = -1;
    pid_t child;

    check_is(TEEC_AllocateSharedMemory(&context, &memory), TEEC_SUCCESS, "memory");
    waiting_start(&w, &session, PEER_WAIT);
    peer_wait(&peer->invokes_running, 1);
    fflush(stdout);
    child = bare ? (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0) : fork();
    if (child == 0)
        _exit(child_main(&memory));
    waitpid(child, &status, 0);
    check_is(status, 0, "a child (%s) is refused its parent's, and has its own",
             bare ? "bare clone" : "fork");
    check_is(atomic_load(&peer->invokes_running), 1, "the parent's call still runs");
    TEEC_RequestCancellation(&w.op);
    pthread_join(w.thread, NULL);
    check_is(w.result, TEEC_ERROR_CANCEL, "and ends as ever");
    check_is(TEEC_InvokeCommand(&session, PEER_ADD, NULL, NULL), TEEC_SUCCESS,
             "its session is still open");
    TEEC_ReleaseSharedMemory(&memory);
}

/* A child that lives on does not keep its dead parent's sessions open. */
static void test_fork_parent_ends(void)
{
    uint32_t before = atomic_load(&peer->connections);
    int hold[2];
    pid_t parent;

    if (pipe(hold) != 0)
        return;
    fflush(stdout);
    parent = fork();
    if (parent == 0) {
        TEEC_Context c;
        TEEC_Session s;
        char byte;

        close(hold[1]);
        TEEC_InitializeContext(peer->folder, &c);
        TEEC_OpenSession(&c, &s, &app, 0, NULL, NULL, NULL);
        if (fork() == 0) {
            (void)!read(hold[0], &byte, 1); /* lives on until the test is done */
            _exit(0);
        }
        _exit(0);
    }
    close(hold[0]);
    waitpid(parent, NULL, 0);
    check(peer_wait(&peer->connections, before), "the connection ends with the parent");
    close(hold[1]);
}

/* --- The TEE dies. ------------------------------------------------------------------------------------ */

static void test_death_of_tee(void)
{
    struct waiting w[4];
    TEEC_Session s[4];
    uint32_t origin;

    fixture_close();
    atomic_store(&peer->max_lanes, 4);
    fixture_open();
    for (unsigned i = 0; i < 4; i++)
        TEEC_OpenSession(&context, &s[i], &app, 0, NULL, NULL, NULL);
    for (unsigned i = 0; i < 4; i++)
        waiting_start(&w[i], &s[i], PEER_WAIT); /* three run, one waits for a lane */
    peer_wait(&peer->invokes_running, 3);
    usleep(10000);
    peer_kill(peer);
    for (unsigned i = 0; i < 4; i++) {
        pthread_join(w[i].thread, NULL);
        check(w[i].result == TEEC_ERROR_COMMUNICATION && w[i].origin == TEEC_ORIGIN_COMMS,
              "thread %u is told", i);
    }
    check_is(TEEC_InvokeCommand(&session, PEER_ADD, NULL, &origin), TEEC_ERROR_COMMUNICATION,
             "and every later call");
    for (unsigned i = 0; i < 4; i++)
        TEEC_CloseSession(&s[i]);
}

int main(void)
{
    alarm(900);
    fixture_begin();
    fixture_open();
    test_many_threads();
    test_few_lanes(1);
    test_few_lanes(2);
    test_few_lanes(5);
    test_cancel_running();
    test_cancel_before();
    test_cancel_queued();
    test_cancel_waiting_for_lane();
    test_cancel_open();
    test_cancel_races();
    test_signals();
    test_close_while_running();
    test_finalize_while_running();
    test_pthread_cancel();
    test_fork(0);
#ifndef __SANITIZE_THREAD__ /* takes a bare clone's child for the same process */
    test_fork(1);
#endif
    test_fork_parent_ends();
    test_death_of_tee();
    return fixture_end();
}

/* Lanes. See lane.h. */
#include "lane.h"

#include "app.h"
#include "cpu.h"
#include "journal.h"
#include "memory.h"
#include "result.h"
#include "sleep.h"
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* Gets a lane's thread out of read(). */
#define LANE_SIGNAL SIGUSR1
#define STOP_PAUSE_NS 2000000L

struct lane {
    struct gp_client *client;
    const struct identity *identity;
    struct link_lane *page;
    int request;
    int response;
    atomic_bool stopping;
    atomic_bool ended;
    pthread_t thread;
};

static void no_action(int signal)
{
    (void)signal;
}

void lane_init(void)
{
    struct sigaction action = {.sa_handler = no_action}; /* without SA_RESTART: read() ends */

    sigaction(LANE_SIGNAL, &action, NULL);
}

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void answer(struct msg_arg *arg, uint32_t result)
{
    arg->head.ret = result;
    arg->head.origin = RESULT_ORIGIN_TEE;
}

/* False: the client is gone, or does not read its answers. */
static bool serve(struct lane *lane)
{
    volatile struct link_lane *page = lane->page;
    uint64_t trace[LINK_TRACE_POINTS] = {0};
    struct msg_arg arg;
    bool traced = page->trace != 0;
    uint32_t result = RESULT_SUCCESS;
    bool rest = false;

    cpu_bind_self(page->cpu);
    memcpy(&arg, &lane->page->arg, sizeof(arg));
    __asm__ volatile("" : : : "memory"); /* what is checked is the copy */
    if (traced) {
        trace[LINK_TRACE_GATE_IN] = now_ns();
        app_trace(&trace[LINK_TRACE_APP_IN]);
    }
    if (arg.head.cmd == MSG_CMD_OPEN_SESSION) {
        result = identity_put(lane->identity, &arg);
    }
    if (result == RESULT_SUCCESS) {
        rest = gp_call(lane->client, &arg);
    } else {
        answer(&arg, result);
    }
    if (traced) {
        app_trace(NULL);
        trace[LINK_TRACE_GATE_OUT] = now_ns();
        memcpy(lane->page->trace_ns, trace, sizeof(trace));
    }
    memcpy(&lane->page->arg, &arg, sizeof(arg));
    /* A write may not wait: a client that has not read its last answers has no use for another. */
    if (write(lane->response, "", 1) != 1) {
        return false;
    }
    if (rest) {
        gp_call_after();
    }
    return true;
}

static void *lane_thread(void *argument)
{
    struct lane *lane = argument;

    while (!lane->stopping) {
        char byte;
        ssize_t got = read(lane->request, &byte, 1);

        if (got == 1) {
            if (!lane->stopping && !serve(lane)) {
                break;
            }
        } else if (got == 0 || errno != EINTR) {
            break;
        }
    }
    /* The client sees the end of its lane at once. */
    close(lane->response);
    lane->response = -1;
    lane->ended = true;
    return NULL;
}

static struct lane *lane_allocate(struct gp_client *client, const struct identity *identity)
{
    struct lane *lane = calloc(1, sizeof(*lane));

    if (lane != NULL) {
        lane->client = client;
        lane->identity = identity;
        lane->page = MAP_FAILED;
        lane->request = -1;
        lane->response = -1;
    }
    return lane;
}

static void lane_free(struct lane *lane)
{
    if (lane->page != MAP_FAILED) {
        munmap(lane->page, LINK_LANE_SIZE);
    }
    wire_close_fd(lane->request);
    wire_close_fd(lane->response);
    free(lane);
}

/* Makes the page and the pipes. */
static int lane_furnish(struct lane *lane, int fds[LINK_LANE_FDS])
{
    int pipes[2];

    fds[LINK_LANE_FD_PAGE] = memory_file("postern:lane", LINK_LANE_SIZE);
    if (fds[LINK_LANE_FD_PAGE] < 0) {
        return -1;
    }
    lane->page =
        mmap(NULL, LINK_LANE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fds[LINK_LANE_FD_PAGE], 0);
    if (lane->page == MAP_FAILED || pipe2(pipes, O_CLOEXEC) != 0) {
        return -1;
    }
    lane->request = pipes[0];
    fds[LINK_LANE_FD_REQUEST_WRITE] = pipes[1];
    fds[LINK_LANE_FD_REQUEST_READ] = fcntl(pipes[0], F_DUPFD_CLOEXEC, 0);
    if (fds[LINK_LANE_FD_REQUEST_READ] < 0 || pipe2(pipes, O_CLOEXEC) != 0) {
        return -1;
    }
    lane->response = pipes[1];
    fds[LINK_LANE_FD_RESPONSE_READ] = pipes[0];
    return fcntl(lane->response, F_SETFL, O_NONBLOCK);
}

int lane_create(struct gp_client *client, const struct identity *identity,
                int client_fds[LINK_LANE_FDS], struct lane **out)
{
    struct lane *lane = lane_allocate(client, identity);

    for (size_t i = 0; i < LINK_LANE_FDS; i++) {
        client_fds[i] = -1;
    }
    if (lane == NULL) {
        return -1;
    }
    if (lane_furnish(lane, client_fds) != 0 ||
        sleep_thread(lane_thread, lane, &lane->thread) != 0) {
        for (size_t i = 0; i < LINK_LANE_FDS; i++) {
            wire_close_fd(client_fds[i]);
            client_fds[i] = -1;
        }
        lane_free(lane);
        return -1;
    }
    *out = lane;
    return 0;
}

void lane_stop(struct lane *lane)
{
    lane->stopping = true;
}

void lane_destroy(struct lane *lane)
{
    /* The signal may come just before the read: repeated until the thread has seen it. A call that
     * runs meanwhile sees interrupted waits, which it repeats. */
    while (!lane->ended) {
        struct timespec pause = {.tv_nsec = STOP_PAUSE_NS};

        pthread_kill(lane->thread, LANE_SIGNAL);
        if (!lane->ended) {
            nanosleep(&pause, NULL);
        }
    }
    pthread_join(lane->thread, NULL);
    lane_free(lane);
}

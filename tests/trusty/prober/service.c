#include "prober.h"

#define ROBUST "com.postern.echo.robust"
#define VICTIM "com.postern.test.victim"
#define PATIENCE_MS 60000 /* for what comes in the end, or the test has failed anyway */

void service_echo(void)
{
    uint8_t out[4096];
    uint8_t in[4096];
    uevent_t event;
    long chan = connect(ROBUST, 0);
    EXPECT_TRUE(chan >= 0);
    for (size_t length = 0; length <= sizeof(out); length += 512) {
        memset(out, (int)length >> 8, sizeof(out));
        EXPECT(pair_send(chan, out, length), length);
        EXPECT(wait(chan, &event, PATIENCE_MS), NO_ERROR);
        EXPECT(event.event, IPC_HANDLE_POLL_MSG);
        EXPECT(pair_receive(chan, in, sizeof(in)), length);
        EXPECT(memcmp(in, out, length), 0);
    }
    EXPECT(close(chan), NO_ERROR);
}

/* Sends without reading until both queues are full, then reads all: nothing is lost. */
void service_full_both_ways(void)
{
    uint32_t sent = 0;
    uint32_t received = 0;
    uint32_t value;
    uevent_t event;
    long rc;
    long chan = connect(ROBUST, 0);
    EXPECT_TRUE(chan >= 0);
    /* The other app may take its time to read its first eight. */
    for (int quiet = 0; quiet < 2 || (sent < 16 && quiet < PATIENCE_MS / 2);) {
        rc = pair_send(chan, &sent, sizeof(sent));
        if (rc == ERR_NOT_ENOUGH_BUFFER) {
            /* MSG holds all the time: only SEND_UNBLOCKED means progress. */
            nanosleep(0, 0, 2 * 1000 * 1000);
            quiet++;
            continue;
        }
        EXPECT(rc, sizeof(sent));
        sent++;
        quiet = 0;
        EXPECT_TRUE(sent < 1000);
    }
    EXPECT_TRUE(sent >= 16); /* 8 requests, 8 replies */
    while (received < sent) {
        EXPECT(wait(chan, &event, PATIENCE_MS), NO_ERROR);
        while ((rc = pair_receive(chan, &value, sizeof(value))) == sizeof(value)) {
            EXPECT(value, received);
            received++;
        }
        EXPECT(rc, ERR_NO_MSG);
    }
    EXPECT(close(chan), NO_ERROR);
}

void service_many_connections(void)
{
    enum { COUNT = 56 };
    long chan[COUNT];
    uint32_t value;
    uevent_t event;
    for (uint32_t i = 0; i < COUNT; i++) {
        chan[i] = connect(ROBUST, 0);
        EXPECT_TRUE(chan[i] >= 0);
    }
    for (uint32_t i = 0; i < COUNT; i++)
        EXPECT(pair_send(chan[i], &i, sizeof(i)), sizeof(i));
    for (uint32_t i = COUNT; i-- > 0;) {
        EXPECT(wait(chan[i], &event, PATIENCE_MS), NO_ERROR);
        EXPECT(pair_receive(chan[i], &value, sizeof(value)), sizeof(value));
        EXPECT(value, i);
    }
    for (uint32_t i = 0; i < COUNT; i++)
        EXPECT(close(chan[i]), NO_ERROR);
}

static void victim_connect(long *chan)
{
    *chan = connect(VICTIM, 0);
    EXPECT_TRUE(*chan >= 0);
}

/* Each way to end: the peer hangs up, and the next connection starts the app afresh. */
void service_dies(void)
{
    static const char *const ways[] = {"abort", "exit", "null", "stack", "divide", "jump"};
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        uevent_t event;
        long chan = -1;
        PASSED(victim_connect(&chan));
        EXPECT(pair_send(chan, ways[i], strlen(ways[i])), strlen(ways[i]));
        EXPECT(wait(chan, &event, PATIENCE_MS), NO_ERROR);
        EXPECT(event.event, IPC_HANDLE_POLL_HUP);
        EXPECT(pair_send(chan, "x", 1), ERR_CHANNEL_CLOSED);
        EXPECT(close(chan), NO_ERROR);
    }
}

/* It dies with messages queued for us, taken and half read, and with our handles. */
void service_dies_holding(void)
{
    char in[16];
    uuid_t peer;
    uevent_t event;
    long chan = -1;
    struct pair pair;
    PASSED(pair_open(&pair, 1, 4));
    handle_t inner = connect(PORT, IPC_CONNECT_ASYNC);
    handle_t far = accept(pair.port, &peer);
    EXPECT_TRUE(inner >= 0 && far >= 0);
    PASSED(victim_connect(&chan));
    iovec_t iov = {.base = "hold", .len = 4};
    ipc_msg_t message = {.num_iov = 1, .iov = &iov, .num_handles = 1, .handles = &inner};
    EXPECT(send_msg(chan, &message), 4);
    EXPECT(close(inner), NO_ERROR);
    EXPECT(pair_send(chan, "more", 4), 4);
    EXPECT(pair_send(chan, "more", 4), 4);
    EXPECT(wait(chan, &event, PATIENCE_MS), NO_ERROR);
    while ((event.event & IPC_HANDLE_POLL_HUP) == 0) {
        nanosleep(0, 0, 1000 * 1000);
        EXPECT(wait(chan, &event, PATIENCE_MS), NO_ERROR);
    }
    EXPECT(event.event, IPC_HANDLE_POLL_HUP | IPC_HANDLE_POLL_MSG);
    EXPECT(pair_receive(chan, in, sizeof(in)), 5); /* what it sent stays readable */
    EXPECT(memcmp(in, "first", 5), 0);
    EXPECT(pair_receive(chan, in, sizeof(in)), 6);
    EXPECT(memcmp(in, "second", 6), 0);
    EXPECT(pair_receive(chan, in, sizeof(in)), ERR_CHANNEL_CLOSED);
    EXPECT(wait(far, &event, PATIENCE_MS), NO_ERROR); /* its handle to our channel went with it */
    EXPECT(event.event & IPC_HANDLE_POLL_HUP, IPC_HANDLE_POLL_HUP);
    EXPECT(close(chan), NO_ERROR);
    EXPECT(close(far), NO_ERROR);
    pair_close(&pair);
}

void service_dies_unaccepted(void)
{
    long killer = -1;
    uevent_t event;
    PASSED(victim_connect(&killer));
    EXPECT(pair_send(killer, "deaf", 4), 4); /* accepts nobody any more */
    EXPECT(wait(killer, &event, PATIENCE_MS), NO_ERROR);
    long pending[8];
    for (size_t i = 0; i < 8; i++) {
        pending[i] = connect(VICTIM, IPC_CONNECT_ASYNC);
        EXPECT_TRUE(pending[i] >= 0);
    }
    EXPECT(pair_receive(killer, (char[8]){0}, 8), 2);
    EXPECT(pair_send(killer, "abort", 5), 5);
    for (size_t i = 0; i < 8; i++) {
        EXPECT(wait(pending[i], &event, PATIENCE_MS), NO_ERROR);
        EXPECT(event.event, IPC_HANDLE_POLL_HUP);
        EXPECT(close(pending[i]), NO_ERROR);
    }
    EXPECT(close(killer), NO_ERROR);
}

/* One can give up on an app that does not answer. */
void service_never_answers(void)
{
    long chan = -1;
    uevent_t event;
    PASSED(victim_connect(&chan));
    EXPECT(pair_send(chan, "spin", 4), 4);
    EXPECT(wait(chan, &event, 50), ERR_TIMED_OUT);
    EXPECT(wait(chan, &event, 0), ERR_TIMED_OUT);
    EXPECT(close(chan), NO_ERROR); /* and it ends its spinning when we are gone or time is up */
    PASSED(victim_connect(&chan));
    EXPECT(close(chan), NO_ERROR);
}

void service_hides(void)
{
    EXPECT(connect("com.postern.test.hidden", 0), ERR_ACCESS_DENIED);
}

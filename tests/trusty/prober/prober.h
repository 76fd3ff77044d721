/*
 * The prober's cases. Each is one function that stops at the first thing that is not as it must be.
 * Every case starts and ends with the prober's own handles only (main.c checks that); most talk to
 * themselves: a port and a channel to it in the same app.
 */
#ifndef PROBER_H
#define PROBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <trusty_ipc.h>
#include <uapi/err.h>

/* Why the case failed; empty while it has not. */
extern char prober_failure[400];

#define EXPECT(expression, wanted)                                                                 \
    do {                                                                                           \
        long expect_got = (long)(expression);                                                      \
        long expect_wanted = (long)(wanted);                                                       \
        if (expect_got != expect_wanted) {                                                         \
            snprintf(prober_failure, sizeof(prober_failure), "%s:%d: %s is %ld, not %ld",          \
                     __FILE__, __LINE__, #expression, expect_got, expect_wanted);                  \
            return;                                                                                \
        }                                                                                          \
    } while (0)

#define EXPECT_TRUE(expression) EXPECT(!!(expression), 1)

/* After a function that may have failed itself. */
#define PASSED(call)                                                                               \
    do {                                                                                           \
        call;                                                                                      \
        if (prober_failure[0] != '\0')                                                             \
            return;                                                                                \
    } while (0)

#define PORT "com.postern.test.prober.own"

/* A port of ours and a channel through it: `client` connected, `server` accepted. */
struct pair {
    handle_t port;
    handle_t client;
    handle_t server;
};

void pair_open(struct pair *pair, unsigned buffers, size_t size);
void pair_close(struct pair *pair); /* what of it is still open */
/* The message of one piece. */
long pair_send(handle_t handle, const void *bytes, size_t length);
/* Takes, reads whole and puts a message. Its length, or an error. */
long pair_receive(handle_t handle, void *bytes, size_t room);
/* The events that hold now, without waiting; 0: none; else an error. */
long pair_events(handle_t handle);

#define PROBER_CASES(X)                                                                            \
    X(handles_out_of_range)                                                                        \
    X(handles_closed)                                                                              \
    X(handles_of_another_kind)                                                                     \
    X(handles_of_another_app)                                                                      \
    X(handles_lowest_first)                                                                        \
    X(handles_table_full)                                                                          \
    X(handles_cookies)                                                                             \
    X(pointers_null)                                                                               \
    X(pointers_unmapped)                                                                           \
    X(pointers_read_only)                                                                          \
    X(pointers_at_the_edge)                                                                        \
    X(pointers_order_of_errors)                                                                    \
    X(ports_limits)                                                                                \
    X(ports_names)                                                                                 \
    X(ports_flags)                                                                                 \
    X(ports_pending)                                                                               \
    X(ports_client_gone)                                                                           \
    X(ports_closed_with_clients)                                                                   \
    X(ports_accepted_and_closed)                                                                   \
    X(ports_connect_errors)                                                                        \
    X(ports_wait_for_one)                                                                          \
    X(messages_round_trip)                                                                         \
    X(messages_cut)                                                                                \
    X(messages_empty)                                                                              \
    X(messages_pieces)                                                                             \
    X(messages_several_open)                                                                       \
    X(messages_offsets)                                                                            \
    X(messages_ids)                                                                                \
    X(messages_before_accept)                                                                      \
    X(messages_after_close)                                                                        \
    X(messages_both_close)                                                                         \
    X(messages_full_both_ways)                                                                     \
    X(messages_unblocked_once)                                                                     \
    X(messages_close_half_read)                                                                    \
    X(sets_errors)                                                                                 \
    X(sets_masks)                                                                                  \
    X(sets_nested)                                                                                 \
    X(sets_fair)                                                                                   \
    X(sets_forget_closed)                                                                          \
    X(sets_wait_any)                                                                               \
    X(objects_channel_travels)                                                                     \
    X(objects_each_read_makes_new)                                                                 \
    X(objects_refused)                                                                             \
    X(objects_too_many)                                                                            \
    X(objects_table_full)                                                                          \
    X(objects_memref)                                                                              \
    X(objects_memref_errors)                                                                       \
    X(objects_stay_in_messages)                                                                    \
    X(files_standard)                                                                              \
    X(files_pointers)                                                                              \
    X(files_time)                                                                                  \
    X(service_echo)                                                                                \
    X(service_full_both_ways)                                                                      \
    X(service_many_connections)                                                                    \
    X(service_dies)                                                                                \
    X(service_dies_holding)                                                                        \
    X(service_dies_unaccepted)                                                                     \
    X(service_never_answers)                                                                       \
    X(service_hides)

#define PROBER_DECLARE(name) void name(void);
PROBER_CASES(PROBER_DECLARE)

/* speed.c: `message` is "speed COUNT LENGTH"; writes nanoseconds an echo as text. */
long speed_echo(const char *message, char *reply, size_t room);

#endif

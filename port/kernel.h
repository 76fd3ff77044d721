/*
 * The other half of the port contract: what a port calls in the portable kernel. None of these is
 * called with the lock held. A port includes this and port.h, never the kernel's own headers.
 */
#ifndef POSTERN_PORT_KERNEL_H
#define POSTERN_PORT_KERNEL_H

#include <abi/message.h>
#include <lib/error.h>
#include <port/port.h>
#include <stdbool.h>

/* Once, before anything else. E_BAD_FORMAT: the trust table cannot be decoded (logged). */
enum error kernel_start(void) MUST_CHECK COLD;

/* Runs app threads that no caller runs, until none is ready. After port_kick(). Any number of
 * processors may be inside. Returns early, after another port_kick(), when the app that it runs
 * keeps the processor while others are ready. */
void kernel_background(void);

/* The instant of port_timer_set() has come. */
void kernel_timer(void);

/* --- The GlobalPlatform gate. -------------------------------------------------------------------- */

/* A client of the normal world, as far as the port can tell them apart: each connection of the
 * hosted TEE, all of Linux in TrustZone. Sessions and memory of one cannot be named by another. */
struct gp_client;
enum error gp_client_create(struct gp_client **out) MUST_CHECK;
/* The client is gone: its running calls are cancelled, its sessions closed (each app's close entry
 * point runs), its memory dropped; apps that do not let go in time are ended. May block for some
 * seconds. No call of this client's starts any more; those that run return first. */
void gp_client_destroy(struct gp_client *client);
/* Tells the kernel early, and at once, that the client is gone: gp_client_destroy follows. */
void gp_client_gone(struct gp_client *client);

/* Serves one message: open, invoke, close. `arg` is the port's private copy of what the client
 * wrote, with the identity put in by the port (abi/hostlink.h) or by Linux; it is answered in
 * place, fully checked. May block and run apps on this processor. Answers whether something was left
 * ready that nobody runs: then gp_call_after() should follow. */
bool gp_call(struct gp_client *client, struct msg_arg *arg);
/* After gp_call's answer was handed over, and soon after any call of the Trusty gate: this processor
 * lends itself a little longer to what the call left ready (a server after its reply), and asks for
 * another one (port_kick) if that is not enough. */
void gp_call_after(void);
/* Cancels a call of this client's that is queued or running. Returns at once. A cancel id (not 0)
 * that is not known (yet) is remembered, the last few for each client: it may have overtaken its
 * call, which then finds itself cancelled when it comes. */
void gp_cancel(struct gp_client *client, uint32_t session, uint32_t cancel_id);

/* Memory of the client that calls may refer to by `cookie` (not 0): offsets count from `first` in
 * `mem`. On success the kernel owns `mem`. E_EXISTS, E_NO_MEMORY, E_INVALID. */
enum error gp_shm_register(struct gp_client *client, uint64_t cookie, struct port_mem *mem,
                           uint64_t first) MUST_CHECK;
/* Running calls keep it until they end; mappings in apps go. E_NOT_FOUND. */
enum error gp_shm_release(struct gp_client *client, uint64_t cookie) MUST_CHECK;

/* A package that this client brought along: used when it opens that app and no instance of it is
 * there. Takes a copy, and keeps the last GP_PACKAGES_MAX of the client's. E_NO_MEMORY, E_BAD_FORMAT
 * (not even a header). */
#define GP_PACKAGES_MAX 8u
enum error gp_client_offer_package(struct gp_client *client, const uint8_t *package,
                                   size_t size) MUST_CHECK;

/* --- The Trusty gate. ---------------------------------------------------------------------------- */

/* A channel between a program of the normal world and a Trusty service. Each function but tipc_close
 * may run at the same time as others on the same channel; nothing of it after tipc_close. */
struct tipc_channel;

/* Who is told that something on the channel changed: a message came, there is room again, or the
 * service closed it. `changed` is called with the lock held, at times without need: it wakes
 * somebody, and calls nothing here. */
struct tipc_listener {
    void (*changed)(void *context);
    void *context;
};

/* How the service's port was made. */
struct tipc_limits {
    uint32_t buffer_size; /* bytes that it takes of one message */
    uint32_t num_buffers; /* messages that wait in each direction */
};

#define TIPC_MEMORY_MAX SYS_MSG_OBJECTS_MAX

/* Connects to the port `name`, starting its app where a manifest says so, and waits until it has
 * accepted; lends this processor meanwhile. E_NOT_FOUND: no such port; E_ACCESS_DENIED: not for the
 * normal world; E_CLOSED: closed before it was accepted, or at once after; E_TIMED_OUT; E_NO_MEMORY;
 * and what app_connect in the kernel says of an app that cannot be started. */
enum error tipc_connect(const char *name, size_t length, uint64_t timeout_ns,
                        const struct tipc_listener *listener, struct tipc_limits *limits,
                        struct tipc_channel **out) MUST_CHECK;
/* The service sees the channel hang up. */
void tipc_close(struct tipc_channel *channel);

/* Sends one message, cut to the port's size, with memory, which is the kernel's from then on unless
 * the answer is E_QUEUE_FULL: then `changed` comes when there is room. E_CLOSED; E_NO_MEMORY. */
enum error tipc_send(struct tipc_channel *channel, const uint8_t *bytes, size_t length,
                     struct port_mem *const *memory, size_t num_memory) MUST_CHECK;
/* Takes the next message; `room` is at least the port's size. E_NO_MESSAGE; E_CLOSED: nor will one
 * come. */
enum error tipc_receive(struct tipc_channel *channel, uint8_t *bytes, size_t room,
                        size_t *length) MUST_CHECK;
/* Lends this processor to the service, until something came of it for this channel or the service
 * has nothing to do. True: it could do more at once with what was sent on this channel. */
bool tipc_run(struct tipc_channel *channel);

/* --- For the people who run it. ------------------------------------------------------------------- */

/* Text, one `key: value` a line, NUL-terminated, cut to fit. Answers the length written. */
size_t kernel_status(char *out, size_t size) COLD;

/* For a port whose clients ask for log and status as abi/report.h says: which of these questions a
 * message (the port's private copy) is. Pure: the port answers it, with REPORT_SESSION as the
 * session of an open that may be. Memory that is not there has size 0. */
enum report_kind {
    REPORT_NOT,     /* something for gp_call */
    REPORT_OPEN,    /* and the client may */
    REPORT_REFUSED, /* an open by somebody who may not */
    REPORT_CLOSE,
    REPORT_LOG,    /* from `position`, to the memory */
    REPORT_STATUS, /* to the memory */
    REPORT_UNKNOWN /* in a session with the kernel, but none of these */
};
struct report {
    enum report_kind kind;
    uint64_t position;
    uint64_t cookie; /* of registered memory, and where in it */
    uint64_t offset;
    uint64_t size;
};
#define REPORT_SESSION 0xffffffe0u /* no session of the gate's has this number */
void kernel_report(const struct msg_arg *arg, struct report *out);

#endif

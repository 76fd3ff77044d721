/* Connections of TEEC clients. See client.h. */
#include "client.h"

#include "account.h"
#include "greeting.h"
#include "identity.h"
#include "journal.h"
#include "lane.h"
#include "memory.h"
#include "result.h"
#include "sleep.h"
#include "tipc_door.h"
#include "wire.h"

#include <abi/hostlink.h>
#include <abi/package.h>
#include <errno.h>
#include <fcntl.h>
#include <port/kernel.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

#define CONNECTIONS_MAX 2048u

struct piece {
    uint64_t cookie;
    uint64_t size;
};

struct client {
    struct client *next; /* under guard */
    int socket;
    int process; /* pidfd, or -1 */
    struct identity identity;
    struct gp_client *gp;
    struct lane *lane[ACCOUNT_CLIENT_LANES];
    size_t num_lanes;
    struct piece *piece; /* memory that it has */
    size_t num_pieces;
    size_t max_pieces;
    uint64_t memory; /* bytes of it */
    uint64_t next_cookie;
    uint64_t package[GP_PACKAGES_MAX]; /* sizes of the last ones that it brought along */
    uint32_t next_package;
};

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct client *clients;
static unsigned int num_clients;
static bool ending;

unsigned int client_count(void)
{
    unsigned int count;

    pthread_mutex_lock(&guard);
    count = num_clients;
    pthread_mutex_unlock(&guard);
    return count;
}

/* --- What a client may ask. --------------------------------------------------------------------- */

static uint32_t open_lane(struct client *client, int fds[LINK_LANE_FDS])
{
    if (client->num_lanes == ACCOUNT_CLIENT_LANES ||
        !account_take(client->identity.uid, ACCOUNT_LANE, 1)) {
        return RESULT_OUT_OF_MEMORY;
    }
    if (lane_create(client->gp, &client->identity, fds, &client->lane[client->num_lanes]) != 0) {
        account_give(client->identity.uid, ACCOUNT_LANE, 1);
        return RESULT_OUT_OF_MEMORY;
    }
    client->num_lanes++;
    return RESULT_SUCCESS;
}

static bool piece_room(struct client *client)
{
    size_t wanted = client->max_pieces == 0 ? 16 : client->max_pieces * 2;
    struct piece *larger;

    if (client->num_pieces < client->max_pieces) {
        return true;
    }
    larger = realloc(client->piece, wanted * sizeof(*larger));
    if (larger == NULL) {
        return false;
    }
    client->piece = larger;
    client->max_pieces = wanted;
    return true;
}

static bool take_piece(uid_t uid, uint64_t size)
{
    if (!account_take(uid, ACCOUNT_FILE, 1)) {
        return false;
    }
    if (!account_take(uid, ACCOUNT_MEMORY, size)) {
        account_give(uid, ACCOUNT_FILE, 1);
        return false;
    }
    return true;
}

static void give_pieces(uid_t uid, uint64_t count, uint64_t size)
{
    account_give(uid, ACCOUNT_MEMORY, size);
    account_give(uid, ACCOUNT_FILE, count);
}

/* On success *fd is a descriptor for the client, the caller's to close. */
static uint32_t create_memory(struct client *client, uint64_t size, uint64_t *cookie, int *fd)
{
    uint64_t rounded = memory_round(size);
    uint64_t limit = account_client_memory();
    struct port_mem *mem;

    if (size == 0) {
        return RESULT_BAD_PARAMETERS;
    }
    if (rounded == 0 || rounded > limit || client->memory > limit - rounded ||
        !piece_room(client) || !take_piece(client->identity.uid, rounded)) {
        return RESULT_OUT_OF_MEMORY;
    }
    if (port_mem_create(rounded, &mem) != E_OK) {
        give_pieces(client->identity.uid, 1, rounded);
        return RESULT_OUT_OF_MEMORY;
    }
    *fd = fcntl(memory_fd(mem), F_DUPFD_CLOEXEC, 0);
    *cookie = ++client->next_cookie;
    if (*fd < 0 || gp_shm_register(client->gp, *cookie, mem, 0) != E_OK) {
        wire_close_fd(*fd);
        *fd = -1;
        port_mem_destroy(mem);
        give_pieces(client->identity.uid, 1, rounded);
        return RESULT_OUT_OF_MEMORY;
    }
    client->piece[client->num_pieces++] = (struct piece){.cookie = *cookie, .size = rounded};
    client->memory += rounded;
    return RESULT_SUCCESS;
}

static uint32_t release_memory(struct client *client, uint64_t cookie)
{
    for (size_t i = 0; i < client->num_pieces; i++) {
        struct piece *piece = &client->piece[i];

        if (piece->cookie == cookie) {
            enum error error = gp_shm_release(client->gp, cookie);

            client->memory -= piece->size;
            give_pieces(client->identity.uid, 1, piece->size);
            *piece = client->piece[--client->num_pieces];
            return error == E_OK ? RESULT_SUCCESS : RESULT_ITEM_NOT_FOUND;
        }
    }
    return RESULT_ITEM_NOT_FOUND;
}

/* Reads a file that somebody else wrote and may change meanwhile: the copy is what counts. */
static uint8_t *read_package(int fd, size_t *size)
{
    struct stat info;
    uint8_t *bytes;
    size_t done = 0;

    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size <= 0 ||
        info.st_size > PACKAGE_SIZE_MAX) {
        return NULL;
    }
    bytes = malloc((size_t)info.st_size);
    while (bytes != NULL && done < (size_t)info.st_size) {
        ssize_t got = pread(fd, bytes + done, (size_t)info.st_size - done, (off_t)done);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            break;
        }
        done += (size_t)got;
    }
    *size = done;
    return bytes;
}

/* The kernel keeps a copy of the last ones: they are among what the user has. */
static bool count_package(struct client *client, uint64_t size)
{
    uint64_t *oldest = &client->package[client->next_package % GP_PACKAGES_MAX];

    if (!account_take(client->identity.uid, ACCOUNT_MEMORY, size)) {
        return false;
    }
    account_give(client->identity.uid, ACCOUNT_MEMORY, *oldest);
    *oldest = size;
    client->next_package++;
    return true;
}

static uint32_t take_package(struct client *client, const struct wire_extra *extra)
{
    uid_t uid = client->identity.uid;
    enum error error = E_BAD_FORMAT;
    uint8_t *bytes;
    size_t size = 0;

    if (extra->num_fds != 1) {
        return RESULT_BAD_PARAMETERS;
    }
    if (!account_take(uid, ACCOUNT_IMAGE, 1)) {
        return RESULT_BUSY;
    }
    bytes = read_package(extra->fd[0], &size);
    if (bytes != NULL) {
        error = count_package(client, size) ? gp_client_offer_package(client->gp, bytes, size)
                                            : E_NO_MEMORY;
    }
    free(bytes);
    account_give(uid, ACCOUNT_IMAGE, 1);
    return error == E_OK          ? RESULT_SUCCESS
           : error == E_NO_MEMORY ? RESULT_OUT_OF_MEMORY
                                  : RESULT_BAD_FORMAT;
}

/* False: the connection has to end. */
static bool serve_request(struct client *client, const struct link_request *request,
                          const struct wire_extra *extra)
{
    struct link_reply reply = {.op = request->op, .tag = request->tag};
    int fds[LINK_LANE_FDS] = {-1, -1, -1, -1};
    size_t num_fds = 0;
    bool sent;

    switch (request->op) {
    case LINK_LANE_OPEN:
        reply.status = open_lane(client, fds);
        num_fds = reply.status == RESULT_SUCCESS ? LINK_LANE_FDS : 0;
        break;
    case LINK_SHM_CREATE:
        reply.status = create_memory(client, request->a, &reply.a, &fds[0]);
        num_fds = reply.status == RESULT_SUCCESS;
        break;
    case LINK_SHM_RELEASE:
        reply.status = release_memory(client, request->a);
        break;
    case LINK_APP_IMAGE:
        reply.status = take_package(client, extra);
        break;
    case LINK_CANCEL:
        if (request->a <= UINT32_MAX && request->b <= UINT32_MAX) {
            gp_cancel(client->gp, (uint32_t)request->a, (uint32_t)request->b);
        }
        return true;
    default:
        reply.status = RESULT_NOT_SUPPORTED;
    }
    /* A client that does not read its replies fills its own socket, and ends itself. */
    sent = wire_send(client->socket, &reply, sizeof(reply), fds, num_fds) == 0;
    for (size_t i = 0; i < num_fds; i++) {
        close(fds[i]);
    }
    return sent;
}

static void serve(struct client *client)
{
    for (;;) {
        struct link_request request;
        struct wire_extra extra;
        ssize_t got;
        bool good;
        int rc = wire_wait(client->socket, client->process, -1);

        if (rc < 0 && errno == EINTR) {
            continue;
        }
        if (rc != 1) {
            return; /* the process has ended, whoever else may hold its socket */
        }
        got = wire_receive(client->socket, &request, sizeof(request), 1, &extra);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return;
        }
        good = got == (ssize_t)sizeof(request) && !extra.cut && extra.pid == client->identity.pid &&
               serve_request(client, &request, &extra);
        wire_close(&extra);
        if (!good) {
            return;
        }
    }
}

/* --- The connection's life. --------------------------------------------------------------------- */

static int process_of(int socket, pid_t pid)
{
    int fd = -1;
    socklen_t size = sizeof(fd);

    if (getsockopt(socket, SOL_SOCKET, SO_PEERPIDFD, &fd, &size) == 0) {
        return fd;
    }
    return pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1; /* before Linux 6.5 */
}

static void client_close(struct client *client)
{
    /* Runs apps' close entry points; the lanes' threads must be out of the kernel before. */
    gp_client_gone(client->gp);
    for (size_t i = 0; i < client->num_lanes; i++) {
        lane_stop(client->lane[i]);
    }
    for (size_t i = 0; i < client->num_lanes; i++) {
        lane_destroy(client->lane[i]);
    }
    gp_client_destroy(client->gp);
    account_give(client->identity.uid, ACCOUNT_LANE, client->num_lanes);
    give_pieces(client->identity.uid, client->num_pieces, client->memory);
    for (size_t i = 0; i < GP_PACKAGES_MAX; i++) {
        account_give(client->identity.uid, ACCOUNT_MEMORY, client->package[i]);
    }
}

static void client_serve(struct client *client)
{
    pid_t pid = 0;

    uint32_t kind =
        greeting_receive(client->socket, 1u << LINK_KIND_TEEC | 1u << LINK_KIND_TIPC, &pid);

    if (kind == 0) {
        return;
    }
    /* Only now: the hello came from a process that was there, and see identity.h. */
    identity_clear(&client->identity);
    if (identity_of(client->socket, &client->identity) != 0 || pid != client->identity.pid) {
        greeting_answer(client->socket, RESULT_ACCESS_DENIED,
                        "another process than the one that connected said hello");
        return;
    }
    if (kind == LINK_KIND_TIPC) {
        if (greeting_answer(client->socket, RESULT_SUCCESS, "")) {
            tipc_door_serve(client->socket, pid, client->identity.uid);
        }
        return;
    }
    if (wire_wait(client->socket, -1, 0) != 0) {
        greeting_answer(client->socket, RESULT_ACCESS_DENIED, "a request came before the welcome");
        return;
    }
    client->process = process_of(client->socket, pid);
    if (gp_client_create(&client->gp) != E_OK) {
        greeting_answer(client->socket, RESULT_OUT_OF_MEMORY, "the TEE is out of memory");
        return;
    }
    if (greeting_answer(client->socket, RESULT_SUCCESS, "")) {
        serve(client);
    }
    /* The client, if it lives, learns the end now and not after its apps were cleaned up. */
    shutdown(client->socket, SHUT_RDWR);
    client_close(client);
}

static void *client_thread(void *argument)
{
    struct client *client = argument;
    uid_t uid = client->identity.uid;
    struct client **link;

    client_serve(client);
    pthread_mutex_lock(&guard);
    for (link = &clients; *link != client; link = &(*link)->next) {
    }
    *link = client->next;
    num_clients--;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&guard);
    account_give(uid, ACCOUNT_CONNECTION, 1);
    wire_close_fd(client->process);
    close(client->socket);
    identity_clear(&client->identity);
    free(client->piece);
    free(client);
    return NULL;
}

static bool client_add(struct client *client)
{
    bool added = false;

    pthread_mutex_lock(&guard);
    if (num_clients < CONNECTIONS_MAX && !ending) {
        client->next = clients;
        clients = client;
        num_clients++;
        added = true;
    }
    pthread_mutex_unlock(&guard);
    return added;
}

static void client_forget(struct client *client)
{
    struct client **link;

    pthread_mutex_lock(&guard);
    for (link = &clients; *link != client; link = &(*link)->next) {
    }
    *link = client->next;
    num_clients--;
    pthread_mutex_unlock(&guard);
}

void client_accept(int socket)
{
    struct client *client = calloc(1, sizeof(*client));
    struct ucred peer = {.uid = 0};
    socklen_t size = sizeof(peer);
    int on = 1;

    if (client == NULL || getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 ||
        setsockopt(socket, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) != 0) {
        free(client);
        close(socket);
        return;
    }
    client->socket = socket;
    client->process = -1;
    client->identity.uid = peer.uid;
    if (!account_take(peer.uid, ACCOUNT_CONNECTION, 1)) {
        greeting_answer(socket, RESULT_OUT_OF_MEMORY, "too many connections of this user");
    } else if (!client_add(client)) {
        account_give(peer.uid, ACCOUNT_CONNECTION, 1);
        greeting_answer(socket, RESULT_OUT_OF_MEMORY, "too many connections");
    } else if (sleep_thread(client_thread, client, NULL) != 0) {
        client_forget(client);
        account_give(peer.uid, ACCOUNT_CONNECTION, 1);
        greeting_answer(socket, RESULT_OUT_OF_MEMORY, "the TEE has no more threads");
    } else {
        return;
    }
    close(socket);
    free(client);
}

void client_end_all(int timeout_ms)
{
    struct timespec limit;

    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += timeout_ms / 1000;
    pthread_mutex_lock(&guard);
    ending = true;
    for (struct client *client = clients; client != NULL; client = client->next) {
        shutdown(client->socket, SHUT_RDWR);
    }
    while (num_clients > 0 && pthread_cond_timedwait(&changed, &guard, &limit) == 0) {
    }
    pthread_mutex_unlock(&guard);
}

/*
 * The registry of apps that were fetched and verified, and the way to one of their instances.
 *
 * An `app` is one verified version of one app. It stays in secure memory when its last instance
 * ended, so that the next open needs no verification; a package that changed since is fetched again
 * (MSG_RPC_APP_STAMP tells, or its size), and the older version goes when its last instance ends.
 */
#ifndef POSTERN_KERNEL_APP_APP_H
#define POSTERN_KERNEL_APP_APP_H

#include <kernel/object/channel.h>
#include <kernel/sched/lock.h>
#include <kernel/sched/timer.h>
#include <lib/error.h>
#include <lib/manifest.h>
#include <lib/package.h>

struct instance;

#define APP_INSTANCES_MAX 1024u /* in all */
/* How long a version that has instances is believed to be the newest without asking. */
#define APP_CHECK_NS UINT64_C(500000000)
#define APP_CACHED_MAX 64u /* versions kept in memory, with and without instances */

struct app_stamp {
    bool known;
    uint64_t number[3];
};

struct app {
    struct list link; /* in the registry */
    uint8_t uuid[16];
    uint32_t version;
    bool development;
    bool stale;               /* superseded: no new instance */
    bool offered;             /* brought along by a client, not fetched */
    struct manifest manifest; /* its texts lie in manifest_bytes */
    uint8_t *manifest_bytes;
    size_t manifest_size;
    uint8_t signer[PACKAGE_SIGNER_SIZE];
    struct port_image *image;
    struct app_stamp stamp;
    uint64_t checked_ns; /* when the normal world was last asked whether there is another */
    uint32_t users;      /* instances and calls that use it */
    uint32_t num_instances;
    struct list instances;
    struct timer restart; /* starts it again after its end, if its manifest says so */
    bool restart_due;
};

/* A package in the kernel's memory, not verified. */
struct app_package {
    const uint8_t *bytes;
    size_t size;
};

void app_start_all(void); /* once, at the kernel's start */

/* Who wants to be connected to an app. */
struct app_caller {
    const uint8_t *uuid;               /* the calling app's, or zeros */
    struct account *account;           /* pays for the channel */
    const struct app_package *offered; /* NULL, or what the caller brought along */
    const bool *gives_up;              /* set by others when the caller does not want it any more */
};

/*
 * Connects to the app's own port: loads, verifies and starts it where needed, and applies its
 * manifest's policy. *channel has one handle, the caller's; *instance one reference, the caller's.
 * Releases the lock meanwhile, and asks the normal world.
 * E_NOT_FOUND: no such app; E_SECURITY, E_BAD_FORMAT, E_ARCHITECTURE, E_VERSION: its package is
 * refused (logged with the reason); E_BUSY: it serves one session and has it; E_SESSION_MAXIMUM;
 * E_NOT_SUPPORTED: it runs and offers no sessions; E_DEAD: it is ending; E_NO_MEMORY;
 * E_COMMUNICATION: the normal world did not answer; E_CANCELLED.
 */
enum error app_connect(const uint8_t uuid[16], const struct app_caller *caller,
                       struct kernel_lock *lock, struct channel **channel,
                       struct instance **instance) MUST_CHECK;

/*
 * Starts the app whose manifest lists the port `path`, unless an instance of it lives. `from`: where
 * the client is, one of SYS_PORT_ALLOW_*. *instance has one reference, the caller's; whether it
 * creates the port is up to it. Releases the lock meanwhile, and asks the normal world. E_NOT_FOUND:
 * no app does; E_ACCESS_DENIED: not for such clients; errors as app_connect.
 */
enum error app_start_for_port(const char *path, size_t length, uint32_t from,
                              struct kernel_lock *lock, struct instance **instance) MUST_CHECK;

/* An instance has ended: it is started again, at once after a clean end and after some seconds
 * following a failure, if its manifest says so. */
void app_instance_ended(struct app *app, bool failed);
/* Starts what is due. Without a caller: from kernel_background. */
void app_run_restarts(struct kernel_lock *lock);

/* For instance.c. */
void app_get(struct app *app);
void app_put(struct app *app, struct kernel_lock *lock);
size_t app_status(char *out, size_t size);

#endif

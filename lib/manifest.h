/*
 * Decoding of a packaged manifest (abi/package.h), and the list of keys that mean something. Pure;
 * used by the kernel and by the package tools alike.
 */
#ifndef POSTERN_LIB_MANIFEST_H
#define POSTERN_LIB_MANIFEST_H

#include <abi/package.h>
#include <abi/syscall.h>
#include <lib/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MANIFEST_PORTS_MAX 16u
#define MANIFEST_KEY_MAX 128u
#define MANIFEST_VALUE_MAX 1024u
#define MANIFEST_HEAP_DEFAULT (1u << 20)
#define MANIFEST_HEAP_MAX (1u << 30)
#define MANIFEST_STACK_DEFAULT (64u << 10)
#define MANIFEST_STACK_MIN (16u << 10)
#define MANIFEST_STACK_MAX (64u << 20)
#define MANIFEST_SESSIONS_DEFAULT 64u
#define MANIFEST_SESSIONS_MAX 4096u
#define MANIFEST_INSTANCES_DEFAULT 64u
#define MANIFEST_INSTANCES_MAX 1024u
#define MANIFEST_CANCEL_GRACE_DEFAULT 10000u

enum manifest_restart {
    MANIFEST_RESTART_NEVER,
    MANIFEST_RESTART_ALWAYS,
    MANIFEST_RESTART_FAILURE,
};

struct manifest_port {
    const char *name; /* not NUL-terminated; in the manifest's bytes */
    size_t length;    /* below SYS_PATH_MAX */
    uint32_t flags;   /* SYS_PORT_ALLOW_* */
};

struct manifest {
    uint8_t uuid[16];              /* gpd.ta.appID */
    uint32_t version;              /* gpd.ta.version, a << 20 | b << 10 | c; 0 when absent */
    bool single_instance;          /* gpd.ta.singleInstance; default false */
    bool multi_session;            /* gpd.ta.multiSession; default false */
    bool keep_alive;               /* gpd.ta.instanceKeepAlive; default false */
    bool development;              /* postern.development; default false */
    uint64_t heap_size;            /* gpd.ta.dataSize, bytes */
    uint64_t stack_size;           /* gpd.ta.stackSize, bytes */
    uint32_t max_sessions;         /* postern.maxSessions: of one instance */
    uint32_t max_instances;        /* postern.maxInstances */
    uint32_t cancel_grace_ms;      /* postern.cancelGrace; 0: never ended */
    enum manifest_restart restart; /* postern.restart */
    uint32_t num_ports;            /* postern.ports */
    struct manifest_port ports[MANIFEST_PORTS_MAX];
    const char *name; /* postern.name, not NUL-terminated; NULL when absent */
    size_t name_length;
};

/* One entry of the packed form. Neither is NUL-terminated. */
struct manifest_entry {
    const char *key;
    size_t key_length;
    const char *value;
    size_t value_length;
};

/*
 * Takes the next entry off `*at` (of `*left` bytes), checking lengths alone. E_NOT_FOUND at the
 * end, E_BAD_FORMAT when the bytes end in the middle of one.
 */
enum error manifest_next(const uint8_t **at, size_t *left, struct manifest_entry *out) MUST_CHECK;

/*
 * Decodes and checks a whole packed manifest. `*why` gets a sentence; `*key` (may be NULL) the key it
 * is about, if any. E_BAD_FORMAT: damaged, unsorted, a key twice, an unknown gpd. or postern. key, a
 * value that is none, or entries that contradict each other.
 */
enum error manifest_decode(const uint8_t *bytes, size_t size, struct manifest *out,
                           const char **why, struct manifest_entry *key) MUST_CHECK;

/* "1.2.3", "1.2" or "1" to a number. False when it is none. Parts: 0 to 4095, 1023, 1023. */
bool manifest_parse_version(const char *text, size_t length, uint32_t *out);

#endif

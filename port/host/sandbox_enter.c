/*
 * The closed-off place that apps run in, and their resource limits. Whatever the system refuses (a
 * container without user name spaces, a hardened kernel) is left out; what remains everywhere is
 * the system call filter, no new privileges, no capabilities, the limits and no descriptors.
 */
#include "launch_protocol.h"
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* As root, apps run as this user when it exists, else under a number that Debian gives to nobody. */
#define SANDBOX_USER "postern-app"
#define SANDBOX_UID 65533u
#define SANDBOX_UID_OTHERWISE 65534u

/* Address space: the window of abi/syscall.h, and the rest of a program. Bounds page tables. */
#define SANDBOX_ADDRESS_SPACE (UINT64_C(0x010000000000) + (UINT64_C(64) << 30))

static int write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    ssize_t done;

    if (fd < 0) {
        return -1;
    }
    done = write(fd, text, strlen(text));
    close(fd);
    return done == (ssize_t)strlen(text) ? 0 : -1;
}

/* A user name space in which the caller is who it was, with all capabilities inside. */
static unsigned int enter_user_space(void)
{
    char map[64];
    uid_t uid = geteuid();
    gid_t gid = getegid();

    if (unshare(CLONE_NEWUSER) != 0) {
        return 0;
    }
    (void)write_text("/proc/self/setgroups", "deny");
    snprintf(map, sizeof(map), "%u %u 1", uid, uid);
    if (write_text("/proc/self/uid_map", map) != 0) {
        return 0;
    }
    snprintf(map, sizeof(map), "%u %u 1", gid, gid);
    (void)write_text("/proc/self/gid_map", map);
    return LAUNCH_HAVE_USER;
}

static unsigned int enter_spaces(bool development)
{
    static const struct {
        int flag;
        unsigned int have;
        bool development;
    } spaces[] = {
        {CLONE_NEWPID, LAUNCH_HAVE_PID, false},
        {CLONE_NEWNET, LAUNCH_HAVE_NET, true},
        {CLONE_NEWIPC, LAUNCH_HAVE_IPC, true},
        {CLONE_NEWUTS, LAUNCH_HAVE_UTS, true},
    };
    unsigned int have = 0;

    for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++) {
        if ((!development || spaces[i].development) && unshare(spaces[i].flag) == 0) {
            have |= spaces[i].have;
        }
    }
    return have;
}

/* Replaces everything below / by an empty read-only file system. */
static unsigned int enter_root(void)
{
    static const char *const places[] = {"/tmp", "/run", "/var", "/usr", "/etc"};
    const char *place = NULL;

    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
        return 0;
    }
    for (size_t i = 0; place == NULL && i < sizeof(places) / sizeof(places[0]); i++) {
        if (mount("postern", places[i], "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
                  "size=4k,nr_inodes=2,mode=555") == 0) {
            place = places[i];
        }
    }
    if (place == NULL || chdir(place) != 0 || syscall(SYS_pivot_root, ".", ".") != 0 ||
        umount2(".", MNT_DETACH) != 0 || chdir("/") != 0) {
        return 0;
    }
    (void)mount(NULL, "/", NULL,
                MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    return LAUNCH_HAVE_ROOT;
}

/* The caller's first child in a process id name space is its first process: go on as that one, so
 * that when the launcher dies all apps do. The parent has nothing left to do. */
static int become_first(void)
{
    pid_t child = fork();

    if (child < 0) {
        return -1;
    }
    if (child > 0) {
        _exit(0);
    }
    return 0;
}

static bool drop_user(uid_t uid)
{
    return setgroups(0, NULL) == 0 && setresgid(uid, uid, uid) == 0 &&
           setresuid(uid, uid, uid) == 0;
}

/* Whether there is no other user: root of a user name space that has just one, whose root is an
 * ordinary user outside. */
static bool only_user(void)
{
    FILE *map = fopen("/proc/self/uid_map", "re");
    unsigned long inside = 0;
    unsigned long outside = 0;
    unsigned long count = 0;
    unsigned long another;
    bool only;

    if (map == NULL) {
        return false;
    }
    only = fscanf(map, "%lu %lu %lu", &inside, &outside, &count) == 3 && count == 1 &&
           outside != 0 && fscanf(map, "%lu", &another) != 1;
    fclose(map);
    return only;
}

/* While the caller still has the right to: what nobody that it starts can ever regain. */
static void drop_bounding_set(void)
{
    for (int i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++) {
        (void)prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
    }
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    (void)prctl(PR_SET_SECUREBITS,
                SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
                    SECBIT_NO_SETUID_FIXUP_LOCKED,
                0, 0, 0);
}

static int drop_capabilities(void)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2];

    memset(none, 0, sizeof(none));
    return (int)syscall(SYS_capset, &head, none);
}

static void limit(int resource, uint64_t value)
{
    struct rlimit wanted = {.rlim_cur = value, .rlim_max = value};
    struct rlimit now;

    if (getrlimit(resource, &now) == 0 && now.rlim_max < value) {
        wanted.rlim_cur = wanted.rlim_max = now.rlim_max;
    }
    (void)setrlimit(resource, &wanted);
}

int sandbox_enter(bool development, const char **what)
{
    unsigned int have = 0;
    bool root = geteuid() == 0;
    bool only = only_user(); /* /proc is out of reach later */
    uid_t uid = SANDBOX_UID;
    const struct passwd *user = root ? getpwnam(SANDBOX_USER) : NULL;

    if (user != NULL && user->pw_uid != 0) {
        uid = user->pw_uid;
    }
    /* When memory runs out the system is to end apps first, not the daemon. */
    (void)write_text("/proc/self/oom_score_adj", "1000");
    if (!root) {
        have |= enter_user_space();
    }
    have |= enter_spaces(development);
    if (!development) {
        have |= enter_root();
    }
    if ((have & LAUNCH_HAVE_PID) != 0 && become_first() != 0) {
        *what = "start in its own process id name space";
        return -1;
    }
    drop_bounding_set();
    if (root) {
        /* In a container that maps few users another number may not exist. Never stay root. */
        if (drop_user(uid) || drop_user(SANDBOX_UID_OTHERWISE)) {
            have |= LAUNCH_HAVE_UID;
        } else if (!only) {
            *what = "become another user";
            return -1;
        }
    }
    if (drop_capabilities() != 0) {
        *what = "drop its capabilities";
        return -1;
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        *what = "renounce new privileges";
        return -1;
    }
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_MSGQUEUE, 0);
    limit(RLIMIT_NICE, 0);
    limit(RLIMIT_RTPRIO, 0);
    if (!development) {
        limit(RLIMIT_MEMLOCK, 0);
        limit(RLIMIT_FSIZE, 0);
    }
    return (int)have;
}

static int limit_exactly(int resource, uint64_t value)
{
    struct rlimit wanted = {.rlim_cur = value, .rlim_max = value};

    return setrlimit(resource, &wanted);
}

int sandbox_limits_apply(uint64_t data, uint64_t stack, enum sandbox_form form)
{
    if (form == SANDBOX_WRAPPED) {
        return 0; /* the wrapper's needs are not the app's */
    }
    if (limit_exactly(RLIMIT_NOFILE, form == SANDBOX_NORMAL ? SANDBOX_FDS : SANDBOX_FDS_LOOSE) !=
            0 ||
        limit_exactly(RLIMIT_STACK, stack) != 0) {
        return -1;
    }
    if (form != SANDBOX_NORMAL) {
        return 0; /* sanitizers reserve terabytes */
    }
    if (limit_exactly(RLIMIT_DATA, data) != 0 ||
        limit_exactly(RLIMIT_AS, SANDBOX_ADDRESS_SPACE) != 0 ||
        limit_exactly(RLIMIT_NPROC, 0) != 0) {
        return -1;
    }
    return 0;
}

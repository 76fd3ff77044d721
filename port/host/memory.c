/* Shared memory, and the kernel's own. See memory.h and port/port.h. */
#include "memory.h"

#include "account.h"
#include "sleep.h"

#include <abi/syscall.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/vfs.h>
#include <unistd.h>

#define PAGE 4096u
/* Pieces above this size are only given out while this much would stay free in the system. */
#define LARGE (1u << 20)
#define KEEP_FREE (UINT64_C(64) << 20)
/* Whoever has one of these on a file can map it, but not for writing. */
#define SEALS_AGAINST_WRITING (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)

struct port_mem {
    struct sleep_errand end;
    uint64_t size;
    int fd;
    _Atomic int read_only; /* opened on first use; -1 before */
    bool foreign;          /* a client's: what it holds is not ours to wipe */
    bool writable;
    uid_t user; /* foreign: whose */
};

static _Atomic uint64_t in_use;

void *port_alloc(size_t size)
{
    return calloc(1, size == 0 ? 1 : size);
}

void port_free(void *memory)
{
    if (memory != NULL) {
        explicit_bzero(memory, malloc_usable_size(memory));
        free(memory);
    }
}

uint64_t memory_round(uint64_t size)
{
    return size > UINT64_MAX - (PAGE - 1) ? 0 : (size + PAGE - 1) & ~(uint64_t)(PAGE - 1);
}

int memory_file(const char *name, uint64_t size)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    int rc;

    if (fd < 0) {
        return -1;
    }
    if (size > INT64_MAX || ftruncate(fd, (off_t)size) != 0) {
        close(fd);
        errno = ENOMEM;
        return -1;
    }
    do {
        rc = fallocate(fd, 0, 0, (off_t)size);
    } while (rc != 0 && errno == EINTR);
    if (rc != 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
        close(fd);
        errno = ENOMEM;
        return -1;
    }
    return fd;
}

/* What the system could give without ending processes, in bytes; UINT64_MAX when it does not say. */
static uint64_t system_free(void)
{
    char text[1024];
    const char *line;
    ssize_t length;
    int fd = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        return UINT64_MAX;
    }
    length = read(fd, text, sizeof(text) - 1);
    close(fd);
    text[length > 0 ? length : 0] = '\0';
    line = strstr(text, "MemAvailable:");
    return line != NULL ? strtoull(line + 13, NULL, 10) * 1024 : UINT64_MAX;
}

uint64_t memory_limit(void)
{
    static _Atomic uint64_t known;
    struct sysinfo info;

    if (known == 0 && sysinfo(&info) == 0) {
        known = (uint64_t)info.totalram * info.mem_unit / 2;
    }
    return known;
}

uint64_t memory_in_use(void)
{
    return in_use;
}

static bool memory_take(uint64_t size)
{
    uint64_t limit = memory_limit();
    uint64_t before = atomic_load(&in_use);

    if (size > limit) {
        return false;
    }
    do {
        if (before > limit - size) {
            return false;
        }
    } while (!atomic_compare_exchange_weak(&in_use, &before, before + size));
    if (size >= LARGE) {
        uint64_t available = system_free();

        if (available < KEEP_FREE || available - KEEP_FREE < size) {
            atomic_fetch_sub(&in_use, size);
            return false;
        }
    }
    return true;
}

enum error port_mem_create(uint64_t size, struct port_mem **out)
{
    uint64_t rounded = memory_round(size);
    struct port_mem *mem;

    if (rounded == 0) {
        return E_NO_MEMORY;
    }
    if (!memory_take(rounded)) {
        return E_NO_MEMORY;
    }
    mem = calloc(1, sizeof(*mem));
    if (mem != NULL) {
        mem->fd = memory_file("postern:memory", rounded);
        mem->size = rounded;
        mem->read_only = -1;
        mem->writable = true;
    }
    if (mem == NULL || mem->fd < 0) {
        atomic_fetch_sub(&in_use, rounded);
        free(mem);
        return E_NO_MEMORY;
    }
    *out = mem;
    return E_OK;
}

/* Whether memory of this size may be had by the user: it is among what he has then. */
static bool foreign_take(uid_t user, uint64_t size)
{
    if (!account_take(user, ACCOUNT_FILE, 1)) {
        return false;
    }
    if (!account_take(user, ACCOUNT_MEMORY, size)) {
        account_give(user, ACCOUNT_FILE, 1);
        return false;
    }
    if (!memory_take(size)) {
        account_give(user, ACCOUNT_MEMORY, size);
        account_give(user, ACCOUNT_FILE, 1);
        return false;
    }
    return true;
}

static void foreign_give(uid_t user, uint64_t size)
{
    atomic_fetch_sub(&in_use, size);
    account_give(user, ACCOUNT_MEMORY, size);
    account_give(user, ACCOUNT_FILE, 1);
}

/* Whether the file can be mapped for writing, now and for good. */
static bool stays_writable(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    int seals;

    (void)fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL); /* fails when it is there already */
    seals = fcntl(fd, F_GET_SEALS);
    return flags >= 0 && (flags & O_ACCMODE) == O_RDWR && seals >= 0 &&
           (seals & F_SEAL_SEAL) != 0 && (seals & SEALS_AGAINST_WRITING) == 0;
}

enum error memory_import(int fd, uid_t user, struct port_mem **out)
{
    struct stat info;
    struct statfs system;
    struct port_mem *mem;
    int seals = fcntl(fd, F_GET_SEALS);

    if (seals < 0 || (seals & F_SEAL_SHRINK) == 0 || fstat(fd, &info) != 0 || info.st_size <= 0 ||
        memory_round((uint64_t)info.st_size) != (uint64_t)info.st_size ||
        fstatfs(fd, &system) != 0 || system.f_type == HUGETLBFS_MAGIC) {
        return E_INVALID;
    }
    if (!foreign_take(user, (uint64_t)info.st_size)) {
        return E_NO_MEMORY;
    }
    mem = calloc(1, sizeof(*mem));
    if (mem != NULL) {
        mem->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
        mem->size = (uint64_t)info.st_size;
        mem->read_only = -1;
        mem->foreign = true;
        mem->writable = stays_writable(fd);
        mem->user = user;
    }
    if (mem == NULL || mem->fd < 0) {
        foreign_give(user, (uint64_t)info.st_size);
        free(mem);
        return E_NO_MEMORY;
    }
    *out = mem;
    return E_OK;
}

bool memory_can_map(struct port_mem *mem, uint32_t prot)
{
    return (prot & SYS_MEM_WRITE) != 0 ? mem->writable : memory_fd_read_only(mem) >= 0;
}

static void destroy(struct port_mem *mem)
{
    /* The pages go now, also when a client or an app that cheats keeps its mapping. */
    if (!mem->foreign) {
        (void)fallocate(mem->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, (off_t)mem->size);
    }
    close(mem->fd);
    if (mem->read_only >= 0) {
        close(mem->read_only);
    }
    if (mem->foreign) {
        foreign_give(mem->user, mem->size);
    } else {
        atomic_fetch_sub(&in_use, mem->size);
    }
    free(mem);
}

static void destroy_now(struct sleep_errand *errand)
{
    destroy((struct port_mem *)(void *)((char *)errand - offsetof(struct port_mem, end)));
}

void port_mem_destroy(struct port_mem *mem)
{
    if (mem != NULL && !sleep_after_unlock(&mem->end, destroy_now)) {
        destroy(mem);
    }
}

uint64_t port_mem_size(const struct port_mem *mem)
{
    return mem->size;
}

int memory_fd(const struct port_mem *mem)
{
    return mem->fd;
}

int memory_fd_read_only(struct port_mem *mem)
{
    char path[64];
    int expected = -1;
    int fd = atomic_load(&mem->read_only);

    if (fd >= 0) {
        return fd;
    }
    snprintf(path, sizeof(path), "/proc/self/fd/%d", mem->fd);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && !atomic_compare_exchange_strong(&mem->read_only, &expected, fd)) {
        close(fd);
        return expected;
    }
    return fd;
}

/*
 * Memory references: the app's own pages made into an object that can be sent, and objects mapped
 * with mmap(), which is the C library's for everything else.
 */
#include <errno.h>
#include <sdk/trusty/trusty_local.h>
#include <sdk/trusty/trusty_memory.h>
#include <string.h>
#include <sys/mman.h>
#include <uapi/err.h>

#define MEMREF_PAGE 4096u

_Static_assert(PROT_READ == SYS_MEM_READ && PROT_WRITE == SYS_MEM_WRITE, "protection");

/* The C library's functions. The plain names are this file's own (<sys/mman.h> of api/ta). */
void *libc_mmap(void *addr, size_t size, int prot, int flags, int fd, off_t offset) __asm__("mmap");
int libc_munmap(void *addr, size_t size) __asm__("munmap");

/* A copy of the memory, as an object. Its handle, or an error. */
static int64_t memref_copy(const void *addr, size_t size)
{
    int64_t handle = trusty_call(SYS_MEM_CREATE, size, 0, 0, 0, 0, 0);
    if (handle < 0) {
        return handle;
    }
    int64_t at =
        trusty_call(SYS_MEM_MAP, (uint64_t)handle, 0, size, SYS_MEM_READ | SYS_MEM_WRITE, 0, 0);
    if (at >= 0) {
        memcpy((void *)(uintptr_t)at, addr, size);
        at = trusty_call(SYS_MEM_UNMAP, (uint64_t)at, size, 0, 0, 0, 0);
    }
    if (at < 0) {
        (void)trusty_call(SYS_CLOSE, (uint64_t)handle, 0, 0, 0, 0, 0);
        return at;
    }
    return handle;
}

long memref_create(void *addr, size_t size, uint32_t mmap_prot)
{
    if (size == 0 || size % MEMREF_PAGE != 0 || (uintptr_t)addr % MEMREF_PAGE != 0 ||
        (mmap_prot != PROT_READ && mmap_prot != (PROT_READ | PROT_WRITE))) {
        return ERR_INVALID_ARGS;
    }
    if (!(mmap_prot & PROT_WRITE ? trusty_memory_writable(addr, size)
                                 : trusty_memory_readable(addr, size))) {
        return ERR_FAULT;
    }
    int64_t handle = memref_copy(addr, size);
    if (handle < 0) {
        return handle;
    }
    int64_t at = trusty_call(SYS_MEM_MAP, (uint64_t)handle, 0, size, mmap_prot, (uintptr_t)addr, 0);
    if (at < 0) {
        (void)trusty_call(SYS_CLOSE, (uint64_t)handle, 0, 0, 0, 0, 0);
        return at;
    }
    return handle;
}

static void *memref_failed(int64_t error)
{
    switch (error) {
    case ERR_BAD_HANDLE:
    case ERR_NOT_FOUND:
        errno = EBADF;
        break;
    case ERR_ACCESS_DENIED:
    case ERR_NOT_ALLOWED:
        errno = EACCES;
        break;
    case ERR_NO_MEMORY:
    case ERR_NO_RESOURCES:
        errno = ENOMEM;
        break;
    default:
        errno = EINVAL;
        break;
    }
    return MAP_FAILED;
}

void *mmap(void *addr, size_t size, int prot, int flags, int fd, off_t offset)
{
    if (fd < (int)SYS_HANDLE_BASE) {
        return libc_mmap(addr, size, prot, flags, fd, offset);
    }
    if ((prot & ~(PROT_READ | PROT_WRITE)) != 0) {
        return memref_failed(ERR_ACCESS_DENIED);
    }
    int64_t at =
        trusty_call(SYS_MEM_MAP, (uint64_t)fd, (uint64_t)offset,
                    (size + MEMREF_PAGE - 1) & ~(size_t)(MEMREF_PAGE - 1), (uint64_t)prot, 0, 0);
    return at < 0 ? memref_failed(at) : (void *)(uintptr_t)at;
}

int munmap(void *addr, size_t size)
{
    if ((uintptr_t)addr - rt_window.base >= rt_window.size) {
        return libc_munmap(addr, size);
    }
    int64_t result = trusty_call(SYS_MEM_UNMAP, (uintptr_t)addr,
                                 (size + MEMREF_PAGE - 1) & ~(size_t)(MEMREF_PAGE - 1), 0, 0, 0, 0);
    if (result < 0) {
        (void)memref_failed(result);
        return -1;
    }
    return 0;
}

/*
 * mmap() of an app in TrustZone: anonymous memory, as an object of the kernel's that is mapped and has no
 * handle. Files there are none, nor places of the app's choice (MAP_FIXED): ENODEV and ENOTSUP.
 * munmap() takes a mapping away as a whole.
 */
#include <sdk/rt/runtime.h>
#include <sdk/rt/syscall.h>

#include <errno.h>
#include <sys/mman.h>

#define MAP_PAGE 4096u

/* musl's <sys/mman.h> gives mmap() another name when Trusty's headers come before it: not here. */
void *mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
    const size_t whole = (size + MAP_PAGE - 1) & ~(size_t)(MAP_PAGE - 1);
    (void)address;
    (void)offset;
    if ((flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) != 0) {
        errno = ENOTSUP;
        return MAP_FAILED;
    }
    if ((flags & MAP_ANONYMOUS) == 0 || fd != -1 || whole == 0 ||
        (protection & ~(PROT_READ | PROT_WRITE)) != 0) {
        errno = ENODEV;
        return MAP_FAILED;
    }
    int64_t at = -1;
    int64_t handle = sys_call(SYS_MEM_CREATE, whole, 0, 0, 0, 0, 0);
    if (handle >= 0) {
        at = sys_call(SYS_MEM_MAP, (uint64_t)handle, 0, whole, (uint64_t)protection, 0, 0);
        (void)sys_call(SYS_CLOSE, (uint64_t)handle, 0, 0, 0, 0, 0);
    }
    if (at < 0) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    return (void *)(uintptr_t)at;
}

int munmap(void *address, size_t size)
{
    const size_t whole = (size + MAP_PAGE - 1) & ~(size_t)(MAP_PAGE - 1);
    if (sys_call(SYS_MEM_UNMAP, (uintptr_t)address, whole, 0, 0, 0, 0) < 0) {
        errno = EINVAL;
        return -1;
    }
    return 0;
}

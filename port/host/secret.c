/*
 * Device key, random bytes, trust table. The key file is written whole under another name and
 * then linked to its own, so that a crash leaves a whole key or none, and of two daemons that start
 * at once one wins and both use its key.
 */
#include "secret.h"

#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <lib/trust/trust.h>
#include <limits.h>
#include <port/port.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_NAME "device.key"
#define KEY_SIZE 32u

static uint8_t device_key[KEY_SIZE];
static uint8_t *trust;
static size_t trust_size;

enum error port_random(void *out, size_t size)
{
    uint8_t *at = out;

    while (size > 0) {
        ssize_t got = getrandom(at, size, 0);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return E_IO;
        }
        at += got;
        size -= (size_t)got;
    }
    return E_OK;
}

void port_device_key(uint8_t key[32])
{
    memcpy(key, device_key, KEY_SIZE);
}

const uint8_t *port_trust(size_t *size)
{
    *size = trust_size;
    return trust;
}

bool secret_load_trust(const char *trust_folder)
{
    struct trust_why why = {.text = ""};

    if (trust_load(trust_folder, &trust, &trust_size, &why) != E_OK) {
        journal_line(SYS_LOG_ERROR, "trust folder: %s", why.text);
        return false;
    }
    return true;
}

static bool key_write(int folder)
{
    char name[64];
    uint64_t number; /* process ids come again: in a container each time */
    uint8_t key[KEY_SIZE];
    bool good;
    int fd;

    if (port_random(key, sizeof(key)) != E_OK || port_random(&number, sizeof(number)) != E_OK) {
        return false;
    }
    snprintf(name, sizeof(name), "." KEY_NAME ".%016llx", (unsigned long long)number);
    fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return false;
    }
    good = write(fd, key, sizeof(key)) == (ssize_t)sizeof(key) && fsync(fd) == 0;
    close(fd);
    explicit_bzero(key, sizeof(key));
    if (good && linkat(folder, name, folder, KEY_NAME, 0) != 0) {
        good = errno == EEXIST;
    }
    unlinkat(folder, name, 0);
    return good && fsync(folder) == 0;
}

static bool key_read(int fd)
{
    struct stat info;

    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_uid != geteuid() ||
        (info.st_mode & 077) != 0) {
        journal_line(SYS_LOG_ERROR,
                     "the device key's file must be a plain file of the TEE's own user, mode 0600");
        return false;
    }
    if (info.st_size != KEY_SIZE || read(fd, device_key, KEY_SIZE) != KEY_SIZE) {
        journal_line(SYS_LOG_ERROR, "the device key's file does not hold a key of %u bytes",
                     KEY_SIZE);
        return false;
    }
    /* Not to swap, where that can be had. */
    (void)mlock(device_key, sizeof(device_key));
    return true;
}

bool secret_load_key(const char *state_folder)
{
    bool good = false;
    int folder;
    int fd;

    if (mkdir(state_folder, 0700) != 0 && errno != EEXIST) {
        journal_line(SYS_LOG_ERROR, "state folder %s: %s", state_folder, strerror(errno));
        return false;
    }
    folder = open(state_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) {
        journal_line(SYS_LOG_ERROR, "state folder %s: %s", state_folder, strerror(errno));
        return false;
    }
    fd = openat(folder, KEY_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT) {
        if (key_write(folder)) {
            journal_line(SYS_LOG_INFO, "made a device key in %s", state_folder);
        }
        fd = openat(folder, KEY_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    }
    if (fd < 0) {
        journal_line(SYS_LOG_ERROR, "device key in %s: %s", state_folder, strerror(errno));
    } else {
        good = key_read(fd);
        close(fd);
    }
    close(folder);
    return good;
}

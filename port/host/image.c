/*
 * Images. The memory file is sealed against every change before anything is started from it, so
 * what was verified is what runs. Its mode lets nobody read it, only execute: the system therefore
 * makes processes that run it not dumpable (no ptrace, no core, no /proc/PID/mem) before their first
 * instruction. The development form is readable, for debuggers.
 */
#include "image.h"

#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <lib/uuid.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010u
#endif

#define IMAGE_SEALS (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

static int image_file(const char *name)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

    if (fd < 0 && errno == EINVAL) {
        fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING); /* before Linux 6.3 */
    }
    return fd;
}

static bool image_fill(int fd, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        ssize_t done = write(fd, bytes, size);

        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done <= 0) {
            return false;
        }
        bytes += done;
        size -= (size_t)done;
    }
    return true;
}

static uint64_t image_data_size(const struct elf_image *elf)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < elf->num_segments; i++) {
        if ((elf->segment[i].flags & ELF_WRITE) != 0) {
            sum += (elf->segment[i].memory_size + 2 * ELF_PAGE_SIZE - 1) &
                   ~(uint64_t)(ELF_PAGE_SIZE - 1);
        }
    }
    return sum;
}

enum error port_image_create(const uint8_t uuid[16], const uint8_t *elf, size_t size,
                             bool development, struct port_image **out)
{
    char text[UUID_TEXT_LENGTH + 1];
    char name[64];
    const char *why = "";
    struct elf_image decoded;
    struct port_image *image;
    enum error error;

    uuid_format(uuid, text);
    error = elf_decode(elf, size, port_arch(), development, &decoded, &why);
    if (error != E_OK) {
        journal_line(SYS_LOG_ERROR, "app %s: its image cannot be started: %s", text, why);
        return E_BAD_FORMAT;
    }
    image = calloc(1, sizeof(*image));
    if (image == NULL) {
        return E_NO_MEMORY;
    }
    snprintf(name, sizeof(name), "postern:%s", text);
    memcpy(image->uuid, uuid, 16);
    image->development = development;
    image->size = size;
    image->data_size = image_data_size(&decoded);
    image->fd = image_file(name);
    if (image->fd < 0 || !image_fill(image->fd, elf, size) ||
        fchmod(image->fd, development ? 0555 : 0111) != 0 ||
        fcntl(image->fd, F_ADD_SEALS, IMAGE_SEALS) != 0) {
        journal_line(SYS_LOG_ERROR, "app %s: no memory file for its image: %s", text,
                     strerror(errno));
        port_image_destroy(image);
        return E_NO_MEMORY;
    }
    image->bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, image->fd, 0);
    if (image->bytes == MAP_FAILED) {
        image->bytes = NULL;
        port_image_destroy(image);
        return E_NO_MEMORY;
    }
    *out = image;
    return E_OK;
}

const uint8_t *port_image_bytes(const struct port_image *image, size_t *size)
{
    *size = image->size;
    return image->bytes;
}

void port_image_destroy(struct port_image *image)
{
    if (image != NULL) {
        if (image->bytes != NULL) {
            munmap((void *)(uintptr_t)image->bytes, image->size);
        }
        if (image->fd >= 0) {
            close(image->fd);
        }
        free(image);
    }
}

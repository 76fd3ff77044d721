/*
 * Images: sealed memory files that hold exactly the verified bytes of an app's ELF file.
 */
#ifndef POSTERN_PORT_HOST_IMAGE_H
#define POSTERN_PORT_HOST_IMAGE_H

#include <lib/elf.h>
#include <port/port.h>

struct port_image {
    uint8_t uuid[16];
    int fd;
    bool development;
    const uint8_t *bytes; /* the file, mapped */
    size_t size;
    uint64_t data_size; /* bytes of its writable segments, in whole pages */
};

#endif

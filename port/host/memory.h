/*
 * Memory that processes share: memory objects of apps and clients, pages, RPC buffers. Each is a
 * memory file whose pages are all there from the beginning and which is sealed against changing
 * its size, so that nobody who maps it can be made to fault on it.
 *
 * Rules: everything counts against one limit for the whole TEE (half of the machine's memory), and
 * large pieces only come when the system has them free.
 */
#ifndef POSTERN_PORT_HOST_MEMORY_H
#define POSTERN_PORT_HOST_MEMORY_H

#include <lib/error.h>
#include <port/port.h>
#include <stdbool.h>
#include <stdint.h>

/* A sealed memory file of `size` bytes (whole pages), zeroed. -1 and errno. The caller closes it;
 * not counted against the limit. */
int memory_file(const char *name, uint64_t size);
uint64_t memory_round(uint64_t size); /* up to whole pages; 0 when that overflows */

/* The descriptor behind a memory object: the object's. The read-only one cannot be mapped writable;
 * -1 when the system has no means for that. */
int memory_fd(const struct port_mem *mem);
int memory_fd_read_only(struct port_mem *mem);

/* Wraps a client's own memory file, which must be sealed against shrinking and made of whole pages;
 * the descriptor stays the caller's. Its contents stay when the object goes; it counts against the
 * limit as any other. E_INVALID: it is not such a file; E_NO_MEMORY. */
enum error memory_import(int fd, struct port_mem **out) MUST_CHECK;

uint64_t memory_in_use(void); /* bytes that count against the limit */
uint64_t memory_limit(void);

#endif

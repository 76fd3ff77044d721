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
#include <sys/types.h>

/* A sealed memory file of `size` bytes (whole pages), zeroed. -1 and errno. The caller closes it;
 * not counted against the limit. */
int memory_file(const char *name, uint64_t size);
uint64_t memory_round(uint64_t size); /* up to whole pages; 0 when that overflows */

/* The descriptor behind a memory object: the object's. The read-only one cannot be mapped writable;
 * -1 when the system has no means for that. */
int memory_fd(const struct port_mem *mem);
int memory_fd_read_only(struct port_mem *mem);

/*
 * Wraps a client's own memory file, which must be sealed against shrinking and made of whole small
 * pages; the descriptor stays the caller's. An app that maps it dies if it cannot, so whether that
 * works is settled here: no more seals can be put on it from now on, and what is sealed against
 * writing already, or came as a read-only descriptor, can only be mapped for reading. Its contents
 * stay when the object goes; it counts against the limit as any other, and among what this user has.
 * E_INVALID: it is not such a file; E_NO_MEMORY.
 */
enum error memory_import(int fd, uid_t user, struct port_mem **out) MUST_CHECK;
/* Whether it can be mapped so (SYS_MEM_*): then handing over its descriptor does not fail either. */
bool memory_can_map(struct port_mem *mem, uint32_t prot);

uint64_t memory_in_use(void); /* bytes that count against the limit */
uint64_t memory_limit(void);

#endif

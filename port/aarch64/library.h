/*
 * The crypto library behind the kernel's image (abi/library.h): placed once, at the kernel's start,
 * and shown to apps that ask for it. What all apps share of it has translation tables that they share
 * as well, so that showing it costs an app three entries; its data are a copy of the app's own.
 */
#ifndef POSTERN_PORT_AARCH64_LIBRARY_H
#define POSTERN_PORT_AARCH64_LIBRARY_H

#include <port/aarch64/app.h>

/*
 * At the kernel's start, one processor: checks the `size` bytes at `at` (0: there is no library),
 * relocates them for a random address, and makes the tables. The bytes lie right below the page pool
 * and are not mapped yet; `room` is what there was for both. What is damaged is logged, and is as if
 * it were not there.
 */
void library_start(struct physical at, uint64_t size, uint64_t room);
/* An app asks for it: answers its address in every app, or SYS_ERR_NOT_SUPPORTED (there is none),
 * SYS_ERR_NO_MEMORY (nothing changed). Asking again is harmless. */
int64_t library_map(struct port_app *app);

#endif

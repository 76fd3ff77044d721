/*
 * Fetching a package from the normal world's supplicant. Without the lock. Nothing that comes back
 * is believed but as bytes to be verified.
 */
#ifndef POSTERN_KERNEL_APP_FETCH_H
#define POSTERN_KERNEL_APP_FETCH_H

#include <kernel/app/app.h>

/* On success the caller frees *bytes with port_free. E_NOT_FOUND: the supplicant has no such
 * package; E_TOO_BIG; E_NO_MEMORY; E_COMMUNICATION; E_BAD_FORMAT: its size changed while it was
 * fetched. */
enum error fetch_package(const uint8_t uuid[16], uint8_t **bytes, size_t *size) MUST_CHECK COLD;
/* What identifies the package's present state; out->known is false when the supplicant does not
 * say. */
void fetch_stamp(const uint8_t uuid[16], struct app_stamp *out);

/* The app whose package claims to serve this port. E_NOT_FOUND: none, or the supplicant does not
 * know; E_COMMUNICATION. */
enum error fetch_app_of_port(const char *path, size_t length, uint8_t uuid[16]) MUST_CHECK COLD;

#endif

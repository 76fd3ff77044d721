/*
 * From a package's bytes to an app that may run: signature, trust, versions, manifest, image. The
 * signature over the whole package is verified before anything but the header's fixed part is
 * looked at. Hashes and maps; without the lock.
 */
#ifndef POSTERN_KERNEL_APP_VERIFY_H
#define POSTERN_KERNEL_APP_VERIFY_H

#include <kernel/app/app.h>

/*
 * On success *out is a new app, in no list, with no users. `bytes` are private memory and stay the
 * caller's. Each refusal is logged with the app's UUID and the reason.
 * E_SECURITY: key not trusted (or not for this app), signature wrong, version below the floor,
 * development form in a TEE that is not for development; E_BAD_FORMAT (also E_SHORT, E_EXCESS);
 * E_VERSION: built for another ABI; E_ARCHITECTURE; E_NO_MEMORY; E_NOT_FOUND: another app's package.
 */
enum error verify_package(const uint8_t uuid[16], const struct app_package *package,
                          struct app **out) MUST_CHECK COLD;
/* Frees what verify_package made. */
void verify_free(struct app *app);

#endif

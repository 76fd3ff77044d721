/* What the TEE knows that others must not, or must not change: device key, random bytes, trust table. */
#ifndef POSTERN_PORT_HOST_SECRET_H
#define POSTERN_PORT_HOST_SECRET_H

#include <stdbool.h>

/* Reads the device key from the state folder; makes both on first use. False, and logged, when it
 * cannot, or when others could have read or replaced the key. */
bool secret_load_key(const char *state_folder);
/* Builds the trust table from the trust folder. False, and logged. */
bool secret_load_trust(const char *trust_folder);

#endif

/*
 * Trusty's UUIDs as text.
 */
#ifndef POSTERN_TRUSTY_UUID_TEXT_H
#define POSTERN_TRUSTY_UUID_TEXT_H

#include <uapi/trusty_uuid.h>

/* Writes the 36 characters, lower case, and a NUL to `str`, which holds UUID_STR_SIZE. */
void uuid_to_str(const struct uuid *uuid, char *str);

/* Reads exactly 36 characters and a NUL, either case. 0, or -1 when that is no UUID: then *uuid is
 * as it was. */
int str_to_uuid(const char *str, struct uuid *uuid);

#endif

/*
 * What the secure kernel tells the normal world's administrator in TrustZone: its log and its status,
 * asked for as sessions of GlobalPlatform's client API with the kernel itself, so that they pass
 * any Linux driver for OP-TEE. Used by `postern log` and `postern status`.
 *
 * Only root may ask: the session must be opened with the login method USER, and Linux's driver must
 * say that the user is 0. (Linux makes a client's UUID of "uid=0" by RFC 4122's version 5, in a name
 * space of its own: drivers/tee/tee_core.c.) Anybody else gets ACCESS_DENIED.
 *
 * The log is a stream of octets since the start, of which the last are kept. Lines end with '\n'.
 */
#ifndef POSTERN_ABI_REPORT_H
#define POSTERN_ABI_REPORT_H

/* 055b25f3-b964-4c9e-bc27-08779b5d0965, in network byte order */
#define REPORT_UUID                                                                                \
    {0x05, 0x5b, 0x25, 0xf3, 0xb9, 0x64, 0x4c, 0x9e, 0xbc, 0x27, 0x08, 0x77, 0x9b, 0x5d, 0x09, 0x65}
/* What Linux calls the user root. */
#define REPORT_ROOT_UUID                                                                           \
    {0xef, 0x01, 0x80, 0xa3, 0x13, 0xf3, 0x5d, 0x1c, 0xb7, 0xf5, 0x88, 0x8c, 0x0e, 0x21, 0x05, 0x9a}

/*
 * REPORT_COMMAND_LOG: parameter 0, value, inout: the position of the first octet that is wanted, low
 * and high half; answered: that of the first one that is given (later than asked for when that one
 * is kept no more, at most the log's end). Parameter 1, memory, output: the octets; its size is
 * answered, 0 at the end of the log.
 * REPORT_COMMAND_STATUS: parameter 0, memory, output: text, lines `key: value`, cut to fit.
 */
#define REPORT_COMMAND_LOG 0u
#define REPORT_COMMAND_STATUS 1u

#endif

/*
 * What the test app `probe` and the end-to-end tests agree on. Included by both sides.
 *
 * probe does what it is told and reports what it saw. The tests sign the same program with many
 * manifests (other UUIDs, other policies), so it never depends on its own UUID.
 */
#ifndef TESTS_E2E_PROBE_H
#define TESTS_E2E_PROBE_H

/* Fits TEE_UUID and TEEC_UUID alike. */
#define PROBE_UUID {0x0822007f, 0x667b, 0x499a, {0x9a, 0xc6, 0x98, 0x74, 0x9a, 0x39, 0x8d, 0xa9}}

/* Open: with a value in at parameter 0, `a` is answered as the result of the open entry point, after
 * a wait of `b` milliseconds (cancellable, not masked). With a value in and out, `a` and `b` come
 * back swapped. Other parameters, or none, are accepted and ignored. */

/* Does nothing and succeeds, whatever the parameters. */
#define PROBE_NOTHING 0

/* Works on every parameter by its type: values in and out come back as ~a and a + b; values out as
 * PROBE_OUT_A + i, PROBE_OUT_B + i; memory in and out has each octet changed by PROBE_XOR; memory out
 * is filled by PROBE_FILL(i, k) (parameter i, octet k). Memory in is only read. */
#define PROBE_WORK 1
#define PROBE_OUT_A 0x1000u
#define PROBE_OUT_B 0x2000u
#define PROBE_XOR 0x5au
#define PROBE_FILL(i, k) ((unsigned char)((i) * 31u + (k) * 7u + 3u))

/* Parameter 0: memory in. Parameter 1, value out: PROBE_HASH over its octets. Parameter 2, value out:
 * a the size's low 32 bits, b 1 when the pointer was NULL. */
#define PROBE_SUM 2
#define PROBE_HASH_START 2166136261u
#define PROBE_HASH(h, octet) (((h) ^ (octet)) * 16777619u)

/* Parameter 0, memory in, is copied to parameter 1, memory out, of which the size becomes that of
 * parameter 0: SHORT_BUFFER when it does not fit. */
#define PROBE_COPY 3

/* Parameter 0, value in: `a` is the result. */
#define PROBE_RETURN 4

/* Parameter 0, value in: `a` becomes the size of parameter 1, memory out or in and out, and `b` is
 * the result. Nothing is written. */
#define PROBE_CLAIM 5

/* Parameter 0, value in: waits `a` milliseconds; `b` is PROBE_WAIT_*. Parameter 1, value out: a is
 * TEE_Wait's own answer, b 1 when the cancel flag was seen. The result is TEE_Wait's answer. */
#define PROBE_WAIT 6
#define PROBE_WAIT_MASKED 1u /* cancellation stays masked while it waits */
#define PROBE_WAIT_POLL 2u   /* does not wait but polls the flag; answers CANCEL when it is set */
#define PROBE_WAIT_SPIN 4u   /* polls nothing: keeps the processor */

/* Parameter 0, value out: a the login method. Parameter 1, memory out: the client's UUID in network
 * order, 16 octets. */
#define PROBE_IDENTITY 7

/* Parameter 0, memory in: the name of a property. Parameter 1, memory out: its text without the NUL.
 * Parameter 2, value in: a is the property set: 0 app, 1 client, 2 TEE. */
#define PROBE_PROPERTY 8

/* Parameter 0, memory in: the UUID of another app in network order. Parameter 1, value in: the
 * command to invoke there and the value to hand over. Parameter 2, value out: result and origin of
 * what failed first, or of the command. Parameter 3, value out: what the command at the other app
 * answered in its first value, if it did. Opens a session, invokes, closes. */
#define PROBE_CHAIN 9

/* Parameter 0, value out: a is a random number of this instance, b the sessions open now. Parameter
 * 1, value out: a the sessions that this instance has served, b the ones that were closed. */
#define PROBE_INSTANCE 10

/* Parameter 0, value in and out: `a` and `b` are kept in the session, what was kept comes back. */
#define PROBE_KEEP 11

/* Parameter 0, value in: `a` is how many milliseconds this session's close entry point shall take
 * (by TEE_Wait), b PROBE_CLOSE_*. */
#define PROBE_CLOSE 12
#define PROBE_CLOSE_LOG 1u     /* log a line "probe: closed KEPT", with the value of PROBE_KEEP */
#define PROBE_CLOSE_FOREVER 2u /* never come back */

/* Parameter 0, value in: allocates `a` bytes with TEE_Malloc, touches and frees them. */
#define PROBE_ALLOCATE 13

/* Parameter 0, memory in: a line for the log. */
#define PROBE_SAY 14

/* Parameter 0, memory in, is read `a` (parameter 1, value in) times over; parameter 2, value out: a
 * how often two passes saw different content. */
#define PROBE_WATCH 15

/* Parameter 0, value out: what TEE_CheckMemoryAccessRights says of parameter 1 (memory): a for
 * reading, b for writing (0 or 1 each). Parameter 2, value out: a the same for the page at 4096, b for
 * the program's own constants with the right to write. */
#define PROBE_RIGHTS 16

/* Parameter 0, value out: seconds and milliseconds of the system time. Parameter 1, value out: of the
 * REE time. Parameter 2, memory out: random octets. */
#define PROBE_TIME 17

/* Parameter 0, memory in or in and out, is read through once. Parameter 1, value out: a is the sum of
 * its 64-bit words, cut to 32 bits. For benchmarks. */
#define PROBE_READ 18

/* Answered to unknown commands: TEEC_ERROR_INVALID_CMD. */

#endif

/*
 * Short forms of the calls that the end-to-end tests make again and again. Results and origins are
 * handed back, never judged here, except by call_alive.
 */
#ifndef TESTS_E2E_CALL_H
#define TESTS_E2E_CALL_H

#include <stdbool.h>
#include <stdint.h>
#include <tee_client_api.h>
#include <tee_client_error.h>

/* A public session without parameters. */
TEEC_Result call_open(TEEC_Context *context, TEEC_Session *session, const TEEC_UUID *uuid,
                      uint32_t *origin);
/* A public session with a value in at parameter 0. */
TEEC_Result call_open_value(TEEC_Context *context, TEEC_Session *session, const TEEC_UUID *uuid,
                            uint32_t a, uint32_t b, uint32_t *origin);
/* A command with a value in at parameter 0, and a value out at parameter 1: out[0], out[1] (NULL: not
 * wanted). */
TEEC_Result call_value(TEEC_Session *session, uint32_t command, uint32_t a, uint32_t b,
                       uint32_t out[2], uint32_t *origin);
/* PROBE_INSTANCE: {number, open, served, closed}. */
TEEC_Result call_instance(TEEC_Session *session, uint32_t out[4]);

/* Whether probe in this session gives right answers to values and memory, of contents that depend on
 * `seed`. */
bool call_probe_right(TEEC_Session *session, uint32_t seed);
/* Opens probe, checks that it answers right, closes. */
bool call_alive(TEEC_Context *context, const TEEC_UUID *probe);
/* An initialised context; the test ends when there is none. */
void call_context(TEEC_Context *context);

/* A pseudo-random stream that both ends of a check can compute. */
void call_fill(void *memory, size_t size, uint32_t seed);
bool call_filled(const void *memory, size_t size, uint32_t seed);

#endif

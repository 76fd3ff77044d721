/*
 * Where the time of a call goes (postern/tee_client_trace.h).
 */
#ifndef POSTERN_LIBTEEC_TRACE_H
#define POSTERN_LIBTEEC_TRACE_H

#include "context.h"

/* Reads the environment, once. */
void trace_start(void);

/* Whether calls are to be timed. Cheap. */
bool trace_on(void);

/* Around a call of the kinds POSTERN_TEEC_TRACE_*. begin: only when trace_on(). */
void trace_begin(struct call *call, uint32_t kind, const TEEC_UUID *service, uint32_t command);
void trace_end(struct call *call, struct verdict verdict);

/* Another function of the API was called. */
void trace_other(const char *what, struct verdict verdict);

/* Octets of a UUID in network order, as messages hold it. */
void uuid_octets(uint8_t octets[16], const TEEC_UUID *uuid);

#endif

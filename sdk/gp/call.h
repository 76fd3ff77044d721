/*
 * The call of an entry point that is going on: who asked, with which memory, and whether it may be
 * cancelled. There is one at a time at the most, since an app has one thread and serves no call inside
 * another.
 */
#ifndef POSTERN_SDK_GP_CALL_H
#define POSTERN_SDK_GP_CALL_H

#include <stdbool.h>
#include <tee_api_types.h>

/* A call of this client's begins; `param_types` of four parameters at the most (NULL: none). */
void call_begin(const TEE_Identity *client, uint32_t param_types, const TEE_Param *params);
void call_end(void);

/* The client of the current call; NULL outside one. */
const TEE_Identity *call_client(void);
/* Whether waiting may be broken off by the client's cancellation. */
bool call_cancellable(void);

#endif

/*
 * What most tests begin with: a peer, a context, a session.
 */
#ifndef POSTERN_TESTS_TEEC_FIXTURE_H
#define POSTERN_TESTS_TEEC_FIXTURE_H

#include <abi/hostlink.h>
#include <fcntl.h>
#include <postern/tee_client_api.h>
#include <postern/tee_client_error.h>
#include <postern/tee_client_trace.h>
#include <unistd.h>

#include "peer.h"
#include "tap.h"

static const TEEC_UUID app __attribute__((unused)) = PEER_UUID;
static struct peer *peer;
static TEEC_Context context;
static TEEC_Session session;

static void fixture_begin(void)
{
    unsetenv("POSTERN_TRACE");
    peer = peer_start();
}

__attribute__((unused)) static void fixture_open(void)
{
    check_is(TEEC_InitializeContext(peer->folder, &context), TEEC_SUCCESS, "initialise");
    check_is(TEEC_OpenSession(&context, &session, &app, TEEC_LOGIN_PUBLIC, NULL, NULL, NULL),
             TEEC_SUCCESS, "open");
    atomic_store(&peer->sessions, 0); /* counted without the fixture's */
}

__attribute__((unused)) static void fixture_close(void)
{
    TEEC_CloseSession(&session);
    TEEC_FinalizeContext(&context);
    atomic_store(&peer->sessions, 0);
}

static int fixture_end(void)
{
    TEEC_CloseSession(&session);
    TEEC_FinalizeContext(&context);
    peer_stop(peer);
    return tap_done();
}

#endif

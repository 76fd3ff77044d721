/*
 * Calls hello some hundred times with the trace of libpostern_teec on, picks the call of median
 * duration, and draws the way that it took.
 */
#include <apps/demo/way.h>
#include <apps/hello/hello.h>
#include <stdio.h>
#include <stdlib.h>
#include <tee_client_api.h>
#include <tee_client_error.h>
#include <tee_client_trace.h>

#define WAY_CALLS 501
#define WAY_WARM 50

static int way_order(const void *a, const void *b)
{
    const struct postern_teec_trace *x = a;
    const struct postern_teec_trace *y = b;
    const uint64_t dx = x->client_out - x->client_in;
    const uint64_t dy = y->client_out - y->client_in;
    return dx < dy ? -1 : dx > dy;
}

static int way_failed(const char *what, TEEC_Result result, uint32_t origin)
{
    const char *reason = postern_teec_reason();
    fprintf(stderr, "way: %s: %s, origin %s%s%s\n", what, postern_teec_strerror(result),
            postern_teec_origin_name(origin), *reason != 0 ? ": " : "", reason);
    return EXIT_FAILURE;
}

/* Fills `trace` with the calls. */
static TEEC_Result way_call(TEEC_Session *session, struct postern_teec_trace trace[WAY_CALLS],
                            uint32_t *origin)
{
    for (int i = -WAY_WARM; i < WAY_CALLS; i++) {
        TEEC_Operation operation = TEEC_OPERATION_INITIALIZER;
        operation.paramTypes =
            TEEC_PARAM_TYPES(TEEC_VALUE_INPUT, TEEC_VALUE_OUTPUT, TEEC_NONE, TEEC_NONE);
        operation.params[0].value.a = 6;
        operation.params[0].value.b = 7;
        const TEEC_Result result = TEEC_InvokeCommand(session, HELLO_CALCULATE, &operation, origin);
        if (result != TEEC_SUCCESS) {
            return result;
        }
        if (operation.params[1].value.b != 42) {
            return TEEC_ERROR_BAD_STATE;
        }
        if (i >= 0) {
            (void)postern_teec_last_trace(&trace[i]);
        }
    }
    return TEEC_SUCCESS;
}

int main(void)
{
    static struct postern_teec_trace trace[WAY_CALLS];
    const TEEC_UUID uuid = HELLO_UUID;
    TEEC_Context context;
    TEEC_Session session;
    uint32_t origin = 0;
    TEEC_Result result = TEEC_InitializeContext(NULL, &context);
    if (result != TEEC_SUCCESS) {
        return way_failed("no TEE", result, TEEC_ORIGIN_API);
    }
    postern_teec_trace_enable(1);
    result = TEEC_OpenSession(&context, &session, &uuid, TEEC_LOGIN_PUBLIC, NULL, NULL, &origin);
    if (result == TEEC_SUCCESS) {
        result = way_call(&session, trace, &origin);
        TEEC_CloseSession(&session);
    }
    TEEC_FinalizeContext(&context);
    if (result != TEEC_SUCCESS) {
        return way_failed("hello", result, origin);
    }
    qsort(trace, WAY_CALLS, sizeof(trace[0]), way_order);
    const struct postern_teec_trace *t = &trace[WAY_CALLS / 2];
    if (t->app_in == 0 || t->gate_in < t->sent || t->app_in < t->gate_in ||
        t->app_out < t->app_in || t->gate_out < t->app_out || t->received < t->gate_out) {
        fprintf(stderr, "way: this TEE does not tell where a call's time goes\n");
        return EXIT_FAILURE;
    }
    const uint64_t ns[WAY_LAYERS] = {
        [WAY_CLIENT_DOWN] = t->sent - t->client_in,    [WAY_TO_GATE] = t->gate_in - t->sent,
        [WAY_KERNEL_DOWN] = t->app_in - t->gate_in,    [WAY_APP] = t->app_out - t->app_in,
        [WAY_KERNEL_UP] = t->gate_out - t->app_out,    [WAY_TO_CLIENT] = t->received - t->gate_out,
        [WAY_CLIENT_UP] = t->client_out - t->received,
    };
    way_draw("hello multiplies 6 by 7; the median of 501 calls", ns);
    return EXIT_SUCCESS;
}

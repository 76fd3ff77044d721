/*
 * Sessions from app to app: the scripted kernel is also the other app. It decodes with the SDK's own
 * decoder, so that both sides of the protocol meet here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <abi/session.h>
#include <sdk/gp/call.h>
#include <sdk/gp/request.h>
#include <sdk/rt/test/kernel.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <tee_internal_api.h>

#define CHANNEL 1005u
#define MEMORY 1006u

static const TEE_UUID destination = {0x01020304, 0x0506, 0x0708, {9, 10, 11, 12, 13, 14, 15, 16}};

static struct {
    int64_t connect_answer;
    int64_t send_answer;
    int64_t wait_answer[4]; /* one after the other */
    unsigned waits;
    uint32_t wait_event;
    int64_t cancel_answer;
    unsigned cancels;
    uint64_t wait_flags;
    uint64_t wait_timeout;
    uint64_t connect_timeout;
    unsigned open_handles; /* channel and memory */
    unsigned maps;
    bool no_memory;
    uint8_t *memory;
    size_t memory_size;
    struct request seen;
    enum error decoded;
    struct session_reply reply;
    size_t reply_size;
    uint8_t fill; /* written to every output */
} other;

static void other_serve(uint64_t length, uint64_t num_objects)
{
    const struct sys_recv recv = {.num_objects = (uint32_t)num_objects,
                                  .obj_va = {(uintptr_t)other.memory},
                                  .obj_size = {other.memory_size},
                                  .obj_prot = {3}};
    if (num_objects != 0)
        assert_int_equal(sys_page()->objects[0], MEMORY);
    other.decoded = request_decode(sys_page()->out, length, &recv, &other.seen);
    assert_int_equal(other.decoded, E_OK);
    other.reply.op = other.seen.op;
    for (uint32_t i = 0; i < 4; i++) {
        const uint32_t type = SESSION_PARAM_TYPE(other.seen.param_types, i);
        if ((type == SESSION_PARAM_MEMREF_OUTPUT || type == SESSION_PARAM_MEMREF_INOUT) &&
            other.seen.params[i].memref.buffer != NULL)
            memset(other.seen.params[i].memref.buffer, other.fill,
                   other.seen.params[i].memref.size);
    }
}

static int64_t other_memory(uint64_t nr, const uint64_t arg[6])
{
    switch (nr) {
    case SYS_MEM_CREATE:
        if (other.no_memory)
            return SYS_ERR_NO_MEMORY;
        assert_int_equal(arg[0] % 4096, 0);
        other.memory_size = arg[0];
        other.open_handles++;
        return MEMORY;
    case SYS_MEM_MAP:
        other.memory = calloc(1, other.memory_size);
        other.maps++;
        return (int64_t)(uintptr_t)other.memory;
    default:
        assert_ptr_equal((void *)(uintptr_t)arg[0], other.memory);
        free(other.memory);
        other.maps--;
        return 0;
    }
}

static int64_t kernel(uint64_t nr, const uint64_t arg[6])
{
    switch (nr) {
    case SYS_CONNECT:
        assert_memory_equal(sys_page()->out, "01020304-0506-0708-090a-0b0c0d0e0f10", 36);
        assert_int_equal(arg[0], 36);
        other.connect_timeout = arg[2];
        other.open_handles += other.connect_answer > 0;
        return other.connect_answer;
    case SYS_SEND:
        assert_int_equal(arg[0], CHANNEL);
        if (other.send_answer < 0)
            return other.send_answer;
        other_serve(arg[1], arg[2]);
        return (int64_t)arg[1];
    case SYS_WAIT:
        other.wait_timeout = arg[1];
        other.wait_flags = arg[2];
        sys_page()->event.event = other.wait_event;
        assert_true(other.waits < 4);
        return other.wait_answer[other.waits++];
    case SYS_CANCEL:
        other.cancels++;
        return other.cancel_answer;
    case SYS_GET:
        sys_page()->msg = (struct sys_msg_info){.length = other.reply_size, .id = 3};
        return 0;
    case SYS_READ:
        memcpy(sys_page()->in, &other.reply, sizeof(other.reply));
        return (int64_t)(other.reply_size < arg[3] ? other.reply_size : arg[3]);
    case SYS_PUT:
        return 0;
    case SYS_CLOSE:
        other.open_handles--;
        return 0;
    case SYS_MEM_CREATE:
    case SYS_MEM_MAP:
    case SYS_MEM_UNMAP:
        return other_memory(nr, arg);
    default:
        fail_msg("system call %u", (unsigned)nr);
        return -1;
    }
}

static int each(void **state)
{
    (void)state;
    memset(&other, 0, sizeof(other));
    other.connect_answer = CHANNEL;
    other.wait_event = SYS_EVENT_MSG;
    other.reply_size = sizeof(other.reply);
    other.reply.origin = TEE_ORIGIN_TRUSTED_APP;
    test_kernel.answer = kernel;
    return 0;
}

static TEE_TASessionHandle session_open(void)
{
    TEE_TASessionHandle session = TEE_HANDLE_NULL;
    uint32_t origin = 0;
    assert_int_equal(
        TEE_OpenTASession(&destination, TEE_TIMEOUT_INFINITE, 0, NULL, &session, &origin),
        TEE_SUCCESS);
    assert_int_equal(origin, TEE_ORIGIN_TRUSTED_APP);
    assert_non_null(session);
    other.waits = 0;
    return session;
}

static void session_close(TEE_TASessionHandle session)
{
    other.waits = 0;
    TEE_CloseTASession(session);
    assert_int_equal(other.open_handles, 0);
    assert_int_equal(other.maps, 0);
}

static void values_and_memory(void **state)
{
    (void)state;
    TEE_TASessionHandle session = session_open();
    uint8_t input[5000];
    uint8_t output[100];
    memset(input, 0x11, sizeof(input));
    memset(output, 0x22, sizeof(output));
    TEE_Param params[4] = {
        {.value = {1, 2}},
        {.memref = {input, sizeof(input)}},
        {.memref = {output, sizeof(output)}},
        {.memref = {NULL, 0}},
    };
    const uint32_t types =
        TEE_PARAM_TYPES(TEE_PARAM_TYPE_VALUE_INOUT, TEE_PARAM_TYPE_MEMREF_INPUT,
                        TEE_PARAM_TYPE_MEMREF_OUTPUT, TEE_PARAM_TYPE_MEMREF_INOUT);
    other.fill = 0x33;
    other.reply.param[0] = (struct session_param){.x = 7, .y = 8};
    other.reply.param[2].y = 60;
    uint32_t origin = 0;
    assert_int_equal(TEE_InvokeTACommand(session, TEE_TIMEOUT_INFINITE, 42, types, params, &origin),
                     0);
    assert_int_equal(origin, TEE_ORIGIN_TRUSTED_APP);
    assert_int_equal(other.seen.command, 42);
    assert_int_equal(other.seen.params[0].value.b, 2);
    assert_int_equal(other.seen.params[1].memref.size, 5000);
    assert_memory_equal(other.seen.params[1].memref.buffer, input, 5000);
    assert_null(other.seen.params[3].memref.buffer);
    assert_int_equal(params[0].value.a, 7);
    assert_int_equal(params[2].memref.size, 60);
    assert_int_equal(output[59], 0x33);
    assert_int_equal(output[60], 0x22); /* what the other app does not claim stays */
    /* The other app claims more than there is: the size comes back, and nothing else. */
    params[2].memref.size = sizeof(output);
    memset(output, 0x22, sizeof(output));
    other.waits = 0;
    other.reply.param[2].y = 101;
    other.reply.result = TEE_ERROR_SHORT_BUFFER;
    assert_int_equal(TEE_InvokeTACommand(session, TEE_TIMEOUT_INFINITE, 42, types, params, NULL),
                     TEE_ERROR_SHORT_BUFFER);
    assert_int_equal(params[2].memref.size, 101);
    assert_int_equal(output[0], 0x22);
    other.reply.result = 0;
    params[2].memref.size = sizeof(output);
    other.waits = 0;
    other.reply.param[2].y = UINT64_MAX;
    TEE_InvokeTACommand(session, TEE_TIMEOUT_INFINITE, 42, types, params, NULL);
    assert_int_equal(output[0], 0x22);
    session_close(session);
}

static void refusals(void **state)
{
    (void)state;
    static const struct {
        int64_t error;
        TEE_Result result;
    } cases[] = {
        {SYS_ERR_NOT_FOUND, TEE_ERROR_ITEM_NOT_FOUND},
        {SYS_ERR_ACCESS_DENIED, TEE_ERROR_ACCESS_DENIED},
        {SYS_ERR_BUSY, TEE_ERROR_BUSY},
        {SYS_ERR_SESSION_MAXIMUM, TEE_ERROR_BUSY},
        {SYS_ERR_SECURITY, TEE_ERROR_SECURITY},
        {SYS_ERR_BAD_FORMAT, TEE_ERROR_BAD_FORMAT},
        {SYS_ERR_TIMED_OUT, TEE_ERROR_CANCEL},
        {SYS_ERR_CHANNEL_CLOSED, TEE_ERROR_TARGET_DEAD},
        {SYS_ERR_NO_RESOURCES, TEE_ERROR_OUT_OF_MEMORY},
        {SYS_ERR_COMMUNICATION, TEE_ERROR_COMMUNICATION},
        {SYS_ERR_GENERIC, TEE_ERROR_GENERIC},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        TEE_TASessionHandle session = (TEE_TASessionHandle)1;
        uint32_t origin = 0;
        other.connect_answer = cases[i].error;
        assert_int_equal(TEE_OpenTASession(&destination, 1500, 0, NULL, &session, &origin),
                         cases[i].result);
        assert_int_equal(origin, TEE_ORIGIN_TEE);
        assert_null(session);
        assert_int_equal(other.connect_timeout, UINT64_C(1500000000));
    }
    TEE_TASessionHandle session;
    uint32_t origin;
    other.connect_answer = CHANNEL;
    other.reply.result = 0x77; /* the app's own refusal */
    assert_int_equal(TEE_OpenTASession(&destination, 1, 0, NULL, &session, &origin), 0x77);
    assert_int_equal(origin, TEE_ORIGIN_TRUSTED_APP);
    assert_null(session);
    assert_int_equal(other.open_handles, 0);
}

static void death(void **state)
{
    (void)state;
    TEE_TASessionHandle session = session_open();
    uint32_t origin = 0;
    other.wait_event = SYS_EVENT_HUP;
    assert_int_equal(TEE_InvokeTACommand(session, 0, 1, 0, NULL, &origin), TEE_ERROR_TARGET_DEAD);
    assert_int_equal(origin, TEE_ORIGIN_TEE);
    other.send_answer = SYS_ERR_GENERIC; /* and is not asked again */
    assert_int_equal(TEE_InvokeTACommand(session, 0, 1, 0, NULL, &origin), TEE_ERROR_TARGET_DEAD);
    session_close(session);

    each(state);
    session = session_open();
    other.send_answer = SYS_ERR_CHANNEL_CLOSED;
    assert_int_equal(TEE_InvokeTACommand(session, 0, 1, 0, NULL, &origin), TEE_ERROR_TARGET_DEAD);
    session_close(session);

    each(state);
    session = session_open();
    other.reply_size = sizeof(other.reply) - 1; /* an answer that is none */
    assert_int_equal(TEE_InvokeTACommand(session, 0, 1, 0, NULL, &origin), TEE_ERROR_GENERIC);
    assert_int_equal(origin, TEE_ORIGIN_TEE);
    session_close(session);
}

static void cancellation(void **state)
{
    (void)state;
    const TEE_Identity client = {0};
    TEE_TASessionHandle session = session_open();
    uint32_t origin = 0;
    /* Time is over: the other app is asked, and its answer counts. */
    other.wait_answer[0] = SYS_ERR_TIMED_OUT;
    other.reply.result = TEE_ERROR_CANCEL;
    assert_int_equal(TEE_InvokeTACommand(session, 20, 1, 0, NULL, &origin), TEE_ERROR_CANCEL);
    assert_int_equal(origin, TEE_ORIGIN_TRUSTED_APP);
    assert_int_equal(other.cancels, 1);
    assert_int_equal(other.waits, 2);
    assert_int_equal(other.wait_timeout, SYS_TIMEOUT_INFINITE);
    /* Not taken yet: withdrawn, and nothing comes. */
    other.waits = 0;
    other.cancel_answer = 1;
    assert_int_equal(TEE_InvokeTACommand(session, 20, 1, 0, NULL, &origin), TEE_ERROR_CANCEL);
    assert_int_equal(origin, TEE_ORIGIN_TEE);
    assert_int_equal(other.waits, 1);
    /* The session lives on. A masked call does not break off waiting, an unmasked one does. */
    other.cancel_answer = 0;
    other.reply.result = 0;
    other.waits = 0;
    other.wait_answer[0] = SYS_OK;
    call_begin(&client, 0, NULL);
    assert_int_equal(TEE_InvokeTACommand(session, TEE_TIMEOUT_INFINITE, 1, 0, NULL, NULL), 0);
    assert_int_equal(other.wait_flags, 0);
    TEE_UnmaskCancellation();
    other.waits = 0;
    other.cancels = 0;
    other.wait_answer[0] = SYS_ERR_CANCELLED;
    assert_int_equal(TEE_InvokeTACommand(session, TEE_TIMEOUT_INFINITE, 1, 0, NULL, NULL), 0);
    assert_int_equal(other.cancels, 1);
    assert_int_equal(other.waits, 2);
    assert_int_equal(other.wait_flags, 0);
    call_end();
    other.wait_answer[0] = SYS_OK;
    session_close(session);
}

static void memory_shortage(void **state)
{
    (void)state;
    TEE_TASessionHandle session = session_open();
    uint8_t byte = 0;
    TEE_Param params[4] = {{.memref = {&byte, 1}}};
    uint32_t origin = 0;
    other.no_memory = true;
    assert_int_equal(
        TEE_InvokeTACommand(session, 0, 1, TEE_PARAM_TYPE_MEMREF_INPUT, params, &origin),
        TEE_ERROR_OUT_OF_MEMORY);
    assert_int_equal(origin, TEE_ORIGIN_TEE);
    other.no_memory = false;
    assert_int_equal(TEE_InvokeTACommand(session, 0, 1, TEE_PARAM_TYPE_MEMREF_INPUT, params, NULL),
                     0);
    session_close(session);
}

static void misuse(void **state)
{
    (void)state;
    const TEE_Result bad = TEE_ERROR_BAD_PARAMETERS;
    TEE_TASessionHandle session = session_open();
    TEE_TASessionHandle second;
    TEE_Param params[4] = {{.memref = {NULL, 5}}};
    EXPECT_PANIC(bad, "TEE_OpenTASession: destination",
                 TEE_OpenTASession(NULL, 0, 0, NULL, &second, NULL));
    EXPECT_PANIC(bad, "TEE_OpenTASession: session",
                 TEE_OpenTASession(&destination, 0, 0, NULL, NULL, NULL));
    EXPECT_PANIC(bad, "returnOrigin", TEE_InvokeTACommand(session, 0, 1, 0, NULL, (uint32_t *)4));
    EXPECT_PANIC(bad, "there is no type 4", TEE_InvokeTACommand(session, 0, 1, 4, params, NULL));
    EXPECT_PANIC(bad, "there is no type 15",
                 TEE_InvokeTACommand(session, 0, 1, 0xf000, params, NULL));
    EXPECT_PANIC(bad, "more than four", TEE_InvokeTACommand(session, 0, 1, 0x10000, params, NULL));
    EXPECT_PANIC(
        bad, "TEE_InvokeTACommand: params: ", TEE_InvokeTACommand(session, 0, 1, 1, NULL, NULL));
    EXPECT_PANIC(bad, "memref: 5 bytes",
                 TEE_InvokeTACommand(session, 0, 1, TEE_PARAM_TYPE_MEMREF_INPUT, params, NULL));
    params[0].memref.buffer = (void *)(uintptr_t)"constant";
    EXPECT_PANIC(bad, "cannot be written",
                 TEE_InvokeTACommand(session, 0, 1, TEE_PARAM_TYPE_MEMREF_OUTPUT, params, NULL));
    session_close(session);
    EXPECT_PANIC(bad, "no handle", TEE_CloseTASession(session));
    EXPECT_PANIC(bad, "no handle", TEE_InvokeTACommand(session, 0, 1, 0, NULL, NULL));
    EXPECT_PANIC(bad, "no handle", TEE_InvokeTACommand(NULL, 0, 1, 0, NULL, NULL));
    TEE_CloseTASession(TEE_HANDLE_NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(values_and_memory, each),
        cmocka_unit_test_setup(refusals, each),
        cmocka_unit_test_setup(death, each),
        cmocka_unit_test_setup(cancellation, each),
        cmocka_unit_test_setup(memory_shortage, each),
        cmocka_unit_test_setup(misuse, each),
    };
    return cmocka_run_group_tests_name("sdk client", tests, test_kernel_start, NULL);
}

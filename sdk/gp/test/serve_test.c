/*
 * The message loop. Each test is a process of its own, since the loop keeps its state for life: the
 * scripted kernel plays events one after the other, and checks the replies and the entry points that
 * ran. The script ends the process: with 0 when all was as it should be.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <abi/session.h>
#include <sdk/gp/serve.h>
#include <sdk/rt/runtime.h>
#include <sdk/rt/test/kernel.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <tee_internal_api.h>
#include <unistd.h>

#define CHANNEL (SYS_SESSION_BASE + 1u)
#define OTHER (SYS_SESSION_BASE + 2u)

enum step_kind {
    STEP_MESSAGE, /* a request arrives; `accepted`: on a new channel */
    STEP_HANGUP,
    STEP_ACCEPT,  /* a new channel, and nothing yet */
    STEP_FOREIGN, /* an event of a handle that is no session */
    STEP_NOTHING, /* the wait times out */
    STEP_END,     /* the loop must not come so far as to ask for more */
};

struct step {
    enum step_kind kind;
    uint32_t channel;
    bool accepted;
    bool from_app;
    struct session_request request;
    size_t size; /* 0: of a request */
    uint32_t num_objects;
    /* The reply to this request, seen at the next receive. */
    uint32_t result;
    bool by_tee;     /* the origin is the TEE, not the app */
    const char *ran; /* entry points so far, one letter each; NULL: not looked at */
};

static const struct step *script;
static size_t script_at;
static char ran[64];
static const struct step *waiting_for_reply;
static struct session_reply last_reply;
static int64_t retire_answer;
static bool expect_end;
static TEE_Result create_answer;
static TEE_Result open_answer;
static uint32_t closed_handle;
static uint64_t last_timeout;
static uint8_t shared[4096];
static TEE_Identity seen;

static void require(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "step %zu: %s (ran \"%s\", reply 0x%x from %u)\n", script_at, what, ran,
            (unsigned)last_reply.result, (unsigned)last_reply.origin);
    _exit(1);
}

static void note(char c)
{
    const size_t at = strlen(ran);
    require(at + 1 < sizeof(ran), "too many entry points");
    ran[at] = c;
}

TEE_Result TA_CreateEntryPoint(void)
{
    note('C');
    return create_answer;
}

void TA_DestroyEntryPoint(void)
{
    note('D');
}

TEE_Result TA_OpenSessionEntryPoint(uint32_t types, TEE_Param params[4], void **context)
{
    (void)types;
    (void)params;
    note('O');
    require(*context == NULL, "a fresh session has a context");
    require(TEE_GetPropertyAsIdentity(TEE_PROPSET_CURRENT_CLIENT, "gpd.client.identity", &seen) ==
                TEE_SUCCESS,
            "no identity");
    *context = &ran[strlen(ran)];
    return open_answer;
}

void TA_CloseSessionEntryPoint(void *context)
{
    require(context != NULL, "closed without its context");
    note('X');
}

TEE_Result TA_InvokeCommandEntryPoint(void *context, uint32_t command, uint32_t types,
                                      TEE_Param params[4])
{
    require(context != NULL, "invoked without its context");
    note('I');
    if (types == TEE_PARAM_TYPES(TEE_PARAM_TYPE_VALUE_INOUT, TEE_PARAM_TYPE_MEMREF_OUTPUT,
                                 TEE_PARAM_TYPE_VALUE_OUTPUT, TEE_PARAM_TYPE_VALUE_INPUT)) {
        require(params[0].value.a == 1 && params[0].value.b == 2, "values");
        require(params[1].memref.buffer == shared + 16 && params[1].memref.size == 32, "memory");
        require(params[2].value.a == 0, "an output brings something");
        params[0].value.a = 10;
        params[1].memref.size = command;
        params[2].value.b = 30;
        params[3].value.a = 40;
    }
    TEE_UnmaskCancellation();
    return command == 99 ? 0x1234 : TEE_SUCCESS;
}

static void check_reply(uint64_t handle, uint64_t length, uint64_t flags)
{
    const struct step *step = waiting_for_reply;
    waiting_for_reply = NULL;
    if (step == NULL) {
        require(handle == SYS_NO_HANDLE, "a reply to nothing");
        return;
    }
    require(handle == step->channel && length <= sizeof(last_reply), "no reply");
    require(length >= SESSION_REPLY_SIZE(0) && length % sizeof(struct session_param) == 0,
            "a reply that is cut in a parameter");
    memset(&last_reply, 0, sizeof(last_reply));
    memcpy(&last_reply, sys_page()->out, length);
    require(last_reply.result == step->result, "wrong result");
    require(last_reply.origin == (step->by_tee ? TEE_ORIGIN_TEE : TEE_ORIGIN_TRUSTED_APP),
            "wrong origin");
    const bool last = step->request.op == SESSION_CLOSE && step->result == TEE_SUCCESS;
    require(flags == (last ? SYS_RECEIVE_CLOSE : 0), "the last reply, and only that, closes");
    if (step->ran != NULL)
        require(strcmp(step->ran, ran) == 0, step->ran);
}

static int64_t play(const struct step *step)
{
    struct sys_page *page = sys_page();
    memset(&page->recv, 0, sizeof(page->recv));
    memset(page->in, 0xa5, sizeof(page->in));
    page->event = (struct sys_event){.handle = step->channel};
    if (step->accepted || step->kind == STEP_ACCEPT) {
        page->recv.flags |= SYS_RECV_ACCEPTED;
        memset(page->recv.peer_uuid, step->from_app ? 0x77 : 0, 16);
    }
    switch (step->kind) {
    case STEP_MESSAGE:
        page->event.event = SYS_EVENT_MSG;
        page->recv.flags |= SYS_RECV_MSG;
        page->recv.length = (uint32_t)(step->size != 0 ? step->size : sizeof(step->request));
        page->recv.num_objects = step->num_objects;
        page->recv.obj_va[0] = (uintptr_t)shared;
        page->recv.obj_size[0] = sizeof(shared);
        page->recv.obj_prot[0] = SYS_MEM_READ | SYS_MEM_WRITE;
        memcpy(page->in, &step->request, sizeof(step->request));
        waiting_for_reply = step;
        return SYS_OK;
    case STEP_HANGUP:
        page->event.event = SYS_EVENT_HUP;
        return SYS_OK;
    case STEP_FOREIGN:
        page->event.event = SYS_EVENT_READY;
        return SYS_OK;
    case STEP_ACCEPT:
        return SYS_OK;
    case STEP_NOTHING:
        require(last_timeout != SYS_TIMEOUT_INFINITE, "waits for ever");
        return SYS_ERR_TIMED_OUT;
    case STEP_END:
        break;
    }
    require(!expect_end, "did not end");
    require(last_timeout == SYS_TIMEOUT_INFINITE, "does not wait for ever");
    _exit(0);
}

static int64_t kernel(uint64_t nr, const uint64_t arg[6])
{
    switch (nr) {
    case SYS_PORT_CREATE:
        require(memcmp(sys_page()->out, "00000000-0000-0000-0000-000000000000", arg[0]) == 0 &&
                    arg[0] == 36 && arg[1] == 1 && arg[2] == SESSION_BUFFER_SIZE,
                "wrong port");
        return 1000;
    case SYS_RECEIVE:
        check_reply(arg[0], arg[1], arg[3]);
        last_timeout = arg[2];
        return play(&script[script_at++]);
    case SYS_RETIRE:
        return retire_answer;
    case SYS_CLOSE:
        closed_handle = (uint32_t)arg[0];
        return SYS_OK;
    default:
        require(false, "a system call that was not foreseen");
        return SYS_ERR_GENERIC;
    }
}

static const char *expected_at_end;

static void at_end(void)
{
    if (!expect_end || strcmp(ran, expected_at_end) != 0) {
        fprintf(stderr, "ended with \"%s\"\n", ran);
        _exit(2);
    }
}

/* Runs a script in a process of its own. `end`: what ran when the instance ended by itself; NULL: it
 * must not. */
static void run(const struct step *steps, const char *end)
{
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        script = steps;
        expect_end = end != NULL;
        expected_at_end = end;
        test_kernel.answer = kernel;
        atexit(at_end);
        gp_serve();
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    sys_page()->start.flags = 0;
    test_kernel.manifest_size = 0;
    retire_answer = SYS_OK;
    create_answer = TEE_SUCCESS;
    open_answer = TEE_SUCCESS;
}

#define REQUEST(OP, ...)                                                                           \
    .kind = STEP_MESSAGE, .channel = CHANNEL,                                                      \
    .request = {.protocol = SESSION_PROTOCOL, .op = SESSION_##OP, __VA_ARGS__}

static void life(void **state)
{
    (void)state;
    const struct step steps[] = {
        {REQUEST(OPEN), .accepted = true, .ran = "CO"},
        {REQUEST(INVOKE, .command = 1), .ran = "COI"},
        {REQUEST(INVOKE, .command = 99), .result = 0x1234, .ran = "COII"},
        {REQUEST(CLOSE), .ran = "COIIX"},
        {.kind = STEP_NOTHING},
        {.kind = STEP_END},
    };
    run(steps, "COIIXD");
}

static void hangup_closes(void **state)
{
    (void)state;
    const struct step steps[] = {
        {.kind = STEP_ACCEPT, .channel = CHANNEL},
        {REQUEST(OPEN), .ran = "CO"},
        {.kind = STEP_HANGUP, .channel = CHANNEL},
        {.kind = STEP_NOTHING},
        {.kind = STEP_END},
    };
    run(steps, "COXD");
}

static void client_that_never_asks(void **state)
{
    (void)state;
    const struct step steps[] = {
        {.kind = STEP_ACCEPT, .channel = CHANNEL},
        {.kind = STEP_HANGUP, .channel = CHANNEL},
        {.kind = STEP_NOTHING},
        {.kind = STEP_END},
    };
    run(steps, "");
    const struct step nobody[] = {{.kind = STEP_NOTHING}, {.kind = STEP_END}};
    run(nobody, "");
}

static void keep_alive(void **state)
{
    (void)state;
    const struct step steps[] = {
        {REQUEST(OPEN), .accepted = true},
        {REQUEST(CLOSE), .ran = "COX"},
        {REQUEST(OPEN), .accepted = true, .ran = "COXO"}, /* the handle is used again */
        {.kind = STEP_END},
    };
    sys_page()->start.flags = SYS_START_KEEP_ALIVE;
    run(steps, NULL);
}

/* Somebody connects between the last close and the end: the app must not notice. */
static void retire_refused(void **state)
{
    (void)state;
    const struct step steps[] = {
        {REQUEST(OPEN), .accepted = true},
        {REQUEST(CLOSE), .ran = "COX"},
        {.kind = STEP_NOTHING},
        {.kind = STEP_ACCEPT, .channel = OTHER},
        {REQUEST(OPEN), .accepted = true, .ran = "COXO"},
        {.kind = STEP_END},
    };
    retire_answer = SYS_ERR_BUSY;
    run(steps, NULL);
}

static void create_refused(void **state)
{
    (void)state;
    const struct step steps[] = {
        {REQUEST(OPEN), .accepted = true, .result = 0xabcd, .ran = "C"},
        {.kind = STEP_NOTHING},
        {.kind = STEP_END},
    };
    create_answer = 0xabcd;
    run(steps, "C");
}

static void open_refused(void **state)
{
    (void)state;
    const struct step steps[] = {
        {REQUEST(OPEN), .accepted = true, .result = TEE_ERROR_ACCESS_DENIED, .ran = "CO"},
        {REQUEST(INVOKE), .result = TEE_ERROR_BAD_STATE, .by_tee = true, .ran = "CO"},
        {REQUEST(CLOSE), .result = TEE_ERROR_BAD_STATE, .by_tee = true, .ran = "CO"},
        {.kind = STEP_HANGUP, .channel = CHANNEL},
        {.kind = STEP_NOTHING},
        {.kind = STEP_END},
    };
    open_answer = TEE_ERROR_ACCESS_DENIED;
    run(steps, "COD");
}

static void wrong_order(void **state)
{
    (void)state;
    const struct step steps[] = {
        {REQUEST(INVOKE), .accepted = true, .result = TEE_ERROR_BAD_STATE, .by_tee = true,
         .ran = ""},
        {REQUEST(CLOSE), .result = TEE_ERROR_BAD_STATE, .by_tee = true, .ran = ""},
        {REQUEST(OPEN), .ran = "CO"},
        {REQUEST(OPEN), .result = TEE_ERROR_BAD_STATE, .by_tee = true, .ran = "CO"},
        {REQUEST(CLOSE), .ran = "COX"}, /* and with it the channel is closed: nothing can follow */
        {.kind = STEP_NOTHING},
        {.kind = STEP_END},
    };
    run(steps, "COXD");
}

static void garbage(void **state)
{
    (void)state;
    const struct step steps[] = {
        {REQUEST(OPEN), .accepted = true},
        {REQUEST(INVOKE), .size = 1, .result = TEE_ERROR_BAD_FORMAT, .by_tee = true},
        {REQUEST(INVOKE), .size = 4096, .result = TEE_ERROR_EXCESS_DATA, .by_tee = true},
        {REQUEST(INVOKE), .size = UINT32_MAX, .result = TEE_ERROR_EXCESS_DATA, .by_tee = true},
        {REQUEST(INVOKE, .param_types = 0xf), .result = TEE_ERROR_BAD_FORMAT, .by_tee = true},
        {REQUEST(INVOKE), .num_objects = 1, .result = TEE_ERROR_EXCESS_DATA, .by_tee = true},
        {REQUEST(INVOKE), .num_objects = 0x80000000, .result = TEE_ERROR_EXCESS_DATA,
         .by_tee = true},
        {.kind = STEP_MESSAGE,
         .channel = CHANNEL,
         .result = TEE_ERROR_BAD_FORMAT,
         .by_tee = true,
         .ran = "CO"},
        {REQUEST(INVOKE), .ran = "COI"}, /* and the session lives on */
        {.kind = STEP_END},
    };
    run(steps, NULL);
}

#define FOUR                                                                                       \
    .param_types = TEE_PARAM_TYPES(TEE_PARAM_TYPE_VALUE_INOUT, TEE_PARAM_TYPE_MEMREF_OUTPUT,       \
                                   TEE_PARAM_TYPE_VALUE_OUTPUT, TEE_PARAM_TYPE_VALUE_INPUT),       \
    .param = {{1, 2}, {16, 32}, {3, 3}, {4, 4}}

static void check_four(void)
{
    require(last_reply.param[0].x == 10 && last_reply.param[0].y == 2, "value inout");
    require(last_reply.param[2].x == 0 && last_reply.param[2].y == 30, "value output");
    require(last_reply.param[3].x == 0, "an input came back");
}

static bool foreign_take(const struct sys_event *event)
{
    if (event->handle == 1010)
        check_four();
    return event->handle == 1010 || event->handle == 1012;
}

static void parameters(void **state)
{
    (void)state;
    static struct rt_event_source source = {.take = foreign_take};
    rt_event_source_add(&source);
    const struct step steps[] = {
        {REQUEST(OPEN), .accepted = true},
        {REQUEST(INVOKE, .command = 32, FOUR), .num_objects = 1},
        {.kind = STEP_FOREIGN, .channel = 1010},
        {REQUEST(INVOKE, .command = 33, FOUR), .num_objects = 1, .result = TEE_ERROR_SHORT_BUFFER},
        {.kind = STEP_FOREIGN, .channel = 1010},
        {REQUEST(INVOKE, .command = 99, FOUR), .num_objects = 1, .result = 0x1234},
        {REQUEST(CLOSE)},
        {.kind = STEP_FOREIGN, .channel = 1012}, /* a busy source keeps the instance */
        {.kind = STEP_FOREIGN, .channel = 1011}, /* nobody's: closed */
        {.kind = STEP_END},
    };
    run(steps, NULL);
}

static void many_sessions(void **state)
{
    (void)state;
    enum { COUNT = 20 };
    struct step steps[2 * COUNT + 2];
    memset(steps, 0, sizeof(steps));
    for (uint32_t i = 0; i < COUNT; i++) {
        steps[i] = (struct step){REQUEST(OPEN), .accepted = true};
        steps[i].channel = CHANNEL + i;
        steps[COUNT + i] = (struct step){.kind = STEP_HANGUP, .channel = CHANNEL + (i * 7) % COUNT};
    }
    steps[2 * COUNT] = (struct step){.kind = STEP_NOTHING};
    steps[2 * COUNT + 1] = (struct step){.kind = STEP_END};
    run(steps, "COOOOOOOOOOOOOOOOOOOOXXXXXXXXXXXXXXXXXXXXD");
}

static int start(void **state)
{
    test_kernel_start(state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(life),
        cmocka_unit_test(hangup_closes),
        cmocka_unit_test(client_that_never_asks),
        cmocka_unit_test(keep_alive),
        cmocka_unit_test(retire_refused),
        cmocka_unit_test(create_refused),
        cmocka_unit_test(open_refused),
        cmocka_unit_test(wrong_order),
        cmocka_unit_test(garbage),
        cmocka_unit_test(many_sessions),
        cmocka_unit_test(parameters),
    };
    return cmocka_run_group_tests_name("sdk serve", tests, start, NULL);
}

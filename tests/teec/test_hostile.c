/*
 * The library against a TEE that breaks the protocol: no crash, no byte beyond a buffer, no hang,
 * the right error, and no descriptor left behind. Built with sanitizers as well.
 */
#include "fixture.h"

#include <dirent.h>
#include <signal.h>
#include <stdlib.h>

static unsigned descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    unsigned count = 0;

    if (!folder)
        return 0;
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

static void test_greetings(void)
{
    static const struct {
        enum peer_fault fault;
        uint32_t result;
        const char *what, *reason;
    } cases[] = {
        {PEER_WELCOME_SILENT_CLOSE, TEEC_ERROR_GENERIC, "closes without a word", "no TEE"},
        {PEER_WELCOME_GARBAGE, TEEC_ERROR_GENERIC, "answers garbage", "no TEE"},
        {PEER_WELCOME_SHORT, TEEC_ERROR_GENERIC, "answers too little", "no TEE"},
        {PEER_WELCOME_LONG, TEEC_ERROR_GENERIC, "answers too much", "no TEE"},
        {PEER_WELCOME_PROTOCOL, TEEC_ERROR_GENERIC, "speaks another protocol", "protocol 42"},
        {PEER_WELCOME_DENIED, TEEC_ERROR_ACCESS_DENIED, "denies", "not for you"},
        {PEER_WELCOME_NO_MEMORY, TEEC_ERROR_GENERIC, "has no memory", ""},
        {PEER_WELCOME_NO_LANES, TEEC_ERROR_GENERIC, "offers no lanes", "no way"},
        {PEER_WELCOME_UNENDED_TEXT, TEEC_ERROR_GENERIC, "sends text without an end", "xxx"},
        {PEER_WELCOME_DESCRIPTORS, TEEC_ERROR_GENERIC, "hands over descriptors", "no TEE"},
    };
    unsigned before = descriptors();
    TEEC_Context c;

    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        atomic_store(&peer->fault, (int)cases[i].fault);
        check_is(TEEC_InitializeContext(peer->folder, &c), cases[i].result, "a TEE that %s",
                 cases[i].what);
        check(strstr(postern_teec_reason(), cases[i].reason), "in words: %s",
              postern_teec_reason());
        TEEC_FinalizeContext(&c);
    }
    check_is(descriptors(), before, "no descriptors stay");
    atomic_store(&peer->fault, PEER_CORRECT);
}

/* A context whose first lane or memory is asked for while the fault is in force. */
static void test_requests(void)
{
    static const struct {
        enum peer_fault fault;
        bool memory;
        uint32_t result, origin;
        const char *what;
    } cases[] = {
        {PEER_REPLY_SHORT, false, TEEC_ERROR_COMMUNICATION, TEEC_ORIGIN_COMMS, "too short"},
        {PEER_REPLY_LONG, false, TEEC_ERROR_COMMUNICATION, TEEC_ORIGIN_COMMS, "too long"},
        {PEER_REPLY_TAG, false, TEEC_ERROR_COMMUNICATION, TEEC_ORIGIN_COMMS, "another's tag"},
        {PEER_REPLY_OP, false, TEEC_ERROR_COMMUNICATION, TEEC_ORIGIN_COMMS, "another's op"},
        {PEER_REPLY_CLOSE, false, TEEC_ERROR_COMMUNICATION, TEEC_ORIGIN_COMMS, "no reply, close"},
        {PEER_REPLY_NO_DESCRIPTORS, false, TEEC_ERROR_COMMUNICATION, TEEC_ORIGIN_COMMS,
         "no descriptors"},
        {PEER_REPLY_MANY_DESCRIPTORS, false, TEEC_ERROR_COMMUNICATION, TEEC_ORIGIN_COMMS,
         "forty descriptors"},
        {PEER_LANE_REFUSED, false, TEEC_ERROR_OUT_OF_MEMORY, TEEC_ORIGIN_TEE, "no lane"},
        {PEER_LANE_PAGE_SMALL, false, TEEC_ERROR_COMMUNICATION, TEEC_ORIGIN_COMMS, "a small page"},
        {PEER_LANE_PAGE_UNSEALED, false, TEEC_ERROR_COMMUNICATION, TEEC_ORIGIN_COMMS,
         "a page that can shrink"},
        {PEER_LANE_PAGE_PIPE, false, TEEC_ERROR_COMMUNICATION, TEEC_ORIGIN_COMMS,
         "a page that is a pipe"},
        {PEER_LANE_SOCKETS, false, TEEC_ERROR_COMMUNICATION, TEEC_ORIGIN_COMMS,
         "sockets that raise SIGPIPE"},
        {PEER_LANE_OTHER_PIPE, false, TEEC_ERROR_COMMUNICATION, TEEC_ORIGIN_COMMS,
         "another pipe's end"},
        {PEER_LANE_DEAD, false, TEEC_ERROR_COMMUNICATION, TEEC_ORIGIN_COMMS, "a dead lane"},
        {PEER_LANE_NONBLOCK, false, TEEC_SUCCESS, TEEC_ORIGIN_TRUSTED_APP,
         "pipes that do not block"},
        {PEER_REPLY_NO_DESCRIPTORS, true, TEEC_ERROR_COMMUNICATION, 0, "memory without one"},
        {PEER_REPLY_MANY_DESCRIPTORS, true, TEEC_ERROR_COMMUNICATION, 0, "memory with forty"},
        {PEER_SHM_COOKIE_ZERO, true, TEEC_ERROR_COMMUNICATION, 0, "memory without a name"},
        {PEER_SHM_COOKIE_ALL_ONES, true, TEEC_ERROR_COMMUNICATION, 0, "memory named -1"},
        {PEER_SHM_SMALL, true, TEEC_ERROR_OUT_OF_MEMORY, 0, "memory that is too small"},
        {PEER_SHM_UNSEALED, true, TEEC_ERROR_OUT_OF_MEMORY, 0, "memory that can shrink"},
        {PEER_SHM_REFUSED, true, TEEC_ERROR_OUT_OF_MEMORY, 0, "no memory"},
    };
    unsigned before = descriptors();

    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        TEEC_SharedMemory m = {.size = 5000, .flags = TEEC_MEM_INOUT};
        TEEC_Context c;
        TEEC_Session s = {0};
        uint32_t origin = 99, result;

        atomic_store(&peer->fault, PEER_CORRECT);
        check_is(TEEC_InitializeContext(peer->folder, &c), TEEC_SUCCESS, "-- a TEE that gives %s",
                 cases[i].what);
        atomic_store(&peer->fault, (int)cases[i].fault);
        if (cases[i].memory) {
            result = TEEC_AllocateSharedMemory(&c, &m);
        } else {
            result = TEEC_OpenSession(&c, &s, &app, 0, NULL, NULL, &origin);
            check_is(origin, cases[i].origin, "origin");
        }
        check_is(result, cases[i].result, "%s", postern_teec_reason());
        if (result == TEEC_ERROR_COMMUNICATION) {
            atomic_store(&peer->fault, PEER_CORRECT);
            check_is(TEEC_AllocateSharedMemory(&c, &m), TEEC_ERROR_COMMUNICATION,
                     "and so every later call");
            check_is(TEEC_OpenSession(&c, &s, &app, 0, NULL, NULL, &origin),
                     TEEC_ERROR_COMMUNICATION, "of any kind");
            check_is(origin, TEEC_ORIGIN_COMMS, "COMMS");
        }
        TEEC_CloseSession(&s);
        TEEC_ReleaseSharedMemory(&m);
        TEEC_FinalizeContext(&c);
    }
    check_is(descriptors(), before, "no descriptors stay");
    atomic_store(&peer->fault, PEER_CORRECT);
}

/* Buffers with known bytes around them; the temporary one is on the heap, for the sanitizer. */
static void test_answers(void)
{
    static const struct {
        enum peer_fault fault;
        uint32_t result, origin;
        const char *what;
    } cases[] = {
        {PEER_CALL_CLOSE_LANE, TEEC_ERROR_COMMUNICATION, TEEC_ORIGIN_COMMS, "closes the lane"},
        {PEER_CALL_NUM_PARAMS_LARGE, TEEC_ERROR_COMMUNICATION, TEEC_ORIGIN_COMMS,
         "answers a parameter more"},
        {PEER_CALL_NUM_PARAMS_ZERO, TEEC_ERROR_COMMUNICATION, TEEC_ORIGIN_COMMS,
         "answers no parameters"},
        {PEER_CALL_NUM_PARAMS_HUGE, TEEC_ERROR_COMMUNICATION, TEEC_ORIGIN_COMMS,
         "answers 2^32 - 1 parameters"},
        {PEER_CALL_ATTRIBUTES, TEEC_ERROR_COMMUNICATION, TEEC_ORIGIN_COMMS, "changes kinds"},
        {PEER_CALL_SIZES_HUGE, TEEC_ERROR_SHORT_BUFFER, TEEC_ORIGIN_TRUSTED_APP,
         "answers 2^64 - 1 bytes"},
        {PEER_CALL_SIZES_ABOVE, TEEC_ERROR_SHORT_BUFFER, TEEC_ORIGIN_TRUSTED_APP,
         "answers a byte too many"},
        {PEER_CALL_OFFSETS, TEEC_SUCCESS, TEEC_ORIGIN_TRUSTED_APP, "changes places"},
        {PEER_CALL_ORIGIN, TEEC_ERROR_GENERIC, TEEC_ORIGIN_TEE, "answers from nowhere"},
        {PEER_CALL_GARBAGE, TEEC_ERROR_COMMUNICATION, TEEC_ORIGIN_COMMS, "answers garbage"},
        {PEER_CALL_TWO_BYTES, TEEC_SUCCESS, TEEC_ORIGIN_TRUSTED_APP, "knocks twice"},
    };
    unsigned before = descriptors();

    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        TEEC_Operation op = TEEC_OPERATION_INITIALIZER;
        TEEC_Context c;
        TEEC_Session s = {0};
        uint32_t origin = 99;
        uint8_t *heap = malloc(40), mine[300];
        TEEC_SharedMemory shared = {.size = 4096, .flags = TEEC_MEM_INOUT};
        TEEC_SharedMemory registered = {.buffer = mine, .size = 300, .flags = TEEC_MEM_INOUT};
        int good = 1;

        atomic_store(&peer->fault, PEER_CORRECT);
        memset(mine, 0x11, sizeof(mine));
        memset(heap, 0x11, 40);
        check_is(TEEC_InitializeContext(peer->folder, &c), TEEC_SUCCESS, "-- a TEE that %s",
                 cases[i].what);
        check_is(TEEC_OpenSession(&c, &s, &app, 0, NULL, NULL, NULL), TEEC_SUCCESS, "open");
        check_is(TEEC_AllocateSharedMemory(&c, &shared), TEEC_SUCCESS, "allocate");
        check_is(TEEC_RegisterSharedMemory(&c, &registered), TEEC_SUCCESS, "register");
        op.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_OUTPUT, TEEC_MEMREF_PARTIAL_INOUT,
                                         TEEC_MEMREF_WHOLE, TEEC_MEMREF_TEMP_INPUT);
        op.params[0].tmpref = (TEEC_TempMemoryReference){heap, 40};
        op.params[1].memref = (TEEC_RegisteredMemoryReference){&registered, 100, 100};
        op.params[2].memref = (TEEC_RegisteredMemoryReference){&shared, 0, 0};
        op.params[3].tmpref = (TEEC_TempMemoryReference){mine, 50};
        atomic_store(&peer->fault, (int)cases[i].fault);
        check_is(TEEC_InvokeCommand(&s, PEER_ADD, &op, &origin), cases[i].result, "%s",
                 postern_teec_reason());
        check_is(origin, cases[i].origin, "origin");
        for (unsigned k = 0; k < 300; k++)
            good &= mine[k] == 0x11;
        check(good, "the caller's bytes are as they were");
        check(op.params[3].tmpref.size == 50, "the size of an input too");
        if (cases[i].fault == PEER_CALL_SIZES_HUGE)
            check(op.params[0].tmpref.size == SIZE_MAX && op.params[1].memref.size == SIZE_MAX,
                  "sizes come back as they are");
        atomic_store(&peer->fault, PEER_CORRECT);
        if (cases[i].result == TEEC_ERROR_COMMUNICATION)
            check_is(TEEC_InvokeCommand(&s, PEER_ADD, NULL, &origin), TEEC_ERROR_COMMUNICATION,
                     "later calls the same");
        TEEC_ReleaseSharedMemory(&shared);
        TEEC_ReleaseSharedMemory(&registered);
        TEEC_CloseSession(&s);
        TEEC_FinalizeContext(&c);
        free(heap);
    }
    check_is(descriptors(), before, "no descriptors stay");
}

/* The TEE crashes in a call; and before a call. */
static void test_death(void)
{
    TEEC_SharedMemory m = {.size = 100, .flags = TEEC_MEM_INOUT};
    TEEC_Operation op = TEEC_OPERATION_INITIALIZER;
    TEEC_Session second = {0};
    uint32_t origin;

    fixture_open();
    check_is(TEEC_AllocateSharedMemory(&context, &m), TEEC_SUCCESS, "memory");
    atomic_store(&peer->fault, PEER_CALL_EXIT);
    check_is(TEEC_InvokeCommand(&session, PEER_ADD, NULL, &origin), TEEC_ERROR_COMMUNICATION,
             "a TEE that crashes in a call");
    check_is(origin, TEEC_ORIGIN_COMMS, "COMMS");
    check_is(TEEC_InvokeCommand(&session, PEER_ADD, NULL, &origin), TEEC_ERROR_COMMUNICATION,
             "later calls");
    check_is(origin, TEEC_ORIGIN_COMMS, "COMMS");
    check_is(TEEC_OpenSession(&context, &second, &app, 0, NULL, NULL, &origin),
             TEEC_ERROR_COMMUNICATION, "open");
    check(((uint8_t *)m.buffer)[99] == 0, "its memory can still be read");
    op.paramTypes = TEEC_MEMREF_WHOLE;
    op.params[0].memref.parent = &m;
    check_is(TEEC_InvokeCommand(&session, PEER_ADD, &op, &origin), TEEC_ERROR_COMMUNICATION,
             "with memory");
    TEEC_ReleaseSharedMemory(&m);
    fixture_close();
    peer_kill(peer);
    check_is(TEEC_InitializeContext(peer->folder, &context), TEEC_ERROR_GENERIC,
             "a socket that nobody listens on");
    check(strstr(postern_teec_reason(), "no TEE runs"), "in words: %s", postern_teec_reason());
    peer_stop(peer);

    peer = peer_start();
    fixture_open();
    peer_kill(peer);
    check_is(TEEC_InvokeCommand(&session, PEER_ADD, NULL, &origin), TEEC_ERROR_COMMUNICATION,
             "a TEE that crashed before a call");
    fixture_close();
}

int main(void)
{
    signal(SIGALRM, SIG_DFL);
    alarm(600); /* nothing here may hang */
    fixture_begin();
    test_greetings();
    test_requests();
    test_answers();
    test_death();
    return fixture_end();
}

/*
 * The API against a TEE that keeps the protocol: every refusal of the library's own, every kind of
 * parameter, sizes, directions, memory, what lives and dies when.
 */
#include "fixture.h"

#include <sys/resource.h>

/* --- Contexts. ---------------------------------------------------------------------------------- */

/* The user's own TEE. Root's is the system's: XDG_RUNTIME_DIR may be what is left of the user who became
 * root, and who must not be root's TEE. */
static void test_long_lived(void)
{
    char runtime[] = "/tmp/postern-teec-XXXXXX", folder[64];
    TEEC_Context c;

    if (access("/dev/tee0", F_OK) == 0 || access("/run/postern", F_OK) == 0 || !mkdtemp(runtime))
        return;
    snprintf(folder, sizeof(folder), "%s/postern", runtime);
    check(symlink(peer->folder, folder) == 0, "a TEE below XDG_RUNTIME_DIR");
    setenv("XDG_RUNTIME_DIR", runtime, 1);
    check_is(TEEC_InitializeContext(NULL, &c), geteuid() == 0 ? TEEC_ERROR_GENERIC : TEEC_SUCCESS,
             "is its user's, and not root's");
    TEEC_FinalizeContext(&c);
    setenv("XDG_RUNTIME_DIR", "/nowhere", 1);
    unlink(folder);
    rmdir(runtime);
}

static void test_initialize(void)
{
    TEEC_Context c;
    char path[200];

    check_is(TEEC_InitializeContext(NULL, NULL), TEEC_ERROR_BAD_PARAMETERS, "no context");
    check_is(TEEC_InitializeContext("/nowhere/at/all", &c), TEEC_ERROR_BAD_PARAMETERS,
             "a path that is not there names no TEE");
    check(strstr(postern_teec_reason(), "/nowhere/at/all"), "the reason names it: %s",
          postern_teec_reason());
    check_is(TEEC_InitializeContext("", &c), TEEC_ERROR_BAD_PARAMETERS, "the empty name");
    check_is(TEEC_InitializeContext("tee", &c), TEEC_ERROR_BAD_PARAMETERS, "a name without a /");
    check_is(TEEC_InitializeContext("/etc/passwd", &c), TEEC_ERROR_BAD_PARAMETERS, "a file");
    check_is(TEEC_InitializeContext("/tmp", &c), TEEC_ERROR_BAD_PARAMETERS, "another folder");
    check_is(TEEC_InitializeContext("/dev/null", &c), TEEC_ERROR_BAD_PARAMETERS, "another device");
    check(c.fd == -1 && c.ta_path == NULL, "a failed context is empty");
    TEEC_FinalizeContext(&c);
    TEEC_FinalizeContext(NULL);
    memset(path, 'x', sizeof(path) - 1);
    path[0] = '/';
    path[199] = '\0';
    check_is(TEEC_InitializeContext(path, &c), TEEC_ERROR_BAD_PARAMETERS, "a long path");

    setenv("POSTERN_TEE", "/nowhere/at/all", 1);
    check_is(TEEC_InitializeContext(NULL, &c), TEEC_ERROR_GENERIC, "POSTERN_TEE without a TEE");
    setenv("POSTERN_TEE", peer->folder, 1);
    c.ta_path = (uint8_t *)path;
    check_is(TEEC_InitializeContext(NULL, &c), TEEC_SUCCESS, "POSTERN_TEE");
    check(c.fd >= 0 && c.ta_path == NULL, "fd is set, ta_path is NULL");
    check(c.session_list.next == &c.session_list && c.shrd_mem_list.prev == &c.shrd_mem_list,
          "lists are empty rings");
    check(fcntl(c.fd, F_GETFD) & FD_CLOEXEC, "the descriptor is closed on exec");
    TEEC_FinalizeContext(&c);
    check(peer_wait(&peer->connections, 0), "finalise ends the connection");
    TEEC_FinalizeContext(&c);
    check(c.fd == -1, "finalise twice is harmless");
    check_is(TEEC_InitializeContext(peer->folder, &c), TEEC_SUCCESS, "a run folder");
    TEEC_FinalizeContext(&c);
    snprintf(path, sizeof(path), "%s/" LINK_SOCKET_CLIENTS, peer->folder);
    check_is(TEEC_InitializeContext(path, &c), TEEC_SUCCESS, "a socket");
    TEEC_FinalizeContext(&c);
    unsetenv("POSTERN_TEE");
    setenv("XDG_RUNTIME_DIR", "/nowhere", 1);
    if (access("/dev/tee0", F_OK) != 0 && access("/run/postern", F_OK) != 0)
        check_is(TEEC_InitializeContext(NULL, &c), TEEC_ERROR_GENERIC, "no TEE by default");
    check(strstr(postern_teec_reason(), "no TEE"), "in words: %s", postern_teec_reason());
    test_long_lived();
    memset(&c, 0xa5, sizeof(c));
    TEEC_FinalizeContext(&c);
    check(1, "finalise of garbage is harmless");
}

static void test_long_run_folder(void)
{
    char base[] = "/tmp/postern-teec-XXXXXX", folder[300], link[300];
    TEEC_Context c;

    if (!mkdtemp(base))
        return;
    snprintf(folder, sizeof(folder), "%s/", base);
    memset(folder + strlen(folder), 'd', 150);
    folder[strlen(base) + 151] = '\0';
    check(symlink(peer->folder, folder) == 0, "a run folder with a path of %zu characters",
          strlen(folder));
    check_is(TEEC_InitializeContext(folder, &c), TEEC_SUCCESS, "can be used");
    TEEC_FinalizeContext(&c);
    (void)link;
    unlink(folder);
    rmdir(base);
}

/* --- Sessions. -------------------------------------------------------------------------------- */

static void test_open(void)
{
    static const uint32_t plain[] = {TEEC_LOGIN_PUBLIC, TEEC_LOGIN_USER, TEEC_LOGIN_APPLICATION,
                                     TEEC_LOGIN_USER_APPLICATION, TEEC_LOGIN_IDENTIFY};
    static const uint32_t groups[] = {TEEC_LOGIN_GROUP, TEEC_LOGIN_GROUP_APPLICATION};
    static const uint32_t unknown[] = {3, 8, 0x80000000, 0xf0000000, 0xffffffff};
    const TEEC_UUID none = PEER_UUID_NONE;
    TEEC_Session s;
    TEEC_Context dead = {0}, garbage;
    uint32_t gid = 4711, origin, calls;

    calls = atomic_load(&peer->calls);
    origin = 0;
    check_is(TEEC_OpenSession(NULL, &s, &app, 0, NULL, NULL, &origin), TEEC_ERROR_BAD_PARAMETERS,
             "open without a context");
    check_is(origin, TEEC_ORIGIN_API, "origin API");
    TEEC_CloseSession(&s);
    check_is(TEEC_InvokeCommand(&s, 0, NULL, &origin), TEEC_ERROR_BAD_PARAMETERS,
             "a failed open leaves a session that close and invoke take");
    check_is(TEEC_OpenSession(&context, NULL, &app, 0, NULL, NULL, &origin),
             TEEC_ERROR_BAD_PARAMETERS, "open without a session");
    check_is(TEEC_OpenSession(&context, &s, NULL, 0, NULL, NULL, NULL), TEEC_ERROR_BAD_PARAMETERS,
             "open without a destination, nor an origin");
    check_is(TEEC_OpenSession(&dead, &s, &app, 0, NULL, NULL, &origin), TEEC_ERROR_BAD_PARAMETERS,
             "open with a context that is not initialised");
    memset(&garbage, 0x5a, sizeof(garbage));
    check_is(TEEC_OpenSession(&garbage, &s, &app, 0, NULL, NULL, &origin),
             TEEC_ERROR_BAD_PARAMETERS, "open with a context that is garbage");
    for (unsigned i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
        check_is(TEEC_OpenSession(&context, &s, &app, unknown[i], NULL, NULL, &origin),
                 TEEC_ERROR_BAD_PARAMETERS, "connection method 0x%x", unknown[i]);
    for (unsigned i = 0; i < 5; i++)
        check_is(TEEC_OpenSession(&context, &s, &app, plain[i], &gid, NULL, &origin),
                 TEEC_ERROR_BAD_PARAMETERS, "method %u with data", plain[i]);
    for (unsigned i = 0; i < 2; i++)
        check_is(TEEC_OpenSession(&context, &s, &app, groups[i], NULL, NULL, &origin),
                 TEEC_ERROR_BAD_PARAMETERS, "method %u without data", groups[i]);
    check_is(atomic_load(&peer->calls), calls, "nothing of this was sent");

    for (unsigned i = 0; i < 5; i++) {
        check_is(TEEC_OpenSession(&context, &s, &app, plain[i], NULL, NULL, &origin), TEEC_SUCCESS,
                 "method %u", plain[i]);
        check_is(origin, TEEC_ORIGIN_TRUSTED_APP, "origin of success");
        check_is(atomic_load(&peer->login), plain[i], "arrives so");
        TEEC_CloseSession(&s);
    }
    for (unsigned i = 0; i < 2; i++) {
        check_is(TEEC_OpenSession(&context, &s, &app, groups[i], &gid, NULL, &origin), TEEC_SUCCESS,
                 "method %u", groups[i]);
        check_is(atomic_load(&peer->group), gid, "with its group");
        TEEC_CloseSession(&s);
    }
    check_is(TEEC_OpenSession(&context, &s, &none, 0, NULL, NULL, &origin),
             TEEC_ERROR_SERVICE_NOT_EXIST, "no such app");
    check_is(origin, TEEC_ORIGIN_TEE, "says the TEE");
    check(s.context == NULL && s.session_id == 0, "the session is not open");
    check_is(TEEC_InvokeCommand(&s, 0, NULL, &origin), TEEC_ERROR_BAD_PARAMETERS, "invoke on it");
    check_is(origin, TEEC_ORIGIN_API, "origin API");
    TEEC_CloseSession(&s);

    check_is(TEEC_OpenSession(&context, &s, &app, 0, NULL, NULL, &origin), TEEC_SUCCESS, "open");
    check(s.context == &context && s.session_id != 0 && s.ops_cnt == 0 &&
              memcmp(&s.service_id, &app, sizeof(app)) == 0,
          "its members are true");
    check_is(atomic_load(&peer->sessions), 1, "one session there");
    {
        TEEC_Session copy = s;

        check_is(TEEC_InvokeCommand(&copy, PEER_ADD, NULL, NULL), TEEC_SUCCESS,
                 "a copied session works, without operation or origin");
        TEEC_CloseSession(&s);
        check_is(atomic_load(&peer->sessions), 0, "close closes");
        check_is(TEEC_InvokeCommand(&copy, 0, NULL, &origin), TEEC_ERROR_BAD_PARAMETERS,
                 "a stale copy is recognised");
        TEEC_CloseSession(&copy);
        TEEC_CloseSession(&s);
        TEEC_CloseSession(NULL);
        check(s.session_id == 0 && s.context == NULL, "closing twice is harmless");
    }
    check_is(TEEC_InvokeCommand(NULL, 0, NULL, &origin), TEEC_ERROR_BAD_PARAMETERS, "no session");
    memset(&s, 0x77, sizeof(s));
    check_is(TEEC_InvokeCommand(&s, 0, NULL, &origin), TEEC_ERROR_BAD_PARAMETERS,
             "a session that is garbage");
    TEEC_CloseSession(&s);
}

static void test_open_operation(void)
{
    TEEC_Operation op = TEEC_OPERATION_INITIALIZER;
    TEEC_Session s;
    uint32_t origin;
    uint8_t buffer[64] = {0};

    op.paramTypes =
        TEEC_PARAM_TYPES(TEEC_VALUE_INPUT, TEEC_VALUE_OUTPUT, TEEC_MEMREF_TEMP_OUTPUT, TEEC_NONE);
    op.params[0].value.b = PEER_FILL;
    op.params[2].tmpref.buffer = buffer;
    op.params[2].tmpref.size = sizeof(buffer);
    check_is(TEEC_OpenSession(&context, &s, &app, 0, NULL, &op, &origin), TEEC_SUCCESS,
             "open with parameters");
    check(op.params[2].tmpref.size == 32 && buffer[31] == 0xa5 && buffer[32] == 0,
          "which come back");
    check(op.started && op.session == &s, "the operation says whose it was");
    TEEC_CloseSession(&s);
    op.params[0].value.a = 0xffff3071;
    op.params[0].value.b = PEER_ANSWER;
    check_is(TEEC_OpenSession(&context, &s, &app, 0, NULL, &op, &origin), TEEC_ERROR_MAC_INVALID,
             "the app's refusal");
    check_is(origin, TEEC_ORIGIN_TRUSTED_APP, "is the app's");
    op.params[0].value.b = PEER_LIE;
    op.params[2].tmpref.size = sizeof(buffer);
    check_is(TEEC_OpenSession(&context, &s, &app, 0, NULL, &op, &origin), TEEC_ERROR_SHORT_BUFFER,
             "an app that opens, and leaves more than fits");
    check(peer_wait(&peer->sessions, 0), "the session is not left open there");
    op.paramTypes = 0x10;
    op.cancel_flag = true;
    check_is(TEEC_OpenSession(&context, &s, &app, 0, NULL, &op, &origin), TEEC_ERROR_CANCEL,
             "open with the cancel flag set");
    check_is(origin, TEEC_ORIGIN_API, "origin API");
}

static void test_ta_path(void)
{
    char path[] = "/tmp/postern-teec-XXXXXX";
    uint32_t origin, images = atomic_load(&peer->images);
    TEEC_Session s;
    int fd = mkstemp(path);

    check(write(fd, "package", 7) == 7, "a package");
    context.ta_path = (uint8_t *)path;
    check_is(TEEC_OpenSession(&context, &s, &app, 0, NULL, NULL, &origin), TEEC_SUCCESS,
             "open with ta_path");
    check_is(atomic_load(&peer->images), images + 1, "the package is handed over");
    check_is(atomic_load(&peer->image_size), 7, "by its descriptor");
    TEEC_CloseSession(&s);
    close(fd);
    unlink(path);
    check_is(TEEC_OpenSession(&context, &s, &app, 0, NULL, NULL, &origin),
             TEEC_ERROR_TRUSTED_APP_LOAD_ERROR, "ta_path that is not there");
    check_is(origin, TEEC_ORIGIN_API, "origin API");
    check(strstr(postern_teec_reason(), path), "the reason names it");
    context.ta_path = (uint8_t *)"/dev/zero";
    check_is(TEEC_OpenSession(&context, &s, &app, 0, NULL, NULL, &origin),
             TEEC_ERROR_TRUSTED_APP_LOAD_ERROR, "ta_path that is a device");
    context.ta_path = (uint8_t *)"/tmp";
    check_is(TEEC_OpenSession(&context, &s, &app, 0, NULL, NULL, &origin),
             TEEC_ERROR_TRUSTED_APP_LOAD_ERROR, "ta_path that is a folder");
    context.ta_path = NULL;
}

/* --- Parameters. ------------------------------------------------------------------------------ */

static void test_values(void)
{
    TEEC_Operation op = TEEC_OPERATION_INITIALIZER;
    uint32_t origin;

    op.paramTypes =
        TEEC_PARAM_TYPES(TEEC_VALUE_INOUT, TEEC_VALUE_OUTPUT, TEEC_VALUE_INPUT, TEEC_VALUE_INOUT);
    for (unsigned i = 0; i < 4; i++)
        op.params[i].value = (TEEC_Value){UINT32_MAX, 5};
    check_is(TEEC_InvokeCommand(&session, PEER_ADD, &op, &origin), TEEC_SUCCESS, "values");
    check_is(origin, TEEC_ORIGIN_TRUSTED_APP, "origin");
    check(op.params[0].value.a == 0 && op.params[0].value.b == 7, "in and out, 32 bits");
    check(op.params[1].value.a == 0xa && op.params[1].value.b == 0xb, "out");
    check(op.params[2].value.a == UINT32_MAX && op.params[2].value.b == 5, "in is left alone");
    check(session.ops_cnt == 0, "no command runs any more");
}

static void test_bad_parameters(void)
{
    static const uint32_t unknown[] = {4, 8, 9, 0xa, 0xb};
    TEEC_Operation op = TEEC_OPERATION_INITIALIZER;
    uint32_t origin, calls = atomic_load(&peer->calls);
    TEEC_SharedMemory input = {.size = 100, .flags = TEEC_MEM_INPUT};
    TEEC_SharedMemory output = {.size = 100, .flags = TEEC_MEM_OUTPUT};
    TEEC_SharedMemory foreign = {.size = 100, .flags = TEEC_MEM_INOUT};
    TEEC_SharedMemory never = {.size = 100, .flags = TEEC_MEM_INOUT, .buffer = &op};
    TEEC_Context other;
    uint8_t bytes[4];
    static const struct {
        uint32_t type;
        size_t size, offset;
    } beyond[] = {
        {TEEC_MEMREF_PARTIAL_INPUT, 101, 0},      {TEEC_MEMREF_PARTIAL_INPUT, 1, 100},
        {TEEC_MEMREF_PARTIAL_INPUT, 0, 101},      {TEEC_MEMREF_PARTIAL_INPUT, SIZE_MAX, 1},
        {TEEC_MEMREF_PARTIAL_INPUT, 1, SIZE_MAX}, {TEEC_MEMREF_PARTIAL_INPUT, SIZE_MAX, SIZE_MAX},
        {TEEC_MEMREF_PARTIAL_INPUT, 2, SIZE_MAX}, {TEEC_MEMREF_PARTIAL_INPUT, 50, 51},
    };

    for (unsigned i = 0; i < 5; i++) {
        for (unsigned k = 0; k < 4; k++) {
            op.paramTypes = unknown[i] << (4 * k);
            origin = 0;
            check(TEEC_InvokeCommand(&session, 0, &op, &origin) == TEEC_ERROR_BAD_PARAMETERS &&
                      origin == TEEC_ORIGIN_API,
                  "kind 0x%x as parameter %u", unknown[i], k);
        }
    }
    op.paramTypes = 0x10000;
    check_is(TEEC_InvokeCommand(&session, 0, &op, &origin), TEEC_ERROR_BAD_PARAMETERS,
             "a fifth parameter");
    for (uint32_t t = TEEC_MEMREF_TEMP_INPUT; t <= TEEC_MEMREF_TEMP_INOUT; t++) {
        op.paramTypes = TEEC_PARAM_TYPES(TEEC_NONE, t, TEEC_NONE, TEEC_NONE);
        op.params[1].tmpref = (TEEC_TempMemoryReference){NULL, 1};
        check_is(TEEC_InvokeCommand(&session, 0, &op, &origin), TEEC_ERROR_BAD_PARAMETERS,
                 "kind 0x%x: NULL with a size", t);
    }
    check(strstr(postern_teec_reason(), "parameter 1"), "in words: %s", postern_teec_reason());
    op.params[1].tmpref = (TEEC_TempMemoryReference){bytes, SIZE_MAX};
    op.paramTypes =
        TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT, TEEC_MEMREF_TEMP_INPUT, TEEC_NONE, TEEC_NONE);
    op.params[0].tmpref = (TEEC_TempMemoryReference){bytes, SIZE_MAX};
    check_is(TEEC_InvokeCommand(&session, 0, &op, &origin), TEEC_ERROR_OUT_OF_MEMORY,
             "sizes whose sum is more than there are addresses");

    check_is(TEEC_AllocateSharedMemory(&context, &input), TEEC_SUCCESS, "memory for input");
    check_is(TEEC_AllocateSharedMemory(&context, &output), TEEC_SUCCESS, "memory for output");
    check_is(TEEC_InitializeContext(peer->folder, &other), TEEC_SUCCESS, "another context");
    check_is(TEEC_AllocateSharedMemory(&other, &foreign), TEEC_SUCCESS, "with memory");
    for (uint32_t t = TEEC_MEMREF_WHOLE; t <= TEEC_MEMREF_PARTIAL_INOUT; t++) {
        op.paramTypes = TEEC_PARAM_TYPES(t, TEEC_NONE, TEEC_NONE, TEEC_NONE);
        op.params[0].memref = (TEEC_RegisteredMemoryReference){NULL, 1, 0};
        check_is(TEEC_InvokeCommand(&session, 0, &op, &origin), TEEC_ERROR_BAD_PARAMETERS,
                 "kind 0x%x: no parent", t);
        op.params[0].memref.parent = &foreign;
        check_is(TEEC_InvokeCommand(&session, 0, &op, &origin), TEEC_ERROR_BAD_PARAMETERS,
                 "kind 0x%x: memory of another context", t);
        op.params[0].memref.parent = &never;
        check_is(TEEC_InvokeCommand(&session, 0, &op, &origin), TEEC_ERROR_BAD_PARAMETERS,
                 "kind 0x%x: memory that was never shared", t);
    }
    for (unsigned i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++) {
        op.paramTypes = beyond[i].type;
        op.params[0].memref =
            (TEEC_RegisteredMemoryReference){&input, beyond[i].size, beyond[i].offset};
        check_is(TEEC_InvokeCommand(&session, 0, &op, &origin), TEEC_ERROR_BAD_PARAMETERS,
                 "%zx bytes at %zx of 100", beyond[i].size, beyond[i].offset);
    }
    for (uint32_t t = TEEC_MEMREF_PARTIAL_INPUT; t <= TEEC_MEMREF_PARTIAL_INOUT; t++) {
        op.paramTypes = t;
        op.params[0].memref = (TEEC_RegisteredMemoryReference){&input, 1, 0};
        if (t != TEEC_MEMREF_PARTIAL_INPUT)
            check_is(TEEC_InvokeCommand(&session, 0, &op, &origin), TEEC_ERROR_BAD_PARAMETERS,
                     "kind 0x%x on memory for input", t);
        op.params[0].memref.parent = &output;
        if (t != TEEC_MEMREF_PARTIAL_OUTPUT)
            check_is(TEEC_InvokeCommand(&session, 0, &op, &origin), TEEC_ERROR_BAD_PARAMETERS,
                     "kind 0x%x on memory for output", t);
    }
    op.paramTypes =
        TEEC_PARAM_TYPES(TEEC_MEMREF_PARTIAL_INPUT, TEEC_MEMREF_TEMP_INPUT, TEEC_NONE, TEEC_NONE);
    op.params[0].memref = (TEEC_RegisteredMemoryReference){&input, 1, 0};
    op.params[1].tmpref = (TEEC_TempMemoryReference){NULL, 1};
    check_is(TEEC_InvokeCommand(&session, 0, &op, &origin), TEEC_ERROR_BAD_PARAMETERS,
             "a bad one behind a good one");
    check(input.ops_cnt == 0 && output.ops_cnt == 0, "which is not in use any more");
    /* The library's own record counts, not what the caller writes over it. */
    input.size = 1000000;
    input.flags = TEEC_MEM_INOUT;
    op.paramTypes = TEEC_MEMREF_PARTIAL_INPUT;
    op.params[0].memref = (TEEC_RegisteredMemoryReference){&input, 1000, 0};
    check_is(TEEC_InvokeCommand(&session, 0, &op, &origin), TEEC_ERROR_BAD_PARAMETERS,
             "a parent whose size was raised");
    op.paramTypes = TEEC_MEMREF_PARTIAL_OUTPUT;
    op.params[0].memref.size = 10;
    check_is(TEEC_InvokeCommand(&session, 0, &op, &origin), TEEC_ERROR_BAD_PARAMETERS,
             "a parent whose flags were raised");
    {
        TEEC_SharedMemory copy = output;

        TEEC_ReleaseSharedMemory(&output);
        op.paramTypes = TEEC_MEMREF_WHOLE;
        op.params[0].memref.parent = &copy;
        check_is(TEEC_InvokeCommand(&session, 0, &op, &origin), TEEC_ERROR_BAD_PARAMETERS,
                 "released memory");
    }
    check_is(atomic_load(&peer->calls), calls, "nothing of all this was sent");
    TEEC_ReleaseSharedMemory(&input);
    TEEC_ReleaseSharedMemory(&foreign);
    TEEC_FinalizeContext(&other);
}

static void test_temporary(void)
{
    static const size_t sizes[] = {0, 1, 63, 64, 65, 4095, 4096, 4097, 100000, 1 << 20};
    TEEC_Operation op = TEEC_OPERATION_INITIALIZER;
    uint32_t origin;

    for (unsigned n = 0; n < sizeof(sizes) / sizeof(sizes[0]); n++) {
        size_t size = sizes[n];
        uint8_t *in = malloc(size + 1), *inout = malloc(size + 2), *out = malloc(size + 2);
        uint32_t sum = 0;
        int good = 1;

        for (size_t i = 0; i < size; i++) {
            in[i] = (uint8_t)(i * 7 + n);
            inout[i] = (uint8_t)(i * 3);
            sum += in[i] + inout[i];
        }
        memset(out, 0x11, size + 2);
        inout[size] = 0x22;
        op.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT, TEEC_MEMREF_TEMP_INOUT,
                                         TEEC_MEMREF_TEMP_OUTPUT, TEEC_VALUE_OUTPUT);
        op.params[0].tmpref = (TEEC_TempMemoryReference){in, size};
        op.params[1].tmpref = (TEEC_TempMemoryReference){inout, size};
        op.params[2].tmpref = (TEEC_TempMemoryReference){out, size};
        check_is(TEEC_InvokeCommand(&session, PEER_SUM, &op, &origin), TEEC_SUCCESS,
                 "temporary references of %zu bytes", size);
        check_is(op.params[3].value.a, sum, "arrive");
        check_is(TEEC_InvokeCommand(&session, PEER_INVERT, &op, &origin), TEEC_SUCCESS, "inverted");
        for (size_t i = 0; i < size; i++)
            good &= inout[i] == (uint8_t)~(i * 3) && in[i] == (uint8_t)(i * 7 + n);
        check(good && inout[size] == 0x22, "in/out comes back, in stays");
        check_is(TEEC_InvokeCommand(&session, PEER_FILL, &op, &origin), TEEC_SUCCESS, "filled");
        check_is(op.params[2].tmpref.size, size / 2, "with the app's size");
        good = 1;
        for (size_t i = 0; i < size / 2; i++)
            good &= out[i] == 0xa5;
        /* One byte of the old fill is enough: PEER_SUM and PEER_INVERT left whatever was there. */
        check(good && out[size] == 0x11 && out[size + 1] == 0x11, "never a byte beyond the buffer");
        free(in);
        free(inout);
        free(out);
    }
    op.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT, TEEC_MEMREF_TEMP_INOUT, TEEC_NONE,
                                     TEEC_VALUE_OUTPUT);
    op.params[0].tmpref = (TEEC_TempMemoryReference){NULL, 0};
    op.params[1].tmpref = (TEEC_TempMemoryReference){&op, 0};
    check_is(TEEC_InvokeCommand(&session, PEER_SIZES, &op, &origin), TEEC_SUCCESS, "NULL, 0");
    check_is(op.params[3].value.a, 0xffffffff, "NULL with size 0 arrives as NULL");
    check_is(op.params[3].value.b, 0, "a buffer with size 0 arrives as a buffer of size 0");
}

static void test_output_is_partial(void)
{
    TEEC_Operation op = TEEC_OPERATION_INITIALIZER;
    uint8_t out[100];
    uint32_t origin;

    memset(out, 0x11, sizeof(out));
    op.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_OUTPUT, TEEC_NONE, TEEC_NONE, TEEC_NONE);
    op.params[0].tmpref = (TEEC_TempMemoryReference){out, 100};
    check_is(TEEC_InvokeCommand(&session, PEER_FILL, &op, &origin), TEEC_SUCCESS, "half an output");
    check(out[49] == 0xa5 && out[50] == 0x11, "beyond the app's size nothing is written");
    op.params[0].tmpref.size = 100;
    check_is(TEEC_InvokeCommand(&session, PEER_LEAVE_ZERO, &op, &origin), TEEC_SUCCESS, "empty");
    check(op.params[0].tmpref.size == 0 && out[0] == 0xa5, "size 0 comes back, no data");
    memset(out, 0x11, sizeof(out));
    op.params[0].tmpref.size = 100;
    check_is(TEEC_InvokeCommand(&session, PEER_FAIL_FILL, &op, &origin), TEEC_ERROR_GENERIC,
             "an app that fails");
    check(origin == TEEC_ORIGIN_TRUSTED_APP && out[49] == 0xa5 && op.params[0].tmpref.size == 50,
          "its outputs come back all the same");
}

static void test_short_buffer(void)
{
    TEEC_Operation op = TEEC_OPERATION_INITIALIZER;
    TEEC_SharedMemory shared = {.size = 60, .flags = TEEC_MEM_INOUT};
    TEEC_SharedMemory registered = {.size = 70, .flags = TEEC_MEM_OUTPUT};
    uint8_t temporary[50], mine[70];
    uint32_t origin;

    memset(temporary, 0x11, sizeof(temporary));
    memset(mine, 0x11, sizeof(mine));
    registered.buffer = mine;
    TEEC_AllocateSharedMemory(&context, &shared);
    TEEC_RegisterSharedMemory(&context, &registered);
    op.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_OUTPUT, TEEC_MEMREF_PARTIAL_INOUT,
                                     TEEC_MEMREF_WHOLE, TEEC_MEMREF_TEMP_OUTPUT);
    op.params[0].tmpref = (TEEC_TempMemoryReference){temporary, 40};
    op.params[1].memref = (TEEC_RegisteredMemoryReference){&shared, 30, 10};
    op.params[2].memref = (TEEC_RegisteredMemoryReference){&registered, 1, 99999};
    op.params[3].tmpref = (TEEC_TempMemoryReference){temporary + 40, 9};
    check_is(TEEC_InvokeCommand(&session, PEER_SHORT, &op, &origin), TEEC_ERROR_SHORT_BUFFER,
             "buffers too short");
    check_is(origin, TEEC_ORIGIN_TRUSTED_APP, "says the app");
    check_is(op.params[0].tmpref.size, 140, "the size needed: temporary");
    check_is(op.params[1].memref.size, 130, "partial");
    check_is(op.params[2].memref.size, 170, "whole");
    check_is(op.params[3].tmpref.size, 9, "and of the one that fits");
    check(temporary[0] == 0x11 && temporary[39] == 0x11 && mine[0] == 0x11 && mine[69] == 0x11,
          "no data for those that do not fit");
    check(temporary[40] == 0x5a && temporary[48] == 0x5a && temporary[49] == 0x11,
          "data for the one that does, and not a byte more");

    op.params[0].tmpref.size = 0;
    op.params[0].tmpref.buffer = NULL;
    op.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_OUTPUT, TEEC_NONE, TEEC_NONE, TEEC_NONE);
    check_is(TEEC_InvokeCommand(&session, PEER_SHORT, &op, &origin), TEEC_ERROR_SHORT_BUFFER,
             "asking for the size with NULL");
    check_is(op.params[0].tmpref.size, 100, "works");

    op.params[0].tmpref = (TEEC_TempMemoryReference){temporary, 40};
    temporary[0] = 0x11;
    check_is(TEEC_InvokeCommand(&session, PEER_LIE, &op, &origin), TEEC_ERROR_SHORT_BUFFER,
             "success with a size above the buffer's is SHORT_BUFFER");
    check_is(origin, TEEC_ORIGIN_TRUSTED_APP, "of the app's");
    check(op.params[0].tmpref.size == 140 && temporary[0] == 0x11, "with the size, without data");
    TEEC_ReleaseSharedMemory(&shared);
    TEEC_ReleaseSharedMemory(&registered);
}

/* --- Shared memory. ------------------------------------------------------------------------------ */

static void test_memory_refusals(void)
{
    TEEC_SharedMemory m = {.size = 10, .flags = TEEC_MEM_INPUT};
    TEEC_Context dead = {0};
    uint8_t bytes[10];

    check_is(TEEC_AllocateSharedMemory(NULL, &m), TEEC_ERROR_BAD_PARAMETERS, "no context");
    check_is(TEEC_AllocateSharedMemory(&context, NULL), TEEC_ERROR_BAD_PARAMETERS, "no memory");
    check_is(TEEC_AllocateSharedMemory(&dead, &m), TEEC_ERROR_BAD_PARAMETERS, "dead context");
    check_is(TEEC_RegisterSharedMemory(NULL, &m), TEEC_ERROR_BAD_PARAMETERS, "no context");
    check_is(TEEC_RegisterSharedMemory(&context, NULL), TEEC_ERROR_BAD_PARAMETERS, "no memory");
    m.buffer = NULL;
    check_is(TEEC_RegisterSharedMemory(&context, &m), TEEC_ERROR_BAD_PARAMETERS, "no buffer");
    m.buffer = bytes;
    m.size = 0;
    check_is(TEEC_RegisterSharedMemory(&context, &m), TEEC_ERROR_BAD_PARAMETERS, "size 0");
    m.size = 10;
    check_is(TEEC_RegisterSharedMemory(&dead, &m), TEEC_ERROR_BAD_PARAMETERS, "dead context");
    for (uint32_t flags = 0; flags < 9; flags += 4) {
        m.flags = flags;
        check_is(TEEC_RegisterSharedMemory(&context, &m), TEEC_ERROR_BAD_PARAMETERS, "flags %u",
                 flags);
        check_is(TEEC_AllocateSharedMemory(&context, &m), TEEC_ERROR_BAD_PARAMETERS, "flags %u",
                 flags);
    }
    m.flags = TEEC_MEM_INPUT;
    m.size = SIZE_MAX;
    check_is(TEEC_AllocateSharedMemory(&context, &m), TEEC_ERROR_OUT_OF_MEMORY, "all there is");
    m.size = (64u << 20) + 1;
    check_is(TEEC_AllocateSharedMemory(&context, &m), TEEC_ERROR_OUT_OF_MEMORY, "too much");
    TEEC_ReleaseSharedMemory(&m);
    TEEC_ReleaseSharedMemory(NULL);
    memset(&m, 0x33, sizeof(m));
    m.is_allocated = false;
    TEEC_ReleaseSharedMemory(&m);
    check(1, "releasing what is not shared is harmless");
}

static void test_allocated(void)
{
    TEEC_SharedMemory m = {.size = 5000, .flags = TEEC_MEM_INOUT};
    TEEC_SharedMemory empty = {.size = 0, .flags = TEEC_MEM_INOUT};
    TEEC_Operation op = TEEC_OPERATION_INITIALIZER;
    uint32_t before = atomic_load(&peer->memories), origin;
    uint8_t *bytes;
    int good = 1;

    check_is(TEEC_AllocateSharedMemory(&context, &m), TEEC_SUCCESS, "allocate");
    check(m.buffer && m.is_allocated && m.context == &context && m.ops_cnt == 0, "members");
    check((uintptr_t)m.buffer % 4096 == 0, "aligned to a page");
    check_is(atomic_load(&peer->memories), before + 1, "the TEE's memory");
    bytes = m.buffer;
    for (unsigned i = 0; i < 5000; i++)
        good &= bytes[i] == 0;
    check(good, "zeroed");
    memset(bytes, 0x0f, 5000);
    op.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_WHOLE, TEEC_NONE, TEEC_NONE, TEEC_NONE);
    op.params[0].memref = (TEEC_RegisteredMemoryReference){&m, 3, 77};
    check_is(TEEC_InvokeCommand(&session, PEER_INVERT, &op, &origin), TEEC_SUCCESS, "whole");
    check(bytes[0] == 0xf0 && bytes[4999] == 0xf0, "all of it, whatever size and offset say");
    check_is(op.params[0].memref.size, 5000, "its size comes back");
    op.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_PARTIAL_INOUT, TEEC_MEMREF_PARTIAL_OUTPUT,
                                     TEEC_NONE, TEEC_NONE);
    op.params[0].memref = (TEEC_RegisteredMemoryReference){&m, 100, 10};
    op.params[1].memref = (TEEC_RegisteredMemoryReference){&m, 100, 4900};
    check_is(TEEC_InvokeCommand(&session, PEER_INVERT, &op, &origin), TEEC_SUCCESS, "partial");
    check(bytes[9] == 0xf0 && bytes[10] == 0x0f && bytes[109] == 0x0f && bytes[110] == 0xf0,
          "just that part");
    check_is(TEEC_InvokeCommand(&session, PEER_FILL, &op, &origin), TEEC_SUCCESS, "partial output");
    check(bytes[4900] == 0xa5 && op.params[1].memref.size == 50 && bytes[4899] == 0xf0,
          "at its place");
    check(m.ops_cnt == 0, "not in use any more");

    check_is(TEEC_AllocateSharedMemory(&context, &empty), TEEC_SUCCESS, "allocate nothing");
    check(empty.buffer == NULL, "has no address");
    op.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_WHOLE, TEEC_MEMREF_PARTIAL_INPUT, TEEC_NONE,
                                     TEEC_VALUE_OUTPUT);
    op.params[0].memref = (TEEC_RegisteredMemoryReference){&empty, 3, 77};
    op.params[1].memref = (TEEC_RegisteredMemoryReference){&m, 0, 5000};
    check_is(TEEC_InvokeCommand(&session, PEER_SIZES, &op, &origin), TEEC_SUCCESS, "goes as NULL");
    check(op.params[3].value.a == 0xffffffff && op.params[3].value.b == 0,
          "and an empty part at the end as an empty part");
    TEEC_ReleaseSharedMemory(&empty);
    TEEC_ReleaseSharedMemory(&m);
    check(m.buffer == NULL && m.size == 0, "released");
    check_is(atomic_load(&peer->memories), before, "in the TEE, too");
    TEEC_ReleaseSharedMemory(&m);
}

static void test_registered(void)
{
    static const uint8_t constant[16] = "read-only bytes";
    uint8_t bytes[300];
    TEEC_SharedMemory a = {.buffer = bytes, .size = 300, .flags = TEEC_MEM_INOUT};
    TEEC_SharedMemory b = {.buffer = bytes, .size = 300, .flags = TEEC_MEM_OUTPUT};
    TEEC_SharedMemory c = {.size = 15, .flags = TEEC_MEM_INPUT};
    TEEC_Operation op = TEEC_OPERATION_INITIALIZER;
    uint32_t origin, sum = 0;

    c.buffer = (void *)(uintptr_t)constant;
    check_is(TEEC_RegisterSharedMemory(&context, &a), TEEC_SUCCESS, "register");
    check(!a.is_allocated && a.context == &context && a.buffer == bytes, "members");
    check_is(TEEC_RegisterSharedMemory(&context, &b), TEEC_SUCCESS, "the same again");
    check_is(TEEC_RegisterSharedMemory(&context, &c), TEEC_SUCCESS, "read-only memory");
    memset(bytes, 1, sizeof(bytes));
    op.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_PARTIAL_INOUT, TEEC_MEMREF_WHOLE, TEEC_NONE,
                                     TEEC_VALUE_OUTPUT);
    op.params[0].memref = (TEEC_RegisteredMemoryReference){&a, 100, 200};
    op.params[1].memref = (TEEC_RegisteredMemoryReference){&c, 0, 0};
    for (unsigned i = 0; i < 15; i++)
        sum += constant[i];
    check_is(TEEC_InvokeCommand(&session, PEER_SUM, &op, &origin), TEEC_SUCCESS, "read");
    check_is(op.params[3].value.a, 100 + sum, "its bytes");
    op.params[0].memref.size = 100;
    check_is(TEEC_InvokeCommand(&session, PEER_INVERT, &op, &origin), TEEC_SUCCESS, "inverted");
    check(bytes[199] == 1 && bytes[200] == 0xfe && bytes[299] == 0xfe, "just that part");
    op.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_WHOLE, TEEC_NONE, TEEC_NONE, TEEC_NONE);
    op.params[0].memref.parent = &b;
    check_is(TEEC_InvokeCommand(&session, PEER_FILL, &op, &origin), TEEC_SUCCESS, "whole output");
    check(op.params[0].memref.size == 150 && bytes[149] == 0xa5 && bytes[150] == 1, "its size");
    TEEC_ReleaseSharedMemory(&a);
    check(a.buffer == bytes && a.size == 300, "the caller's memory stays the caller's");
    TEEC_ReleaseSharedMemory(&b);
    TEEC_ReleaseSharedMemory(&c);
    TEEC_ReleaseSharedMemory(&c);
}

/* What bounce memory holds from one call never shows in another session's, nor as output. */
static void test_no_leak_between_sessions(void)
{
    TEEC_Operation op = TEEC_OPERATION_INITIALIZER;
    TEEC_Session second;
    uint8_t secret[200], out[200];
    uint32_t origin;
    int good = 1;

    memset(secret, 0x5e, sizeof(secret));
    op.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT, TEEC_NONE, TEEC_NONE, TEEC_NONE);
    op.params[0].tmpref = (TEEC_TempMemoryReference){secret, sizeof(secret)};
    check_is(TEEC_InvokeCommand(&session, PEER_SUM, &op, &origin), TEEC_SUCCESS, "a secret");
    TEEC_OpenSession(&context, &second, &app, 0, NULL, NULL, NULL);
    op.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_OUTPUT, TEEC_NONE, TEEC_NONE, TEEC_NONE);
    op.params[0].tmpref = (TEEC_TempMemoryReference){out, sizeof(out)};
    memset(out, 0x11, sizeof(out));
    check_is(TEEC_InvokeCommand(&second, PEER_ADD, &op, &origin), TEEC_SUCCESS,
             "an output that the app does not write");
    for (unsigned i = 0; i < sizeof(out); i++)
        good &= out[i] != 0x5e;
    check(good, "shows nothing of another session's");
    memset(out, 0x22, sizeof(out));
    op.params[0].tmpref.size = sizeof(out);
    check_is(TEEC_InvokeCommand(&second, PEER_SUM, &op, &origin), TEEC_SUCCESS, "again");
    for (unsigned i = 0; i < sizeof(out); i++)
        good &= out[i] != 0x22;
    check(good, "and output references are not copied in");
    TEEC_CloseSession(&second);
}

/* --- Answers. ------------------------------------------------------------------------------------ */

static void test_origins(void)
{
    static const uint32_t codes[] = {1, 3, 13, 0xffff0005, 0xffff3024, 0xffff5002, 0x12345678};
    TEEC_Operation op = TEEC_OPERATION_INITIALIZER;
    uint32_t origin;
    uint8_t out[10];

    op.paramTypes =
        TEEC_PARAM_TYPES(TEEC_VALUE_INOUT, TEEC_MEMREF_TEMP_OUTPUT, TEEC_NONE, TEEC_NONE);
    for (unsigned i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        for (uint32_t o = TEEC_ORIGIN_TEE; o <= TEEC_ORIGIN_TRUSTED_APP; o++) {
            op.params[0].value = (TEEC_Value){codes[i], o};
            op.params[1].tmpref = (TEEC_TempMemoryReference){out, 10};
            out[0] = 0x11;
            check(TEEC_InvokeCommand(&session, PEER_ANSWER, &op, &origin) == codes[i] &&
                      origin == o,
                  "%s from %s", postern_teec_strerror(codes[i]), postern_teec_origin_name(o));
            if (o == TEEC_ORIGIN_TEE)
                check(op.params[1].tmpref.size == 10 && out[0] == 0x11, "leaves outputs alone");
        }
    }
    op.params[0].value = (TEEC_Value){TEEC_ERROR_ITEM_NOT_FOUND, TEEC_ORIGIN_TEE};
    check_is(TEEC_InvokeCommand(&session, PEER_ANSWER, &op, &origin), TEEC_ERROR_ITEM_NOT_FOUND,
             "ITEM_NOT_FOUND of an invoke stays");
    check(strcmp(postern_teec_strerror(TEEC_ERROR_BUSY), "TEEC_ERROR_BUSY (0xffff000d)") == 0,
          "a name");
    check(strcmp(postern_teec_strerror(0x12345678), "0x12345678") == 0, "a number");
    check(strcmp(postern_teec_strerror(TEEC_SUCCESS), "TEEC_SUCCESS (0x00000000)") == 0, "success");
    check(strcmp(postern_teec_origin_name(9), "unknown") == 0, "no such origin");
}

static void test_trace(void)
{
    struct postern_teec_trace t;

    check(postern_teec_last_trace(&t) == 0, "no trace yet");
    postern_teec_trace_enable(1);
    check_is(TEEC_InvokeCommand(&session, PEER_ADD, NULL, NULL), TEEC_SUCCESS, "traced");
    check(postern_teec_last_trace(&t) == 1, "a trace");
    check(t.kind == POSTERN_TEEC_TRACE_INVOKE && t.result == 0 && t.client_in <= t.sent &&
              t.sent <= t.received && t.received <= t.client_out && t.gate_in == 1,
          "of that call");
    check(memcmp(t.service, peer_uuid, 16) == 0, "with the app's name");
    postern_teec_trace_enable(0);
}

static void test_system_calls_do_not_grow(void)
{
    /* Descriptors of a context are few and do not grow with calls. */
    TEEC_Operation op = TEEC_OPERATION_INITIALIZER;
    int first = dup(0), last;
    uint8_t bytes[64] = {0};

    close(first);
    op.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INOUT, TEEC_NONE, TEEC_NONE, TEEC_NONE);
    for (unsigned i = 0; i < 1000; i++) {
        op.params[0].tmpref = (TEEC_TempMemoryReference){bytes, sizeof(bytes)};
        if (TEEC_InvokeCommand(&session, PEER_INVERT, &op, NULL) != TEEC_SUCCESS)
            break;
    }
    last = dup(0);
    close(last);
    check_is(last, first, "a thousand calls leave no descriptors");
    check(atomic_load(&peer->memories) <= 4, "and no memories");
}

/* --- The end. ------------------------------------------------------------------------------------ */

/* --- A process without descriptors. ------------------------------------------------------------- */

#define FEW_DESCRIPTORS 64

/* Takes all that there are. */
static unsigned descriptors_take(int *taken)
{
    unsigned count = 0;

    while (count < FEW_DESCRIPTORS && (taken[count] = fcntl(0, F_DUPFD_CLOEXEC, 0)) >= 0)
        count++;
    return count;
}

/* What needs one fails, and nothing else does; and it succeeds once there is one again. */
static void test_no_descriptors(void)
{
    TEEC_SharedMemory m = {.size = 5000, .flags = TEEC_MEM_INOUT}, other = m;
    struct rlimit files, few;
    int taken[FEW_DESCRIPTORS] = {0};
    unsigned count;
    TEEC_Context c;
    TEEC_Session s;
    uint32_t origin = 99, memories = atomic_load(&peer->memories);

    check_is(getrlimit(RLIMIT_NOFILE, &files), 0, "-- a process without descriptors");
    few = files;
    few.rlim_cur = FEW_DESCRIPTORS;
    check_is(TEEC_InitializeContext(peer->folder, &c), TEEC_SUCCESS, "a context");
    check_is(setrlimit(RLIMIT_NOFILE, &few), 0, "few descriptors");
    count = descriptors_take(taken);
    check_is(TEEC_AllocateSharedMemory(&c, &m), TEEC_ERROR_OUT_OF_MEMORY, "no memory without any");
    check_is(TEEC_OpenSession(&c, &s, &app, 0, NULL, NULL, &origin), TEEC_ERROR_OUT_OF_MEMORY,
             "nor a session");
    check_is(origin, TEEC_ORIGIN_API, "the library says so");
    if (count > 0)
        close(taken[--count]);
    check_is(TEEC_AllocateSharedMemory(&c, &m), TEEC_SUCCESS, "memory takes one");
    check_is(TEEC_OpenSession(&c, &s, &app, 0, NULL, NULL, &origin), TEEC_ERROR_OUT_OF_MEMORY,
             "a session more");
    while (count > 0)
        close(taken[--count]);
    check_is(TEEC_OpenSession(&c, &s, &app, 0, NULL, NULL, NULL), TEEC_SUCCESS, "and has them");
    count = descriptors_take(taken);
    check_is(TEEC_InvokeCommand(&s, PEER_ADD, NULL, NULL), TEEC_SUCCESS, "a call needs none");
    check_is(TEEC_AllocateSharedMemory(&c, &other), TEEC_ERROR_OUT_OF_MEMORY, "memory does again");
    while (count > 0)
        close(taken[--count]);
    check_is(setrlimit(RLIMIT_NOFILE, &files), 0, "as many as before");
    check(peer_wait(&peer->memories, memories + 1), "the TEE keeps none that could not be taken");
    TEEC_ReleaseSharedMemory(&m);
    TEEC_CloseSession(&s);
    TEEC_FinalizeContext(&c);
}

static void test_finalize_with_all_open(void)
{
    TEEC_Context c;
    TEEC_Session s[3];
    TEEC_SharedMemory m = {.size = 10, .flags = TEEC_MEM_INOUT}, r = m;
    TEEC_Operation op = TEEC_OPERATION_INITIALIZER;
    uint8_t bytes[10];
    uint32_t origin, before = atomic_load(&peer->sessions);

    check_is(TEEC_InitializeContext(peer->folder, &c), TEEC_SUCCESS, "a context");
    for (unsigned i = 0; i < 3; i++)
        check_is(TEEC_OpenSession(&c, &s[i], &app, 0, NULL, NULL, NULL), TEEC_SUCCESS, "a session");
    check_is(TEEC_AllocateSharedMemory(&c, &m), TEEC_SUCCESS, "memory");
    r.buffer = bytes;
    check_is(TEEC_RegisterSharedMemory(&c, &r), TEEC_SUCCESS, "registered");
    TEEC_FinalizeContext(&c);
    check_is(atomic_load(&peer->sessions), before, "finalise closes the sessions");
    check(peer_wait(&peer->connections, 1), "and the connection");
    check_is(TEEC_InvokeCommand(&s[0], 0, NULL, &origin), TEEC_ERROR_BAD_PARAMETERS,
             "invoke after");
    check_is(origin, TEEC_ORIGIN_API, "origin");
    op.paramTypes = TEEC_MEMREF_WHOLE;
    op.params[0].memref.parent = &m;
    check_is(TEEC_InvokeCommand(&session, 0, &op, &origin), TEEC_ERROR_BAD_PARAMETERS,
             "memory of a context that is gone");
    check_is(TEEC_OpenSession(&c, &s[1], &app, 0, NULL, NULL, &origin), TEEC_ERROR_BAD_PARAMETERS,
             "open after");
    for (unsigned i = 0; i < 3; i++)
        TEEC_CloseSession(&s[i]);
    TEEC_ReleaseSharedMemory(&m);
    TEEC_ReleaseSharedMemory(&m);
    TEEC_ReleaseSharedMemory(&r);
    check(r.buffer == bytes && m.buffer == NULL, "closing and releasing after is harmless");
}

int main(void)
{
    fixture_begin();
    test_initialize();
    test_long_run_folder();
    fixture_open();
    test_open();
    test_open_operation();
    test_ta_path();
    test_values();
    test_bad_parameters();
    test_temporary();
    test_output_is_partial();
    test_short_buffer();
    test_memory_refusals();
    test_allocated();
    test_registered();
    test_no_leak_between_sessions();
    test_origins();
    test_trace();
    test_system_calls_do_not_grow();
    test_no_descriptors();
    test_finalize_with_all_open();
    return fixture_end();
}

/*
 * Every return code of the TEEC document, provoked by its cause as far as the service that causes it
 * exists; and every code passed through untouched when an app answers it. (Codes of packages,
 * policies, cancellation, identity, death and a lying supplicant are in the tests of those names.)
 */
#include "call.h"
#include "probe/probe.h"
#include "tap.h"
#include "tee.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const TEEC_UUID probe = PROBE_UUID;
static struct tee here;
static TEEC_Context context;

static void codes_no_tee(void)
{
    TEEC_Context none;
    char *before = getenv("POSTERN_TEE");
    char keep[TEE_PATH];
    (void)snprintf(keep, sizeof(keep), "%s", before != NULL ? before : "");
    setenv("POSTERN_TEE", "/nonexistent/postern", 1);
    TEEC_Result result = TEEC_InitializeContext(NULL, &none);
    tap_ok(result == TEEC_ERROR_GENERIC, "initialise with nothing there: %s",
           postern_teec_strerror(result));
    setenv("POSTERN_TEE", here.folder, 1); /* a folder without sockets */
    result = TEEC_InitializeContext(NULL, &none);
    tap_ok(result == TEEC_ERROR_GENERIC, "initialise with a folder that holds no TEE: %s",
           postern_teec_strerror(result));
    if (before != NULL) {
        setenv("POSTERN_TEE", keep, 1);
    } else {
        unsetenv("POSTERN_TEE");
    }
    result = TEEC_InitializeContext("no such TEE", &none);
    tap_ok(result == TEEC_ERROR_BAD_PARAMETERS, "initialise a name that names no TEE: %s",
           postern_teec_strerror(result));
    result = TEEC_InitializeContext(NULL, NULL);
    tap_ok(result == TEEC_ERROR_BAD_PARAMETERS, "initialise without a context: %s",
           postern_teec_strerror(result));
    TEEC_FinalizeContext(NULL);
    memset(&none, 0, sizeof(none));
    TEEC_FinalizeContext(&none);
    tap_ok(true, "finalising NULL and what was never initialised is harmless");
}

static void codes_open(void)
{
    TEEC_Session session;
    memset(&session, 0, sizeof(session));
    uint32_t origin = 0;
    TEEC_Result result =
        TEEC_OpenSession(NULL, &session, &probe, TEEC_LOGIN_PUBLIC, NULL, NULL, &origin);
    tap_result(result, origin, TEEC_ERROR_BAD_PARAMETERS, TEEC_ORIGIN_API, "open without context");
    origin = 0;
    result = TEEC_OpenSession(&context, NULL, &probe, TEEC_LOGIN_PUBLIC, NULL, NULL, &origin);
    tap_result(result, origin, TEEC_ERROR_BAD_PARAMETERS, TEEC_ORIGIN_API, "open without session");
    origin = 0;
    result = TEEC_OpenSession(&context, &session, NULL, TEEC_LOGIN_PUBLIC, NULL, NULL, &origin);
    tap_result(result, origin, TEEC_ERROR_BAD_PARAMETERS, TEEC_ORIGIN_API, "open without app");
    result = TEEC_OpenSession(NULL, NULL, NULL, 0, NULL, NULL, NULL);
    tap_ok(result == TEEC_ERROR_BAD_PARAMETERS, "open with nothing at all");
    const TEEC_UUID none = tee_uuid_plus(probe, 0x100);
    result = call_open(&context, &session, &none, &origin);
    tap_result(result, origin, TEEC_ERROR_SERVICE_NOT_EXIST, TEEC_ORIGIN_TEE, "no such app");
    TEEC_CloseSession(&session);
    origin = 0;
    result = call_value(&session, PROBE_NOTHING, 0, 0, NULL, &origin);
    tap_result(result, origin, TEEC_ERROR_BAD_PARAMETERS, TEEC_ORIGIN_API,
               "invoke on a session that failed to open");
    result = call_open_value(&context, &session, &probe, TEEC_ERROR_ACCESS_DENIED, 0, &origin);
    tap_result(result, origin, TEEC_ERROR_ACCESS_DENIED, TEEC_ORIGIN_TRUSTED_APP,
               "the app's own refusal");
    TEEC_CloseSession(&session);
    TEEC_CloseSession(NULL);
    tap_ok(call_alive(&context, &probe), "close of what is not open is harmless");
}

/* What comes back from an app is what it answered, whatever it is. */
static void codes_passed_through(void)
{
    static const uint32_t codes[] = {
        TEEC_SUCCESS,
        TEEC_ERROR_INVALID_CMD,
        TEEC_ERROR_SERVICE_NOT_EXIST,
        TEEC_ERROR_SESSION_NOT_EXIST,
        TEEC_ERROR_SESSION_MAXIMUM,
        TEEC_ERROR_REGISTER_EXIST_SERVICE,
        TEEC_ERROR_TAGET_DEAD_FATAL,
        TEEC_ERROR_READ_DATA,
        TEEC_ERROR_WRITE_DATA,
        TEEC_ERROR_TRUNCATE_OBJECT,
        TEEC_ERROR_SEEK_DATA,
        TEEC_ERROR_FSYNC_DATA,
        TEEC_ERROR_RENAME_OBJECT,
        TEEC_ERROR_TRUSTED_APP_LOAD_ERROR,
        TEEC_ERROR_GENERIC,
        TEEC_ERROR_ACCESS_DENIED,
        TEEC_ERROR_CANCEL,
        TEEC_ERROR_ACCESS_CONFLICT,
        TEEC_ERROR_EXCESS_DATA,
        TEEC_ERROR_BAD_FORMAT,
        TEEC_ERROR_BAD_PARAMETERS,
        TEEC_ERROR_BAD_STATE,
        TEEC_ERROR_ITEM_NOT_FOUND,
        TEEC_ERROR_NOT_IMPLEMENTED,
        TEEC_ERROR_NOT_SUPPORTED,
        TEEC_ERROR_NO_DATA,
        TEEC_ERROR_OUT_OF_MEMORY,
        TEEC_ERROR_BUSY,
        TEEC_ERROR_COMMUNICATION,
        TEEC_ERROR_SECURITY,
        TEEC_ERROR_SHORT_BUFFER,
        TEEC_ERROR_EXTERNAL_CANCEL,
        TEEC_ERROR_MAC_INVALID,
        TEEC_ERROR_TARGET_DEAD,
        TEEC_ERROR_STORAGE_NO_SPACE,
        TEEC_ERROR_STORAGE_NOT_AVAILABLE,
        TEEC_FAIL,
        0x12345678,
        0xffffffff,
        0x80000000,
    };
    struct tap_group group = {0};
    TEEC_Session session;
    (void)call_open(&context, &session, &probe, NULL);
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        uint32_t origin = 0;
        const TEEC_Result result = call_value(&session, PROBE_RETURN, codes[i], 0, NULL, &origin);
        tap_check(&group, (uint32_t)result == codes[i] && origin == TEEC_ORIGIN_TRUSTED_APP,
                  "0x%08x came back as 0x%08x from %u", codes[i], (unsigned)result, origin);
    }
    TEEC_CloseSession(&session);
    tap_group_end(&group, "what an app answers reaches its client, from TRUSTED_APP");
}

static void codes_invoke(void)
{
    TEEC_Session session;
    (void)call_open(&context, &session, &probe, NULL);
    uint32_t origin = 0;
    TEEC_Result result = TEEC_InvokeCommand(NULL, 0, NULL, &origin);
    tap_result(result, origin, TEEC_ERROR_BAD_PARAMETERS, TEEC_ORIGIN_API,
               "invoke without session");
    result = TEEC_InvokeCommand(&session, PROBE_NOTHING, NULL, NULL);
    tap_ok(result == TEEC_SUCCESS, "invoke without operation and origin");
    result = TEEC_InvokeCommand(&session, 0xdead, NULL, &origin);
    tap_result(result, origin, TEEC_ERROR_INVALID_CMD, TEEC_ORIGIN_TRUSTED_APP,
               "a command that the app does not know");
    for (uint32_t type = 0; type < 16; type++) {
        if (type == 4 || (type >= 8 && type <= 0xb)) {
            TEEC_Operation operation = TEEC_OPERATION_INITIALIZER;
            operation.paramTypes = TEEC_PARAM_TYPES(TEEC_NONE, TEEC_NONE, type, TEEC_NONE);
            origin = 0;
            result = TEEC_InvokeCommand(&session, PROBE_NOTHING, &operation, &origin);
            tap_ok(result == TEEC_ERROR_BAD_PARAMETERS && origin == TEEC_ORIGIN_API,
                   "parameter type %u is none", type);
        }
    }
    TEEC_CloseSession(&session);
    origin = 0;
    result = call_value(&session, PROBE_NOTHING, 0, 0, NULL, &origin);
    tap_result(result, origin, TEEC_ERROR_BAD_PARAMETERS, TEEC_ORIGIN_API, "invoke after close");
    TEEC_CloseSession(&session);
    tap_ok(call_alive(&context, &probe), "closing twice is harmless");
}

static void codes_memory(void)
{
    struct tap_group group = {0};
    TEEC_Session session;
    (void)call_open(&context, &session, &probe, NULL);
    TEEC_SharedMemory input = {.size = 4096, .flags = TEEC_MEM_INPUT};
    TEEC_SharedMemory output = {.size = 4096, .flags = TEEC_MEM_OUTPUT};
    TEEC_SharedMemory both = {.size = 4096, .flags = TEEC_MEM_INOUT};
    TEEC_SharedMemory foreign = {.size = 4096, .flags = TEEC_MEM_INOUT};
    TEEC_SharedMemory released = {.size = 4096, .flags = TEEC_MEM_INOUT};
    TEEC_SharedMemory never;
    memset(&never, 0, sizeof(never));
    TEEC_Context other;
    call_context(&other);
    tap_check(&group,
              TEEC_AllocateSharedMemory(&context, &input) == TEEC_SUCCESS &&
                  TEEC_AllocateSharedMemory(&context, &output) == TEEC_SUCCESS &&
                  TEEC_AllocateSharedMemory(&context, &both) == TEEC_SUCCESS &&
                  TEEC_AllocateSharedMemory(&context, &released) == TEEC_SUCCESS &&
                  TEEC_AllocateSharedMemory(&other, &foreign) == TEEC_SUCCESS,
              "allocate");
    TEEC_ReleaseSharedMemory(&released);
    const struct {
        const char *name;
        uint32_t type;
        TEEC_SharedMemory *parent;
        size_t offset;
        size_t size;
        TEEC_Result want;
    } row[] = {
        {"no parent", TEEC_MEMREF_WHOLE, NULL, 0, 0, TEEC_ERROR_BAD_PARAMETERS},
        {"no parent, in part", TEEC_MEMREF_PARTIAL_INPUT, NULL, 0, 1, TEEC_ERROR_BAD_PARAMETERS},
        {"never allocated", TEEC_MEMREF_WHOLE, &never, 0, 0, TEEC_ERROR_BAD_PARAMETERS},
        {"another context's", TEEC_MEMREF_WHOLE, &foreign, 0, 0, TEEC_ERROR_BAD_PARAMETERS},
        {"released", TEEC_MEMREF_PARTIAL_INOUT, &released, 0, 1, TEEC_ERROR_BAD_PARAMETERS},
        {"output of input", TEEC_MEMREF_PARTIAL_OUTPUT, &input, 0, 1, TEEC_ERROR_BAD_PARAMETERS},
        {"both of input", TEEC_MEMREF_PARTIAL_INOUT, &input, 0, 1, TEEC_ERROR_BAD_PARAMETERS},
        {"input of output", TEEC_MEMREF_PARTIAL_INPUT, &output, 0, 1, TEEC_ERROR_BAD_PARAMETERS},
        {"both of output", TEEC_MEMREF_PARTIAL_INOUT, &output, 0, 1, TEEC_ERROR_BAD_PARAMETERS},
        {"one too many", TEEC_MEMREF_PARTIAL_INPUT, &both, 0, 4097, TEEC_ERROR_BAD_PARAMETERS},
        {"one beyond", TEEC_MEMREF_PARTIAL_INPUT, &both, 4096, 1, TEEC_ERROR_BAD_PARAMETERS},
        {"overflow", TEEC_MEMREF_PARTIAL_INPUT, &both, SIZE_MAX, 2, TEEC_ERROR_BAD_PARAMETERS},
        {"overflow", TEEC_MEMREF_PARTIAL_INPUT, &both, 2, SIZE_MAX, TEEC_ERROR_BAD_PARAMETERS},
        {"overflow", TEEC_MEMREF_PARTIAL_INPUT, &both, SIZE_MAX, SIZE_MAX,
         TEEC_ERROR_BAD_PARAMETERS},
        {"all of it", TEEC_MEMREF_PARTIAL_INPUT, &both, 0, 4096, TEEC_SUCCESS},
        {"the last octet", TEEC_MEMREF_PARTIAL_INPUT, &both, 4095, 1, TEEC_SUCCESS},
        {"nothing at the end", TEEC_MEMREF_PARTIAL_INPUT, &both, 4096, 0, TEEC_SUCCESS},
        {"input of input", TEEC_MEMREF_PARTIAL_INPUT, &input, 0, 4096, TEEC_SUCCESS},
        {"output of output", TEEC_MEMREF_PARTIAL_OUTPUT, &output, 0, 4096, TEEC_SUCCESS},
    };
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        TEEC_Operation operation = TEEC_OPERATION_INITIALIZER;
        operation.paramTypes = TEEC_PARAM_TYPES(TEEC_NONE, TEEC_NONE, TEEC_NONE, row[i].type);
        operation.params[3].memref.parent = row[i].parent;
        operation.params[3].memref.offset = row[i].offset;
        operation.params[3].memref.size = row[i].size;
        uint32_t origin = 0;
        const TEEC_Result result = TEEC_InvokeCommand(&session, PROBE_NOTHING, &operation, &origin);
        tap_check(&group,
                  result == row[i].want &&
                      origin ==
                          (row[i].want == TEEC_SUCCESS ? TEEC_ORIGIN_TRUSTED_APP : TEEC_ORIGIN_API),
                  "%s: %s from %u", row[i].name, postern_teec_strerror(result), origin);
        tap_check(&group, result == TEEC_SUCCESS || *postern_teec_reason() != 0,
                  "%s: no reason in words", row[i].name);
    }
    TEEC_ReleaseSharedMemory(&released);
    TEEC_ReleaseSharedMemory(NULL);
    TEEC_ReleaseSharedMemory(&never);
    TEEC_FinalizeContext(&other);
    TEEC_ReleaseSharedMemory(&foreign); /* after finalise: harmless */
    TEEC_CloseSession(&session);
    TEEC_ReleaseSharedMemory(&input);
    TEEC_ReleaseSharedMemory(&output);
    TEEC_ReleaseSharedMemory(&both);
    tap_group_end(&group, "references that may be, and that may not");

    struct tap_group registering = {0};
    char own[16];
    TEEC_SharedMemory shared = {.buffer = NULL, .size = 16, .flags = TEEC_MEM_INPUT};
    tap_check(&registering,
              TEEC_RegisterSharedMemory(&context, &shared) == TEEC_ERROR_BAD_PARAMETERS, "NULL");
    shared.buffer = own;
    shared.size = 0;
    tap_check(&registering,
              TEEC_RegisterSharedMemory(&context, &shared) == TEEC_ERROR_BAD_PARAMETERS, "size 0");
    shared.size = 16;
    for (uint32_t flags = 0; flags < 40; flags++) {
        shared.flags = flags;
        const TEEC_Result want =
            flags >= 1 && flags <= 3 ? TEEC_SUCCESS : TEEC_ERROR_BAD_PARAMETERS;
        const TEEC_Result result = TEEC_RegisterSharedMemory(&context, &shared);
        tap_check(&registering, result == want, "flags %u: %s", flags,
                  postern_teec_strerror(result));
        TEEC_ReleaseSharedMemory(&shared);
        shared = (TEEC_SharedMemory){.buffer = own, .size = 16};
    }
    tap_check(&registering, TEEC_RegisterSharedMemory(NULL, &shared) == TEEC_ERROR_BAD_PARAMETERS,
              "no context");
    tap_check(&registering, TEEC_RegisterSharedMemory(&context, NULL) == TEEC_ERROR_BAD_PARAMETERS,
              "no memory");
    tap_check(&registering, TEEC_AllocateSharedMemory(NULL, &shared) == TEEC_ERROR_BAD_PARAMETERS,
              "allocate without context");
    tap_check(&registering, TEEC_AllocateSharedMemory(&context, NULL) == TEEC_ERROR_BAD_PARAMETERS,
              "allocate without memory");
    tap_group_end(&registering, "what may be registered");
}

/* Who may not connect: ACCESS_DENIED, not "nothing there". */
static void codes_denied(void)
{
    char path[TEE_PATH + 16];
    tee_door_path(&here, path);
    struct stat before;
    if (stat(path, &before) != 0 || chmod(path, geteuid() != 0 ? 0 : 0600) != 0) {
        tee_bail("cannot chmod %s", path);
    }
    if (geteuid() != 0) {
        TEEC_Context none;
        const TEEC_Result result = TEEC_InitializeContext(NULL, &none);
        (void)chmod(path, before.st_mode & 07777);
        tap_ok(result == TEEC_ERROR_ACCESS_DENIED, "a door that the caller may not use: %s",
               postern_teec_strerror(result));
        return;
    }
    const pid_t child = fork();
    if (child == 0) {
        if (setgid(65534) != 0 || setuid(65534) != 0) {
            _exit(2);
        }
        TEEC_Context none;
        _exit(TEEC_InitializeContext(NULL, &none) == TEEC_ERROR_ACCESS_DENIED ? 0 : 1);
    }
    int status = 0;
    (void)waitpid(child, &status, 0);
    (void)chmod(path, before.st_mode & 07777);
    tap_ok(status == 0, "a door that the caller may not use");
}

int main(void)
{
    tee_create(&here);
    tee_sign(&here, TEE_PROBE, &probe, "");
    tee_start(&here);
    codes_no_tee();
    call_context(&context);
    codes_open();
    codes_passed_through();
    codes_invoke();
    codes_memory();
    codes_denied();
    TEEC_FinalizeContext(&context);
    TEEC_FinalizeContext(&context);
    tee_destroy(&here);
    return tap_end();
}

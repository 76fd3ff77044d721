/*
 * The library on a TEE device, with the driver played by this program: it is linked with
 * -Wl,--wrap=ioctl, so that the library's ioctls arrive in __wrap_ioctl. The "device" is
 * /dev/null. What a real driver does is tested in the TrustZone machine.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/tee.h>
#include <postern/tee_client_api.h>
#include <postern/tee_client_error.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "peer.h"
#include "tap.h"

#define MEMORIES 16

static struct driver {
    struct tee_ioctl_version_data version;
    int error; /* what the next call fails with; 0: not */
    uint32_t login, group, cancel_id, cancelled_session, cancelled_id, closed, invokes, num_params;
    uint32_t ret, origin;
    uint64_t null_c; /* c of the last NULL reference */
    unsigned allocations, registrations;
    struct {
        uint8_t *address;
        size_t size;
    } memory[MEMORIES];
    int lie; /* sizes of outputs grow by this */
    bool refuse_register, refuse_alloc;
    TEEC_Operation *to_cancel;
} driver;

int __wrap_ioctl(int fd, unsigned long request, ...);

static int fail(int error)
{
    errno = error;
    return -1;
}

static void run(struct tee_ioctl_param *p, uint32_t n)
{
    driver.num_params = n;
    for (uint32_t i = 0; i < n; i++) {
        if (p[i].attr >= TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT) {
            if (p[i].c == TEE_MEMREF_NULL || p[i].b == 0) {
                driver.null_c = p[i].c;
                p[i].b += (uint64_t)(p[i].attr == TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_OUTPUT ? 33 : 0);
                continue;
            }
            if (p[i].c >= MEMORIES || !driver.memory[p[i].c].address ||
                p[i].a + p[i].b > driver.memory[p[i].c].size) {
                driver.ret = 0xbad0000 + i;
                continue;
            }
            if (p[i].attr != TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT)
                for (uint64_t k = 0; k < p[i].b; k++)
                    driver.memory[p[i].c].address[p[i].a + k] ^= 0xff;
            if (p[i].attr != TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT)
                p[i].b += (uint64_t)driver.lie;
        } else if (p[i].attr == TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INOUT) {
            p[i].a++;
        }
    }
}

static int add_memory(uint8_t *address, size_t size, int32_t *id)
{
    static unsigned next;
    unsigned i = next++ % MEMORIES; /* starts with 0: a valid id */

    driver.memory[i].address = address;
    driver.memory[i].size = size;
    *id = (int32_t)i;
    return (int)i;
}

static int shm_alloc(struct tee_ioctl_shm_alloc_data *data)
{
    int fd;

    if (driver.refuse_alloc)
        return fail(ENOMEM);
    if (data->size > (64u << 20))
        return fail(EINVAL);
    fd = memfd_create("driver", MFD_CLOEXEC);
    if (ftruncate(fd, (off_t)data->size) != 0)
        return fail(ENOMEM);
    add_memory(mmap(NULL, data->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), data->size,
               &data->id);
    driver.allocations++;
    return fd;
}

static int open_session(struct tee_ioctl_open_session_arg *arg)
{
    static const uint8_t none = 0xde;

    driver.login = arg->clnt_login;
    memcpy(&driver.group, arg->clnt_uuid, 4);
    /* As mainline Linux does (tee_session_calc_client_uuid). */
    if (arg->clnt_login == TEE_IOCTL_LOGIN_GROUP && driver.group == 99)
        return fail(EPERM);
    if (arg->clnt_login > TEE_IOCTL_LOGIN_GROUP)
        return fail(EINVAL);
    run(arg->params, arg->num_params);
    arg->session = 17;
    arg->ret = arg->uuid[0] == none ? TEEC_ERROR_ITEM_NOT_FOUND : driver.ret;
    arg->ret_origin = arg->uuid[0] == none ? TEEC_ORIGIN_TEE : TEEC_ORIGIN_TRUSTED_APP;
    return 0;
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
    va_list arguments;
    void *argument;
    struct tee_ioctl_buf_data *data;

    va_start(arguments, request);
    argument = va_arg(arguments, void *);
    va_end(arguments);
    data = argument;
    (void)fd;
    if (driver.error == EINTR) {
        driver.error = 0;
        return fail(EINTR); /* once: to be tried again */
    }
    switch (request) {
    case TEE_IOC_VERSION:
        memcpy(argument, &driver.version, sizeof(driver.version));
        return 0;
    case TEE_IOC_SHM_ALLOC:
        return shm_alloc(argument);
    case TEE_IOC_SHM_REGISTER: {
        struct tee_ioctl_shm_register_data *d = argument;

        if (driver.refuse_register)
            return fail(EFAULT);
        add_memory((uint8_t *)(uintptr_t)d->addr, d->length, &d->id);
        driver.registrations++;
        return open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
    case TEE_IOC_OPEN_SESSION:
        if (driver.error)
            return fail(driver.error);
        return open_session((void *)(uintptr_t)data->buf_ptr);
    case TEE_IOC_INVOKE: {
        struct tee_ioctl_invoke_arg *arg = (void *)(uintptr_t)data->buf_ptr;

        if (driver.error)
            return fail(driver.error);
        if (data->buf_len != sizeof(*arg) + arg->num_params * sizeof(struct tee_ioctl_param))
            return fail(EINVAL);
        driver.invokes++;
        driver.cancel_id = arg->cancel_id;
        if (driver.to_cancel) /* by another thread, while the call runs */
            TEEC_RequestCancellation(driver.to_cancel);
        run(arg->params, arg->num_params);
        arg->ret = driver.ret;
        arg->ret_origin = TEEC_ORIGIN_TRUSTED_APP;
        return 0;
    }
    case TEE_IOC_CANCEL: {
        struct tee_ioctl_cancel_arg *arg = argument;

        driver.cancelled_session = arg->session;
        driver.cancelled_id = arg->cancel_id;
        return 0;
    }
    case TEE_IOC_CLOSE_SESSION:
        driver.closed++;
        return 0;
    default:
        return fail(ENOTTY);
    }
}

static const TEEC_UUID app = PEER_UUID;
static TEEC_Context context;
static TEEC_Session session;

static void test_versions(void)
{
    static const struct {
        struct tee_ioctl_version_data version;
        uint32_t result;
        const char *what;
    } cases[] = {
        {{TEE_IMPL_ID_AMDTEE, 0, TEE_GEN_CAP_GP}, TEEC_ERROR_BAD_PARAMETERS, "AMD's"},
        {{TEE_IMPL_ID_OPTEE, 1, 0}, TEEC_ERROR_BAD_PARAMETERS, "one without GlobalPlatform"},
        {{TEE_IMPL_ID_OPTEE, 1, TEE_GEN_CAP_GP | TEE_GEN_CAP_PRIVILEGED},
         TEEC_ERROR_BAD_PARAMETERS,
         "the supplicant's"},
        {{TEE_IMPL_ID_OPTEE, 1, TEE_GEN_CAP_GP}, TEEC_SUCCESS, "OP-TEE's"},
    };
    TEEC_Context c;

    for (unsigned i = 0; i < 4; i++) {
        driver.version = cases[i].version;
        check_is(TEEC_InitializeContext("/dev/null", &c), cases[i].result, "a TEE device: %s",
                 cases[i].what);
        TEEC_FinalizeContext(&c);
    }
}

static void test_login(void)
{
    uint32_t origin, gid = 5;
    TEEC_Session s;
    const TEEC_UUID none = PEER_UUID_NONE;

    check_is(TEEC_OpenSession(&context, &s, &app, TEEC_LOGIN_IDENTIFY, NULL, NULL, &origin),
             TEEC_SUCCESS, "IDENTIFY");
    check_is(driver.login, TEE_IOCTL_LOGIN_PUBLIC, "is sent as PUBLIC");
    TEEC_CloseSession(&s);
    check_is(TEEC_OpenSession(&context, &s, &app, TEEC_LOGIN_GROUP, &gid, NULL, &origin),
             TEEC_SUCCESS, "GROUP");
    check_is(driver.group, 5, "with its number");
    TEEC_CloseSession(&s);
    gid = 99;
    check_is(TEEC_OpenSession(&context, &s, &app, TEEC_LOGIN_GROUP, &gid, NULL, &origin),
             TEEC_ERROR_ACCESS_DENIED, "a group that the caller is not in");
    check_is(TEEC_OpenSession(&context, &s, &app, TEEC_LOGIN_APPLICATION, NULL, NULL, &origin),
             TEEC_ERROR_NOT_SUPPORTED, "APPLICATION");
    check_is(TEEC_OpenSession(&context, &s, &none, TEEC_LOGIN_PUBLIC, NULL, NULL, &origin),
             TEEC_ERROR_SERVICE_NOT_EXIST, "no such app");
    check_is(origin, TEEC_ORIGIN_TEE, "says the TEE");
}

static void test_calls(void)
{
    TEEC_Operation op = TEEC_OPERATION_INITIALIZER;
    uint8_t in[500], out[500];
    uint32_t origin;

    memset(in, 1, sizeof(in));
    memset(out, 2, sizeof(out));
    op.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT, TEEC_MEMREF_TEMP_INOUT,
                                     TEEC_MEMREF_TEMP_OUTPUT, TEEC_VALUE_INOUT);
    op.params[0].tmpref = (TEEC_TempMemoryReference){in, sizeof(in)};
    op.params[1].tmpref = (TEEC_TempMemoryReference){out, 400};
    op.params[2].tmpref = (TEEC_TempMemoryReference){NULL, 0};
    op.params[3].value = (TEEC_Value){41, 1};
    driver.ret = TEEC_ERROR_SHORT_BUFFER;
    check_is(TEEC_InvokeCommand(&session, 1, &op, &origin), TEEC_ERROR_SHORT_BUFFER, "a call");
    check_is(driver.num_params, 4, "with four parameters");
    check(in[0] == 1 && out[0] == 0xfd && out[399] == 0xfd && out[400] == 2, "copied each way");
    check_is(op.params[2].tmpref.size, 33, "a size asked for with NULL");
    check_is(driver.null_c, TEE_MEMREF_NULL, "which the driver knows as such");
    check_is(op.params[3].value.a, 42, "a value");
    driver.ret = 0;
    driver.allocations = 0;
    op.params[2].tmpref = (TEEC_TempMemoryReference){NULL, 0};
    op.paramTypes &= 0xf0ff;
    for (unsigned i = 0; i < 10; i++)
        TEEC_InvokeCommand(&session, 1, &op, NULL);
    check_is(driver.allocations, 0, "further calls allocate nothing");
    driver.lie = 1;
    out[0] = 7;
    op.params[1].tmpref.size = 400;
    check_is(TEEC_InvokeCommand(&session, 1, &op, &origin), TEEC_ERROR_SHORT_BUFFER,
             "a size above");
    check(op.params[1].tmpref.size == 401 && out[0] == 7, "is SHORT_BUFFER, without data");
    driver.lie = 0;
    driver.error = EINTR;
    op.params[1].tmpref.size = 400;
    check_is(TEEC_InvokeCommand(&session, 1, &op, &origin), TEEC_SUCCESS, "EINTR is tried again");
    driver.error = ENOMEM;
    check_is(TEEC_InvokeCommand(&session, 1, &op, &origin), TEEC_ERROR_OUT_OF_MEMORY, "ENOMEM");
    check_is(origin, TEEC_ORIGIN_COMMS, "COMMS");
    driver.error = 0;
    check_is(TEEC_InvokeCommand(&session, 1, &op, &origin), TEEC_SUCCESS, "and on it goes");
}

static void test_memory(void)
{
    uint8_t mine[300];
    TEEC_SharedMemory r = {.buffer = mine, .size = 300, .flags = TEEC_MEM_INOUT};
    TEEC_SharedMemory a = {.size = 300, .flags = TEEC_MEM_INOUT};
    TEEC_Operation op = TEEC_OPERATION_INITIALIZER;

    memset(mine, 0, sizeof(mine));
    check_is(TEEC_RegisterSharedMemory(&context, &r), TEEC_SUCCESS, "register");
    check_is(driver.registrations, 1, "with the driver");
    check_is(TEEC_AllocateSharedMemory(&context, &a), TEEC_SUCCESS, "allocate");
    op.paramTypes =
        TEEC_PARAM_TYPES(TEEC_MEMREF_PARTIAL_INOUT, TEEC_MEMREF_WHOLE, TEEC_NONE, TEEC_NONE);
    op.params[0].memref = (TEEC_RegisteredMemoryReference){&r, 100, 50};
    op.params[1].memref = (TEEC_RegisteredMemoryReference){&a, 0, 0};
    check_is(TEEC_InvokeCommand(&session, 1, &op, NULL), TEEC_SUCCESS, "use both");
    check(mine[49] == 0 && mine[50] == 0xff && mine[149] == 0xff && mine[150] == 0,
          "without copying");
    check(((uint8_t *)a.buffer)[299] == 0xff, "either");
    TEEC_ReleaseSharedMemory(&r);
    TEEC_ReleaseSharedMemory(&a);
    driver.refuse_register = true;
    r.buffer = mine;
    r.size = 300;
    check_is(TEEC_RegisterSharedMemory(&context, &r), TEEC_SUCCESS,
             "memory that the driver refuses (read-only, say)");
    check_is(TEEC_InvokeCommand(
                 &session, 1,
                 &(TEEC_Operation){.paramTypes = TEEC_MEMREF_WHOLE, .params[0].memref.parent = &r},
                 NULL),
             TEEC_SUCCESS, "is copied");
    check(mine[0] == 0xff && mine[50] == 0, "each way");
    TEEC_ReleaseSharedMemory(&r);
    driver.refuse_register = false;
    a.size = SIZE_MAX;
    check_is(TEEC_AllocateSharedMemory(&context, &a), TEEC_ERROR_OUT_OF_MEMORY, "too much");
    driver.refuse_alloc = true;
    a.size = 10000;
    check_is(TEEC_AllocateSharedMemory(&context, &a), TEEC_SUCCESS,
             "more than the driver has in one piece");
    check_is(driver.registrations, 2, "is the program's, registered");
    op.params[0].memref = (TEEC_RegisteredMemoryReference){&a, 5000, 50};
    op.params[1].memref = (TEEC_RegisteredMemoryReference){&a, 0, 0};
    op.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_PARTIAL_INOUT, TEEC_NONE, TEEC_NONE, TEEC_NONE);
    check_is(TEEC_InvokeCommand(&session, 1, &op, NULL), TEEC_SUCCESS, "use it");
    const uint8_t *used = a.buffer;
    check(used[49] == 0 && used[50] == 0xff && used[5049] == 0xff && used[5050] == 0,
          "without copying");
    TEEC_ReleaseSharedMemory(&a);
    driver.refuse_register = true;
    a.size = 100;
    check_is(TEEC_AllocateSharedMemory(&context, &a), TEEC_ERROR_OUT_OF_MEMORY, "no memory");
    driver.refuse_register = false;
    driver.refuse_alloc = false;
}

static void test_cancel(void)
{
    TEEC_Operation op = TEEC_OPERATION_INITIALIZER;

    driver.cancelled_id = 0;
    TEEC_RequestCancellation(&op);
    check_is(driver.cancelled_id, 0, "nothing runs: nothing is sent");
    check_is(TEEC_InvokeCommand(&session, 1, &op, NULL), TEEC_ERROR_CANCEL, "the flag counts");
    op.cancel_flag = false;
    driver.to_cancel = &op;
    check_is(TEEC_InvokeCommand(&session, 1, &op, NULL), TEEC_SUCCESS, "a running call");
    driver.to_cancel = NULL;
    check(driver.cancelled_id != 0 && driver.cancelled_id == driver.cancel_id &&
              driver.cancelled_session == 17,
          "is cancelled by its id and session");
}

static void test_old_driver(void)
{
    TEEC_Operation op = TEEC_OPERATION_INITIALIZER;
    TEEC_Context c;
    TEEC_Session s;
    TEEC_SharedMemory r = {.buffer = &op, .size = 10, .flags = TEEC_MEM_INOUT};

    driver.version.gen_caps = TEE_GEN_CAP_GP;
    driver.registrations = 0;
    check_is(TEEC_InitializeContext("/dev/null", &c), TEEC_SUCCESS, "a driver that knows little");
    check_is(TEEC_OpenSession(&c, &s, &app, 0, NULL, NULL, NULL), TEEC_SUCCESS, "open");
    op.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT, TEEC_NONE, TEEC_NONE, TEEC_NONE);
    check_is(TEEC_InvokeCommand(&s, 1, &op, NULL), TEEC_SUCCESS, "NULL");
    check(driver.null_c < MEMORIES, "goes as some memory with size 0");
    check_is(TEEC_RegisterSharedMemory(&c, &r), TEEC_SUCCESS, "register");
    check_is(driver.registrations, 0, "is the library's matter");
    TEEC_ReleaseSharedMemory(&r);
    TEEC_CloseSession(&s);
    TEEC_FinalizeContext(&c);
}

int main(void)
{
    unsigned closed;

    test_versions();
    driver.version = (struct tee_ioctl_version_data){
        TEE_IMPL_ID_OPTEE, 1, TEE_GEN_CAP_GP | TEE_GEN_CAP_REG_MEM | TEE_GEN_CAP_MEMREF_NULL};
    check_is(TEEC_InitializeContext("/dev/null", &context), TEEC_SUCCESS, "initialise");
    check_is(TEEC_OpenSession(&context, &session, &app, 0, NULL, NULL, NULL), TEEC_SUCCESS, "open");
    check_is(session.session_id, 17, "the driver's number");
    test_login();
    test_calls();
    test_memory();
    test_cancel();
    test_old_driver();
    closed = driver.closed;
    TEEC_FinalizeContext(&context);
    check_is(driver.closed, closed + 1, "finalise closes the session");
    return tap_done();
}

/*
 * A client in the manner of OpenHarmony's: no include but one, results as TEEC_Result, enumerations
 * and numbers mixed, structures filled by memset, public members used.
 */
#include <tee_client_api.h>

#ifndef TEEC_ERROR_TAGET_DEAD_FATAL
#error "constants are macros, too"
#endif
#if TEEC_ERROR_GENERIC != 0xFFFF0000 || TEEC_ERROR_BUSY != 0xFFFF000D || TEEC_FAIL != 0xFFFF5002
#error "with their values"
#endif
#if TEEC_SUCCESS || !TEEC_ERROR_INVALID_CMD || TEEC_ERROR_TRUSTED_APP_LOAD_ERROR != 13
#error "in the document's order"
#endif
#if TEEC_MEMREF_WHOLE != 0xc || TEEC_MEMREF_PARTIAL_INOUT != 0xf || TEEC_LOGIN_IDENTIFY != 7
#error "kinds, logins"
#endif
#if TEEC_ORIGIN_TRUSTED_APP != 4 || TEEC_MEM_INOUT != (TEEC_MEM_INPUT | TEEC_MEM_OUTPUT)
#error "origins, flags"
#endif
#if TEEC_PARAM_NUM != 4 || TEEC_CONFIG_PAYLOAD_REF_COUNT != TEEC_PARAM_NUM
#error "four parameters"
#endif
#if TEEC_ERROR_TARGET_DEAD != 0xFFFF3024 || TEEC_ERROR_MAC_INVALID != 0xFFFF3071 ||                \
    TEEC_ERROR_EXTERNAL_CANCEL != 0xFFFF0011 || TEEC_ERROR_STORAGE_NO_SPACE != 0xFFFF3041 ||       \
    TEEC_ERROR_STORAGE_NOT_AVAILABLE != 0xF0100003
#error "further codes"
#endif

#define COMMAND_HELLO 1

static const char *g_path = "/vendor/bin/app.sec";
static TEEC_UUID g_uuid = {
    0x79b77788, 0x9789, 0x4a7a, {0xa2, 0xbe, 0xb6, 0x01, 0x55, 0xee, 0xf5, 0xf4}};

enum TEEC_ReturnCode open_it(TEEC_Context *context, TEEC_Session *session,
                             TEEC_Operation *operation);
TEEC_Result mixed(uint32_t number);
int run(void);

enum TEEC_ReturnCode open_it(TEEC_Context *context, TEEC_Session *session,
                             TEEC_Operation *operation)
{
    uint32_t origin = 0;
    TEEC_Result result;

    result = TEEC_InitializeContext(NULL, context);
    if (result != TEEC_SUCCESS)
        return result;
    context->ta_path = (uint8_t *)(uintptr_t)g_path;
    (void)memset(operation, 0, sizeof(*operation));
    operation->started = 1;
    operation->paramTypes = TEEC_PARAM_TYPES(TEEC_NONE, TEEC_NONE, TEEC_NONE, TEEC_NONE);
    result =
        TEEC_OpenSession(context, session, &g_uuid, TEEC_LOGIN_IDENTIFY, NULL, operation, &origin);
    if (result != TEEC_SUCCESS)
        printf("open failed 0x%x, origin %u, fd %d\n", result, origin, context->fd);
    return result;
}

TEEC_Result mixed(uint32_t number)
{
    enum TEEC_ReturnCode code = number;
    TEEC_Result result = code;
    uint32_t back = result;
    enum TEEC_SharedMemCtl flags = TEEC_MEM_INOUT;
    enum TEEC_ParamType type = TEEC_MEMREF_TEMP_INPUT;
    enum TEEC_LoginMethod login = TEEC_LOGIN_USER_APPLICATION;
    enum TEEC_ReturnCodeOrigin origin = TEEC_ORIGIN_COMMS;

    code = TEEC_ERROR_COMMUNICATION;
    result = number;
    back = code;
    switch (result) {
    case TEEC_SUCCESS:
    case TEEC_ERROR_SHORT_BUFFER:
        return TEEC_ERROR_GENERIC;
    default:
        break;
    }
    return back == result && flags && type && login && origin ? TEEC_SUCCESS : TEEC_FAIL;
}

int run(void)
{
    TEEC_Context context = {0};
    TEEC_Session session = {0};
    TEEC_SharedMemory memory = {0};
    TEEC_Operation operation;
    struct ListNode *node = &context.session_list;
    bool flag = true;

    if (open_it(&context, &session, &operation) != TEEC_SUCCESS)
        return -1;
    memory.size = 100;
    memory.flags = TEEC_MEM_INPUT | TEEC_MEM_OUTPUT;
    if (TEEC_AllocateSharedMemory(&context, &memory) != TEEC_SUCCESS)
        return -1;
    operation.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_PARTIAL_INPUT, TEEC_MEMREF_TEMP_OUTPUT,
                                            TEEC_VALUE_INOUT, TEEC_NONE);
    operation.params[0].memref.parent = &memory;
    operation.params[0].memref.offset = 0;
    operation.params[0].memref.size = memory.size;
    operation.params[1].tmpref.buffer = &flag;
    operation.params[1].tmpref.size = sizeof(flag);
    operation.params[2].value.a = session.session_id;
    operation.params[2].value.b = session.ops_cnt + memory.ops_cnt + session.service_id.timeLow;
    (void)TEEC_InvokeCommand(&session, COMMAND_HELLO, &operation, NULL);
    if (operation.session != &session || operation.cancel_flag || session.context != &context ||
        memory.context != &context || !memory.is_allocated || !memory.buffer)
        return -1;
    TEEC_RequestCancellation(&operation);
    TEEC_ReleaseSharedMemory(&memory);
    TEEC_CloseSession(&session);
    TEEC_FinalizeContext(&context);
    return node->next == node && node->prev == &context.session_list && context.shrd_mem_list.next
               ? 0
               : -1;
}

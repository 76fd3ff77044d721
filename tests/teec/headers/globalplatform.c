/*
 * A client in the manner of GlobalPlatform's and OP-TEE's examples: results as uint32_t, sizes as
 * size_t, initialisers; in C and in C++.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tee_client_api.h>

#define APP_UUID {0x8aaaf200, 0x2450, 0x11e4, {0xab, 0xe2, 0x00, 0x02, 0xa5, 0xd5, 0xc5, 0x1b}}

struct test_ctx {
    TEEC_Context ctx;
    TEEC_Session sess;
};

int prepare_session(struct test_ctx *ctx);
TEEC_Result read_object(struct test_ctx *ctx, char *id, void *data, size_t data_len);
uint32_t values(uint32_t a);

int prepare_session(struct test_ctx *ctx)
{
    TEEC_UUID uuid = APP_UUID;
    uint32_t origin;
    TEEC_Result res;

    res = TEEC_InitializeContext(NULL, &ctx->ctx);
    if (res != TEEC_SUCCESS) {
        fprintf(stderr, "TEEC_InitializeContext failed with code 0x%x\n", (unsigned)res);
        return 1;
    }
    res = TEEC_OpenSession(&ctx->ctx, &ctx->sess, &uuid, TEEC_LOGIN_PUBLIC, NULL, NULL, &origin);
    if (res != TEEC_SUCCESS)
        fprintf(stderr, "TEEC_Opensession failed with code 0x%x origin 0x%x\n", (unsigned)res,
                origin);
    return res != TEEC_SUCCESS;
}

TEEC_Result read_object(struct test_ctx *ctx, char *id, void *data, size_t data_len)
{
    TEEC_Operation op;
    uint32_t origin;
    TEEC_Result res;
    size_t id_len = strlen(id);

    memset(&op, 0, sizeof(op));
    op.paramTypes =
        TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT, TEEC_MEMREF_TEMP_OUTPUT, TEEC_NONE, TEEC_NONE);
    op.params[0].tmpref.buffer = id;
    op.params[0].tmpref.size = id_len;
    op.params[1].tmpref.buffer = data;
    op.params[1].tmpref.size = data_len;
    res = TEEC_InvokeCommand(&ctx->sess, 0, &op, &origin);
    switch (res) {
    case TEEC_SUCCESS:
    case TEEC_ERROR_SHORT_BUFFER:
    case TEEC_ERROR_ITEM_NOT_FOUND:
        break;
    default:
        printf("Command READ_RAW failed: 0x%x / %u\n", (unsigned)res, origin);
    }
    return res;
}

uint32_t values(uint32_t a)
{
    TEEC_Operation op = TEEC_OPERATION_INITIALIZER;
    TEEC_SharedMemory shm;
    uint32_t res = TEEC_ERROR_GENERIC;
    TEEC_Result result = TEEC_ERROR_OUT_OF_MEMORY;
    size_t largest = TEEC_CONFIG_SHAREDMEM_MAX_SIZE;

    memset(&shm, 0, sizeof(shm));
    op.paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_INOUT, TEEC_MEMREF_WHOLE, TEEC_NONE, TEEC_NONE);
    if (TEEC_PARAM_TYPE_GET(op.paramTypes, 1) != TEEC_MEMREF_WHOLE)
        return TEEC_ERROR_BAD_PARAMETERS;
    op.params[0].value.a = a;
    op.params[1].memref.parent = &shm;
    shm.size = sizeof(op);
    shm.flags = TEEC_MEM_INPUT | TEEC_MEM_OUTPUT;
    if (largest < shm.size)
        return TEEC_ERROR_EXCESS_DATA;
    res = result;
    result = res == TEEC_ERROR_BUSY ? TEEC_ERROR_BUSY : TEEC_SUCCESS;
    return result;
}

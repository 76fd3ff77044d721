/*
 * The app's checks; see checker.h.
 */
#include "checker.h"

#include "misuse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tee_internal_api.h>
#include <tee_internal_api_extensions.h>

/* Ends the check that it stands in with its line when it does not hold. */
#define CHECK(condition)                                                                           \
    do {                                                                                           \
        checker_count++;                                                                           \
        if (!(condition)) {                                                                        \
            return __LINE__;                                                                       \
        }                                                                                          \
    } while (0)

static uint32_t checker_count;
static uint32_t checker_created;

static const TEE_UUID checker_other = CHECKER_OTHER_UUID;

static uint32_t checker_enumerate(TEE_PropSetHandle set, uint32_t at_least)
{
    TEE_PropSetHandle enumerator;
    CHECK(TEE_AllocatePropertyEnumerator(&enumerator) == TEE_SUCCESS);
    TEE_StartPropertyEnumerator(enumerator, set);
    uint32_t count = 0;
    char name[80];
    char value[200];
    size_t name_size = sizeof(name);
    while (TEE_GetPropertyName(enumerator, name, &name_size) == TEE_SUCCESS) {
        size_t value_size = sizeof(value);
        CHECK(TEE_GetPropertyAsString(enumerator, NULL, value, &value_size) == TEE_SUCCESS);
        CHECK(TEE_GetPropertyAsString(set, name, value, &value_size) == TEE_SUCCESS);
        count++;
        name_size = sizeof(name);
        if (TEE_GetNextProperty(enumerator) != TEE_SUCCESS) {
            break;
        }
    }
    TEE_FreePropertyEnumerator(enumerator);
    CHECK(count >= at_least);
    return 0;
}

static uint32_t checker_properties(void)
{
    const TEE_UUID self = CHECKER_UUID;
    TEE_UUID uuid;
    TEE_Identity identity;
    uint32_t number = 0;
    bool flag = false;
    char text[64];
    uint32_t old_size = sizeof(text); /* as sources of 1.1 have it */
    size_t size = sizeof(text);
    CHECK(TEE_GetPropertyAsUUID(TEE_PROPSET_CURRENT_TA, "gpd.ta.appID", &uuid) == TEE_SUCCESS);
    CHECK(TEE_MemCompare(&uuid, &self, sizeof(self)) == 0);
    CHECK(TEE_GetPropertyAsBool(TEE_PROPSET_CURRENT_TA, "gpd.ta.multiSession", &flag) == 0 && flag);
    CHECK(TEE_GetPropertyAsU32(TEE_PROPSET_CURRENT_TA, "gpd.ta.dataSize", &number) == 0);
    CHECK(number == 1 << 20);
    CHECK(TEE_GetPropertyAsU32(TEE_PROPSET_CURRENT_TA, "gpd.ta.stackSize", &number) == 0);
    CHECK(number >= 4096);
    CHECK(TEE_GetPropertyAsString(TEE_PROPSET_CURRENT_TA, "test.colour", text, &old_size) == 0);
    CHECK(strcmp(text, "deep blue") == 0 && old_size == 10);
    CHECK(TEE_GetPropertyAsU32(TEE_PROPSET_CURRENT_TA, "test.colour", &number) ==
          TEE_ERROR_BAD_FORMAT);
    CHECK(TEE_GetPropertyAsBinaryBlock(TEE_PROPSET_CURRENT_TA, "test.binary", text, &size) == 0);
    CHECK(size == 5 && memcmp(text, "hello", 5) == 0);
    CHECK(TEE_GetPropertyAsString(TEE_PROPSET_CURRENT_TA, "test.nothing", text, &size) ==
          TEE_ERROR_ITEM_NOT_FOUND);
    CHECK(TEE_GetPropertyAsIdentity(TEE_PROPSET_CURRENT_CLIENT, "gpd.client.identity", &identity) ==
          0);
    CHECK(identity.login == TEE_LOGIN_PUBLIC && identity.uuid.timeLow == 0);
    size = sizeof(text);
    CHECK(TEE_GetPropertyAsString(TEE_PROPSET_TEE_IMPLEMENTATION, "gpd.tee.apiversion", text,
                                  &size) == 0);
    CHECK(strcmp(text, "1.3") == 0);
    CHECK(TEE_GetPropertyAsUUID(TEE_PROPSET_TEE_IMPLEMENTATION, "gpd.tee.deviceID", &uuid) == 0);
    CHECK(checker_enumerate(TEE_PROPSET_CURRENT_TA, 9) == 0);
    CHECK(checker_enumerate(TEE_PROPSET_CURRENT_CLIENT, 1) == 0);
    CHECK(checker_enumerate(TEE_PROPSET_TEE_IMPLEMENTATION, 5) == 0);
    return 0;
}

static uint32_t checker_memory(void)
{
    static char writable[64];
    static const char constant[] = "constant";
    const uint32_t read = TEE_MEMORY_ACCESS_READ;
    const uint32_t write = TEE_MEMORY_ACCESS_WRITE;
    CHECK(TEE_CheckMemoryAccessRights(read | write, writable, sizeof(writable)) == 0);
    CHECK(TEE_CheckMemoryAccessRights(read, (void *)constant, sizeof(constant)) == 0);
    CHECK(TEE_CheckMemoryAccessRights(write, (void *)constant, 1) == TEE_ERROR_ACCESS_DENIED);
    CHECK(TEE_CheckMemoryAccessRights(read, (void *)(uintptr_t)checker_memory, 16) == 0);
    CHECK(TEE_CheckMemoryAccessRights(write, (void *)(uintptr_t)checker_memory, 1) ==
          TEE_ERROR_ACCESS_DENIED);
    CHECK(TEE_CheckMemoryAccessRights(read, NULL, 1) == TEE_ERROR_ACCESS_DENIED);
    CHECK(TEE_CheckMemoryAccessRights(read, (void *)UINTPTR_MAX, 1) == TEE_ERROR_ACCESS_DENIED);
    CHECK(TEE_CheckMemoryAccessRights(read, writable, SIZE_MAX) == TEE_ERROR_ACCESS_DENIED);
    /* All that gpd.ta.dataSize promises is there, and no more; and it comes back. */
    for (int round = 0; round < 3; round++) {
        static void *pieces[200];
        unsigned count = 0;
        while (count < 200 && (pieces[count] = TEE_Malloc(16384, TEE_MALLOC_NO_FILL)) != NULL) {
            memset(pieces[count++], 0x5a, 16384);
        }
        CHECK(count == 64);
        CHECK(TEE_Malloc(1, 0) == NULL);
        while (count > 0) {
            TEE_Free(pieces[--count]);
        }
    }
    CHECK(TEE_Malloc(SIZE_MAX - 100, 0) == NULL);
    /* The C library's own is bounded, too, and answers NULL. */
    static void *pieces[4096];
    unsigned count = 0;
    while (count < 4096 && (pieces[count] = malloc(1 << 20)) != NULL) {
        memset(pieces[count++], 1, 1 << 20);
    }
    CHECK(count < 64);
    while (count > 0) {
        free(pieces[--count]);
    }
    char *text = TEE_Malloc(100, TEE_MALLOC_FILL_ZERO);
    CHECK(text != NULL && text[99] == 0);
    TEE_MemFill(text, 'x', 100);
    text = TEE_Realloc(text, 1000);
    CHECK(text[99] == 'x' && text[100] == 0);
    TEE_MemMove(text + 1, "abc", 3);
    CHECK(TEE_MemCompare(text, "xabcx", 5) == 0 && TEE_MemCompare(text, "xabd", 4) < 0);
    TEE_Free(text);
    TEE_SetInstanceData(constant);
    CHECK(TEE_GetInstanceData() == constant);
    return 0;
}

static uint32_t checker_crypto(void)
{
    static const uint8_t expected[] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea};
    uint8_t hash[64];
    uint8_t mac[64];
    size_t size = sizeof(hash);
    uint32_t old_size = sizeof(mac);
    TEE_OperationHandle digest;
    CHECK(TEE_AllocateOperation(&digest, TEE_ALG_SHA256, TEE_MODE_DIGEST, 0) == 0);
    TEE_DigestUpdate(digest, "ab", 2);
    CHECK(TEE_DigestDoFinal(digest, "c", 1, hash, &size) == 0 && size == 32);
    CHECK(memcmp(hash, expected, sizeof(expected)) == 0);
    TEE_FreeOperation(digest);
    for (uint32_t i = 0; i < 3; i++) {
        TEE_ObjectHandle key;
        TEE_OperationHandle operation;
        TEE_OperationInfo info;
        CHECK(TEE_IsAlgorithmSupported(TEE_ALG_HMAC_SHA256 + i, 0) == 0);
        CHECK(TEE_AllocateTransientObject(TEE_TYPE_HMAC_SHA256 + i, 512, &key) == 0);
        CHECK(TEE_GenerateKey(key, 512, NULL, 0) == 0);
        CHECK(TEE_AllocateOperation(&operation, TEE_ALG_HMAC_SHA256 + i, TEE_MODE_MAC, 512) == 0);
        CHECK(TEE_SetOperationKey(operation, key) == 0);
        TEE_FreeTransientObject(key);
        TEE_MACInit(operation, NULL, 0);
        TEE_MACUpdate(operation, "message", 7);
        old_size = sizeof(mac);
        CHECK(TEE_MACComputeFinal(operation, NULL, 0, mac, &old_size) == 0);
        CHECK(old_size == 32 + 16 * i);
        TEE_MACInit(operation, NULL, 0);
        CHECK(TEE_MACCompareFinal(operation, "message", 7, mac, old_size) == 0);
        TEE_MACInit(operation, NULL, 0);
        CHECK(TEE_MACCompareFinal(operation, "massage", 7, mac, old_size) == TEE_ERROR_MAC_INVALID);
        TEE_GetOperationInfo(operation, &info);
        CHECK(info.digestLength == old_size && info.keySize == 512);
        TEE_FreeOperation(operation);
    }
    CHECK(TEE_IsAlgorithmSupported(0x30000001, 0) == TEE_ERROR_NOT_SUPPORTED);
    return 0;
}

static uint32_t checker_time(void)
{
    TEE_Time before;
    TEE_Time after;
    TEE_Time ree;
    TEE_GetSystemTime(&before);
    CHECK(TEE_Wait(30) == TEE_SUCCESS);
    TEE_GetSystemTime(&after);
    const uint64_t passed =
        (after.seconds - before.seconds) * UINT64_C(1000) + after.millis - before.millis;
    CHECK(passed >= 29 && passed < 20000);
    TEE_GetREETime(&ree);
    CHECK(ree.seconds > 1600000000 && ree.millis < 1000);
    CHECK(TEE_Wait(0) == TEE_SUCCESS);
    CHECK(!TEE_GetCancellationFlag());
    CHECK(TEE_MaskCancellation());
    return 0;
}

static uint32_t checker_log(void)
{
    EMSG("error %d", 1);
    IMSG("info %d", 2);
    DMSG("debug %s", "three");
    EMSG();
    MSG("raw");
    postern_log(POSTERN_LOG_WARN, "warning %d", 4);
    printf("printed %d\n", 5);
    fprintf(stderr, "complained %d\n", 6);
    DHEXDUMP("\x01\x02\x03", 3);
    checker_count++;
    return 0;
}

static uint32_t checker_call_echo(TEE_TASessionHandle session)
{
    static uint8_t in[70000];
    static uint8_t out[70000];
    static uint8_t both[3];
    uint32_t origin = 0;
    TEE_Param params[4] = {
        {.value = {5, 6}},
        {.memref = {in, sizeof(in)}},
        {.memref = {out, sizeof(out)}},
        {.memref = {both, sizeof(both)}},
    };
    const uint32_t types =
        TEE_PARAM_TYPES(TEE_PARAM_TYPE_VALUE_INOUT, TEE_PARAM_TYPE_MEMREF_INPUT,
                        TEE_PARAM_TYPE_MEMREF_OUTPUT, TEE_PARAM_TYPE_MEMREF_INOUT);
    for (size_t i = 0; i < sizeof(in); i++) {
        in[i] = (uint8_t)(i * 7 + i / 251);
    }
    memset(both, 9, sizeof(both));
    CHECK(TEE_InvokeTACommand(session, TEE_TIMEOUT_INFINITE, CHECKER_OTHER_ECHO, types, params,
                              &origin) == TEE_SUCCESS);
    CHECK(origin == TEE_ORIGIN_TRUSTED_APP);
    CHECK(params[0].value.a == 6 && params[0].value.b == 7);
    CHECK(params[2].memref.size == sizeof(in) && memcmp(in, out, sizeof(in)) == 0);
    CHECK(both[0] == 10 && both[2] == 10);
    params[2].memref.size = 10; /* too short: the size comes back, nothing else */
    memset(out, 1, 32);
    CHECK(TEE_InvokeTACommand(session, TEE_TIMEOUT_INFINITE, CHECKER_OTHER_ECHO, types, params,
                              &origin) == TEE_ERROR_SHORT_BUFFER);
    CHECK(params[2].memref.size == sizeof(in) && out[0] == 1 && out[10] == 1);
    params[1].memref.buffer = NULL;
    params[1].memref.size = 0;
    params[2].memref.buffer = NULL;
    params[2].memref.size = 0;
    CHECK(TEE_InvokeTACommand(session, TEE_TIMEOUT_INFINITE, CHECKER_OTHER_ECHO, types, params,
                              &origin) == TEE_SUCCESS);
    CHECK(params[2].memref.size == 0);
    return 0;
}

static uint32_t checker_sessions(void)
{
    const TEE_UUID self = CHECKER_UUID;
    const TEE_UUID nobody = {1, 2, 3, {4}};
    TEE_UUID seen;
    TEE_TASessionHandle session;
    TEE_TASessionHandle second;
    uint32_t origin = 0;
    TEE_Param params[4] = {{.value = {0, 0}}, {.memref = {&seen, sizeof(seen)}}};
    const uint32_t types =
        TEE_PARAM_TYPES(TEE_PARAM_TYPE_VALUE_OUTPUT, TEE_PARAM_TYPE_MEMREF_OUTPUT,
                        TEE_PARAM_TYPE_NONE, TEE_PARAM_TYPE_NONE);
    CHECK(TEE_OpenTASession(&nobody, TEE_TIMEOUT_INFINITE, 0, NULL, &session, &origin) ==
          TEE_ERROR_ITEM_NOT_FOUND);
    CHECK(origin == TEE_ORIGIN_TEE && session == TEE_HANDLE_NULL);
    CHECK(TEE_OpenTASession(&checker_other, TEE_TIMEOUT_INFINITE, 0, NULL, &session, &origin) ==
          TEE_SUCCESS);
    CHECK(origin == TEE_ORIGIN_TRUSTED_APP);
    CHECK(TEE_OpenTASession(&checker_other, TEE_TIMEOUT_INFINITE, 0, NULL, &second, NULL) ==
          TEE_SUCCESS);
    const uint32_t line = checker_call_echo(session);
    if (line != 0) {
        return line;
    }
    CHECK(TEE_InvokeTACommand(session, TEE_TIMEOUT_INFINITE, CHECKER_OTHER_WHO, types, params,
                              NULL) == TEE_SUCCESS);
    CHECK(params[0].value.a == TEE_LOGIN_TRUSTED_APP);
    CHECK(memcmp(&seen, &self, sizeof(self)) == 0);
    CHECK(TEE_InvokeTACommand(session, TEE_TIMEOUT_INFINITE, CHECKER_OTHER_REFUSE, 0, NULL,
                              &origin) == 0x1234);
    CHECK(origin == TEE_ORIGIN_TRUSTED_APP);
    CHECK(TEE_InvokeTACommand(session, 50, CHECKER_WAIT, 0, NULL, &origin) == TEE_ERROR_CANCEL);
    CHECK(origin == TEE_ORIGIN_TRUSTED_APP);
    TEE_CloseTASession(second);
    CHECK(TEE_InvokeTACommand(session, TEE_TIMEOUT_INFINITE, CHECKER_OTHER_DIE, 0, NULL, &origin) ==
          TEE_ERROR_TARGET_DEAD);
    CHECK(origin == TEE_ORIGIN_TEE);
    CHECK(TEE_InvokeTACommand(session, TEE_TIMEOUT_INFINITE, CHECKER_OTHER_REFUSE, 0, NULL,
                              &origin) == TEE_ERROR_TARGET_DEAD);
    TEE_CloseTASession(session);
    CHECK(TEE_OpenTASession(&checker_other, 10000, 0, NULL, &session, NULL) == TEE_SUCCESS);
    CHECK(TEE_InvokeTACommand(session, TEE_TIMEOUT_INFINITE, CHECKER_OTHER_REFUSE, 0, NULL, NULL) ==
          0x1234);
    TEE_CloseTASession(session);
    return 0;
}

/* The exact bounds of memory that a client shares. */
static uint32_t checker_parameters(TEE_Param params[4])
{
    const uint32_t any = TEE_MEMORY_ACCESS_ANY_OWNER;
    for (uint32_t i = 1; i < 4; i++) {
        uint8_t *buffer = params[i].memref.buffer;
        const size_t size = params[i].memref.size;
        const bool writable = i != 1;
        const uint32_t flags = TEE_MEMORY_ACCESS_READ | (writable ? TEE_MEMORY_ACCESS_WRITE : 0);
        if (buffer == NULL) {
            CHECK(size == 0);
            continue;
        }
        CHECK(TEE_CheckMemoryAccessRights(flags | any, buffer, size) == TEE_SUCCESS);
        CHECK(size == 0 ||
              TEE_CheckMemoryAccessRights(flags, buffer, size) == TEE_ERROR_ACCESS_DENIED);
        CHECK(TEE_CheckMemoryAccessRights(flags | any, buffer, size + 1) ==
              TEE_ERROR_ACCESS_DENIED);
        CHECK(TEE_CheckMemoryAccessRights(flags | any, buffer - 1, 1) == TEE_ERROR_ACCESS_DENIED ||
              buffer - 1 < (uint8_t *)params[i - 1].memref.buffer + params[i - 1].memref.size);
        CHECK(writable || TEE_CheckMemoryAccessRights(TEE_MEMORY_ACCESS_WRITE | any, buffer, 1) ==
                              TEE_ERROR_ACCESS_DENIED);
        if (writable) {
            memset(buffer, 0x40 + (int)i, size);
        }
    }
    return 0;
}

static TEE_Result checker_wait(void)
{
    TEE_UnmaskCancellation();
    return TEE_Wait(60000);
}

static TEE_Result checker_wait_other(void)
{
    TEE_TASessionHandle session;
    TEE_Result result =
        TEE_OpenTASession(&checker_other, TEE_TIMEOUT_INFINITE, 0, NULL, &session, NULL);
    if (result != TEE_SUCCESS) {
        return result;
    }
    TEE_UnmaskCancellation();
    result = TEE_InvokeTACommand(session, TEE_TIMEOUT_INFINITE, CHECKER_WAIT, 0, NULL, NULL);
    TEE_CloseTASession(session);
    return result;
}

static TEE_Result checker_echo(uint32_t types, TEE_Param params[4])
{
    if (types != TEE_PARAM_TYPES(TEE_PARAM_TYPE_VALUE_INOUT, TEE_PARAM_TYPE_MEMREF_INPUT,
                                 TEE_PARAM_TYPE_MEMREF_OUTPUT, TEE_PARAM_TYPE_MEMREF_INOUT)) {
        return TEE_ERROR_BAD_PARAMETERS;
    }
    const bool fits = params[2].memref.size >= params[1].memref.size;
    params[2].memref.size = params[1].memref.size;
    if (!fits) {
        return TEE_ERROR_SHORT_BUFFER;
    }
    TEE_MemMove(params[2].memref.buffer, params[1].memref.buffer, params[1].memref.size);
    for (size_t i = 0; i < params[3].memref.size; i++) {
        ((uint8_t *)params[3].memref.buffer)[i]++;
    }
    params[0].value.a++;
    params[0].value.b++;
    return TEE_SUCCESS;
}

static TEE_Result checker_who(TEE_Param params[4])
{
    TEE_Identity identity;
    const TEE_Result result =
        TEE_GetPropertyAsIdentity(TEE_PROPSET_CURRENT_CLIENT, "gpd.client.identity", &identity);
    if (result != TEE_SUCCESS) {
        return result;
    }
    params[0].value.a = identity.login;
    TEE_MemMove(params[1].memref.buffer, &identity.uuid, sizeof(identity.uuid));
    return TEE_SUCCESS;
}

static TEE_Result checker_keys(TEE_Param params[4])
{
    uint8_t *out = params[1].memref.buffer;
    TEE_Result result = postern_derive_key("one", 3, out, 32);
    if (result == TEE_SUCCESS) {
        result = postern_derive_key("two", 3, out + 32, 32);
    }
    return result;
}

TEE_Result TA_CreateEntryPoint(void)
{
    checker_created++;
    IMSG("created %u", (unsigned)checker_created);
    bool refuse = false;
    if (TEE_GetPropertyAsBool(TEE_PROPSET_CURRENT_TA, "test.refuse", &refuse) == TEE_SUCCESS &&
        refuse) {
        return 0xABCD;
    }
    return TEE_SUCCESS;
}

void TA_DestroyEntryPoint(void)
{
    IMSG("destroyed");
}

TEE_Result TA_InvokeCommandEntryPoint(void *context, uint32_t command, uint32_t types,
                                      TEE_Param params[4])
{
    static uint32_t (*const checks[CHECKER_CHECKS])(void) = {
        [CHECKER_PROPERTIES] = checker_properties,
        [CHECKER_MEMORY] = checker_memory,
        [CHECKER_CRYPTO] = checker_crypto,
        [CHECKER_TIME] = checker_time,
        [CHECKER_LOG] = checker_log,
        [CHECKER_SESSIONS] = checker_sessions,
    };
    (void)context;
    checker_count = 0;
    if (command < CHECKER_CHECKS) {
        params[0].value.a = checks[command]();
        params[0].value.b = checker_count;
        return TEE_SUCCESS;
    }
    switch (command) {
    case CHECKER_PARAMETERS:
        params[0].value.a = checker_parameters(params);
        params[0].value.b = checker_count;
        return TEE_SUCCESS;
    case CHECKER_MISUSE:
        misuse(params[1].value.a);
        return TEE_SUCCESS;
    case CHECKER_KEYS:
        return checker_keys(params);
    case CHECKER_RANDOM:
        TEE_GenerateRandom(params[1].memref.buffer, params[1].memref.size);
        return TEE_SUCCESS;
    case CHECKER_WAIT:
        return checker_wait();
    case CHECKER_WAIT_OTHER:
        return checker_wait_other();
    case CHECKER_OTHER_ECHO:
        return checker_echo(types, params);
    case CHECKER_OTHER_WHO:
        return checker_who(params);
    case CHECKER_OTHER_REFUSE:
        return 0x1234;
    case CHECKER_OTHER_DIE:
        abort();
    default:
        return TEE_ERROR_INVALID_CMD;
    }
}

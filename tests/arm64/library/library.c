/*
 * An app that uses the crypto library, looks at how it is mapped, and tries to spoil it for others.
 */
#include "library.h"

#include "answers.h"

#include <abi/library.h>
#include <sdk/crypto/library/imports.h>
#include <stdlib.h>
#include <string.h>
#include <tee_internal_api.h>

/* The runtime's: where it finds the functions. */
extern const uint64_t *__postern_library_table;

static int64_t library_map(uint64_t *features)
{
    register int64_t base __asm__("x0");
    register uint64_t can __asm__("x1");
    __asm__ volatile("svc #3" : "=r"(base), "=r"(can) : : "memory");
    *features = can;
    return base;
}

static bool library_can_read(uint64_t address)
{
    register uint64_t x0 __asm__("x0") = address;
    register uint64_t x1 __asm__("x1") = 1;
    register uint64_t x2 __asm__("x2") = 0;
    __asm__ volatile("svc #2" : "+r"(x0) : "r"(x1), "r"(x2) : "memory");
    return x0 == 1;
}

static int random_bytes(void *out, size_t size)
{
    TEE_GenerateRandom(out, size);
    return 0;
}

static uint64_t no_clock(uint32_t clock)
{
    (void)clock;
    return 0;
}

/* As the runtime does, but with a processor that has none of the features. */
static bool library_start_plain(void)
{
    uint64_t features;
    const int64_t base = library_map(&features);
    if (base < 0 || __postern_library_table != NULL)
        return false;
    const struct library_header *header = (const struct library_header *)base;
    const struct library_imports imports = {.size = sizeof(imports),
                                            .malloc = malloc,
                                            .realloc = realloc,
                                            .free = free,
                                            .aligned_alloc = aligned_alloc,
                                            .getentropy = random_bytes,
                                            .clock = no_clock,
                                            .abort = abort};
    ((library_start)(base + header->start))(&imports);
    __postern_library_table = (const uint64_t *)(base + header->exports);
    return true;
}

static TEE_Result library_answers(TEE_Param *param)
{
    TEE_Result result = TEE_SUCCESS;
    if (param->value.a == 1 && !library_start_plain())
        return TEE_ERROR_BAD_STATE;
    param->value.a = answers_compare(&result);
    return result;
}

static TEE_Result library_hash(uint32_t times)
{
    static const uint8_t page[4096];
    static TEE_OperationHandle operation;
    uint8_t digest[32];
    TEE_Result result = TEE_SUCCESS;
    if (operation == NULL)
        result = TEE_AllocateOperation(&operation, TEE_ALG_SHA256, TEE_MODE_DIGEST, 0);
    for (; times != 0 && result == TEE_SUCCESS; times--) {
        size_t size = sizeof(digest);
        result = TEE_DigestDoFinal(operation, page, sizeof(page), digest, &size);
    }
    return result;
}

/* A word of the library's parts, by their place in the file. */
static volatile uint32_t *library_word(enum library_command command)
{
    uint64_t features;
    const int64_t base = library_map(&features);
    const struct library_header *header = (const struct library_header *)base;
    const uint64_t text = (uint64_t)header->constant_pages * LIBRARY_PAGE;
    const uint64_t fixed = text + (uint64_t)header->text_pages * LIBRARY_PAGE;
    const uint64_t data = fixed + (uint64_t)header->fixed_pages * LIBRARY_PAGE + LIBRARY_GAP;
    const uint64_t pages = (uint64_t)header->data_pages + header->zero_pages;
    switch (command) {
    case LIBRARY_WRITE_CONSTANTS:
    case LIBRARY_EXECUTE_CONSTANTS:
        return (volatile uint32_t *)(base);
    case LIBRARY_WRITE_TEXT:
        return (volatile uint32_t *)(base + text);
    case LIBRARY_WRITE_POINTERS:
        return (volatile uint32_t *)(base + fixed);
    default: /* the last word that there is: nobody uses it */
        return (volatile uint32_t *)(base + data + pages * LIBRARY_PAGE - 4);
    }
}

TEE_Result TA_InvokeCommandEntryPoint(void *context, uint32_t command, uint32_t types,
                                      TEE_Param params[4])
{
    uint64_t features;
    (void)context;
    if (types != TEE_PARAM_TYPES(TEE_PARAM_TYPE_VALUE_INOUT, TEE_PARAM_TYPE_NONE,
                                 TEE_PARAM_TYPE_NONE, TEE_PARAM_TYPE_NONE))
        return TEE_ERROR_BAD_PARAMETERS;
    TEE_Param *param = &params[0];
    const uint32_t given = param->value.a;
    switch ((enum library_command)command) {
    case LIBRARY_ANSWERS:
        return library_answers(param);
    case LIBRARY_WHERE: {
        const int64_t base = library_map(&features);
        param->value.a = (uint32_t)base;
        param->value.b = (uint32_t)((uint64_t)base >> 32);
        return TEE_SUCCESS;
    }
    case LIBRARY_PROBE:
        param->value.a = library_can_read(given | (uint64_t)param->value.b << 32);
        return TEE_SUCCESS;
    case LIBRARY_MARK:
        param->value.a = *library_word(LIBRARY_MARK);
        *library_word(LIBRARY_MARK) = given;
        return TEE_SUCCESS;
    case LIBRARY_HASH:
        return library_hash(given);
    case LIBRARY_WRITE_CONSTANTS:
    case LIBRARY_WRITE_TEXT:
    case LIBRARY_WRITE_POINTERS:
        *library_word((enum library_command)command) = 0;
        return TEE_SUCCESS;
    case LIBRARY_EXECUTE_DATA:
        *library_word(LIBRARY_MARK) = 0xd65f03c0; /* ret */
        ((void (*)(void))(uintptr_t)library_word(LIBRARY_MARK))();
        return TEE_SUCCESS;
    case LIBRARY_EXECUTE_CONSTANTS:
        ((void (*)(void))(uintptr_t)library_word(LIBRARY_EXECUTE_CONSTANTS))();
        return TEE_SUCCESS;
    case LIBRARY_COMMANDS_END:
        break;
    }
    return TEE_ERROR_NOT_SUPPORTED;
}

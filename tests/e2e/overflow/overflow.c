/*
 * overflow: command 1 writes one octet behind a block of its heap, command 2 shifts by too much; all
 * other commands succeed. Sanitizers find both; without them neither is noticed.
 */
#include <stdint.h>
#include <stdlib.h>
#include <tee_internal_api.h>

static volatile uint32_t overflow_sink;

__attribute__((noinline)) static void overflow_write(volatile uint8_t *block, size_t at)
{
    block[at] = 1;
}

TEE_Result TA_InvokeCommandEntryPoint(void *context, uint32_t command, uint32_t types,
                                      TEE_Param params[4])
{
    (void)context;
    (void)types;
    if (command == 1) {
        uint8_t *block = malloc(100);
        if (block == NULL) {
            return TEE_ERROR_OUT_OF_MEMORY;
        }
        overflow_write(block, 100);
        overflow_sink = block[0];
        free(block);
    } else if (command == 2) {
        overflow_sink = 1u << (40u + (params[0].value.a & 1u));
    }
    return TEE_SUCCESS;
}

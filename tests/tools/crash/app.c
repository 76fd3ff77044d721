/* An app that comes to a bad end in the way that the command's number names. In place of the app of a
 * folder made by `postern new`. */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <tee_internal_api.h>

TEE_Result TA_CreateEntryPoint(void)
{
    return TEE_SUCCESS;
}

void TA_DestroyEntryPoint(void)
{
}

TEE_Result TA_OpenSessionEntryPoint(uint32_t paramTypes, TEE_Param params[4], void **session)
{
    (void)paramTypes;
    (void)params;
    *session = NULL;
    return TEE_SUCCESS;
}

void TA_CloseSessionEntryPoint(void *session)
{
    (void)session;
}

__attribute__((noinline)) static void bad_write(uintptr_t address)
{
    *(volatile int *)address = 1; /* line 33 */
}

__attribute__((noinline)) static void overflow(uint32_t size)
{
    volatile char *volatile octets = malloc(size); /* whose size the compiler forgets */
    octets[size] = 1;                              /* line 39 */
    free((void *)octets);
}

TEE_Result TA_InvokeCommandEntryPoint(void *session, uint32_t command, uint32_t paramTypes,
                                      TEE_Param params[4])
{
    volatile int most = 0x7fffffff;
    (void)session;
    (void)paramTypes, (void)params;
    switch (command) {
    case 1:
        bad_write(0x28);
        break;
    case 2:
        TEE_Panic(TEE_ERROR_BAD_STATE); /* line 54 */
        break;
    case 3:
        abort(); /* line 57 */
    case 4:
        assert(command != 4); /* line 59 */
        break;
    case 5:
        exit(3);
    case 6:
        overflow(40);
        break;
    case 7:
        puts("\xc2\x9b"
             "2J\xe2\x80\xae"
             "caf\xc3\xa9"); /* clears a terminal; reverses a line */
        break;
    case 8:
        most += (int)command; /* line 72 */
        break;
    default:
        break;
    }
    return TEE_ERROR_NOT_SUPPORTED;
}

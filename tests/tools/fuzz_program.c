/* What `postern run --arm64` sees in a file of anybody's: an answer whose words can be printed. */
#include <stdlib.h>
#include <string.h>
#include <tools/arm64/program.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char detail[PROGRAM_DETAIL];
    enum program_kind kind = program_look(data, size, detail);
    const char *end = memchr(detail, '\0', sizeof(detail));
    if (end == NULL || kind > PROGRAM_UNKNOWN)
        abort();
    for (const char *at = detail; at < end; at++)
        if (*at < ' ' || *at == 0x7f)
            abort();
    if ((kind == PROGRAM_OTHER_MACHINE || kind == PROGRAM_STATIC) &&
        program_machine(data, size) == NULL)
        abort();
    if (kind == PROGRAM_DYNAMIC && strcmp(detail, PROGRAM_LOADER) != 0)
        abort();
    return 0;
}

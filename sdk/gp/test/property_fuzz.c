/* Fuzz target: the readers of property values. What they accept must be the same read twice. */
#include <sdk/gp/property.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    bool flag;
    uint64_t number;
    TEE_UUID uuid;
    TEE_Identity identity;
    uint8_t out[64];
    size_t whole = 0;
    size_t again = 0;
    (void)property_read_bool(text, size, &flag);
    (void)property_read_number(text, size, &number);
    (void)property_read_uuid(text, size, &uuid);
    (void)property_read_identity(text, size, &identity);
    const bool taken = property_read_binary(text, size, NULL, 0, &whole);
    if (taken != property_read_binary(text, size, out, sizeof(out), &again) || whole != again ||
        whole > size)
        abort();
    return 0;
}

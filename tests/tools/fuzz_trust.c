/* Fuzzes trust files: any text is refused with a reason or makes a table whose lengths add up. */
#include <lib/trust/trust.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_table(const uint8_t *blob, size_t size)
{
    struct trust_header header;
    memcpy(&header, blob, sizeof(header));
    size_t at = sizeof(header);
    if (header.magic != TRUST_MAGIC || header.num_keys > TRUST_KEYS_MAX)
        abort();
    for (uint32_t i = 0; i < header.num_keys; i++) {
        struct trust_key key;
        if (size - at < sizeof(key))
            abort();
        memcpy(&key, blob + at, sizeof(key));
        at += sizeof(key);
        if (key.num_apps > TRUST_APPS_MAX || key.any_app > 1 || key.exponent % 2 == 0)
            abort();
        if ((size - at) / sizeof(struct trust_app) < key.num_apps)
            abort();
        at += key.num_apps * sizeof(struct trust_app);
    }
    if (at != size)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct trust_why why = {.text = ""};
    struct trust_builder *builder = trust_builder_create();
    if (builder == NULL)
        return 0;
    enum error error = trust_builder_add(builder, "fuzz", (const char *)data, size / 2, &why);
    if (error == E_OK)
        error = trust_builder_add(builder, "fuzz", (const char *)data + size / 2, size - size / 2,
                                  &why);
    if (error != E_OK && why.text[0] == '\0')
        abort();
    uint8_t *blob = NULL;
    size_t blob_size = 0;
    if (error == E_OK && trust_builder_encode(builder, &blob, &blob_size) == E_OK)
        check_table(blob, blob_size);
    free(blob);
    trust_builder_destroy(builder);
    return 0;
}

#include <kernel/decode/trust.h>
#include <lib/reader.h>
#include <lib/uuid.h>

static enum error decode_start(struct reader *reader, uint32_t *num_keys)
{
    uint64_t low = reader_u32(reader);
    uint64_t magic = low | (uint64_t)reader_u32(reader) << 32;
    *num_keys = reader_u32(reader);
    uint32_t reserved = reader_u32(reader);
    if (!reader_ok(reader) || magic != TRUST_MAGIC || reserved != 0 || *num_keys > TRUST_KEYS_MAX)
        return E_BAD_FORMAT;
    return E_OK;
}

static enum error decode_key(struct reader *reader, struct trust_entry *out)
{
    out->modulus = reader_take(reader, PACKAGE_MODULUS_SIZE);
    out->exponent = reader_u32(reader);
    out->num_apps = reader_u32(reader);
    uint32_t any_app = reader_u32(reader);
    uint32_t reserved = reader_u32(reader);
    if (!reader_ok(reader) || out->num_apps > TRUST_APPS_MAX || any_app > 1 || reserved != 0)
        return E_BAD_FORMAT;
    out->any_app = any_app == 1;
    out->apps = reader_take(reader, out->num_apps * sizeof(struct trust_app));
    return reader_ok(reader) ? E_OK : E_BAD_FORMAT;
}

enum error decode_trust_next(const uint8_t *table, size_t size, size_t *at, struct trust_entry *out)
{
    struct reader reader = reader_of(table, size);
    uint32_t num_keys = 0;
    enum error error = decode_start(&reader, &num_keys);
    if (error != E_OK)
        return error;
    if (*at == 0)
        *at = sizeof(struct trust_header);
    if (*at >= size)
        return E_NOT_FOUND;
    reader = reader_of(table + *at, size - *at);
    error = decode_key(&reader, out);
    if (error != E_OK)
        return error;
    *at = size - reader.left;
    return E_OK;
}

enum error decode_trust(const uint8_t *table, size_t size)
{
    struct reader reader = reader_of(table, size);
    struct trust_entry entry;
    uint32_t num_keys = 0;
    enum error error = decode_start(&reader, &num_keys);
    for (uint32_t i = 0; i < num_keys && error == E_OK; i++)
        error = decode_key(&reader, &entry);
    if (error != E_OK)
        return error;
    return reader.left == 0 ? E_OK : E_BAD_FORMAT;
}

bool trust_allows(const struct trust_entry *entry, const uint8_t uuid[16], uint32_t *floor)
{
    struct reader reader = reader_of(entry->apps, entry->num_apps * sizeof(struct trust_app));
    *floor = 0;
    for (uint32_t i = 0; i < entry->num_apps; i++) {
        const uint8_t *listed = reader_take(&reader, 16);
        uint32_t lowest = reader_u32(&reader);
        (void)reader_u32(&reader);
        if (listed != NULL && reader_ok(&reader) && uuid_equal(listed, uuid)) {
            *floor = lowest;
            return true;
        }
    }
    return entry->any_app;
}

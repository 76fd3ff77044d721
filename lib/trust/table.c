/*
 * Trust files to the trust table. Decoding collects what the text says in growing arrays; encoding
 * writes them out. See trust.h for the format.
 */
#include <inttypes.h>
#include <lib/manifest.h>
#include <lib/trust/lines.h>
#include <lib/trust/trust.h>
#include <lib/uuid.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPONENT_DEFAULT 65537u
#define EXPONENT_MIN 65537u

struct named_app {
    struct trust_app app;
    bool allowed; /* named by `app`; a floor alone permits nothing */
};

struct trust_entry {
    struct trust_key key;   /* num_apps counts apps */
    struct named_app *apps; /* room for num_apps */
};

struct trust_builder {
    struct trust_entry *entries;
    uint32_t num_entries;
    uint32_t num_apps; /* over all entries */
};

/* Where an error is. */
struct place {
    const char *name;
    unsigned int line;
    struct trust_why *why;
};

__attribute__((format(printf, 3, 4))) static enum error
refuse(const struct place *place, enum error error, const char *format, ...)
{
    int used =
        snprintf(place->why->text, sizeof(place->why->text), "%s:%u: ", place->name, place->line);
    if (used < 0 || (size_t)used >= sizeof(place->why->text))
        return error;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(place->why->text + used, sizeof(place->why->text) - (size_t)used, format, args);
    va_end(args);
    return error;
}

static bool same_text(const char *text, size_t length, const char *other)
{
    return length == strlen(other) && memcmp(text, other, length) == 0;
}

struct trust_builder *trust_builder_create(void)
{
    return calloc(1, sizeof(struct trust_builder));
}

void trust_builder_destroy(struct trust_builder *builder)
{
    if (builder == NULL)
        return;
    for (uint32_t i = 0; i < builder->num_entries; i++)
        free(builder->entries[i].apps);
    free(builder->entries);
    free(builder);
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static enum error decode_modulus(const struct place *place, const struct line *line,
                                 uint8_t modulus[PACKAGE_MODULUS_SIZE])
{
    if (line->value_length != 2 * PACKAGE_MODULUS_SIZE)
        return refuse(place, E_BAD_FORMAT, "`modulus` has %zu digits and must have %u",
                      line->value_length, 2 * PACKAGE_MODULUS_SIZE);
    for (size_t i = 0; i < PACKAGE_MODULUS_SIZE; i++) {
        int high = hex_value(line->value[2 * i]);
        int low = hex_value(line->value[2 * i + 1]);
        if (high < 0 || low < 0)
            return refuse(place, E_BAD_FORMAT, "`modulus` is not hexadecimal");
        modulus[i] = (uint8_t)(high << 4 | low);
    }
    if ((modulus[0] & 0x80) == 0 || (modulus[PACKAGE_MODULUS_SIZE - 1] & 1) == 0)
        return refuse(place, E_BAD_FORMAT, "`modulus` is not one of a 3072-bit RSA key");
    return E_OK;
}

static enum error decode_exponent(const struct place *place, const struct line *line,
                                  uint32_t *exponent)
{
    uint64_t value = 0;
    bool good = line->value_length > 0 && line->value_length <= 10;
    for (size_t i = 0; good && i < line->value_length; i++) {
        good = line->value[i] >= '0' && line->value[i] <= '9';
        value = value * 10 + (uint64_t)(unsigned char)(line->value[i] - '0');
    }
    if (!good || value < EXPONENT_MIN || value > UINT32_MAX || value % 2 == 0)
        return refuse(place, E_BAD_FORMAT,
                      "`exponent` must be an odd decimal number from %u to %" PRIu32, EXPONENT_MIN,
                      UINT32_MAX);
    *exponent = (uint32_t)value;
    return E_OK;
}

/* The key's app with this UUID; made where there is none. Valid until the next one is made. NULL and
 * *error when that is not possible. */
static struct named_app *find_app(struct trust_builder *builder, struct trust_entry *entry,
                                  const struct place *place, const uint8_t uuid[UUID_SIZE],
                                  enum error *error)
{
    for (uint32_t i = 0; i < entry->key.num_apps; i++)
        if (uuid_equal(entry->apps[i].app.uuid, uuid))
            return &entry->apps[i];
    if (builder->num_apps == TRUST_APPS_MAX) {
        *error = refuse(place, E_NO_RESOURCES, "more than %u apps are named", TRUST_APPS_MAX);
        return NULL;
    }
    struct named_app *apps = reallocarray(entry->apps, entry->key.num_apps + 1, sizeof(*apps));
    if (apps == NULL) {
        *error = refuse(place, E_NO_MEMORY, "out of memory");
        return NULL;
    }
    entry->apps = apps;
    struct named_app *made = &apps[entry->key.num_apps++];
    *made = (struct named_app){.allowed = false};
    memcpy(made->app.uuid, uuid, UUID_SIZE);
    builder->num_apps++;
    return made;
}

static enum error add_app(struct trust_builder *builder, struct trust_entry *entry,
                          const struct place *place, const struct line *line)
{
    if (same_text(line->value, line->value_length, "*")) {
        entry->key.any_app = 1;
        return E_OK;
    }
    uint8_t uuid[UUID_SIZE];
    if (!uuid_parse(line->value, line->value_length, uuid))
        return refuse(place, E_BAD_FORMAT, "`app` must be a UUID or *");
    enum error error = E_OK;
    struct named_app *named = find_app(builder, entry, place, uuid, &error);
    if (named != NULL)
        named->allowed = true;
    return error;
}

static enum error add_floor(struct trust_builder *builder, struct trust_entry *entry,
                            const struct place *place, const struct line *line)
{
    uint8_t uuid[UUID_SIZE];
    uint32_t version = 0;
    const char *rest = line->value + UUID_TEXT_LENGTH;
    size_t left = 0;
    bool good = line->value_length > UUID_TEXT_LENGTH &&
                uuid_parse(line->value, UUID_TEXT_LENGTH, uuid) &&
                (rest[0] == ' ' || rest[0] == '\t');
    if (good) {
        left = line->value_length - UUID_TEXT_LENGTH;
        while (left > 0 && (rest[0] == ' ' || rest[0] == '\t')) {
            rest++;
            left--;
        }
        good = manifest_parse_version(rest, left, &version);
    }
    if (!good)
        return refuse(place, E_BAD_FORMAT, "`floor` must be a UUID and a version like 1.2.3");
    enum error error = E_OK;
    struct named_app *named = find_app(builder, entry, place, uuid, &error);
    if (named != NULL && named->app.lowest_version < version)
        named->app.lowest_version = version;
    return error;
}

/* A key as one file's text describes it, before it joins the table: its exponent decides which key it
 * is, and may come after its modulus. */
struct pending {
    bool open;
    bool has_exponent;
    unsigned int line;
    struct trust_entry entry;
};

static void pending_drop(struct pending *pending)
{
    free(pending->entry.apps);
    *pending = (struct pending){.open = false};
}

static struct trust_entry *find_entry(struct trust_builder *builder, const struct trust_key *key)
{
    for (uint32_t i = 0; i < builder->num_entries; i++) {
        struct trust_key *other = &builder->entries[i].key;
        if (other->exponent == key->exponent &&
            memcmp(other->modulus, key->modulus, sizeof(key->modulus)) == 0)
            return &builder->entries[i];
    }
    return NULL;
}

/* Moves a finished key into the table, or adds it to what is there. */
static enum error pending_finish(struct trust_builder *builder, struct pending *pending,
                                 const struct place *place)
{
    if (!pending->open)
        return E_OK;
    struct trust_entry *from = &pending->entry;
    struct trust_entry *to = find_entry(builder, &from->key);
    if (to == NULL) {
        if (builder->num_entries == TRUST_KEYS_MAX)
            return refuse(place, E_NO_RESOURCES, "more than %u keys are trusted", TRUST_KEYS_MAX);
        struct trust_entry *entries =
            reallocarray(builder->entries, builder->num_entries + 1, sizeof(*entries));
        if (entries == NULL)
            return refuse(place, E_NO_MEMORY, "out of memory");
        builder->entries = entries;
        entries[builder->num_entries++] = *from;
        *pending = (struct pending){.open = false};
        return E_OK;
    }
    to->key.any_app |= from->key.any_app;
    for (uint32_t i = 0; i < from->key.num_apps; i++) {
        const struct named_app *more = &from->apps[i];
        enum error error = E_OK;
        builder->num_apps--; /* from's own entry gives its place to the one in `to` */
        struct named_app *named = find_app(builder, to, place, more->app.uuid, &error);
        if (named == NULL)
            return error;
        if (named->app.lowest_version < more->app.lowest_version)
            named->app.lowest_version = more->app.lowest_version;
        named->allowed |= more->allowed;
    }
    pending_drop(pending);
    return E_OK;
}

static enum error add_line(struct trust_builder *builder, struct pending *pending,
                           const struct place *place, const struct line *line)
{
    if (same_text(line->name, line->name_length, "modulus")) {
        enum error error = pending_finish(builder, pending, place);
        if (error != E_OK)
            return error;
        pending->open = true;
        pending->line = place->line;
        pending->entry.key.exponent = EXPONENT_DEFAULT;
        return decode_modulus(place, line, pending->entry.key.modulus);
    }
    bool is_exponent = same_text(line->name, line->name_length, "exponent");
    bool is_app = same_text(line->name, line->name_length, "app");
    bool is_floor = same_text(line->name, line->name_length, "floor");
    if (!is_exponent && !is_app && !is_floor)
        return refuse(place, E_BAD_FORMAT, "`%.*s` is not known in a trust file",
                      (int)(line->name_length < 64 ? line->name_length : 64), line->name);
    if (!pending->open)
        return refuse(place, E_BAD_FORMAT, "`%.*s` stands before any `modulus`",
                      (int)line->name_length, line->name);
    if (is_exponent) {
        if (pending->has_exponent)
            return refuse(place, E_BAD_FORMAT, "`exponent` is given twice for one key");
        pending->has_exponent = true;
        return decode_exponent(place, line, &pending->entry.key.exponent);
    }
    return is_app ? add_app(builder, &pending->entry, place, line)
                  : add_floor(builder, &pending->entry, place, line);
}

enum error trust_builder_add(struct trust_builder *builder, const char *name, const char *text,
                             size_t size, struct trust_why *why)
{
    struct place place = {.name = name, .why = why};
    struct pending pending = {.open = false};
    struct lines lines = lines_of(text, size);
    for (;;) {
        struct line line;
        const char *reason = NULL;
        enum error error = lines_next(&lines, &line, &reason);
        place.line = lines.number;
        if (error == E_NOT_FOUND)
            error = pending_finish(builder, &pending, &place);
        else if (error != E_OK)
            error = refuse(&place, error, "%s", reason);
        else if ((error = add_line(builder, &pending, &place, &line)) == E_OK)
            continue;
        pending_drop(&pending);
        return error;
    }
}

enum error trust_builder_encode(const struct trust_builder *builder, uint8_t **blob, size_t *size)
{
    _Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the table is little-endian");
    size_t room = sizeof(struct trust_header) + builder->num_entries * sizeof(struct trust_key) +
                  builder->num_apps * sizeof(struct trust_app);
    uint8_t *out = malloc(room);
    if (out == NULL)
        return E_NO_MEMORY;
    struct trust_header header = {.magic = TRUST_MAGIC, .num_keys = builder->num_entries};
    memcpy(out, &header, sizeof(header));
    size_t at = sizeof(header);
    for (uint32_t i = 0; i < builder->num_entries; i++) {
        const struct trust_entry *entry = &builder->entries[i];
        struct trust_key key = entry->key;
        size_t key_at = at;
        at += sizeof(key);
        key.num_apps = 0;
        for (uint32_t j = 0; j < entry->key.num_apps; j++) {
            const struct named_app *named = &entry->apps[j];
            /* Under a * the list holds the floors, too. */
            if (!named->allowed && key.any_app == 0)
                continue;
            memcpy(out + at, &named->app, sizeof(named->app));
            at += sizeof(named->app);
            key.num_apps++;
        }
        memcpy(out + key_at, &key, sizeof(key));
    }
    *blob = out;
    *size = at;
    return E_OK;
}

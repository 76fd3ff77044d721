#include <lib/trust/lines.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tools/package/manifest_text.h>

/* What a value may be, for messages; and how its text becomes the packed form. */
enum form {
    FORM_PLAIN, /* as it stands */
    FORM_SIZE,  /* bytes, with k or M behind */
    FORM_LIST,  /* comma-separated, blanks do not count */
};

static const struct known {
    const char *key;
    enum form form;
    const char *must_be;
} known_keys[] = {
    {"gpd.ta.appID", FORM_PLAIN, "a UUID that is not all zeros"},
    {"gpd.ta.version", FORM_PLAIN, "a version a.b.c (a up to 4095, b and c up to 1023)"},
    {"gpd.ta.description", FORM_PLAIN, "a text"},
    {"gpd.ta.singleInstance", FORM_PLAIN, "true or false"},
    {"gpd.ta.multiSession", FORM_PLAIN, "true or false"},
    {"gpd.ta.instanceKeepAlive", FORM_PLAIN, "true or false"},
    {"gpd.ta.dataSize", FORM_SIZE, "a size from 1 to 1024M"},
    {"gpd.ta.stackSize", FORM_SIZE, "a size from 16k to 64M"},
    {"postern.name", FORM_PLAIN, "a name of 1 to 63 characters"},
    {"postern.ports", FORM_LIST,
     "port names separated by commas, each followed by :ns or :ta or both or nothing"},
    {"postern.restart", FORM_PLAIN, "never, always or failure"},
    {"postern.maxSessions", FORM_PLAIN, "a number from 1 to 4096"},
    {"postern.maxInstances", FORM_PLAIN, "a number from 1 to 1024"},
    {"postern.cancelGrace", FORM_PLAIN, "milliseconds, 0 for never"},
    {"postern.development", FORM_PLAIN, "true or false"},
};

struct text_entry {
    struct line line;
    unsigned int number;
};

struct text_entries {
    struct text_entry at[MANIFEST_TEXT_ENTRIES_MAX];
    size_t count;
};

struct refusal {
    char *text;
    size_t size;
};

/* `number` is 0 when no line is to blame. */
__attribute__((format(printf, 3, 4))) static enum error
refuse(const struct refusal *refusal, unsigned int number, const char *format, ...)
{
    int used = 0;
    if (number != 0)
        used = snprintf(refusal->text, refusal->size, "line %u: ", number);
    if (used < 0 || (size_t)used >= refusal->size)
        return E_BAD_FORMAT;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(refusal->text + used, refusal->size - (size_t)used, format, args);
    va_end(args);
    return E_BAD_FORMAT;
}

static int name_width(const struct line *line)
{
    return line->name_length < MANIFEST_KEY_MAX ? (int)line->name_length : (int)MANIFEST_KEY_MAX;
}

static const struct known *find_known(const char *key, size_t length)
{
    for (size_t i = 0; i < sizeof(known_keys) / sizeof(known_keys[0]); i++)
        if (strlen(known_keys[i].key) == length && memcmp(known_keys[i].key, key, length) == 0)
            return &known_keys[i];
    return NULL;
}

static bool is_reserved(const struct line *line)
{
    return (line->name_length >= 4 && memcmp(line->name, "gpd.", 4) == 0) ||
           (line->name_length >= 8 && memcmp(line->name, "postern.", 8) == 0);
}

static enum error check_name(const struct text_entry *entry, const struct refusal *refusal)
{
    const struct line *line = &entry->line;
    if (line->name_length > MANIFEST_KEY_MAX)
        return refuse(refusal, entry->number, "the key %.32s... is longer than %u characters",
                      line->name, MANIFEST_KEY_MAX);
    for (size_t i = 0; i < line->name_length; i++)
        if (line->name[i] == ' ' || line->name[i] == '\t')
            return refuse(refusal, entry->number, "the key \"%.*s\" has a blank in it",
                          name_width(line), line->name);
    if (line->value_length > MANIFEST_VALUE_MAX)
        return refuse(refusal, entry->number, "the value of %.*s is longer than %u characters",
                      name_width(line), line->name, MANIFEST_VALUE_MAX);
    if (is_reserved(line) && find_known(line->name, line->name_length) == NULL)
        return refuse(refusal, entry->number,
                      "the key %.*s is unknown (keys of your own must not start with gpd. or "
                      "postern.)",
                      name_width(line), line->name);
    return E_OK;
}

static int compare_entries(const void *a, const void *b)
{
    const struct text_entry *left = (const struct text_entry *)a;
    const struct text_entry *right = (const struct text_entry *)b;
    size_t shorter = left->line.name_length < right->line.name_length ? left->line.name_length
                                                                      : right->line.name_length;
    int order = memcmp(left->line.name, right->line.name, shorter);
    if (order != 0)
        return order;
    if (left->line.name_length != right->line.name_length)
        return left->line.name_length < right->line.name_length ? -1 : 1;
    return left->number < right->number ? -1 : 1;
}

/* All lines, sorted by key, no key twice. */
static enum error collect(const char *text, size_t size, struct text_entries *out,
                          const struct refusal *refusal)
{
    struct lines lines = lines_of(text, size);
    out->count = 0;
    for (;;) {
        struct line line;
        const char *why = NULL;
        enum error error = lines_next(&lines, &line, &why);
        if (error == E_NOT_FOUND)
            break;
        if (error != E_OK)
            return refuse(refusal, lines.number, "%s", why);
        if (out->count == MANIFEST_TEXT_ENTRIES_MAX)
            return refuse(refusal, lines.number, "more than %u keys", MANIFEST_TEXT_ENTRIES_MAX);
        struct text_entry *entry = &out->at[out->count++];
        *entry = (struct text_entry){.line = line, .number = lines.number};
        error = check_name(entry, refusal);
        if (error != E_OK)
            return error;
    }
    qsort(out->at, out->count, sizeof(out->at[0]), compare_entries);
    for (size_t i = 1; i < out->count; i++) {
        const struct line *a = &out->at[i - 1].line;
        const struct line *b = &out->at[i].line;
        if (a->name_length == b->name_length && memcmp(a->name, b->name, a->name_length) == 0)
            return refuse(refusal, out->at[i].number, "the key %.*s stands in line %u already",
                          name_width(b), b->name, out->at[i - 1].number);
    }
    return E_OK;
}

/* "64k" to "65536". False when it is no size; larger ones than 2^40 are none. */
static bool pack_size(const struct line *line, char *out, size_t out_size, size_t *length)
{
    uint64_t value = 0;
    size_t at = 0;
    for (; at < line->value_length && line->value[at] >= '0' && line->value[at] <= '9'; at++) {
        value = value * 10 + (uint64_t)(line->value[at] - '0');
        if (value > UINT64_C(1) << 40)
            return false;
    }
    if (at == 0 || line->value_length - at > 1)
        return false;
    if (at < line->value_length) {
        char unit = line->value[at];
        unsigned int shift = unit == 'k' || unit == 'K' ? 10 : unit == 'm' || unit == 'M' ? 20 : 0;
        if (shift == 0)
            return false;
        value <<= shift;
    }
    int printed = snprintf(out, out_size, "%llu", (unsigned long long)value);
    *length = (size_t)printed;
    return printed > 0 && (size_t)printed < out_size;
}

/* Blanks beside commas and ends go; a blank inside a name stays, and is refused in decoding. */
static void pack_list(const struct line *line, char *out, size_t *length)
{
    size_t used = 0;
    for (size_t i = 0; i < line->value_length; i++) {
        char c = line->value[i];
        bool blank = c == ' ' || c == '\t';
        if (blank && (used == 0 || out[used - 1] == ','))
            continue;
        if (c == ',')
            while (used > 0 && (out[used - 1] == ' ' || out[used - 1] == '\t'))
                used--;
        out[used++] = c;
    }
    *length = used;
}

static bool append(struct manifest_packed *out, const void *bytes, size_t size)
{
    if (size > sizeof(out->bytes) - out->size)
        return false;
    memcpy(out->bytes + out->size, bytes, size);
    out->size += size;
    return true;
}

static enum error pack_entry(const struct text_entry *entry, struct manifest_packed *out,
                             const struct refusal *refusal)
{
    char value[MANIFEST_VALUE_MAX];
    const struct line *line = &entry->line;
    const struct known *known = find_known(line->name, line->name_length);
    size_t length = line->value_length;
    if (known != NULL && known->form == FORM_SIZE) {
        if (!pack_size(line, value, sizeof(value), &length))
            return refuse(refusal, entry->number, "%s must be %s", known->key, known->must_be);
    } else if (known != NULL && known->form == FORM_LIST) {
        pack_list(line, value, &length);
    } else {
        memcpy(value, line->value, length);
    }
    const uint8_t head[4] = {
        (uint8_t)line->name_length,
        (uint8_t)(line->name_length >> 8),
        (uint8_t)length,
        (uint8_t)(length >> 8),
    };
    if (append(out, head, sizeof(head)) && append(out, line->name, line->name_length) &&
        append(out, value, length))
        return E_OK;
    return refuse(refusal, entry->number, "the manifest is larger than %u bytes when packed",
                  PACKAGE_MANIFEST_MAX);
}

/* The line of a packed entry: both are sorted alike, so the key alone tells. */
static const struct text_entry *find_entry(const struct text_entries *entries, const char *key,
                                           size_t length)
{
    for (size_t i = 0; i < entries->count; i++)
        if (entries->at[i].line.name_length == length &&
            memcmp(entries->at[i].line.name, key, length) == 0)
            return &entries->at[i];
    return NULL;
}

enum error manifest_text_pack(const char *text, size_t size, struct manifest_packed *out, char *why,
                              size_t why_size)
{
    const struct refusal refusal = {.text = why, .size = why_size};
    struct text_entries entries;
    enum error error = collect(text, size, &entries, &refusal);
    if (error != E_OK)
        return error;
    out->size = 0;
    for (size_t i = 0; i < entries.count; i++) {
        error = pack_entry(&entries.at[i], out, &refusal);
        if (error != E_OK)
            return error;
    }
    const char *reason = NULL;
    struct manifest_entry key = {0};
    error = manifest_decode(out->bytes, out->size, &out->decoded, &reason, &key);
    if (error == E_OK)
        return E_OK;
    const struct text_entry *entry =
        key.key != NULL ? find_entry(&entries, key.key, key.key_length) : NULL;
    if (entry == NULL)
        return refuse(&refusal, 0, "%s", reason);
    const struct known *known = find_known(key.key, key.key_length);
    if (known != NULL)
        return refuse(&refusal, entry->number, "%s must be %s, not \"%.*s\"", known->key,
                      known->must_be, (int)entry->line.value_length, entry->line.value);
    return refuse(&refusal, entry->number, "%.*s: %s", name_width(&entry->line), entry->line.name,
                  reason);
}

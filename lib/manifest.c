#include <lib/manifest.h>
#include <lib/reader.h>
#include <lib/uuid.h>

enum error manifest_next(const uint8_t **at, size_t *left, struct manifest_entry *out)
{
    if (*left == 0)
        return E_NOT_FOUND;
    struct reader reader = reader_of(*at, *left);
    size_t key_length = reader_u16(&reader);
    size_t value_length = reader_u16(&reader);
    const uint8_t *key = reader_take(&reader, key_length);
    const uint8_t *value = reader_take(&reader, value_length);
    if (!reader_ok(&reader) || key_length == 0 || key_length > MANIFEST_KEY_MAX ||
        value_length > MANIFEST_VALUE_MAX)
        return E_BAD_FORMAT;
    *out = (struct manifest_entry){
        .key = (const char *)key,
        .key_length = key_length,
        .value = (const char *)value,
        .value_length = value_length,
    };
    *at = reader.at;
    *left = reader.left;
    return E_OK;
}

static int compare(const char *a, size_t a_length, const char *b, size_t b_length)
{
    for (size_t i = 0; i < a_length && i < b_length; i++)
        if (a[i] != b[i])
            return (unsigned char)a[i] < (unsigned char)b[i] ? -1 : 1;
    return a_length < b_length ? -1 : a_length > b_length;
}

static bool starts_with(const struct manifest_entry *entry, const char *prefix)
{
    size_t i = 0;
    for (; prefix[i] != '\0'; i++)
        if (i >= entry->key_length || entry->key[i] != prefix[i])
            return false;
    return true;
}

static bool contains_nul(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (text[i] == '\0')
            return true;
    return false;
}

static bool parse_number(const char *text, size_t length, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;
    if (length == 0)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (uint64_t)(text[i] - '0');
        if (value > max)
            return false;
    }
    *out = value;
    return true;
}

bool manifest_parse_version(const char *text, size_t length, uint32_t *out)
{
    static const uint32_t max[3] = {4095, 1023, 1023};
    static const uint32_t shift[3] = {20, 10, 0};
    uint32_t version = 0;
    size_t at = 0;
    for (uint32_t part = 0; part < 3; part++) {
        size_t end = at;
        while (end < length && text[end] != '.')
            end++;
        uint64_t value = 0;
        if (!parse_number(text + at, end - at, max[part], &value))
            return false;
        version |= (uint32_t)value << shift[part];
        if (end == length) {
            *out = version;
            return true;
        }
        at = end + 1;
    }
    return false;
}

static bool text_is(const char *text, size_t length, const char *word)
{
    size_t word_length = 0;
    while (word[word_length] != '\0')
        word_length++;
    return compare(text, length, word, word_length) == 0;
}

static bool value_is(const struct manifest_entry *entry, const char *word)
{
    return text_is(entry->value, entry->value_length, word);
}

static bool parse_bool(const struct manifest_entry *entry, bool *out)
{
    *out = value_is(entry, "true");
    return *out || value_is(entry, "false");
}

static bool parse_u32(const struct manifest_entry *entry, uint64_t min, uint64_t max, uint32_t *out)
{
    uint64_t value = 0;
    if (!parse_number(entry->value, entry->value_length, max, &value) || value < min)
        return false;
    *out = (uint32_t)value;
    return true;
}

static bool parse_size(const struct manifest_entry *entry, uint64_t min, uint64_t max,
                       uint64_t *out)
{
    return parse_number(entry->value, entry->value_length, max, out) && *out >= min;
}

/* "name", "name:ns", "name:ta", "name:ns:ta"; without a suffix both may connect. */
static bool parse_port(const char *text, size_t length, struct manifest_port *out)
{
    size_t end = 0;
    while (end < length && text[end] != ':')
        end++;
    if (end == 0 || end >= SYS_PATH_MAX)
        return false;
    *out = (struct manifest_port){.name = text, .length = end};
    if (end == length)
        out->flags = SYS_PORT_ALLOW_NS | SYS_PORT_ALLOW_TA;
    while (end < length) {
        if (length - end < 3)
            return false;
        uint32_t flag = text_is(text + end, 3, ":ns")   ? SYS_PORT_ALLOW_NS
                        : text_is(text + end, 3, ":ta") ? SYS_PORT_ALLOW_TA
                                                        : 0;
        if (flag == 0 || (out->flags & flag) != 0)
            return false;
        out->flags |= flag;
        end += 3;
    }
    return true;
}

static bool parse_ports(const struct manifest_entry *entry, struct manifest *out)
{
    size_t at = 0;
    out->num_ports = 0;
    while (at <= entry->value_length) {
        size_t end = at;
        while (end < entry->value_length && entry->value[end] != ',')
            end++;
        if (out->num_ports == MANIFEST_PORTS_MAX)
            return false;
        struct manifest_port *port = &out->ports[out->num_ports];
        if (!parse_port(entry->value + at, end - at, port))
            return false;
        for (uint32_t i = 0; i < out->num_ports; i++)
            if (compare(out->ports[i].name, out->ports[i].length, port->name, port->length) == 0)
                return false;
        out->num_ports++;
        at = end + 1;
    }
    return true;
}

static bool parse_restart(const struct manifest_entry *entry, enum manifest_restart *out)
{
    if (value_is(entry, "never"))
        *out = MANIFEST_RESTART_NEVER;
    else if (value_is(entry, "always"))
        *out = MANIFEST_RESTART_ALWAYS;
    else if (value_is(entry, "failure"))
        *out = MANIFEST_RESTART_FAILURE;
    else
        return false;
    return true;
}

enum known_key {
    KEY_APP_ID,
    KEY_DATA_SIZE,
    KEY_DESCRIPTION,
    KEY_KEEP_ALIVE,
    KEY_MULTI_SESSION,
    KEY_SINGLE_INSTANCE,
    KEY_STACK_SIZE,
    KEY_VERSION,
    KEY_CANCEL_GRACE,
    KEY_DEVELOPMENT,
    KEY_MAX_INSTANCES,
    KEY_MAX_SESSIONS,
    KEY_NAME,
    KEY_PORTS,
    KEY_RESTART,
    KEY_COUNT
};

static const char *const key_names[KEY_COUNT] = {
    [KEY_APP_ID] = "gpd.ta.appID",
    [KEY_DATA_SIZE] = "gpd.ta.dataSize",
    [KEY_DESCRIPTION] = "gpd.ta.description",
    [KEY_KEEP_ALIVE] = "gpd.ta.instanceKeepAlive",
    [KEY_MULTI_SESSION] = "gpd.ta.multiSession",
    [KEY_SINGLE_INSTANCE] = "gpd.ta.singleInstance",
    [KEY_STACK_SIZE] = "gpd.ta.stackSize",
    [KEY_VERSION] = "gpd.ta.version",
    [KEY_CANCEL_GRACE] = "postern.cancelGrace",
    [KEY_DEVELOPMENT] = "postern.development",
    [KEY_MAX_INSTANCES] = "postern.maxInstances",
    [KEY_MAX_SESSIONS] = "postern.maxSessions",
    [KEY_NAME] = "postern.name",
    [KEY_PORTS] = "postern.ports",
    [KEY_RESTART] = "postern.restart",
};

static bool parse_value(enum known_key key, const struct manifest_entry *entry,
                        struct manifest *out)
{
    switch (key) {
    case KEY_APP_ID:
        return uuid_parse(entry->value, entry->value_length, out->uuid) && !uuid_is_nil(out->uuid);
    case KEY_DATA_SIZE:
        return parse_size(entry, 1, MANIFEST_HEAP_MAX, &out->heap_size);
    case KEY_DESCRIPTION:
        return true;
    case KEY_KEEP_ALIVE:
        return parse_bool(entry, &out->keep_alive);
    case KEY_MULTI_SESSION:
        return parse_bool(entry, &out->multi_session);
    case KEY_SINGLE_INSTANCE:
        return parse_bool(entry, &out->single_instance);
    case KEY_STACK_SIZE:
        return parse_size(entry, MANIFEST_STACK_MIN, MANIFEST_STACK_MAX, &out->stack_size);
    case KEY_VERSION:
        return manifest_parse_version(entry->value, entry->value_length, &out->version);
    case KEY_CANCEL_GRACE:
        return parse_u32(entry, 0, UINT32_MAX, &out->cancel_grace_ms);
    case KEY_DEVELOPMENT:
        return parse_bool(entry, &out->development);
    case KEY_MAX_INSTANCES:
        return parse_u32(entry, 1, MANIFEST_INSTANCES_MAX, &out->max_instances);
    case KEY_MAX_SESSIONS:
        return parse_u32(entry, 1, MANIFEST_SESSIONS_MAX, &out->max_sessions);
    case KEY_NAME:
        out->name = entry->value;
        out->name_length = entry->value_length;
        return entry->value_length > 0 && entry->value_length < SYS_PATH_MAX;
    case KEY_PORTS:
        return parse_ports(entry, out);
    case KEY_RESTART:
        return parse_restart(entry, &out->restart);
    case KEY_COUNT:
        break;
    }
    return false;
}

/* KEY_COUNT: none of ours. */
static enum known_key find_key(const struct manifest_entry *entry)
{
    for (uint32_t key = 0; key < KEY_COUNT; key++)
        if (text_is(entry->key, entry->key_length, key_names[key]))
            return (enum known_key)key;
    return KEY_COUNT;
}

static enum error refuse(const char *text, const char **why)
{
    *why = text;
    return E_BAD_FORMAT;
}

static enum error check_whole(const struct manifest *manifest, const char **why)
{
    if (uuid_is_nil(manifest->uuid))
        return refuse("gpd.ta.appID is missing", why);
    if (manifest->keep_alive && !manifest->single_instance)
        return refuse("gpd.ta.instanceKeepAlive contradicts gpd.ta.singleInstance: it needs a "
                      "single instance",
                      why);
    if (manifest->multi_session && !manifest->single_instance)
        return refuse("gpd.ta.multiSession contradicts gpd.ta.singleInstance: it needs a single "
                      "instance",
                      why);
    if (manifest->num_ports > 0 && !manifest->single_instance)
        return refuse("postern.ports needs gpd.ta.singleInstance", why);
    if (manifest->restart != MANIFEST_RESTART_NEVER && !manifest->single_instance)
        return refuse("postern.restart needs gpd.ta.singleInstance", why);
    return E_OK;
}

enum error manifest_decode(const uint8_t *bytes, size_t size, struct manifest *out,
                           const char **why, struct manifest_entry *key)
{
    struct manifest_entry entry = {0};
    struct manifest_entry last = {0};
    if (key == NULL)
        key = &entry;
    *why = "";
    *out = (struct manifest){
        .heap_size = MANIFEST_HEAP_DEFAULT,
        .stack_size = MANIFEST_STACK_DEFAULT,
        .max_sessions = MANIFEST_SESSIONS_DEFAULT,
        .max_instances = MANIFEST_INSTANCES_DEFAULT,
        .cancel_grace_ms = MANIFEST_CANCEL_GRACE_DEFAULT,
    };
    for (;;) {
        enum error error = manifest_next(&bytes, &size, &entry);
        if (error == E_NOT_FOUND)
            break;
        if (error != E_OK)
            return refuse("the manifest is damaged", why);
        *key = entry;
        if (contains_nul(entry.key, entry.key_length) ||
            contains_nul(entry.value, entry.value_length))
            return refuse("a NUL in a key or a value", why);
        if (last.key != NULL &&
            compare(last.key, last.key_length, entry.key, entry.key_length) >= 0)
            return refuse("keys are not sorted, or one stands twice", why);
        last = entry;
        enum known_key known = find_key(&entry);
        if (known == KEY_COUNT && (starts_with(&entry, "gpd.") || starts_with(&entry, "postern.")))
            return refuse("an unknown key", why);
        if (known != KEY_COUNT && !parse_value(known, &entry, out))
            return refuse("a value that this key cannot have", why);
    }
    *key = (struct manifest_entry){0};
    return check_whole(out, why);
}

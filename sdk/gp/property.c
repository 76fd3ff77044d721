/*
 * The three property sets: what the manifest says with defaults filled in, who the client is, what the
 * TEE is. See property.h.
 */
#include <sdk/gp/property.h>

#include <lib/manifest.h>
#include <lib/uuid.h>
#include <sdk/gp/call.h>
#include <sdk/gp/uuid.h>
#include <sdk/rt/runtime.h>
#include <sdk/rt/syscall.h>

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tee_internal_api.h>

#define PROPERTY_TEXT_MAX 64u
#define PROPERTY_MADE_MAX 12u

/* A property whose value is made here; its name is a literal. */
struct property_made {
    const char *name;
    char value[PROPERTY_TEXT_MAX];
};

struct property_made_set {
    size_t count;
    struct property_made entry[PROPERTY_MADE_MAX];
};

static uint8_t *property_manifest; /* the packed form; NULL until it is fetched */
static size_t property_manifest_size;

static void property_make_from(struct property_made_set *set, const char *name, const char *format,
                               va_list arguments)
{
    struct property_made *made = &set->entry[set->count++];
    made->name = name;
    vsnprintf(made->value, sizeof(made->value), format, arguments);
}

static __attribute__((format(printf, 3, 4))) void
property_make(struct property_made_set *set, const char *name, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    property_make_from(set, name, format, arguments);
    va_end(arguments);
}

static bool property_of_made(const struct property_made_set *set, size_t index,
                             struct property *out)
{
    if (index >= set->count)
        return false;
    const struct property_made *made = &set->entry[index];
    *out = (struct property){.name = made->name,
                             .name_length = strlen(made->name),
                             .value = made->value,
                             .value_length = strlen(made->value)};
    return true;
}

/* Fetches the manifest, once; an app without memory for it has none. */
static void property_fetch_manifest(void)
{
    if (property_manifest != NULL)
        return;
    uint8_t *bytes = malloc(PACKAGE_MANIFEST_MAX);
    if (bytes == NULL)
        return;
    size_t size = 0;
    while (size < PACKAGE_MANIFEST_MAX) {
        const int64_t got = sys_call(SYS_MANIFEST, size, 0, 0, 0, 0, 0);
        if (got <= 0 || (uint64_t)got > PACKAGE_MANIFEST_MAX - size ||
            (uint64_t)got > SYS_BUFFER_SIZE)
            break;
        memcpy(bytes + size, sys_page()->in, (size_t)got);
        size += (size_t)got;
    }
    uint8_t *fitting = realloc(bytes, size != 0 ? size : 1);
    property_manifest = fitting != NULL ? fitting : bytes;
    property_manifest_size = size;
}

static bool property_of_manifest(size_t index, struct property *out)
{
    property_fetch_manifest();
    const uint8_t *at = property_manifest;
    size_t left = property_manifest_size;
    struct manifest_entry entry;
    do {
        if (manifest_next(&at, &left, &entry) != E_OK)
            return false;
    } while (index-- > 0);
    *out = (struct property){.name = entry.key,
                             .name_length = entry.key_length,
                             .value = entry.value,
                             .value_length = entry.value_length};
    return true;
}

static bool property_has_name(const struct property *property, const char *name)
{
    return strlen(name) == property->name_length &&
           memcmp(property->name, name, property->name_length) == 0;
}

static bool property_manifest_has(const char *name)
{
    struct property property;
    for (size_t i = 0; property_of_manifest(i, &property); i++) {
        if (property_has_name(&property, name))
            return true;
    }
    return false;
}

bool property_is_set(const char *name)
{
    struct property property;
    for (size_t i = 0; property_of_manifest(i, &property); i++) {
        if (property_has_name(&property, name))
            return property.value_length != 0 &&
                   !(property.value_length == 5 && memcmp(property.value, "never", 5) == 0);
    }
    return false;
}

static const char *property_bool_text(bool value)
{
    return value ? "true" : "false";
}

static __attribute__((format(printf, 3, 4))) void
property_make_default(struct property_made_set *set, const char *name, const char *format, ...)
{
    if (property_manifest_has(name))
        return;
    va_list arguments;
    va_start(arguments, format);
    property_make_from(set, name, format, arguments);
    va_end(arguments);
}

/* What GlobalPlatform says that every app has (4.5), where the manifest is silent. */
static const struct property_made_set *property_app_defaults(void)
{
    static struct property_made_set set;
    static bool made;
    if (made)
        return &set;
    made = true;
    const struct sys_start *start = &sys_page()->start;
    char uuid[UUID_TEXT_LENGTH + 1];
    uuid_format(start->uuid, uuid);
    property_make_default(&set, "gpd.ta.appID", "%s", uuid);
    property_make_default(&set, "gpd.ta.singleInstance", "%s",
                          property_bool_text((start->flags & SYS_START_SINGLE_INSTANCE) != 0));
    property_make_default(&set, "gpd.ta.multiSession", "%s",
                          property_bool_text((start->flags & SYS_START_MULTI_SESSION) != 0));
    property_make_default(&set, "gpd.ta.instanceKeepAlive", "%s",
                          property_bool_text((start->flags & SYS_START_KEEP_ALIVE) != 0));
    property_make_default(&set, "gpd.ta.dataSize", "%" PRIu64, start->heap_size);
    property_make_default(&set, "gpd.ta.stackSize", "%" PRIu64, start->stack_size);
    property_make_default(&set, "gpd.ta.version", "%u.%u.%u", (unsigned)(start->version >> 20),
                          (unsigned)(start->version >> 10 & 1023),
                          (unsigned)(start->version & 1023));
    property_make_default(&set, "gpd.ta.description", "%s", "");
    property_make_default(&set, "gpd.ta.endian", "0");
    return &set;
}

/* 4.6 */
static const struct property_made_set *property_client(void)
{
    static struct property_made_set set;
    set.count = 0;
    const TEE_Identity *client = call_client();
    if (client == NULL)
        return &set;
    uint8_t octets[UUID_SIZE];
    char uuid[UUID_TEXT_LENGTH + 1];
    gp_uuid_to_octets(&client->uuid, octets);
    uuid_format(octets, uuid);
    property_make(&set, "gpd.client.identity", "%" PRIu32 ":%s", client->login, uuid);
    property_make(&set, "gpd.client.endian", "0");
    return &set;
}

/* 4.7, as far as it applies to a TEE without arithmetic, storage and a user interface. */
static const struct property_made_set *property_tee(void)
{
    static struct property_made_set set;
    if (set.count != 0)
        return &set;
    const struct sys_start *start = &sys_page()->start;
    char uuid[UUID_TEXT_LENGTH + 1];
    uuid_format(start->device_uuid, uuid);
    const unsigned major = start->kernel_version >> 20;
    const unsigned minor = start->kernel_version >> 10 & 1023;
    const unsigned patch = start->kernel_version & 1023;
    property_make(&set, "gpd.tee.apiversion", "%d.%d", TEE_CORE_API_MAJOR_VERSION,
                  TEE_CORE_API_MINOR_VERSION);
    property_make(&set, "gpd.tee.internalCore.version", "%d", TEE_CORE_API_VERSION);
    property_make(&set, "gpd.tee.description", "Postern %u.%u.%u", major, minor, patch);
    property_make(&set, "gpd.tee.deviceID", "%s", uuid);
    property_make(&set, "gpd.tee.systemTime.protectionLevel", "%u",
                  (unsigned)rt_time_protection_level());
    property_make(&set, "gpd.tee.cryptography.ecc", "false");
    property_make(&set, "gpd.tee.trustedos.implementation.version", "%u.%u.%u", major, minor,
                  patch);
    property_make(&set, "gpd.tee.trustedos.manufacturer", "Postern");
    return &set;
}

bool property_at(enum property_set set, size_t index, struct property *out)
{
    switch (set) {
    case PROPERTY_SET_CLIENT:
        return property_of_made(property_client(), index, out);
    case PROPERTY_SET_TEE:
        return property_of_made(property_tee(), index, out);
    case PROPERTY_SET_APP:
        break;
    }
    const struct property_made_set *defaults = property_app_defaults();
    if (index < defaults->count)
        return property_of_made(defaults, index, out);
    return property_of_manifest(index - defaults->count, out);
}

bool property_find(enum property_set set, const char *name, struct property *out)
{
    for (size_t i = 0; property_at(set, i, out); i++) {
        if (property_has_name(out, name))
            return true;
    }
    return false;
}

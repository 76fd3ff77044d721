/*
 * TEE Internal Core API 1.3, 4.4: the functions that read and enumerate properties.
 */
#include <sdk/gp/handle.h>
#include <sdk/gp/panic.h>
#include <sdk/gp/property.h>

#include <stdlib.h>
#include <string.h>
#include <tee_internal_api.h>

#undef TEE_GetPropertyAsString
#undef TEE_GetPropertyAsBinaryBlock
#undef TEE_GetPropertyName

struct property_enumerator {
    bool started;
    enum property_set set;
    size_t index;
};

static bool property_set_of(TEE_PropSetHandle handle, enum property_set *out)
{
    if (handle == TEE_PROPSET_CURRENT_TA)
        *out = PROPERTY_SET_APP;
    else if (handle == TEE_PROPSET_CURRENT_CLIENT)
        *out = PROPERTY_SET_CLIENT;
    else if (handle == TEE_PROPSET_TEE_IMPLEMENTATION)
        *out = PROPERTY_SET_TEE;
    else
        return false;
    return true;
}

/* What all the readers begin with: checks, then finds. */
static bool property_get(const char *function, TEE_PropSetHandle handle, const char *name,
                         struct property *out)
{
    enum property_set set;
    if (property_set_of(handle, &set)) {
        gp_check_text(function, "name", name);
        return property_find(set, name, out);
    }
    const struct property_enumerator *enumerator = handle_get(function, HANDLE_ENUMERATOR, handle);
    return enumerator->started && property_at(enumerator->set, enumerator->index, out);
}

/* Copies a text with its NUL as far as it fits. */
static TEE_Result property_put_text(const char *text, size_t length, char *out, size_t *size)
{
    const size_t room = *size;
    *size = length + 1;
    if (room > 0) {
        const size_t part = length < room ? length : room - 1;
        memcpy(out, text, part);
        out[part] = '\0';
    }
    return room < length + 1 ? TEE_ERROR_SHORT_BUFFER : TEE_SUCCESS;
}

TEE_Result TEE_GetPropertyAsString(TEE_PropSetHandle propsetOrEnumerator, const char *name,
                                   char *valueBuffer, size_t *valueBufferLen)
{
    gp_check_out(__func__, "valueBufferLen", valueBufferLen, sizeof(*valueBufferLen));
    gp_check_out(__func__, "valueBuffer", valueBuffer, *valueBufferLen);
    struct property property;
    if (!property_get(__func__, propsetOrEnumerator, name, &property))
        return TEE_ERROR_ITEM_NOT_FOUND;
    return property_put_text(property.value, property.value_length, valueBuffer, valueBufferLen);
}

TEE_Result TEE_GetPropertyAsBool(TEE_PropSetHandle propsetOrEnumerator, const char *name,
                                 bool *value)
{
    gp_check_out(__func__, "value", value, sizeof(*value));
    struct property property;
    if (!property_get(__func__, propsetOrEnumerator, name, &property))
        return TEE_ERROR_ITEM_NOT_FOUND;
    return property_read_bool(property.value, property.value_length, value) ? TEE_SUCCESS
                                                                            : TEE_ERROR_BAD_FORMAT;
}

TEE_Result TEE_GetPropertyAsU32(TEE_PropSetHandle propsetOrEnumerator, const char *name,
                                uint32_t *value)
{
    gp_check_out(__func__, "value", value, sizeof(*value));
    struct property property;
    uint64_t number;
    if (!property_get(__func__, propsetOrEnumerator, name, &property))
        return TEE_ERROR_ITEM_NOT_FOUND;
    if (!property_read_number(property.value, property.value_length, &number) ||
        number > UINT32_MAX)
        return TEE_ERROR_BAD_FORMAT;
    *value = (uint32_t)number;
    return TEE_SUCCESS;
}

TEE_Result TEE_GetPropertyAsU64(TEE_PropSetHandle propsetOrEnumerator, const char *name,
                                uint64_t *value)
{
    gp_check_out(__func__, "value", value, sizeof(*value));
    struct property property;
    if (!property_get(__func__, propsetOrEnumerator, name, &property))
        return TEE_ERROR_ITEM_NOT_FOUND;
    return property_read_number(property.value, property.value_length, value)
               ? TEE_SUCCESS
               : TEE_ERROR_BAD_FORMAT;
}

TEE_Result TEE_GetPropertyAsBinaryBlock(TEE_PropSetHandle propsetOrEnumerator, const char *name,
                                        void *valueBuffer, size_t *valueBufferLen)
{
    gp_check_out(__func__, "valueBufferLen", valueBufferLen, sizeof(*valueBufferLen));
    gp_check_out(__func__, "valueBuffer", valueBuffer, *valueBufferLen);
    struct property property;
    size_t size;
    if (!property_get(__func__, propsetOrEnumerator, name, &property))
        return TEE_ERROR_ITEM_NOT_FOUND;
    if (!property_read_binary(property.value, property.value_length, NULL, 0, &size))
        return TEE_ERROR_BAD_FORMAT;
    const size_t room = *valueBufferLen;
    *valueBufferLen = size;
    if (room < size)
        return TEE_ERROR_SHORT_BUFFER;
    (void)property_read_binary(property.value, property.value_length, valueBuffer, room, &size);
    return TEE_SUCCESS;
}

TEE_Result TEE_GetPropertyAsUUID(TEE_PropSetHandle propsetOrEnumerator, const char *name,
                                 TEE_UUID *value)
{
    gp_check_out(__func__, "value", value, sizeof(*value));
    struct property property;
    if (!property_get(__func__, propsetOrEnumerator, name, &property))
        return TEE_ERROR_ITEM_NOT_FOUND;
    return property_read_uuid(property.value, property.value_length, value) ? TEE_SUCCESS
                                                                            : TEE_ERROR_BAD_FORMAT;
}

TEE_Result TEE_GetPropertyAsIdentity(TEE_PropSetHandle propsetOrEnumerator, const char *name,
                                     TEE_Identity *value)
{
    gp_check_out(__func__, "value", value, sizeof(*value));
    struct property property;
    if (!property_get(__func__, propsetOrEnumerator, name, &property))
        return TEE_ERROR_ITEM_NOT_FOUND;
    return property_read_identity(property.value, property.value_length, value)
               ? TEE_SUCCESS
               : TEE_ERROR_BAD_FORMAT;
}

TEE_Result TEE_AllocatePropertyEnumerator(TEE_PropSetHandle *enumerator)
{
    gp_check_out(__func__, "enumerator", enumerator, sizeof(*enumerator));
    *enumerator = TEE_HANDLE_NULL;
    struct property_enumerator *made = calloc(1, sizeof(*made));
    if (made == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    *enumerator = handle_create(HANDLE_ENUMERATOR, made);
    if (*enumerator == TEE_HANDLE_NULL) {
        free(made);
        return TEE_ERROR_OUT_OF_MEMORY;
    }
    return TEE_SUCCESS;
}

void TEE_FreePropertyEnumerator(TEE_PropSetHandle enumerator)
{
    struct property_enumerator *freed = handle_get(__func__, HANDLE_ENUMERATOR, enumerator);
    handle_destroy(enumerator);
    free(freed);
}

void TEE_StartPropertyEnumerator(TEE_PropSetHandle enumerator, TEE_PropSetHandle propSet)
{
    struct property_enumerator *started = handle_get(__func__, HANDLE_ENUMERATOR, enumerator);
    if (!property_set_of(propSet, &started->set))
        gp_panic(__func__, TEE_ERROR_BAD_PARAMETERS, "propSet: 0x%zx is no property set",
                 (size_t)(uintptr_t)propSet);
    started->started = true;
    started->index = 0;
}

void TEE_ResetPropertyEnumerator(TEE_PropSetHandle enumerator)
{
    struct property_enumerator *reset = handle_get(__func__, HANDLE_ENUMERATOR, enumerator);
    reset->started = false;
}

TEE_Result TEE_GetPropertyName(TEE_PropSetHandle enumerator, void *nameBuffer,
                               size_t *nameBufferLen)
{
    const struct property_enumerator *at = handle_get(__func__, HANDLE_ENUMERATOR, enumerator);
    gp_check_out(__func__, "nameBufferLen", nameBufferLen, sizeof(*nameBufferLen));
    gp_check_out(__func__, "nameBuffer", nameBuffer, *nameBufferLen);
    struct property property;
    if (!at->started || !property_at(at->set, at->index, &property))
        return TEE_ERROR_ITEM_NOT_FOUND;
    return property_put_text(property.name, property.name_length, nameBuffer, nameBufferLen);
}

TEE_Result TEE_GetNextProperty(TEE_PropSetHandle enumerator)
{
    struct property_enumerator *at = handle_get(__func__, HANDLE_ENUMERATOR, enumerator);
    struct property property;
    if (!at->started || !property_at(at->set, at->index, &property))
        return TEE_ERROR_ITEM_NOT_FOUND;
    at->index++;
    return property_at(at->set, at->index, &property) ? TEE_SUCCESS : TEE_ERROR_ITEM_NOT_FOUND;
}

/* The forms of 1.1. What is longer than 4 GiB is not told in 32 bits; nothing here is. */

TEE_Result postern_1_1_GetPropertyAsString(TEE_PropSetHandle set, const char *name, char *value,
                                           uint32_t *length)
{
    gp_check_out("TEE_GetPropertyAsString", "valueBufferLen", length, sizeof(*length));
    size_t size = *length;
    const TEE_Result result = TEE_GetPropertyAsString(set, name, value, &size);
    *length = (uint32_t)size;
    return result;
}

TEE_Result postern_1_1_GetPropertyAsBinaryBlock(TEE_PropSetHandle set, const char *name,
                                                void *value, uint32_t *length)
{
    gp_check_out("TEE_GetPropertyAsBinaryBlock", "valueBufferLen", length, sizeof(*length));
    size_t size = *length;
    const TEE_Result result = TEE_GetPropertyAsBinaryBlock(set, name, value, &size);
    *length = (uint32_t)size;
    return result;
}

TEE_Result postern_1_1_GetPropertyName(TEE_PropSetHandle enumerator, void *name, uint32_t *length)
{
    gp_check_out("TEE_GetPropertyName", "nameBufferLen", length, sizeof(*length));
    size_t size = *length;
    const TEE_Result result = TEE_GetPropertyName(enumerator, name, &size);
    *length = (uint32_t)size;
    return result;
}

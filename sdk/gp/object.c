/*
 * TEE Internal Core API 1.3, 5.5 and 5.6: transient objects, as far as there are types: HMAC keys.
 */
#include <sdk/gp/object.h>

#include <sdk/gp/handle.h>
#include <sdk/gp/panic.h>
#include <sdk/rt/runtime.h>

#include <stdlib.h>
#include <string.h>
#include <tee_internal_api.h>

#undef TEE_GetObjectBufferAttribute

struct object_type {
    uint32_t type;
    uint32_t min_bits;
    uint32_t max_bits; /* multiples of 8 between them */
    const char *name;
};

/* 5.6.1, the table of key sizes. */
static const struct object_type object_types[] = {
    {TEE_TYPE_HMAC_SHA256, 192, 1024, "TEE_TYPE_HMAC_SHA256"},
    {TEE_TYPE_HMAC_SHA384, 256, 1024, "TEE_TYPE_HMAC_SHA384"},
    {TEE_TYPE_HMAC_SHA512, 256, 1024, "TEE_TYPE_HMAC_SHA512"},
};

static const struct object_type *object_type_find(uint32_t type)
{
    for (size_t i = 0; i < sizeof(object_types) / sizeof(object_types[0]); i++) {
        if (object_types[i].type == type)
            return &object_types[i];
    }
    return NULL;
}

static bool object_type_has_size(const struct object_type *type, uint32_t bits)
{
    return bits >= type->min_bits && bits <= type->max_bits && bits % 8 == 0;
}

struct object *object_get(const char *function, TEE_ObjectHandle handle)
{
    return handle_get(function, HANDLE_OBJECT, handle);
}

static struct object *object_get_initialized(const char *function, TEE_ObjectHandle handle)
{
    struct object *object = object_get(function, handle);
    if (!object->initialized)
        gp_panic(function, TEE_ERROR_BAD_STATE, "the object is not initialized");
    return object;
}

static struct object *object_get_uninitialized(const char *function, TEE_ObjectHandle handle)
{
    struct object *object = object_get(function, handle);
    if (object->initialized)
        gp_panic(function, TEE_ERROR_BAD_STATE, "the object is initialized already");
    return object;
}

static void object_set_key(struct object *object, const void *key, uint32_t bits)
{
    memcpy(object->key, key, bits / 8);
    object->key_bits = bits;
    object->initialized = true;
}

static void object_clear(struct object *object)
{
    explicit_bzero(object->key, sizeof(object->key));
    object->key_bits = 0;
    object->initialized = false;
    object->usage = TEE_USAGE_DEFAULT;
}

TEE_Result TEE_GetObjectInfo1(TEE_ObjectHandle object, TEE_ObjectInfo *objectInfo)
{
    const struct object *asked = object_get(__func__, object);
    gp_check_out(__func__, "objectInfo", objectInfo, sizeof(*objectInfo));
    *objectInfo = (TEE_ObjectInfo){
        .objectType = asked->type,
        .objectSize = asked->key_bits,
        .maxObjectSize = asked->max_bits,
        .objectUsage = asked->usage,
        .handleFlags = asked->initialized ? TEE_HANDLE_FLAG_INITIALIZED : 0,
    };
    return TEE_SUCCESS;
}

TEE_Result TEE_RestrictObjectUsage1(TEE_ObjectHandle object, uint32_t objectUsage)
{
    object_get(__func__, object)->usage &= objectUsage;
    return TEE_SUCCESS;
}

TEE_Result TEE_GetObjectBufferAttribute(TEE_ObjectHandle object, uint32_t attributeID, void *buffer,
                                        size_t *size)
{
    const struct object *asked = object_get_initialized(__func__, object);
    gp_check_out(__func__, "size", size, sizeof(*size));
    gp_check_out(__func__, "buffer", buffer, *size);
    if ((attributeID & TEE_ATTR_FLAG_VALUE) != 0)
        gp_panic(__func__, TEE_ERROR_BAD_PARAMETERS, "attribute 0x%08x is a value, not a buffer",
                 (unsigned)attributeID);
    if ((attributeID & TEE_ATTR_FLAG_PUBLIC) == 0 && (asked->usage & TEE_USAGE_EXTRACTABLE) == 0)
        gp_panic(__func__, TEE_ERROR_ACCESS_DENIED, "the object lacks TEE_USAGE_EXTRACTABLE");
    if (attributeID != TEE_ATTR_SECRET_VALUE)
        return TEE_ERROR_ITEM_NOT_FOUND;
    const size_t room = *size;
    *size = asked->key_bits / 8;
    if (room < *size)
        return TEE_ERROR_SHORT_BUFFER;
    memcpy(buffer, asked->key, *size);
    return TEE_SUCCESS;
}

TEE_Result TEE_GetObjectValueAttribute(TEE_ObjectHandle object, uint32_t attributeID, uint32_t *a,
                                       uint32_t *b)
{
    const struct object *asked = object_get_initialized(__func__, object);
    gp_check_out(__func__, "a", a, a != NULL ? sizeof(*a) : 0);
    gp_check_out(__func__, "b", b, b != NULL ? sizeof(*b) : 0);
    if ((attributeID & TEE_ATTR_FLAG_VALUE) == 0)
        gp_panic(__func__, TEE_ERROR_BAD_PARAMETERS, "attribute 0x%08x is a buffer, not a value",
                 (unsigned)attributeID);
    if ((attributeID & TEE_ATTR_FLAG_PUBLIC) == 0 && (asked->usage & TEE_USAGE_EXTRACTABLE) == 0)
        gp_panic(__func__, TEE_ERROR_ACCESS_DENIED, "the object lacks TEE_USAGE_EXTRACTABLE");
    return TEE_ERROR_ITEM_NOT_FOUND;
}

TEE_Result TEE_AllocateTransientObject(uint32_t objectType, uint32_t maxObjectSize,
                                       TEE_ObjectHandle *object)
{
    gp_check_out(__func__, "object", object, sizeof(*object));
    *object = TEE_HANDLE_NULL;
    const struct object_type *type = object_type_find(objectType);
    if (type == NULL) {
        rt_log(SYS_LOG_WARN, "%s: there is no object type 0x%08x", __func__, (unsigned)objectType);
        return TEE_ERROR_NOT_SUPPORTED;
    }
    if (!object_type_has_size(type, maxObjectSize)) {
        rt_log(SYS_LOG_WARN, "%s: keys of %s have %u to %u bits, a multiple of 8, not %u", __func__,
               type->name, (unsigned)type->min_bits, (unsigned)type->max_bits,
               (unsigned)maxObjectSize);
        return TEE_ERROR_NOT_SUPPORTED;
    }
    struct object *made = calloc(1, sizeof(*made));
    if (made == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    made->type = objectType;
    made->max_bits = maxObjectSize;
    made->usage = TEE_USAGE_DEFAULT;
    *object = handle_create(HANDLE_OBJECT, made);
    if (*object == TEE_HANDLE_NULL) {
        free(made);
        return TEE_ERROR_OUT_OF_MEMORY;
    }
    return TEE_SUCCESS;
}

static void object_free(const char *function, TEE_ObjectHandle object)
{
    if (object == TEE_HANDLE_NULL)
        return;
    struct object *freed = object_get(function, object);
    handle_destroy(object);
    object_clear(freed);
    free(freed);
}

void TEE_FreeTransientObject(TEE_ObjectHandle object)
{
    object_free(__func__, object);
}

void TEE_CloseObject(TEE_ObjectHandle object)
{
    object_free(__func__, object);
}

void TEE_ResetTransientObject(TEE_ObjectHandle object)
{
    object_clear(object_get(__func__, object));
}

TEE_Result TEE_PopulateTransientObject(TEE_ObjectHandle object, const TEE_Attribute *attrs,
                                       uint32_t attrCount)
{
    struct object *filled = object_get_uninitialized(__func__, object);
    gp_check_in(__func__, "attrs", attrs, (size_t)attrCount * sizeof(*attrs));
    if (attrCount != 1 || attrs[0].attributeID != TEE_ATTR_SECRET_VALUE)
        gp_panic(__func__, TEE_ERROR_BAD_PARAMETERS,
                 "an HMAC key has one attribute, TEE_ATTR_SECRET_VALUE");
    const void *key = attrs[0].content.ref.buffer;
    const size_t length = attrs[0].content.ref.length;
    gp_check_in(__func__, "attrs[0].content.ref", key, length);
    if (length > filled->max_bits / 8)
        gp_panic(__func__, TEE_ERROR_BAD_PARAMETERS,
                 "the key has %zu bytes, and the object has room for %u bits", length,
                 (unsigned)filled->max_bits);
    const struct object_type *type = object_type_find(filled->type);
    const uint32_t bits = (uint32_t)length * 8;
    if (!object_type_has_size(type, bits)) {
        rt_log(SYS_LOG_WARN, "%s: keys of %s have %u to %u bits, not %u", __func__, type->name,
               (unsigned)type->min_bits, (unsigned)type->max_bits, (unsigned)bits);
        return TEE_ERROR_BAD_PARAMETERS;
    }
    object_set_key(filled, key, bits);
    return TEE_SUCCESS;
}

void TEE_InitRefAttribute(TEE_Attribute *attr, uint32_t attributeID, const void *buffer,
                          size_t length)
{
    gp_check_out(__func__, "attr", attr, sizeof(*attr));
    if ((attributeID & TEE_ATTR_FLAG_VALUE) != 0)
        gp_panic(__func__, TEE_ERROR_BAD_PARAMETERS, "attribute 0x%08x is a value, not a buffer",
                 (unsigned)attributeID);
    attr->attributeID = attributeID;
    attr->content.ref.buffer = (void *)(uintptr_t)buffer;
    attr->content.ref.length = length;
}

void TEE_InitValueAttribute(TEE_Attribute *attr, uint32_t attributeID, uint32_t a, uint32_t b)
{
    gp_check_out(__func__, "attr", attr, sizeof(*attr));
    if ((attributeID & TEE_ATTR_FLAG_VALUE) == 0)
        gp_panic(__func__, TEE_ERROR_BAD_PARAMETERS, "attribute 0x%08x is a buffer, not a value",
                 (unsigned)attributeID);
    attr->attributeID = attributeID;
    attr->content.value.a = a;
    attr->content.value.b = b;
}

TEE_Result TEE_CopyObjectAttributes1(TEE_ObjectHandle destObject, TEE_ObjectHandle srcObject)
{
    struct object *to = object_get_uninitialized(__func__, destObject);
    const struct object *from = object_get_initialized(__func__, srcObject);
    if (to->type != from->type)
        gp_panic(__func__, TEE_ERROR_BAD_PARAMETERS, "the objects' types differ: 0x%08x, 0x%08x",
                 (unsigned)to->type, (unsigned)from->type);
    if (from->key_bits > to->max_bits)
        gp_panic(__func__, TEE_ERROR_BAD_PARAMETERS,
                 "the key has %u bits, and destObject has room for %u", (unsigned)from->key_bits,
                 (unsigned)to->max_bits);
    object_set_key(to, from->key, from->key_bits);
    return TEE_SUCCESS;
}

TEE_Result TEE_GenerateKey(TEE_ObjectHandle object, uint32_t keySize, const TEE_Attribute *params,
                           uint32_t paramCount)
{
    struct object *filled = object_get_uninitialized(__func__, object);
    gp_check_in(__func__, "params", params, (size_t)paramCount * sizeof(*params));
    const struct object_type *type = object_type_find(filled->type);
    if (paramCount != 0)
        gp_panic(__func__, TEE_ERROR_BAD_PARAMETERS, "%s takes no parameters", type->name);
    if (!object_type_has_size(type, keySize) || keySize > filled->max_bits)
        gp_panic(__func__, TEE_ERROR_BAD_PARAMETERS,
                 "keySize: keys of this object have %u to %u bits, a multiple of 8, not %u",
                 (unsigned)type->min_bits, (unsigned)filled->max_bits, (unsigned)keySize);
    uint8_t key[OBJECT_KEY_MAX];
    TEE_GenerateRandom(key, keySize / 8);
    object_set_key(filled, key, keySize);
    explicit_bzero(key, sizeof(key));
    return TEE_SUCCESS;
}

void TEE_GetObjectInfo(TEE_ObjectHandle object, TEE_ObjectInfo *objectInfo)
{
    (void)TEE_GetObjectInfo1(object, objectInfo);
}

void TEE_RestrictObjectUsage(TEE_ObjectHandle object, uint32_t objectUsage)
{
    (void)TEE_RestrictObjectUsage1(object, objectUsage);
}

void TEE_CopyObjectAttributes(TEE_ObjectHandle destObject, TEE_ObjectHandle srcObject)
{
    (void)TEE_CopyObjectAttributes1(destObject, srcObject);
}

TEE_Result postern_1_1_GetObjectBufferAttribute(TEE_ObjectHandle object, uint32_t id, void *buffer,
                                                uint32_t *size)
{
    gp_check_out("TEE_GetObjectBufferAttribute", "size", size, sizeof(*size));
    size_t wide = *size;
    const TEE_Result result = TEE_GetObjectBufferAttribute(object, id, buffer, &wide);
    *size = (uint32_t)wide;
    return result;
}

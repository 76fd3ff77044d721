/*
 * Keys, digests and MACs: published vectors, the states of an operation, every misuse.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sdk/rt/test/kernel.h>
#include <stdio.h>
#include <string.h>
#include <tee_internal_api.h>

#define BAD TEE_ERROR_BAD_PARAMETERS
#define STATE TEE_ERROR_BAD_STATE

static void assert_hex(const uint8_t *bytes, size_t size, const char *hex)
{
    char text[2 * 64 + 1];
    for (size_t i = 0; i < size; i++)
        snprintf(&text[2 * i], 3, "%02x", bytes[i]);
    assert_string_equal(text, hex);
}

static TEE_OperationHandle digest_new(uint32_t algorithm)
{
    TEE_OperationHandle operation;
    assert_int_equal(TEE_AllocateOperation(&operation, algorithm, TEE_MODE_DIGEST, 0), 0);
    return operation;
}

static TEE_ObjectHandle key_new(uint32_t type, const void *key, size_t size)
{
    TEE_ObjectHandle object;
    TEE_Attribute attribute;
    assert_int_equal(TEE_AllocateTransientObject(type, 1024, &object), 0);
    TEE_InitRefAttribute(&attribute, TEE_ATTR_SECRET_VALUE, key, size);
    assert_int_equal(TEE_PopulateTransientObject(object, &attribute, 1), 0);
    return object;
}

static TEE_OperationHandle mac_new(uint32_t algorithm, uint32_t type, const void *key, size_t size)
{
    TEE_OperationHandle operation;
    TEE_ObjectHandle object = key_new(type, key, size);
    assert_int_equal(TEE_AllocateOperation(&operation, algorithm, TEE_MODE_MAC, 1024), 0);
    assert_int_equal(TEE_SetOperationKey(operation, object), 0);
    TEE_FreeTransientObject(object); /* the operation has a copy */
    return operation;
}

/* FIPS 180-4, the examples that NIST publishes with it. */
static void digest_vectors(void **state)
{
    (void)state;
    static const char two_blocks[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    static const struct {
        uint32_t algorithm;
        size_t size;
        const char *empty, *abc, *two, *million;
    } cases[] = {
        {TEE_ALG_SHA256, 32, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
         "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
         "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
        {TEE_ALG_SHA384, 48,
         "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14"
         "898b95b",
         "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca13"
         "4c825a7",
         "3391fdddfc8dc7393707a65b1b4709397cf8b1d162af05abfe8f450de5f36bc6b0455a8520bc4e6f5fe95b1fe"
         "3c8452b",
         "9d0e1809716474cb086e834e310a4a1ced149e9c00f248527972cec5704c2a5b07b8b3dc38ecc4ebae97ddd87"
         "f3d8985"},
        {TEE_ALG_SHA512, 64,
         "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d28"
         "77eec2f63b931bd47417a81a538327af927da3e",
         "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a"
         "3feebbd454d4423643ce80e2a9ac94fa54ca49f",
         "204a8fc6dda82f0a0ced7beb8e08a41657c16ef468b228a8279be331a703c33596fd15c13b1b07f9aa1d3bea5"
         "7789ca031ad85c7a71dd70354ec631238ca3445",
         "e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973ebde0ff244877ea60a4cb0432ce"
         "577c31beb009c5c2c49aa2e4eadb217ad8cc09b"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        TEE_OperationHandle operation = digest_new(cases[i].algorithm);
        uint8_t hash[64];
        size_t size = sizeof(hash);
        assert_int_equal(TEE_DigestDoFinal(operation, NULL, 0, hash, &size), 0);
        assert_int_equal(size, cases[i].size);
        assert_hex(hash, size, cases[i].empty);
        assert_int_equal(TEE_DigestDoFinal(operation, "abc", 3, hash, &size), 0);
        assert_hex(hash, size, cases[i].abc);
        for (size_t k = 0; k < sizeof(two_blocks) - 1; k++)
            TEE_DigestUpdate(operation, &two_blocks[k], 1);
        uint32_t old_size = sizeof(hash);
        assert_int_equal(TEE_DigestDoFinal(operation, NULL, 0, hash, &old_size), 0);
        assert_int_equal(old_size, cases[i].size);
        assert_hex(hash, size, cases[i].two);
        char piece[1000];
        memset(piece, 'a', sizeof(piece));
        for (int k = 0; k < 999; k++)
            TEE_DigestUpdate(operation, piece, sizeof(piece));
        assert_int_equal(TEE_DigestDoFinal(operation, piece, sizeof(piece), hash, &size), 0);
        assert_hex(hash, size, cases[i].million);
        TEE_FreeOperation(operation);
    }
}

/* RFC 4231, test case 4: the one whose key has a size that GlobalPlatform allows. */
static void mac_vectors(void **state)
{
    (void)state;
    static uint8_t key_4[25];
    static uint8_t data_4[50];
    memset(data_4, 0xcd, sizeof(data_4));
    for (size_t i = 0; i < sizeof(key_4); i++)
        key_4[i] = (uint8_t)(i + 1);
    TEE_OperationHandle operation =
        mac_new(TEE_ALG_HMAC_SHA256, TEE_TYPE_HMAC_SHA256, key_4, sizeof(key_4));
    uint8_t mac[64];
    size_t size = sizeof(mac);
    for (int round = 0; round < 3; round++) { /* the key is still there afterwards */
        TEE_MACInit(operation, NULL, 0);
        TEE_MACUpdate(operation, data_4, 20);
        TEE_MACUpdate(operation, NULL, 0);
        assert_int_equal(TEE_MACComputeFinal(operation, data_4, 30, mac, &size), 0);
        assert_hex(mac, size, "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
    }
    TEE_MACInit(operation, NULL, 0);
    assert_int_equal(TEE_MACCompareFinal(operation, data_4, 50, mac, 32), 0);
    for (size_t i = 0; i < 32; i++) {
        mac[i] ^= 0x80;
        TEE_MACInit(operation, NULL, 0);
        assert_int_equal(TEE_MACCompareFinal(operation, data_4, 50, mac, 32),
                         TEE_ERROR_MAC_INVALID);
        mac[i] ^= 0x80;
    }
    TEE_MACInit(operation, NULL, 0);
    assert_int_equal(TEE_MACCompareFinal(operation, data_4, 50, mac, 31), TEE_ERROR_MAC_INVALID);
    TEE_MACInit(operation, NULL, 0);
    assert_int_equal(TEE_MACCompareFinal(operation, data_4, 50, mac, 33), TEE_ERROR_MAC_INVALID);
    TEE_MACInit(operation, NULL, 0);
    assert_int_equal(TEE_MACCompareFinal(operation, data_4, 50, NULL, 0), TEE_ERROR_MAC_INVALID);
    TEE_FreeOperation(operation);
}

/* Computed with Python's hmac module: key 00 01 02 ..., data "what do ya want for nothing?". */
static void mac_computed(void **state)
{
    (void)state;
    static const struct {
        uint32_t algorithm;
        uint32_t type;
        size_t key_size;
        const char *mac;
    } cases[] = {
        {TEE_ALG_HMAC_SHA256, TEE_TYPE_HMAC_SHA256, 24,
         "e2719b0b4226b6ead996477065d99484b1b108d5b5d8cb24b7abfab32890f21d"},
        {TEE_ALG_HMAC_SHA256, TEE_TYPE_HMAC_SHA256, 64,
         "5431cc41830bee7889a6b5d04b33877387ea9b8170759f4dca4323cfb5725508"},
        {TEE_ALG_HMAC_SHA256, TEE_TYPE_HMAC_SHA256, 65,
         "b8510ec6c86f16d7c86061bd02266a93ffa7add59683bd03dc645ba1f238c38c"},
        {TEE_ALG_HMAC_SHA256, TEE_TYPE_HMAC_SHA256, 128,
         "58a7ed671543f1eba6ebc40ce1e7183c7d8723d9705b965df6b75f2a8873b069"},
        {TEE_ALG_HMAC_SHA384, TEE_TYPE_HMAC_SHA384, 32,
         "cbec3214bb6a3e27213c0e42140fc463e2c3c56276bb7a12d610373ee32424cd403e09eaa3ab082e"
         "7d5fd69ac5d9fb9c"},
        {TEE_ALG_HMAC_SHA384, TEE_TYPE_HMAC_SHA384, 128,
         "c9c29fca7348d7199b42f78b7556c31325552abfb330e72ed240145ba451a69254ef2a967136ecea"
         "77803262f2d00494"},
        {TEE_ALG_HMAC_SHA512, TEE_TYPE_HMAC_SHA512, 32,
         "e11d76c380cdfd3c4598d7ed67bc7cb2c0467aa5e7e9cefaca45e9ca1fbf20d1bcd9e4294b96bade"
         "c9a9aa8fd4b3cf43a225e0273c7b683bde3a61a421f796d1"},
        {TEE_ALG_HMAC_SHA512, TEE_TYPE_HMAC_SHA512, 128,
         "45a2353553c24eb6dc843fa22df01bec0a487ca3c7fe017d2d7bec8e7714686d2d9ab5a2817902ea"
         "c0a6a50bcc8265f00308b8258c903c2ec7f7e4305d546cf4"},
    };
    static const char data[] = "what do ya want for nothing?";
    uint8_t key[128];
    for (size_t i = 0; i < sizeof(key); i++)
        key[i] = (uint8_t)i;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        TEE_OperationHandle operation =
            mac_new(cases[i].algorithm, cases[i].type, key, cases[i].key_size);
        uint8_t mac[64];
        uint32_t size = sizeof(mac);
        TEE_MACInit(operation, NULL, 0);
        assert_int_equal(TEE_MACComputeFinal(operation, data, sizeof(data) - 1, mac, &size), 0);
        assert_hex(mac, size, cases[i].mac);
        TEE_FreeOperation(operation);
    }
}

static void digest_short_buffer(void **state)
{
    (void)state;
    TEE_OperationHandle operation = digest_new(TEE_ALG_SHA256);
    uint8_t hash[32];
    TEE_DigestUpdate(operation, "a", 1);
    size_t size = 31;
    assert_int_equal(TEE_DigestDoFinal(operation, "bc", 2, hash, &size), TEE_ERROR_SHORT_BUFFER);
    assert_int_equal(size, 32);
    size = 0;
    assert_int_equal(TEE_DigestDoFinal(operation, "bc", 2, NULL, &size), TEE_ERROR_SHORT_BUFFER);
    assert_int_equal(TEE_DigestDoFinal(operation, "bc", 2, hash, &size), 0);
    assert_hex(hash, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    TEE_FreeOperation(operation);
}

static void digest_extraction(void **state)
{
    (void)state;
    TEE_OperationHandle operation = digest_new(TEE_ALG_SHA256);
    TEE_OperationHandle copy = digest_new(TEE_ALG_SHA256);
    uint8_t hash[64];
    TEE_OperationInfo info;
    TEE_DigestUpdate(operation, "abc", 3);
    size_t size = 10;
    assert_int_equal(TEE_DigestExtract(operation, hash, &size), 0);
    assert_int_equal(size, 10);
    TEE_GetOperationInfo(operation, &info);
    assert_true((info.handleState & TEE_HANDLE_FLAG_EXTRACTING) != 0);
    EXPECT_PANIC(STATE, "TEE_DigestUpdate", TEE_DigestUpdate(operation, "x", 1));
    EXPECT_PANIC(STATE, "TEE_DigestDoFinal", TEE_DigestDoFinal(operation, "x", 1, hash, &size));
    TEE_CopyOperation(copy, operation);
    size = 64;
    assert_int_equal(TEE_DigestExtract(operation, hash + 10, &size), 0);
    assert_int_equal(size, 22);
    assert_hex(hash, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    size = 5;
    assert_int_equal(TEE_DigestExtract(operation, hash, &size), 0);
    assert_int_equal(size, 0);
    size = 0;
    assert_int_equal(TEE_DigestDoFinal(operation, NULL, 0, NULL, &size), 0);
    size = 21;
    assert_int_equal(TEE_DigestDoFinal(copy, NULL, 0, hash, &size), TEE_ERROR_SHORT_BUFFER);
    assert_int_equal(size, 22);
    assert_int_equal(TEE_DigestDoFinal(copy, NULL, 0, hash, &size), 0);
    assert_hex(hash, 22, "40de5dae2223b00361a396177a9cb410ff61f20015ad");
    /* Both are initial again. */
    size = 32;
    assert_int_equal(TEE_DigestDoFinal(operation, "abc", 3, hash, &size), 0);
    assert_hex(hash, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    size = 4;
    TEE_DigestExtract(operation, hash, &size);
    TEE_ResetOperation(operation);
    size = 32;
    assert_int_equal(TEE_DigestDoFinal(operation, "abc", 3, hash, &size), 0);
    assert_hex(hash, 4, "ba7816bf");
    TEE_FreeOperation(operation);
    TEE_FreeOperation(copy);
}

static void copies(void **state)
{
    (void)state;
    TEE_OperationHandle a = digest_new(TEE_ALG_SHA512);
    TEE_OperationHandle b = digest_new(TEE_ALG_SHA512);
    TEE_OperationHandle c = digest_new(TEE_ALG_SHA384);
    uint8_t hash_a[64];
    uint8_t hash_b[64];
    size_t size = 64;
    TEE_DigestUpdate(a, "ab", 2);
    TEE_DigestUpdate(b, "to be forgotten", 15);
    TEE_CopyOperation(b, a);
    TEE_CopyOperation(a, a);
    assert_int_equal(TEE_DigestDoFinal(a, "c", 1, hash_a, &size), 0);
    assert_int_equal(TEE_DigestDoFinal(b, "c", 1, hash_b, &size), 0);
    assert_memory_equal(hash_a, hash_b, 64);
    assert_hex(hash_a, 4, "ddaf35a1");
    EXPECT_PANIC(BAD, "TEE_CopyOperation", TEE_CopyOperation(a, c));
    TEE_FreeOperation(a);
    TEE_FreeOperation(b);
    TEE_FreeOperation(c);

    uint8_t key[48];
    memset(key, 7, sizeof(key));
    a = mac_new(TEE_ALG_HMAC_SHA256, TEE_TYPE_HMAC_SHA256, key, sizeof(key));
    assert_int_equal(TEE_AllocateOperation(&b, TEE_ALG_HMAC_SHA256, TEE_MODE_MAC, 384), 0);
    assert_int_equal(TEE_AllocateOperation(&c, TEE_ALG_HMAC_SHA256, TEE_MODE_MAC, 256), 0);
    TEE_MACInit(a, NULL, 0);
    TEE_MACUpdate(a, "ab", 2);
    TEE_CopyOperation(b, a);
    size = 32;
    assert_int_equal(TEE_MACComputeFinal(a, "c", 1, hash_a, &size), 0);
    assert_int_equal(TEE_MACCompareFinal(b, "c", 1, hash_a, size), 0);
    TEE_MACInit(b, NULL, 0); /* the key came along */
    assert_int_equal(TEE_MACCompareFinal(b, "abc", 3, hash_a, size), 0);
    EXPECT_PANIC(BAD, "maxKeySize", TEE_CopyOperation(c, a));
    TEE_CopyOperation(b, c); /* without a key */
    EXPECT_PANIC(STATE, "no key", TEE_MACInit(b, NULL, 0));
    TEE_FreeOperation(a);
    TEE_FreeOperation(b);
    TEE_FreeOperation(c);
}

static void information(void **state)
{
    (void)state;
    uint8_t key[32] = {1};
    TEE_OperationInfo info;
    TEE_OperationHandle digest = digest_new(TEE_ALG_SHA384);
    TEE_GetOperationInfo(digest, &info);
    assert_int_equal(info.algorithm, TEE_ALG_SHA384);
    assert_int_equal(info.operationClass, TEE_OPERATION_DIGEST);
    assert_int_equal(info.mode, TEE_MODE_DIGEST);
    assert_int_equal(info.digestLength, 48);
    assert_int_equal(info.keySize, 0);
    assert_int_equal(info.requiredKeyUsage, 0);
    assert_int_equal(info.handleState, TEE_HANDLE_FLAG_INITIALIZED | TEE_HANDLE_FLAG_KEY_SET);
    TEE_OperationHandle mac;
    assert_int_equal(TEE_AllocateOperation(&mac, TEE_ALG_HMAC_SHA256, TEE_MODE_MAC, 512), 0);
    TEE_GetOperationInfo(mac, &info);
    assert_int_equal(info.handleState, 0);
    assert_int_equal(info.maxKeySize, 512);
    assert_int_equal(info.requiredKeyUsage, TEE_USAGE_MAC);
    TEE_ObjectHandle object = key_new(TEE_TYPE_HMAC_SHA256, key, sizeof(key));
    assert_int_equal(TEE_SetOperationKey(mac, object), 0);
    TEE_GetOperationInfo(mac, &info);
    assert_int_equal(info.handleState, TEE_HANDLE_FLAG_KEY_SET);
    assert_int_equal(info.keySize, 256);
    TEE_MACInit(mac, NULL, 0);
    uint32_t room[16];
    TEE_OperationInfoMultiple *multiple = (TEE_OperationInfoMultiple *)(void *)room;
    size_t size = sizeof(room);
    assert_int_equal(TEE_GetOperationInfoMultiple(mac, multiple, &size), 0);
    assert_int_equal(size, sizeof(*multiple) + sizeof(multiple->keyInformation[0]));
    assert_int_equal(multiple->numberOfKeys, 1);
    assert_int_equal(multiple->operationState, TEE_OPERATION_STATE_ACTIVE);
    assert_int_equal(multiple->keyInformation[0].keySize, 256);
    uint32_t old_size = (uint32_t)size - 1;
    assert_int_equal(TEE_GetOperationInfoMultiple(mac, multiple, &old_size),
                     TEE_ERROR_SHORT_BUFFER);
    assert_int_equal(old_size, size);
    TEE_FreeOperation(mac);
    TEE_FreeOperation(digest);
    TEE_FreeTransientObject(object);
}

static void information_states(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(TEE_IsAlgorithmSupported(TEE_ALG_SHA256 + i, 0), 0);
        assert_int_equal(TEE_IsAlgorithmSupported(TEE_ALG_HMAC_SHA256 + i, 0), 0);
        assert_int_equal(TEE_IsAlgorithmSupported(TEE_ALG_HMAC_SHA256 + i, 1),
                         TEE_ERROR_NOT_SUPPORTED);
    }
    assert_int_equal(TEE_IsAlgorithmSupported(0x50000001, 0), TEE_ERROR_NOT_SUPPORTED);
    assert_int_equal(TEE_IsAlgorithmSupported(TEE_ALG_ILLEGAL_VALUE, 0), TEE_ERROR_NOT_SUPPORTED);
}

static void allocation(void **state)
{
    (void)state;
    static const struct {
        uint32_t algorithm, mode, bits;
    } bad[] = {
        {0, TEE_MODE_DIGEST, 0},
        {0x50000001, TEE_MODE_DIGEST, 0},
        {TEE_ALG_SHA256, TEE_MODE_MAC, 0},
        {TEE_ALG_SHA256, TEE_MODE_DIGEST, 8},
        {TEE_ALG_HMAC_SHA256, TEE_MODE_DIGEST, 256},
        {TEE_ALG_HMAC_SHA256, TEE_MODE_SIGN, 256},
        {TEE_ALG_HMAC_SHA256, TEE_MODE_MAC, 0},
        {TEE_ALG_HMAC_SHA256, TEE_MODE_MAC, 191},
        {TEE_ALG_HMAC_SHA256, TEE_MODE_MAC, 193},
        {TEE_ALG_HMAC_SHA256, TEE_MODE_MAC, 1032},
        {TEE_ALG_HMAC_SHA384, TEE_MODE_MAC, 192},
        {TEE_ALG_HMAC_SHA512, TEE_MODE_MAC, UINT32_MAX},
    };
    TEE_OperationHandle operation;
    TEE_ObjectHandle object;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        test_kernel.log[0] = '\0';
        operation = (TEE_OperationHandle)1;
        assert_int_equal(
            TEE_AllocateOperation(&operation, bad[i].algorithm, bad[i].mode, bad[i].bits),
            TEE_ERROR_NOT_SUPPORTED);
        assert_null(operation);
        assert_non_null(strstr(test_kernel.log, "TEE_AllocateOperation: "));
    }
    static const uint32_t sizes[] = {0, 8, 184, 191, 200 + 1, 1025, 1032, UINT32_MAX - 7};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        object = (TEE_ObjectHandle)1;
        assert_int_equal(TEE_AllocateTransientObject(TEE_TYPE_HMAC_SHA256, sizes[i], &object),
                         TEE_ERROR_NOT_SUPPORTED);
        assert_null(object);
        assert_non_null(strstr(test_kernel.log, "192 to 1024 bits"));
    }
    assert_int_equal(TEE_AllocateTransientObject(0xA0000010, 128, &object),
                     TEE_ERROR_NOT_SUPPORTED);
    TEE_FreeOperation(TEE_HANDLE_NULL);
    TEE_FreeTransientObject(TEE_HANDLE_NULL);
    TEE_CloseObject(TEE_HANDLE_NULL);
    EXPECT_PANIC(BAD, "TEE_AllocateOperation: operation",
                 TEE_AllocateOperation(NULL, TEE_ALG_SHA256, TEE_MODE_DIGEST, 0));
    EXPECT_PANIC(BAD, "TEE_AllocateTransientObject: object",
                 TEE_AllocateTransientObject(TEE_TYPE_HMAC_SHA256, 256, NULL));
    for (int i = 0; i < 5000; i++) { /* handles and memory come back */
        operation = digest_new(TEE_ALG_SHA256);
        TEE_FreeOperation(operation);
    }
    TEE_OperationHandle many[200];
    for (size_t i = 0; i < 200; i++) {
        many[i] = digest_new(TEE_ALG_SHA256);
        for (size_t k = 0; k < i; k++)
            assert_ptr_not_equal(many[i], many[k]);
    }
    for (size_t i = 0; i < 200; i++)
        TEE_FreeOperation(many[i]);
}

static void objects(void **state)
{
    (void)state;
    uint8_t key[128];
    memset(key, 3, sizeof(key));
    TEE_ObjectHandle a = key_new(TEE_TYPE_HMAC_SHA512, key, 33);
    TEE_ObjectInfo info;
    assert_int_equal(TEE_GetObjectInfo1(a, &info), 0);
    assert_int_equal(info.objectType, TEE_TYPE_HMAC_SHA512);
    assert_int_equal(info.keySize, 264);
    assert_int_equal(info.objectSize, 264);
    assert_int_equal(info.maxKeySize, 1024);
    assert_int_equal(info.objectUsage, TEE_USAGE_DEFAULT);
    assert_int_equal(info.handleFlags, TEE_HANDLE_FLAG_INITIALIZED);
    uint8_t out[128];
    size_t size = 32;
    assert_int_equal(TEE_GetObjectBufferAttribute(a, TEE_ATTR_SECRET_VALUE, out, &size),
                     TEE_ERROR_SHORT_BUFFER);
    assert_int_equal(size, 33);
    assert_int_equal(TEE_GetObjectBufferAttribute(a, TEE_ATTR_SECRET_VALUE, out, &size), 0);
    assert_memory_equal(out, key, 33);
    assert_int_equal(TEE_GetObjectBufferAttribute(a, 0xC0000001, out, &size),
                     TEE_ERROR_ITEM_NOT_FOUND);
    uint32_t value;
    assert_int_equal(TEE_GetObjectValueAttribute(a, 0xF0000000, &value, NULL),
                     TEE_ERROR_ITEM_NOT_FOUND);
    TEE_ObjectHandle b;
    assert_int_equal(TEE_AllocateTransientObject(TEE_TYPE_HMAC_SHA512, 264, &b), 0);
    assert_int_equal(TEE_CopyObjectAttributes1(b, a), 0);
    assert_int_equal(TEE_RestrictObjectUsage1(a, TEE_USAGE_MAC), 0);
    TEE_RestrictObjectUsage(a, TEE_USAGE_DEFAULT); /* comes not back */
    TEE_GetObjectInfo(a, &info);
    assert_int_equal(info.objectUsage, TEE_USAGE_MAC);
    EXPECT_PANIC(TEE_ERROR_ACCESS_DENIED, "TEE_USAGE_EXTRACTABLE",
                 TEE_GetObjectBufferAttribute(a, TEE_ATTR_SECRET_VALUE, out, &size));
    size = 128;
    assert_int_equal(TEE_GetObjectBufferAttribute(b, TEE_ATTR_SECRET_VALUE, out, &size), 0);
    TEE_ResetTransientObject(b);
    assert_int_equal(TEE_GetObjectInfo1(b, &info), 0);
    assert_int_equal(info.handleFlags, 0);
    assert_int_equal(info.keySize, 0);
    assert_int_equal(info.maxKeySize, 264);
    assert_int_equal(TEE_GenerateKey(b, 264, NULL, 0), 0);
    size = 128;
    assert_int_equal(TEE_GetObjectBufferAttribute(b, TEE_ATTR_SECRET_VALUE, out, &size), 0);
    assert_int_equal(size, 33);
    assert_int_equal(out[32], 33); /* the test kernel's random numbers */
    TEE_FreeTransientObject(a);
    TEE_CloseObject(b);
}

static void object_misuse(void **state)
{
    (void)state;
    uint8_t key[128] = {0};
    size_t size = 64;
    TEE_ObjectInfo info;
    TEE_Attribute attrs[2];
    TEE_ObjectHandle a;
    TEE_ObjectHandle full = key_new(TEE_TYPE_HMAC_SHA256, key, 24);
    TEE_ObjectHandle other = key_new(TEE_TYPE_HMAC_SHA384, key, 32);
    assert_int_equal(TEE_AllocateTransientObject(TEE_TYPE_HMAC_SHA256, 192, &a), 0);
    EXPECT_PANIC(BAD, "TEE_InitRefAttribute", TEE_InitRefAttribute(&attrs[0], 0xF0000000, key, 1));
    EXPECT_PANIC(BAD, "TEE_InitRefAttribute: attr",
                 TEE_InitRefAttribute(NULL, TEE_ATTR_SECRET_VALUE, key, 1));
    EXPECT_PANIC(BAD, "TEE_InitValueAttribute",
                 TEE_InitValueAttribute(&attrs[0], TEE_ATTR_SECRET_VALUE, 0, 0));
    TEE_InitRefAttribute(&attrs[0], TEE_ATTR_SECRET_VALUE, key, 24);
    attrs[1] = attrs[0];
    EXPECT_PANIC(BAD, "one attribute", TEE_PopulateTransientObject(a, attrs, 0));
    EXPECT_PANIC(BAD, "one attribute", TEE_PopulateTransientObject(a, NULL, 0));
    EXPECT_PANIC(BAD, "one attribute", TEE_PopulateTransientObject(a, attrs, 2));
    EXPECT_PANIC(BAD, "attrs", TEE_PopulateTransientObject(a, NULL, 1));
    EXPECT_PANIC(BAD, "attrs", TEE_PopulateTransientObject(a, attrs, UINT32_MAX));
    EXPECT_PANIC(STATE, "initialized already", TEE_PopulateTransientObject(full, attrs, 1));
    attrs[0].content.ref.length = 25;
    EXPECT_PANIC(BAD, "room for 192 bits", TEE_PopulateTransientObject(a, attrs, 1));
    attrs[0].content.ref.length = SIZE_MAX;
    EXPECT_PANIC(BAD, "content.ref", TEE_PopulateTransientObject(a, attrs, 1));
    attrs[0].content.ref.length = 24;
    attrs[0].content.ref.buffer = NULL;
    EXPECT_PANIC(BAD, "content.ref", TEE_PopulateTransientObject(a, attrs, 1));
    attrs[0].content.ref.length = 0;
    assert_int_equal(TEE_PopulateTransientObject(a, attrs, 1), TEE_ERROR_BAD_PARAMETERS);
    TEE_InitRefAttribute(&attrs[0], TEE_ATTR_SECRET_VALUE, key, 23);
    assert_int_equal(TEE_PopulateTransientObject(a, attrs, 1), TEE_ERROR_BAD_PARAMETERS);
    TEE_InitValueAttribute(&attrs[0], 0xF0000000, 1, 2);
    EXPECT_PANIC(BAD, "one attribute", TEE_PopulateTransientObject(a, attrs, 1));
    EXPECT_PANIC(STATE, "not initialized",
                 TEE_GetObjectBufferAttribute(a, TEE_ATTR_SECRET_VALUE, key, &size));
    EXPECT_PANIC(STATE, "not initialized", TEE_GetObjectValueAttribute(a, 0xF0000000, NULL, NULL));
    EXPECT_PANIC(BAD, "is a buffer",
                 TEE_GetObjectValueAttribute(full, TEE_ATTR_SECRET_VALUE, NULL, NULL));
    EXPECT_PANIC(BAD, "is a value", TEE_GetObjectBufferAttribute(full, 0xF0000000, key, &size));
    EXPECT_PANIC(BAD, "TEE_GetObjectBufferAttribute: buffer",
                 TEE_GetObjectBufferAttribute(full, TEE_ATTR_SECRET_VALUE, NULL, &size));
    EXPECT_PANIC(BAD, "objectInfo", TEE_GetObjectInfo1(full, NULL));
    EXPECT_PANIC(STATE, "TEE_CopyObjectAttributes1", TEE_CopyObjectAttributes1(full, full));
    EXPECT_PANIC(STATE, "not initialized", TEE_CopyObjectAttributes1(a, a));
    EXPECT_PANIC(BAD, "types differ", TEE_CopyObjectAttributes1(a, other));
    EXPECT_PANIC(BAD, "keySize", TEE_GenerateKey(a, 200, NULL, 0));
    EXPECT_PANIC(BAD, "keySize", TEE_GenerateKey(a, 184, NULL, 0));
    EXPECT_PANIC(BAD, "keySize", TEE_GenerateKey(a, 0, NULL, 0));
    EXPECT_PANIC(BAD, "no parameters", TEE_GenerateKey(a, 192, attrs, 1));
    EXPECT_PANIC(STATE, "initialized already", TEE_GenerateKey(full, 192, NULL, 0));
    TEE_ObjectHandle large = key_new(TEE_TYPE_HMAC_SHA256, key, 32);
    EXPECT_PANIC(BAD, "room for 192", TEE_CopyObjectAttributes1(a, large));
    TEE_FreeTransientObject(a);
    EXPECT_PANIC(BAD, "no handle", TEE_FreeTransientObject(a));
    EXPECT_PANIC(BAD, "no handle", TEE_ResetTransientObject(a));
    EXPECT_PANIC(BAD, "no handle", TEE_GetObjectInfo1((TEE_ObjectHandle)(void *)key, &info));
    EXPECT_PANIC(BAD, "no handle", TEE_RestrictObjectUsage1(NULL, 0));
    TEE_FreeTransientObject(large);
    TEE_FreeTransientObject(full);
    TEE_FreeTransientObject(other);
}

static void operation_misuse(void **state)
{
    (void)state;
    uint8_t key[32] = {0};
    uint8_t out[64];
    size_t size = sizeof(out);
    TEE_OperationHandle digest = digest_new(TEE_ALG_SHA256);
    TEE_OperationHandle mac;
    TEE_ObjectHandle good = key_new(TEE_TYPE_HMAC_SHA256, key, 32);
    TEE_ObjectHandle small = key_new(TEE_TYPE_HMAC_SHA256, key, 24);
    TEE_ObjectHandle other = key_new(TEE_TYPE_HMAC_SHA512, key, 32);
    TEE_ObjectHandle empty;
    assert_int_equal(TEE_AllocateTransientObject(TEE_TYPE_HMAC_SHA256, 256, &empty), 0);
    assert_int_equal(TEE_AllocateOperation(&mac, TEE_ALG_HMAC_SHA256, TEE_MODE_MAC, 192), 0);
    EXPECT_PANIC(STATE, "no key", TEE_MACInit(mac, NULL, 0));
    EXPECT_PANIC(STATE, "no key", TEE_ResetOperation(mac));
    EXPECT_PANIC(STATE, "TEE_MACInit", TEE_MACUpdate(mac, "x", 1));
    EXPECT_PANIC(STATE, "TEE_MACInit", TEE_MACComputeFinal(mac, "x", 1, out, &size));
    EXPECT_PANIC(STATE, "TEE_MACInit", TEE_MACCompareFinal(mac, "x", 1, out, 32));
    EXPECT_PANIC(BAD, "no key for TEE_ALG_HMAC_SHA256", TEE_SetOperationKey(mac, other));
    EXPECT_PANIC(BAD, "not initialized", TEE_SetOperationKey(mac, empty));
    EXPECT_PANIC(BAD, "maxKeySize", TEE_SetOperationKey(mac, good));
    TEE_RestrictObjectUsage1(small, TEE_USAGE_EXTRACTABLE);
    EXPECT_PANIC(BAD, "TEE_USAGE_MAC", TEE_SetOperationKey(mac, small));
    EXPECT_PANIC(BAD, "takes no key", TEE_SetOperationKey(digest, good));
    EXPECT_PANIC(BAD, "no handle of an open object",
                 TEE_SetOperationKey(mac, (TEE_ObjectHandle)(void *)digest));
    EXPECT_PANIC(BAD, "no handle of an open operation",
                 TEE_SetOperationKey((TEE_OperationHandle)(void *)good, good));
    TEE_FreeTransientObject(small);
    small = key_new(TEE_TYPE_HMAC_SHA256, key, 24);
    assert_int_equal(TEE_SetOperationKey(mac, small), 0);
    TEE_MACInit(mac, NULL, 0);
    EXPECT_PANIC(STATE, "at work", TEE_SetOperationKey(mac, small));
    EXPECT_PANIC(STATE, "at work", TEE_SetOperationKey(mac, NULL));
    TEE_ResetOperation(mac);
    EXPECT_PANIC(STATE, "TEE_MACInit", TEE_MACUpdate(mac, "x", 1));
    assert_int_equal(TEE_SetOperationKey(mac, NULL), 0);
    EXPECT_PANIC(STATE, "no key", TEE_MACInit(mac, NULL, 0));
    assert_int_equal(TEE_SetOperationKey(mac, small), 0);
    TEE_MACInit(mac, NULL, 0);
    EXPECT_PANIC(BAD, "TEE_MACUpdate: chunk", TEE_MACUpdate(mac, NULL, 1));
    EXPECT_PANIC(BAD, "TEE_MACComputeFinal: mac", TEE_MACComputeFinal(mac, "", 0, NULL, &size));
    EXPECT_PANIC(BAD, "macLen", TEE_MACComputeFinal(mac, "", 0, out, (size_t *)NULL));
    EXPECT_PANIC(BAD, "TEE_MACCompareFinal: mac", TEE_MACCompareFinal(mac, "", 0, NULL, 32));
    size = 31;
    assert_int_equal(TEE_MACComputeFinal(mac, "x", 1, out, &size), TEE_ERROR_SHORT_BUFFER);
    assert_int_equal(TEE_MACComputeFinal(mac, "x", 1, out, &size), 0);
    EXPECT_PANIC(BAD, "is no MAC", TEE_MACInit(digest, NULL, 0));
    EXPECT_PANIC(BAD, "is no digest", TEE_DigestUpdate(mac, "x", 1));
    EXPECT_PANIC(BAD, "is no digest", TEE_DigestExtract(mac, out, &size));
    EXPECT_PANIC(BAD, "TEE_DigestUpdate: chunk", TEE_DigestUpdate(digest, (void *)8, 1));
    EXPECT_PANIC(BAD, "TEE_DigestDoFinal: hash",
                 TEE_DigestDoFinal(digest, NULL, 0, (void *)(uintptr_t)digest_new, &size));
    EXPECT_PANIC(BAD, "operationInfo", TEE_GetOperationInfo(digest, NULL));
    TEE_FreeOperation(mac);
    EXPECT_PANIC(BAD, "TEE_FreeOperation", TEE_FreeOperation(mac));
    EXPECT_PANIC(BAD, "no handle", TEE_MACInit(mac, NULL, 0));
    TEE_OperationHandle next;
    assert_int_equal(TEE_AllocateOperation(&next, TEE_ALG_SHA256, TEE_MODE_DIGEST, 0), 0);
    EXPECT_PANIC(BAD, "no handle", TEE_ResetOperation(mac)); /* not the next one's name either */
    TEE_FreeOperation(next);
    TEE_FreeOperation(digest);
    TEE_FreeTransientObject(good);
    TEE_FreeTransientObject(small);
    TEE_FreeTransientObject(other);
    TEE_FreeTransientObject(empty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digest_vectors),    cmocka_unit_test(mac_vectors),
        cmocka_unit_test(mac_computed),      cmocka_unit_test(digest_short_buffer),
        cmocka_unit_test(digest_extraction), cmocka_unit_test(copies),
        cmocka_unit_test(information),       cmocka_unit_test(information_states),
        cmocka_unit_test(allocation),        cmocka_unit_test(objects),
        cmocka_unit_test(object_misuse),     cmocka_unit_test(operation_misuse),
    };
    return cmocka_run_group_tests_name("sdk crypto", tests, test_kernel_start, NULL);
}

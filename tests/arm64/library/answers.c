#include "answers.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>

/* FIPS 180-4's examples, "abc". */
static const uint8_t sha256[] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
                                 0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
                                 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
static const uint8_t sha512[] = {
    0xdd, 0xaf, 0x35, 0xa1, 0x93, 0x61, 0x7a, 0xba, 0xcc, 0x41, 0x73, 0x49, 0xae, 0x20, 0x41, 0x31,
    0x12, 0xe6, 0xfa, 0x4e, 0x89, 0xa9, 0x7e, 0xa2, 0x0a, 0x9e, 0xee, 0xe6, 0x4b, 0x55, 0xd3, 0x9a,
    0x21, 0x92, 0x99, 0x2a, 0x27, 0x4f, 0xc1, 0xa8, 0x36, 0xba, 0x3c, 0x23, 0xa3, 0xfe, 0xeb, 0xbd,
    0x45, 0x4d, 0x44, 0x23, 0x64, 0x3c, 0xe8, 0x0e, 0x2a, 0x9a, 0xc9, 0x4f, 0xa5, 0x4c, 0xa4, 0x9f};
/* RFC 4231, test case 4: key 01 to 19, fifty times cd. */
static const uint8_t hmac256[] = {0x82, 0x55, 0x8a, 0x38, 0x9a, 0x44, 0x3c, 0x0e, 0xa4, 0xcc, 0x81,
                                  0x98, 0x99, 0xf2, 0x08, 0x3a, 0x85, 0xf0, 0xfa, 0xa3, 0xe5, 0x78,
                                  0xf8, 0x07, 0x7a, 0x2e, 0x3f, 0xf4, 0x67, 0x29, 0x66, 0x5b};
/* The GCM specification's test case 2: all is zeros. */
static const uint8_t gcm_text[] = {0x03, 0x88, 0xda, 0xce, 0x60, 0xb6, 0xa3, 0x92,
                                   0xf3, 0x28, 0xc2, 0xb9, 0x71, 0xb2, 0xfe, 0x78};
static const uint8_t gcm_tag[] = {0xab, 0x6e, 0x47, 0xd4, 0x2c, 0xec, 0x13, 0xbd,
                                  0xf5, 0x3a, 0x67, 0xb2, 0x12, 0x57, 0xbd, 0xdf};

static bool digest_is(uint32_t algorithm, const uint8_t *wanted, size_t size, TEE_Result *result)
{
    uint8_t digest[64];
    size_t length = sizeof(digest);
    TEE_OperationHandle operation;
    *result = TEE_AllocateOperation(&operation, algorithm, TEE_MODE_DIGEST, 0);
    if (*result != TEE_SUCCESS)
        return false;
    TEE_DigestUpdate(operation, "a", 1);
    *result = TEE_DigestDoFinal(operation, "bc", 2, digest, &length);
    TEE_FreeOperation(operation);
    return *result == TEE_SUCCESS && length == size && memcmp(digest, wanted, size) == 0;
}

static bool hmac_is_right(void)
{
    uint8_t secret[25];
    uint8_t message[50];
    uint8_t mac[32];
    size_t length = sizeof(mac);
    TEE_ObjectHandle key;
    TEE_OperationHandle operation;
    TEE_Attribute attribute;
    for (size_t i = 0; i < sizeof(secret); i++)
        secret[i] = (uint8_t)(i + 1);
    memset(message, 0xcd, sizeof(message));
    if (TEE_AllocateTransientObject(TEE_TYPE_HMAC_SHA256, 1024, &key) != TEE_SUCCESS ||
        TEE_AllocateOperation(&operation, TEE_ALG_HMAC_SHA256, TEE_MODE_MAC, 1024) != TEE_SUCCESS)
        return false;
    TEE_InitRefAttribute(&attribute, TEE_ATTR_SECRET_VALUE, secret, sizeof(secret));
    bool right = TEE_PopulateTransientObject(key, &attribute, 1) == TEE_SUCCESS &&
                 TEE_SetOperationKey(operation, key) == TEE_SUCCESS;
    TEE_MACInit(operation, NULL, 0);
    right = right &&
            TEE_MACComputeFinal(operation, message, sizeof(message), mac, &length) == TEE_SUCCESS;
    TEE_FreeOperation(operation);
    TEE_FreeTransientObject(key);
    return right && length == sizeof(hmac256) && memcmp(mac, hmac256, length) == 0;
}

static bool gcm_is_right(void)
{
    static const uint8_t zeros[16];
    uint8_t text[16];
    uint8_t tag[16];
    int size = 0;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
    const bool right = context != NULL && cipher != NULL &&
                       EVP_EncryptInit_ex2(context, cipher, zeros, zeros, NULL) == 1 &&
                       EVP_EncryptUpdate(context, text, &size, zeros, 16) == 1 && size == 16 &&
                       EVP_EncryptFinal_ex(context, text + 16, &size) == 1 && size == 0 &&
                       EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, tag) == 1;
    EVP_CIPHER_free(cipher);
    EVP_CIPHER_CTX_free(context);
    return right && memcmp(text, gcm_text, 16) == 0 && memcmp(tag, gcm_tag, 16) == 0;
}

/* Signs with a fresh key; the signature holds for what was signed and for nothing else. The key is made
 * by a function with a variable number of arguments. */
static bool signature_is_right(void)
{
    uint8_t message[] = "what is signed";
    uint8_t signature[128];
    size_t size = sizeof(signature);
    EVP_PKEY *key = EVP_EC_gen("P-256");
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool right = key != NULL && context != NULL &&
                 EVP_DigestSignInit_ex(context, NULL, "SHA2-256", NULL, NULL, key, NULL) == 1 &&
                 EVP_DigestSign(context, signature, &size, message, sizeof(message)) == 1;
    EVP_MD_CTX_free(context);
    for (int changed = 0; changed < 2; changed++) {
        message[0] ^= (uint8_t)changed;
        context = EVP_MD_CTX_new();
        right = right &&
                EVP_DigestVerifyInit_ex(context, NULL, "SHA2-256", NULL, NULL, key, NULL) == 1 &&
                (EVP_DigestVerify(context, signature, size, message, sizeof(message)) == 1) ==
                    (changed == 0);
        EVP_MD_CTX_free(context);
    }
    EVP_PKEY_free(key);
    return right;
}

static bool random_differs(void)
{
    uint8_t a[32] = {0};
    uint8_t b[32] = {0};
    return RAND_bytes(a, sizeof(a)) == 1 && RAND_bytes(b, sizeof(b)) == 1 &&
           memcmp(a, b, sizeof(a)) != 0;
}

uint32_t answers_compare(TEE_Result *result)
{
    if (!digest_is(TEE_ALG_SHA256, sha256, sizeof(sha256), result))
        return 1;
    if (!digest_is(TEE_ALG_SHA512, sha512, sizeof(sha512), result))
        return 2;
    if (!hmac_is_right())
        return 3;
    if (!gcm_is_right())
        return 4;
    if (!random_differs())
        return 5;
    return signature_is_right() ? 0 : 6;
}

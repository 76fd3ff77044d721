#include <abi/syscall.h>
#include <lib/uuid.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <port/test/test_package.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct test_key {
    EVP_PKEY *pkey;
};

static void must(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "test set-up failed: %s\n", what);
    abort();
}

struct test_key *test_key_create(void)
{
    struct test_key *key = calloc(1, sizeof(*key));
    must(key != NULL, "memory");
    key->pkey = EVP_RSA_gen(3072);
    must(key->pkey != NULL, "RSA key generation");
    return key;
}

void test_key_free(struct test_key *key)
{
    EVP_PKEY_free(key->pkey);
    free(key);
}

static void modulus_of(const struct test_key *key, uint8_t out[PACKAGE_MODULUS_SIZE])
{
    BIGNUM *n = NULL;
    must(EVP_PKEY_get_bn_param(key->pkey, "n", &n) == 1, "modulus");
    must(BN_bn2binpad(n, out, PACKAGE_MODULUS_SIZE) == (int)PACKAGE_MODULUS_SIZE, "modulus size");
    BN_free(n);
}

uint8_t *test_trust(const struct test_key *key, const uint8_t *floor_uuid, uint32_t floor,
                    size_t *size)
{
    struct trust_header header = {.magic = TRUST_MAGIC, .num_keys = 1};
    struct trust_key entry = {
        .exponent = 65537, .num_apps = floor_uuid != NULL ? 1 : 0, .any_app = 1};
    struct trust_app app = {.lowest_version = floor};
    modulus_of(key, entry.modulus);
    *size = sizeof(header) + sizeof(entry) + (floor_uuid != NULL ? sizeof(app) : 0);
    uint8_t *table = malloc(*size);
    must(table != NULL, "memory");
    memcpy(table, &header, sizeof(header));
    memcpy(table + sizeof(header), &entry, sizeof(entry));
    if (floor_uuid != NULL) {
        memcpy(app.uuid, floor_uuid, sizeof(app.uuid));
        memcpy(table + sizeof(header) + sizeof(entry), &app, sizeof(app));
    }
    return table;
}

void test_package_sign(uint8_t *bytes, size_t size, const struct test_key *key)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *options = NULL;
    size_t length = PACKAGE_SIGNATURE_SIZE;
    size_t signed_size = size - PACKAGE_SIGNATURE_SIZE;
    must(EVP_DigestSignInit(context, &options, EVP_sha256(), NULL, key->pkey) == 1, "sign");
    must(EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1, "padding");
    must(EVP_PKEY_CTX_set_rsa_pss_saltlen(options, 32) == 1, "salt");
    must(EVP_DigestSign(context, bytes + signed_size, &length, bytes, signed_size) == 1, "sign");
    EVP_MD_CTX_free(context);
}

const uint8_t *test_elf(size_t *size)
{
    static uint8_t elf[4096 + 16];
    static const uint8_t ident[16] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
    memcpy(elf, ident, sizeof(ident));
    elf[16] = 3;  /* ET_DYN */
    elf[18] = 62; /* x86-64 */
    elf[20] = 1;  /* version */
    elf[24] = 0x00;
    elf[25] = 0x10; /* entry 0x1000 */
    elf[32] = 64;   /* program headers */
    elf[52] = 64;   /* header size */
    elf[54] = 56;   /* program header size */
    elf[56] = 1;    /* one */
    uint8_t *segment = elf + 64;
    segment[0] = 1;     /* PT_LOAD */
    segment[4] = 5;     /* read, execute */
    segment[9] = 0x10;  /* offset 0x1000 */
    segment[17] = 0x10; /* address 0x1000 */
    segment[32] = 16;   /* file size */
    segment[40] = 16;   /* memory size */
    segment[49] = 0x10; /* alignment 0x1000 */
    *size = sizeof(elf);
    return elf;
}

static size_t add_entry(uint8_t *out, const char *key, size_t key_length, const char *value,
                        size_t value_length)
{
    uint16_t lengths[2] = {(uint16_t)key_length, (uint16_t)value_length};
    memcpy(out, lengths, sizeof(lengths));
    memcpy(out + 4, key, key_length);
    memcpy(out + 4 + key_length, value, value_length);
    return 4 + key_length + value_length;
}

static size_t pack_manifest(const struct test_package *package, uint8_t *out)
{
    const char *text = package->manifest != NULL ? package->manifest : "";
    size_t size = 0;
    if (strstr(text, "gpd.ta.appID=") == NULL) {
        char uuid[UUID_TEXT_LENGTH + 1];
        uuid_format(package->uuid, uuid);
        size += add_entry(out, "gpd.ta.appID", 12, uuid, UUID_TEXT_LENGTH);
    }
    while (*text != '\0') {
        const char *equals = strchr(text, '=');
        const char *end = strchr(text, '\n');
        must(equals != NULL && end != NULL && equals < end, "manifest text");
        size += add_entry(out + size, text, (size_t)(equals - text), equals + 1,
                          (size_t)(end - equals - 1));
        text = end + 1;
    }
    return size;
}

uint8_t *test_package_make(const struct test_package *package, const struct test_key *key,
                           size_t *size)
{
    size_t elf_size = package->elf_size;
    const uint8_t *elf = package->elf != NULL ? package->elf : test_elf(&elf_size);
    uint8_t manifest[8192];
    size_t manifest_size = pack_manifest(package, manifest);
    size_t manifest_at = sizeof(struct package_header) + sizeof(struct package_image);
    size_t image_at = (manifest_at + manifest_size + 15) & ~(size_t)15;
    *size = image_at + elf_size + PACKAGE_SIGNATURE_SIZE;
    uint8_t *bytes = calloc(1, *size);
    must(bytes != NULL, "memory");
    struct package_header header = {
        .magic = PACKAGE_MAGIC,
        .format = PACKAGE_FORMAT,
        .algorithm = PACKAGE_ALGORITHM_RSA3072_PSS_SHA256,
        .total_size = (uint32_t)*size,
        .signature_size = PACKAGE_SIGNATURE_SIZE,
        .sdk_abi = package->sdk_abi != 0 ? package->sdk_abi : SYS_ABI,
        .flags = package->flags,
        .version = package->version,
        .manifest_offset = (uint32_t)manifest_at,
        .manifest_size = (uint32_t)manifest_size,
        .num_images = 1,
    };
    struct package_image image = {
        .arch = package->arch != 0 ? package->arch : PACKAGE_ARCH_X86_64,
        .offset = (uint32_t)image_at,
        .size = (uint32_t)elf_size,
    };
    uint8_t named[PACKAGE_MODULUS_SIZE + 4];
    modulus_of(key, named);
    memcpy(named + PACKAGE_MODULUS_SIZE, "\0\1\0\1", 4);
    must(EVP_Digest(named, sizeof(named), header.signer, NULL, EVP_sha256(), NULL) == 1, "digest");
    memcpy(header.uuid, package->uuid, sizeof(header.uuid));
    memcpy(bytes, &header, sizeof(header));
    memcpy(bytes + sizeof(header), &image, sizeof(image));
    memcpy(bytes + manifest_at, manifest, manifest_size);
    memcpy(bytes + image_at, elf, elf_size);
    test_package_sign(bytes, *size, key);
    return bytes;
}

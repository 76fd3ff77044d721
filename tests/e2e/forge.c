/* Packages made by hand: see forge.h. */
#include "forge.h"

#include "tee.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint8_t *forge_copy(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size + 1);
    if (copy == NULL) {
        tee_bail("no memory");
    }
    memcpy(copy, bytes, size);
    return copy;
}

struct forge forge_read(const char *path)
{
    struct forge forge;
    memset(&forge, 0, sizeof(forge));
    size_t size;
    uint8_t *bytes = tee_file_read(path, &size);
    memcpy(&forge.header, bytes, sizeof(forge.header));
    memcpy(&forge.image[0], bytes + sizeof(forge.header), sizeof(forge.image[0]));
    if (size < sizeof(forge.header) + sizeof(forge.image[0]) ||
        forge.header.magic != PACKAGE_MAGIC || forge.header.num_images != 1 ||
        (size_t)forge.image[0].offset + forge.image[0].size > size ||
        (size_t)forge.header.manifest_offset + forge.header.manifest_size > size) {
        tee_bail("%s is not a package with one image", path);
    }
    forge.manifest_size = forge.header.manifest_size;
    forge.manifest = forge_copy(bytes + forge.header.manifest_offset, forge.manifest_size);
    forge.elf_size = forge.image[0].size;
    forge.elf = forge_copy(bytes + forge.image[0].offset, forge.elf_size);
    free(bytes);
    return forge;
}

void forge_free(struct forge *forge)
{
    free(forge->manifest);
    free(forge->elf);
    memset(forge, 0, sizeof(*forge));
}

void forge_manifest(struct forge *forge, const char *const *pairs)
{
    free(forge->manifest);
    forge->manifest = malloc(65536);
    if (forge->manifest == NULL) {
        tee_bail("no memory");
    }
    size_t at = 0;
    for (; pairs[0] != NULL; pairs += 2) {
        const uint16_t lengths[2] = {(uint16_t)strlen(pairs[0]), (uint16_t)strlen(pairs[1])};
        if (at + sizeof(lengths) + lengths[0] + lengths[1] > 65536) {
            tee_bail("manifest too large");
        }
        memcpy(forge->manifest + at, lengths, sizeof(lengths));
        at += sizeof(lengths);
        memcpy(forge->manifest + at, pairs[0], lengths[0]);
        at += lengths[0];
        memcpy(forge->manifest + at, pairs[1], lengths[1]);
        at += lengths[1];
    }
    forge->manifest_size = at;
}

static void forge_sign(const char *key_path, const uint8_t *bytes, size_t size,
                       uint8_t signature[PACKAGE_SIGNATURE_SIZE])
{
    FILE *file = fopen(key_path, "r");
    EVP_PKEY *key = file != NULL ? PEM_read_PrivateKey(file, NULL, NULL, NULL) : NULL;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *options = NULL;
    size_t length = PACKAGE_SIGNATURE_SIZE;
    if (key == NULL || context == NULL ||
        EVP_DigestSignInit(context, &options, EVP_sha256(), NULL, key) != 1 ||
        EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) != 1 ||
        EVP_PKEY_CTX_set_rsa_pss_saltlen(options, 32) != 1 ||
        EVP_DigestSign(context, signature, &length, bytes, size) != 1 ||
        length != PACKAGE_SIGNATURE_SIZE) {
        tee_bail("cannot sign with %s", key_path);
    }
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    (void)fclose(file);
}

static size_t forge_align(size_t at)
{
    return (at + PACKAGE_IMAGE_ALIGN - 1) & ~(size_t)(PACKAGE_IMAGE_ALIGN - 1);
}

void forge_write(const struct forge *forge, const char *key, const char *path, int layout)
{
    struct package_header header = forge->header;
    struct package_image image[PACKAGE_IMAGES_MAX];
    memcpy(image, forge->image, sizeof(image));
    const uint32_t images =
        header.num_images < PACKAGE_IMAGES_MAX ? header.num_images : PACKAGE_IMAGES_MAX;
    const size_t manifest_at = sizeof(header) + images * sizeof(image[0]);
    const size_t elf_at = forge_align(manifest_at + forge->manifest_size);
    const size_t signed_size = elf_at + forge->elf_size;
    if (layout) {
        header.manifest_offset = (uint32_t)manifest_at;
        header.manifest_size = (uint32_t)forge->manifest_size;
        header.total_size = (uint32_t)(signed_size + PACKAGE_SIGNATURE_SIZE);
        header.signature_size = PACKAGE_SIGNATURE_SIZE;
        image[0].offset = (uint32_t)elf_at;
        image[0].size = (uint32_t)forge->elf_size;
    }
    uint8_t *bytes = calloc(1, signed_size + PACKAGE_SIGNATURE_SIZE);
    if (bytes == NULL) {
        tee_bail("no memory");
    }
    memcpy(bytes, &header, sizeof(header));
    memcpy(bytes + sizeof(header), image, images * sizeof(image[0]));
    memcpy(bytes + manifest_at, forge->manifest, forge->manifest_size);
    memcpy(bytes + elf_at, forge->elf, forge->elf_size);
    forge_sign(key, bytes, signed_size, bytes + signed_size);
    tee_file_write(path, bytes, signed_size + PACKAGE_SIGNATURE_SIZE);
    free(bytes);
}

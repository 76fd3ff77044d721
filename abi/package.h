/*
 * An app's package, UUID.ta: header, table of images, manifest, one ELF file per architecture, and
 * at the end a signature over every byte before it. All numbers little-endian. Nothing but the
 * header's fixed part is looked at before the signature was verified.
 */
#ifndef POSTERN_ABI_PACKAGE_H
#define POSTERN_ABI_PACKAGE_H

#include <stddef.h>
#include <stdint.h>

#define PACKAGE_MAGIC UINT64_C(0x315041544e545350) /* "PSTNTAP1" */
#define PACKAGE_FORMAT 1u
#define PACKAGE_ALGORITHM_RSA3072_PSS_SHA256 1u /* salt of 32 bytes */
#define PACKAGE_SIGNATURE_SIZE 384u
#define PACKAGE_MODULUS_SIZE 384u
#define PACKAGE_SIZE_MAX (64u << 20)
#define PACKAGE_MANIFEST_MAX 16384u
#define PACKAGE_IMAGES_MAX 4u
#define PACKAGE_IMAGE_ALIGN 16u

#define PACKAGE_ARCH_X86_64 1u
#define PACKAGE_ARCH_AARCH64 2u

#define PACKAGE_FLAG_DEVELOPMENT 1u /* wants the looser sandbox; runs in a development TEE only */
#define PACKAGE_FLAGS_KNOWN PACKAGE_FLAG_DEVELOPMENT

/* The key's name: SHA-256 over the modulus (384 octets, big-endian), then the exponent (4 octets,
 * big-endian). */
#define PACKAGE_SIGNER_SIZE 32u

struct package_header {
    uint64_t magic;
    uint32_t format;
    uint32_t algorithm;
    uint32_t total_size; /* of the file, signature included */
    uint32_t signature_size;
    uint32_t sdk_abi; /* SYS_ABI of the SDK that the app was built with */
    uint32_t flags;
    uint8_t uuid[16]; /* octets in network order */
    uint8_t signer[PACKAGE_SIGNER_SIZE];
    uint32_t version; /* a.b.c: a << 20 | b << 10 | c; compared with the floor */
    uint32_t manifest_offset;
    uint32_t manifest_size;
    uint32_t num_images;  /* package_image follow the header */
    uint64_t reserved[2]; /* zeros */
};

struct package_image {
    uint32_t arch; /* PACKAGE_ARCH_*, each at most once */
    uint32_t offset;
    uint32_t size;
    uint32_t reserved; /* zero */
};

/*
 * The manifest: entries one after the other, sorted by key as octets, no key twice:
 *   uint16_t key_length, uint16_t value_length, key, value (neither with a NUL)
 * Keys that start with "gpd." or "postern." must be known ones (lib/manifest.h lists them);
 * others are the app's own properties.
 */

_Static_assert(sizeof(struct package_header) == 112, "package header");
_Static_assert(offsetof(struct package_header, uuid) == 32, "package header");
_Static_assert(offsetof(struct package_header, version) == 80, "package header");
_Static_assert(sizeof(struct package_image) == 16, "package image");

/*
 * The trust table: which keys may sign which apps. In TrustZone a block beside the kernel's image;
 * the hosted daemon builds it from the files of its trust folder.
 */
#define TRUST_MAGIC UINT64_C(0x3155525453545350) /* "PSTSTRU1" */
#define TRUST_KEYS_MAX 64u
#define TRUST_APPS_MAX 1024u

struct trust_header {
    uint64_t magic;
    uint32_t num_keys; /* trust_key follow, each with its own lists right behind it */
    uint32_t reserved;
};

struct trust_key {
    uint8_t modulus[PACKAGE_MODULUS_SIZE]; /* big-endian */
    uint32_t exponent;
    uint32_t num_apps; /* this many trust_app follow */
    uint32_t any_app;  /* 1: apps that are not listed may be signed, too */
    uint32_t reserved;
};

struct trust_app {
    uint8_t uuid[16];
    uint32_t lowest_version;
    uint32_t reserved;
};

_Static_assert(sizeof(struct trust_header) == 16, "trust table");
_Static_assert(sizeof(struct trust_key) == 400, "trust table");
_Static_assert(sizeof(struct trust_app) == 24, "trust table");

#endif

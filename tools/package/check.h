/*
 * What a package is and whether it is good: the same steps, with the same functions of lib/, and in
 * the same order as the kernel takes them. Pure but for the trust files that check_trust_load
 * reads; `*why` gets a sentence that lives as long as the program, never NULL after an error.
 */
#ifndef POSTERN_TOOLS_PACKAGE_CHECK_H
#define POSTERN_TOOLS_PACKAGE_CHECK_H

#include <lib/elf.h>
#include <lib/error.h>
#include <lib/manifest.h>
#include <lib/package.h>
#include <tools/key/key.h>

struct check_package {
    struct package package;
    struct manifest manifest;                 /* after check_content */
    struct elf_image elf[PACKAGE_IMAGES_MAX]; /* likewise */
};

/* Decodes the fixed header, before anything is trusted: E_SHORT, E_EXCESS, E_BAD_FORMAT. */
enum error check_open(const uint8_t *bytes, size_t size, struct check_package *out,
                      const char **why) MUST_CHECK;

/* Whether this key signed it: E_SECURITY if not. */
enum error check_signature(const struct check_package *package, const struct key_public *key,
                           const char **why) MUST_CHECK;

/* Decodes and checks all the rest. E_BAD_FORMAT, E_VERSION (another app ABI), E_ARCHITECTURE. */
enum error check_content(struct check_package *package, const char **why) MUST_CHECK;

/* What a trust table (abi/package.h) says of the package's signer. */
struct check_trust {
    bool key_known;       /* the table holds the signer's key */
    bool app_allowed;     /* which may sign this app */
    bool version_allowed; /* in this version */
    uint32_t floor;       /* the lowest one */
    struct key_public key;
};
void check_trust(const struct check_package *package, const uint8_t *table, size_t size,
                 struct check_trust *out);

#endif

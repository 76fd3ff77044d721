/* Makes and signs packages for tests, also ones that no tool would make. */
#ifndef POSTERN_PORT_TEST_PACKAGE_H
#define POSTERN_PORT_TEST_PACKAGE_H

#include <abi/package.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct test_key; /* an RSA-3072 key pair */
struct test_key *test_key_create(void);
void test_key_free(struct test_key *key);

/* A trust table with this key for every app, and a floor for one of them (NULL: none). The caller
 * frees it. */
uint8_t *test_trust(const struct test_key *key, const uint8_t *floor_uuid, uint32_t floor,
                    size_t *size);

struct test_package {
    uint8_t uuid[16];
    uint32_t version;
    uint32_t flags;
    uint32_t sdk_abi;     /* 0: the present one */
    uint32_t arch;        /* 0: PACKAGE_ARCH_X86_64 */
    const char *manifest; /* "key=value\n" lines, sorted; gpd.ta.appID is put in if absent */
    const uint8_t *elf;   /* NULL: a small valid one */
    size_t elf_size;
};
/* The caller frees it. */
uint8_t *test_package_make(const struct test_package *package, const struct test_key *key,
                           size_t *size);
/* Signs again after a change. */
void test_package_sign(uint8_t *bytes, size_t size, const struct test_key *key);
/* A minimal position-independent executable. */
const uint8_t *test_elf(size_t *size);

#endif

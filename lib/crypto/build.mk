# lib/crypto as an archive for every kind of program that has it: the kernel and the tools of this
# machine, the same under the sanitizers and fuzzers, and the secure world of AArch64 with the
# processor's SHA-256 instructions, if it has them. Four files of mbedTLS 3.6 come from Debian's source package.
#
#   out/lib/libpostern_crypto.a           kinds hosted and freestanding
#   out/lib/libpostern_crypto-KIND.a      KIND: sanitize, thread, fuzz
#   out/lib/libpostern_crypto-arm64-linux.a   kind arm64: the tools for the TrustZone machine's guest
#   out/lib/libpostern_crypto-arm64.a     kind arm64-freestanding; needs memcpy, memset, memmove,
#                                         memcmp; link with -Wl,--gc-sections to leave out of
#                                         mbedTLS what nobody calls. Called with the MMU on and
#                                         without alignment checks: byte-wise loads would double
#                                         the cost of SHA-256

MBEDTLS := out/src/mbedtls
MBEDTLS_SOURCES := $(patsubst %,$(MBEDTLS)/library/%.c,\
    bignum bignum_core constant_time platform_util sha256)
CRYPTO_SOURCES := lib/crypto/crypto.c lib/crypto/rsa.c lib/crypto/drbg.c

$(MBEDTLS)/.version:
	@scripts/fetch-source mbedtls
# The sources come with the version. Order only: unpacked files are older than it.
$(MBEDTLS_SOURCES): | $(MBEDTLS)/.version ;

# mbedTLS is not warned about: it is not ours to change.
MBEDTLS_FLAGS := -DMBEDTLS_CONFIG_FILE='<lib/crypto/mbedtls_config.h>' -isystem $(MBEDTLS)/include \
    -isystem $(MBEDTLS)/library -isystem lib/crypto/libc -ffunction-sections -fdata-sections

# $(call crypto_library,SUFFIX,KIND,FLAGS,FLAGS_OF_OURS)
define crypto_library
$(call objects,mbedtls$1,$(MBEDTLS_SOURCES),$(MBEDTLS_FLAGS) -w $3,lib,$2)
$(call objects,crypto$1,$(CRYPTO_SOURCES),$(MBEDTLS_FLAGS) $(CONVERSION) $3 $4,lib,$2)
$(call object_names,crypto$1,$(CRYPTO_SOURCES)): | $(MBEDTLS)/.version
$(call static_library,out/lib/libpostern_crypto$1.a,@crypto$1 @mbedtls$1,$2)
endef

$(eval $(call crypto_library,,freestanding,))
$(eval $(call crypto_library,-sanitize,freestanding-sanitize,))
$(eval $(call crypto_library,-thread,freestanding-thread,))
$(eval $(call crypto_library,-fuzz,freestanding-fuzz,))
$(eval $(call crypto_library,-arm64-linux,arm64,))
# What computes is mbedTLS; ours is small rather than fast.
$(eval $(call crypto_library,-arm64,arm64-freestanding,-march=armv8-a+crypto -mno-strict-align -O3,-Os))

ARM64_ALL += out/lib/libpostern_crypto-arm64.a

# $(call crypto_test,SUFFIX,KIND)
define crypto_test
$(call objects,crypto-test$1,lib/crypto/crypto_test.c,,lib,$2)
$(call program,out/tests/crypto$1,@crypto-test$1 out/lib/libpostern_crypto$1.a,-lcmocka -lcrypto,$2)
TESTS += out/tests/crypto$1
endef
$(eval $(call crypto_test,,hosted))
$(eval $(call crypto_test,-sanitize,sanitize))
$(eval $(call crypto_test,-thread,thread))

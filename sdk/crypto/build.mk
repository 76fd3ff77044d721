# The crypto library for apps in TrustZone (abi/library.h): OpenSSL, from Debian's source package, and
# what it stands on, as one image; and what apps link instead of it.
#
#   out/arm64/crypto.lib               the image; tools/image puts it behind the secure kernel's
#   out/arm64/library.elf              the same with symbols
#   out/sdk/lib/aarch64/libcrypto.a    stubs of the library's exports
#   out/sdk/openssl/                   OpenSSL's headers, as they are configured here

OPENSSL := out/src/openssl
OPENSSL_ARM64 := out/arm64/libcrypto
$(OPENSSL)/.version:
	@scripts/fetch-source openssl
$(OPENSSL_ARM64)/libcrypto.a: scripts/build-openssl sdk/crypto/library/openssl_build.h | \
    out/sdk/musl/lib/libc.a $(OPENSSL)/.version
	$(call say,SSL,$@)
	$(Q)scripts/build-openssl $(OPENSSL) $(@D) out/sdk/musl/include $(ARM64_PREFIX)
out/sdk/openssl/.made: $(OPENSSL_ARM64)/libcrypto.a
	$(Q)mkdir -p $(@D)/openssl && cp $(OPENSSL)/include/openssl/*.h \
	    $(OPENSSL_ARM64)/include/openssl/*.h $(@D)/openssl/ && touch $@

# A function's number in the table is its place in the list.
LIBRARY_LIST := sdk/crypto/library/exports.list
out/arm64/library/exports.S: $(LIBRARY_LIST)
	$(Q)mkdir -p $(@D) && awk 'BEGIN { print ".section .library.exports, \"aw\"" } \
	    !/^#/ { print ".quad " $$1 }' $< > $@
out/arm64/library/stubs.S: $(LIBRARY_LIST)
	$(Q)mkdir -p $(@D) && awk '!/^#/ { \
	        printf ".section .text.%s, \"ax\"\n.globl %s\n.type %s, %%function\n", $$1, $$1, $$1; \
	        printf "%s: mov w17, #%d\nb __postern_library_call\n.size %s, . - %s\n", $$1, n++, $$1, $$1 } \
	    END { print ".section .rodata.__postern_library_exports, \"a\"\n.balign 4"; \
	        print ".globl __postern_library_exports\n__postern_library_exports: .word " n; \
	        print ".section .note.GNU-stack, \"\", %progbits" }' $< > $@

# Vector registers are allowed here, and only here: whoever calls the library means to use them.
library_FLAGS := $(sdk_FLAGS) -nostdinc -isystem out/sdk/musl/include \
    -isystem $(call compiler_headers,$(ARM64_CC)) -mno-outline-atomics -fvisibility=hidden
$(eval $(call objects,crypto-library,$(wildcard sdk/crypto/library/*.c) out/arm64/library/exports.S,\
    $(library_FLAGS),abi sdk,arm64))
$(crypto-library_OBJS): | out/sdk/musl/lib/libc.a
out/arm64/library.ld: sdk/crypto/library/library.ld abi/library.h
	$(Q)mkdir -p $(@D) && $(ARM64_CC) -E -P -x c -I. $< -o $@
$(eval $(call program,out/arm64/library.elf,out/arm64/library.ld @crypto-library \
    $(OPENSSL_ARM64)/libcrypto.a out/sdk/musl/lib/libc.a,-lgcc -Wl$(,)-T$(,)out/arm64/library.ld \
    -Wl$(,)-pie$(,)--no-dynamic-linker$(,)--gc-sections$(,)-z$(,)separate-code \
    -Wl$(,)-z$(,)max-page-size=4096,arm64-freestanding))
out/arm64/crypto.lib: out/arm64/library.elf out/bin/postern-library
	$(Q)out/bin/postern-library $< $@

$(eval $(call objects,crypto-stubs,out/arm64/library/stubs.S,,,arm64))
$(eval $(call static_library,out/sdk/lib/aarch64/libcrypto.a,@crypto-stubs,arm64))
ARM64_ALL += out/arm64/crypto.lib

# The SDK for apps in TrustZone: out/sdk/lib/aarch64/libpostern_ta.a, and musl, which it is used with,
# beside it: libc.a, and the headers below out/sdk/musl.

SDK_MUSL := out/arm64/musl
$(SDK_MUSL)/.packages: sdk/rt/build.mk
	$(Q)scripts/fetch-packages bookworm arm64 $(SDK_MUSL) musl-dev && touch $@

# No vector registers in the SDK itself: the first use of one in a call traps.
sdk-arm64_FLAGS := $(sdk_FLAGS) -nostdinc -isystem $(SDK_MUSL)/usr/include/aarch64-linux-musl \
    -isystem $(call compiler_headers,$(ARM64_CC)) -mno-outline-atomics -mgeneral-regs-only
sdk-arm64_FOLDERS := $(sdk_FOLDERS) $(foreach h,$(wildcard api/ta/*.h),$(notdir $h)=$h)
$(eval $(call objects,sdk-arm64,$(wildcard sdk/rt/*.c sdk/rt/aarch64/*.c sdk/rt/aarch64/*.S) \
    $(sdk_GP) $(sdk_CRYPTO) $(sdk_LIB),$(sdk-arm64_FLAGS) -isystem out/sdk/openssl,\
    $(sort $(sdk-arm64_FOLDERS)),arm64))
$(eval $(call objects,sdk-trusty-arm64,$(wildcard sdk/trusty/*.c),-Iapi/ta $(sdk-arm64_FLAGS),\
    abi lib sdk,arm64))
$(sdk-arm64_OBJS) $(sdk-trusty-arm64_OBJS): | $(SDK_MUSL)/.packages out/sdk/openssl/.made

# Our names are hidden as in the hosted archive, but for those that stand in for the C library's own.
define sdk_archive_arm64
out/sdk/lib/aarch64/libpostern_ta.a: $(sdk-arm64_OBJS) $(sdk-trusty-arm64_OBJS) sdk/build.mk \
    $(SDK_MUSL)/.packages
	$$(call say,AR,$$@)
	$$(Q)mkdir -p $$(@D) && rm -f $$@.$$$$$$$$ && \
	    $$(ARM64_AR) rcsD $$@.$$$$$$$$ $$(filter %.o,$$^) && \
	    nm -g --defined-only $$(SDK_MUSL)/usr/lib/aarch64-linux-musl/libc.a 2>/dev/null | \
	        awk 'NF == 3 { print $$$$3 }' > $$@.libc && \
	    nm -g --defined-only $$(sdk-arm64_OBJS) | awk -v libc=$$@.libc ' \
	        BEGIN { while ((getline name < libc) > 0) stays[name]; stays["_start"] } \
	        NF == 3 && !($$$$3 in stays) && $$$$3 "@" !~ /$$(sdk_PUBLIC)/ \
	        { print $$$$3, "postern." $$$$3 }' | LC_ALL=C sort -u > $$@.names && \
	    $$(ARM64_OBJCOPY) --redefine-syms=$$@.names $$@.$$$$$$$$ && rm -f $$@.names $$@.libc && \
	    mv $$@.$$$$$$$$ $$@ || { rm -f $$@.$$$$$$$$ $$@.names $$@.libc; exit 1; }
endef
$(eval $(sdk_archive_arm64))

out/sdk/musl/lib/libc.a: $(SDK_MUSL)/.packages
	$(Q)mkdir -p out/sdk/musl/lib out/sdk/musl/include && \
	    cp -r $(SDK_MUSL)/usr/include/aarch64-linux-musl/. out/sdk/musl/include/ && \
	    cp $(SDK_MUSL)/usr/lib/aarch64-linux-musl/libc.a $@

SDK_ARM64 := out/sdk/lib/aarch64/libpostern_ta.a out/sdk/lib/aarch64/libcrypto.a \
    out/sdk/openssl/.made out/sdk/musl/lib/libc.a
ARM64_ALL += $(SDK_ARM64)

# $(call app_arm64,DIRECTORY,UUID): out/arm64/apps/UUID.ta, as `app` does for the hosted TEE.
define app_arm64
out/arm64/apps/$2.ta: $(wildcard $1/*.c $1/*.h $1/Makefile $1/manifest.txt) $(SDK) $(SDK_ARM64) \
    out/bin/postern
	$$(call say,APP,$$@)
	$$(Q)mkdir -p $$(@D) && XDG_CONFIG_HOME=$$(CURDIR)/out/config $$(MAKE) -s -C $1 ARCHES=aarch64 \
	    ARM64_CC=$$(ARM64_CC) POSTERN_SDK=$$(CURDIR)/out/sdk OUT=$$(CURDIR)/out/arm64/apps \
	    $$(CURDIR)/out/arm64/apps/$2.ta && touch $$@
endef

# The SDK: what an app is built with, staged below out/sdk/ as it is installed: include/,
# lib/x86_64/libpostern_ta.a, ta.mk. In the tree and installed it is used in the same way.
#
# The archive's own names are hidden from apps: every global symbol of ours that is not part of an
# API gets "postern." in front, so that an app may have a function of that name, too.

sdk_GP_HEADERS := $(wildcard api/ta/tee_*.h) api/ta/postern_ta.h api/ta/trace.h
# What the SDK's own sources see of api/ta.
sdk_FOLDERS := abi lib sdk $(foreach h,$(sdk_GP_HEADERS),$(notdir $h)=$h)
sdk_FLAGS := -fPIE -ffunction-sections -fdata-sections

sdk_RUNTIME := $(wildcard sdk/rt/*.c) $(wildcard sdk/rt/host/*.c sdk/rt/host/*.S)
sdk_GP := $(wildcard sdk/gp/*.c sdk/gp/default/*.c)
sdk_CRYPTO := $(wildcard sdk/crypto/*.c)
sdk_LIB := lib/uuid.c lib/manifest.c
$(eval $(call objects,sdk,$(sdk_RUNTIME) $(sdk_GP) $(sdk_CRYPTO) $(sdk_LIB),$(sdk_FLAGS),$(sdk_FOLDERS)))

sdk_INPUTS := @sdk $(if $(wildcard sdk/trusty/build.mk),@sdk-trusty)
# Names that stay: the APIs, what ta.mk demands, what the C library and sanitizers look for.
sdk_PUBLIC := ^TEE_|^TA_|^postern_|^__|^main@|^rt_start@|^rt_sanitizer@

define sdk_archive
out/sdk/lib/x86_64/libpostern_ta.a: $$$$(call inputs,$(sdk_INPUTS)) sdk/build.mk
	$$(call say,AR,$$@)
	$$(Q)mkdir -p $$(@D) && rm -f $$@.$$$$$$$$ && $$(AR) rcsD $$@.$$$$$$$$ $$(filter %.o,$$^) && \
	    nm -g --defined-only $$(sdk_OBJS) | awk 'NF == 3 && $$$$3 "@" !~ /$(sdk_PUBLIC)/ \
	        { print $$$$3, "postern." $$$$3 }' | LC_ALL=C sort -u > $$@.names && \
	    objcopy --redefine-syms=$$@.names $$@.$$$$$$$$ && rm -f $$@.names && \
	    mv $$@.$$$$$$$$ $$@ || { rm -f $$@.$$$$$$$$ $$@.names; exit 1; }
endef
$(eval $(sdk_archive))

# Headers keep their folders; libpostern_ta.a is the only file that was built.
sdk_HEADERS := $(patsubst api/ta/%,out/sdk/include/%,$(shell find api/ta -name '*.h'))
out/sdk/include/%.h: api/ta/%.h
	$(Q)mkdir -p $(@D) && cp $< $@
out/sdk/ta.mk: sdk/ta.mk
	$(Q)mkdir -p $(@D) && cp $< $@

SDK := out/sdk/ta.mk out/sdk/lib/x86_64/libpostern_ta.a $(sdk_HEADERS)
ALL += $(SDK)

# $(call app,DIRECTORY,UUID): the rule that makes out/apps/UUID.ta with the app's own Makefile, as
# its user would; the key is one of this tree's.
define app
out/apps/$2.ta: $(wildcard $1/*.c $1/*.h $1/Makefile $1/manifest.txt) $(SDK) out/bin/postern
	$$(call say,APP,$$@)
	$$(Q)mkdir -p $$(@D) && XDG_CONFIG_HOME=$$(CURDIR)/out/config $$(MAKE) -s -C $1 \
	    POSTERN_SDK=$$(CURDIR)/out/sdk OUT=$$(CURDIR)/out/apps $$(CURDIR)/out/apps/$2.ta && touch $$@
endef

# --- Tests. -----------------------------------------------------------------------------------------

# The SDK under the sanitizers, on the unit tests' kernel instead of the hosted bottom.
sdk_TEST_SOURCES := $(sdk_GP) $(sdk_CRYPTO) $(sdk_LIB) $(wildcard sdk/rt/*.c) sdk/rt/host/fault.c \
    sdk/rt/host/probe.S $(wildcard sdk/rt/test/*.c)
$(eval $(call objects,sdk-sanitize,$(filter-out sdk/gp/main.c sdk/gp/beside.c sdk/gp/default/%,$(sdk_TEST_SOURCES)),\
    ,$(sdk_FOLDERS),sanitize))
$(eval $(call objects,sdk-sanitize-default,$(wildcard sdk/gp/default/*.c),,$(sdk_FOLDERS),sanitize))
define sdk_test
$(call objects,sdk-test-$1,sdk/gp/test/$1_test.c,,$(sdk_FOLDERS),sanitize)
$(call program,out/tests/sdk-$1,@sdk-test-$1 @sdk-sanitize $2,-lcmocka -lcrypto -Wl$(,)--wrap=rt_probe,sanitize)
TESTS += out/tests/sdk-$1
endef
$(foreach t,request property memory crypto client,$(eval $(call sdk_test,$t,@sdk-sanitize-default)))
$(eval $(call sdk_test,serve,))

$(eval $(call fuzzer,sdk_request,sdk/gp/test/request_fuzz.c sdk/gp/request.c,$(CONVERSION),\
    $(sdk_FOLDERS)))
$(eval $(call fuzzer,sdk_property,sdk/gp/test/property_fuzz.c sdk/gp/property_text.c lib/uuid.c,,\
    $(sdk_FOLDERS)))

# --- Installation. -------------------------------------------------------------------------------

$(foreach d,$(sort $(dir $(sdk_HEADERS))),$(eval $(call install,$(sdkdir)/$(patsubst out/sdk/%,%,$d),\
    644,$(filter $d%,$(foreach h,$(sdk_HEADERS),$(if $(filter $d,$(dir $h)),$h))))))
$(eval $(call install,$(sdkdir),644,out/sdk/ta.mk))
$(eval $(call install,$(sdkdir)/lib/x86_64,644,out/sdk/lib/x86_64/libpostern_ta.a))
POSTERN_VERSION ?= 0.1.0
INSTALL_HOOKS += sdk_PKGCONFIG
sdk_PKGCONFIG = mkdir -p "$(DESTDIR)$(pkgconfigdir)" && sed -e 's|@PREFIX@|$(PREFIX)|' \
    -e 's|@SDKDIR@|$(sdkdir)|' -e 's|@VERSION@|$(POSTERN_VERSION)|' sdk/postern-ta.pc.in \
    > "$(DESTDIR)$(pkgconfigdir)/postern-ta.pc"

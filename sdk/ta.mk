# Builds a trusted app's package. Included by the app's Makefile:
#
#   APP := name                 names what is built on the way
#   SRCS := app.c more.c
#   MANIFEST := manifest.txt    if not given, manifest.txt
#   USES := crypto              libraries that come with the machine: crypto (OpenSSL's libcrypto; in
#                               TrustZone the one image that all apps share), for TEE_*Operation,
#                               TEE_Digest*, TEE_MAC*
#   OUT := .                    where UUID.ta goes; what is built on the way goes to $(OUT)/obj/$(APP)
#   include $(POSTERN_SDK)/ta.mk
#
# and then there are the targets `package` (made by plain `make`, too, unless the Makefile says
# otherwise before) and `clean`. Also looked at: CC, CFLAGS, CPPFLAGS, LDFLAGS, LDLIBS; POSTERN_KEY, a
# private key to sign with (default: your development key); POSTERN, the postern command.
#
#   ARCHES := x86_64            which images the package has: x86_64 for the hosted TEE, aarch64 for
#                               TrustZone (needs ARM64_CC, by default aarch64-linux-gnu-gcc), or both
#
# Each step is one short line; V=1 shows the commands.
#
# DEVELOPMENT := asan builds the app's development form under AddressSanitizer and
# UndefinedBehaviorSanitizer; DEVELOPMENT := debug one without optimisation. Both packages say that
# they want the looser sandbox, and run only in a TEE started for development.

TA_SDK := $(abspath $(dir $(lastword $(MAKEFILE_LIST))))
MANIFEST ?= manifest.txt
OUT ?= .
ARCHES ?= x86_64
ARM64_CC ?= aarch64-linux-gnu-gcc
POSTERN ?= $(firstword $(wildcard $(TA_SDK)/../bin/postern $(TA_SDK)/../../../bin/postern) postern)
ifeq ($(origin CC),default)
CC := gcc
endif
$(foreach v,APP SRCS,$(if $(strip $($v)),,$(error $v is not set)))
$(if $(wildcard $(MANIFEST)),,$(error there is no manifest $(MANIFEST)))
$(foreach u,$(filter-out crypto,$(USES)),$(error USES: there is no library $u))
$(foreach d,$(filter-out asan debug,$(DEVELOPMENT)),$(error DEVELOPMENT: asan or debug, not $d))

TA_UUID := $(shell sed -n 's/^[ \t]*gpd\.ta\.appID[ \t]*[:=][ \t]*\([0-9A-Fa-f-]*\).*/\1/p' \
    $(MANIFEST) | tr A-F a-f)
$(if $(filter 1,$(words $(TA_UUID))),,$(error $(MANIFEST) names no gpd.ta.appID, or several))

$(foreach a,$(filter-out x86_64 aarch64,$(ARCHES)),$(error ARCHES: x86_64 or aarch64, not $a))

$(if $(filter aarch64,$(ARCHES)),$(if $(wildcard $(TA_SDK)/lib/aarch64/libpostern_ta.a),,\
    $(error ARCHES: the SDK in $(TA_SDK) has no parts for aarch64: `make arm64 install` in its sources brings them)))

TA_BUILD := $(OUT)/obj/$(APP)
TA_ELF := $(TA_BUILD)/$(APP).elf
TA_OBJS := $(foreach s,$(SRCS),$(TA_BUILD)/$(subst ../,up/,$(basename $s)).o)
TA_PACKAGE := $(OUT)/$(TA_UUID).ta
TA_CFLAGS := -I$(TA_SDK)/include -g -fPIE -Wall -ffunction-sections -fdata-sections
TA_CRYPTO := $(if $(filter crypto,$(USES)),$(or \
    $(shell pkg-config --static --libs libcrypto 2>/dev/null),-lcrypto))
TA_LIBS := $(TA_SDK)/lib/x86_64/libpostern_ta.a $(TA_CRYPTO)
TA_LDFLAGS := -Wl,--gc-sections,-z,relro,-z,now,-z,noexecstack -Wl,--undefined=rt_start,--wrap=abort,--wrap=__assert_fail

ifeq ($(DEVELOPMENT),asan)
TA_CFLAGS += -O1 -fno-omit-frame-pointer -fsanitize=address,undefined \
    -fno-sanitize-recover=undefined
TA_LDFLAGS += -pie -fsanitize=address,undefined -Wl,--undefined=rt_sanitizer
else ifeq ($(DEVELOPMENT),debug)
TA_CFLAGS += -O0
TA_LDFLAGS += -static-pie
else
TA_CFLAGS += -O2 -fstack-protector-strong -D_FORTIFY_SOURCE=2
TA_LDFLAGS += -static-pie
endif

# What this build depends on besides files: when it changes, all is built again.
TA_SETTINGS := $(CC) $(CPPFLAGS) $(CFLAGS) $(TA_CFLAGS) $(LDFLAGS) $(TA_LDFLAGS) $(LDLIBS) \
    $(TA_LIBS) $(DEVELOPMENT) $(POSTERN_KEY) $(ARCHES)
$(shell mkdir -p $(TA_BUILD); printf '%s\n' '$(TA_SETTINGS)' | cmp -s - $(TA_BUILD)/settings || \
    printf '%s\n' '$(TA_SETTINGS)' > $(TA_BUILD)/settings)

# What a recipe begins with: $(call TA_SAY,CC,FILE), and then $(TA_Q) before its command.
TA_Q := $(if $(V),,@)
TA_SAY = $(if $(V)$(findstring s,$(firstword -$(MAKEFLAGS))),,@printf '%-5s %s\n' '$1' '$2')

.PHONY: package all clean ta-clean
package: $(TA_PACKAGE)
all: package

define TA_COMPILE
$(TA_BUILD)/$(subst ../,up/,$(basename $1)).o: $1 $(TA_BUILD)/settings
	$$(call TA_SAY,CC,$$@)
	@mkdir -p $$(@D)
	$$(TA_Q)$$(CC) $$(TA_CFLAGS) $$(CPPFLAGS) $$(CFLAGS) -MMD -MP -c -o $$@ $$<
endef
$(foreach s,$(SRCS),$(eval $(call TA_COMPILE,$s)))
-include $(TA_OBJS:.o=.d)

# What the linker says, without what it always says of a static libcrypto (it would load libraries if
# it could: an app cannot), and with a word on what is easily forgotten.
TA_LINK_LOG = >$@.log 2>&1; status=$$?; \
    sed -e '/: in function/{N;/in statically linked applications/d;}' \
        -e '/: note: the message above does not take linker garbage collection/d' $@.log >&2; \
    if grep -q 'undefined reference to .EVP_' $@.log; then \
    echo 'This app uses cryptography: its Makefile has to say USES := crypto' >&2; fi; \
    exit $$status
# A main() and GlobalPlatform's entry points in one app: sessions are served while main() waits.
TA_BESIDE = nm $1 | awk '$$3 == "main" { m = 1 } \
    $$3 == "TA_InvokeCommandEntryPoint" { t = 1 } \
    END { if (m && t) print "-Wl,--undefined=__postern_beside_main" }'

$(TA_ELF): $(TA_OBJS) $(TA_SDK)/lib/x86_64/libpostern_ta.a $(TA_BUILD)/settings
	$(call TA_SAY,LINK,$@)
	$(TA_Q)$(CC) $(CFLAGS) -o $@ $(TA_OBJS) $(LDFLAGS) $(TA_LDFLAGS) $$($(call TA_BESIDE,$(TA_OBJS))) $(LDLIBS) $(TA_LIBS) $(TA_LINK_LOG)

# For TrustZone: against musl, which stands beside the SDK's archive. Its files take no part in the
# app's own symbols; the C library is asked last. libcrypto.a holds no cryptography there: its functions
# call the one image that all apps share.
TA_ELF_aarch64 := $(TA_BUILD)/$(APP).aarch64.elf
TA_OBJS_aarch64 := $(TA_OBJS:$(TA_BUILD)/%=$(TA_BUILD)/aarch64/%)
TA_CFLAGS_aarch64 := -I$(TA_SDK)/include -g -fPIE -Wall -ffunction-sections -fdata-sections -O2 \
    -fstack-protector-strong -nostdinc -isystem $(TA_SDK)/musl/include \
    -isystem $(if $(filter aarch64,$(ARCHES)),$(shell $(ARM64_CC) -print-file-name=include)) \
    $(if $(filter crypto,$(USES)),-isystem $(TA_SDK)/openssl) -mno-outline-atomics
TA_LDFLAGS_aarch64 := -nostdlib -static-pie -Wl,--gc-sections,-z,relro,-z,now,-z,noexecstack \
    -Wl,-z,max-page-size=4096,-z,separate-code -Wl,--wrap=vfprintf,--wrap=fwrite,--wrap=__assert_fail
TA_LIBS_aarch64 := $(TA_SDK)/lib/aarch64/libpostern_ta.a \
    $(if $(filter crypto,$(USES)),$(TA_SDK)/lib/aarch64/libcrypto.a) $(TA_SDK)/musl/lib/libc.a

define TA_COMPILE_aarch64
$(TA_BUILD)/aarch64/$(subst ../,up/,$(basename $1)).o: $1 $(TA_BUILD)/settings
	$$(call TA_SAY,CC,$$@)
	@mkdir -p $$(@D)
	$$(TA_Q)$$(ARM64_CC) $$(TA_CFLAGS_aarch64) $$(CPPFLAGS) -MMD -MP -c -o $$@ $$<
endef
$(foreach s,$(SRCS),$(eval $(call TA_COMPILE_aarch64,$s)))
-include $(TA_OBJS_aarch64:.o=.d)

$(TA_ELF_aarch64): $(TA_OBJS_aarch64) $(TA_LIBS_aarch64) $(TA_BUILD)/settings
	$(call TA_SAY,LINK,$@)
	$(TA_Q)$(ARM64_CC) -o $@ $(TA_OBJS_aarch64) $(TA_LDFLAGS_aarch64) \
	    $$($(call TA_BESIDE,$(TA_OBJS_aarch64))) -Wl,--start-group \
	    $(TA_LIBS_aarch64) -lgcc -Wl,--end-group $(TA_LINK_LOG)

TA_ELF_x86_64 := $(TA_ELF)
TA_ELFS := $(foreach a,$(ARCHES),$(TA_ELF_$a))

$(TA_PACKAGE): $(TA_ELFS) $(MANIFEST) $(TA_BUILD)/settings
	$(call TA_SAY,SIGN,$@)
	$(TA_Q)$(POSTERN) sign --manifest=$(MANIFEST) $(if $(DEVELOPMENT),--development) \
	    $(foreach a,$(ARCHES),--image=$a:$(TA_ELF_$a)) --output=$@ \
	    $(if $(POSTERN_KEY),--key=$(POSTERN_KEY))

clean: ta-clean
ta-clean:
	rm -rf $(TA_BUILD) $(TA_PACKAGE)

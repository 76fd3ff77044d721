# The end-to-end tests: programs that run the real posternd and supplicant themselves (tests/e2e/tee.h),
# and the two test apps that they sign with many manifests; and the same for the TrustZone machine's
# guest, where tests/arm64/e2e-test and e2e-long-test run them.

e2e_FOLDERS := abi $(client_HEADERS)
# Paths are put together in buffers that are long enough for those of a test.
e2e_FLAGS := -Wno-format-truncation
e2e_NAMES := memory policy cancel codes protocol identity hostile death packages supplicant upgrade \
    leaks load
e2e_SHARED := $(addprefix tests/e2e/,tap.c tee.c tee_hosted.c door_hosted.c call.c link.c forge.c)

$(eval $(call objects,e2e,$(e2e_SHARED),$(e2e_FLAGS),$(e2e_FOLDERS)))

# $(call e2e_test,NAME): out/tests/e2e-NAME.
define e2e_test
$(call objects,e2e-$1,tests/e2e/$1.c,$(e2e_FLAGS),$(e2e_FOLDERS))
$(call program,out/tests/e2e-$1,@e2e-$1 @e2e out/lib/libpostern_teec.a,-lcrypto -pthread)
out/tests/e2e-$1: | $(e2e_NEEDS)
TESTS += out/tests/e2e-$1
endef

# ELF files: made with the SDK as any app's, but the tests sign them, again and again.
# $(call e2e_app,NAME)
define e2e_app
out/tests/e2e/obj/$1/$1.elf: $(wildcard tests/e2e/$1/*) $(SDK) out/bin/postern
	$$(call say,APP,$$@)
	$$(Q)mkdir -p $$(@D) && XDG_CONFIG_HOME=$$(CURDIR)/out/config $$(MAKE) -s -C tests/e2e/$1 \
	    POSTERN_SDK=$$(CURDIR)/out/sdk OUT=$$(CURDIR)/out/tests/e2e $$(CURDIR)/$$@ && touch $$@
endef
$(eval $(call e2e_app,probe))
$(eval $(call e2e_app,villain))

# Signing keys of the tests: `other` is trusted by nobody, `scoped` may sign one app (tests/e2e/tee.h).
# And the test key once more, with a floor under the versions of one app.
out/tests/e2e/keys/scoped.key: e2e_KEY_OPTIONS := --app 08221080-667b-499a-9ac6-98749a398da9
out/tests/e2e/keys/%.key: | out/bin/postern
	$(call say,KEY,$@)
	$(Q)mkdir -p $(@D) && rm -f $(@:.key=).* && \
	    out/bin/postern keygen $(e2e_KEY_OPTIONS) --output $(@:.key=) >$@.log
out/tests/e2e/keys/floor.trust: out/tests/e2e/keys/test.key
	$(Q)umask 022 && { cat $(<:.key=.trust) && \
	    echo 'floor = 0822107f-667b-499a-9ac6-98749a398da9 2.1.0'; } >$@

e2e_NEEDS := out/tests/e2e/obj/probe/probe.elf out/tests/e2e/obj/villain/villain.elf \
    out/tests/e2e/keys/test.key out/tests/e2e/keys/other.key out/tests/e2e/keys/scoped.key \
    out/tests/e2e/keys/floor.trust out/bin/posternd \
    out/bin/postern-supplicant out/bin/postern

$(foreach n,$(e2e_NAMES),$(eval $(call e2e_test,$n)))

# The same tests for the TrustZone machine's guest; tests/arm64/e2e-test runs them there.
e2e-arm64_FLAGS := $(e2e_FLAGS) -isystem $(ARM64_OPENSSL)/usr/include \
    -isystem $(ARM64_OPENSSL)/usr/include/aarch64-linux-gnu
$(eval $(call objects,e2e-arm64,$(subst hosted,guest,$(e2e_SHARED)) \
    $(e2e_NAMES:%=tests/e2e/%.c) tests/sdk/api.c,$(e2e-arm64_FLAGS),$(e2e_FOLDERS) tests,arm64))
$(e2e-arm64_OBJS): | $(ARM64_OPENSSL)/.packages
# An archive, so that only the tests that forge packages carry OpenSSL.
$(eval $(call static_library,out/arm64/lib/libe2e.a,\
    $(patsubst %.c,out/obj/e2e-arm64/%.o,$(subst hosted,guest,$(e2e_SHARED))),arm64))

# $(call e2e_guest_test,NAME,SOURCE): out/arm64/tests/NAME.
define e2e_guest_test
$(call program,out/arm64/tests/$1,out/obj/e2e-arm64/$2.o out/arm64/lib/libe2e.a \
    out/arm64/lib/libpostern_teec.a,$(ARM64_OPENSSL)/usr/lib/aarch64-linux-gnu/libcrypto.a \
    -static -pthread -Wl$(,)--no-warnings,arm64)
e2e_GUEST_TESTS += out/arm64/tests/$1
endef
e2e_GUEST_TESTS :=
$(foreach n,$(e2e_NAMES),$(eval $(call e2e_guest_test,e2e-$n,tests/e2e/$n)))
$(eval $(call e2e_guest_test,sdk-api,tests/sdk/api))

# $(call e2e_guest_app,FOLDER): out/arm64/tests/obj/NAME/NAME.aarch64.elf.
define e2e_guest_app
out/arm64/tests/obj/$(notdir $1)/$(notdir $1).aarch64.elf: $(wildcard $1/*) $(SDK) $(SDK_ARM64) \
    out/bin/postern
	$$(call say,APP,$$@)
	$$(Q)mkdir -p $$(@D) && XDG_CONFIG_HOME=$$(CURDIR)/out/config $$(MAKE) -s -C $1 ARCHES=aarch64 \
	    ARM64_CC=$$(ARM64_CC) POSTERN_SDK=$$(CURDIR)/out/sdk OUT=$$(CURDIR)/out/arm64/tests \
	    $$(CURDIR)/$$@ && touch $$@
e2e_GUEST_TESTS += out/arm64/tests/obj/$(notdir $1)/$(notdir $1).aarch64.elf
endef
$(foreach a,tests/e2e/probe tests/e2e/villain tests/sdk/checker,$(eval $(call e2e_guest_app,$a)))
ARM64_TEST_NEEDS += $(e2e_GUEST_TESTS) $(filter %.key,$(e2e_NEEDS))
TESTS += tests/arm64/e2e-test tests/arm64/e2e-long-test tests/arm64/sdk-headers-test

# Tests that drive the tools: debuggers, sanitizers, valgrind, what is installed.
e2e_SCRIPTS := $(wildcard tests/e2e/*.test.sh)
TESTS += $(e2e_SCRIPTS)
$(e2e_SCRIPTS): | out/tests/e2e-codes out/tests/e2e-invoke

# A client for the scripts.
$(eval $(call objects,e2e-invoke,tests/e2e/invoke.c,,$(client_HEADERS)))
$(eval $(call program,out/tests/e2e-invoke,@e2e-invoke out/lib/libpostern_teec.a,-pthread))

# The end-to-end tests: programs that run the real posternd and supplicant themselves (tests/e2e/tee.h),
# and the two test apps that they sign with many manifests.

e2e_FOLDERS := abi $(client_HEADERS)
# Paths are put together in buffers that are long enough for those of a test.
e2e_FLAGS := -Wno-format-truncation
e2e_NAMES := memory policy cancel codes protocol identity hostile death packages supplicant upgrade \
    leaks load
e2e_SHARED := tests/e2e/tap.c tests/e2e/tee.c tests/e2e/call.c tests/e2e/link.c tests/e2e/forge.c

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
	    POSTERN_SDK=$$(CURDIR)/out/sdk OUT=$$(CURDIR)/out/tests/e2e $$(CURDIR)/$$@
endef
$(eval $(call e2e_app,probe))
$(eval $(call e2e_app,villain))

# Signing keys of the tests: `other` is trusted by nobody.
out/tests/e2e/keys/%.key: | out/bin/postern
	$(call say,KEY,$@)
	$(Q)mkdir -p $(@D) && rm -f $(@:.key=).* && out/bin/postern keygen --output $(@:.key=) >$@.log

e2e_NEEDS := out/tests/e2e/obj/probe/probe.elf out/tests/e2e/obj/villain/villain.elf \
    out/tests/e2e/keys/test.key out/tests/e2e/keys/other.key out/bin/posternd \
    out/bin/postern-supplicant out/bin/postern

$(foreach n,$(e2e_NAMES),$(eval $(call e2e_test,$n)))

# Tests that drive the tools: debuggers, sanitizers, valgrind, what is installed.
e2e_SCRIPTS := $(wildcard tests/e2e/*.test.sh)
TESTS += $(e2e_SCRIPTS)

# A client for the scripts.
$(eval $(call objects,e2e-invoke,tests/e2e/invoke.c,,$(client_HEADERS)))
$(eval $(call program,out/tests/e2e-invoke,@e2e-invoke out/lib/libpostern_teec.a,-pthread))
ALL += out/tests/e2e-invoke

# The SDK on the real hosted TEE, and what it says to compilers.

out/tests/sdk/obj/checker/checker.elf: $(wildcard tests/sdk/checker/*) $(SDK) out/bin/postern
	$(call say,APP,$@)
	$(Q)mkdir -p $(@D) && XDG_CONFIG_HOME=$(CURDIR)/out/config $(MAKE) -s -C tests/sdk/checker \
	    POSTERN_SDK=$(CURDIR)/out/sdk OUT=$(CURDIR)/out/tests/sdk $(CURDIR)/$@ && touch $@

$(eval $(call objects,tests-sdk-api,tests/sdk/api.c,,abi tests $(client_HEADERS)))
$(eval $(call program,out/tests/sdk-api,@tests-sdk-api @e2e out/lib/libpostern_teec.a,-lcrypto -pthread))
out/tests/sdk-api: | out/tests/sdk/obj/checker/checker.elf $(e2e_NEEDS)
TESTS += out/tests/sdk-api tests/sdk/headers.sh

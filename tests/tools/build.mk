# Tests of the postern command and of the trust files: decoders under the sanitizers and fuzzed, the
# command as users run it, and once more under the sanitizers for what is hostile.

$(eval $(call objects,tools-lib-sanitize,$(TOOLS_LIB_SOURCES),,abi lib,sanitize))
$(eval $(call objects,tools-sanitize,$(TOOLS_SOURCES),,$(TOOLS_FOLDERS),sanitize))
$(eval $(call objects,tools-tests,$(wildcard tests/tools/*_test.c),,abi lib tools,sanitize))
$(eval $(call objects,tools-fuzz,tools/package/manifest_text.c $(TOOLS_LIB_SOURCES),,abi lib tools,fuzz))

$(eval $(call program,out/tests/trust_test,\
    out/obj/tools-tests/tests/tools/trust_test.o @trust-sanitize @tools-lib-sanitize,-lcmocka,sanitize))
$(eval $(call program,out/tests/manifest_test,\
    out/obj/tools-tests/tests/tools/manifest_test.o \
    out/obj/tools-sanitize/tools/package/manifest_text.o @trust-sanitize @tools-lib-sanitize,\
    -lcmocka,sanitize))
TESTS += out/tests/trust_test out/tests/manifest_test

# The crypto library's image: its decoder is the AArch64 kernel's, too.
$(eval $(call objects,lib-library-sanitize,lib/library.c,$(CONVERSION),abi lib,sanitize))
$(eval $(call program,out/tests/library_test,\
    out/obj/tools-tests/tests/tools/library_test.o @lib-library-sanitize,-lcmocka,sanitize))
TESTS += out/tests/library_test
$(eval $(call fuzzer,library,tests/tools/fuzz_library.c lib/library.c,$(CONVERSION),abi lib))

$(eval $(call fuzzer,trust_text,tests/tools/fuzz_trust.c,,abi lib,@trust-fuzz @tools-fuzz))
$(eval $(call fuzzer,manifest_text,tests/tools/fuzz_manifest.c,,abi lib tools,@trust-fuzz @tools-fuzz))

# The whole command under the sanitizers, for tests/tools/hostile.sh.
$(eval $(call program,out/tests/sanitized/postern,@tools-sanitize @tools-lib-sanitize \
    @trust-sanitize @libteec-sanitize out/lib/libpostern_crypto-sanitize.a,-lcrypto -pthread,sanitize))
ALL_TOOLS_TESTS := $(wildcard tests/tools/*.sh)
TESTS += $(filter-out tests/tools/tap.sh,$(ALL_TOOLS_TESTS))
$(filter-out tests/tools/tap.sh,$(ALL_TOOLS_TESTS)): out/tests/sanitized/postern

$(eval $(call objects,tools-program-fuzz,tools/arm64/program.c,,tools,fuzz))
$(eval $(call fuzzer,arm64_program,tests/tools/fuzz_program.c,,tools,@tools-program-fuzz))

# Asks the secure kernel for its log in other ways than `postern log`.
$(eval $(call objects,report-client-arm64,tests/tools/report_client.c,,abi postern=api/client,arm64))
$(eval $(call program,out/arm64/bin/report_client,@report-client-arm64 \
    out/arm64/lib/libpostern_teec.a,-static -pthread,arm64))
ARM64_TEST_NEEDS += out/arm64/bin/report_client

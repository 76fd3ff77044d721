# make check, make fuzz. TEST=word runs only what has the word in its name, and builds only that.

# findstring never finds nothing: the x makes an empty word match everything.
chosen = $(findstring x$(TEST),x$1)$(if $(TEST),$(findstring $(TEST),$1))
CHECK_TESTS := $(sort $(foreach t,$(TESTS),$(if $(call chosen,$(subst /,-,$t)),$t)))
CHECK_FUZZERS := $(sort $(foreach f,$(FUZZERS),$(if $(call chosen,fuzz-$(notdir $f)),$f)))
CHECK_LINT := $(if $(call chosen,lint),lint:)

# The tests of the TrustZone machine say all together what they need of it.
CHECK_ARM64 := $(if $(filter tests/arm64/% tests/tools/arm64-%,$(CHECK_TESTS)),$(ARM64_ALL) $(ARM64_TEST_NEEDS))

.PHONY: check
check: all $$(CHECK_ARM64) $$(CHECK_TESTS) $$(CHECK_FUZZERS)
	@MAKE='$(MAKE)' TEST='$(TEST)' CHECK_JOBS='$(CHECK_JOBS)' CHECK_SECONDS='$(CHECK_SECONDS)' \
	    FUZZ_SECONDS='$(FUZZ_SECONDS)' \
	    scripts/check $(CHECK_LINT) $(CHECK_TESTS) $(CHECK_FUZZERS:%=fuzz:%)

fuzz: $$(FUZZERS)
	$(if $(FUZZER),mkdir -p out/fuzz/corpus/$(FUZZER) && out/fuzz/$(FUZZER) \
	    -max_total_time=$(or $(SECONDS),60) -artifact_prefix=out/fuzz/$(FUZZER)- \
	    out/fuzz/corpus/$(FUZZER) $(wildcard fuzz/corpus/$(FUZZER)))

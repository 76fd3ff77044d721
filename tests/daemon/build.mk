# The real daemon, kernel and port and all, under ThreadSanitizer, and under AddressSanitizer and
# UndefinedBehaviorSanitizer; run by the end-to-end tests.

# $(call daemon_variant,KIND)
define daemon_variant
$(call objects,daemon-$1,$(host_SOURCES),-pthread,$(host_FOLDERS),$1)
$(if $(filter trust-$1,$(GROUPS)),,$(call objects,trust-$1,$(TRUST_SOURCES),,abi lib,$1))
$(call program,out/tests/daemon/posternd-$1,@daemon-$1 @kernel-$1 @kernel-lib-$1 @trust-$1 \
    out/lib/libpostern_crypto-$1.a,-pthread,$1)
tests/daemon/$1.test.sh: | out/tests/daemon/posternd-$1 $(e2e_NAMES:%=out/tests/e2e-%)
TESTS += tests/daemon/$1.test.sh
endef

$(eval $(call daemon_variant,thread))
$(eval $(call daemon_variant,sanitize))

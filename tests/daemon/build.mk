# The real daemon, kernel and port and all, as port/host builds it under ThreadSanitizer and under
# AddressSanitizer and UndefinedBehaviorSanitizer; run by the end-to-end tests.

DAEMON_TESTS := tests/daemon/thread.test.sh tests/daemon/sanitize.test.sh
$(DAEMON_TESTS): | out/tests/sanitized/posternd-thread out/tests/sanitized/posternd-sanitize \
    $$(addprefix out/tests/e2e-,$$(e2e_NAMES))
TESTS += $(DAEMON_TESTS)

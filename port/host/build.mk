# posternd: the hosted TEE, and the tests of its parts.

host_SOURCES := $(wildcard port/host/*.c)
host_FOLDERS := abi lib port
host_KERNEL := @kernel @kernel-lib @trust out/lib/libpostern_crypto.a

$(eval $(call objects,host,$(host_SOURCES),-pthread,$(host_FOLDERS)))
$(eval $(call program,out/bin/posternd,@host $(host_KERNEL),-pthread))
ALL += out/bin/posternd

# --- Tests. ---------------------------------------------------------------------------------------
# The app that the sandbox tests start: static and position-independent as every app, but with no SDK.
$(eval $(call objects,host-hostile,port/host/test/hostile.c,-fPIE -fno-stack-protector,abi))
$(eval $(call program,out/tests/host_hostile,@host-hostile,-static-pie))

# The port without its main program, on a kernel of a few lines; as it is, and under the sanitizers.
host_PARTS := $(filter-out port/host/main.c port/host/options.c,$(host_SOURCES)) \
    port/host/test/fake_kernel.c
host_LIB := lib/elf.c lib/uuid.c lib/error.c lib/manifest.c $(TRUST_SOURCES)

# $(call host_tests,SUFFIX,KIND)
define host_tests
$(call objects,host-parts$1,$(host_PARTS) $(host_LIB),-pthread,$(host_FOLDERS),$2)
$(call objects,host-tests$1,$(wildcard port/host/test/test_*.c),-pthread,$(host_FOLDERS),$2)
$(call program,out/tests/host_sandbox$1,out/obj/host-tests$1/port/host/test/test_sandbox.o \
    @host-parts$1,-pthread -lcmocka,$2)
$(call program,out/tests/host_parts$1,out/obj/host-tests$1/port/host/test/test_parts.o \
    @host-parts$1,-pthread -lcmocka,$2)
$(call program,out/tests/host_doors$1,out/obj/host-tests$1/port/host/test/test_doors.o \
    @host-parts$1,-pthread -lcmocka,$2)
TESTS += out/tests/host_sandbox$1 out/tests/host_parts$1 out/tests/host_doors$1
out/tests/host_sandbox$1: | out/tests/host_hostile
endef
$(eval $(call host_tests,,hosted))
$(eval $(call host_tests,-sanitize,sanitize))
$(eval $(call host_tests,-thread,thread))

# The whole daemon under the sanitizers, for end-to-end tests that want it.
# $(call host_daemon,SUFFIX,KIND)
define host_daemon
$(call objects,host$1,$(host_SOURCES),-pthread,$(host_FOLDERS),$2)
$(call objects,host-trust$1,$(TRUST_SOURCES),,abi lib,$2)
$(call program,out/tests/sanitized/posternd$1,@host$1 @host-trust$1 @kernel$1 @kernel-lib$1 \
    out/lib/libpostern_crypto$1.a,-pthread,$2)
endef
$(eval $(call host_daemon,-sanitize,sanitize))
$(eval $(call host_daemon,-thread,thread))

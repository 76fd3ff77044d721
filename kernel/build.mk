# The portable kernel, whole, for every port: the same sources in each, no list of exceptions.
#
#   @kernel            kind freestanding, for posternd (with @kernel-lib and libpostern_crypto.a)
#   @kernel-sanitize, @kernel-thread, @kernel-fuzz   the same for tests and fuzzers
#   @kernel-arm64      kind arm64-freestanding

KERNEL_SOURCES := kernel/kernel.c $(wildcard kernel/decode/*.c kernel/sched/*.c kernel/object/*.c \
    kernel/app/*.c kernel/gate/*.c kernel/syscall/*.c)
KERNEL_SOURCES := $(filter-out %_test.c,$(KERNEL_SOURCES))
KERNEL_LIB_SOURCES := lib/error.c lib/uuid.c lib/package.c lib/manifest.c lib/elf.c

# $(call kernel_groups,SUFFIX,KIND,FLAGS,FLAGS_OF_LIB)
define kernel_groups
$(call objects,kernel$1,$(KERNEL_SOURCES),$(CONVERSION) $3,abi lib port kernel,$2)
$(call objects,kernel-lib$1,$(KERNEL_LIB_SOURCES),$(CONVERSION) $3 $4,abi lib,$2)
endef

$(eval $(call kernel_groups,,freestanding,))
$(eval $(call kernel_groups,-sanitize,freestanding-sanitize,))
$(eval $(call kernel_groups,-thread,freestanding-thread,))
$(eval $(call kernel_groups,-fuzz,freestanding-fuzz,))
# The kernel proper runs with the MMU on, where memory need not be accessed by its alignment. What lib/
# has for it is run when an app is loaded: small rather than fast.
$(eval $(call kernel_groups,-arm64,arm64-freestanding,-mgeneral-regs-only -mno-strict-align -flto -fomit-frame-pointer,-Os))

ALL += $(kernel_OBJS) $(kernel-lib_OBJS)
ARM64_ALL += $(kernel-arm64_OBJS) $(kernel-lib-arm64_OBJS)

.PHONY: kernel-objects
kernel-objects: $(kernel_OBJS) $(kernel-lib_OBJS)

# Unit tests: one program a *_test.c, the whole kernel in the test port, under ASan and UBSan.
KERNEL_TESTS := $(wildcard kernel/*/*_test.c)
$(eval $(call objects,port-test,$(wildcard port/test/*.c),,abi lib port port/test,sanitize))

# $(call kernel_test,SOURCE,NAME)
define kernel_test
$(call objects,kernel-test-$2,$1,,abi lib port port/test kernel,sanitize)
$(call program,out/tests/kernel-$2,@kernel-test-$2 @port-test @kernel-sanitize @kernel-lib-sanitize \
    out/lib/libpostern_crypto-sanitize.a,-lcmocka -lcrypto,sanitize)
TESTS += out/tests/kernel-$2
endef
$(foreach t,$(KERNEL_TESTS),$(eval $(call kernel_test,$t,$(subst /,-,$(patsubst kernel/%_test.c,%,$t)))))

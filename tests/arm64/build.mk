# The TrustZone machine (QEMU) and its tests.

ARM64_DEBIAN := out/arm64/bookworm
ARM64_PACKAGES := linux-image-arm64 busybox-static libc6 tee-supplicant optee-client-dev libuuid1
$(ARM64_DEBIAN)/.packages: tests/arm64/build.mk
	$(Q)scripts/fetch-packages bookworm arm64 $(@D) $(ARM64_PACKAGES) libteec1 libfdt-dev && touch $@
out/arm64/trixie/.packages: tests/arm64/build.mk
	$(Q)scripts/fetch-packages trixie arm64 $(@D) $(ARM64_PACKAGES) libteec2 && touch $@

# $(call arm64_release,RELEASE,LIBTEEC): the guest, and the test client against its libteec. The client
# is compiled with the guest's own C library, which may be older than the cross compiler's (that has
# Linux's headers, which the C library's want).
define arm64_release
out/arm64/base-$1.cpio: tests/arm64/initrd tests/arm64/guest/init out/arm64/$1/.packages
	$$(call say,CPIO,$$@)
	$$(Q)tests/arm64/initrd base out/arm64/$1 $$@
out/arm64/libc-$1/.packages: tests/arm64/build.mk
	$$(Q)scripts/fetch-packages $1 arm64 $$(@D) libc6-dev && touch $$@
out/arm64/bin/gp_client_$1: tests/arm64/gp_client.c out/arm64/$1/.packages out/arm64/libc-$1/.packages
	$$(call say,LINK,$$@)
	$$(Q)mkdir -p $$(@D) && $$(ARM64_CC) -std=c17 -D_GNU_SOURCE -O2 -Wall -Wextra -Werror -pthread \
	    -nostdinc -isystem $$(call compiler_headers,$$(ARM64_CC)) -isystem out/arm64/libc-$1/usr/include \
	    -isystem out/arm64/libc-$1/usr/include/aarch64-linux-gnu \
	    -idirafter /usr/$$(ARM64_PREFIX:-=)/include -I out/arm64/$1/usr/include \
	    -nostartfiles -nodefaultlibs -no-pie -Wl,--allow-shlib-undefined -o $$@ \
	    $$(addprefix out/arm64/libc-$1/usr/lib/aarch64-linux-gnu/,crt1.o crti.o) $$< \
	    out/arm64/$1/usr/lib/aarch64-linux-gnu/$2 \
	    $$$$(ls out/arm64/$1/lib/aarch64-linux-gnu/libc.so.6 \
	        out/arm64/$1/usr/lib/aarch64-linux-gnu/libc.so.6 2>/dev/null) \
	    out/arm64/libc-$1/usr/lib/aarch64-linux-gnu/libc_nonshared.a -lgcc \
	    out/arm64/libc-$1/usr/lib/aarch64-linux-gnu/crtn.o
ARM64_TEST_NEEDS += out/arm64/base-$1.cpio out/arm64/bin/gp_client_$1
endef
$(eval $(call arm64_release,bookworm,libteec.so.1))
$(eval $(call arm64_release,trixie,libteec.so.2))

# The normal world's loader.
$(eval $(call objects,arm64-loader,tests/arm64/loader/start.S tests/arm64/loader/loader.c \
    lib/aarch64/string.c lib/aarch64/number.c,-mgeneral-regs-only -isystem $(ARM64_DEBIAN)/usr/include \
    -isystem lib/aarch64/libc,lib,arm64-freestanding))
$(arm64-loader_OBJS): | $(ARM64_DEBIAN)/.packages
$(eval $(call program,out/arm64/loader.elf,@arm64-loader tests/arm64/loader/loader.ld,\
    -Wl$(,)-T$(,)tests/arm64/loader/loader.ld -Wl$(,)--no-warn-rwx-segments \
    $(ARM64_DEBIAN)/usr/lib/aarch64-linux-gnu/libfdt.a,arm64-freestanding))
out/arm64/loader.bin: out/arm64/loader.elf
	$(Q)$(ARM64_OBJCOPY) -O binary $< $@

# The monitor alone.
out/arm64/nokernel.bin: tests/arm64/nokernel.S
	$(Q)mkdir -p $(@D) && $(ARM64_CC) -c -o $@.o $< && $(ARM64_OBJCOPY) -O binary $@.o $@
$(eval $(call monitor_flash,out/arm64/monitor-test.bin,out/arm64/nokernel.bin,out/arm64/loader.bin))

ARM64_TEST_NEEDS += out/arm64/monitor-test.bin
TESTS += tests/arm64/boot-test

# The machine with the kernel in it; it trusts the tree's development key, which is made with the first
# app, and the end-to-end tests' keys.
ARM64_TRUST := $(addprefix out/tests/e2e/keys/,floor.trust scoped.key)
ARM64_APPS :=
out/arm64/postern-test.img: out/arm64/postern.bin out/arm64/crypto.lib out/bin/postern-image \
    $$(ARM64_APPS) $(ARM64_TRUST)
	$(Q)rm -rf out/arm64/trust && mkdir -m 755 out/arm64/trust && \
	    cp out/config/postern/development.trust $(ARM64_TRUST:.key=.trust) out/arm64/trust/ && \
	    out/bin/postern-image $< out/arm64/trust $@ out/arm64/crypto.lib
$(eval $(call monitor_flash,out/arm64/flash-test.bin,out/arm64/postern-test.img,out/arm64/loader.bin))
ARM64_TEST_NEEDS += out/arm64/flash-test.bin

$(eval $(call app_arm64,apps/hello,444fbfd3-0c95-479c-8f40-02d0946d2d8d))
ARM64_APPS += out/arm64/apps/444fbfd3-0c95-479c-8f40-02d0946d2d8d.ta

# The examples' clients for the guest, with our libteec and with Debian's; and a shell for their tests.
# $(call example_arm64,NAME)
define example_arm64
$(call objects,$1-client-arm64,apps/$1/client.c,,$(client_HEADERS),arm64)
$(call program,out/arm64/bin/$1-client,@$1-client-arm64 \
    out/arm64/lib/libpostern_teec.a,-static -pthread,arm64)
ARM64_TEST_NEEDS += out/arm64/bin/$1-client
endef
$(eval $(call example_arm64,hello))
$(eval $(call app_arm64,apps/counter,625503bc-7b0b-4148-a594-ac22efc907a9))
$(eval $(call example_arm64,counter))
ARM64_TEST_NEEDS += out/arm64/apps/625503bc-7b0b-4148-a594-ac22efc907a9.ta
out/arm64/bash/.packages: tests/arm64/build.mk
	$(Q)scripts/fetch-packages bookworm arm64 $(@D) bash-static && touch $@
ARM64_TEST_NEEDS += out/arm64/bash/.packages
$(eval $(call objects,gp-client-arm64,tests/arm64/gp_client.c,,$(client_HEADERS),arm64))
$(eval $(call program,out/arm64/bin/gp_client,@gp-client-arm64 \
    out/arm64/lib/libpostern_teec.a,-static -pthread,arm64))
ARM64_TEST_NEEDS += out/arm64/bin/gp_client

# The same kernel image as BL32 of TF-A, from Debian's source package, unpatched.
TFA := out/src/arm-trusted-firmware
$(TFA)/.version:
	@scripts/fetch-source arm-trusted-firmware
out/arm64/tfa.bin: out/arm64/postern-test.img out/arm64/loader.bin | $(TFA)/.version
	$(call say,TF-A,$@)
	$(Q)env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s -C $(TFA) PLAT=qemu SPD=opteed DEBUG=0 \
	    CROSS_COMPILE=$(ARM64_PREFIX) BL32_RAM_LOCATION=tdram BL32=$(CURDIR)/$< \
	    BL33=$(CURDIR)/out/arm64/loader.bin BUILD_BASE=$(CURDIR)/out/arm64/tfa all fip \
	    >out/arm64/tfa.log 2>&1 || { tail -n 20 out/arm64/tfa.log >&2; exit 1; }
	$(Q)cp out/arm64/tfa/qemu/release/bl1.bin $@.new && \
	    dd if=out/arm64/tfa/qemu/release/fip.bin of=$@.new bs=4096 seek=64 conv=notrunc status=none && \
	    mv $@.new $@
ARM64_TEST_NEEDS += out/arm64/tfa.bin
TESTS += tests/arm64/calls-test

# The hostile normal world; its supplicant has the app that dies.
HOSTILE_PACKAGE := out/arm64/apps/5d1f0a52-6c1e-4a0b-9d51-0f3a7c9b21e4.ta
$(eval $(call objects,arm64-hostile,$(wildcard tests/arm64/hostile/*.[cS]) \
    lib/aarch64/string.c lib/aarch64/number.c,-mgeneral-regs-only -isystem lib/aarch64/libc \
    -DPACKAGE='"$(HOSTILE_PACKAGE)"',abi lib port port/aarch64,arm64-freestanding))
out/obj/arm64-hostile/tests/arm64/hostile/package.o: $(HOSTILE_PACKAGE)
$(eval $(call program,out/arm64/hostile.elf,@arm64-hostile tests/arm64/hostile/hostile.ld,\
    -Wl$(,)-T$(,)tests/arm64/hostile/hostile.ld -Wl$(,)--no-warn-rwx-segments,arm64-freestanding))
out/arm64/hostile.bin: out/arm64/hostile.elf
	$(Q)$(ARM64_OBJCOPY) -O binary $< $@
$(eval $(call monitor_flash,out/arm64/flash-hostile.bin,out/arm64/postern-test.img,out/arm64/hostile.bin))
ARM64_TEST_NEEDS += out/arm64/flash-hostile.bin
TESTS += tests/arm64/hostile-test

# Instructions a call takes, and the demo: an app, a client at an address of its own, and what counts,
# for the two versions of QEMU's plugin interface.
out/arm64/apps/obj/work/work.aarch64.elf: $(wildcard tests/arm64/work/*) $(SDK) $(SDK_ARM64) \
    out/bin/postern
	$(call say,APP,$@)
	$(Q)mkdir -p $(@D) && XDG_CONFIG_HOME=$(CURDIR)/out/config $(MAKE) -s -C tests/arm64/work \
	    ARCHES=aarch64 ARM64_CC=$(ARM64_CC) POSTERN_SDK=$(CURDIR)/out/sdk \
	    OUT=$(CURDIR)/out/arm64/apps $(CURDIR)/$@ && touch $@
$(eval $(call objects,bench-client-arm64,tests/arm64/bench_client.c,,\
    $(client_HEADERS) work.h=tests/arm64/work/work.h library.h=tests/arm64/library/library.h,arm64))
$(eval $(call program,out/arm64/bin/bench_client,@bench-client-arm64 \
    out/arm64/lib/libpostern_teec.a,-static -pthread -Wl$(,)-Ttext-segment=0x7000000000,arm64))
define arm64_count
$(call objects,arm64-count-$1,tests/arm64/count.c,-fPIC -fvisibility=hidden -DAPI_VERSION=$1)
$(call program,out/arm64/count-$1,@arm64-count-$1,-shared)
ARM64_TEST_NEEDS += out/arm64/count-$1
endef
$(eval $(call arm64_count,1))
$(eval $(call arm64_count,2))
ARM64_TEST_NEEDS += out/arm64/bin/bench_client out/arm64/apps/obj/work/work.aarch64.elf
BENCH_ARM64 := tests/arm64/bench
BENCH_ARM64_NEEDS := out/arm64/flash-test.bin out/arm64/base-bookworm.cpio out/arm64/bin/bench_client \
    out/arm64/count-1 out/arm64/count-2 out/arm64/apps/obj/work/work.aarch64.elf \
    out/arm64/apps/8f2c1c6e-3f0f-4a55-9c0b-6a0d5a7b1e90.ta
DEMO_ARM64 := tests/arm64/demo
DEMO_ARM64_NEEDS := $(BENCH_ARM64_NEEDS) out/arm64/bin/hello-client $(ARM64_APPS)
TESTS += tests/arm64/bench-test

# The app that dies.
$(eval $(call app_arm64,tests/arm64/bad,5d1f0a52-6c1e-4a0b-9d51-0f3a7c9b21e4))
$(eval $(call objects,bad-client-arm64,tests/arm64/bad_client.c,,$(client_HEADERS),arm64))
$(eval $(call program,out/arm64/bin/bad_client,@bad-client-arm64 \
    out/arm64/lib/libpostern_teec.a,-static -pthread,arm64))
ARM64_TEST_NEEDS += out/arm64/apps/5d1f0a52-6c1e-4a0b-9d51-0f3a7c9b21e4.ta out/arm64/bin/bad_client
TESTS += tests/arm64/bad-test

# The crypto library: the digest example, from the hosted port's sources, and an app that is up to no good.
$(eval $(call app_arm64,apps/digest,c6bd3e65-76fb-422d-888d-891320ea9f0f))
$(eval $(call objects,digest-client-arm64,apps/digest/client.c,,$(client_HEADERS),arm64))
$(eval $(call program,out/arm64/bin/digest-client,@digest-client-arm64 \
    out/arm64/lib/libpostern_teec.a,-static -pthread,arm64))
$(eval $(call app_arm64,tests/arm64/library,8f2c1c6e-3f0f-4a55-9c0b-6a0d5a7b1e90))
$(eval $(call objects,library-client-arm64,tests/arm64/library_client.c,,\
    $(client_HEADERS) digest/digest.h=apps/digest/digest.h,arm64))
$(eval $(call program,out/arm64/bin/library_client,@library-client-arm64 \
    out/arm64/lib/libpostern_teec.a,-static -pthread,arm64))
ARM64_TEST_NEEDS += out/arm64/apps/c6bd3e65-76fb-422d-888d-891320ea9f0f.ta out/arm64/bin/digest-client \
    out/arm64/apps/8f2c1c6e-3f0f-4a55-9c0b-6a0d5a7b1e90.ta out/arm64/bin/library_client
TESTS += tests/arm64/library-test

# One instance for all clients; a machine that changes, and one that has nothing to do.
$(eval $(call app_arm64,tests/arm64/shared,5d1f0a52-6c1e-4a0b-9d51-0f3a7c9b21e5))
$(eval $(call objects,stress-client-arm64,tests/arm64/stress_client.c,,$(client_HEADERS),arm64))
$(eval $(call program,out/arm64/bin/stress_client,@stress-client-arm64 \
    out/arm64/lib/libpostern_teec.a,-static -pthread -Wl$(,)-Ttext-segment=0x7000000000,arm64))
ARM64_TEST_NEEDS += out/arm64/apps/5d1f0a52-6c1e-4a0b-9d51-0f3a7c9b21e5.ta out/arm64/bin/stress_client
TESTS += tests/arm64/power-test tests/arm64/stress-test

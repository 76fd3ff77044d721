# The secure kernel for AArch64 with TrustZone: the portable kernel and this port, one image.
#
#   out/arm64/postern.bin    the image: what EL3 (our monitor, TF-A's BL32) starts. The trust table
#                            goes right behind it (scripts/arm64/image).
#   out/arm64/postern.elf    the same with symbols

# Kernel and port are optimised as one program, in which most of what a call does becomes a few large
# functions; not so C's memory functions, whose calls the compiler makes up later. What runs once, or for
# people, is small rather than fast.
PORT_AARCH64_SLOW := $(addprefix port/aarch64/,boot.c bus.c console.c exception.c gic.c image.c key.c \
    library.c random.c replace.c report.c rpc.c tree.c) lib/library.c
PORT_AARCH64_SOURCES := $(filter-out %_test.c $(PORT_AARCH64_SLOW),$(wildcard port/aarch64/*.c port/aarch64/*.S))
PORT_AARCH64_FLAGS := -mgeneral-regs-only -isystem out/arm64/bookworm/usr/include \
    -isystem lib/aarch64/libc -flto -fomit-frame-pointer
$(eval $(call objects,port-aarch64,$(PORT_AARCH64_SOURCES),$(PORT_AARCH64_FLAGS),\
    abi lib port port/aarch64,arm64-freestanding))
$(eval $(call objects,port-aarch64-slow,$(PORT_AARCH64_SLOW),$(PORT_AARCH64_FLAGS) -Os,\
    abi lib port port/aarch64,arm64-freestanding))
$(eval $(call objects,port-aarch64-libc,lib/aarch64/string.c lib/aarch64/number.c,\
    $(PORT_AARCH64_FLAGS) -fno-lto,lib,arm64-freestanding))
$(port-aarch64_OBJS) $(port-aarch64-slow_OBJS): | out/arm64/bookworm/.packages

out/arm64/kernel.ld: port/aarch64/kernel.ld port/aarch64/layout.h
	$(Q)mkdir -p $(@D) && $(ARM64_CC) -E -P -x c -I. $< -o $@
$(eval $(call program,out/arm64/postern.elf,out/arm64/kernel.ld @port-aarch64 @port-aarch64-slow \
    @port-aarch64-libc @kernel-arm64 @kernel-lib-arm64 out/lib/libpostern_crypto-arm64.a,\
    -flto -flto-partition=one -O2 -Wl$(,)-T$(,)out/arm64/kernel.ld \
    -Wl$(,)-pie$(,)--no-dynamic-linker$(,)-z$(,)notext$(,)--gc-sections$(,)--no-warn-rwx-segments \
    out/arm64/bookworm/usr/lib/aarch64-linux-gnu/libfdt.a,arm64-freestanding))
out/arm64/postern.bin: out/arm64/postern.elf
	$(Q)$(ARM64_OBJCOPY) -O binary $< $@

ARM64_ALL += out/arm64/postern.bin

# What the normal world names by numbers is looked at by pure functions, tested on this machine.
$(eval $(call objects,port-aarch64-list,port/aarch64/list.c,,port/aarch64,sanitize))
$(eval $(call objects,port-aarch64-list-test,port/aarch64/list_test.c,,port/aarch64,sanitize))
$(eval $(call program,out/tests/port-aarch64-list,@port-aarch64-list-test @port-aarch64-list,\
    -lcmocka,sanitize))
TESTS += out/tests/port-aarch64-list

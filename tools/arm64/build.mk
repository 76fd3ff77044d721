# `postern run --arm64`: the program, and below out/share/postern/arm64 what it needs, as it is installed:
#
#   machine, gdb.py     scripts that start QEMU and gdb
#   linux, guest.cpio   Debian's kernel, and the guest's file system without what the user brings
#   flash.bin           monitor, kernel and loader, with room for the table of whom the user trusts
#   monitor.elf, kernel.elf   the symbols of what is in it
#
# The program is made by `make`, so that it can say what is missing; the rest by `make arm64`. What
# programs for the guest link lies in out/lib/aarch64-linux-gnu, beside this machine's libraries.

$(eval $(call objects,tools-run-arm64,$(wildcard tools/arm64/*.c),,abi lib tools))
# What it shares with the postern command: files, keys, packages, private folders.
RUN_ARM64_SHARED := $(patsubst %.c,out/obj/tools/%.o,tools/file.c tools/printable.c tools/say.c \
    $(addprefix tools/hosted/,launch.c lock.c paths.c private.c) \
    tools/hosted/notice.c tools/package/fault.c tools/package/source.c $(wildcard tools/key/*.c))
$(eval $(call program,out/bin/postern-run-arm64,@tools-run-arm64 $(RUN_ARM64_SHARED) @tools-lib \
    @trust out/lib/libpostern_crypto.a,-lcrypto))
ALL += out/bin/postern-run-arm64

out/arm64/postern-room.img: out/arm64/postern.bin out/arm64/crypto.lib out/bin/postern-image
	$(Q)out/bin/postern-image $< - $@ out/arm64/crypto.lib
$(eval $(call monitor_flash,out/arm64/flash-run.bin,out/arm64/postern-room.img,out/arm64/loader.bin))

ARM64_SHARE := out/share/postern/arm64
out/arm64/guest-postern.cpio: tests/arm64/initrd tools/arm64/guest out/arm64/bin/postern \
    out/arm64/bin/postern-supplicant
	$(Q)tests/arm64/initrd add $@ postern/run=tools/arm64/guest bin/postern=out/arm64/bin/postern \
	    bin/postern-supplicant=out/arm64/bin/postern-supplicant
$(ARM64_SHARE)/guest.cpio: out/arm64/base-bookworm.cpio out/arm64/guest-postern.cpio
	$(call say,CPIO,$@)
	$(Q)mkdir -p $(@D) && cat $^ >$@.$$$$ && mv $@.$$$$ $@
$(ARM64_SHARE)/linux: out/arm64/bookworm/.packages
	$(Q)mkdir -p $(@D) && cp out/arm64/bookworm/boot/vmlinuz-* $@.$$$$ && mv $@.$$$$ $@
$(ARM64_SHARE)/flash.bin: out/arm64/flash-run.bin
$(ARM64_SHARE)/monitor.elf: out/arm64/flash-run.bin.elf
$(ARM64_SHARE)/kernel.elf: out/arm64/postern.elf
$(ARM64_SHARE)/machine: tools/arm64/machine
$(ARM64_SHARE)/gdb.py: tools/arm64/gdb.py
ARM64_SHARE_COPIES := $(addprefix $(ARM64_SHARE)/,flash.bin monitor.elf kernel.elf machine gdb.py)
$(ARM64_SHARE_COPIES):
	$(Q)mkdir -p $(@D) && cp $< $@.$$$$ && mv $@.$$$$ $@
ARM64_SHARE_FILES := $(ARM64_SHARE_COPIES) $(ARM64_SHARE)/linux $(ARM64_SHARE)/guest.cpio
ARM64_ALL += $(ARM64_SHARE_FILES)

$(eval $(call install,$(libexecdir),755,out/bin/postern-run-arm64))

CLIENT_ARM64 := $(addprefix out/lib/aarch64-linux-gnu/,libpostern_teec.a libpostern_trusty.a)
$(CLIENT_ARM64): out/lib/aarch64-linux-gnu/%: out/arm64/lib/%
	$(Q)mkdir -p $(@D) && cp $< $@.$$$$ && mv $@.$$$$ $@
ARM64_ALL += $(CLIENT_ARM64)

ifneq ($(INSTALL_ARM64),)
$(eval $(call install,$(datadir)/postern/arm64,644,$(filter-out %/machine,$(ARM64_SHARE_FILES))))
$(eval $(call install,$(datadir)/postern/arm64,755,$(ARM64_SHARE)/machine))
$(eval $(call install,$(libdir)/aarch64-linux-gnu,644,$(CLIENT_ARM64)))
INSTALL_NEEDS += $(ARM64_ALL)
INSTALL_HOOKS += run_SDK_ARM64
# The SDK's parts for AArch64, with the C library that its apps link and OpenSSL's headers.
run_SDK_ARM64 = mkdir -p "$(DESTDIR)$(sdkdir)/lib/aarch64" && \
    install -m 644 out/sdk/lib/aarch64/*.a "$(DESTDIR)$(sdkdir)/lib/aarch64/" && \
    cp -r --no-preserve=mode,ownership out/sdk/musl out/sdk/openssl "$(DESTDIR)$(sdkdir)/" && \
    rm -f "$(DESTDIR)$(sdkdir)/openssl/.made" && \
    chmod -R u=rwX,go=rX "$(DESTDIR)$(sdkdir)/musl" "$(DESTDIR)$(sdkdir)/openssl"
endif

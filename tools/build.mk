# The postern command, its templates, the manual pages, the systemd units; and what of them is
# installed where.

# What of lib/ the tools use besides lib/crypto and lib/trust: pure decoders.
TOOLS_LIB_SOURCES := $(addprefix lib/,error.c uuid.c manifest.c package.c elf.c)
TOOLS_SOURCES := $(wildcard tools/*.c $(addprefix tools/,$(addsuffix /*.c,command hosted key package secure))) \
    tools/arm64/program.c

$(eval $(call objects,tools-lib,$(TOOLS_LIB_SOURCES),,abi lib))
TOOLS_FOLDERS := abi lib tools postern=api/client

$(eval $(call objects,tools,$(TOOLS_SOURCES),,$(TOOLS_FOLDERS)))
$(eval $(call program,out/bin/postern,@tools @tools-lib @trust out/lib/libpostern_crypto.a \
    out/lib/libpostern_teec.a,-lcrypto -pthread))
ALL += out/bin/postern

# The same for the guest of the TrustZone machine. One static file: the guest's C library may be older
# than the cross compiler's. A static libcrypto would load modules if it could: the linker says so,
# each time, without --no-warnings.
ARM64_OPENSSL := out/arm64/openssl
$(ARM64_OPENSSL)/.packages: tools/build.mk
	$(Q)scripts/fetch-packages bookworm arm64 $(@D) libssl-dev && touch $@
$(eval $(call objects,tools-lib-arm64,$(TOOLS_LIB_SOURCES) $(TRUST_SOURCES),,abi lib,arm64))
$(eval $(call objects,tools-arm64,$(TOOLS_SOURCES),-isystem $(ARM64_OPENSSL)/usr/include \
    -isystem $(ARM64_OPENSSL)/usr/include/aarch64-linux-gnu,$(TOOLS_FOLDERS),arm64))
$(tools-arm64_OBJS): | $(ARM64_OPENSSL)/.packages
$(eval $(call program,out/arm64/bin/postern,@tools-arm64 @tools-lib-arm64 \
    out/lib/libpostern_crypto-arm64-linux.a out/arm64/lib/libpostern_teec.a,$(ARM64_OPENSSL)/usr/lib/aarch64-linux-gnu/libcrypto.a \
    -static -pthread -Wl$(,)--no-warnings,arm64))
ARM64_ALL += out/arm64/bin/postern

# Templates lie where the command looks for them, in the tree as when installed:
# ../share/postern/templates from its own folder.
TEMPLATES := $(wildcard tools/templates/*/*)
TEMPLATES_STAGED := $(patsubst tools/%,out/share/postern/%,$(TEMPLATES))
$(TEMPLATES_STAGED): out/share/postern/%: tools/%
	$(Q)mkdir -p $(@D) && cp $< $@.$$$$ && mv $@.$$$$ $@
ALL += $(TEMPLATES_STAGED)

$(eval $(call install,$(bindir),755,out/bin/postern))
$(eval $(call install,$(libexecdir),755,out/bin/posternd out/bin/postern-supplicant))
$(foreach t,$(sort $(patsubst tools/templates/%/,%,$(dir $(TEMPLATES)))),\
    $(eval $(call install,$(datadir)/postern/templates/$t,644,$(wildcard tools/templates/$t/*))))
$(foreach s,1 5 7 8,$(if $(wildcard docs/man/*.$s),\
    $(eval $(call install,$(mandir)/man$s,644,$(wildcard docs/man/*.$s)))))

# The service files name where the command is installed.
systemduserunitdir ?= $(PREFIX)/lib/systemd/user
sysusersdir ?= $(PREFIX)/lib/sysusers.d
INSTALL_HOOKS += tools_UNITS
tools_UNITS = mkdir -p "$(DESTDIR)$(systemdunitdir)" "$(DESTDIR)$(systemduserunitdir)" \
    "$(DESTDIR)$(sysusersdir)" && \
    sed -e 's|@BINDIR@|$(bindir)|' tools/systemd/postern.service.in \
        > "$(DESTDIR)$(systemdunitdir)/postern.service" && \
    sed -e 's|@BINDIR@|$(bindir)|' tools/systemd/postern-user.service.in \
        > "$(DESTDIR)$(systemduserunitdir)/postern.service" && \
    install -m 644 tools/systemd/postern.sysusers "$(DESTDIR)$(sysusersdir)/postern.conf"

# pkg-config files for what lies in the tree, so that a folder made by `postern new` also builds
# against a tree that is not installed: PKG_CONFIG_PATH=out/lib/pkgconfig. They name the tree's place.
$(call record,out/flags/place,$(CURDIR))
define tree_pkgconfig
out/lib/pkgconfig/$(basename $(notdir $1)): $1 out/flags/place
	$$(Q)mkdir -p $$(@D) && sed -e 's|@PREFIX@|$$(CURDIR)/out|' -e 's|@LIBDIR@|$$(CURDIR)/out/lib|' \
	    -e 's|@INCLUDEDIR@|$$(CURDIR)/out/include|' -e 's|@SDKDIR@|$$(CURDIR)/out/sdk|' \
	    -e 's|@VERSION@|$$(POSTERN_VERSION)|' $$< > $$@.$$$$$$$$ && mv $$@.$$$$$$$$ $$@
ALL += out/lib/pkgconfig/$(basename $(notdir $1))
endef
$(foreach f,$(wildcard sdk/*.pc.in normal/*/*.pc.in),$(eval $(call tree_pkgconfig,$f)))

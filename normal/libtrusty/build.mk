# libpostern_trusty: libtrusty's functions for Linux programs.
#   out/lib/libpostern_trusty.so.0  exports what libpostern_trusty.map names
#   out/lib/libpostern_trusty.a     one object, whose only global symbols are the same
# Groups for tests: @libtrusty-sanitize. For the TrustZone machine:
# out/arm64/lib/libpostern_trusty.a.

libtrusty_SOURCES := $(addprefix normal/libtrusty/,device.c socket.c target.c tipc.c)
libtrusty_FOLDERS := abi postern=api/client
POSTERN_VERSION ?= 0.1.0

$(eval $(call objects,libtrusty,$(libtrusty_SOURCES),-fPIC,$(libtrusty_FOLDERS)))
$(eval $(call objects,libtrusty-sanitize,$(libtrusty_SOURCES),,$(libtrusty_FOLDERS),sanitize))
$(eval $(call objects,libtrusty-arm64,$(libtrusty_SOURCES),-fPIC,$(libtrusty_FOLDERS),arm64))

libtrusty_KEEP := -w --keep-global-symbol='tipc_*'

out/obj/libtrusty/postern_trusty.o: $(libtrusty_OBJS)
	$(call say,LD,$@)
	$(Q)$(CC_hosted) -r -nostdlib -o $@.$$$$ $^ && objcopy $(libtrusty_KEEP) $@.$$$$ $@.o$$$$ && \
	    mv $@.o$$$$ $@ && rm -f $@.$$$$
out/obj/libtrusty-arm64/postern_trusty.o: $(libtrusty-arm64_OBJS)
	$(call say,LD,$@)
	$(Q)$(CC_arm64) -r -nostdlib -o $@.$$$$ $^ && \
	    $(ARM64_OBJCOPY) $(libtrusty_KEEP) $@.$$$$ $@.o$$$$ && mv $@.o$$$$ $@ && rm -f $@.$$$$

$(eval $(call static_library,out/lib/libpostern_trusty.a,out/obj/libtrusty/postern_trusty.o))
$(eval $(call static_library,out/arm64/lib/libpostern_trusty.a,\
    out/obj/libtrusty-arm64/postern_trusty.o,arm64))
$(eval $(call shared_library,out/lib/libpostern_trusty.so.0,$(libtrusty_OBJS) \
    normal/libtrusty/libpostern_trusty.map,-Wl$(,)-z$(,)defs \
    -Wl$(,)--version-script=normal/libtrusty/libpostern_trusty.map))

libtrusty_HEADERS := out/include/postern/trusty/tipc.h
out/include/postern/trusty/%.h: api/client/trusty/%.h
	$(Q)mkdir -p $(@D) && cp $< $@

ALL += out/lib/libpostern_trusty.a out/lib/libpostern_trusty.so.0 out/lib/libpostern_trusty.so \
    $(libtrusty_HEADERS)
ARM64_ALL += out/arm64/lib/libpostern_trusty.a

$(eval $(call install,$(includedir)/postern/trusty,644,$(libtrusty_HEADERS)))
$(eval $(call install,$(libdir),644,out/lib/libpostern_trusty.a))
$(eval $(call install,$(libdir),755,out/lib/libpostern_trusty.so.0 out/lib/libpostern_trusty.so))
INSTALL_HOOKS += libtrusty_PKGCONFIG
libtrusty_PKGCONFIG = mkdir -p "$(DESTDIR)$(pkgconfigdir)" && sed -e 's|@PREFIX@|$(PREFIX)|' \
    -e 's|@LIBDIR@|$(libdir)|' -e 's|@INCLUDEDIR@|$(includedir)|' -e 's|@SDKDIR@|$(sdkdir)|' \
    -e 's|@VERSION@|$(POSTERN_VERSION)|' normal/libtrusty/postern-trusty.pc.in \
    > "$(DESTDIR)$(pkgconfigdir)/postern-trusty.pc"

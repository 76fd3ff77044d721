# libpostern_teec: the TEE client API.
#   out/lib/libpostern_teec.so.0  exports what libpostern_teec.map names
#   out/lib/libpostern_teec.a     one object, whose only global symbols are the same
# Groups for tests: @libteec-sanitize, @libteec-thread. For the TrustZone machine:
# out/arm64/lib/libpostern_teec.a.

libteec_SOURCES := $(sort $(wildcard normal/libteec/*.c))
libteec_FOLDERS := abi postern=api/client
POSTERN_VERSION ?= 0.1.0

$(eval $(call objects,libteec,$(libteec_SOURCES),-fPIC -pthread,$(libteec_FOLDERS)))
$(eval $(call objects,libteec-sanitize,$(libteec_SOURCES),-pthread,$(libteec_FOLDERS),sanitize))
$(eval $(call objects,libteec-thread,$(libteec_SOURCES),-pthread,$(libteec_FOLDERS),thread))
# One object, optimised as one: an invoke is a dozen small functions. Each atomic operation is in line.
$(eval $(call objects,libteec-arm64,$(libteec_SOURCES),-fPIC -pthread -flto -mno-outline-atomics \
    -fno-semantic-interposition -O3,$(libteec_FOLDERS),arm64))

libteec_KEEP := -w --keep-global-symbol='TEEC_*' --keep-global-symbol='postern_teec_*'

out/obj/libteec/postern_teec.o: $(libteec_OBJS)
	$(call say,LD,$@)
	$(Q)$(CC_hosted) -r -nostdlib -o $@.$$$$ $^ && objcopy $(libteec_KEEP) $@.$$$$ $@.o$$$$ && \
	    mv $@.o$$$$ $@ && rm -f $@.$$$$
out/obj/libteec-arm64/postern_teec.o: $(libteec-arm64_OBJS)
	$(call say,LD,$@)
	$(Q)$(CC_arm64) -O3 -g $(NAMELESS) -r -nostdlib -flto -flto-partition=one -flinker-output=nolto-rel \
	    -o $@.$$$$ $^ && \
	    $(ARM64_OBJCOPY) $(libteec_KEEP) $@.$$$$ $@.o$$$$ && mv $@.o$$$$ $@ && rm -f $@.$$$$

$(eval $(call static_library,out/lib/libpostern_teec.a,out/obj/libteec/postern_teec.o))
$(eval $(call static_library,out/arm64/lib/libpostern_teec.a,out/obj/libteec-arm64/postern_teec.o,arm64))
$(eval $(call shared_library,out/lib/libpostern_teec.so.0,$(libteec_OBJS) \
    normal/libteec/libpostern_teec.map,-pthread -Wl$(,)-z$(,)defs \
    -Wl$(,)--version-script=normal/libteec/libpostern_teec.map))

libteec_HEADERS := $(patsubst api/client/%,out/include/postern/%,$(wildcard api/client/tee_client_*.h))
out/include/postern/tee_client_%.h: api/client/tee_client_%.h
	$(Q)mkdir -p $(@D) && cp $< $@

ALL += out/lib/libpostern_teec.a out/lib/libpostern_teec.so.0 out/lib/libpostern_teec.so \
    $(libteec_HEADERS)
ARM64_ALL += out/arm64/lib/libpostern_teec.a

$(eval $(call install,$(includedir)/postern,644,$(libteec_HEADERS)))
$(eval $(call install,$(libdir),644,out/lib/libpostern_teec.a))
$(eval $(call install,$(libdir),755,out/lib/libpostern_teec.so.0 out/lib/libpostern_teec.so))
INSTALL_HOOKS += libteec_PKGCONFIG
libteec_PKGCONFIG = mkdir -p "$(DESTDIR)$(pkgconfigdir)" && sed -e 's|@PREFIX@|$(PREFIX)|' \
    -e 's|@LIBDIR@|$(libdir)|' -e 's|@INCLUDEDIR@|$(includedir)|' \
    -e 's|@VERSION@|$(POSTERN_VERSION)|' normal/libteec/postern-teec.pc.in \
    > "$(DESTDIR)$(pkgconfigdir)/postern-teec.pc"

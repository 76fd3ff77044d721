# The trust files' parser, for programs of the host that also link lib's uuid.c and manifest.c: the
# daemon has them with the kernel, the tools by themselves.
#
#   @trust, out/lib/libpostern_trust.a     and @trust-sanitize, @trust-fuzz

TRUST_SOURCES := lib/trust/lines.c lib/trust/table.c lib/trust/load.c

$(eval $(call objects,trust,$(TRUST_SOURCES),$(CONVERSION),abi lib))
$(eval $(call objects,trust-sanitize,$(TRUST_SOURCES),$(CONVERSION),abi lib,sanitize))
$(eval $(call objects,trust-fuzz,$(TRUST_SOURCES),$(CONVERSION),abi lib,fuzz))
$(eval $(call static_library,out/lib/libpostern_trust.a,@trust))

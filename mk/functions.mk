# The words that build.mk files are written in. Each is used as $(eval $(call WORD,...)).
#
#   objects,GROUP,SOURCES,EXTRA_CFLAGS,FOLDERS,KIND
#       Compiles SOURCES (.c, .S; paths from the root; generated ones below out/ too) into
#       out/obj/GROUP/ and sets GROUP_OBJS. The sources can include only what FOLDERS names (and
#       headers in their own folder, with quotes): `abi lib port kernel` makes <abi/x.h> and so on
#       work. `port` is only port/*.h, not the folders of its implementations; name those to have
#       them (`port/host`). `postern=api/client` makes <postern/x.h> of api/client/x.h. So a part
#       cannot include what it must not use. KIND is one of mk/flags.mk, hosted if not given.
#   program,FILE,INPUTS,LINKFLAGS,KIND
#       Links objects and archives. INPUTS may name a group as @GROUP, also one of a later fragment.
#       What is not an object or archive (a linker script, say) is only a prerequisite.
#   static_library,FILE,INPUTS,KIND
#   shared_library,FILE,INPUTS,LINKFLAGS,KIND
#       FILE is lib/libx.so.N: its soname; the link libx.so is made beside it. The objects need -fPIC.
#   fuzzer,NAME,SOURCES,EXTRA_CFLAGS,FOLDERS,INPUTS,LINKFLAGS
#       out/fuzz/NAME with LLVMFuzzerTestOneInput in it. INPUTS: groups of kind fuzz or
#       freestanding-fuzz. A corpus to start from may lie in fuzz/corpus/NAME/.
#
# Nothing is written in place: two makes at once, or one that was interrupted, leave whole files.

GROUPS :=
Q := $(if $(V),,@)
say = $(if $(V),,@printf '%-5s %s\n' '$1' '$2')

# A file that holds a text and becomes newer only when the text changes. Compared word by word: make 4.3
# leaves the line end of some files that it reads.
$(shell mkdir -p out/flags)
record = $(if $(call differ,$(strip $(file <$1)),$(strip $2)),$(file >$1,$2))
differ = $(subst x$1,,x$2)$(subst x$2,,x$1)

kind = $(if $1,$(if $(filter $1,$(KINDS)),$1,$(error no such kind: $1)),hosted)
object_names = $(patsubst %,out/obj/$1/%.o,$(basename $2))
# @GROUP becomes its objects. Expanded when every fragment has been read.
inputs = $(foreach i,$1,$(if $(filter @%,$i),$(call group_objects,$(patsubst @%,%,$i)),$i))
group_objects = $(if $(filter $1,$(GROUPS)),$($1_OBJS),$(error no such group: @$1))
linked = $(filter %.o %.a %.so,$^) $(foreach f,$(filter-out out/flags/%,$^),$(if $(findstring .so.,$f),$f))
# Pairs LINK=TARGET of what a group may include.
links = $(foreach f,$1,$(if $(findstring =,$f),$f,$(if $(filter port,$f),\
    $(foreach h,$(wildcard port/*.h),$h=$h),$f=$f)))

define objects
$(if $(filter $1,$(GROUPS)),$(error group $1 is defined twice))
GROUPS += $1
$1_KIND := $(call kind,$5)
$1_SOURCES := $2
$1_OBJS := $(call object_names,$1,$2)
$1_FLAGS := $$(FLAGS_$(call kind,$5)) -ffile-prefix-map=out/inc/$1/= -Iout/inc/$1 $3
$1_LINKS := $(strip $(call links,$4))
$$(call record,out/flags/$1,$$(CC_$(call kind,$5)) $$($1_FLAGS) $$($1_LINKS))
out/inc/$1/.made: out/flags/$1
	@mkdir -p out/inc/.$1.$$$$$$$$ && cd out/inc/.$1.$$$$$$$$ && \
	for pair in $$($1_LINKS); do \
	    mkdir -p "$$$$(dirname "$$$${pair%%=*}")" && \
	    ln -s -r "$(CURDIR)/$$$${pair#*=}" "$$$${pair%%=*}" || exit 1; \
	done && touch .made && cd .. && rm -rf $1 && mv -T .$1.$$$$$$$$ $1
$(if $(filter %.c,$2),$(call object_names,$1,$(filter %.c,$2)): out/obj/$1/%.o: %.c out/flags/$1 | out/inc/$1/.made
	$$(call say,CC,$$@)
	$$(Q)mkdir -p $$(@D) && $$(CC_$(call kind,$5)) $$($1_FLAGS) -MMD -MP -MT $$@ \
	    -MF $$(@:.o=.d) -c -o $$@.$$$$$$$$ $$< && mv $$@.$$$$$$$$ $$@ || \
	    { rm -f $$@.$$$$$$$$; exit 1; })
$(if $(filter %.S,$2),$(call object_names,$1,$(filter %.S,$2)): out/obj/$1/%.o: %.S out/flags/$1 | out/inc/$1/.made
	$$(call say,AS,$$@)
	$$(Q)mkdir -p $$(@D) && $$(CC_$(call kind,$5)) $$($1_FLAGS) -MMD -MP -MT $$@ \
	    -MF $$(@:.o=.d) -c -o $$@.$$$$$$$$ $$< && mv $$@.$$$$$$$$ $$@ || \
	    { rm -f $$@.$$$$$$$$; exit 1; })
-include $(patsubst %.o,%.d,$(call object_names,$1,$2))
endef

# $(call link_rule,FILE,INPUTS,FLAGS,KIND,WORD)
define link_rule
$$(call record,out/flags/$(subst /,-,$1),$$(CC_$4) $$(LINK_$4) $3)
$1: $$$$(call inputs,$2) out/flags/$(subst /,-,$1)
	$$(call say,$5,$$@)
	$$(Q)mkdir -p $$(@D) && $$(CC_$4) -g $$(NAMELESS) -o $$@.$$$$$$$$ $$(linked) $$(LINK_$4) $3 && \
	    mv $$@.$$$$$$$$ $$@ || { rm -f $$@.$$$$$$$$; exit 1; }
endef

program = $(call link_rule,$1,$2,$3,$(call kind,$4),LINK)

define shared_library
$(call link_rule,$1,$2,-shared -Wl$(,)-soname$(,)$(notdir $1) $3,$(call kind,$4),SO)
$(firstword $(subst .so.,.so ,$1)): $1
	$$(Q)ln -s -f $(notdir $1) $$@
endef
, := ,

define static_library
$$(call record,out/flags/$(subst /,-,$1),$2)
$1: $$$$(call inputs,$2) out/flags/$(subst /,-,$1)
	$$(call say,AR,$$@)
	$$(Q)mkdir -p $$(@D) && rm -f $$@.$$$$$$$$ && \
	    $(if $(filter arm64%,$3),$$(ARM64_AR),$$(AR)) rcsD $$@.$$$$$$$$ $$(filter %.o,$$^) && \
	    mv $$@.$$$$$$$$ $$@ || { rm -f $$@.$$$$$$$$; exit 1; }
endef

define fuzzer
$(call objects,fuzz-$1,$2,$3,$4,fuzz)
$(call program,out/fuzz/$1,@fuzz-$1 $5,$6,fuzz)
FUZZERS += out/fuzz/$1
endef

# make lint: what a reader should not have to look for. Each file has a stamp per check below
# out/lint, so that only what has changed is looked at again. `make -k lint` shows all findings.
# `make format` puts every file into the form that lint asks for.

CLANG_FORMAT ?= clang-format-19
CLANG_TIDY ?= clang-tidy-19
CPPCHECK ?= cppcheck

.PHONY: lint lint-format lint-shell lint-includes lint-kernel lint-clang lint-tidy lint-cppcheck \
    format
lint: lint-format lint-shell lint-includes lint-kernel lint-clang lint-tidy lint-cppcheck

# The whole tree but what was built; not templates, which are not C before they are filled in.
LINT_TREE := $(shell find . \( -name out -o -name .git \) -prune -o -type f \
    \( -name '*.c' -o -name '*.h' -o -name '*.S' -o -name '*.sh' -o -path './scripts/*' -o \
    -path '*/run' \) -print | sed 's,^\./,,')
LINT_C := $(filter-out tools/templates/%,$(filter %.c %.h,$(LINT_TREE)))
LINT_SHELL := $(shell grep -lE '^\#!/bin/(ba)?sh' $(filter-out %.c %.h,$(LINT_TREE)) /dev/null) \
    $(filter scripts/%.sh,$(LINT_TREE))

lint-format: $(LINT_C:%=out/lint/format/%.ok)
out/lint/format/%.ok: % .clang-format
	$(call say,FORM,$<)
	$(Q)$(CLANG_FORMAT) --dry-run -Werror $< && mkdir -p $(@D) && touch $@
format:
	@$(CLANG_FORMAT) --dry-run -Werror $(LINT_C) >/dev/null 2>&1 || \
	    for f in $(LINT_C); do \
	        $(CLANG_FORMAT) --dry-run -Werror $$f >/dev/null 2>&1 || \
	        { echo "FORM  $$f"; $(CLANG_FORMAT) -i $$f; }; \
	    done

# SC2319 (Debian 13's shellcheck has it): `[ ... ]` and then `result $?` is how the tests are written.
lint-shell: $(sort $(LINT_SHELL:%=out/lint/shell/%.ok))
out/lint/shell/%.ok: %
	$(call say,SHELL,$<)
	$(Q)shellcheck -x -S warning -e SC2319 $< && mkdir -p $(@D) && touch $@

lint-includes:
	$(call say,CHECK,include rules)
	$(Q)scripts/check-includes

# The portable kernel asks for nothing but its port.
lint-kernel: $(kernel_OBJS) $(kernel-lib_OBJS) out/lib/libpostern_crypto.a
	$(call say,CHECK,undefined symbols of the kernel)
	$(Q)scripts/check-kernel-symbols $^

# Each source once, with the flags of the first group that compiles it.
LINT_KINDS := hosted freestanding arm64 arm64-freestanding sanitize freestanding-sanitize thread \
    freestanding-thread fuzz freestanding-fuzz
LINT_SOURCES :=
lint_take = $(if $(lint_group_$2)$(filter out/% tools/templates/%,$2),,\
    $(eval lint_group_$2 := $1)$(eval LINT_SOURCES += $2))
$(foreach k,$(LINT_KINDS),$(foreach g,$(GROUPS),$(if $(filter $k,$($g_KIND)),\
    $(foreach s,$(filter %.c,$($g_SOURCES)),$(call lint_take,$g,$s)))))

# $(call lint_flags,GROUP,CLANG HEADERS): as clang understands them.
lint_flags = $(subst $(call compiler_headers,$(CC_$($1_KIND))),$2,$($1_FLAGS)) \
    $(if $(filter arm64%,$($1_KIND)),--target=aarch64-linux-gnu) -Wno-unknown-warning-option \
    -Wno-ignored-optimization-argument -Wno-unused-command-line-argument
TIDY_HEADERS = $(or $(tidy_headers),$(eval tidy_headers := $(shell \
    ls -d /usr/lib/llvm-$(patsubst clang-tidy-%,%,$(CLANG_TIDY))/lib/clang/*/include))$(tidy_headers))

# Where cppcheck sees less than the compilers and clang-tidy do: structures that a function fills,
# checks that do not return, lists whose nodes live on a waiter's stack, symbols of a linker script.
CPPCHECK_BLIND := missingIncludeSystem preprocessorErrorDirective ctuuninitvar uninitvar \
    uninitStructMember legacyUninitvar autoVariables nullPointerRedundantCheck \
    nullPointerArithmeticRedundantCheck comparePointers subtractPointers *:out/src/* \
    normalCheckLevelMaxBranches
# Tests and benchmarks may die of a lack of memory.
CPPCHECK_BLIND += $(foreach id,nullPointerOutOfMemory nullPointerArithmeticOutOfMemory \
    nullPointerOutOfResources,$(foreach where,*/test/* *test*.c *tests/* *bench/*,$(id):$(where)))

# $(call lint_source,SOURCE,GROUP,OBJECT). The object knows the headers.
define lint_source
out/lint/clang/$1.ok: $3
	$$(call say,CLANG,$1)
	$$(Q)$$(CLANG) $$(call lint_flags,$2,$$(call compiler_headers,$$(CLANG))) -fsyntax-only $1 && \
	    mkdir -p $$(@D) && touch $$@
out/lint/tidy/$1.ok: $3 .clang-tidy
	$$(call say,TIDY,$1)
	$$(Q)$$(CLANG_TIDY) --quiet $1 -- $$(call lint_flags,$2,$$(TIDY_HEADERS)) 2>out/lint/tidy.$$$$$$$$ || \
	    { cat out/lint/tidy.$$$$$$$$ >&2; rm -f out/lint/tidy.$$$$$$$$; exit 1; }; \
	    rm -f out/lint/tidy.$$$$$$$$; mkdir -p $$(@D) && touch $$@
out/lint/cppcheck/$1.ok: $3
	$$(call say,CPPCH,$1)
	$$(Q)$$(CPPCHECK) --quiet --std=c11 --enable=portability --error-exitcode=1 \
	    --inline-suppr $(CPPCHECK_BLIND:%='--suppress=%') \
	    $(filter -I% -D%,$($2_FLAGS)) $1 && mkdir -p $$(@D) && touch $$@
endef
$(shell mkdir -p out/lint)
$(foreach s,$(LINT_SOURCES),$(eval $(call lint_source,$s,$(lint_group_$s),\
    $(call object_names,$(lint_group_$s),$s))))

lint-clang: $(LINT_SOURCES:%=out/lint/clang/%.ok)
lint-tidy: $(LINT_SOURCES:%=out/lint/tidy/%.ok)
lint-cppcheck: $(LINT_SOURCES:%=out/lint/cppcheck/%.ok)

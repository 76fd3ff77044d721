# Postern's build: one make process, no recursion, everything made below out/.
#
#   make            builds all (see `make help` for the other targets)
#   make CC=clang   with another compiler; V=1 shows the commands
#
# What is built stands in the build.mk of each folder, in the words of mk/functions.mk. The flags
# are in mk/flags.mk, the tests' and checks' targets in mk/check.mk and mk/lint.mk, installation in
# mk/install.mk. Packages that a target needs are installed before anything else is read
# (mk/setup.mk).

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDEXPANSION:
MAKEFLAGS += --no-builtin-rules --no-print-directory

include mk/setup.mk
include mk/flags.mk
include mk/functions.mk
include mk/install.mk

# What fragments add to.
ALL :=       # made by `make`
ARM64_ALL := # made by `make arm64`: needs the cross compiler
ARM64_TEST_NEEDS := # what the tests of the TrustZone machine need besides, all of them
TESTS :=     # programs and scripts that `make check` runs
FUZZERS :=   # filled by the function fuzzer
# One command each, and what it needs besides ALL (and ARM64_ALL).
DEMO :=
DEMO_NEEDS :=
DEMO_ARM64 :=
DEMO_ARM64_NEEDS :=
BENCH :=
BENCH_NEEDS :=
BENCH_ARM64 :=
BENCH_ARM64_NEEDS :=

# Below first, above last. A fragment may use $(GROUP_OBJS) of its own folder and of those before
# it; @GROUP works for every group.
FOLDERS := abi lib kernel port monitor sdk api normal tools apps tests fuzz bench docs
FRAGMENTS := $(foreach f,$(FOLDERS),$(wildcard $f/build.mk) $(wildcard $f/*/build.mk))
include $(FRAGMENTS)

include mk/check.mk
include mk/lint.mk

.PHONY: all demo demo-arm64 bench bench-arm64 fuzz clean distclean help arm64

all: $$(ALL)

arm64: all $$(ARM64_ALL)

demo: all $$(DEMO_NEEDS)
	$(call run_command,DEMO)
demo-arm64: arm64 $$(DEMO_ARM64_NEEDS)
	$(call run_command,DEMO_ARM64)
bench: all $$(BENCH_NEEDS)
	$(call run_command,BENCH)
bench-arm64: arm64 $$(BENCH_ARM64_NEEDS)
	$(call run_command,BENCH_ARM64)

# The variable's command, or an honest failure when no fragment has set it. Make holds no output back of
# what has a +, but runs it under -n, too.
run_command = $(if $($1),$(if $(findstring n,$(filter-out -%,$(firstword $(MAKEFLAGS)))),,+)$($1),@echo "no $1 command: nothing in this tree sets it" >&2; exit 1)

# Downloaded sources (out/src) stay; distclean takes them too.
clean:
	@for f in out/* out/.[!.]*; do \
	    case $$f in out/src) ;; *) rm -rf "$$f" ;; esac; \
	done
distclean:
	rm -rf out

help:
	@echo 'make               build everything that is needed to use Postern on this machine'
	@echo 'make demo          build, start a private TEE, run client programs against signed apps'
	@echo 'make check         build, lint, every test, a short run of every fuzzer'
	@echo '                   TEST=word: only tests whose name has the word in it'
	@echo '                   CHECK_JOBS=2: two tests at a time; FUZZ_SECONDS=5: how long a fuzzer'
	@echo 'make lint          formatting, static analysis, include rules, both compilers'
	@echo 'make fuzz          build the fuzzers; FUZZER=name SECONDS=60 also runs one'
	@echo 'make bench         every benchmark of the hosted TEE'
	@echo 'make arm64         what is for TrustZone: needs a cross compiler; then make install has it, too'
	@echo 'make demo-arm64    the demo in a TrustZone machine (QEMU)'
	@echo 'make bench-arm64   its benchmarks, counted in instructions'
	@echo 'make install       PREFIX=/usr/local DESTDIR='
	@echo 'make clean         remove what was built; make distclean: downloads too'
	@echo 'Variables: CC=gcc, V=1 (show commands), SETUP=no (install no packages)'

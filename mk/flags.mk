# Compilers and flags: one set for each kind of code. A group of objects is of one kind
# (mk/functions.mk), so the kind decides everything but a few extra flags.
#
#   hosted          a Linux program of this machine
#   sanitize        the same under AddressSanitizer and UndefinedBehaviorSanitizer
#   thread          the same under ThreadSanitizer
#   fuzz            clang's libFuzzer with both of the first
#   freestanding    the portable kernel and lib/: no C library headers at all
#   freestanding-sanitize, freestanding-thread, freestanding-fuzz   the same, as above
#   arm64           a Linux program for AArch64, cross-compiled
#   arm64-freestanding  code of the secure world for AArch64

ifeq ($(origin CC),default)
CC := gcc
endif
ifeq ($(origin AR),default)
AR := ar
endif
CLANG ?= clang
ARM64_PREFIX ?= aarch64-linux-gnu-
ARM64_CC ?= $(ARM64_PREFIX)gcc
ARM64_AR ?= $(ARM64_PREFIX)ar
ARM64_OBJCOPY ?= $(ARM64_PREFIX)objcopy

# -Wconversion is not among them: in code that talks to POSIX and GlobalPlatform types it is mostly
# noise. Decoders and lib/crypto, where a silently cut length is a hole, add $(CONVERSION).
WARNINGS := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla \
    -Wpointer-arith -Wwrite-strings -Wundef -Wold-style-definition -Wformat-security
CONVERSION := -Wconversion -Wno-sign-conversion

# Nothing that is built names the folder that it was built in; gdb finds the sources from there.
NAMELESS := -ffile-prefix-map=$(CURDIR)=.
BASE_FLAGS := -std=c17 -g $(NAMELESS) -fno-common -fno-strict-aliasing $(WARNINGS)
HOSTED_FLAGS := $(BASE_FLAGS) -O2 -fstack-protector-strong -D_GNU_SOURCE
FORTIFY := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
NO_FORTIFY := -U_FORTIFY_SOURCE
# The compiler's own headers (stdint.h, stddef.h, ...) and nothing else.
FREESTANDING_FLAGS = -ffreestanding -nostdinc -isystem $(call compiler_headers,$1)
compiler_headers = $(or $(headers_$1),$(eval headers_$1 := $(or \
    $(shell $1 -print-file-name=include 2>/dev/null),no-headers-of-$1))$(headers_$1))

SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
THREAD := -fsanitize=thread -fno-omit-frame-pointer
FUZZ := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all \
    -fno-omit-frame-pointer
HARDEN_LINK := -Wl,-z,relro,-z,now,-z,noexecstack

CC_hosted = $(CC)
FLAGS_hosted = $(HOSTED_FLAGS) $(FORTIFY)
LINK_hosted = $(HARDEN_LINK)

CC_sanitize = $(CC)
FLAGS_sanitize = $(HOSTED_FLAGS) $(NO_FORTIFY) -O1 $(SANITIZE)
LINK_sanitize = $(SANITIZE)

CC_thread = $(CC)
FLAGS_thread = $(HOSTED_FLAGS) $(NO_FORTIFY) -O1 $(THREAD)
LINK_thread = $(THREAD)

CC_fuzz = $(CLANG)
FLAGS_fuzz = $(HOSTED_FLAGS) $(NO_FORTIFY) -O1 $(FUZZ)
LINK_fuzz = $(FUZZ) -fsanitize=fuzzer

CC_freestanding = $(CC)
FLAGS_freestanding = $(BASE_FLAGS) -O2 -fstack-protector-strong $(call FREESTANDING_FLAGS,$(CC))

CC_freestanding-sanitize = $(CC)
FLAGS_freestanding-sanitize = $(BASE_FLAGS) -O1 $(SANITIZE) $(call FREESTANDING_FLAGS,$(CC))

CC_freestanding-thread = $(CC)
FLAGS_freestanding-thread = $(BASE_FLAGS) -O1 $(THREAD) $(call FREESTANDING_FLAGS,$(CC))

CC_freestanding-fuzz = $(CLANG)
FLAGS_freestanding-fuzz = $(BASE_FLAGS) -O1 $(FUZZ) $(call FREESTANDING_FLAGS,$(CLANG))

CC_arm64 = $(ARM64_CC)
FLAGS_arm64 = $(HOSTED_FLAGS) $(FORTIFY)
LINK_arm64 = $(HARDEN_LINK)

# Strict alignment: the secure kernel runs before its MMU is on. No atomics out of line: there is
# no libgcc start-up code to choose them.
CC_arm64-freestanding = $(ARM64_CC)
FLAGS_arm64-freestanding = $(BASE_FLAGS) -O2 -fno-pic -fno-stack-protector \
    -fno-asynchronous-unwind-tables -mstrict-align -mno-outline-atomics \
    $(call FREESTANDING_FLAGS,$(ARM64_CC))
LINK_arm64-freestanding = -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,noexecstack

KINDS := hosted sanitize thread fuzz freestanding freestanding-sanitize freestanding-thread \
    freestanding-fuzz arm64 arm64-freestanding

# make install: what fragments have listed with
#   $(eval $(call install,DIRECTORY,MODE,FILES))
# where DIRECTORY is given in the names below (without DESTDIR), and MODE is as for chmod. Symbolic
# links among FILES are copied as links. INSTALL_HOOKS: commands run afterwards (they use
# $(DESTDIR) themselves).
#
# What is for TrustZone is installed once `make arm64` has built it (or is asked for beside it: `make
# arm64 install`): it needs a cross compiler, which not everybody wants. Then INSTALL_ARM64 is not
# empty; it is brought up to date first.

PREFIX ?= /usr/local
DESTDIR ?=
bindir ?= $(PREFIX)/bin
libdir ?= $(PREFIX)/lib
libexecdir ?= $(PREFIX)/libexec/postern
includedir ?= $(PREFIX)/include
datadir ?= $(PREFIX)/share
mandir ?= $(PREFIX)/share/man
pkgconfigdir ?= $(libdir)/pkgconfig
sdkdir ?= $(libdir)/postern/sdk
systemdunitdir ?= $(PREFIX)/lib/systemd/system

INSTALL_ARM64 := $(if $(wildcard out/share/postern/arm64/guest.cpio)$(filter arm64,$(MAKECMDGOALS)),yes)

INSTALL_NEEDS :=
INSTALL_COMMANDS :=
INSTALL_HOOKS := install_LDCONFIG

# The loader knows a library in these folders only once it stands in its cache.
install_LDCONFIG = $(if $(DESTDIR),:,$(if $(filter /usr/lib /usr/local/lib,$(libdir)),\
    if [ "$$(id -u)" = 0 ]; then PATH="$$PATH:/usr/sbin:/sbin" ldconfig; fi,:))

define install
INSTALL_NEEDS += $3
INSTALL_COMMANDS += install_into '$1' $2 $3$(;)
endef
; := ;

.PHONY: install
install: all $$(INSTALL_NEEDS)
	@set -e; umask 022; install_into() { \
	    dir="$(DESTDIR)$$1"; mode=$$2; shift 2; mkdir -p "$$dir"; \
	    for f in "$$@"; do \
	        if [ -L "$$f" ]; then cp -P "$$f" "$$dir/"; \
	        else install -m "$$mode" "$$f" "$$dir/"; fi; \
	    done; }; $(INSTALL_COMMANDS) $(foreach h,$(INSTALL_HOOKS),$($h);)
	@echo "installed below $(DESTDIR)$(PREFIX)$(if $(INSTALL_ARM64),, (without TrustZone, which make arm64 builds before))"

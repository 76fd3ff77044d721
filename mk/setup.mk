# Before anything else is read: the Debian packages that the goals need. scripts/setup does nothing,
# quickly, when all are there. SETUP=no leaves the machine as it is.

# make takes a space in a name for the end of it.
ifneq ($(words $(CURDIR)),1)
$(error the path of this folder has a space in it, which make cannot work with: $(CURDIR))
endif
# What `sudo make` has built only root may change.
ifneq ($(shell find out -maxdepth 1 ! -writable -print -quit 2>/dev/null),)
$(error somebody else has built here, perhaps `sudo make`: sudo chown -R $(shell id -un) out)
endif

SETUP_GOALS := $(if $(MAKECMDGOALS),$(MAKECMDGOALS),all)
SETUP_PURPOSES := $(strip \
    $(if $(filter-out clean distclean help,$(SETUP_GOALS)),demo) \
    $(if $(filter check check-% lint lint-% fuzz,$(SETUP_GOALS)),check) \
    $(if $(filter check bench,$(SETUP_GOALS)),bench) \
    $(if $(filter check arm64 %-arm64 lint,$(SETUP_GOALS)),arm64))

# Not for `make -n`, nor when make calls itself.
ifeq ($(SETUP)$(findstring n,$(filter-out -%,$(firstword $(MAKEFLAGS))))$(filter-out 0,$(MAKELEVEL)),)
ifneq ($(SETUP_PURPOSES),)
$(shell scripts/setup $(SETUP_PURPOSES) 1>&2)
ifneq ($(.SHELLSTATUS),0)
$(error scripts/setup $(SETUP_PURPOSES) failed)
endif
endif
endif

# All processors, unless the caller says otherwise with -j.
ifeq ($(filter -j%,$(MAKEFLAGS)),)
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc) --output-sync=target
endif
endif

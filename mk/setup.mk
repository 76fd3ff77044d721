# Before anything else is read: the Debian packages that the goals need. scripts/setup does nothing,
# quickly, when all are there. SETUP=no leaves the machine as it is.

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

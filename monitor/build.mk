# The EL3 monitor, and what it is put into flash with. The image for QEMU's -bios is made of the
# kernel with its trust table, and of what the normal world starts with.

$(eval $(call objects,monitor,monitor/start.S monitor/vector.S monitor/boot.c monitor/gic.c \
    monitor/console.c monitor/power.c monitor/psci.c monitor/smc.c monitor/table.c,\
    -mgeneral-regs-only $(CONVERSION),abi lib monitor,arm64-freestanding))

# $(call monitor_flash,FILE,KERNEL,PAYLOAD): FILE is the flash, FILE.elf has the symbols.
define monitor_flash
$1.elf: $$(monitor_OBJS) $2 $3 monitor/monitor.ld monitor/images.S monitor/machine.h
	$$(call say,LINK,$$@)
	$$(Q)mkdir -p $$(@D) && $$(ARM64_CC) -E -P -x c -I. monitor/monitor.ld -o $1.ld && \
	    $$(ARM64_CC) -c -DIMAGE_KERNEL='"$2"' -DIMAGE_PAYLOAD='"$3"' monitor/images.S -o $1.o && \
	    $$(ARM64_CC) $$(LINK_arm64-freestanding) -Wl,-T,$1.ld -Wl,--no-warn-rwx-segments -o $$@ \
	    $$(monitor_OBJS) $1.o
$1: $1.elf
	$$(Q)$$(ARM64_OBJCOPY) -O binary $$< $$@
endef

/*
 * Turning the machine off and on again: two pins of the secure GPIO.
 */
#include <lib/aarch64/gic.h>
#include <lib/aarch64/register.h>
#include <monitor/boot.h>

#define PL061_DIR 0x400
#define PIN_OFF 0u
#define PIN_RESET 1u

static _Noreturn void pin_raise(unsigned pin)
{
    uint32_t bit = 1u << pin;
    device_write32(MACHINE_GPIO + PL061_DIR, bit);
    /* The data register's address says which pins the access is for. */
    device_write32(MACHINE_GPIO + (bit << 2), 0);
    device_write32(MACHINE_GPIO + (bit << 2), bit);
    for (;;) {
        processor_wfi();
    }
}

void power_off(void)
{
    pin_raise(PIN_OFF);
}

void power_reset(void)
{
    pin_raise(PIN_RESET);
}

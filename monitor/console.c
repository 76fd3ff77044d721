/*
 * The monitor says nothing unless it is lost: words on the secure serial port.
 */
#include <lib/aarch64/gic.h>
#include <monitor/boot.h>

#define PL011_DR 0x00
#define PL011_FR 0x18
#define PL011_FR_FULL 0x20u
#define PL011_CR 0x30

void console_text(const char *text)
{
    device_write32(MACHINE_UART + PL011_CR, 0x301); /* on, transmitter and receiver */
    for (; *text != 0; text++) {
        while ((device_read32(MACHINE_UART + PL011_FR) & PL011_FR_FULL) != 0) {
        }
        device_write32(MACHINE_UART + PL011_DR, (uint8_t)*text);
    }
}

static void console_hex(uint64_t value)
{
    char text[17];
    for (int i = 0; i < 16; i++) {
        text[i] = "0123456789abcdef"[(value >> (60 - 4 * i)) & 0xf];
    }
    text[16] = 0;
    console_text(text);
}

void console_fatal(uint64_t vector, uint64_t esr, uint64_t elr, uint64_t far)
{
    console_text("\r\nmonitor: exception at EL3: vector ");
    console_hex(vector);
    console_text(" esr ");
    console_hex(esr);
    console_text(" elr ");
    console_hex(elr);
    console_text(" far ");
    console_hex(far);
    console_text("\r\n");
    power_reset();
}

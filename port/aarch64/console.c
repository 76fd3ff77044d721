/*
 * Words for people: each line goes to the secure serial port, where there is one, and into a ring
 * that keeps the last of them.
 */
#include <lib/aarch64/gic.h>
#include <port/aarch64/machine.h>

#define CONSOLE (DEVICE_BASE + 0x80000)
#define PL011_DR 0x00u
#define PL011_FR 0x18u
#define PL011_FR_FULL 0x20u
#define PL011_CR 0x30u
#define PL011_ON 0x301u

static struct spin console_lock;
static bool console_there;

void console_start(uint64_t address)
{
    if (address != 0 && table_map(CONSOLE, physical(address), PAGE_SIZE, TABLE_DEVICE)) {
        device_write32(CONSOLE + PL011_CR, PL011_ON);
        console_there = true;
    }
}

static void byte_write(char byte)
{
    while ((device_read32(CONSOLE + PL011_FR) & PL011_FR_FULL) != 0) {
    }
    device_write32(CONSOLE + PL011_DR, (uint8_t)byte);
}

void console_write(const char *text, size_t size)
{
    if (!console_there) {
        return;
    }
    for (size_t i = 0; i < size; i++) {
        byte_write(text[i]);
    }
}

void port_log(uint32_t level, const char *line, size_t length)
{
    static const char *const names[] = {"error: ", "warning: ", "", "debug: "};
    const char *name = names[level <= SYS_LOG_DEBUG ? level : SYS_LOG_INFO];
    uint64_t mask = spin_lock(&console_lock);

    console_write("postern: ", 9);
    console_write(name, strlen(name));
    console_write(line, length);
    console_write("\r\n", 2);
    spin_unlock(&console_lock, mask);
}

void port_panic(const char *why)
{
    (void)interrupts_mask();
    console_write("\r\npostern: PANIC: ", 18);
    console_write(why, strlen(why));
    console_write("\r\n", 2);
    for (;;) {
        processor_wfi();
    }
}

/*
 * Words for people: each line goes into a ring that keeps the last of them for whoever may ask
 * (report.c), and to the secure serial port, where there is one. That is slow, and the processor waits
 * for it: what the normal world and apps can cause is written there no faster than the line takes it,
 * beyond a burst. The ring has every line.
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

/* --- The ring. ------------------------------------------------------------------------------------ */

#define RING_SIZE 0x8000u

/* Under console_lock. The octet at position p lies at p % RING_SIZE. */
static char ring[RING_SIZE];
static uint64_t ring_end; /* the position behind the last one */

static void ring_put(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        ring[ring_end++ % RING_SIZE] = text[i] >= ' ' && text[i] != 0x7f ? text[i] : '?';
    }
}

static void ring_line(uint64_t now_ms, const char *name, const char *line, size_t length)
{
    char time[32];
    size_t at = sizeof(time);
    uint64_t left = now_ms;

    time[--at] = ' ';
    for (unsigned digit = 0; digit < 5 || left != 0; digit++) {
        if (digit == 3) {
            time[--at] = '.';
        }
        time[--at] = (char)('0' + left % 10);
        left /= 10;
    }
    ring_put(time + at, sizeof(time) - at);
    ring_put(name, strlen(name));
    ring_put(line, length);
    ring[ring_end++ % RING_SIZE] = '\n';
}

size_t console_read(uint64_t *position, char *out, size_t size)
{
    uint64_t mask = spin_lock(&console_lock);
    uint64_t begin = ring_end > RING_SIZE ? ring_end - RING_SIZE : 0;
    uint64_t from = *position < begin ? begin : *position;

    if (from > ring_end) {
        from = ring_end;
    }
    if (size > ring_end - from) {
        size = ring_end - from;
    }
    for (size_t i = 0; i < size; i++) {
        out[i] = ring[(from + i) % RING_SIZE];
    }
    spin_unlock(&console_lock, mask);
    *position = from;
    return size;
}

/* --- Lines. --------------------------------------------------------------------------------------- */

#define LINE_OCTETS_PER_SECOND 11520u /* 115,200 baud */
#define LINE_BURST 0x10000u

static uint64_t line_credit = LINE_BURST;
static uint64_t line_credited_ms;
static bool line_skipped;

/* Whether the serial port takes a line of this size now. */
static bool line_allowed(uint64_t now_ms, size_t size)
{
    uint64_t grown = line_credit + (now_ms - line_credited_ms) * LINE_OCTETS_PER_SECOND / 1000;
    line_credit = grown < LINE_BURST ? grown : LINE_BURST;
    line_credited_ms = now_ms;
    if (size > line_credit) {
        line_skipped = true;
        return false;
    }
    line_credit -= size;
    return true;
}

void port_log(uint32_t level, const char *line, size_t length)
{
    static const char *const names[] = {"error: ", "warning: ", ""};
    if (level >= SYS_LOG_DEBUG) {
        return; /* they are for a TEE started for development, as this one never is */
    }
    const char *name = names[level];
    uint64_t mask = spin_lock(&console_lock);
    uint64_t now_ms = port_clock_ns() / 1000000;

    ring_line(now_ms, name, line, length);
    if (line_allowed(now_ms, length + 20)) {
        if (line_skipped) {
            line_skipped = false;
            console_write("postern: lines are missing here: too many at once\r\n", 51);
        }
        console_write("postern: ", 9);
        console_write(name, strlen(name));
        console_write(line, length);
        console_write("\r\n", 2);
    }
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

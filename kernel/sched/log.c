#include <kernel/sched/log.h>
#include <lib/error.h>
#include <lib/uuid.h>
#include <port/port.h>

#define LINE_MAX 256u

struct text {
    char *out;
    size_t size;
    size_t length;
};

static void put(struct text *text, char c)
{
    if (text->length + 1 < text->size)
        text->out[text->length++] = c;
}

/* What an app or a package says neither ends the line nor writes on somebody's terminal. */
static void put_string(struct text *text, const char *string, size_t max)
{
    for (size_t i = 0; i < max && string[i] != '\0'; i++) {
        unsigned char c = (unsigned char)string[i];
        put(text, c < ' ' || c == 0x7f ? '?' : string[i]);
    }
}

static void put_number(struct text *text, uint64_t number, uint32_t base)
{
    char digits[24];
    size_t count = 0;
    do {
        digits[count++] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number != 0);
    while (count > 0)
        put(text, digits[--count]);
}

static void put_uuid(struct text *text, const uint8_t *uuid)
{
    char out[UUID_TEXT_LENGTH + 1];
    uuid_format(uuid, out);
    put_string(text, out, sizeof(out));
}

static void put_signed(struct text *text, int32_t number)
{
    if (number < 0)
        put(text, '-');
    put_number(text, number < 0 ? (uint64_t)(-(int64_t)number) : (uint64_t)number, 10);
}

size_t log_format_list(char *out, size_t size, const char *format, va_list arguments)
{
    struct text text = {.out = out, .size = size};
    for (const char *at = format; *at != '\0'; at++) {
        if (*at != '%') {
            put(&text, *at);
            continue;
        }
        switch (*++at) {
        case 's':
            put_string(&text, va_arg(arguments, const char *), SIZE_MAX);
            break;
        case '.': { /* %.*s */
            int max = va_arg(arguments, int);
            put_string(&text, va_arg(arguments, const char *), max < 0 ? 0 : (size_t)max);
            at += 2;
            break;
        }
        case 'u':
            put_number(&text, va_arg(arguments, uint32_t), 10);
            break;
        case 'l':
            put_number(&text, va_arg(arguments, uint64_t), 10);
            break;
        case 'x':
            put_number(&text, va_arg(arguments, uint64_t), 16);
            break;
        case 'd':
            put_signed(&text, va_arg(arguments, int32_t));
            break;
        case 'U':
            put_uuid(&text, va_arg(arguments, const uint8_t *));
            break;
        case 'e':
            put_string(&text, error_name((enum error)va_arg(arguments, int)), SIZE_MAX);
            break;
        default:
            put(&text, '%');
            break;
        }
    }
    if (size > 0)
        out[text.length] = '\0';
    return text.length;
}

size_t log_format(char *out, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t length = log_format_list(out, size, format, arguments);
    va_end(arguments);
    return length;
}

static void put_line(uint32_t level, const char *format, va_list arguments)
{
    char line[LINE_MAX];
    size_t length = log_format_list(line, sizeof(line), format, arguments);
    port_log(level, line, length);
}

void log_line(uint32_t level, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    put_line(level, format, arguments);
    va_end(arguments);
}

/* Each line spends the time in which another one comes to be allowed. */
bool log_may(struct log_budget *budget, uint32_t per_second, uint32_t at_once)
{
    uint64_t price = 1000000000u / per_second;
    uint64_t now = port_clock_ns();
    uint64_t spent = __atomic_load_n(&budget->spent_until_ns, __ATOMIC_RELAXED);
    uint64_t from;
    do {
        from = spent > now ? spent : now;
        if (from - now > price * (at_once - 1)) {
            (void)__atomic_fetch_add(&budget->dropped, 1, __ATOMIC_RELAXED);
            return false;
        }
    } while (!__atomic_compare_exchange_n(&budget->spent_until_ns, &spent, from + price, false,
                                          __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    return true;
}

static struct log_budget of_clients;

void log_start(void)
{
    of_clients = (struct log_budget){0};
}

void log_client_line(uint32_t level, const char *format, ...)
{
    if (!log_may(&of_clients, LOG_CLIENTS_PER_SECOND, LOG_CLIENTS_AT_ONCE))
        return;
    uint32_t dropped = __atomic_exchange_n(&of_clients.dropped, 0, __ATOMIC_RELAXED);
    if (dropped > 0)
        log_line(SYS_LOG_WARN, "%u lines about what clients asked for dropped, there are too many",
                 dropped);
    va_list arguments;
    va_start(arguments, format);
    put_line(level, format, arguments);
    va_end(arguments);
}

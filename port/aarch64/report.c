/*
 * The kernel's log and status for root of the normal world (abi/report.h): copied piece by piece, so
 * that neither lock is held for long.
 */
#include <lib/version.h>
#include <port/aarch64/machine.h>
#include <port/aarch64/smc.h>

#define PIECE 256u
#define STATUS_SIZE 0x4000u

/* Answers how much was written. */
static uint64_t log_write(const struct report *report, uint64_t *position)
{
    char piece[PIECE];
    uint64_t done = 0;

    while (done < report->size) {
        uint64_t left = report->size - done;
        uint64_t at = *position + done;
        size_t size = console_read(&at, piece, left < PIECE ? left : PIECE);
        if (done == 0) {
            *position = at;
        }
        /* A gap: what is wanted next was overwritten meanwhile. The next call tells of it. */
        if (size == 0 || at != *position + done ||
            !share_write(report->cookie, report->offset + done, piece, size)) {
            break;
        }
        done += size;
    }
    return done;
}

static char *number_put(char *out, const char *name, uint64_t number, const char *unit)
{
    char digits[20];
    size_t count = 0;

    memcpy(out, name, strlen(name));
    out += strlen(name);
    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    while (count > 0) {
        *out++ = digits[--count];
    }
    memcpy(out, unit, strlen(unit));
    return out + strlen(unit);
}

static uint32_t status_write(const struct report *report, uint64_t *written)
{
    static const char version[] = "version: " POSTERN_VERSION_TEXT "\n";
    char *text = port_alloc(STATUS_SIZE);

    if (text == NULL) {
        return TEE_ERROR_OUT_OF_MEMORY;
    }
    memcpy(text, version, sizeof(version) - 1);
    char *at = text + sizeof(version) - 1;
    at = number_put(at, "uptime: ", port_clock_ns() / 1000000000u, " s\n");
    at = number_put(at, "free secure memory: ", page_free_count() * (PAGE_SIZE / 1024), " KiB\n");
    at += kernel_status(at, STATUS_SIZE - (size_t)(at - text));
    uint64_t size = (uint64_t)(at - text);
    *written = size < report->size ? size : report->size;
    bool good = true;
    for (uint64_t done = 0; good && done < *written; done += PIECE) {
        uint64_t left = *written - done;
        good = share_write(report->cookie, report->offset + done, text + done,
                           left < PIECE ? left : PIECE);
    }
    port_free(text);
    return good ? TEE_SUCCESS : TEE_ERROR_BAD_PARAMETERS;
}

bool report_call(struct msg_arg *arg)
{
    struct msg_header *head = &arg->head;
    struct report report;

    kernel_report(arg, &report);
    head->origin = TEE_ORIGIN_TEE;
    head->ret = TEE_SUCCESS;
    switch (report.kind) {
    case REPORT_NOT:
        return false;
    case REPORT_OPEN:
        head->session = REPORT_SESSION;
        break;
    case REPORT_REFUSED:
        head->ret = TEE_ERROR_ACCESS_DENIED;
        break;
    case REPORT_CLOSE:
        break;
    case REPORT_LOG:
        arg->params[1].u.rmem.size = log_write(&report, &report.position);
        arg->params[0].u.value.a = (uint32_t)report.position;
        arg->params[0].u.value.b = report.position >> 32;
        break;
    case REPORT_STATUS:
        head->ret = status_write(&report, &arg->params[0].u.rmem.size);
        break;
    case REPORT_UNKNOWN:
        head->ret = TEE_ERROR_BAD_PARAMETERS;
        break;
    }
    return true;
}

/*
 * Asking the secure kernel of this machine (TrustZone) for its log and status (abi/report.h), by
 * GlobalPlatform's client API. Functions that answer false have said why (say.h).
 */
#ifndef POSTERN_TOOLS_SECURE_REPORT_H
#define POSTERN_TOOLS_SECURE_REPORT_H

#include <postern/tee_client_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct report {
    TEEC_Context context;
    TEEC_Session session;
    bool open;
    char device[32];
};

/* Whether this name is that of a TEE device. */
bool report_is_device(const char *name);
/* Opens a session with the kernel behind this device; NULL: the first of /dev/tee0 to 9. When that is
 * because there is none, it is not said: *absent is set. */
bool report_open(const char *device, struct report *out, bool *absent);
void report_close(struct report *report);
#define REPORT __attribute__((cleanup(report_close))) struct report

/* The log from *position on: at most `size` octets; *position becomes that of the first one. */
bool report_log(struct report *report, uint64_t *position, char *out, size_t size, size_t *got);
bool report_status(struct report *report, char *out, size_t size, size_t *got);

#endif

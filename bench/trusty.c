/*
 * Trusty IPC's benchmarks: echoes of the robust example from a Linux program and, by the test app
 * prober, from another app; pipelined messages; connections. What comes back is compared.
 */
#include <bench/bench.h>
#include <tests/e2e/tee.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <trusty/tipc.h>
#include <unistd.h>

#define TRUSTY_ECHO "com.postern.echo.robust"
#define TRUSTY_PROBER "com.postern.test.prober"
#define TRUSTY_PIPELINED 10000u
#define TRUSTY_AHEAD 6u /* messages on their way at once: the service's port has 8 buffers */

static int trusty_echo_fd = -1;
static int trusty_prober_fd = -1;

/* The app's own manifest, but for its first key, which tee_sign writes. */
static void trusty_sign(const char *folder, const char *elf, const TEEC_UUID *uuid)
{
    char path[TEE_PATH];
    char rest[4096] = "";
    size_t used = 0;
    size_t size;
    (void)snprintf(path, sizeof(path), "%s/manifest.txt", folder);
    char *text = (char *)tee_file_read(path, &size);
    char *state = NULL;
    for (char *line = strtok_r(text, "\n", &state); line != NULL;
         line = strtok_r(NULL, "\n", &state)) {
        if (strncmp(line, "gpd.ta.appID", 12) != 0 && used + strlen(line) + 2 < sizeof(rest)) {
            used += (size_t)snprintf(rest + used, sizeof(rest) - used, "%s\n", line);
        }
    }
    free(text);
    tee_sign(bench_tee(), elf, uuid, rest);
}

static int trusty_connect(const char *service)
{
    const int fd = tipc_connect(bench_tee()->run, service);
    if (fd < 0) {
        tee_bail("%s: %s", service, strerror(-fd));
    }
    return fd;
}

static void trusty_echo(void *context, unsigned count, uint64_t *ns)
{
    static uint8_t out[4096];
    static uint8_t in[4096];
    const size_t size = *(const size_t *)context;
    for (unsigned i = 0; i < count; i++) {
        out[0] = (uint8_t)i;
        out[size - 1] = (uint8_t)~i;
        const uint64_t start = bench_now();
        const ssize_t sent = write(trusty_echo_fd, out, size);
        const ssize_t got = read(trusty_echo_fd, in, sizeof(in));
        ns[i] = bench_now() - start;
        if (sent != (ssize_t)size || got != (ssize_t)size || memcmp(in, out, size) != 0) {
            tee_bail("echo: sent %zd, got %zd: %s", sent, got, strerror(errno));
        }
    }
}

/* Many messages, a few of them always on their way: the whole time by their number. */
static void trusty_pipelined(void *context, unsigned count, uint64_t *ns)
{
    (void)context;
    uint8_t message[64] = {0};
    for (unsigned i = 0; i < count; i++) {
        uint32_t sent = 0;
        const uint64_t start = bench_now();
        for (uint32_t received = 0; received < TRUSTY_PIPELINED;) {
            while (sent < TRUSTY_PIPELINED && sent - received < TRUSTY_AHEAD) {
                memcpy(message, &sent, sizeof(sent));
                if (write(trusty_echo_fd, message, sizeof(message)) != sizeof(message)) {
                    tee_bail("pipelined: %s", strerror(errno));
                }
                sent++;
            }
            uint32_t number;
            if (read(trusty_echo_fd, message, sizeof(message)) != sizeof(message)) {
                tee_bail("pipelined: %s", strerror(errno));
            }
            memcpy(&number, message, sizeof(number));
            if (number != received) {
                tee_bail("message %u came as number %u", number, received);
            }
            received++;
        }
        ns[i] = (bench_now() - start) / TRUSTY_PIPELINED;
    }
}

static void trusty_connections(void *context, unsigned count, uint64_t *ns)
{
    (void)context;
    for (unsigned i = 0; i < count; i++) {
        const uint64_t start = bench_now();
        const int fd = trusty_connect(TRUSTY_ECHO);
        (void)tipc_close(fd);
        ns[i] = bench_now() - start;
    }
}

/* The prober measures by itself: the mean of some echoes is one sample. They take less than a time
 * slice, so that most samples are free of what else the processor does. */
static void trusty_echo_app(void *context, unsigned count, uint64_t *ns)
{
    (void)context;
    static const char question[] = "speed40 64";
    char answer[64];
    for (unsigned i = 0; i < count; i++) {
        const ssize_t sent = write(trusty_prober_fd, question, sizeof(question) - 1);
        const ssize_t got = read(trusty_prober_fd, answer, sizeof(answer) - 1);
        answer[got > 0 ? got : 0] = 0;
        ns[i] = strtoull(answer, NULL, 10);
        if (sent < 0 || ns[i] == 0) {
            tee_bail("prober: \"%s\"", answer);
        }
    }
}

unsigned bench_trusty(struct bench_case *cases)
{
    static const size_t sizes[2] = {64, 4080};
    const TEEC_UUID echo = {
        0x5d6a5f2c, 0x8a1b, 0x4f0e, {0x9d, 0x1d, 0x3b, 0x0d, 0x6f, 0x2b, 0x7a, 0x03}};
    const TEEC_UUID prober = {
        0x5d6a5f2c, 0x8a1b, 0x4f0e, {0x9d, 0x1d, 0x3b, 0x0d, 0x6f, 0x2b, 0x7a, 0x11}};
    trusty_sign("apps/echo-robust", "out/apps/obj/echo-robust/echo-robust.elf", &echo);
    trusty_sign("tests/trusty/prober", "out/apps/obj/prober/prober.elf", &prober);
    trusty_echo_fd = trusty_connect(TRUSTY_ECHO);
    trusty_prober_fd = trusty_connect(TRUSTY_PROBER);
    const struct bench_case own[] = {
        {.name = "trusty_echo_64",
         .what = "64 bytes to an app and back",
         .run = trusty_echo,
         .context = (void *)(uintptr_t)&sizes[0],
         .per_round = 500},
        {.name = "trusty_echo_4k",
         .what = "4080 bytes, the largest message",
         .run = trusty_echo,
         .context = (void *)(uintptr_t)&sizes[1],
         .per_round = 200},
        {.name = "trusty_echo_app_64",
         .what = "64 bytes from app to app and back",
         .run = trusty_echo_app,
         .per_round = 5},
        {.name = "trusty_pipelined_64",
         .what = "a message of 64 bytes, 10,000 pipelined",
         .run = trusty_pipelined,
         .per_round = 1},
        {.name = "trusty_connect",
         .what = "connect and close",
         .run = trusty_connections,
         .per_round = 50},
    };
    memcpy(cases, own, sizeof(own));
    return sizeof(own) / sizeof(own[0]);
}

void bench_trusty_end(void)
{
    (void)tipc_close(trusty_echo_fd);
    (void)tipc_close(trusty_prober_fd);
}

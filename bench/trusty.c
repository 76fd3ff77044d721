/*
 * Trusty IPC's benchmarks, against the echo service apps/echo-robust: round trips from the normal
 * world and between two apps, many messages on their way at once, connections. Every answer's length is
 * checked; a wrong one ends the run.
 */
#include <bench/bench.h>
#include <tests/e2e/tee.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <trusty/tipc.h>
#include <unistd.h>

#define ROBUST "com.postern.echo.robust"
#define PROBER "com.postern.test.prober"

static int trusty_echo = -1;   /* a connection to the echo service */
static int trusty_pipe = -1;   /* another one, non-blocking */
static int trusty_prober = -1; /* the app that measures another app */
static const size_t trusty_sizes[] = {64, 4096};
static char trusty_out[4096];
static char trusty_in[4096];

static void trusty_must(bool good, const char *what)
{
    if (!good) {
        tee_bail("%s: %s", what, strerror(errno));
    }
}

static int trusty_connected(const char *service)
{
    const int fd = tipc_connect(TIPC_DEFAULT_DEVICE, service);
    if (fd < 0) {
        errno = -fd;
        trusty_must(false, service);
    }
    return fd;
}

static void trusty_echoes(void *argument, unsigned count, uint64_t *ns)
{
    const size_t size = *(const size_t *)argument;
    for (unsigned i = 0; i < count; i++) {
        const uint64_t start = bench_now();
        const ssize_t sent = write(trusty_echo, trusty_out, size);
        const ssize_t got = read(trusty_echo, trusty_in, sizeof(trusty_in));
        ns[i] = bench_now() - start;
        trusty_must(sent == (ssize_t)size && got == (ssize_t)size, "echo");
    }
}

/* The prober app measures by itself, many at a time; each sample is the mean of its echoes. */
static void trusty_between_apps(void *argument, unsigned count, uint64_t *ns)
{
    (void)argument;
    for (unsigned i = 0; i < count; i++) {
        const int length = snprintf(trusty_out, sizeof(trusty_out), "speed 200 64");
        ssize_t got = write(trusty_prober, trusty_out, (size_t)length);
        if (got == length) {
            got = read(trusty_prober, trusty_in, sizeof(trusty_in) - 1);
        }
        trusty_must(got > 0 && trusty_in[0] != 'e', "echo between apps");
        trusty_in[got] = '\0';
        ns[i] = strtoull(trusty_in, NULL, 10);
    }
}

#define TRUSTY_PIPELINED 10000u

/* As many on their way as there is room for; a sample is the time of all by their number. */
static void trusty_pipelined(void *argument, unsigned count, uint64_t *ns)
{
    (void)argument;
    for (unsigned i = 0; i < count; i++) {
        unsigned to_send = TRUSTY_PIPELINED;
        unsigned to_get = TRUSTY_PIPELINED;
        const uint64_t start = bench_now();
        while (to_get > 0) {
            struct pollfd wait = {.fd = trusty_pipe, .events = POLLIN};
            while (to_send > 0 && write(trusty_pipe, trusty_out, 64) == 64) {
                to_send--;
            }
            if (to_send > 0) {
                wait.events |= POLLOUT;
            }
            trusty_must(poll(&wait, 1, 10000) == 1, "pipelined");
            while (to_get > 0 && read(trusty_pipe, trusty_in, sizeof(trusty_in)) == 64) {
                to_get--;
            }
        }
        ns[i] = (bench_now() - start) / TRUSTY_PIPELINED;
    }
}

static void trusty_connections(void *argument, unsigned count, uint64_t *ns)
{
    (void)argument;
    for (unsigned i = 0; i < count; i++) {
        const uint64_t start = bench_now();
        const int fd = trusty_connected(ROBUST);
        tipc_close(fd);
        ns[i] = bench_now() - start;
    }
}

/* Signs the two apps for the TEE that is running: its apps lie beside its run folder. */
static void trusty_install(void)
{
    static const TEEC_UUID echo = {
        0x5d6a5f2c, 0x8a1b, 0x4f0e, {0x9d, 0x1d, 0x3b, 0x0d, 0x6f, 0x2b, 0x7a, 0x03}};
    static const TEEC_UUID prober = {
        0x5d6a5f2c, 0x8a1b, 0x4f0e, {0x9d, 0x1d, 0x3b, 0x0d, 0x6f, 0x2b, 0x7a, 0x11}};
    static const char ports[] = "gpd.ta.singleInstance: true\npostern.ports: ";
    struct tee tee;
    char manifest[256];
    memset(&tee, 0, sizeof(tee));
    snprintf(tee.apps, sizeof(tee.apps), "%s/../apps", getenv("POSTERN_TEE"));
    snprintf(manifest, sizeof(manifest), "%s" ROBUST "\n", ports);
    tee_sign(&tee, "out/apps/obj/echo-robust/echo-robust.elf", &echo, manifest);
    snprintf(manifest, sizeof(manifest), "%s" PROBER "\n", ports);
    tee_sign(&tee, "out/apps/obj/prober/prober.elf", &prober, manifest);
}

unsigned bench_trusty(struct bench_case *cases)
{
    const struct bench_case all[] = {
        {.name = "trusty_echo_64",
         .what = "Trusty echo of 64 bytes",
         .run = trusty_echoes,
         .context = (void *)(uintptr_t)&trusty_sizes[0],
         .per_round = 300},
        {.name = "trusty_echo_4k",
         .what = "Trusty echo of 4 KiB",
         .run = trusty_echoes,
         .context = (void *)(uintptr_t)&trusty_sizes[1],
         .per_round = 300},
        {.name = "trusty_echo_app_64",
         .what = "Trusty echo of 64 bytes between apps",
         .run = trusty_between_apps,
         .per_round = 3},
        {.name = "trusty_pipelined_64",
         .what = "one of 10,000 echoes of 64 bytes, pipelined",
         .run = trusty_pipelined,
         .per_round = 1},
        {.name = "trusty_connect",
         .what = "Trusty connection, made and closed",
         .run = trusty_connections,
         .per_round = 20},
    };
    memset(trusty_out, 0x55, sizeof(trusty_out));
    trusty_install();
    trusty_echo = trusty_connected(ROBUST);
    trusty_pipe = trusty_connected(ROBUST);
    trusty_must(fcntl(trusty_pipe, F_SETFL, O_NONBLOCK) == 0, "fcntl");
    trusty_prober = trusty_connected(PROBER);
    memcpy(cases, all, sizeof(all));
    return sizeof(all) / sizeof(all[0]);
}

void bench_trusty_end(void)
{
    tipc_close(trusty_echo);
    tipc_close(trusty_pipe);
    tipc_close(trusty_prober);
}

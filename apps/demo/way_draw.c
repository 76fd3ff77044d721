/* The drawing of a call's way: see way.h. */
#include <apps/demo/way.h>
#include <stdio.h>
#include <string.h>

#define WAY_WIDTH 30

/* A time as "12.3 us", right-aligned. */
static void way_time(char out[16], uint64_t ns)
{
    if (ns < 10000000) {
        (void)snprintf(out, 16, "%7.2f us", (double)ns / 1000.0);
    } else {
        (void)snprintf(out, 16, "%7.2f ms", (double)ns / 1000000.0);
    }
}

/* One line: the layer, an arrow down or up, the time, and a bar of its share. */
static void way_line(const char *arrow, const char *layer, uint64_t ns, uint64_t all)
{
    static const char bar[WAY_WIDTH + 1] = "##############################";
    char time[16];
    const int length = all == 0 ? 0 : (int)((ns * WAY_WIDTH + all / 2) / all);
    way_time(time, ns);
    printf("  |  %s  %-36s %s  %.*s\n", arrow, layer, time, length, bar);
}

static void way_world(const char *name)
{
    printf("--+-- %s ", name);
    for (size_t i = strlen(name); i < 70; i++) {
        putchar('-');
    }
    putchar('\n');
}

void way_draw(const char *what, const uint64_t ns[WAY_LAYERS])
{
    uint64_t all = 0;
    for (int i = 0; i < WAY_LAYERS; i++) {
        all += ns[i];
    }
    char time[16];
    way_time(time, all);
    printf("The way of one call (%s), %s in all:\n\n", what, time + strspn(time, " "));
    way_world("normal world: the client's process");
    way_line("|", "client library, going", ns[WAY_CLIENT_DOWN], all);
    way_line("|", "pipe to the gate (on TrustZone: SMC)", ns[WAY_TO_GATE], all);
    way_world("secure world: posternd, the kernel");
    way_line("v", "gate and kernel, going", ns[WAY_KERNEL_DOWN], all);
    way_world("secure world: the app's own process");
    way_line("*", "app, entered and left", ns[WAY_APP], all);
    way_world("secure world: posternd, the kernel");
    way_line("^", "kernel and gate, coming back", ns[WAY_KERNEL_UP], all);
    way_world("normal world: the client's process");
    way_line("|", "pipe to the client", ns[WAY_TO_CLIENT], all);
    way_line("|", "client library, coming back", ns[WAY_CLIENT_UP], all);
    printf("--+-------------------------------------------------------------------------------\n");
}

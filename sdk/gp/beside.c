/*
 * An app with a main() of its own, a Trusty app, that has GlobalPlatform's entry points, too: its
 * sessions are served while it waits. ta.mk draws this file in when it finds both in the app's
 * objects.
 */
#include <sdk/gp/serve.h>
#include <sdk/rt/runtime.h>

/* What ta.mk demands. */
extern const char __postern_beside_main;
const char __postern_beside_main = 1;

__attribute__((constructor)) static void beside_start(void)
{
    rt_wait = gp_serve_wait;
    gp_serve_beside();
}

/*
 * main() of an app that has none of its own: it serves GlobalPlatform sessions. Drawn from the archive
 * only then.
 */
#include <sdk/gp/serve.h>

int main(void)
{
    gp_serve();
}

/* postern version: the numbers that library, daemon, SDK and packages refuse each other by. */
#include <abi/hostlink.h>
#include <abi/package.h>
#include <abi/session.h>
#include <abi/syscall.h>
#include <lib/version.h>
#include <stdio.h>
#include <tools/command/command.h>

static const struct argp argp = {.doc =
                                     "Shows Postern's version and the numbers of its protocols."};

int command_version(int argc, char **argv)
{
    argp_parse(&argp, argc, argv, 0, NULL, NULL);
    (void)printf("postern %s\n", POSTERN_VERSION_TEXT);
    (void)printf(
        "app ABI: %u\npackage format: %u\nhosted link protocol: %u\nsession protocol: %u\n",
        SYS_ABI, PACKAGE_FORMAT, LINK_PROTOCOL, SESSION_PROTOCOL);
    return 0;
}

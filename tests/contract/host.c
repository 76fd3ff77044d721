/* The contract on the hosted port. The arguments: a state folder and a trust folder. */
#include <port/contract/contract.h>
#include <port/host/secret.h>
#include <port/host/sleep.h>
#include <stdio.h>

static int number;

static void report(const char *promise, bool kept)
{
    printf("%sok %d - hosted port: %s\n", kept ? "" : "not ", ++number, promise);
}

int main(int argc, char **argv)
{
    if (argc != 3 || sleep_init() != 0 || !secret_load_key(argv[1]) ||
        !secret_load_trust(argv[2])) {
        printf("Bail out! the port could not be started\n");
        return 1;
    }
    unsigned broken = contract_run(report);
    printf("1..%d\n", number);
    return broken != 0;
}

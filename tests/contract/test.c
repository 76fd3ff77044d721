/* The contract on the test port. */
#include <port/contract/contract.h>
#include <port/test/port_test.h>
#include <port/test/test_package.h>
#include <stdio.h>
#include <stdlib.h>

static int number;

static void report(const char *promise, bool kept)
{
    printf("%sok %d - test port: %s\n", kept ? "" : "not ", ++number, promise);
}

int main(void)
{
    size_t size = 0;
    struct test_key *key = test_key_create();
    uint8_t *trust = test_trust(key, NULL, 0, &size);
    test_port_start(trust, size);
    unsigned broken = contract_run(report);
    if (test_port_finish() != 0) {
        printf("not ok %d - test port: nothing is left\n", ++number);
        broken++;
    }
    test_key_free(key);
    free(trust);
    printf("1..%d\n", number);
    return broken != 0;
}

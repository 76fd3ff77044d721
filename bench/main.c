/*
 * make bench: every benchmark of the hosted TEE in one run with the limits of the machine. Prints a
 * table; writes the figures to the file that is named on the command line, as JSON.
 */
#include <bench/bench.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define BENCH_CASES 64
#define BENCH_NUMBERS 16
#define BENCH_ROUNDS 30

int main(int argc, char **argv)
{
    static struct bench_case cases[BENCH_CASES];
    static struct bench_number numbers[BENCH_NUMBERS];
    const char *json = argc > 1 ? argv[1] : "out/bench/hosted.json";
    const char *rounds = getenv("BENCH_ROUNDS");
    unsigned count = bench_limits(cases);
    count += bench_teec(cases + count);
    count += bench_trusty(cases + count);
    bench_run(cases, count, rounds != NULL ? (unsigned)strtoul(rounds, NULL, 10) : BENCH_ROUNDS);
    const unsigned num_numbers = bench_teec_memory(numbers);
    bench_trusty_end();
    bench_teec_end();
    printf("%u processors; medians of interleaved rounds; ratio is over futex_one_core; client, "
           "daemon "
           "and app\nshare one core unless the name says otherwise\n\n",
           bench_processors());
    return bench_report(cases, count, numbers, num_numbers, "futex_one_core", json) ? EXIT_SUCCESS
                                                                                    : EXIT_FAILURE;
}

/*
 * make bench: every benchmark of the hosted TEE in one run with the limits of the machine. Prints a
 * table; writes the figures to the file that is named on the command line, as JSON. BENCH_ROUNDS and
 * BENCH_ONLY (the beginning of names: trusty_) in the environment make it shorter.
 */
#include <bench/bench.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BENCH_CASES 64
#define BENCH_NUMBERS 16
#define BENCH_ROUNDS 30

/* Keeps the machine's limits, which come first, and of the others those whose names begin with
 * `prefix`. */
static unsigned keep(struct bench_case *cases, unsigned limits, unsigned count, const char *prefix)
{
    unsigned kept = limits;
    for (unsigned i = limits; i < count; i++) {
        if (strncmp(cases[i].name, prefix, strlen(prefix)) == 0) {
            cases[kept++] = cases[i];
        }
    }
    return kept;
}

int main(int argc, char **argv)
{
    static struct bench_case cases[BENCH_CASES];
    static struct bench_number numbers[BENCH_NUMBERS];
    const char *json = argc > 1 ? argv[1] : "out/bench/hosted.json";
    const char *rounds = getenv("BENCH_ROUNDS");
    const char *only = getenv("BENCH_ONLY");
    const unsigned limits = bench_limits(cases);
    unsigned count = limits;
    count += bench_teec(cases + count);
    count += bench_trusty(cases + count);
    count = keep(cases, limits, count, only != NULL ? only : "");
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

/*
 * Benchmarks: what a case is, and how its samples become a line of the table and an entry of the JSON.
 *
 * The machine drifts (other guests, clocks), so nothing is measured by itself: all cases are run in
 * rounds, one after the other, the machine's own limits among them, and a figure is the median over
 * all rounds. Every case says which processors it may use; those of "one core" keep to the first.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stdbool.h>
#include <stdint.h>

struct bench_case {
    const char *name; /* in table and JSON */
    const char *what; /* in words, for the table */
    /* Does the thing `count` times, and writes how many nanoseconds each time took. */
    void (*run)(void *context, unsigned count, uint64_t *ns);
    void *context;
    unsigned per_round; /* samples a round */
    bool unpinned;      /* may use every processor */
    /* Filled by bench_run. */
    uint64_t *samples;
    unsigned num_samples;
    double median_us;
    double p99_us;
};

/* A figure that is no time: memory. */
struct bench_number {
    const char *name;
    const char *what;
    const char *unit;
    double value;
};

uint64_t bench_now(void);
/* Binds the calling thread to the n-th processor that the process may use; -1: to all of them.
 * False: there is no n-th. */
bool bench_pin(int n);
unsigned bench_processors(void);

/* Runs all cases in `rounds` rounds, interleaved. */
void bench_run(struct bench_case *cases, unsigned count, unsigned rounds);
/* The table to standard output, and the JSON file. Ratios are over the case `unit_case`. Answers
 * whether the file could be written. */
bool bench_report(const struct bench_case *cases, unsigned count,
                  const struct bench_number *numbers, unsigned num_numbers, const char *unit_case,
                  const char *json);

/* The machine's limits (limits.c): futex_one_core, futex_two_cores, socket_one_core, memcpy_4k,
 * memcpy_1m. Answers how many were put into `cases`; it starts processes, which end with this one. */
unsigned bench_limits(struct bench_case *cases);
/* The TEE client API (teec.c), in a TEE of its own; and what it takes of memory. */
unsigned bench_teec(struct bench_case *cases);
unsigned bench_teec_memory(struct bench_number *numbers);
void bench_teec_end(void);
/* The TEE that bench_teec started. */
struct tee *bench_tee(void);
/* Trusty IPC (trusty.c), in the same TEE: call between bench_teec and bench_teec_end. */
unsigned bench_trusty(struct bench_case *cases);
void bench_trusty_end(void);

#endif

/* Cases, rounds, table and JSON: see bench.h. */
#include <bench/bench.h>

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static cpu_set_t bench_allowed;
static bool bench_allowed_known;

static const cpu_set_t *bench_all(void)
{
    if (!bench_allowed_known) {
        if (sched_getaffinity(0, sizeof(bench_allowed), &bench_allowed) != 0) {
            perror("sched_getaffinity");
            exit(EXIT_FAILURE);
        }
        bench_allowed_known = true;
    }
    return &bench_allowed;
}

uint64_t bench_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

unsigned bench_processors(void)
{
    return (unsigned)CPU_COUNT(bench_all());
}

bool bench_pin(int n)
{
    const cpu_set_t *all = bench_all();
    if (n < 0) {
        return sched_setaffinity(0, sizeof(*all), all) == 0;
    }
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET(cpu, all) && n-- == 0) {
            cpu_set_t one;
            CPU_ZERO(&one);
            CPU_SET(cpu, &one);
            return sched_setaffinity(0, sizeof(one), &one) == 0;
        }
    }
    return false;
}

static int bench_order(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a;
    const uint64_t y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

void bench_run(struct bench_case *cases, unsigned count, unsigned rounds)
{
    for (unsigned i = 0; i < count; i++) {
        cases[i].samples = calloc((size_t)rounds * cases[i].per_round, sizeof(uint64_t));
        if (cases[i].samples == NULL) {
            fprintf(stderr, "bench: no memory\n");
            exit(EXIT_FAILURE);
        }
    }
    static uint64_t warm[4096];
    for (unsigned round = 0; round < rounds; round++) {
        for (unsigned i = 0; i < count; i++) {
            struct bench_case *one = &cases[i];
            (void)bench_pin(one->unpinned ? -1 : 0);
            const unsigned warming = one->per_round < 20 ? 1 : one->per_round / 20;
            one->run(one->context, warming < 4096 ? warming : 4096, warm);
            one->run(one->context, one->per_round, one->samples + one->num_samples);
            one->num_samples += one->per_round;
        }
    }
    (void)bench_pin(-1);
    for (unsigned i = 0; i < count; i++) {
        struct bench_case *one = &cases[i];
        qsort(one->samples, one->num_samples, sizeof(uint64_t), bench_order);
        const size_t middle = one->num_samples / 2;
        const size_t p99 = (size_t)one->num_samples * 99 / 100;
        one->median_us = (double)one->samples[middle] / 1000.0;
        one->p99_us = (double)one->samples[p99] / 1000.0;
    }
}

bool bench_report(const struct bench_case *cases, unsigned count,
                  const struct bench_number *numbers, unsigned num_numbers, const char *unit_case,
                  const char *json)
{
    double unit = 0;
    for (unsigned i = 0; i < count; i++) {
        if (strcmp(cases[i].name, unit_case) == 0) {
            unit = cases[i].median_us;
        }
    }
    if (unit <= 0) {
        fprintf(stderr, "bench: %s was not measured\n", unit_case);
        return false;
    }
    FILE *file = fopen(json, "w");
    if (file == NULL) {
        perror(json);
        return false;
    }
    fprintf(file, "[\n");
    printf("%-30s %10s %10s %8s  %s\n", "name", "median us", "p99 us", "ratio", "what");
    for (unsigned i = 0; i < count; i++) {
        const struct bench_case *one = &cases[i];
        printf("%-30s %10.2f %10.2f %8.2f  %s\n", one->name, one->median_us, one->p99_us,
               one->median_us / unit, one->what);
        fprintf(
            file,
            "  {\"name\": \"%s\", \"unit\": \"us\", \"median\": %.3f, \"p99\": %.3f, \"ratio\": "
            "%.3f}%s\n",
            one->name, one->median_us, one->p99_us, one->median_us / unit,
            i + 1 < count + num_numbers ? "," : "");
    }
    printf("\n");
    for (unsigned i = 0; i < num_numbers; i++) {
        printf("%-30s %10.0f %-10s %8s %s\n", numbers[i].name, numbers[i].value, numbers[i].unit,
               "", numbers[i].what);
        fprintf(
            file,
            "  {\"name\": \"%s\", \"unit\": \"%s\", \"median\": %.0f, \"p99\": %.0f, \"ratio\": "
            "null}%s\n",
            numbers[i].name, numbers[i].unit, numbers[i].value, numbers[i].value,
            i + 1 < num_numbers ? "," : "");
    }
    fprintf(file, "]\n");
    return fclose(file) == 0;
}

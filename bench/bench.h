// What the programs of this directory share: a check that ends the run, a clock, a median.
#ifndef CODICIL_BENCH_H
#define CODICIL_BENCH_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

// A figure of work that failed is none.
#define CHECK(condition)                                              \
  do {                                                                \
    if (!(condition)) {                                               \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
      exit(1);                                                        \
    }                                                                 \
  } while (0)

// CPU time of this thread, in nanoseconds.
static inline double bench_cpu_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static inline int bench_compare(const void *a, const void *b) {
  double x = *(const double *)a;
  double y = *(const double *)b;
  return (x > y) - (x < y);
}

// Sorts `values` and returns the middle one.
static inline double bench_median(double *values, size_t num) {
  qsort(values, num, sizeof *values, bench_compare);
  return values[num / 2];
}

#endif

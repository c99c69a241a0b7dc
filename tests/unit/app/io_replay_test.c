// Early data is taken once, for as long as it could be, in memory that does not grow.
#include "io/replay.h"

#include "cmocka_test.h"

#include <pthread.h>
#include <stdio.h>

enum { KEEP_S = 100, CAPACITY = 64, START_S = 1000000 };

static replay *make(void) {
  replay *seen;
  app_error err;
  assert_true(replay_new(&seen, KEEP_S, CAPACITY, &err));
  return seen;
}

static bool add(replay *seen, unsigned id, uint64_t now_s) {
  char text[32];
  int len = snprintf(text, sizeof text, "binder %u", id);
  return replay_add_at(seen, codicil_span_of(text, (size_t)len), now_s);
}

static void test_what_was_seen_is_refused_for_as_long_as_it_must(void **state) {
  (void)state;
  // Wherever in a generation it came.
  for (uint64_t begin = 0; begin < 2 * KEEP_S; begin += 7) {
    replay *seen = make();
    assert_true(add(seen, 1, START_S));
    assert_true(add(seen, 2, START_S + begin));
    for (uint64_t passed = 0; passed < KEEP_S; passed++) {
      assert_false(add(seen, 2, START_S + begin + passed));
    }
    replay_free(seen);
  }
}

static void test_what_is_old_is_forgotten(void **state) {
  (void)state;
  replay *seen = make();
  assert_true(add(seen, 1, START_S));
  assert_true(add(seen, 1, START_S + 2 * KEEP_S));
  assert_true(add(seen, 1, START_S + 9 * KEEP_S));
  replay_free(seen);
}

static void test_a_full_memory_refuses_until_there_is_room(void **state) {
  (void)state;
  replay *seen = make();
  unsigned taken = 0;
  for (unsigned id = 0; id < 10 * CAPACITY; id++) {
    taken += add(seen, id, START_S) ? 1 : 0;
  }
  assert_true(taken >= CAPACITY && taken < 2 * CAPACITY);
  assert_false(add(seen, 0, START_S + 1)); // still known
  assert_true(add(seen, 10 * CAPACITY, START_S + KEEP_S));
  assert_false(add(seen, 0, START_S + KEEP_S)); // and still
  replay_free(seen);
}

enum { NUM_THREADS = 4, NUM_IDS = 2000 };

typedef struct thread {
  pthread_t id;
  replay *seen;
  unsigned taken;
} thread;

static void *take_all(void *arg) {
  thread *t = arg;
  for (unsigned id = 0; id < NUM_IDS; id++) {
    t->taken += add(t->seen, id, START_S) ? 1 : 0;
  }
  return NULL;
}

static void test_of_several_threads_one_takes_each(void **state) {
  (void)state;
  thread threads[NUM_THREADS] = {0};
  replay *seen;
  app_error err;
  unsigned taken = 0;
  assert_true(replay_new(&seen, KEEP_S, NUM_IDS, &err));
  for (size_t i = 0; i < NUM_THREADS; i++) {
    threads[i].seen = seen;
    assert_int_equal(pthread_create(&threads[i].id, NULL, take_all, &threads[i]), 0);
  }
  for (size_t i = 0; i < NUM_THREADS; i++) {
    assert_int_equal(pthread_join(threads[i].id, NULL), 0);
    taken += threads[i].taken;
  }
  assert_int_equal(taken, NUM_IDS);
  assert_true(replay_add(seen, codicil_span_of("now", 3)));
  assert_false(replay_add(seen, codicil_span_of("now", 3)));
  replay_free(seen);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_what_was_seen_is_refused_for_as_long_as_it_must),
      cmocka_unit_test(test_what_is_old_is_forgotten),
      cmocka_unit_test(test_a_full_memory_refuses_until_there_is_room),
      cmocka_unit_test(test_of_several_threads_one_takes_each),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

// A block list's file while a loop runs: each way in which files change is noticed, and none is
// taken for more than it is.
#include "cmocka_test.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/block_watch.h"

static const char one[] = "breadcrumb a.example\n";
static const char other[] = "breadcrumb b.example\n"; // as long

typedef struct fixture {
  char directory[32];
  char path[PATH_MAX];
  struct ev_loop *ev;
  ev_timer patience;
  block_watch *watch;
  size_t num_changes;
  size_t num_entries; // of the last list
} fixture;

// Writes over what is there, if there is anything.
static void write_file(const char *path, const char *text) {
  FILE *f = fopen(path, "w");
  assert_non_null(f);
  assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
  assert_int_equal(fclose(f), 0);
}

static int set_up(void **state) {
  fixture *f = calloc(1, sizeof *f);
  strcpy(f->directory, "/tmp/block_watch.XXXXXX");
  assert_non_null(mkdtemp(f->directory));
  snprintf(f->path, sizeof f->path, "%s/list", f->directory);
  f->ev = ev_loop_new(EVFLAG_AUTO | EVFLAG_NOENV);
  *state = f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = *state;
  static const char *const names[] = {"list", "new", "real"};
  block_watch_free(f->watch);
  ev_loop_destroy(f->ev);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", f->directory, names[i]);
    unlink(path);
  }
  rmdir(f->directory);
  free(f);
  return 0;
}

static void on_change(void *user, codicil_block_list *take_list) {
  fixture *f = user;
  f->num_changes++;
  f->num_entries = codicil_block_list_num(take_list);
  codicil_block_list_free(take_list);
  ev_break(f->ev, EVBREAK_ALL);
}

static void watch(fixture *f) {
  codicil_buf seen;
  codicil_buf_init(&seen, NULL, 4096);
  assert_int_equal(codicil_buf_append(&seen, codicil_span_of(one, strlen(one))), CODICIL_OK);
  f->watch = block_watch_new(f->ev, "test", f->path, &seen, on_change, f);
  assert_non_null(f->watch);
}

static void on_patience(struct ev_loop *ev, ev_timer *timer, int events) {
  (void)timer;
  (void)events;
  ev_break(ev, EVBREAK_ALL);
}

// Until there is a change, or there was none for so long.
static void run(fixture *f, double patience_s) {
  ev_now_update(f->ev);
  ev_timer_init(&f->patience, on_patience, patience_s, 0);
  ev_timer_start(f->ev, &f->patience);
  ev_run(f->ev, 0);
  ev_timer_stop(f->ev, &f->patience);
}

static void test_what_changed_before_the_watch_began_is_noticed(void **state) {
  fixture *f = *state;
  write_file(f->path, other);
  watch(f);
  run(f, 30);
  assert_int_equal(f->num_changes, 1);
}

static void test_a_file_that_stays_as_it_was_is_told_of_to_who_asks_alone(void **state) {
  fixture *f = *state;
  write_file(f->path, one);
  watch(f);
  run(f, 0.5);
  assert_int_equal(f->num_changes, 0);
  block_watch_read(f->watch);
  assert_int_equal(f->num_changes, 1);
}

static void test_two_changes_of_the_same_length_within_a_second_are_noticed(void **state) {
  fixture *f = *state;
  write_file(f->path, one);
  watch(f);
  run(f, 0.5);
  for (size_t i = 1; i <= 4; i++) {
    write_file(f->path, i % 2 ? other : one);
    run(f, 30);
    assert_int_equal(f->num_changes, i);
  }
}

static void test_a_file_that_is_being_written_is_not_read_in_part(void **state) {
  fixture *f = *state;
  write_file(f->path, one);
  watch(f);
  run(f, 0.5);
  write_file(f->path, "");
  ev_run(f->ev, EVRUN_NOWAIT);
  write_file(f->path, "breadcrumb a.example\nbreadcrumb b.example\n");
  run(f, 30);
  assert_int_equal(f->num_changes, 1);
  assert_int_equal(f->num_entries, 2);
}

static void test_a_file_behind_a_symbolic_link_is_watched(void **state) {
  fixture *f = *state;
  char real[PATH_MAX];
  snprintf(real, sizeof real, "%s/real", f->directory);
  write_file(real, one);
  assert_int_equal(symlink("real", f->path), 0);
  watch(f);
  run(f, 0.5);
  write_file(real, other);
  run(f, 30);
  assert_int_equal(f->num_changes, 1);
}

static void test_a_file_that_is_gone_or_no_file_changes_nothing(void **state) {
  fixture *f = *state;
  write_file(f->path, one);
  watch(f);
  run(f, 0.5);
  assert_int_equal(unlink(f->path), 0);
  run(f, 0.5);
  assert_int_equal(mkfifo(f->path, 0600), 0);
  run(f, 0.5);
  assert_int_equal(f->num_changes, 0);
  assert_int_equal(unlink(f->path), 0);
  write_file(f->path, other);
  run(f, 30);
  assert_int_equal(f->num_changes, 1);
}

// A file that somebody writes to all the time is read some day.
static void test_a_file_that_is_never_quiet_is_read(void **state) {
  fixture *f = *state;
  char text[256] = "";
  write_file(f->path, one);
  watch(f);
  for (size_t i = 0; i < 1000 && f->num_changes == 0; i++) {
    memset(text, '#', 1 + i % 2);
    text[1 + i % 2] = '\0';
    write_file(f->path, text);
    run(f, 0.01);
  }
  assert_int_equal(f->num_changes, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_what_changed_before_the_watch_began_is_noticed, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(test_a_file_that_stays_as_it_was_is_told_of_to_who_asks_alone,
                                      set_up, tear_down),
      cmocka_unit_test_setup_teardown(
          test_two_changes_of_the_same_length_within_a_second_are_noticed, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_a_file_that_is_being_written_is_not_read_in_part, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(test_a_file_behind_a_symbolic_link_is_watched, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(test_a_file_that_is_gone_or_no_file_changes_nothing, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(test_a_file_that_is_never_quiet_is_read, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

// The set of accepted certificates: add, remove, and a generation that only grows.
#include "cmocka_test.h"

#include "authority.h"
#include "fail_mem.h"

static void test_membership_changes_the_generation_and_nothing_else_does(void **state) {
  (void)state;
  codicil_authority authority = {0};
  assert_int_equal(codicil_authority_reserve(&authority, NULL, 3), CODICIL_OK);
  codicil_authority_add(&authority, 0);
  codicil_authority_add(&authority, 7);
  assert_true(codicil_authority_has(&authority, 7));
  assert_false(codicil_authority_has(&authority, 1));
  assert_int_equal(authority.generation, 2);
  codicil_authority_add(&authority, 7);
  codicil_authority_remove(&authority, 1);
  assert_int_equal(authority.generation, 2);
  codicil_authority_remove(&authority, 0);
  assert_int_equal(authority.generation, 3);
  assert_false(codicil_authority_has(&authority, 0));
  assert_true(codicil_authority_has(&authority, 7));
  codicil_authority_touch(&authority);
  assert_int_equal(authority.generation, 4);
  codicil_authority_clear(&authority, NULL);
  assert_int_equal(authority.num, 0);
  assert_int_equal(authority.generation, 4);
}

static void test_room_that_cannot_be_had_leaves_the_set_as_it_was(void **state) {
  (void)state;
  fail_mem fail;
  fail_mem_init(&fail, 1);
  codicil_authority authority = {0};
  assert_int_equal(codicil_authority_reserve(&authority, &fail.mem, 1), CODICIL_OK);
  codicil_authority_add(&authority, 5);
  assert_int_equal(codicil_authority_reserve(&authority, &fail.mem, 1000), CODICIL_NOMEM);
  assert_true(codicil_authority_has(&authority, 5));
  codicil_authority_clear(&authority, &fail.mem);
  assert_int_equal(fail.held, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_membership_changes_the_generation_and_nothing_else_does),
      cmocka_unit_test(test_room_that_cannot_be_had_leaves_the_set_as_it_was),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

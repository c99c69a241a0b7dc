// What was decided on each certificate, and a generation that only grows.
#include "cmocka_test.h"

#include "authority.h"
#include "fail_mem.h"

static codicil_standing accepted(size_t required, size_t proved_by) {
  return (codicil_standing){CODICIL_ACCEPTED, CODICIL_CERT_NONE, required, proved_by};
}

static void test_a_decision_that_differs_changes_the_generation_and_nothing_else_does(
    void **state) {
  (void)state;
  codicil_authority authority = {0};
  assert_int_equal(codicil_authority_reserve(&authority, NULL, 2), CODICIL_OK);
  codicil_authority_extend(&authority);
  codicil_authority_extend(&authority);
  assert_int_equal(authority.generation, 2);
  assert_false(codicil_authority_has(&authority, 0));
  assert_true(codicil_authority_decide(&authority, 0, accepted(SIZE_MAX, SIZE_MAX)));
  assert_true(codicil_authority_has(&authority, 0));
  assert_false(codicil_authority_has(&authority, 1));
  assert_false(codicil_authority_has(&authority, 2));
  assert_int_equal(authority.generation, 3);
  assert_false(codicil_authority_decide(&authority, 0, accepted(SIZE_MAX, SIZE_MAX)));
  assert_int_equal(authority.generation, 3);
  codicil_authority_touch(&authority);
  assert_int_equal(authority.generation, 4);
  codicil_authority_clear(&authority, NULL);
  assert_int_equal(authority.num, 0);
  assert_int_equal(authority.generation, 4);
}

// An answer may hang on it (protocol §5.5), but it is no news of the certificate.
static void test_another_proof_of_the_same_decision_changes_the_generation_only(void **state) {
  (void)state;
  codicil_authority authority = {0};
  assert_int_equal(codicil_authority_reserve(&authority, NULL, 1), CODICIL_OK);
  codicil_authority_extend(&authority);
  assert_true(codicil_authority_decide(&authority, 0, accepted(0, SIZE_MAX)));
  uint64_t before = authority.generation;
  assert_false(codicil_authority_decide(&authority, 0, accepted(1, 3)));
  assert_int_equal(authority.generation, before + 1);
  codicil_authority_clear(&authority, NULL);
}

static void test_room_that_cannot_be_had_leaves_the_set_as_it_was(void **state) {
  (void)state;
  for (size_t n = 3; n < 6; n++) {
    fail_mem fail;
    fail_mem_init(&fail, n);
    codicil_authority authority = {0};
    assert_int_equal(codicil_authority_reserve(&authority, &fail.mem, 1), CODICIL_OK);
    codicil_authority_extend(&authority);
    assert_true(codicil_authority_decide(&authority, 0, accepted(SIZE_MAX, SIZE_MAX)));
    assert_int_equal(codicil_authority_reserve(&authority, &fail.mem, 1000), CODICIL_NOMEM);
    assert_true(codicil_authority_has(&authority, 0));
    codicil_authority_clear(&authority, &fail.mem);
    assert_int_equal(fail.held, 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_decision_that_differs_changes_the_generation_and_nothing_else_does),
      cmocka_unit_test(test_another_proof_of_the_same_decision_changes_the_generation_only),
      cmocka_unit_test(test_room_that_cannot_be_had_leaves_the_set_as_it_was),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

// The sieve may let through what does not cover, and never holds back what does.
#include "cmocka_test.h"

#include "bound_fixture.h"
#include "sieve.h"

static const char *const names[] = {"www.example",     "*.cdn.example", "a.cdn.example",
                                    "x.a.cdn.example", "cdn.example",   "192.0.2.1",
                                    "2001:db8::1",     "*.site.example"};
static const char *const hosts[] = {"https://www.example",   "https://a.cdn.example",
                                    "https://b.cdn.example", "https://x.a.cdn.example",
                                    "https://cdn.example",   "https://192.0.2.1",
                                    "https://[2001:db8::1]", "https://www.site.example"};
enum { NUM = 8 };

static void test_what_covers_an_origin_is_let_through(void **state) {
  (void)state;
  size_t num = 0;
  for (size_t i = 0; i < NUM; i++) {
    const codicil_identity *identity = bound_of(&(bound_spec){.names = names[i]})->identity;
    codicil_sieve had = codicil_sieve_of_names(identity);
    for (size_t j = 0; j < NUM; j++) {
      codicil_origin origin = origin_of(hosts[j]);
      codicil_sieve wanted = codicil_sieve_of_origin(&origin);
      bool covers = codicil_identity_covers(identity, &origin);
      assert_true(!covers || codicil_sieve_lets(&had, &wanted));
      num += covers;
    }
  }
  assert_int_equal(num, 9);
}

static void test_what_may_prove_a_required_domain_is_let_through(void **state) {
  (void)state;
  static const struct {
    const char *required, *names;
  } pairs[] = {{"a.cdn.example", "a.cdn.example"},
               {"a.cdn.example", "*.cdn.example"},
               {"*.cdn.example", "*.cdn.example"},
               {"*.cdn.example", "a.cdn.example"},
               {"192.0.2.1", "192.0.2.1"},
               {"*", NULL},
               {"www.example,*.cdn.example", "b.cdn.example"}};
  for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
    codicil_sieve wanted = codicil_sieve_of_required(
        bound_of(&(bound_spec){.names = "z.example", .required = pairs[i].required})->identity);
    if (pairs[i].names == NULL) {
      assert_true(wanted.exact == 0 && wanted.wild == 0 && wanted.below == 0);
      continue;
    }
    codicil_sieve had =
        codicil_sieve_of_names(bound_of(&(bound_spec){.names = pairs[i].names})->identity);
    assert_true(codicil_sieve_lets(&had, &wanted));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_what_covers_an_origin_is_let_through),
      cmocka_unit_test(test_what_may_prove_a_required_domain_is_let_through),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  bound_free();
  return failed;
}

// Wildcards against public suffixes (publicsuffix.org).
#include "cmocka_test.h"

#include "codicil/name.h"
#include "span.h"

static bool spans(const char *pattern) {
  return codicil_dns_name_spans_public_suffix(codicil_span_str(pattern));
}

static void test_a_wildcard_before_a_suffix_spans_it(void **state) {
  (void)state;
  assert_true(spans("*.com"));
  assert_true(spans("*.co.uk"));
  assert_true(spans("*.CO.uk"));
  assert_true(spans("*.xn--55qx5d.cn"));
  assert_true(spans("*.kawasaki.jp")); // each name below is a suffix: rule *.kawasaki.jp
  assert_true(spans("*.x.kawasaki.jp"));
}

static void test_the_private_section_counts(void **state) {
  (void)state;
  assert_true(spans("*.github.io"));
  assert_true(spans("*.blogspot.com"));
}

static void test_a_top_label_that_is_not_listed_is_a_suffix(void **state) {
  (void)state;
  assert_true(spans("*.example"));
  assert_true(spans("*.localhost"));
}

static void test_a_wildcard_below_a_registered_name_spans_nothing(void **state) {
  (void)state;
  assert_false(spans("*.example.com"));
  assert_false(spans("*.example.co.uk"));
  assert_false(spans("*.codicil.github.io"));
  assert_false(spans("*.site.example"));
  assert_false(spans("*.city.kawasaki.jp")); // the exception !city.kawasaki.jp
}

static void test_only_wildcards_span(void **state) {
  (void)state;
  assert_false(spans("com"));
  assert_false(spans("co.uk"));
  assert_false(spans("*"));
  assert_false(spans("*."));
  assert_false(spans("*xco.uk"));
  assert_false(spans(""));
  assert_false(codicil_dns_name_spans_public_suffix(codicil_span_of(NULL, 0)));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_wildcard_before_a_suffix_spans_it),
      cmocka_unit_test(test_the_private_section_counts),
      cmocka_unit_test(test_a_top_label_that_is_not_listed_is_a_suffix),
      cmocka_unit_test(test_a_wildcard_below_a_registered_name_spans_nothing),
      cmocka_unit_test(test_only_wildcards_span),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

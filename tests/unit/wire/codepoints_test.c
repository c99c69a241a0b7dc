// Codepoints: the defaults, what may be set, and what the registries forbid.
#include "cmocka_test.h"

#include <string.h>

#include "codicil/codicil.h"

static codicil_codepoints defaults(void) {
  codicil_codepoints codepoints;
  codicil_codepoints_default(&codepoints);
  return codepoints;
}

static void test_the_defaults_are_the_protocol_s(void **state) {
  (void)state;
  codicil_codepoints codepoints = defaults();
  assert_int_equal(codepoints.h2_setting, 0xf0ce);
  assert_int_equal(codepoints.h2_frame, 0xfc);
  assert_int_equal(codepoints.h2_error, 0xf0ce);
  assert_int_equal(codepoints.h3_setting, 0x2ce5e771);
  assert_int_equal(codepoints.h3_frame, 0x2ce5f4a3);
  assert_int_equal(codepoints.h3_error, 0x2ce5e440);
  assert_string_equal(codepoints.oid, "2.999.9261.1");
  assert_string_equal(codepoints.caa_tag, "requireddomain");
}

static void test_every_key_can_be_set_in_decimal_and_hexadecimal(void **state) {
  (void)state;
  codicil_codepoints codepoints = defaults();
  assert_int_equal(
      codicil_codepoints_set(&codepoints, NULL,
                             "h2-setting=61440,h2-frame=0xF0,h2-error=0xffffffff,h3-setting=0x50,"
                             "h3-frame=4611686018427387903,h3-error=0X999,oid=1.3.6.1.4.1.1,"
                             "caa-tag=x1"),
      CODICIL_OK);
  assert_int_equal(codepoints.h2_setting, 0xf000);
  assert_int_equal(codepoints.h2_frame, 0xf0);
  assert_int_equal(codepoints.h2_error, 0xffffffff);
  assert_int_equal(codepoints.h3_setting, 0x50);
  assert_true(codepoints.h3_frame == 0x3fffffffffffffff);
  assert_int_equal(codepoints.h3_error, 0x999);
  assert_string_equal(codepoints.oid, "1.3.6.1.4.1.1");
  assert_string_equal(codepoints.caa_tag, "x1");
}

static void test_empty_text_changes_nothing(void **state) {
  (void)state;
  codicil_codepoints codepoints = defaults(), before = defaults();
  assert_int_equal(codicil_codepoints_set(&codepoints, NULL, ""), CODICIL_OK);
  assert_memory_equal(&codepoints, &before, sizeof before);
}

static void expect_refusal(const char *text, const char *what, size_t offset) {
  codicil_codepoints codepoints = defaults(), before = defaults();
  codicil_diag diag = {0};
  assert_int_equal(codicil_codepoints_set(&codepoints, &diag, text), CODICIL_BAD_INPUT);
  assert_string_equal(diag.what, what);
  assert_int_equal(diag.offset, offset);
  assert_memory_equal(&codepoints, &before, sizeof before);
  assert_int_equal(codicil_codepoints_set(&codepoints, NULL, text), CODICIL_BAD_INPUT);
}

static void test_what_does_not_parse_is_refused_with_its_place(void **state) {
  (void)state;
  expect_refusal("h2-frame", "not KEY=VALUE", 0);
  expect_refusal("h2-frame=0xfd,", "not KEY=VALUE", 14);
  expect_refusal(",h2-frame=0xfd", "not KEY=VALUE", 0);
  expect_refusal("h2-frame=0xfd,h4-frame=1", "no such codepoint", 14);
  expect_refusal("H2-frame=0xfd", "no such codepoint", 0);
  expect_refusal("h2-frame=0xfd,h2-frame=0xfe", "set twice", 14);
  static const char *const numbers[] = {
      "h2-frame=",
      "h2-frame=0x",
      "h2-frame=-1",
      "h2-frame=fd",
      "h2-frame=0xfg",
      "h2-frame=256",
      "h2-frame= 250",
      "h2-setting=65536",
      "h2-error=0x100000000",
      "h3-frame=0x4000000000000000",
      "h3-frame=99999999999999999999999",
  };
  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
    expect_refusal(numbers[i], "not a number in range", 0);
  }
}

static void test_what_the_registries_assign_is_refused(void **state) {
  (void)state;
  static const char *const texts[] = {
      "h2-setting=0x0", "h2-setting=0x6", "h2-setting=0x8", "h2-setting=0x9",  "h2-frame=0x0",
      "h2-frame=0x9",   "h2-frame=0xa",   "h2-frame=0xc",   "h2-frame=0x10",   "h2-error=0x0",
      "h2-error=0xd",   "h3-setting=0x0", "h3-setting=0x6", "h3-setting=0x33", "h3-setting=0x21",
      "h3-frame=0x0",   "h3-frame=0x7",   "h3-frame=0xc",   "h3-frame=0xd",    "h3-frame=0xf0700",
      "h3-frame=0x40",  "h3-error=0x100", "h3-error=0x110", "h3-error=0x202",  "h3-error=0x21",
  };
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    expect_refusal(texts[i], "assigned already by the HTTP specifications", 0);
  }
}

static void test_object_identifiers_are_checked(void **state) {
  (void)state;
  static const char *const texts[] = {
      "oid=",
      "oid=1",
      "oid=3.1",
      "oid=0.40",
      "oid=1.40.1",
      "oid=1..2",
      "oid=.1.2",
      "oid=1.2.",
      "oid=1.02",
      "oid=1.2.a",
      "oid=1.0x2",
      "oid=2.25.2147483648",
      "oid=1.2.10000000000000000000000000000.1.1.1.1.1.1.1",
      "oid=1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1",
  };
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    expect_refusal(texts[i], "not an object identifier", 0);
  }
  codicil_codepoints codepoints = defaults();
  assert_int_equal(codicil_codepoints_set(&codepoints, NULL, "oid=2.999.2147483647.0"), CODICIL_OK);
}

static void test_caa_tags_are_checked(void **state) {
  (void)state;
  expect_refusal("caa-tag=", "not a CAA tag in lower case", 0);
  expect_refusal("caa-tag=Required", "not a CAA tag in lower case", 0);
  expect_refusal("caa-tag=required-domain", "not a CAA tag in lower case", 0);
  expect_refusal("caa-tag=abcdefghijklmnopqrstuvwxyzabcdef", "not a CAA tag in lower case", 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_the_defaults_are_the_protocol_s),
      cmocka_unit_test(test_every_key_can_be_set_in_decimal_and_hexadecimal),
      cmocka_unit_test(test_empty_text_changes_nothing),
      cmocka_unit_test(test_what_does_not_parse_is_refused_with_its_place),
      cmocka_unit_test(test_what_the_registries_assign_is_refused),
      cmocka_unit_test(test_object_identifiers_are_checked),
      cmocka_unit_test(test_caa_tags_are_checked),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

// Certificates out of files, and times in words: what people meet first of `cert show`.
#include "pki/bundle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
// cmocka.h needs the above.
#include <cmocka.h>

#include "pki/facts.h"

#define BEGIN "-----BEGIN CERTIFICATE-----\n"
#define END   "-----END CERTIFICATE-----\n"

typedef struct seen {
  size_t num_good;
  size_t num_flawed;
  uint8_t last[16];
  size_t last_len;
} seen;

static bool see(void *user, const pki_bundle_item *item, app_error *err) {
  seen *s = user;
  (void)err;
  assert_int_equal(item->index, s->num_good + s->num_flawed + 1);
  if (item->flaw != NULL) {
    s->num_flawed++;
    return true;
  }
  s->num_good++;
  s->last_len = item->der.len < sizeof s->last ? item->der.len : sizeof s->last;
  memcpy(s->last, item->der.data, s->last_len);
  return true;
}

static seen read_text(const char *text, size_t len) {
  seen s = {0, 0, {0}, 0};
  size_t num = 0;
  app_error err;
  uint8_t *copy = malloc(len + 1);
  assert_non_null(copy);
  memcpy(copy, text, len);
  FILE *file = fmemopen(copy, len, "rb");
  assert_non_null(file);
  assert_true(pki_bundle_read_from(&num, file, "test", see, &s, &err));
  assert_int_equal(num, s.num_good + s.num_flawed);
  fclose(file);
  free(copy);
  return s;
}

static void assert_reads(const char *text, size_t num_good, size_t num_flawed) {
  seen s = read_text(text, strlen(text));
  if (s.num_good != num_good || s.num_flawed != num_flawed) {
    fail_msg("%s: %zu and %zu", text, s.num_good, s.num_flawed);
  }
}

static void test_blocks_are_found_among_other_text(void **state) {
  (void)state;
  assert_reads("nothing\n", 0, 0);
  assert_reads(BEGIN "AQID\n" END, 1, 0);
  assert_reads("text\n" BEGIN "AQID\n" END "text\n" BEGIN "AQ==\n" END, 2, 0);
  assert_reads("-----BEGIN X509 CERTIFICATE-----\r\nAQID\r\n-----END X509 CERTIFICATE-----", 1, 0);
  assert_reads("-----BEGIN PRIVATE KEY-----\nAQID\n-----END PRIVATE KEY-----\n", 0, 0);
  assert_reads("  " BEGIN "AQID\n" END, 0, 0);
}

static void test_octets_come_out_as_they_went_in(void **state) {
  (void)state;
  seen s = read_text(BEGIN "AQ\nID BA==\n" END, strlen(BEGIN "AQ\nID BA==\n" END));
  static const uint8_t expected[] = {1, 2, 3, 4};
  assert_int_equal(s.last_len, 4);
  assert_memory_equal(s.last, expected, 4);
  s = read_text("\x30\x01\x00", 3);
  assert_int_equal(s.num_good, 1);
  assert_int_equal(s.last_len, 3);
}

static void test_what_is_broken_is_told_and_the_next_one_read(void **state) {
  (void)state;
  assert_reads(BEGIN "####\n" END BEGIN "AQID\n" END, 1, 1);
  assert_reads(BEGIN END BEGIN "AQID\n" END, 1, 1);
  assert_reads(BEGIN "AQID\n" BEGIN "AQID\n" END, 1, 1);
  assert_reads(BEGIN "AQID\n-----END PRIVATE KEY-----\n" BEGIN "AQID\n" END, 1, 1);
  assert_reads(BEGIN "AQID\n", 0, 1);
  assert_reads(BEGIN "AQID", 0, 1);
}

static void test_a_file_may_end_anywhere(void **state) {
  (void)state;
  static const char text[] = "x\n" BEGIN "AQID\n" END BEGIN "AQID\n" END;
  for (size_t len = 1; len < sizeof text; len++) {
    seen s = read_text(text, len);
    assert_true(s.num_good <= 2 && s.num_flawed <= 1);
  }
}

static void test_what_is_too_large_is_not_kept(void **state) {
  (void)state;
  size_t len = 3 * PKI_CERTIFICATE_MAX;
  char *text = malloc(len + 200);
  assert_non_null(text);
  size_t at = strlen(strcpy(text, BEGIN));
  memset(text + at, 'A', len);
  strcpy(text + at + len, "\n" END BEGIN "AQID\n" END);
  assert_reads(text, 1, 1);
  free(text);
}

static void assert_validity(int64_t from, int64_t until, int64_t now_s, const char *expected) {
  char words[64];
  pki_validity_words(words, sizeof words, from, until, now_s);
  assert_string_equal(words, expected);
}

static void test_validity_in_words(void **state) {
  (void)state;
  const int64_t day = 86400;
  assert_validity(0, 12 * day, 0, "expires in 12 days");
  assert_validity(0, 2 * day - 1, 0, "expires in 1 day");
  assert_validity(0, 7200, 0, "expires in 2 hours");
  assert_validity(0, 60, 0, "expires in 1 minute");
  assert_validity(0, 5, 5, "expires in 0 seconds");
  assert_validity(0, 5, 6, "expired 1 second ago");
  assert_validity(0, 5, 5 + 400 * day, "expired 400 days ago");
  assert_validity(3 * day, 9 * day, 0, "becomes valid in 3 days");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_blocks_are_found_among_other_text),
      cmocka_unit_test(test_octets_come_out_as_they_went_in),
      cmocka_unit_test(test_what_is_broken_is_told_and_the_next_one_read),
      cmocka_unit_test(test_a_file_may_end_anywhere),
      cmocka_unit_test(test_what_is_too_large_is_not_kept),
      cmocka_unit_test(test_validity_in_words),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

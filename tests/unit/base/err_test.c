// Errors have names, texts, scopes and wire codes; limits their defaults; trace its one branch.
#include "cmocka_test.h"

#include <string.h>

#include "err.h"
#include "limit_values.h"
#include "trace.h"

static const codicil_codepoints codepoints = {.h2_error = 0xf0ce, .h3_error = 0x2ce5e440};

static void test_every_error_has_a_name_and_a_text(void **state) {
  (void)state;
  for (codicil_err err = CODICIL_OK; err < CODICIL_NUM_ERRS; err++) {
    assert_true(strlen(codicil_err_name(err)) > 1);
    assert_true(strlen(codicil_err_text(err)) > 1);
  }
  assert_string_equal(codicil_err_name(CODICIL_MALFORMED), "MALFORMED");
  assert_string_equal(codicil_err_name(CODICIL_NUM_ERRS), "?");
  assert_string_equal(codicil_err_text((codicil_err)-1), "?");
  assert_string_equal(codicil_version(), CODICIL_VERSION);
}

static void test_errors_of_the_peer_close_the_connection_with_their_code(void **state) {
  (void)state;
  static const struct {
    codicil_err err;
    bool fatal;
    uint32_t h2;
    uint64_t h3;
  } rows[] = {
      {CODICIL_OK, false, 0x0, 0x100},          {CODICIL_USAGE, false, 0x2, 0x102},
      {CODICIL_NOT_READY, false, 0x2, 0x102},   {CODICIL_NOMEM, true, 0x2, 0x102},
      {CODICIL_LIMIT, true, 0xb, 0x107},        {CODICIL_MALFORMED, true, 0xf0ce, 0x2ce5e440},
      {CODICIL_AUTH, true, 0xf0ce, 0x2ce5e440}, {CODICIL_UNEXPECTED, true, 0x1, 0x105},
      {CODICIL_SETTING, true, 0x1, 0x109},      {CODICIL_NUM_ERRS, true, 0x2, 0x102},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    assert_int_equal(codicil_err_is_fatal(rows[i].err), rows[i].fatal);
    assert_int_equal(codicil_err_h2_code(rows[i].err, &codepoints), rows[i].h2);
    assert_int_equal(codicil_err_h3_code(rows[i].err, &codepoints), rows[i].h3);
  }
}

static void test_limits_have_the_defaults_of_the_protocol(void **state) {
  (void)state;
  codicil_limits limits;
  codicil_limits_default(&limits);
  assert_int_equal(limits.value[CODICIL_LIMIT_AUTHENTICATOR_LEN], 128 * 1024);
  assert_int_equal(limits.value[CODICIL_LIMIT_AUTHENTICATOR_FRAMES], 256);
  assert_int_equal(limits.value[CODICIL_LIMIT_CHAIN_CERTIFICATES], 10);
  assert_int_equal(limits.value[CODICIL_LIMIT_AUTHENTICATORS], 64);
  assert_int_equal(limits.value[CODICIL_LIMIT_AUTHENTICATORS_LEN], 2 * 1024 * 1024);
  assert_int_equal(limits.value[CODICIL_LIMIT_SEND_AUTHENTICATORS], 32);
  assert_int_equal(limits.value[CODICIL_LIMIT_SEND_AUTHENTICATORS_LEN], 512 * 1024);
  assert_int_equal(limits.value[CODICIL_LIMIT_FRAME_LEN], 16384);
  assert_int_equal(limits.value[CODICIL_LIMIT_ORIGINS], 1024);
  assert_int_equal(limits.value[CODICIL_LIMIT_ORIGINS_LEN], 64 * 1024);
}

static void test_a_diag_is_optional(void **state) {
  (void)state;
  codicil_diag diag = {0};
  codicil_diag_set(NULL, "nowhere", 0);
  codicil_diag_set(&diag, "here", 7);
  assert_string_equal(diag.what, "here");
  assert_int_equal(diag.offset, 7);
}

static void record(void *ctx, const char *point, const codicil_trace_field *fields, size_t num) {
  assert_string_equal(point, "ea:verify");
  assert_int_equal(num, 3);
  assert_true(fields[0].type == CODICIL_TRACE_UINT && fields[0].number == 5);
  assert_true(codicil_span_equal(fields[1].bytes, codicil_span_str("ok")));
  assert_true(fields[2].type == CODICIL_TRACE_HEX && fields[2].bytes.len == 2);
  ++*(int *)ctx;
}

static void test_trace_points_reach_the_sink_or_cost_nothing(void **state) {
  (void)state;
  int calls = 0;
  int evaluated = 0;
  codicil_trace off = {0}, on = {&calls, record};
  codicil_trace_emit(&off, "ea:verify", codicil_trace_uint("len", (uint64_t)++evaluated));
  assert_int_equal(evaluated, 0);
  codicil_trace_emit(&on, "ea:verify", codicil_trace_uint("len", 5),
                     codicil_trace_text("outcome", "ok"),
                     codicil_trace_hex("sha256", codicil_span_of("\1\2", 2)));
  assert_int_equal(calls, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_error_has_a_name_and_a_text),
      cmocka_unit_test(test_errors_of_the_peer_close_the_connection_with_their_code),
      cmocka_unit_test(test_limits_have_the_defaults_of_the_protocol),
      cmocka_unit_test(test_a_diag_is_optional),
      cmocka_unit_test(test_trace_points_reach_the_sink_or_cost_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

// -w.
#include "cmocka_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/write_out.h"

static void assert_written(const char *format, const report_request *request, const char *to_out,
                           const char *to_err) {
  char *text[2] = {NULL, NULL};
  size_t len[2];
  FILE *out = open_memstream(&text[0], &len[0]);
  FILE *err = open_memstream(&text[1], &len[1]);
  assert_true(out != NULL && err != NULL);
  write_out(out, err, format, request, 4);
  fclose(out);
  fclose(err);
  assert_string_equal(text[0], to_out);
  assert_string_equal(text[1], to_err);
  free(text[0]);
  free(text[1]);
}

static char url[] = "https://a.example/x";

static report_request request_of(void) {
  return (report_request){
      .url = url,
      .status = 200,
      .size = 1000,
      .connection = 2,
      .num_connects = 1,
      .http_version = "3",
      .remote_ip = "127.0.0.1",
      .remote_port = 8443,
      .has_reason = true,
      .reason = CODICIL_ROUTE_PRIMARY,
      .times = {.connect = 0.25, .appconnect = 0.5, .starttransfer = 1, .total = 2}};
}

static void test_variables_have_curls_names(void **state) {
  (void)state;
  report_request r = request_of();
  assert_written("%{http_code} %{response_code} %{url_effective}", &r,
                 "200 200 https://a.example/x", "");
  assert_written("%{size_download} %{speed_download} %{num_connects}", &r, "1000 500 1", "");
  assert_written("%{time_connect} %{time_appconnect} %{time_starttransfer} %{time_total}", &r,
                 "0.250000 0.500000 1.000000 2.000000", "");
  assert_written("%{remote_ip}:%{remote_port} %{http_version} %{urlnum}", &r, "127.0.0.1:8443 3 4",
                 "");
  assert_written("%{exitcode}%{errormsg}%{content_type}", &r, "0", "");
}

static void test_ours_tell_connection_and_reason(void **state) {
  (void)state;
  report_request r = request_of();
  assert_written("%{connection} %{coalesced} %{reason}", &r, "2 false primary", "");
  r.connection = SIZE_MAX;
  assert_written("%{connection}", &r, "-", "");
}

static void test_without_a_response_the_code_is_000(void **state) {
  (void)state;
  report_request r = {0};
  assert_written("%{http_code}", &r, "000", "");
}

static void test_escapes_and_percents(void **state) {
  (void)state;
  report_request r = request_of();
  assert_written("a\\n\\t\\r\\\\\\q%%100%", &r, "a\n\t\r\\\\\\q%100%", "");
  assert_written("%{unclosed", &r, "%{unclosed", "");
  assert_written("\\", &r, "\\", "");
}

static void test_an_unknown_variable_is_named(void **state) {
  (void)state;
  report_request r = request_of();
  assert_written("a%{nope}b", &r, "ab", "codicil get: unknown --write-out variable: 'nope'\n");
}

static void test_output_goes_where_it_is_told(void **state) {
  (void)state;
  report_request r = request_of();
  assert_written("a%{stderr}b%{stdout}c", &r, "ac", "b");
  assert_written("a%{onerror}b", &r, "a", "");
  r.exit_code = 7;
  assert_written("a%{onerror}b", &r, "ab", "");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_variables_have_curls_names),
      cmocka_unit_test(test_ours_tell_connection_and_reason),
      cmocka_unit_test(test_without_a_response_the_code_is_000),
      cmocka_unit_test(test_escapes_and_percents),
      cmocka_unit_test(test_an_unknown_variable_is_named),
      cmocka_unit_test(test_output_goes_where_it_is_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

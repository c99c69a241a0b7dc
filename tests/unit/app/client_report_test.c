// The JSON document's shape, and the table.
#include "cmocka_test.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/report.h"

static char name_a[] = "a.example";
static char name_b[] = "b.example";
static char origin_a[] = "https://a.example:8443";
static char tls[] = "TLSv1.3";
static char url[] = "https://b.example:8443/";
static char error[] = "could not connect";
static char sentence_text[] = "a sentence";
static char close_name[] = "PROTOCOL_ERROR";
static char close_reason[] = "no";

static report_request request_of(void) {
  return (report_request){.url = url,
                          .status = 200,
                          .size = 42,
                          .connection = 3,
                          .coalesced = true,
                          .certificate = "abc",
                          .has_reason = true,
                          .reason = CODICIL_ROUTE_SECONDARY,
                          .sentence = sentence_text,
                          .times = {0.5, 1, 2, 3, 4, 5.25}};
}

static char *text_of(const report_document *r, bool is_table) {
  char *text = NULL;
  size_t len = 0;
  FILE *out = open_memstream(&text, &len);
  assert_non_null(out);
  if (is_table) {
    report_write_table(r, out);
  } else {
    assert_true(report_write_json(r, out));
  }
  fclose(out);
  return text;
}

static json_t *json_of(const report_document *r) {
  char *text = text_of(r, false);
  json_t *document = json_loads(text, 0, NULL);
  assert_non_null(document);
  free(text);
  return document;
}

static void assert_members(const json_t *object, const char *const *names, size_t num) {
  assert_int_equal(json_object_size(object), num);
  for (size_t i = 0; i < num; i++) {
    if (json_object_get(object, names[i]) == NULL) {
      fail_msg("%s is missing", names[i]);
    }
  }
}

static const char *string_at(const json_t *object, const char *name) {
  return json_string_value(json_object_get(object, name));
}

static void test_a_request_has_the_documented_members(void **state) {
  (void)state;
  static const char *const members[] = {"url",       "status",      "size",   "connection",
                                        "coalesced", "certificate", "reason", "certificate_reason",
                                        "error",     "timings",     "dns",    "proved_by",
                                        "sentence"};
  report_request request = request_of();
  report_document r = {.requests = &request, .num_requests = 1};
  json_t *document = json_of(&r);
  json_t *got = json_array_get(json_object_get(document, "requests"), 0);
  assert_members(got, members, sizeof members / sizeof members[0]);
  assert_string_equal(string_at(got, "url"), url);
  assert_int_equal(json_integer_value(json_object_get(got, "status")), 200);
  assert_int_equal(json_integer_value(json_object_get(got, "size")), 42);
  assert_int_equal(json_integer_value(json_object_get(got, "connection")), 3);
  assert_true(json_is_true(json_object_get(got, "coalesced")));
  assert_string_equal(string_at(got, "certificate"), "abc");
  assert_string_equal(string_at(got, "reason"), "secondary");
  assert_string_equal(string_at(got, "sentence"), "a sentence");
  assert_true(json_is_null(json_object_get(got, "certificate_reason")));
  assert_true(json_is_null(json_object_get(got, "error")));
  const json_t *times = json_object_get(got, "timings");
  assert_true(json_real_value(json_object_get(times, "time_namelookup")) == 0.5);
  assert_true(json_real_value(json_object_get(times, "time_total")) == 5.25);
  json_decref(document);
}

static void test_a_request_that_failed_has_nulls_and_an_error(void **state) {
  (void)state;
  report_request request = {.url = url, .connection = SIZE_MAX, .error = error};
  report_document r = {.requests = &request, .num_requests = 1};
  json_t *document = json_of(&r);
  json_t *got = json_array_get(json_object_get(document, "requests"), 0);
  assert_true(json_is_null(json_object_get(got, "status")));
  assert_true(json_is_null(json_object_get(got, "connection")));
  assert_true(json_is_null(json_object_get(got, "certificate")));
  assert_true(json_is_null(json_object_get(got, "reason")));
  assert_true(json_is_null(json_object_get(got, "sentence")));
  assert_string_equal(string_at(got, "error"), error);
  json_decref(document);
}

static void test_a_refused_certificate_has_its_reason_beside_it(void **state) {
  (void)state;
  report_request request = request_of();
  request.reason = CODICIL_ROUTE_CERTIFICATE;
  request.cert_reason = CODICIL_CERT_NAME_CONSTRAINTS;
  report_document r = {.requests = &request, .num_requests = 1};
  json_t *document = json_of(&r);
  json_t *got = json_array_get(json_object_get(document, "requests"), 0);
  assert_string_equal(string_at(got, "reason"), "certificate");
  assert_string_equal(string_at(got, "certificate_reason"), "name-constraints");
  json_decref(document);
}

static report_connection connection_of(char **names, char **origins,
                                       report_certificate *certificate) {
  *certificate = (report_certificate){.names = &names[1],
                                      .num_names = 1,
                                      .sha256 = "22",
                                      .decision = CODICIL_REJECTED,
                                      .reason = CODICIL_CERT_EXPIRED,
                                      .frames = 2,
                                      .octets = 20000};
  return (report_connection){.id = 1,
                             .protocol = "h3",
                             .remote = "127.0.0.1:8443",
                             .tls = tls,
                             .sni = name_a,
                             .negotiated = true,
                             .has_primary = true,
                             .primary = {.names = names, .num_names = 2, .sha256 = "11"},
                             .certificates = certificate,
                             .num_certificates = 1,
                             .skipped = 3,
                             .ignored = 2,
                             .octets_received = 5000,
                             .octets_sent = 700,
                             .has_origin_set = true,
                             .origins = origins,
                             .num_origins = 1,
                             .is_closed = true,
                             .closed_code = 1,
                             .closed_name = close_name,
                             .closed_reason = close_reason};
}

static void test_a_connection_has_the_documented_members(void **state) {
  (void)state;
  static const char *const members[] = {
      "id",           "remote",  "protocol", "tls",    "sni",        "negotiated", "primary",
      "certificates", "skipped", "ignored",  "octets", "origin_set", "closed"};
  static const char *const certificate_members[] = {
      "names",  "sha256", "decision",         "reason",        "sentence",  "rule",
      "frames", "octets", "required_domains", "proven_domain", "proved_by", "caa_anchor"};
  char *names[] = {name_a, name_b};
  char *origins[] = {origin_a};
  report_certificate certificate;
  report_connection connection = connection_of(names, origins, &certificate);
  report_document r = {.connections = &connection, .num_connections = 1};
  json_t *document = json_of(&r);
  json_t *got = json_array_get(json_object_get(document, "connections"), 0);
  assert_members(got, members, sizeof members / sizeof members[0]);
  assert_string_equal(string_at(got, "protocol"), "h3");
  assert_string_equal(string_at(got, "remote"), "127.0.0.1:8443");
  assert_string_equal(string_at(json_object_get(got, "primary"), "sha256"), "11");
  json_t *second = json_array_get(json_object_get(got, "certificates"), 0);
  assert_members(second, certificate_members, 12);
  assert_string_equal(string_at(second, "decision"), "rejected");
  assert_string_equal(string_at(second, "reason"), "expired");
  assert_int_equal(json_integer_value(json_object_get(second, "octets")), 20000);
  assert_int_equal(json_integer_value(json_object_get(got, "skipped")), 3);
  assert_int_equal(json_integer_value(json_object_get(got, "ignored")), 2);
  json_t *octets = json_object_get(got, "octets");
  assert_int_equal(json_integer_value(json_object_get(octets, "received")), 5000);
  assert_int_equal(json_integer_value(json_object_get(octets, "sent")), 700);
  assert_string_equal(json_string_value(json_array_get(json_object_get(got, "origin_set"), 0)),
                      origin_a);
  json_t *closed = json_object_get(got, "closed");
  assert_int_equal(json_integer_value(json_object_get(closed, "code")), 1);
  assert_string_equal(string_at(closed, "name"), close_name);
  assert_string_equal(string_at(closed, "reason"), close_reason);
  json_decref(document);
}

static void test_a_required_domain_is_told_with_what_proved_it(void **state) {
  (void)state;
  static char glue[] = "glue.example";
  static char sentence[] = "accepted: its Required Domain glue.example is proven";
  char *names[] = {name_a, name_b};
  char *required[] = {glue};
  report_certificate certificate;
  report_connection connection = connection_of(names, names, &certificate);
  certificate.decision = CODICIL_ACCEPTED;
  certificate.reason = CODICIL_CERT_NONE;
  certificate.required = required;
  certificate.num_required = 1;
  certificate.proven = glue;
  certificate.sentence = sentence;
  certificate.rule = "2020 draft \xc2\xa7"
                     "5";
  certificate.is_caa_anchor = true;
  strcpy(certificate.proved_by, "33");
  report_document r = {.connections = &connection, .num_connections = 1};
  json_t *document = json_of(&r);
  json_t *of = json_array_get(json_object_get(document, "connections"), 0);
  json_t *got = json_array_get(json_object_get(of, "certificates"), 0);
  assert_string_equal(
      json_string_value(json_array_get(json_object_get(got, "required_domains"), 0)), glue);
  assert_string_equal(string_at(got, "proven_domain"), glue);
  assert_string_equal(string_at(got, "proved_by"), "33");
  assert_string_equal(string_at(got, "sentence"), sentence);
  assert_string_equal(string_at(got, "rule"), certificate.rule);
  assert_true(json_is_true(json_object_get(got, "caa_anchor")));
  json_decref(document);
  char *text = text_of(&r, true);
  assert_non_null(strstr(text, "22 on 1, for b.example: accepted: its Required Domain"));
  free(text);
}

static void test_dns_is_told_with_its_age(void **state) {
  (void)state;
  static char address[] = "192.0.2.1";
  char *addresses[] = {address};
  report_request request = request_of();
  request.evidence = (report_evidence){
      .is_known = true, .is_secure = true, .age = 1.5, .addresses = addresses, .num_addresses = 1};
  strcpy(request.proved_by, "33");
  report_document r = {.requests = &request, .num_requests = 1};
  json_t *document = json_of(&r);
  json_t *of = json_array_get(json_object_get(document, "requests"), 0);
  json_t *got = json_object_get(of, "dns");
  assert_string_equal(string_at(of, "proved_by"), "33");
  assert_string_equal(string_at(got, "source"), "dns");
  assert_true(json_real_value(json_object_get(got, "age")) == 1.5);
  assert_true(json_is_true(json_object_get(got, "secure")));
  assert_string_equal(json_string_value(json_array_get(json_object_get(got, "addresses"), 0)),
                      address);
  json_decref(document);
}

static void test_a_connection_without_anything_has_nulls(void **state) {
  (void)state;
  report_connection connection = {.id = 0, .remote = "[::1]:443", .protocol = "h2"};
  report_document r = {.connections = &connection, .num_connections = 1};
  json_t *document = json_of(&r);
  json_t *got = json_array_get(json_object_get(document, "connections"), 0);
  assert_true(json_is_null(json_object_get(got, "primary")));
  assert_true(json_is_null(json_object_get(got, "origin_set")));
  assert_true(json_is_null(json_object_get(got, "closed")));
  assert_true(json_is_null(json_object_get(got, "sni")));
  assert_int_equal(json_array_size(json_object_get(got, "certificates")), 0);
  json_decref(document);
}

static void test_the_table_tells_url_status_connection_and_why(void **state) {
  (void)state;
  report_request request = request_of();
  report_document r = {.requests = &request, .num_requests = 1};
  char *text = text_of(&r, true);
  assert_non_null(strstr(text, url));
  assert_non_null(strstr(text, "200"));
  assert_non_null(strstr(text, "secondary"));
  assert_non_null(strstr(text, "1 request, 0 connections, 1 coalesced"));
  free(text);
}

static void test_what_a_peer_sent_is_made_printable(void **state) {
  (void)state;
  char *text = report_printable(codicil_span_of("a\x1b[2J\xff\n", 7));
  assert_string_equal(text, "a?[2J??");
  free(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_request_has_the_documented_members),
      cmocka_unit_test(test_a_request_that_failed_has_nulls_and_an_error),
      cmocka_unit_test(test_a_refused_certificate_has_its_reason_beside_it),
      cmocka_unit_test(test_a_connection_has_the_documented_members),
      cmocka_unit_test(test_a_required_domain_is_told_with_what_proved_it),
      cmocka_unit_test(test_dns_is_told_with_its_age),
      cmocka_unit_test(test_a_connection_without_anything_has_nulls),
      cmocka_unit_test(test_the_table_tells_url_status_connection_and_why),
      cmocka_unit_test(test_what_a_peer_sent_is_made_printable),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

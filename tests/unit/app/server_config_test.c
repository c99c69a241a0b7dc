// The configuration: what is read, and that every mistake is told with its place.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "codicil/name.h"
#include "server/config.h"
#include "server/http3.h"

typedef struct fixture {
  server_config config;
  config_report report;
} fixture;

static int set_up(void **state) {
  static fixture f;
  memset(&f, 0, sizeof f);
  server_config_init(&f.config);
  f.report.file = "x.yaml";
  *state = &f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = *state;
  server_config_clear(&f->config);
  config_report_clear(&f->report);
  return 0;
}

static void parse(fixture *f, const char *yaml) {
  server_config_parse(&f->config, &f->report, codicil_span_of(yaml, strlen(yaml)), "/etc/codicil");
}

#define SITE "  a.example: {certificate: a.pem, key: a.key, root: /srv/a}\n"

static void test_a_whole_file_is_read(void **state) {
  fixture *f = *state;
  parse(f, "listen: [\"[::]:443\", \"127.0.0.1:8443\"]\n"
           "workers: 3\n"
           "access-log: {path: logs/access.log, format: json}\n"
           "origin: off\n"
           "public-port: 8443\n"
           "early-data: on\n"
           "alt-svc-max-age: 30m\n"
           "qlog: qlogs\n"
           "codepoints: h2-frame=0xfd\n"
           "secondary-budget: {certificates: 8, octets: 64k}\n"
           "limits: {connections: 100, header-list: 8k}\n"
           "timeouts: {handshake: 500ms, idle: 2m, write: 7, drain: 1h, headers: 9s}\n"
           "sites:\n"
           "  www.EXAMPLE.com:\n"
           "    names: [www.example.com, example.com]\n"
           "    certificate: www.pem\n"
           "    key: /keys/www.key\n"
           "    root: .\n"
           "    secondary: [img.example.com., \"*.example.net\"]\n");
  assert_int_equal(f->report.num, 0);
  const config_site *site = &f->config.sites[0];
  assert_int_equal(f->config.listen.num, 2);
  assert_int_equal(f->config.workers, 3);
  assert_string_equal(f->config.access_log.text, "/etc/codicil/logs/access.log");
  assert_true(f->config.access_log_is_json);
  assert_false(f->config.send_origin);
  assert_int_equal(f->config.public_port, 8443);
  assert_true(f->config.early_data);
  assert_int_equal(f->config.alt_svc_max_age_s, 1800);
  assert_string_equal(f->config.qlog.text, "/etc/codicil/qlogs");
  assert_int_equal(f->config.codepoints.h2_frame, 0xfd);
  assert_int_equal(f->config.budget_certificates, 8);
  assert_int_equal(f->config.budget_octets, 65536);
  assert_int_equal(f->config.limits.limit[SERVER_LIMIT_CONNECTIONS], 100);
  assert_int_equal(f->config.limits.limit[SERVER_LIMIT_HEADER_LIST], 8192);
  assert_int_equal(f->config.limits.timeout_ms[SERVER_TIMEOUT_HANDSHAKE], 500);
  assert_int_equal(f->config.limits.timeout_ms[SERVER_TIMEOUT_IDLE], 120000);
  assert_int_equal(f->config.limits.timeout_ms[SERVER_TIMEOUT_WRITE], 7000);
  assert_int_equal(f->config.limits.timeout_ms[SERVER_TIMEOUT_DRAIN], 3600000);
  assert_int_equal(f->config.limits.timeout_ms[SERVER_TIMEOUT_HEADERS], 9000);
  assert_int_equal(site->names.num, 2);
  assert_string_equal(site->names.items[0].text, "www.example.com");
  assert_string_equal(site->certificate.file.text, "/etc/codicil/www.pem");
  assert_string_equal(site->certificate.key.text, "/keys/www.key");
  assert_string_equal(site->secondary.items[0].text, "img.example.com");
  assert_string_equal(site->secondary.items[1].text, "*.example.net");
}

static void test_glue_and_block_list_are_read(void **state) {
  fixture *f = *state;
  parse(f, "listen: \"127.0.0.1:1\"\n"
           "block-list: blocked.txt\n"
           "glue:\n"
           "  - {certificate: one.pem, key: one.key}\n"
           "  - {certificate: two.pem, key: /keys/two.key, ocsp: two.ocsp}\n"
           "sites:\n" SITE);
  assert_string_equal(f->config.block_list.text, "/etc/codicil/blocked.txt");
  assert_int_equal(f->config.num_glue, 2);
  assert_string_equal(f->config.glue[0].file.text, "/etc/codicil/one.pem");
  assert_string_equal(f->config.glue[0].key.text, "/etc/codicil/one.key");
  assert_null(f->config.glue[0].ocsp.text);
  assert_string_equal(f->config.glue[1].key.text, "/keys/two.key");
  assert_string_equal(f->config.glue[1].ocsp.text, "/etc/codicil/two.ocsp");
  assert_int_equal(f->config.glue[1].file.mark.line, 5);
}

static void test_what_is_not_set_has_its_default(void **state) {
  fixture *f = *state;
  parse(f, "listen: 127.0.0.1:0\nsites:\n" SITE);
  assert_int_equal(f->report.num, 0);
  assert_true(f->config.send_origin);
  assert_true(f->config.send_secondary);
  assert_int_equal(f->config.budget_certificates, 32);
  assert_int_equal(f->config.budget_octets, 524288);
  assert_int_equal(f->config.limits.timeout_ms[SERVER_TIMEOUT_IDLE], 60000);
  assert_null(f->config.access_log.text);
  assert_true(f->config.http3);
  assert_false(f->config.early_data);
  assert_int_equal(f->config.alt_svc_max_age_s, 86400);
  assert_null(f->config.qlog.text);
}

static void test_http3_is_turned_off(void **state) {
  fixture *f = *state;
  parse(f, "listen: 127.0.0.1:0\nhttp3: off\nalt-svc-max-age: 0\nsites:\n" SITE);
  assert_int_equal(f->report.num, 0);
  assert_false(f->config.http3);
  assert_int_equal(f->config.alt_svc_max_age_s, 0);
}

// Only where it is built may it be asked for.
static void test_http3_is_turned_on_where_it_is_built(void **state) {
  fixture *f = *state;
  parse(f, "listen: 127.0.0.1:0\nhttp3: on\nsites:\n" SITE);
  assert_int_equal(f->report.num_errors, http3_is_built() ? 0 : 1);
}

// The one problem of `yaml` is an error at `line`:`column` that says `text`.
static void expect(fixture *f, const char *yaml, size_t line, size_t column, const char *text) {
  parse(f, yaml);
  assert_int_equal(f->report.num, 1);
  const config_problem *p = &f->report.problems[0];
  assert_non_null(strstr(p->text, text));
  assert_int_equal(p->mark.line, line);
  assert_int_equal(p->mark.column, column);
  assert_false(p->is_warning);
}

#define MISTAKE(name, yaml, line, column, text)     \
  static void test_##name##_is_told(void **state) { \
    expect(*state, yaml, line, column, text);       \
  }
#define LISTEN "listen: 127.0.0.1:0\n"

MISTAKE(an_empty_file, "", 1, 1, "empty")
MISTAKE(a_list_at_the_top, "- a\n", 1, 1, "mapping")
MISTAKE(what_is_not_yaml, "listen: [\n", 2, 1, "did not find")
MISTAKE(an_unknown_key, LISTEN "colour: red\nsites:\n" SITE, 2, 1, "unknown key 'colour'")
MISTAKE(a_duplicate_key, LISTEN "listen: \"*:1\"\nsites:\n" SITE, 2, 1, "duplicate key 'listen'")
MISTAKE(a_duplicate_site, LISTEN "sites:\n" SITE SITE, 4, 3, "first on line 3")
MISTAKE(an_unknown_key_of_a_site,
        LISTEN "sites:\n  a.example: {certificate: a, key: b, root: c, rooot: d}\n", 3, 48,
        "unknown key 'rooot' in a site")
MISTAKE(a_missing_key, LISTEN "sites:\n  a.example: {certificate: a, key: b}\n", 3, 3, "'root'")
MISTAKE(a_name_that_is_none, LISTEN "sites:\n  \"a b\": {certificate: a, key: b, root: c}\n", 3, 3,
        "not a host name")
MISTAKE(an_address_that_is_none, "listen: localhost:443\nsites:\n" SITE, 1, 9, "localhost:443")
MISTAKE(no_listen, "sites:\n" SITE, 1, 1, "no 'listen'")
MISTAKE(no_site, LISTEN, 1, 1, "no site")
MISTAKE(a_count_out_of_range, LISTEN "workers: 0\nsites:\n" SITE, 2, 10, "1 to 1024")
MISTAKE(a_count_that_is_none, LISTEN "limits: {streams: many}\nsites:\n" SITE, 2, 19, "many")
MISTAKE(a_count_that_is_too_long, LISTEN "limits: {streams: 9999999999999999999999}\nsites:\n" SITE,
        2, 19, "number")
MISTAKE(a_count_whose_unit_wraps, LISTEN "limits: {file-cache: 17179869185g}\nsites:\n" SITE, 2, 22,
        "file-cache must be")
MISTAKE(an_octet_that_is_no_text, LISTEN "# caf\xc3\xa9 \xff\nsites:\n" SITE, 2, 8, "UTF-8")
MISTAKE(a_time_that_is_none, LISTEN "timeouts: {idle: 5 days}\nsites:\n" SITE, 2, 18, "5 days")
MISTAKE(a_time_of_nothing, LISTEN "timeouts: {idle: 0s}\nsites:\n" SITE, 2, 18, "up to 24h")
MISTAKE(a_time_beyond_all, LISTEN "timeouts: {idle: 25h}\nsites:\n" SITE, 2, 18, "up to 24h")
MISTAKE(an_age_of_parts, LISTEN "alt-svc-max-age: 500ms\nsites:\n" SITE, 2, 18, "whole seconds")
MISTAKE(an_age_beyond_all, LISTEN "alt-svc-max-age: 8761h\nsites:\n" SITE, 2, 18, "8760h")
MISTAKE(a_switch_that_is_none, LISTEN "origin: perhaps\nsites:\n" SITE, 2, 9, "on or off")
MISTAKE(a_codepoint_that_is_none, LISTEN "codepoints: h9=1\nsites:\n" SITE, 2, 13, "codepoints")
MISTAKE(a_format_that_is_none, LISTEN "access-log: {path: a, format: xml}\nsites:\n" SITE, 2, 31,
        "xml")
MISTAKE(a_list_for_a_value, LISTEN "workers: [1]\nsites:\n" SITE, 2, 10, "single value")
MISTAKE(a_second_document, LISTEN "sites:\n" SITE "---\na: b\n", 5, 1, "second document")
MISTAKE(a_nul, LISTEN "access-log: \"a\\0b\"\nsites:\n" SITE, 2, 13, "NUL")

static void test_all_mistakes_are_told_at_once_in_their_order(void **state) {
  fixture *f = *state;
  char *text;
  size_t len;
  parse(f, "listen: nowhere\nworkers: none\nsites:\n  a.example: {key: [x]}\nbad: 1\n");
  FILE *out = open_memstream(&text, &len);
  config_report_print(&f->report, out);
  fclose(out);
  assert_int_equal(f->report.num_errors, 4);
  const char *first = strstr(text, "x.yaml:1:9: error: listen");
  const char *second = strstr(text, "x.yaml:2:10: error: workers");
  const char *third = strstr(text, "x.yaml:4:20: error: key");
  const char *fourth = strstr(text, "x.yaml:5:1: error: unknown key 'bad'");
  assert_true(first && second > first && third > second && fourth > third);
  free(text);
}

static void test_names_are_normalised(void **state) {
  (void)state;
  char out[CODICIL_DNS_NAME_MAX + 3];
  assert_true(config_name_normalise(out, "WWW.Example."));
  assert_string_equal(out, "www.example");
  assert_true(config_name_normalise(out, "*.Example"));
  assert_string_equal(out, "*.example");
  assert_true(config_name_normalise(out, "2001:DB8::1"));
  assert_string_equal(out, "2001:db8::1");
  assert_false(config_name_normalise(out, "*"));
  assert_false(config_name_normalise(out, "*.*.example"));
  assert_false(config_name_normalise(out, "a.*.example"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)
#define TOLD(name) TEST(name##_is_told)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_whole_file_is_read),
      TEST(glue_and_block_list_are_read),
      TEST(what_is_not_set_has_its_default),
      TEST(http3_is_turned_off),
      TEST(http3_is_turned_on_where_it_is_built),
      TOLD(an_empty_file),
      TOLD(a_list_at_the_top),
      TOLD(what_is_not_yaml),
      TOLD(an_unknown_key),
      TOLD(a_duplicate_key),
      TOLD(a_duplicate_site),
      TOLD(an_unknown_key_of_a_site),
      TOLD(a_missing_key),
      TOLD(a_name_that_is_none),
      TOLD(an_address_that_is_none),
      TOLD(no_listen),
      TOLD(no_site),
      TOLD(a_count_out_of_range),
      TOLD(a_count_that_is_none),
      TOLD(a_count_that_is_too_long),
      TOLD(a_count_whose_unit_wraps),
      TOLD(an_octet_that_is_no_text),
      TOLD(a_time_that_is_none),
      TOLD(a_time_of_nothing),
      TOLD(a_time_beyond_all),
      TOLD(an_age_of_parts),
      TOLD(an_age_beyond_all),
      TOLD(a_switch_that_is_none),
      TOLD(a_codepoint_that_is_none),
      TOLD(a_format_that_is_none),
      TOLD(a_list_for_a_value),
      TOLD(a_second_document),
      TOLD(a_nul),
      TEST(all_mistakes_are_told_at_once_in_their_order),
      TEST(names_are_normalised),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

// The command line of `codicil get`: curl's flags in every spelling, and what is refused.
#include "cmocka_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/options.h"

enum { MAX_ARGS = 16 };

// Parses "get" and the arguments up to NULL.
static bool parse(client_options *options, app_error *err, const char *const *args) {
  char *argv[MAX_ARGS] = {(char *)(uintptr_t) "get"};
  int argc = 1;
  for (; args[argc - 1] != NULL; argc++) {
    argv[argc] = (char *)(uintptr_t)args[argc - 1];
  }
  err->text[0] = '\0';
  return client_options_parse(options, argc, argv, err);
}

#define PARSE(...) parse(&options, &err, (const char *const[]){__VA_ARGS__, NULL})

static void assert_refused(const char *const *args, const char *named) {
  client_options options;
  app_error err;
  assert_false(parse(&options, &err, args));
  if (strstr(err.text, named) == NULL) {
    fail_msg("'%s' does not name %s", err.text, named);
  }
  client_options_clear(&options);
}

#define ASSERT_REFUSED(named, ...) assert_refused((const char *const[]){__VA_ARGS__, NULL}, named)

static void test_a_url_alone_is_a_get_to_standard_output(void **state) {
  (void)state;
  client_options options;
  app_error err;
  assert_true(PARSE("https://a.example/"));
  assert_int_equal(options.urls.num, 1);
  assert_string_equal(client_options_method(&options), "GET");
  assert_int_equal(options.num_outputs, 0);
  assert_int_equal(options.coalesce_wait_ms, -1);
  assert_int_equal(options.max_time_ms, 0);
  client_options_clear(&options);
}

static void test_letters_may_be_joined_with_a_value_at_the_end(void **state) {
  (void)state;
  client_options options;
  app_error err;
  assert_true(PARSE("-sSofile", "https://a/", "-vk"));
  assert_true(options.silent && options.show_error && options.verbose && options.insecure);
  assert_int_equal(options.num_outputs, 1);
  assert_string_equal(options.outputs[0].path, "file");
  client_options_clear(&options);
}

static void test_long_flags_take_their_value_both_ways(void **state) {
  (void)state;
  client_options options;
  app_error err;
  assert_true(PARSE("--cacert=ca.pem", "--capath", "dir", "--max-time=1.5", "--connect-timeout",
                    "2", "--coalesce-wait=0", "https://a/"));
  assert_string_equal(options.cacert, "ca.pem");
  assert_string_equal(options.capath, "dir");
  assert_int_equal(options.max_time_ms, 1500);
  assert_int_equal(options.connect_timeout_ms, 2000);
  assert_int_equal(options.coalesce_wait_ms, 0);
  client_options_clear(&options);
}

static void test_after_two_dashes_everything_is_a_url(void **state) {
  (void)state;
  client_options options;
  app_error err;
  assert_true(PARSE("-s", "--", "-v", "--json"));
  assert_int_equal(options.urls.num, 2);
  assert_false(options.verbose);
  client_options_clear(&options);
}

static void test_outputs_keep_the_order_of_the_command_line(void **state) {
  (void)state;
  client_options options;
  app_error err;
  assert_true(PARSE("-o", "x", "-O", "-o", "-", "https://a/", "https://b/", "https://c/"));
  assert_int_equal(options.num_outputs, 3);
  assert_int_equal(options.outputs[0].kind, CLIENT_OUTPUT_FILE);
  assert_int_equal(options.outputs[1].kind, CLIENT_OUTPUT_REMOTE_NAME);
  assert_int_equal(options.outputs[2].kind, CLIENT_OUTPUT_STDOUT);
  client_options_clear(&options);
}

static void assert_body(const client_options *options, const char *text) {
  assert_int_equal(options->body.len, strlen(text));
  assert_memory_equal(options->body.data, text, strlen(text));
}

static void test_data_is_joined_and_makes_a_post(void **state) {
  (void)state;
  client_options options;
  app_error err;
  assert_true(PARSE("-d", "a=1", "--data=b=2", "https://a/"));
  assert_true(options.has_body);
  assert_body(&options, "a=1&b=2");
  assert_string_equal(client_options_method(&options), "POST");
  client_options_clear(&options);
  assert_true(PARSE("-d", "", "-X", "PUT", "https://a/"));
  assert_true(options.has_body);
  assert_int_equal(options.body.len, 0);
  assert_string_equal(client_options_method(&options), "PUT");
  client_options_clear(&options);
}

static void test_data_from_a_file_loses_its_line_ends_unless_it_is_binary(void **state) {
  (void)state;
  client_options options;
  app_error err;
  char path[] = "/tmp/client_options_XXXXXX";
  char arg[sizeof path + 1];
  int fd = mkstemp(path);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, "a\r\nb\n", 5), 5);
  close(fd);
  snprintf(arg, sizeof arg, "@%s", path);
  assert_true(PARSE("-d", arg, "https://a/"));
  assert_body(&options, "ab");
  client_options_clear(&options);
  assert_true(PARSE("--data-binary", arg, "https://a/"));
  assert_body(&options, "a\r\nb\n");
  client_options_clear(&options);
  unlink(path);
}

static void test_headers_that_http2_has_no_place_for_are_refused(void **state) {
  (void)state;
  ASSERT_REFUSED("-H", "-H", "Host: other.example", "https://a/");
  ASSERT_REFUSED("connection", "-H", "connection: close", "https://a/");
  ASSERT_REFUSED("Transfer-Encoding", "--header", "Transfer-Encoding: chunked", "https://a/");
  ASSERT_REFUSED("-H", "-H", "no colon", "https://a/");
  ASSERT_REFUSED("-H", "-H", ": no name", "https://a/");
  ASSERT_REFUSED("-H", "-H", "bad name: x", "https://a/");
  ASSERT_REFUSED("x", "-H", "x: a\r\nb: c", "https://a/");
}

static void test_headers_may_be_set_emptied_and_taken_away(void **state) {
  (void)state;
  client_options options;
  app_error err;
  assert_true(PARSE("-H", "X: 1", "-H", "Y;", "-H", "Accept:", "https://a/"));
  assert_int_equal(options.headers.num, 3);
  client_options_clear(&options);
}

// Writes `text` to a new file; its name, static.
static const char *file_of(const char *text) {
  static char name[64];
  snprintf(name, sizeof name, "/tmp/codicil-urls-XXXXXX");
  int fd = mkstemp(name);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
  close(fd);
  return name;
}

static void test_urls_from_a_file_come_after_those_before_it(void **state) {
  (void)state;
  client_options options;
  app_error err;
  const char *name = file_of("# page\nhttps://b/\r\n\n  https://c/ after=1\nhttps://d/\tafter=2");
  assert_true(PARSE("https://a/", "--urls-from", name, "https://e/"));
  assert_int_equal(options.urls.num, 5);
  static const char *const urls[] = {"https://a/", "https://b/", "https://c/", "https://d/",
                                     "https://e/"};
  static const size_t after[] = {SIZE_MAX, SIZE_MAX, 1, 2, SIZE_MAX};
  for (size_t i = 0; i < 5; i++) {
    assert_string_equal(options.urls.items[i], urls[i]);
    assert_int_equal(options.url_after[i], after[i]);
  }
  client_options_clear(&options);
  unlink(name);
}

static void test_a_list_of_urls_names_the_line_that_is_wrong(void **state) {
  (void)state;
  static const char *const texts[] = {
      "https://a/\nhttps://b/ after=2\n",  "https://a/\nhttps://b/ after=0\n",
      "https://a/\nhttps://b/ after=-1\n", "https://a/\nhttps://b/ after=1x\n",
      "https://a/\nhttps://b/ after=\n",   "https://a/\nhttps://b/ after=99999999999999999999\n",
      "https://a/\nhttps://b/ before=1\n"};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    const char *name = file_of(texts[i]);
    ASSERT_REFUSED(":2:", "--urls-from", name);
    unlink(name);
  }
  ASSERT_REFUSED("--urls-from", "--urls-from", "/nonexistent/file");
}

static void test_what_certificates_are_judged_by_is_in_files(void **state) {
  (void)state;
  client_options options;
  app_error err;
  assert_true(PARSE("--crlfile", "a.crl", "--block-list=blocked", "--ct-logs", "logs.json",
                    "--min-scts", "2", "--caa-anchor", "caa.pem", "https://a/"));
  assert_string_equal(options.crlfile, "a.crl");
  assert_string_equal(options.block_list, "blocked");
  assert_string_equal(options.ct_logs, "logs.json");
  assert_int_equal(options.min_scts, 2);
  assert_string_equal(options.caa_anchor, "caa.pem");
  client_options_clear(&options);
  assert_true(PARSE("--min-scts", "0", "https://a/"));
  client_options_clear(&options);
  ASSERT_REFUSED("--min-scts needs --ct-logs", "--min-scts", "1", "https://a/");
  ASSERT_REFUSED("--min-scts", "--ct-logs", "x", "--min-scts", "33", "https://a/");
  ASSERT_REFUSED("--min-scts", "--ct-logs", "x", "--min-scts", "", "https://a/");
  ASSERT_REFUSED("--block-list", "--block-list", "", "https://a/");
}

static void test_mistakes_name_the_flag(void **state) {
  (void)state;
  ASSERT_REFUSED("URL", "-s");
  ASSERT_REFUSED("--nonsense", "--nonsense", "https://a/");
  ASSERT_REFUSED("-Z", "-sZ", "https://a/");
  ASSERT_REFUSED("--cacert", "https://a/", "--cacert");
  ASSERT_REFUSED("-o", "https://a/", "-o");
  ASSERT_REFUSED("--json", "--json=1", "https://a/");
  ASSERT_REFUSED("--http3", "--http3=1", "https://a/");
  ASSERT_REFUSED("--alt-svc", "https://a/", "--alt-svc");
  ASSERT_REFUSED("--qlog", "--qlog", "", "https://a/");
  ASSERT_REFUSED("--max-time", "--max-time", "soon", "https://a/");
  ASSERT_REFUSED("--max-time", "--max-time", "-1", "https://a/");
  ASSERT_REFUSED("--coalesce-wait", "--coalesce-wait", "1.5", "https://a/");
  ASSERT_REFUSED("--coalesce-wait", "--coalesce-wait", "99999999999999999999", "https://a/");
  ASSERT_REFUSED("--parallel-max", "--parallel-max", "0", "https://a/");
  ASSERT_REFUSED("-X", "-X", "GE T", "https://a/");
  ASSERT_REFUSED("-X", "-X", "CONNECT", "https://a/");
  ASSERT_REFUSED("--codepoints", "--codepoints", "h2-frame=nonsense", "https://a/");
  ASSERT_REFUSED("-I and -d", "-I", "-d", "x", "https://a/");
  ASSERT_REFUSED("--json and -w", "--json", "-w", "x", "https://a/");
  ASSERT_REFUSED("-o", "-o", "a", "-o", "b", "https://a/");
  ASSERT_REFUSED("-d", "-d", "@/nonexistent/file", "https://a/");
}

static void test_codepoints_are_taken_over(void **state) {
  (void)state;
  client_options options;
  app_error err;
  assert_true(PARSE("--codepoints", "h2-setting=0xf123,h2-frame=0xfa", "https://a/"));
  assert_int_equal(options.codepoints.h2_setting, 0xf123);
  assert_int_equal(options.codepoints.h2_frame, 0xfa);
  client_options_clear(&options);
}

static client_http http_of(int argc, char **argv) {
  client_options options;
  app_error err;
  assert_true(client_options_parse(&options, argc, argv, &err));
  client_http http = options.http;
  client_options_clear(&options);
  return http;
}

static void test_of_the_versions_of_http_the_last_one_counts(void **state) {
  (void)state;
  char *argv[] = {(char[]){"get"}, (char[]){"https://a/"}, (char[]){"--http3"},
                  (char[]){"--http3-only"}, (char[]){"--http2"}};
  assert_int_equal(http_of(2, argv), CLIENT_HTTP_DEFAULT);
  assert_int_equal(http_of(3, argv), CLIENT_HTTP_3);
  assert_int_equal(http_of(4, argv), CLIENT_HTTP_3_ONLY);
  assert_int_equal(http_of(5, argv), CLIENT_HTTP_2);
}

static void test_a_cache_of_alternative_services_may_have_no_name(void **state) {
  (void)state;
  client_options options;
  app_error err;
  assert_true(PARSE("https://a/"));
  assert_null(options.alt_svc);
  client_options_clear(&options);
  assert_true(PARSE("--alt-svc", "", "--qlog", "logs", "https://a/"));
  assert_string_equal(options.alt_svc, "");
  assert_string_equal(options.qlog, "logs");
  client_options_clear(&options);
}

static void test_connecting_may_take_five_minutes_where_nothing_was_said(void **state) {
  (void)state;
  client_options options;
  app_error err;
  assert_true(PARSE("https://a/"));
  assert_int_equal(client_connect_timeout_ms(&options), 300000);
  client_options_clear(&options);
  assert_true(PARSE("--connect-timeout", "0.5", "https://a/"));
  assert_int_equal(client_connect_timeout_ms(&options), 500);
  client_options_clear(&options);
}

static void test_help_needs_no_url(void **state) {
  (void)state;
  client_options options;
  app_error err;
  assert_true(PARSE("-h"));
  assert_true(options.help);
  client_options_clear(&options);
}

static void test_help_may_be_asked_for_as_a_whole(void **state) {
  (void)state;
  client_options options;
  app_error err;
  assert_true(PARSE("--help"));
  assert_true(options.help && !options.help_all);
  client_options_clear(&options);
  assert_true(PARSE("-h", "all"));
  assert_true(options.help && options.help_all);
  client_options_clear(&options);
}

static void test_dns_servers_are_separated_by_commas_and_the_last_flag_counts(void **state) {
  (void)state;
  client_options options;
  app_error err;
  assert_true(PARSE("--dns-servers", "192.0.2.1", "--dns-servers", "192.0.2.2:5300,[2001:db8::1]",
                    "--dnssec-anchor", "root.key", "https://a/"));
  assert_int_equal(options.dns_servers.num, 2);
  assert_string_equal(options.dns_servers.items[0], "192.0.2.2:5300");
  assert_string_equal(options.dns_servers.items[1], "[2001:db8::1]");
  assert_string_equal(options.dnssec_anchor, "root.key");
  client_options_clear(&options);
  ASSERT_REFUSED("--dns-servers", "--dns-servers", "192.0.2.1,", "https://a/");
  ASSERT_REFUSED("--dns-servers", "--dns-servers=", "https://a/");
}

static void test_what_required_domain_and_dns_mean_is_a_word(void **state) {
  (void)state;
  client_options options;
  app_error err;
  assert_true(PARSE("https://a/"));
  assert_int_equal(options.required_mode, CODICIL_REQUIRED_HONOUR);
  assert_int_equal(options.dns_mode, CODICIL_DNS_CAA);
  assert_false(options.insecure_any_required_domain);
  client_options_clear(&options);
  assert_true(PARSE("--required-domain", "require", "--dns-evidence=always",
                    "--insecure-any-required-domain", "https://a/"));
  assert_int_equal(options.required_mode, CODICIL_REQUIRED_REQUIRE);
  assert_int_equal(options.dns_mode, CODICIL_DNS_ALWAYS);
  assert_true(options.insecure_any_required_domain);
  client_options_clear(&options);
  assert_true(PARSE("--required-domain", "insecure-ignore", "--dns-evidence", "insecure-never",
                    "--dns-evidence", "insecure-origin", "https://a/"));
  assert_int_equal(options.required_mode, CODICIL_REQUIRED_INSECURE_IGNORE);
  assert_int_equal(options.dns_mode, CODICIL_DNS_INSECURE_ORIGIN);
  client_options_clear(&options);
  ASSERT_REFUSED("--required-domain", "--required-domain", "ignore", "https://a/");
  ASSERT_REFUSED("--dns-evidence", "--dns-evidence", "never", "https://a/");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_what_required_domain_and_dns_mean_is_a_word),
      cmocka_unit_test(test_help_may_be_asked_for_as_a_whole),
      cmocka_unit_test(test_dns_servers_are_separated_by_commas_and_the_last_flag_counts),
      cmocka_unit_test(test_a_url_alone_is_a_get_to_standard_output),
      cmocka_unit_test(test_letters_may_be_joined_with_a_value_at_the_end),
      cmocka_unit_test(test_long_flags_take_their_value_both_ways),
      cmocka_unit_test(test_after_two_dashes_everything_is_a_url),
      cmocka_unit_test(test_outputs_keep_the_order_of_the_command_line),
      cmocka_unit_test(test_data_is_joined_and_makes_a_post),
      cmocka_unit_test(test_data_from_a_file_loses_its_line_ends_unless_it_is_binary),
      cmocka_unit_test(test_headers_that_http2_has_no_place_for_are_refused),
      cmocka_unit_test(test_headers_may_be_set_emptied_and_taken_away),
      cmocka_unit_test(test_urls_from_a_file_come_after_those_before_it),
      cmocka_unit_test(test_a_list_of_urls_names_the_line_that_is_wrong),
      cmocka_unit_test(test_what_certificates_are_judged_by_is_in_files),
      cmocka_unit_test(test_mistakes_name_the_flag),
      cmocka_unit_test(test_codepoints_are_taken_over),
      cmocka_unit_test(test_of_the_versions_of_http_the_last_one_counts),
      cmocka_unit_test(test_a_cache_of_alternative_services_may_have_no_name),
      cmocka_unit_test(test_connecting_may_take_five_minutes_where_nothing_was_said),
      cmocka_unit_test(test_help_needs_no_url),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

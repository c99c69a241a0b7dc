// URLs as curl's users write them.
#include "cmocka_test.h"

#include <string.h>

#include "client/exit_code.h"
#include "client/url.h"

static void assert_url(const char *text, const char *normal, const char *host, uint16_t port,
                       const char *path) {
  client_url url;
  app_error err = {""};
  if (client_url_parse(&url, text, &err) != 0) {
    fail_msg("%s: %s", text, err.text);
  }
  assert_string_equal(url.text, normal);
  assert_string_equal(url.origin.host, host);
  assert_int_equal(url.origin.port, port);
  assert_string_equal(url.path, path);
  client_url_clear(&url);
}

static void assert_refused(const char *text, int code) {
  client_url url;
  app_error err = {""};
  assert_int_equal(client_url_parse(&url, text, &err), code);
  assert_true(err.text[0] != '\0');
}

static void test_scheme_port_and_path_have_defaults(void **state) {
  (void)state;
  assert_url("https://a.example", "https://a.example/", "a.example", 443, "/");
  assert_url("a.example", "https://a.example/", "a.example", 443, "/");
  assert_url("a.example:8443/x", "https://a.example:8443/x", "a.example", 8443, "/x");
  assert_url("HTTPS://A.Example:443/", "https://a.example/", "a.example", 443, "/");
  assert_url("https://a.example:/x", "https://a.example/x", "a.example", 443, "/x");
  assert_url("https://a.example.?q=1", "https://a.example/?q=1", "a.example", 443, "/?q=1");
}

static void test_a_fragment_is_dropped_and_a_query_kept(void **state) {
  (void)state;
  assert_url("https://a.example/p?q#f", "https://a.example/p?q", "a.example", 443, "/p?q");
  assert_url("https://a.example#f", "https://a.example/", "a.example", 443, "/");
  assert_url("https://a.example/?u=https://b/#", "https://a.example/?u=https://b/", "a.example",
             443, "/?u=https://b/");
  assert_url("a.example/?u=http://b/", "https://a.example/?u=http://b/", "a.example", 443,
             "/?u=http://b/");
}

static void test_dot_segments_are_removed_from_the_path_alone(void **state) {
  (void)state;
  assert_url("https://a.example/a/./b/../c", "https://a.example/a/c", "a.example", 443, "/a/c");
  assert_url("https://a.example/../../x", "https://a.example/x", "a.example", 443, "/x");
  assert_url("https://a.example/a/..", "https://a.example/", "a.example", 443, "/");
  assert_url("https://a.example/a/.", "https://a.example/a/", "a.example", 443, "/a/");
  assert_url("https://a.example/a?x=/../y", "https://a.example/a?x=/../y", "a.example", 443,
             "/a?x=/../y");
  assert_url("https://a.example//x", "https://a.example//x", "a.example", 443, "//x");
}

static void test_what_a_uri_may_not_hold_is_percent_encoded(void **state) {
  (void)state;
  assert_url("https://a.example/\xc3\xa9\"<%41>%zz", "https://a.example/%C3%A9%22%3C%41%3E%25zz",
             "a.example", 443, "/%C3%A9%22%3C%41%3E%25zz");
}

static void test_names_may_have_u_labels(void **state) {
  (void)state;
  assert_url("https://b\xc3\xbc"
             "cher.example/",
             "https://xn--bcher-kva.example/", "xn--bcher-kva.example", 443, "/");
}

static void test_addresses_are_hosts(void **state) {
  (void)state;
  assert_url("https://192.0.2.1:8443/", "https://192.0.2.1:8443/", "192.0.2.1", 8443, "/");
  assert_url("https://[2001:DB8::1]/", "https://[2001:db8::1]/", "2001:db8::1", 443, "/");
}

static void test_other_schemes_are_unsupported(void **state) {
  (void)state;
  assert_refused("http://a.example/", EXIT_UNSUPPORTED_PROTOCOL);
  assert_refused("ftp://a.example/", EXIT_UNSUPPORTED_PROTOCOL);
  assert_refused("://a.example/", EXIT_UNSUPPORTED_PROTOCOL);
}

static void test_what_is_malformed_is_refused(void **state) {
  (void)state;
  static const char *const urls[] = {
      "",
      "https://",
      "https:///path",
      "https://:443/",
      "https://a.example:0/",
      "https://a.example:65536/",
      "https://a.example:99999999999999999999/",
      "https://a.example:x/",
      "https://user@a.example/",
      "https://user:pw@a.example/",
      "https://a b.example/",
      "https://a.example/a b",
      "https://a.example/\n",
      "https://[::1/",
      "https://[::1]x/",
      "https://[]/",
      "https://[a.example]/",
      "https://[fe80::1%25eth0]/",
      "https://a..example/",
      "https://%61.example/",
      "https://127.1/",
      "https://1.2.3.4.5/",
      "https://a.example\\@b.example/",
  };
  for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
    assert_refused(urls[i], EXIT_URL_MALFORMAT);
  }
}

static void test_the_file_name_is_the_last_segment(void **state) {
  (void)state;
  static const struct {
    const char *url;
    const char *name; // NULL: none
  } cases[] = {{"https://a/b/c.txt?x=/y", "c.txt"}, {"https://a/", NULL}, {"https://a/b/", NULL}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    client_url url;
    app_error err;
    char name[64];
    assert_int_equal(client_url_parse(&url, cases[i].url, &err), 0);
    assert_int_equal(client_url_file_name(&url, name, sizeof name), cases[i].name != NULL);
    if (cases[i].name != NULL) {
      assert_string_equal(name, cases[i].name);
    }
    client_url_clear(&url);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_scheme_port_and_path_have_defaults),
      cmocka_unit_test(test_a_fragment_is_dropped_and_a_query_kept),
      cmocka_unit_test(test_dot_segments_are_removed_from_the_path_alone),
      cmocka_unit_test(test_what_a_uri_may_not_hold_is_percent_encoded),
      cmocka_unit_test(test_names_may_have_u_labels),
      cmocka_unit_test(test_addresses_are_hosts),
      cmocka_unit_test(test_other_schemes_are_unsupported),
      cmocka_unit_test(test_what_is_malformed_is_refused),
      cmocka_unit_test(test_the_file_name_is_the_last_segment),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

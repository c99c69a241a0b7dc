// --resolve and --connect-to.
#include "cmocka_test.h"

#include <string.h>

#include "client/hosts.h"

static client_hosts *hosts_of(const char *resolve[], size_t num_resolve, const char *connect_to[],
                              size_t num_connect_to) {
  client_list a = {resolve, num_resolve};
  client_list b = {connect_to, num_connect_to};
  client_hosts *hosts = NULL;
  app_error err = {""};
  if (!client_hosts_new(&hosts, &a, &b, &err)) {
    fail_msg("%s", err.text);
  }
  return hosts;
}

static codicil_origin origin_of(const char *text) {
  codicil_origin origin;
  assert_true(codicil_origin_parse(&origin, codicil_span_of(text, strlen(text))));
  return origin;
}

static void assert_endpoint(const client_hosts *hosts, const char *origin, const char *host,
                            uint16_t port, bool is_mapped) {
  client_endpoint endpoint;
  codicil_origin o = origin_of(origin);
  client_hosts_endpoint(hosts, &endpoint, &o);
  assert_string_equal(endpoint.host, host);
  assert_int_equal(endpoint.port, port);
  assert_int_equal(endpoint.is_mapped, is_mapped);
}

// The first address of `host`, or "" where no rule says.
static void assert_resolved(const client_hosts *hosts, const char *host, uint16_t port,
                            const char *first, size_t num) {
  client_endpoint endpoint = {.port = port};
  memcpy(endpoint.host, host, strlen(host) + 1);
  size_t got = 99;
  const codicil_address *addresses = client_hosts_resolve(hosts, &got, &endpoint);
  assert_int_equal(got, num);
  assert_int_equal(addresses != NULL, num > 0);
  if (addresses != NULL) {
    char text[64];
    codicil_address_format(addresses, text, sizeof text);
    assert_string_equal(text, first);
  }
}

static void test_resolve_needs_host_and_port_to_match(void **state) {
  (void)state;
  const char *rules[] = {"a.example:443:192.0.2.1,[2001:db8::1],2001:db8::2"};
  client_hosts *hosts = hosts_of(rules, 1, NULL, 0);
  assert_resolved(hosts, "a.example", 443, "192.0.2.1", 3);
  assert_resolved(hosts, "a.example", 444, "", 0);
  assert_resolved(hosts, "b.example", 443, "", 0);
  client_hosts_free(hosts);
}

static void test_a_rule_for_the_name_comes_before_the_wildcard(void **state) {
  (void)state;
  const char *rules[] = {"A.example:443:192.0.2.1", "*:443:192.0.2.9"};
  client_hosts *hosts = hosts_of(rules, 2, NULL, 0);
  assert_resolved(hosts, "a.example", 443, "192.0.2.1", 1);
  assert_resolved(hosts, "b.example", 443, "192.0.2.9", 1);
  client_hosts_free(hosts);
}

static void test_of_two_rules_alike_the_later_counts(void **state) {
  (void)state;
  const char *rules[] = {"a.example:443:192.0.2.1", "a.example:443:192.0.2.2"};
  client_hosts *hosts = hosts_of(rules, 2, NULL, 0);
  assert_resolved(hosts, "a.example", 443, "192.0.2.2", 1);
  client_hosts_free(hosts);
}

static void test_connect_to_maps_host_and_port_first_match_first(void **state) {
  (void)state;
  const char *rules[] = {"a.example:443:127.0.0.1:8443", "a.example::b.example:", "::[::1]:9443"};
  client_hosts *hosts = hosts_of(NULL, 0, rules, 3);
  assert_endpoint(hosts, "https://a.example", "127.0.0.1", 8443, true);
  assert_endpoint(hosts, "https://a.example:444", "b.example", 444, true);
  assert_endpoint(hosts, "https://c.example", "::1", 9443, true);
  client_hosts_free(hosts);
}

static void test_without_a_rule_the_endpoint_is_the_origin(void **state) {
  (void)state;
  const char *rules[] = {"a.example:443::8443"};
  client_hosts *hosts = hosts_of(NULL, 0, rules, 1);
  assert_endpoint(hosts, "https://b.example:1", "b.example", 1, false);
  assert_endpoint(hosts, "https://a.example", "a.example", 8443, true);
  client_hosts_free(hosts);
}

static void assert_refused(const char *flag, const char *rule) {
  const char *rules[] = {rule};
  client_list given = {rules, 1};
  client_list none = {NULL, 0};
  client_hosts *hosts = NULL;
  app_error err = {""};
  bool is_resolve = strcmp(flag, "--resolve") == 0;
  assert_false(
      client_hosts_new(&hosts, is_resolve ? &given : &none, is_resolve ? &none : &given, &err));
  assert_non_null(strstr(err.text, flag));
}

static void test_rules_that_do_not_parse_are_named(void **state) {
  (void)state;
  static const char *const resolve[] = {"",
                                        "a.example",
                                        "a.example:443",
                                        "a:443:",
                                        "a:443:nonsense",
                                        "a:0:127.0.0.1",
                                        "a:x:127.0.0.1",
                                        "a:65536:127.0.0.1",
                                        "..:443:127.0.0.1",
                                        "a:443:127.0.0.1,",
                                        "a:443:127.0.0.1;::1"};
  static const char *const connect_to[] = {"",        "a",       "a:1",         "a:1:b",
                                           "a:x:b:2", "a:1:b:x", "a:1:b:99999", "..:1:b:2"};
  for (size_t i = 0; i < sizeof resolve / sizeof resolve[0]; i++) {
    assert_refused("--resolve", resolve[i]);
  }
  for (size_t i = 0; i < sizeof connect_to / sizeof connect_to[0]; i++) {
    assert_refused("--connect-to", connect_to[i]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_resolve_needs_host_and_port_to_match),
      cmocka_unit_test(test_a_rule_for_the_name_comes_before_the_wildcard),
      cmocka_unit_test(test_of_two_rules_alike_the_later_counts),
      cmocka_unit_test(test_connect_to_maps_host_and_port_first_match_first),
      cmocka_unit_test(test_without_a_rule_the_endpoint_is_the_origin),
      cmocka_unit_test(test_rules_that_do_not_parse_are_named),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

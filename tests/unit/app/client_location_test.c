// Where a host is: what the user said first, DNS else, and how long that is true.
#include "cmocka_test.h"

#include <stdio.h>
#include <string.h>

#include "client/location.h"
#include "dns_server.h"

static const dns_server_record records[] = {
    {"www.example", DNS_A, "192.0.2.1", 300},
    {"broken.example", DNS_SERVER_FAILS, NULL, 0},
};

typedef struct fixture {
  io_loop loop;
  dns_server *server;
  client_resolver *resolver;
  client_hosts *hosts;
  client_location location;
} fixture;

static void on_news(void *user) {
  (void)user;
}

static int set_up(void **state) {
  static fixture f;
  static const char *resolve[] = {"given.example:443:192.0.2.7,192.0.2.8"};
  static const char *connect_to[] = {"moved.example::given.example:443", "near.example::[::1]:1"};
  app_error err;
  memset(&f, 0, sizeof f);
  assert_true(io_loop_init(&f.loop, &err));
  f.server = dns_server_start(records, sizeof records / sizeof records[0]);
  assert_non_null(f.server);
  const char *servers[] = {dns_server_address(f.server)};
  dns_options dns = {.servers = servers, .num_servers = 1};
  assert_true(client_resolver_new(&f.resolver, &f.loop, &dns, on_news, &f, &err));
  assert_true(
      client_hosts_new(&f.hosts, &(client_list){resolve, 1}, &(client_list){connect_to, 2}, &err));
  *state = &f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = *state;
  client_hosts_free(f->hosts);
  client_resolver_free(f->resolver);
  dns_server_stop(f->server);
  io_loop_clear(&f->loop);
  return 0;
}

static codicil_evidence begin(fixture *f, const char *text) {
  codicil_origin origin;
  assert_true(codicil_origin_parse(&origin, codicil_span_of(text, strlen(text))));
  assert_false(client_location_has_begun(&f->location));
  assert_true(client_location_begin(&f->location, f->hosts, f->resolver, &origin));
  assert_true(client_location_has_begun(&f->location));
  return client_location_evidence(&f->location);
}

// The same once DNS has answered.
static codicil_evidence look_up(fixture *f, const char *text) {
  assert_int_equal(begin(f, text).dns, CODICIL_DNS_UNKNOWN);
  assert_false(client_location_is_over(&f->location, UINT64_MAX)); // it is being asked
  while (client_location_evidence(&f->location).dns == CODICIL_DNS_UNKNOWN) {
    ev_run(f->loop.ev, EVRUN_ONCE);
  }
  return client_location_evidence(&f->location);
}

static void assert_given(fixture *f, const codicil_evidence *evidence, size_t num, uint8_t last) {
  assert_int_equal(evidence->dns, CODICIL_DNS_ANSWERED);
  assert_int_equal(evidence->num_addresses, num);
  const codicil_address *first = &evidence->addresses[0];
  assert_int_equal(first->octets[first->len - 1], last);
  assert_true(client_location_until_s(&f->location, f->loop.now) == INT64_MAX);
  assert_false(client_location_is_over(&f->location, UINT64_MAX));
  assert_int_equal(dns_server_num_questions(f->server), 0);
}

static void test_an_address_is_where_it_says(void **state) {
  fixture *f = *state;
  codicil_evidence evidence = begin(f, "https://192.0.2.9");
  assert_given(f, &evidence, 1, 9);
}

static void test_resolve_comes_before_dns(void **state) {
  fixture *f = *state;
  codicil_evidence evidence = begin(f, "https://given.example");
  assert_given(f, &evidence, 2, 7);
}

static void test_connect_to_comes_before_resolve(void **state) {
  fixture *f = *state;
  codicil_evidence evidence = begin(f, "https://moved.example:8443");
  assert_given(f, &evidence, 2, 7);
  assert_true(f->location.endpoint.is_mapped);
  assert_int_equal(f->location.endpoint.port, 443);
}

static void test_connect_to_may_name_an_address(void **state) {
  fixture *f = *state;
  codicil_evidence evidence = begin(f, "https://near.example");
  assert_given(f, &evidence, 1, 1);
}

static void test_a_rule_is_for_its_port_only(void **state) {
  codicil_evidence evidence = look_up(*state, "https://given.example:8443");
  assert_int_equal(evidence.dns, CODICIL_DNS_FAILED);
}

static void test_dns_is_true_for_what_is_left_of_its_ttl(void **state) {
  fixture *f = *state;
  codicil_evidence evidence = look_up(f, "https://www.example");
  assert_int_equal(evidence.dns, CODICIL_DNS_ANSWERED);
  assert_int_equal(evidence.num_addresses, 1);
  const client_lookup *lookup = f->location.lookup;
  codicil_now now = {.mono_ns = lookup->done_ns + 40000000000, .unix_s = 1000};
  // 90 seconds: that there is no AAAA is the answer that ends first.
  assert_int_equal(client_location_until_s(&f->location, now), 1050);
  now.mono_ns = lookup->until_ns - 1;
  assert_int_equal(client_location_until_s(&f->location, now), 1001);
  now.mono_ns = lookup->until_ns;
  assert_int_equal(client_location_until_s(&f->location, now), 1000);
  assert_false(client_location_is_over(&f->location, lookup->until_ns - 1));
  assert_true(client_location_is_over(&f->location, lookup->until_ns));
}

static void test_what_failed_is_no_evidence_for_a_minute(void **state) {
  fixture *f = *state;
  codicil_evidence evidence = look_up(f, "https://broken.example");
  assert_int_equal(evidence.dns, CODICIL_DNS_FAILED);
  assert_int_equal(evidence.num_addresses, 0);
  codicil_now now = {.mono_ns = f->location.lookup->done_ns, .unix_s = 1000};
  assert_int_equal(client_location_until_s(&f->location, now), 1060);
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      WITH_SERVER(test_an_address_is_where_it_says),
      WITH_SERVER(test_resolve_comes_before_dns),
      WITH_SERVER(test_connect_to_comes_before_resolve),
      WITH_SERVER(test_connect_to_may_name_an_address),
      WITH_SERVER(test_a_rule_is_for_its_port_only),
      WITH_SERVER(test_dns_is_true_for_what_is_left_of_its_ttl),
      WITH_SERVER(test_what_failed_is_no_evidence_for_a_minute),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

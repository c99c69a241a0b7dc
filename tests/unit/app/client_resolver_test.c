// Looking up hosts: both families asked, kept while they are true, in the order to try them.
#include "cmocka_test.h"

#include <stdio.h>
#include <string.h>

#include "client/resolver.h"
#include "dns_server.h"

static const dns_server_record records[] = {
    {"two.example", DNS_A, "192.0.2.1", 300},      {"two.example", DNS_A, "192.0.2.2", 300},
    {"two.example", DNS_AAAA, "2001:db8::1", 200}, {"old.example", DNS_A, "192.0.2.3", 1},
    {"half.example", DNS_A, "192.0.2.4", 300},     {"lame.example", DNS_A, "192.0.2.6", 300},
    {"lame.example", DNS_SERVER_FAILS, "AAAA", 0}, {"broken.example", DNS_SERVER_FAILS, NULL, 0},
    {"late.example", DNS_SERVER_LATE, NULL, 0},    {"late.example", DNS_A, "192.0.2.5", 300},
};

typedef struct fixture {
  io_loop loop;
  dns_server *server;
  client_resolver *resolver;
  size_t num_news;
} fixture;

static void on_news(void *user) {
  fixture *f = user;
  f->num_news++;
}

static int set_up(void **state) {
  static fixture f;
  app_error err;
  memset(&f, 0, sizeof f);
  assert_true(io_loop_init(&f.loop, &err));
  f.server = dns_server_start(records, sizeof records / sizeof records[0]);
  assert_non_null(f.server);
  const char *servers[] = {dns_server_address(f.server)};
  dns_options dns = {.servers = servers, .num_servers = 1};
  assert_true(client_resolver_new(&f.resolver, &f.loop, &dns, on_news, &f, &err));
  *state = &f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = *state;
  client_resolver_free(f->resolver);
  dns_server_stop(f->server);
  io_loop_clear(&f->loop);
  return 0;
}

static const client_lookup *wait_for(fixture *f, const char *host) {
  const client_lookup *lookup = client_resolver_lookup(f->resolver, host);
  assert_non_null(lookup);
  while (lookup->state == CODICIL_DNS_UNKNOWN) {
    ev_run(f->loop.ev, EVRUN_ONCE);
  }
  return lookup;
}

static uint64_t seconds_kept(const client_lookup *lookup) {
  return (lookup->until_ns - lookup->done_ns) / 1000000000;
}

static bool has_address(const client_lookup *lookup, const char *text) {
  codicil_address wanted;
  assert_true(codicil_address_parse(&wanted, codicil_span_of(text, strlen(text))));
  for (size_t i = 0; i < lookup->num_addresses; i++) {
    if (codicil_address_equal(&lookup->addresses[i], &wanted)) {
      return true;
    }
  }
  return false;
}

static void test_a_host_has_the_addresses_of_both_families(void **state) {
  const client_lookup *lookup = wait_for(*state, "two.example");
  assert_int_equal(lookup->state, CODICIL_DNS_ANSWERED);
  assert_int_equal(lookup->num_addresses, 3);
  assert_true(has_address(lookup, "192.0.2.1") && has_address(lookup, "192.0.2.2"));
  assert_true(has_address(lookup, "2001:db8::1"));
  assert_false(lookup->is_secure);
}

static void test_families_take_turns(void **state) {
  const client_lookup *lookup = wait_for(*state, "two.example");
  assert_int_equal(lookup->num_addresses, 3);
  assert_int_not_equal(lookup->addresses[0].len, lookup->addresses[1].len);
}

static void test_a_host_is_looked_up_once_and_kept(void **state) {
  fixture *f = *state;
  const client_lookup *lookup = wait_for(f, "two.example");
  size_t num = dns_server_num_questions(f->server);
  assert_ptr_equal(client_resolver_lookup(f->resolver, "two.example"), lookup);
  assert_int_equal(dns_server_num_questions(f->server), num);
  assert_int_equal(f->num_news, 1);
}

static void test_it_is_kept_until_the_first_ttl_ends_but_a_minute_at_least(void **state) {
  fixture *f = *state;
  // What does not exist (AAAA of half.example) has its TTL, too.
  assert_int_equal(seconds_kept(wait_for(f, "half.example")), DNS_SERVER_NEGATIVE_TTL_S);
  assert_int_equal(seconds_kept(wait_for(f, "two.example")), 200);
  assert_int_equal(seconds_kept(wait_for(f, "old.example")), 60);
}

static void test_after_that_it_is_looked_up_anew(void **state) {
  fixture *f = *state;
  const client_lookup *lookup = wait_for(f, "two.example");
  f->loop.now.mono_ns = lookup->until_ns - 1;
  assert_ptr_equal(client_resolver_lookup(f->resolver, "two.example"), lookup);
  f->loop.now.mono_ns = lookup->until_ns;
  assert_ptr_not_equal(client_resolver_lookup(f->resolver, "two.example"), lookup);
  assert_int_equal(lookup->state, CODICIL_DNS_ANSWERED); // who holds it may go on
}

static void test_a_host_without_addresses_fails_with_a_sentence(void **state) {
  const client_lookup *lookup = wait_for(*state, "other.example");
  assert_int_equal(lookup->state, CODICIL_DNS_FAILED);
  assert_int_equal(lookup->num_addresses, 0);
  assert_string_equal(lookup->error, "it has no addresses");
}

static void test_a_server_that_fails_is_named_as_the_reason(void **state) {
  const client_lookup *lookup = wait_for(*state, "broken.example");
  assert_int_equal(lookup->state, CODICIL_DNS_FAILED);
  assert_string_equal(lookup->error, "the DNS server failed (SERVFAIL)");
  assert_int_equal(seconds_kept(lookup), 60);
}

static void test_one_family_that_fails_does_not_take_the_other_away(void **state) {
  const client_lookup *lookup = wait_for(*state, "lame.example");
  assert_int_equal(lookup->state, CODICIL_DNS_ANSWERED);
  assert_int_equal(lookup->num_addresses, 1);
  assert_true(has_address(lookup, "192.0.2.6"));
  assert_int_equal(seconds_kept(lookup), 60);
}

static void test_localhost_has_both_loopback_addresses(void **state) {
  fixture *f = *state;
  const client_lookup *lookup = wait_for(f, "localhost");
  assert_int_equal(lookup->num_addresses, 2);
  assert_true(has_address(lookup, "127.0.0.1") && has_address(lookup, "::1"));
  assert_int_equal(dns_server_num_questions(f->server), 0);
}

static void test_many_hosts_are_all_answered(void **state) {
  fixture *f = *state;
  for (unsigned i = 0; i < 100; i++) {
    char host[32];
    snprintf(host, sizeof host, "host%u.localhost", i);
    assert_non_null(client_resolver_lookup(f->resolver, host));
  }
  while (f->num_news < 100) {
    ev_run(f->loop.ev, EVRUN_ONCE);
  }
}

static void test_a_resolver_may_go_while_it_asks(void **state) {
  fixture *f = *state;
  assert_non_null(client_resolver_lookup(f->resolver, "late.example"));
  assert_non_null(client_resolver_lookup(f->resolver, "localhost"));
  dns_server_await_questions(f->server, 1);
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      WITH_SERVER(test_a_host_has_the_addresses_of_both_families),
      WITH_SERVER(test_families_take_turns),
      WITH_SERVER(test_a_host_is_looked_up_once_and_kept),
      WITH_SERVER(test_it_is_kept_until_the_first_ttl_ends_but_a_minute_at_least),
      WITH_SERVER(test_after_that_it_is_looked_up_anew),
      WITH_SERVER(test_a_host_without_addresses_fails_with_a_sentence),
      WITH_SERVER(test_a_server_that_fails_is_named_as_the_reason),
      WITH_SERVER(test_one_family_that_fails_does_not_take_the_other_away),
      WITH_SERVER(test_localhost_has_both_loopback_addresses),
      WITH_SERVER(test_many_hosts_are_all_answered),
      WITH_SERVER(test_a_resolver_may_go_while_it_asks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

// Looking up hosts in threads. Only what getaddrinfo answers without asking anyone.
#include "cmocka_test.h"

#include <stdio.h>
#include <string.h>

#include "client/resolver.h"

typedef struct fixture {
  io_loop loop;
  client_resolver *resolver;
  size_t num_news;
} fixture;

static void on_news(void *user) {
  fixture *f = user;
  f->num_news++;
  ev_break(f->loop.ev, EVBREAK_ALL);
}

static int set_up(void **state) {
  static fixture f;
  app_error err;
  memset(&f, 0, sizeof f);
  assert_true(io_loop_init(&f.loop, &err));
  assert_true(client_resolver_new(&f.resolver, &f.loop, on_news, &f, &err));
  *state = &f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = *state;
  client_resolver_free(f->resolver);
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

static void test_a_host_is_looked_up_once_and_kept(void **state) {
  fixture *f = *state;
  const client_lookup *lookup = wait_for(f, "192.0.2.7");
  assert_int_equal(lookup->state, CODICIL_DNS_ANSWERED);
  assert_int_equal(lookup->num_addresses, 1);
  assert_int_equal(lookup->addresses[0].len, 4);
  assert_int_equal(lookup->addresses[0].octets[3], 7);
  assert_ptr_equal(client_resolver_lookup(f->resolver, "192.0.2.7"), lookup);
  assert_int_equal(f->num_news, 1);
}

static void test_a_host_that_is_none_fails_with_a_sentence(void **state) {
  fixture *f = *state;
  const client_lookup *lookup = wait_for(f, "..");
  assert_int_equal(lookup->state, CODICIL_DNS_FAILED);
  assert_int_equal(lookup->num_addresses, 0);
  assert_true(lookup->error != NULL && lookup->error[0] != '\0');
}

static void test_more_hosts_than_threads_are_all_answered(void **state) {
  fixture *f = *state;
  const client_lookup *lookups[40];
  for (unsigned i = 0; i < 40; i++) {
    char host[16];
    snprintf(host, sizeof host, "192.0.2.%u", i);
    lookups[i] = client_resolver_lookup(f->resolver, host);
    assert_non_null(lookups[i]);
  }
  for (unsigned i = 0; i < 40; i++) {
    char host[16];
    snprintf(host, sizeof host, "192.0.2.%u", i);
    assert_ptr_equal(wait_for(f, host), lookups[i]);
    assert_int_equal(lookups[i]->addresses[0].octets[3], i);
  }
}

static void test_a_resolver_may_go_while_threads_are_at_work(void **state) {
  fixture *f = *state;
  for (unsigned i = 0; i < 40; i++) {
    char host[16];
    snprintf(host, sizeof host, "192.0.2.%u", i);
    assert_non_null(client_resolver_lookup(f->resolver, host));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_a_host_is_looked_up_once_and_kept, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_a_host_that_is_none_fails_with_a_sentence, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(test_more_hosts_than_threads_are_all_answered, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(test_a_resolver_may_go_while_threads_are_at_work, set_up,
                                      tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

// Tickets of QUIC's TLS, whichever backend the build chose: whose they are, early data, threads.
#include "quic_tls_fixture.h"

#include "cmocka_test.h"

#include <pthread.h>
#include <string.h>

static void test_a_ticket_resumes_its_site_and_no_other(void **state) {
  (void)state;
  fixture f;
  codicil_buf ticket;
  codicil_buf_init(&ticket, NULL, TICKET_MAX);
  fixture_set_up(&f);
  fixture_make_contexts(&f, false);
  for (size_t issuer = 0; issuer < 2; issuer++) {
    visit_for_ticket(&f, fixture_names[issuer], &ticket);
    for (size_t visited = 0; visited < 2; visited++) {
      visit v;
      visit_again(&v, &f, fixture_names[visited], &ticket, false);
      assert_true(v.pair.client.is_complete && v.pair.server.is_complete);
      assert_int_equal(quic_tls_is_resumed(v.server), issuer == visited);
      assert_int_equal(quic_other_client_is_resumed(v.client), issuer == visited);
      assert_int_equal(quic_tls_site_index(v.server), visited);
      uint8_t value[KEY_LEN];
      assert_int_equal(fixture_export(v.server, value), CODICIL_OK);
      visit_end(&v);
    }
  }
  codicil_buf_clear(&ticket);
  fixture_tear_down(&f);
}

static void test_a_ticket_of_another_context_is_not_resumed(void **state) {
  (void)state;
  fixture f;
  visit v;
  codicil_buf ticket;
  codicil_buf_init(&ticket, NULL, TICKET_MAX);
  fixture_set_up(&f);
  fixture_make_contexts(&f, false);
  visit_for_ticket(&f, fixture_names[0], &ticket);
  quic_tls_context_free(f.server);
  quic_tls_context_free(f.client);
  fixture_make_contexts(&f, false);
  visit_again(&v, &f, fixture_names[0], &ticket, false);
  assert_true(v.pair.server.is_complete);
  assert_false(quic_tls_is_resumed(v.server));
  visit_end(&v);
  codicil_buf_clear(&ticket);
  fixture_tear_down(&f);
}

// After a HelloRetryRequest the ClientHello comes a second time, and the site is chosen already.
static void test_a_client_that_must_retry_gets_its_site_and_its_ticket(void **state) {
  (void)state;
  fixture f;
  visit v;
  codicil_buf ticket;
  codicil_buf_init(&ticket, NULL, TICKET_MAX);
  fixture_set_up(&f);
  fixture_make_contexts(&f, false);
  visit_begin(
      &v, &f,
      &(quic_other_options){.server_name = fixture_names[1], .alpn = "h3", .is_retried = true});
  assert_true(v.pair.client.is_complete && v.pair.server.is_complete);
  assert_true(v.pair.num_first > 1);
  assert_int_equal(quic_tls_site_index(v.server), 1);
  assert_true(quic_other_client_ticket(v.client, &ticket));
  visit_end(&v);
  visit_again(&v, &f, fixture_names[1], &ticket, false);
  assert_true(quic_tls_is_resumed(v.server));
  visit_end(&v);
  // With the ticket in both hellos.
  visit_begin(&v, &f,
              &(quic_other_options){.server_name = fixture_names[1],
                                    .alpn = "h3",
                                    .ticket = codicil_buf_span(&ticket),
                                    .is_retried = true});
  assert_true(v.pair.client.is_complete && v.pair.server.is_complete);
  assert_int_equal(quic_tls_site_index(v.server), 1);
  visit_end(&v);
  codicil_buf_clear(&ticket);
  fixture_tear_down(&f);
}

// ---- early data ---------------------------------------------------------------------------------

static void test_tickets_allow_no_early_data_unless_told_to(void **state) {
  (void)state;
  fixture f;
  visit v;
  codicil_buf ticket;
  codicil_buf_init(&ticket, NULL, TICKET_MAX);
  fixture_set_up(&f);
  fixture_make_contexts(&f, false);
  visit_begin(
      &v, &f,
      &(quic_other_options){.server_name = fixture_names[0], .alpn = "h3", .early_data = true});
  assert_int_equal(quic_other_client_max_early_data(v.client), 0);
  assert_true(quic_other_client_ticket(v.client, &ticket));
  visit_end(&v);
  visit_again(&v, &f, fixture_names[0], &ticket, true);
  assert_true(quic_tls_is_resumed(v.server));
  assert_false(quic_other_client_early_data_is_accepted(v.client));
  visit_end(&v);
  codicil_buf_clear(&ticket);
  fixture_tear_down(&f);
}

static void get_early_ticket(fixture *f, codicil_buf *out) {
  visit v;
  codicil_buf_reset(out);
  visit_begin(
      &v, f,
      &(quic_other_options){.server_name = fixture_names[0], .alpn = "h3", .early_data = true});
  assert_int_equal(quic_other_client_max_early_data(v.client), UINT32_MAX);
  assert_true(quic_other_client_ticket(v.client, out));
  visit_end(&v);
}

//= https://www.rfc-editor.org/rfc/rfc9001#section-4.6.1
//# Servers MUST NOT send the early_data extension with a max_early_data_size field set to any value
//# other than 0xffffffff.
static void test_early_data_is_taken_by_the_tickets_site_alone(void **state) {
  (void)state;
  fixture f;
  codicil_buf ticket;
  codicil_buf_init(&ticket, NULL, TICKET_MAX);
  fixture_set_up(&f);
  fixture_make_contexts(&f, true);
  for (size_t visited = 0; visited < 2; visited++) {
    visit v;
    uint8_t value[KEY_LEN];
    get_early_ticket(&f, &ticket);
    visit_again(&v, &f, fixture_names[visited], &ticket, true);
    assert_int_equal(quic_tls_is_resumed(v.server), visited == 0);
    assert_int_equal(quic_other_client_early_data_is_accepted(v.client), visited == 0);
    assert_int_equal(fixture_export(v.server, value), CODICIL_OK);
    visit_end(&v);
  }
  codicil_buf_clear(&ticket);
  fixture_tear_down(&f);
}

static void test_early_data_that_comes_again_is_not_taken(void **state) {
  (void)state;
  fixture f;
  visit v;
  quic_pair again;
  codicil_buf ticket;
  codicil_buf_init(&ticket, NULL, TICKET_MAX);
  fixture_set_up(&f);
  fixture_make_contexts(&f, true);
  get_early_ticket(&f, &ticket);
  visit_again(&v, &f, fixture_names[0], &ticket, true);
  assert_true(quic_other_server_took_early_data(quic_tls_native(v.server)));
  quic_pair_init(&again);
  quic_tls *server = fixture_tls(f.server, &again.server, NULL, NULL);
  quic_pair_replay(&again, &v.pair, server);
  assert_true(again.server.has_1rtt_key); // it went as far as the first time
  assert_false(quic_other_server_took_early_data(quic_tls_native(server)));
  quic_pair_clear(&again);
  quic_tls_free(server);
  visit_end(&v);
  codicil_buf_clear(&ticket);
  fixture_tear_down(&f);
}

// ---- threads ------------------------------------------------------------------------------------

enum { NUM_THREADS = 4, NUM_VISITS = 10 };

typedef struct visitor {
  pthread_t id;
  fixture *f;
  size_t site;
  bool was_right;
} visitor;

static void *keep_visiting(void *arg) {
  visitor *who = arg;
  codicil_buf ticket;
  codicil_buf_init(&ticket, NULL, TICKET_MAX);
  visit_for_ticket(who->f, fixture_names[who->site], &ticket);
  who->was_right = true;
  for (size_t i = 0; i < NUM_VISITS; i++) {
    visit v;
    visit_again(&v, who->f, fixture_names[who->site], &ticket, false);
    who->was_right =
        who->was_right && v.pair.server.is_complete && quic_tls_site_index(v.server) == who->site;
    visit_end(&v);
  }
  codicil_buf_clear(&ticket);
  return NULL;
}

static size_t choose_alone(void *ctx, const char *server_name) {
  (void)ctx;
  return strcmp(server_name, fixture_names[1]) == 0 ? 1 : 0;
}

static void test_one_context_serves_several_threads(void **state) {
  (void)state;
  fixture f;
  visitor visitors[NUM_THREADS];
  quic_tls_site sites[2];
  app_error err;
  fixture_set_up(&f);
  quic_tls_server_config config = fixture_server_config(&f, sites);
  config.choose = choose_alone;
  assert_true(quic_tls_server_new(&f.server, &config, &err));
  for (size_t i = 0; i < NUM_THREADS; i++) {
    visitors[i] = (visitor){.f = &f, .site = i % 2};
    assert_int_equal(pthread_create(&visitors[i].id, NULL, keep_visiting, &visitors[i]), 0);
  }
  for (size_t i = 0; i < NUM_THREADS; i++) {
    assert_int_equal(pthread_join(visitors[i].id, NULL), 0);
    assert_true(visitors[i].was_right);
  }
  fixture_tear_down(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_ticket_resumes_its_site_and_no_other),
      cmocka_unit_test(test_a_ticket_of_another_context_is_not_resumed),
      cmocka_unit_test(test_a_client_that_must_retry_gets_its_site_and_its_ticket),
      cmocka_unit_test(test_tickets_allow_no_early_data_unless_told_to),
      cmocka_unit_test(test_early_data_is_taken_by_the_tickets_site_alone),
      cmocka_unit_test(test_early_data_that_comes_again_is_not_taken),
      cmocka_unit_test(test_one_context_serves_several_threads),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

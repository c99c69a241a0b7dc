// QUIC's TLS, whichever backend the build chose: sites, judgement, protocol, tickets, exporter.
#include "io/quic_tls.h"

#include "cmocka_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pki_fixture.h"
#include "quic_other_client.h"
#include "quic_pair.h"

enum { KEY_LEN = 32, TICKET_MAX = 1 << 16, ALERT_BAD_CERTIFICATE = 42, ALERT_NO_PROTOCOL = 120 };
static const char label[] = "EXPORTER-server authenticator handshake context";

// Two sites in files, a context of a server over both, one of a client, and what both were told.
typedef struct fixture {
  char dir[64];
  char certificate[2][96], key[2][96];
  pki_cert *root, *leaf[2];
  quic_tls_context *server, *client;
  bool judgement;       // the judge's answer
  unsigned num_judged;  // how often it was asked
  codicil_buf chain[4]; // what it saw
  codicil_buf ocsp;     // of the first
  pki_bytes staple;     // of the second site
  size_t num_entries;
  char asked_for[256]; // by the client, as the server's choice was told
} fixture;

static const char *const names[2] = {"one.example", "two.example"};

static void write_file(const char *path, const char *text) {
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  assert_true(fputs(text, file) >= 0);
  assert_int_equal(fclose(file), 0);
}

static bool judge(void *user, const codicil_chain_entry *chain, size_t num_entries) {
  fixture *f = user;
  assert_true(num_entries <= 4);
  f->num_judged++;
  f->num_entries = num_entries;
  for (size_t i = 0; i < num_entries; i++) {
    codicil_buf_reset(&f->chain[i]);
    assert_int_equal(codicil_buf_append(&f->chain[i], chain[i].der), CODICIL_OK);
  }
  codicil_buf_reset(&f->ocsp);
  assert_int_equal(codicil_buf_append(&f->ocsp, chain[0].ocsp), CODICIL_OK);
  return f->judgement;
}

static size_t choose(void *ctx, const char *server_name) {
  fixture *f = ctx;
  snprintf(f->asked_for, sizeof f->asked_for, "%s", server_name);
  return strcmp(server_name, names[1]) == 0 ? 1 : 0;
}

static quic_tls_server_config server_config(fixture *f, quic_tls_site sites[2]) {
  for (size_t i = 0; i < 2; i++) {
    sites[i] = (quic_tls_site){f->certificate[i], f->key[i], {NULL, 0}, {(uint8_t)(i + 1)}};
  }
  sites[1].ocsp = codicil_span_of(f->staple.data, f->staple.len);
  return (quic_tls_server_config){.sites = sites, .num_sites = 2, .choose = choose, .ctx = f};
}

static void make_contexts(fixture *f, bool early_data) {
  quic_tls_site sites[2];
  app_error err = {""};
  quic_tls_server_config config = server_config(f, sites);
  config.early_data = early_data;
  if (!quic_tls_server_new(&f->server, &config, &err) ||
      !quic_tls_client_new(&f->client, &(quic_tls_client_config){judge}, &err)) {
    fail_msg("%s", err.text);
  }
}

static void set_up(fixture *f) {
  *f = (fixture){.dir = "/tmp/quic_tls.XXXXXX", .judgement = true};
  assert_non_null(mkdtemp(f->dir));
  f->root = pki_root("root");
  for (size_t i = 0; i < 2; i++) {
    char alt_names[64];
    snprintf(alt_names, sizeof alt_names, "DNS:%s", names[i]);
    f->leaf[i] = pki_leaf(f->root, alt_names);
    snprintf(f->certificate[i], sizeof f->certificate[i], "%s/%zu.pem", f->dir, i);
    snprintf(f->key[i], sizeof f->key[i], "%s/%zu.key", f->dir, i);
    char *pem = pki_chain_pem(f->leaf[i], f->root);
    write_file(f->certificate[i], pem);
    write_file(f->key[i], f->leaf[i]->key_pem);
    free(pem);
  }
  f->staple = pki_ocsp(f->leaf[1], f->root, &(pki_ocsp_spec){.status = PKI_GOOD});
  for (size_t i = 0; i < 4; i++) {
    codicil_buf_init(&f->chain[i], NULL, 10000);
  }
  codicil_buf_init(&f->ocsp, NULL, 10000);
}

static void tear_down(fixture *f) {
  quic_tls_context_free(f->server);
  quic_tls_context_free(f->client);
  for (size_t i = 0; i < 2; i++) {
    unlink(f->certificate[i]);
    unlink(f->key[i]);
    pki_free(f->leaf[i]);
  }
  rmdir(f->dir);
  pki_free(f->root);
  free(f->staple.data);
  for (size_t i = 0; i < 4; i++) {
    codicil_buf_clear(&f->chain[i]);
  }
  codicil_buf_clear(&f->ocsp);
}

static quic_tls *new_tls(quic_tls_context *context, quic_side *side, const char *server_name,
                         void *user) {
  quic_tls *tls;
  app_error err = {""};
  if (!quic_tls_new(&tls, context, &side->ref, server_name, user, &err)) {
    fail_msg("%s", err.text);
  }
  return tls;
}

// A pair with the program's TLS on both sides, its handshake run.
typedef struct joined {
  quic_pair pair;
  quic_tls *client, *server;
} joined;

static void join(joined *j, fixture *f, const char *server_name) {
  quic_pair_init(&j->pair);
  j->client = new_tls(f->client, &j->pair.client, server_name, f);
  j->server = new_tls(f->server, &j->pair.server, NULL, NULL);
  quic_pair_client(&j->pair, j->client, NULL);
}

static void part(joined *j) {
  quic_pair_clear(&j->pair);
  quic_tls_free(j->client);
  quic_tls_free(j->server);
}

static codicil_err export_from(quic_tls *tls, uint8_t out[KEY_LEN]) {
  codicil_tls *exporter = NULL;
  codicil_err err = quic_tls_exporter(&exporter, tls);
  return err != CODICIL_OK
             ? err
             : exporter->exporter(exporter->ctx, out, KEY_LEN, label, sizeof label - 1);
}

static void test_the_server_name_chooses_the_site_and_the_judge_sees_its_chain(void **state) {
  (void)state;
  fixture f;
  set_up(&f);
  make_contexts(&f, false);
  for (size_t i = 0; i < 2; i++) {
    joined j;
    join(&j, &f, names[i]);
    quic_pair_run(&j.pair, j.server);
    assert_true(j.pair.client.is_complete && j.pair.server.is_complete);
    assert_string_equal(f.asked_for, names[i]);
    assert_int_equal(quic_tls_site_index(j.server), i);
    assert_int_equal(f.num_judged, i + 1);
    assert_int_equal(f.num_entries, 2);
    assert_int_equal(f.chain[0].len, f.leaf[i]->der_len);
    assert_memory_equal(f.chain[0].data, f.leaf[i]->der, f.leaf[i]->der_len);
    assert_memory_equal(f.chain[1].data, f.root->der, f.root->der_len);
    assert_true(quic_tls_speaks_h3(j.client) && quic_tls_speaks_h3(j.server));
    assert_string_equal(quic_tls_suite(j.client), quic_tls_suite(j.server));
    assert_int_equal(strncmp(quic_tls_suite(j.client), "TLS_", 4), 0);
    assert_false(quic_tls_is_resumed(j.server));
    assert_int_equal(f.ocsp.len, i == 0 ? 0 : f.staple.len);
    part(&j);
  }
  assert_memory_equal(f.ocsp.data, f.staple.data, f.staple.len);
  tear_down(&f);
}

static void test_a_name_in_capitals_is_told_in_lower_case_and_none_as_empty(void **state) {
  (void)state;
  fixture f;
  joined j;
  set_up(&f);
  make_contexts(&f, false);
  join(&j, &f, "TWO.Example");
  quic_pair_run(&j.pair, j.server);
  assert_string_equal(f.asked_for, "two.example");
  assert_int_equal(quic_tls_site_index(j.server), 1);
  part(&j);
  join(&j, &f, NULL);
  quic_pair_run(&j.pair, j.server);
  assert_true(j.pair.server.is_complete);
  assert_string_equal(f.asked_for, "");
  part(&j);
  tear_down(&f);
}

static void test_a_chain_that_the_judge_refuses_ends_the_handshake(void **state) {
  (void)state;
  fixture f;
  joined j;
  set_up(&f);
  make_contexts(&f, false);
  f.judgement = false;
  join(&j, &f, names[0]);
  quic_pair_run(&j.pair, j.server);
  assert_int_equal(f.num_judged, 1);
  assert_false(j.pair.client.is_complete || j.pair.server.is_complete);
  assert_int_equal(quic_side_alert(&j.pair.client), ALERT_BAD_CERTIFICATE);
  uint8_t value[KEY_LEN];
  assert_int_equal(export_from(j.client, value), CODICIL_NOT_READY);
  part(&j);
  tear_down(&f);
}

static void test_both_sides_export_alike_and_not_before_completion(void **state) {
  (void)state;
  fixture f;
  joined j;
  uint8_t a[KEY_LEN], b[KEY_LEN];
  codicil_tls *client, *server;
  set_up(&f);
  make_contexts(&f, false);
  join(&j, &f, names[0]);
  assert_int_equal(export_from(j.client, a), CODICIL_NOT_READY);
  quic_pair_run(&j.pair, j.server);
  // The callbacks in the middle asked, too.
  assert_true(j.pair.client.num_early_exports >= 2 && j.pair.server.num_early_exports >= 2);
  assert_int_equal(j.pair.client.early_export, CODICIL_NOT_READY);
  assert_int_equal(j.pair.server.early_export, CODICIL_NOT_READY);
  assert_int_equal(export_from(j.client, a), CODICIL_OK);
  assert_int_equal(export_from(j.server, b), CODICIL_OK);
  assert_memory_equal(a, b, KEY_LEN);
  assert_int_equal(quic_tls_exporter(&client, j.client), CODICIL_OK);
  assert_int_equal(quic_tls_exporter(&server, j.server), CODICIL_OK);
  assert_true(server->is_server && !client->is_server);
  assert_int_equal(client->hash, server->hash);
  assert_int_equal(client->client_schemes.len, server->client_schemes.len);
  assert_memory_equal(client->client_extensions.data, server->client_extensions.data,
                      server->client_extensions.len);
  part(&j);
  tear_down(&f);
}

//= https://www.rfc-editor.org/rfc/rfc9261#section-9
//# servers MUST verify the client Finished before sending an EA or processing a received EA
static void test_a_server_with_keys_to_send_with_exports_nothing_yet(void **state) {
  (void)state;
  fixture f;
  joined j;
  uint8_t value[KEY_LEN];
  set_up(&f);
  make_contexts(&f, false);
  join(&j, &f, names[0]);
  assert_true(quic_pair_carry(&j.pair, &j.pair.client, j.server, 10) > 0);
  while (!j.pair.client.is_complete) {
    assert_true(quic_pair_carry(&j.pair, &j.pair.server, j.server, 10) > 0);
    assert_true(j.pair.client.is_complete ||
                quic_pair_carry(&j.pair, &j.pair.client, j.server, 10) > 0);
  }
  assert_true(j.pair.server.has_1rtt_key && !j.pair.server.is_complete);
  assert_int_equal(export_from(j.client, value), CODICIL_OK);
  assert_int_equal(export_from(j.server, value), CODICIL_NOT_READY);
  quic_pair_run(&j.pair, j.server);
  assert_int_equal(export_from(j.server, value), CODICIL_OK);
  part(&j);
  tear_down(&f);
}

// ---- other clients ------------------------------------------------------------------------------

typedef struct visit {
  quic_pair pair;
  quic_tls *server;
  quic_other_client *client;
} visit;

static void visit_begin(visit *v, fixture *f, const char *server_name, const char *alpn,
                        const codicil_buf *ticket, bool early_data) {
  quic_pair_init(&v->pair);
  v->server = new_tls(f->server, &v->pair.server, NULL, NULL);
  v->client = quic_other_client_new(
      &v->pair.client.ref, server_name, alpn,
      ticket != NULL ? codicil_buf_span(ticket) : codicil_span_of(NULL, 0), early_data);
  quic_pair_client(&v->pair, NULL, quic_other_client_native(v->client));
  quic_pair_run(&v->pair, v->server);
}

static void visit_end(visit *v) {
  quic_pair_clear(&v->pair);
  quic_tls_free(v->server);
  quic_other_client_free(v->client);
}

// Visits a site and leaves with a ticket of it.
static void get_ticket(fixture *f, const char *server_name, codicil_buf *out) {
  visit v;
  codicil_buf_reset(out);
  visit_begin(&v, f, server_name, "h3", NULL, false);
  assert_true(v.pair.client.is_complete && v.pair.server.is_complete);
  assert_true(quic_other_client_ticket(v.client, out));
  visit_end(&v);
}

//= https://www.rfc-editor.org/rfc/rfc9001#section-8.1
//# When using ALPN, endpoints MUST immediately close a connection (see
//# Section 10.2 of [QUIC-TRANSPORT]) with a no_application_protocol TLS alert
static void test_a_client_of_another_protocol_or_of_none_is_refused(void **state) {
  (void)state;
  static const char *const protocols[] = {"hq-interop", "h2", NULL};
  fixture f;
  set_up(&f);
  make_contexts(&f, false);
  for (size_t i = 0; i < 3; i++) {
    visit v;
    visit_begin(&v, &f, names[0], protocols[i], NULL, false);
    assert_false(v.pair.server.is_complete);
    assert_int_equal(quic_side_alert(&v.pair.server), ALERT_NO_PROTOCOL);
    visit_end(&v);
  }
  tear_down(&f);
}

static void test_a_ticket_resumes_its_site_and_no_other(void **state) {
  (void)state;
  fixture f;
  codicil_buf ticket;
  codicil_buf_init(&ticket, NULL, TICKET_MAX);
  set_up(&f);
  make_contexts(&f, false);
  for (size_t issuer = 0; issuer < 2; issuer++) {
    get_ticket(&f, names[issuer], &ticket);
    for (size_t visited = 0; visited < 2; visited++) {
      visit v;
      visit_begin(&v, &f, names[visited], "h3", &ticket, false);
      assert_true(v.pair.client.is_complete && v.pair.server.is_complete);
      assert_int_equal(quic_tls_is_resumed(v.server), issuer == visited);
      assert_int_equal(quic_other_client_is_resumed(v.client), issuer == visited);
      assert_int_equal(quic_tls_site_index(v.server), visited);
      uint8_t value[KEY_LEN];
      assert_int_equal(export_from(v.server, value), CODICIL_OK);
      visit_end(&v);
    }
  }
  codicil_buf_clear(&ticket);
  tear_down(&f);
}

static void test_a_ticket_of_another_context_is_not_resumed(void **state) {
  (void)state;
  fixture f;
  visit v;
  codicil_buf ticket;
  codicil_buf_init(&ticket, NULL, TICKET_MAX);
  set_up(&f);
  make_contexts(&f, false);
  get_ticket(&f, names[0], &ticket);
  quic_tls_context_free(f.server);
  quic_tls_context_free(f.client);
  make_contexts(&f, false);
  visit_begin(&v, &f, names[0], "h3", &ticket, false);
  assert_true(v.pair.server.is_complete);
  assert_false(quic_tls_is_resumed(v.server));
  visit_end(&v);
  codicil_buf_clear(&ticket);
  tear_down(&f);
}

// ---- early data ---------------------------------------------------------------------------------

static void test_tickets_allow_no_early_data_unless_told_to(void **state) {
  (void)state;
  fixture f;
  visit v;
  codicil_buf ticket;
  codicil_buf_init(&ticket, NULL, TICKET_MAX);
  set_up(&f);
  make_contexts(&f, false);
  visit_begin(&v, &f, names[0], "h3", NULL, true);
  assert_int_equal(quic_other_client_max_early_data(v.client), 0);
  assert_true(quic_other_client_ticket(v.client, &ticket));
  visit_end(&v);
  visit_begin(&v, &f, names[0], "h3", &ticket, true);
  assert_true(quic_tls_is_resumed(v.server));
  assert_false(quic_other_client_early_data_is_accepted(v.client));
  visit_end(&v);
  codicil_buf_clear(&ticket);
  tear_down(&f);
}

static void get_early_ticket(fixture *f, codicil_buf *out) {
  visit v;
  codicil_buf_reset(out);
  visit_begin(&v, f, names[0], "h3", NULL, true);
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
  set_up(&f);
  make_contexts(&f, true);
  for (size_t visited = 0; visited < 2; visited++) {
    visit v;
    uint8_t value[KEY_LEN];
    get_early_ticket(&f, &ticket);
    visit_begin(&v, &f, names[visited], "h3", &ticket, true);
    assert_int_equal(quic_tls_is_resumed(v.server), visited == 0);
    assert_int_equal(quic_other_client_early_data_is_accepted(v.client), visited == 0);
    assert_int_equal(export_from(v.server, value), CODICIL_OK);
    visit_end(&v);
  }
  codicil_buf_clear(&ticket);
  tear_down(&f);
}

static void test_early_data_that_comes_again_is_not_taken(void **state) {
  (void)state;
  fixture f;
  visit v;
  quic_pair again;
  codicil_buf ticket;
  codicil_buf_init(&ticket, NULL, TICKET_MAX);
  set_up(&f);
  make_contexts(&f, true);
  get_early_ticket(&f, &ticket);
  visit_begin(&v, &f, names[0], "h3", &ticket, true);
  assert_true(quic_other_server_took_early_data(quic_tls_native(v.server)));
  quic_pair_init(&again);
  quic_tls *server = new_tls(f.server, &again.server, NULL, NULL);
  quic_pair_replay(&again, &v.pair, server);
  assert_true(again.server.has_1rtt_key); // it went as far as the first time
  assert_false(quic_other_server_took_early_data(quic_tls_native(server)));
  quic_pair_clear(&again);
  quic_tls_free(server);
  visit_end(&v);
  codicil_buf_clear(&ticket);
  tear_down(&f);
}

// ---- key log ------------------------------------------------------------------------------------

// How many lines of the file begin with `start`.
static size_t count_lines(const char *path, const char *start) {
  char line[1024];
  size_t num = 0;
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  while (fgets(line, sizeof line, file) != NULL) {
    assert_int_equal(line[strlen(line) - 1], '\n');
    num += strncmp(line, start, strlen(start)) == 0 ? 1 : 0;
  }
  assert_int_equal(fclose(file), 0);
  return num;
}

static void test_the_key_log_gets_lines_of_both_sides_that_agree(void **state) {
  (void)state;
  static const char *const labels[] = {"CLIENT_HANDSHAKE_TRAFFIC_SECRET ",
                                       "SERVER_HANDSHAKE_TRAFFIC_SECRET ",
                                       "CLIENT_TRAFFIC_SECRET_0 ", "SERVER_TRAFFIC_SECRET_0 "};
  fixture f;
  joined j;
  char path[96], line[1024];
  set_up(&f);
  snprintf(path, sizeof path, "%s/keys", f.dir);
  setenv("SSLKEYLOGFILE", path, 1);
  make_contexts(&f, false);
  unsetenv("SSLKEYLOGFILE");
  join(&j, &f, names[0]);
  quic_pair_run(&j.pair, j.server);
  for (size_t i = 0; i < 4; i++) {
    assert_int_equal(count_lines(path, labels[i]), 2);
  }
  FILE *file = fopen(path, "r");
  assert_non_null(fgets(line, sizeof line, file));
  fclose(file);
  assert_int_equal(count_lines(path, line), 2); // once of each side
  part(&j);
  unlink(path);
  tear_down(&f);
}

static void test_a_key_log_that_cannot_be_opened_is_named(void **state) {
  (void)state;
  fixture f;
  app_error err;
  quic_tls_context *context = NULL;
  set_up(&f);
  setenv("SSLKEYLOGFILE", "/no/such/directory/keys", 1);
  assert_false(quic_tls_client_new(&context, &(quic_tls_client_config){judge}, &err));
  unsetenv("SSLKEYLOGFILE");
  assert_null(context);
  assert_non_null(strstr(err.text, "/no/such/directory/keys"));
  tear_down(&f);
}

// ---- files --------------------------------------------------------------------------------------

static void expect_no_server(fixture *f, const char *file, const char *what) {
  quic_tls_site sites[2];
  quic_tls_context *context = NULL;
  quic_tls_server_config config = server_config(f, sites);
  app_error err = {""};
  assert_false(quic_tls_server_new(&context, &config, &err));
  assert_null(context);
  if (strstr(err.text, file) == NULL || strstr(err.text, what) == NULL) {
    fail_msg("not of %s: %s", file, err.text);
  }
  app_error other = {""};
  assert_false(quic_tls_can_use(f->certificate[1], f->key[1], &other));
  assert_string_equal(err.text, other.text);
}

static void test_a_file_that_does_not_load_is_named(void **state) {
  (void)state;
  fixture f;
  set_up(&f);
  app_error err;
  assert_true(quic_tls_can_use(f.certificate[1], f.key[1], &err));
  write_file(f.key[1], f.leaf[0]->key_pem);
  expect_no_server(&f, f.key[1], f.certificate[1]);
  write_file(f.key[1], "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
  expect_no_server(&f, f.key[1], "");
  unlink(f.key[1]);
  expect_no_server(&f, f.key[1], "No such file");
  write_file(f.key[1], f.leaf[1]->key_pem);
  write_file(f.certificate[1], "no certificate");
  expect_no_server(&f, f.certificate[1], "");
  tear_down(&f);
}

// Replaces the first site's certificate and key.
static void use_leaf(fixture *f, const pki_spec *spec) {
  pki_free(f->leaf[0]);
  f->leaf[0] = pki_make(f->root, spec);
  write_file(f->certificate[0], f->leaf[0]->pem);
  write_file(f->key[0], f->leaf[0]->key_pem);
}

static void test_every_kind_of_key_that_can_be_used_makes_a_handshake(void **state) {
  (void)state;
  static const char *const kinds[] = {"p256",    "p384",       "p521",    "rsa2048",
                                      "rsa3072", "rsapss2048", "ed25519", "ed448"};
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
    fixture f;
    joined j;
    app_error err = {""};
    set_up(&f);
    use_leaf(&f, &(pki_spec){.alg = kinds[i], .alt_names = "DNS:one.example"});
    if (!quic_tls_can_use(f.certificate[0], f.key[0], &err)) {
      fail_msg("%s: %s", kinds[i], err.text);
    }
    make_contexts(&f, false);
    join(&j, &f, names[0]);
    quic_pair_run(&j.pair, j.server);
    assert_true(j.pair.client.is_complete && j.pair.server.is_complete);
    part(&j);
    tear_down(&f);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_the_server_name_chooses_the_site_and_the_judge_sees_its_chain),
      cmocka_unit_test(test_a_name_in_capitals_is_told_in_lower_case_and_none_as_empty),
      cmocka_unit_test(test_a_chain_that_the_judge_refuses_ends_the_handshake),
      cmocka_unit_test(test_both_sides_export_alike_and_not_before_completion),
      cmocka_unit_test(test_a_server_with_keys_to_send_with_exports_nothing_yet),
      cmocka_unit_test(test_a_client_of_another_protocol_or_of_none_is_refused),
      cmocka_unit_test(test_a_ticket_resumes_its_site_and_no_other),
      cmocka_unit_test(test_a_ticket_of_another_context_is_not_resumed),
      cmocka_unit_test(test_tickets_allow_no_early_data_unless_told_to),
      cmocka_unit_test(test_early_data_is_taken_by_the_tickets_site_alone),
      cmocka_unit_test(test_early_data_that_comes_again_is_not_taken),
      cmocka_unit_test(test_the_key_log_gets_lines_of_both_sides_that_agree),
      cmocka_unit_test(test_a_key_log_that_cannot_be_opened_is_named),
      cmocka_unit_test(test_a_file_that_does_not_load_is_named),
      cmocka_unit_test(test_every_kind_of_key_that_can_be_used_makes_a_handshake),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

// QUIC's TLS, whichever backend the build chose: sites, judgement, protocol, exporter, key log,
// files.
#include "quic_tls_fixture.h"

#include "cmocka_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
  ALERT_UNEXPECTED_MESSAGE = 10,
  ALERT_BAD_CERTIFICATE = 42,
  ALERT_MISSING_EXTENSION = 109,
  ALERT_NO_PROTOCOL = 120
};

// A pair with the program's TLS on both sides, its handshake run.
typedef struct joined {
  quic_pair pair;
  quic_tls *client, *server;
} joined;

static void join(joined *j, fixture *f, const char *server_name) {
  quic_pair_init(&j->pair);
  j->client = fixture_tls(f->client, &j->pair.client, server_name, f);
  j->server = fixture_tls(f->server, &j->pair.server, NULL, NULL);
  quic_pair_client(&j->pair, j->client, NULL);
}

static void part(joined *j) {
  quic_pair_clear(&j->pair);
  quic_tls_free(j->client);
  quic_tls_free(j->server);
}

static void test_the_server_name_chooses_the_site_and_the_judge_sees_its_chain(void **state) {
  (void)state;
  fixture f;
  fixture_set_up(&f);
  fixture_make_contexts(&f, false);
  for (size_t i = 0; i < 2; i++) {
    joined j;
    join(&j, &f, fixture_names[i]);
    quic_pair_run(&j.pair, j.server);
    assert_true(j.pair.client.is_complete && j.pair.server.is_complete);
    assert_string_equal(f.asked_for, fixture_names[i]);
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
  fixture_tear_down(&f);
}

static void test_a_name_in_capitals_is_told_in_lower_case_and_none_as_empty(void **state) {
  (void)state;
  fixture f;
  joined j;
  fixture_set_up(&f);
  fixture_make_contexts(&f, false);
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
  fixture_tear_down(&f);
}

static void test_a_chain_that_the_judge_refuses_ends_the_handshake(void **state) {
  (void)state;
  fixture f;
  joined j;
  fixture_set_up(&f);
  fixture_make_contexts(&f, false);
  f.judgement = false;
  join(&j, &f, fixture_names[0]);
  quic_pair_run(&j.pair, j.server);
  assert_int_equal(f.num_judged, 1);
  assert_false(j.pair.client.is_complete || j.pair.server.is_complete);
  assert_int_equal(quic_side_alert(&j.pair.client), ALERT_BAD_CERTIFICATE);
  uint8_t value[KEY_LEN];
  assert_int_equal(fixture_export(j.client, value), CODICIL_NOT_READY);
  part(&j);
  fixture_tear_down(&f);
}

static void test_both_sides_export_alike_and_not_before_completion(void **state) {
  (void)state;
  fixture f;
  joined j;
  uint8_t a[KEY_LEN], b[KEY_LEN];
  codicil_tls *client, *server;
  fixture_set_up(&f);
  fixture_make_contexts(&f, false);
  join(&j, &f, fixture_names[0]);
  assert_int_equal(fixture_export(j.client, a), CODICIL_NOT_READY);
  quic_pair_run(&j.pair, j.server);
  // The callbacks in the middle asked, too.
  assert_true(j.pair.client.num_early_exports >= 2 && j.pair.server.num_early_exports >= 2);
  assert_int_equal(j.pair.client.early_export, CODICIL_NOT_READY);
  assert_int_equal(j.pair.server.early_export, CODICIL_NOT_READY);
  assert_int_equal(fixture_export(j.client, a), CODICIL_OK);
  assert_int_equal(fixture_export(j.server, b), CODICIL_OK);
  assert_memory_equal(a, b, KEY_LEN);
  assert_int_equal(quic_tls_exporter(&client, j.client), CODICIL_OK);
  assert_int_equal(quic_tls_exporter(&server, j.server), CODICIL_OK);
  assert_true(server->is_server && !client->is_server);
  assert_int_equal(client->hash, server->hash);
  assert_int_equal(client->client_schemes.len, server->client_schemes.len);
  assert_memory_equal(client->client_extensions.data, server->client_extensions.data,
                      server->client_extensions.len);
  part(&j);
  fixture_tear_down(&f);
}

//= https://www.rfc-editor.org/rfc/rfc9261#section-9
//# servers MUST verify the client Finished before sending an EA or processing a received EA
static void test_a_server_with_keys_to_send_with_exports_nothing_yet(void **state) {
  (void)state;
  fixture f;
  joined j;
  uint8_t value[KEY_LEN];
  fixture_set_up(&f);
  fixture_make_contexts(&f, false);
  join(&j, &f, fixture_names[0]);
  assert_true(quic_pair_carry(&j.pair, &j.pair.client, j.server, 10) > 0);
  while (!j.pair.client.is_complete) {
    assert_true(quic_pair_carry(&j.pair, &j.pair.server, j.server, 10) > 0);
    assert_true(j.pair.client.is_complete ||
                quic_pair_carry(&j.pair, &j.pair.client, j.server, 10) > 0);
  }
  assert_true(j.pair.server.has_1rtt_key && !j.pair.server.is_complete);
  assert_int_equal(fixture_export(j.client, value), CODICIL_OK);
  assert_int_equal(fixture_export(j.server, value), CODICIL_NOT_READY);
  quic_pair_run(&j.pair, j.server);
  assert_int_equal(fixture_export(j.server, value), CODICIL_OK);
  part(&j);
  fixture_tear_down(&f);
}

// ---- other peers -------------------------------------------------------------------------------

//= https://www.rfc-editor.org/rfc/rfc9001#section-8.1
//# When using ALPN, endpoints MUST immediately close a connection (see
//# Section 10.2 of [QUIC-TRANSPORT]) with a no_application_protocol TLS alert
static void test_a_client_of_another_protocol_or_of_none_is_refused(void **state) {
  (void)state;
  static const char *const protocols[] = {"hq-interop", "h2", NULL};
  fixture f;
  fixture_set_up(&f);
  fixture_make_contexts(&f, false);
  for (size_t i = 0; i < 3; i++) {
    visit v;
    visit_begin(&v, &f,
                &(quic_other_options){.server_name = fixture_names[0], .alpn = protocols[i]});
    assert_false(v.pair.server.is_complete);
    assert_int_equal(quic_side_alert(&v.pair.server), ALERT_NO_PROTOCOL);
    visit_end(&v);
  }
  fixture_tear_down(&f);
}

static void test_a_server_that_chooses_no_protocol_is_left(void **state) {
  (void)state;
  fixture f;
  quic_pair pair;
  fixture_set_up(&f);
  fixture_make_contexts(&f, false);
  quic_pair_init(&pair);
  quic_tls *client = fixture_tls(f.client, &pair.client, fixture_names[0], &f);
  quic_other_server *server = quic_other_server_new(&pair.server.ref, f.certificate[0], f.key[0]);
  pair.server_native = quic_other_server_native(server);
  quic_pair_client(&pair, client, NULL);
  quic_pair_run(&pair, NULL);
  assert_false(pair.client.is_complete);
  assert_int_equal(quic_side_alert(&pair.client), ALERT_NO_PROTOCOL);
  assert_int_equal(f.num_judged, 0);
  quic_pair_clear(&pair);
  quic_tls_free(client);
  quic_other_server_free(server);
  fixture_tear_down(&f);
}

//= https://www.rfc-editor.org/rfc/rfc9001#section-8.2
//# endpoints that receive ClientHello or EncryptedExtensions messages without the
//# quic_transport_parameters extension MUST close the connection with an error of type 0x016d
static void test_a_peer_without_transport_parameters_is_left(void **state) {
  (void)state;
  fixture f;
  fixture_set_up(&f);
  fixture_make_contexts(&f, false);
  for (int from_client = 0; from_client < 2; from_client++) {
    joined j;
    join(&j, &f, fixture_names[0]);
    (from_client ? &j.pair.client : &j.pair.server)->hides_parameters = true;
    quic_pair_run(&j.pair, j.server);
    assert_false(j.pair.client.is_complete || j.pair.server.is_complete);
    assert_int_equal(quic_side_alert(from_client ? &j.pair.server : &j.pair.client),
                     ALERT_MISSING_EXTENSION);
    part(&j);
  }
  assert_int_equal(f.num_judged, 0);
  fixture_tear_down(&f);
}

// ---- after the handshake ------------------------------------------------------------------------

//= https://www.rfc-editor.org/rfc/rfc9001#section-6
//# Endpoints MUST NOT send a TLS KeyUpdate message.  Endpoints MUST
//# treat the receipt of a TLS KeyUpdate message as a connection error of
//# type 0x010a, equivalent to a fatal TLS alert of unexpected_message;
//# see Section 4.8.
static void test_a_key_update_of_tls_ends_the_connection(void **state) {
  (void)state;
  static const uint8_t key_updates[2][5] = {{24, 0, 0, 1, 0}, {24, 0, 0, 1, 1}};
  fixture f;
  fixture_set_up(&f);
  fixture_make_contexts(&f, false);
  for (size_t i = 0; i < 4; i++) {
    joined j;
    join(&j, &f, fixture_names[0]);
    quic_pair_run(&j.pair, j.server);
    quic_side *from = i < 2 ? &j.pair.client : &j.pair.server;
    quic_side *to = i < 2 ? &j.pair.server : &j.pair.client;
    assert_int_equal(ngtcp2_conn_submit_crypto_data(from->conn, NGTCP2_ENCRYPTION_LEVEL_1RTT,
                                                    key_updates[i % 2], 5),
                     0);
    (void)quic_pair_carry(&j.pair, from, j.server, 10);
    assert_int_equal(quic_side_alert(to), ALERT_UNEXPECTED_MESSAGE);
    part(&j);
  }
  fixture_tear_down(&f);
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
  struct stat st;
  fixture_set_up(&f);
  snprintf(path, sizeof path, "%s/keys", f.dir);
  setenv("SSLKEYLOGFILE", path, 1);
  mode_t mask = umask(0);
  fixture_make_contexts(&f, false);
  umask(mask);
  unsetenv("SSLKEYLOGFILE");
  assert_int_equal(stat(path, &st), 0);
  assert_int_equal(st.st_mode & 0777, 0600); // nobody else reads it
  join(&j, &f, fixture_names[0]);
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
  fixture_tear_down(&f);
}

static void test_a_key_log_that_cannot_be_opened_is_named(void **state) {
  (void)state;
  fixture f;
  app_error err;
  quic_tls_context *context = NULL;
  fixture_set_up(&f);
  setenv("SSLKEYLOGFILE", "/no/such/directory/keys", 1);
  assert_false(quic_tls_client_new(&context, &(quic_tls_client_config){fixture_judge}, &err));
  unsetenv("SSLKEYLOGFILE");
  assert_null(context);
  assert_non_null(strstr(err.text, "/no/such/directory/keys"));
  fixture_tear_down(&f);
}

// ---- files --------------------------------------------------------------------------------------

static void expect_no_server(fixture *f, const char *file, const char *what) {
  quic_tls_site sites[2];
  quic_tls_context *context = NULL;
  quic_tls_server_config config = fixture_server_config(f, sites);
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
  fixture_set_up(&f);
  app_error err;
  assert_true(quic_tls_can_use(f.certificate[1], f.key[1], &err));
  fixture_write_file(f.key[1], f.leaf[0]->key_pem);
  expect_no_server(&f, f.key[1], f.certificate[1]);
  fixture_write_file(f.key[1], "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
  expect_no_server(&f, f.key[1], "");
  unlink(f.key[1]);
  expect_no_server(&f, f.key[1], "No such file");
  fixture_write_file(f.key[1], f.leaf[1]->key_pem);
  fixture_write_file(f.certificate[1], "no certificate");
  expect_no_server(&f, f.certificate[1], "");
  fixture_tear_down(&f);
}

// Replaces the first site's certificate and key.
static void use_leaf(fixture *f, const pki_spec *spec) {
  pki_free(f->leaf[0]);
  f->leaf[0] = pki_make(f->root, spec);
  fixture_write_file(f->certificate[0], f->leaf[0]->pem);
  fixture_write_file(f->key[0], f->leaf[0]->key_pem);
}

static void test_every_kind_of_key_that_can_be_used_makes_a_handshake(void **state) {
  (void)state;
  static const char *const kinds[] = {"p256",    "p384",       "p521",    "rsa2048",
                                      "rsa3072", "rsapss2048", "ed25519", "ed448"};
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
    fixture f;
    joined j;
    app_error err = {""};
    fixture_set_up(&f);
    use_leaf(&f, &(pki_spec){.alg = kinds[i], .alt_names = "DNS:one.example"});
    if (!quic_tls_can_use(f.certificate[0], f.key[0], &err)) {
      fail_msg("%s: %s", kinds[i], err.text);
    }
    fixture_make_contexts(&f, false);
    join(&j, &f, fixture_names[0]);
    quic_pair_run(&j.pair, j.server);
    assert_true(j.pair.client.is_complete && j.pair.server.is_complete);
    part(&j);
    fixture_tear_down(&f);
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
      cmocka_unit_test(test_a_server_that_chooses_no_protocol_is_left),
      cmocka_unit_test(test_a_peer_without_transport_parameters_is_left),
      cmocka_unit_test(test_a_key_update_of_tls_ends_the_connection),
      cmocka_unit_test(test_the_key_log_gets_lines_of_both_sides_that_agree),
      cmocka_unit_test(test_a_key_log_that_cannot_be_opened_is_named),
      cmocka_unit_test(test_a_file_that_does_not_load_is_named),
      cmocka_unit_test(test_every_kind_of_key_that_can_be_used_makes_a_handshake),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

// Two sites and those who visit them: see quic_tls_fixture.h.
#include "quic_tls_fixture.h"

#include "cmocka_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char label[] = "EXPORTER-server authenticator handshake context";

const char *const fixture_names[2] = {"one.example", "two.example"};

void fixture_write_file(const char *path, const char *text) {
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  assert_true(fputs(text, file) >= 0);
  assert_int_equal(fclose(file), 0);
}

bool fixture_judge(void *user, const codicil_chain_entry *chain, size_t num_entries) {
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
  return strcmp(server_name, fixture_names[1]) == 0 ? 1 : 0;
}

quic_tls_server_config fixture_server_config(fixture *f, quic_tls_site sites[2]) {
  for (size_t i = 0; i < 2; i++) {
    sites[i] = (quic_tls_site){f->certificate[i], f->key[i], {NULL, 0}, {(uint8_t)(i + 1)}};
  }
  sites[1].ocsp = codicil_span_of(f->staple.data, f->staple.len);
  return (quic_tls_server_config){.sites = sites, .num_sites = 2, .choose = choose, .ctx = f};
}

void fixture_make_contexts(fixture *f, bool early_data) {
  quic_tls_site sites[2];
  app_error err = {""};
  quic_tls_server_config config = fixture_server_config(f, sites);
  config.early_data = early_data;
  if (!quic_tls_server_new(&f->server, &config, &err) ||
      !quic_tls_client_new(&f->client, &(quic_tls_client_config){fixture_judge}, &err)) {
    fail_msg("%s", err.text);
  }
}

void fixture_set_up(fixture *f) {
  *f = (fixture){.dir = "/tmp/quic_tls.XXXXXX", .judgement = true};
  assert_non_null(mkdtemp(f->dir));
  f->root = pki_root("root");
  for (size_t i = 0; i < 2; i++) {
    char alt_names[64];
    snprintf(alt_names, sizeof alt_names, "DNS:%s", fixture_names[i]);
    f->leaf[i] = pki_leaf(f->root, alt_names);
    snprintf(f->certificate[i], sizeof f->certificate[i], "%s/%zu.pem", f->dir, i);
    snprintf(f->key[i], sizeof f->key[i], "%s/%zu.key", f->dir, i);
    char *pem = pki_chain_pem(f->leaf[i], f->root);
    fixture_write_file(f->certificate[i], pem);
    fixture_write_file(f->key[i], f->leaf[i]->key_pem);
    free(pem);
  }
  f->staple = pki_ocsp(f->leaf[1], f->root, &(pki_ocsp_spec){.status = PKI_GOOD});
  for (size_t i = 0; i < 4; i++) {
    codicil_buf_init(&f->chain[i], NULL, 10000);
  }
  codicil_buf_init(&f->ocsp, NULL, 10000);
}

void fixture_tear_down(fixture *f) {
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

quic_tls *fixture_tls(quic_tls_context *context, quic_side *side, const char *server_name,
                      void *user) {
  quic_tls *tls;
  app_error err = {""};
  if (!quic_tls_new(&tls, context, &side->ref, server_name, user, &err)) {
    fail_msg("%s", err.text);
  }
  return tls;
}

codicil_err fixture_export(quic_tls *tls, uint8_t out[KEY_LEN]) {
  codicil_tls *exporter = NULL;
  codicil_err err = quic_tls_exporter(&exporter, tls);
  return err != CODICIL_OK
             ? err
             : exporter->exporter(exporter->ctx, out, KEY_LEN, label, sizeof label - 1);
}

void visit_begin(visit *v, fixture *f, const quic_other_options *options) {
  quic_pair_init(&v->pair);
  v->server = fixture_tls(f->server, &v->pair.server, NULL, NULL);
  v->client = quic_other_client_new(&v->pair.client.ref, options);
  quic_pair_client(&v->pair, NULL, quic_other_client_native(v->client));
  quic_pair_run(&v->pair, v->server);
}

void visit_again(visit *v, fixture *f, const char *server_name, const codicil_buf *ticket,
                 bool early_data) {
  visit_begin(v, f,
              &(quic_other_options){.server_name = server_name,
                                    .alpn = "h3",
                                    .ticket = codicil_buf_span(ticket),
                                    .early_data = early_data});
}

void visit_end(visit *v) {
  quic_pair_clear(&v->pair);
  quic_tls_free(v->server);
  quic_other_client_free(v->client);
}

void visit_for_ticket(fixture *f, const char *server_name, codicil_buf *out) {
  visit v;
  codicil_buf_reset(out);
  visit_begin(&v, f, &(quic_other_options){.server_name = server_name, .alpn = "h3"});
  assert_true(v.pair.client.is_complete && v.pair.server.is_complete);
  assert_true(quic_other_client_ticket(v.client, out));
  visit_end(&v);
}

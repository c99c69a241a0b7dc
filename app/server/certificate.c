// A certificate that the server can prove: see certificate.h.
#include "server/certificate.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <string.h>

#include "io/file.h"

enum { MAX_PEM_LEN = 1 << 20, MAX_OCSP_LEN = 1 << 15 };
// Of Certificate, CertificateVerify and Finished around the chain, with a signature of RSA-4096.
enum { PROOF_LEN = 4 + 4 + 32 + 4 + 4 + 512 + 4 + 48, ENTRY_LEN = 3 + 2 };

static bool load_credential(server_certificate *c, config_report *report) {
  const config_certificate *config = c->config;
  codicil_buf chain;
  codicil_buf key;
  app_error err;
  codicil_diag diag = {NULL, SIZE_MAX};
  bool ok = false;
  codicil_buf_init(&chain, NULL, MAX_PEM_LEN);
  codicil_buf_init(&key, NULL, MAX_PEM_LEN);
  if (!file_read(&chain, config->file.text, &err)) {
    config_say(report, config->file.mark, false, "%s", err.text);
    goto done;
  }
  if (!file_read(&key, config->key.text, &err)) {
    config_say(report, config->key.mark, false, "%s", err.text);
    goto done;
  }
  codicil_err e = codicil_credential_new(&c->credential, &diag, NULL, codicil_buf_span(&chain),
                                         codicil_buf_span(&key));
  if (e != CODICIL_OK) {
    config_say(report, config->file.mark, false, "%s and %s: %s", config->file.text,
               config->key.text, diag.what ? diag.what : codicil_err_text(e));
    goto done;
  }
  ok = true;
done:
  if (key.data) {
    OPENSSL_cleanse(key.data, key.len);
  }
  codicil_buf_clear(&key);
  codicil_buf_clear(&chain);
  return ok;
}

static bool is_ocsp_response(codicil_span der) {
  const uint8_t *at = der.data;
  OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &at, (long)der.len);
  bool is_one = response && at == der.data + der.len &&
                OCSP_response_status(response) == OCSP_RESPONSE_STATUS_SUCCESSFUL;
  OCSP_RESPONSE_free(response);
  ERR_clear_error();
  return is_one;
}

// A response that nobody could use is a mistake to be told now, not at the clients.
static bool load_ocsp(server_certificate *c, config_report *report) {
  const config_text *path = &c->config->ocsp;
  app_error err;
  if (!path->text) {
    return true;
  }
  if (!file_read(&c->ocsp, path->text, &err)) {
    config_say(report, path->mark, false, "%s", err.text);
    return false;
  }
  codicil_span der = codicil_buf_span(&c->ocsp);
  bool ok =
      is_ocsp_response(der) && codicil_credential_set_ocsp(c->credential, 0, der) == CODICIL_OK;
  if (!ok) {
    config_say(report, path->mark, false, "%s: not a successful OCSP response in DER", path->text);
  }
  return ok;
}

static bool load_identity(server_certificate *c, const char *oid, config_report *report) {
  const config_text *file = &c->config->file;
  codicil_span der = codicil_credential_certificate(c->credential, 0);
  codicil_err e = codicil_identity_new(&c->identity, NULL, der, oid);
  if (e != CODICIL_OK) {
    config_say(report, file->mark, false, "%s: %s", file->text, codicil_err_text(e));
    return false;
  }
  if (codicil_identity_required_state(c->identity) == CODICIL_REQUIRED_INVALID) {
    config_say(report, file->mark, false,
               "%s: its Required Domain does not parse: it would be refused by clients",
               file->text);
    return false;
  }
  server_certificate_find_bits(c);
  return true;
}

// ---- what may prove it
// --------------------------------------------------------------------------------

// One of 64, by FNV-1a.
static uint64_t bit_of(codicil_span name) {
  uint32_t hash = 2166136261;
  for (size_t i = 0; i < name.len; i++) {
    hash = (hash ^ name.data[i]) * 16777619;
  }
  return UINT64_C(1) << (hash >> 26);
}

// A wildcard may be any name, and so may an address, whose forms are many.
static uint64_t find_name_bits(const codicil_identity *identity) {
  uint64_t bits = 0;
  for (size_t i = 0; i < codicil_identity_num_names(identity); i++) {
    const codicil_alt_name *name = codicil_identity_name(identity, i);
    bool is_host = name->type == CODICIL_ALT_DNS && name->dns.len > 0 && name->dns.data[0] != '*';
    bits |= is_host ? bit_of(name->dns) : UINT64_MAX;
  }
  return bits;
}

static uint64_t find_required_bits(const codicil_identity *identity) {
  size_t num = codicil_identity_num_required(identity);
  uint64_t bits = num > 0 ? 0 : UINT64_MAX;
  for (size_t i = 0; i < num; i++) {
    const codicil_required_domain *required = codicil_identity_required(identity, i);
    bits |= required->type == CODICIL_REQUIRED_DNS ? bit_of(required->dns) : UINT64_MAX;
  }
  return bits;
}

// A certificate without names proves what is proven to everybody.
void server_certificate_find_bits(server_certificate *c) {
  uint64_t bits = find_name_bits(c->identity);
  c->name_bits = bits != 0 ? bits : UINT64_MAX;
  c->required_bits = find_required_bits(c->identity);
}

bool server_certificate_load(server_certificate *out, const config_certificate *config,
                             const char *oid, config_report *report) {
  memset(out, 0, sizeof *out);
  out->config = config;
  codicil_buf_init(&out->ocsp, NULL, MAX_OCSP_LEN);
  return load_credential(out, report) && load_ocsp(out, report) && load_identity(out, oid, report);
}

void server_certificate_clear(server_certificate *c) {
  codicil_identity_free(c->identity);
  codicil_credential_free(c->credential);
  codicil_buf_clear(&c->ocsp);
  memset(c, 0, sizeof *c);
}

size_t server_certificate_proof_len(const server_certificate *c) {
  size_t len = PROOF_LEN;
  for (size_t i = 0; i < codicil_credential_num_certificates(c->credential); i++) {
    len += ENTRY_LEN + codicil_credential_certificate(c->credential, i).len;
  }
  return len;
}

bool server_certificate_is_same(const server_certificate *a, const server_certificate *b) {
  return memcmp(codicil_identity_sha256(a->identity), codicil_identity_sha256(b->identity), 32) ==
         0;
}

bool server_certificate_is_listed(const server_certificate *c, const codicil_block_list *list) {
  for (size_t i = 0; i < codicil_credential_num_certificates(c->credential); i++) {
    if (codicil_block_list_has(list, codicil_credential_certificate(c->credential, i))) {
      return true;
    }
  }
  return false;
}

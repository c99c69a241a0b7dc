// The state of one connection: secrets exported once, what the ClientHello offered, contexts used.
#include "connection.h"

#include <openssl/err.h>

#include "limit_values.h"
#include "mem.h"
#include "span.h"

// A list of 16-bit values; a ClientHello's extension block holds no longer one.
static bool list_valid(codicil_span list) {
  return list.len % 2 == 0 && list.len <= 0xffff;
}

static codicil_err copy_hello(codicil_ea *ea, const codicil_tls *tls) {
  size_t len = tls->client_schemes.len + tls->client_cert_schemes.len + tls->client_extensions.len;
  codicil_buf_init(&ea->hello, ea->mem, len);
  codicil_err err = codicil_buf_reserve(&ea->hello, len);
  const codicil_span *from[3] = {&tls->client_schemes, &tls->client_cert_schemes,
                                 &tls->client_extensions};
  codicil_span *to[3] = {&ea->client_hello.schemes, &ea->client_hello.cert_schemes,
                         &ea->client_hello.types};
  for (size_t i = 0; i < 3 && err == CODICIL_OK; i++) {
    size_t start = ea->hello.len;
    err = codicil_buf_append(&ea->hello, *from[i]);
    *to[i] = codicil_span_sub(codicil_buf_span(&ea->hello), start, from[i]->len);
  }
  return err;
}

static codicil_err fill(codicil_ea *ea, const codicil_tls *tls) {
  codicil_err err = codicil_keys_export(&ea->own, tls, tls->is_server);
  if (err == CODICIL_OK) {
    err = codicil_keys_export(&ea->peer, tls, !tls->is_server);
  }
  if (err == CODICIL_OK) {
    err = codicil_transcript_init(&ea->transcript, tls->hash);
  }
  return err == CODICIL_OK ? copy_hello(ea, tls) : err;
}

codicil_err codicil_ea_new(codicil_ea **out, const codicil_mem *mem, const codicil_tls *tls) {
  // RFC 9261 §5.1: not with a suite that has no hash.
  if (tls->exporter == NULL || codicil_hash_len(tls->hash) == 0) {
    return CODICIL_UNSUPPORTED;
  }
  if (!list_valid(tls->client_schemes) || !list_valid(tls->client_cert_schemes) ||
      !list_valid(tls->client_extensions)) {
    return CODICIL_BAD_INPUT;
  }
  codicil_ea *ea = codicil_mem_zalloc(mem, sizeof *ea);
  if (ea == NULL) {
    return CODICIL_NOMEM;
  }
  codicil_limits limits;
  codicil_limits_default(&limits);
  ea->mem = mem;
  ea->is_server = tls->is_server;
  ea->max_len = limits.value[CODICIL_LIMIT_AUTHENTICATOR_LEN];
  ea->max_certificates = limits.value[CODICIL_LIMIT_CHAIN_CERTIFICATES];
  codicil_contexts_init(&ea->contexts, mem);
  codicil_buf_init(&ea->hello, mem, 0);
  codicil_err err = fill(ea, tls);
  ERR_clear_error();
  if (err != CODICIL_OK) {
    codicil_ea_free(ea);
    return err;
  }
  *out = ea;
  return CODICIL_OK;
}

void codicil_ea_free(codicil_ea *ea) {
  if (ea == NULL) {
    return;
  }
  // Signings may outlive the connection; they can only be freed then.
  for (codicil_ea_signing *s = ea->signings; s != NULL; s = s->next) {
    s->ea = NULL;
  }
  codicil_keys_clear(&ea->own);
  codicil_keys_clear(&ea->peer);
  codicil_transcript_clear(&ea->transcript);
  codicil_key_maker_clear(&ea->keys);
  codicil_contexts_clear(&ea->contexts);
  codicil_buf_clear(&ea->hello);
  codicil_mem_free(ea->mem, ea);
}

void codicil_ea_set_limits(codicil_ea *ea, size_t max_len, size_t max_certificates) {
  ea->max_len = max_len;
  ea->max_certificates = max_certificates;
}

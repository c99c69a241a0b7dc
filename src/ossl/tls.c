// A codicil_tls over an SSL: an exporter that refuses when RFC 9261 does, the hash, the role.
#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "client_hello.h"
#include "mem.h"
#include "span.h"

typedef struct ossl_tls {
  codicil_tls tls; // first: the public pointer is to it
  SSL *ssl;
  codicil_buf offer; // a copy: another handshake on the SSL replaces what that keeps
} ossl_tls;

// OpenSSL exports as soon as it has the secrets, on a server before the client's Finished is read.
//= https://www.rfc-editor.org/rfc/rfc9261#section-9
//# servers MUST verify the client Finished before sending an EA or processing a received EA
static codicil_err check_ready(const SSL *ssl) {
  if (!SSL_is_init_finished(ssl)) {
    return CODICIL_NOT_READY;
  }
  switch (SSL_version(ssl)) {
  case TLS1_3_VERSION:
    return CODICIL_OK;
  case TLS1_2_VERSION:
    // SSL_get_extms_support is a macro over a function that takes the SSL for more than reading.
    return SSL_get_extms_support((SSL *)(uintptr_t)ssl) == 1 ? CODICIL_OK : CODICIL_UNSUPPORTED;
  default:
    return CODICIL_UNSUPPORTED;
  }
}

// The authenticator hash (RFC 9261 §5.1): of the suite in TLS 1.3, of the PRF in TLS 1.2.
static codicil_err find_hash(codicil_hash *out, const SSL *ssl) {
  const SSL_CIPHER *suite = SSL_get_current_cipher(ssl);
  const EVP_MD *md = suite != NULL ? SSL_CIPHER_get_handshake_digest(suite) : NULL;
  switch (md != NULL ? EVP_MD_get_type(md) : NID_undef) {
  case NID_sha256:
  case NID_md5_sha1: // of suites older than TLS 1.2, in which their PRF has SHA-256 (RFC 5246 §5)
    *out = CODICIL_HASH_SHA256;
    return CODICIL_OK;
  case NID_sha384:
    *out = CODICIL_HASH_SHA384;
    return CODICIL_OK;
  default:
    return CODICIL_UNSUPPORTED;
  }
}

static codicil_err export_key(void *ctx, uint8_t *out, size_t out_len, const char *label,
                              size_t label_len) {
  const ossl_tls *tls = ctx;
  codicil_err err = check_ready(tls->ssl);
  if (err != CODICIL_OK) {
    return err;
  }
  ERR_set_mark();
  static const unsigned char no_context[1];
  int ok = SSL_export_keying_material(tls->ssl, out, out_len, label, label_len, no_context, 0, 1);
  ERR_pop_to_mark();
  return ok == 1 ? CODICIL_OK : CODICIL_CRYPTO;
}

// Copies one list into the room that was reserved, and returns where it is.
static codicil_span keep(ossl_tls *tls, codicil_span list) {
  size_t start = tls->offer.len;
  (void)!codicil_buf_append(&tls->offer, list);
  return codicil_span_sub(codicil_buf_span(&tls->offer), start, list.len);
}

static codicil_err keep_offer(ossl_tls *tls, const codicil_client_offer *offer) {
  size_t len = offer->schemes.len + offer->cert_schemes.len + offer->extensions.len;
  codicil_buf_init(&tls->offer, NULL, len);
  codicil_err err = codicil_buf_reserve(&tls->offer, len);
  if (err == CODICIL_OK) {
    tls->tls.client_schemes = keep(tls, offer->schemes);
    tls->tls.client_cert_schemes = keep(tls, offer->cert_schemes);
    tls->tls.client_extensions = keep(tls, offer->extensions);
  }
  return err;
}

codicil_err codicil_ossl_tls_new(codicil_tls **out, SSL *ssl) {
  codicil_hash hash;
  codicil_client_offer offer;
  codicil_err err = check_ready(ssl);
  if (err == CODICIL_OK) {
    err = find_hash(&hash, ssl);
  }
  if (err != CODICIL_OK) {
    return err;
  }
  if (!client_offer_of(ssl, &offer)) {
    return CODICIL_USAGE;
  }
  ossl_tls *tls = codicil_mem_zalloc(NULL, sizeof *tls);
  if (tls == NULL) {
    return CODICIL_NOMEM;
  }
  tls->ssl = ssl;
  tls->tls = (codicil_tls){
      .ctx = tls, .exporter = export_key, .hash = hash, .is_server = SSL_is_server(ssl) == 1};
  err = keep_offer(tls, &offer);
  if (err != CODICIL_OK) {
    codicil_ossl_tls_free(&tls->tls);
    return err;
  }
  *out = &tls->tls;
  return CODICIL_OK;
}

void codicil_ossl_tls_free(codicil_tls *tls) {
  if (tls != NULL) {
    ossl_tls *own = tls->ctx;
    codicil_buf_clear(&own->offer);
    codicil_mem_free(NULL, own);
  }
}

static bool fill(void *ctx, uint8_t *out, size_t len) {
  (void)ctx;
  ERR_set_mark();
  bool ok = len <= INT_MAX && RAND_bytes(out, (int)len) == 1;
  ERR_pop_to_mark();
  return ok;
}

codicil_random codicil_ossl_random(void) {
  return (codicil_random){NULL, fill};
}

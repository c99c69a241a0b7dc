// Exported secrets: see keys.h.
#include "keys.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include "span.h"

typedef enum secret_kind { HANDSHAKE_CONTEXT, FINISHED_KEY } secret_kind;

//= https://www.rfc-editor.org/rfc/rfc9261#section-5.1
//# These values use different labels depending on the role of the sender:
static const char *const labels[2][2] = {
    [HANDSHAKE_CONTEXT] = {"EXPORTER-client authenticator handshake context",
                           "EXPORTER-server authenticator handshake context"},
    [FINISHED_KEY] = {"EXPORTER-client authenticator finished key",
                      "EXPORTER-server authenticator finished key"},
};

//= https://www.rfc-editor.org/rfc/rfc9261#section-5.1
//# The length of the exported value is equal to the length of the output
//# of the hash function associated with the selected cipher suite (for
//# TLS 1.3) or the hash function used for the pseudorandom function
//# (PRF) (for (D)TLS 1.2).
static codicil_err export_one(codicil_secret *out, const codicil_tls *tls, secret_kind kind,
                              bool sender_is_server) {
  const char *label = labels[kind][sender_is_server];
  out->len = codicil_hash_len(tls->hash);
  return tls->exporter(tls->ctx, out->octets, out->len, label, codicil_span_str(label).len);
}

// RFC 9261 §5.2.3: the exported value is the HMAC key itself, with no further derivation.
static EVP_MAC_CTX *keyed_hmac(const codicil_secret *key, codicil_hash hash) {
  EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
  EVP_MAC_CTX *ctx = mac != NULL ? EVP_MAC_CTX_new(mac) : NULL;
  EVP_MAC_free(mac);
  char name[8] = {0};
  OPENSSL_strlcpy(name, codicil_hash_name(hash), sizeof name);
  const OSSL_PARAM params[] = {OSSL_PARAM_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 6),
                               OSSL_PARAM_END};
  if (ctx == NULL || EVP_MAC_init(ctx, key->octets, key->len, params) != 1) {
    EVP_MAC_CTX_free(ctx);
    return NULL;
  }
  return ctx;
}

codicil_err codicil_keys_export(codicil_keys *out, const codicil_tls *tls, bool sender_is_server) {
  codicil_keys keys = {.mac = NULL};
  codicil_secret finished_key = {.len = 0};
  codicil_err err = export_one(&keys.handshake_context, tls, HANDSHAKE_CONTEXT, sender_is_server);
  if (err == CODICIL_OK) {
    err = export_one(&finished_key, tls, FINISHED_KEY, sender_is_server);
  }
  if (err == CODICIL_OK) {
    keys.mac = keyed_hmac(&finished_key, tls->hash);
    keys.mac_len = finished_key.len;
    err = keys.mac != NULL ? CODICIL_OK : CODICIL_CRYPTO;
  }
  if (err == CODICIL_OK) {
    *out = keys;
  }
  codicil_secret_clear(&finished_key);
  codicil_secret_clear(&keys.handshake_context);
  return err;
}

void codicil_keys_clear(codicil_keys *keys) {
  codicil_secret_clear(&keys->handshake_context);
  EVP_MAC_CTX_free(keys->mac);
  keys->mac = NULL;
}

bool codicil_keys_finished(codicil_keys *keys, uint8_t out[CODICIL_HASH_MAX],
                           codicil_span transcript_hash) {
  size_t len = 0;
  // Without a key the context begins anew with the one that it has.
  return EVP_MAC_init(keys->mac, NULL, 0, NULL) == 1 &&
         EVP_MAC_update(keys->mac, transcript_hash.data, transcript_hash.len) == 1 &&
         EVP_MAC_final(keys->mac, out, &len, CODICIL_HASH_MAX) == 1 && len == keys->mac_len;
}

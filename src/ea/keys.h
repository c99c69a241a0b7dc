// The two secrets of one direction: Handshake Context and Finished MAC Key (RFC 9261 §5.1).
#ifndef CODICIL_EA_KEYS_H
#define CODICIL_EA_KEYS_H

#include <openssl/evp.h>

#include "codicil/ea.h"
#include "secret.h"
#include "transcript.h"

typedef struct codicil_keys {
  codicil_secret handshake_context;
  EVP_MAC_CTX *mac; // keyed with the Finished MAC Key once
  size_t mac_len;
} codicil_keys;

// Exports the secrets of authenticators sent by the server, or by the client. Returns what the
// exporter returned where it refuses, or CODICIL_CRYPTO. The zero state is safe to clear.
CODICIL_MUST_USE codicil_err codicil_keys_export(codicil_keys *out, const codicil_tls *tls,
                                                 bool sender_is_server);
void codicil_keys_clear(codicil_keys *keys);
// Writes verify_data for a transcript hash.
CODICIL_MUST_USE bool codicil_keys_finished(codicil_keys *keys, uint8_t out[CODICIL_HASH_MAX],
                                            codicil_span transcript_hash);

#endif

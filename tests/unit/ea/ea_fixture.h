// A TLS connection that is none: an exporter with fixed secrets, and both ends' codicil_ea on it.
#ifndef CODICIL_TESTS_EA_FIXTURE_H
#define CODICIL_TESTS_EA_FIXTURE_H

#include "codicil/ea.h"
#include "ea_forge.h"
#include "pki_fixture.h"

// What the fake exporter answers, and what it was asked.
typedef struct fake_exporter {
  const char *seed;    // two connections with different seeds have different secrets
  codicil_err refusal; // CODICIL_OK: it exports
  size_t refuse_from;  // the call that is refused first, from 0
  size_t num_calls;
  char labels[8][64];
  size_t lens[8];
} fake_exporter;

// What the client of the fixture offers: every scheme of TLS 1.3, some that it forbids, and
// status_request and signed_certificate_timestamp among its extensions.
codicil_span all_schemes(void);
codicil_span all_extensions(void);

codicil_tls fake_tls(fake_exporter *exporter, codicil_hash hash, bool is_server);

// Both ends of one connection.
typedef struct ea_pair {
  fake_exporter exporter;
  codicil_ea *client, *server;
} ea_pair;

void pair_init(ea_pair *pair, codicil_hash hash);
// Frees both, and fails where OpenSSL's error queue is not empty.
void pair_clear(ea_pair *pair);

// A credential from an end entity of `alg` below a root of the same.
typedef struct ea_identity {
  pki_cert *root, *leaf;
  char *chain_pem; // end entity and root
  codicil_credential *credential;
} ea_identity;
void identity_init(ea_identity *identity, const char *alg);
void identity_clear(ea_identity *identity);

// A buffer with the library's default limit.
codicil_buf new_buf(void);
// A context of 16 octets `fill`; static, valid until the fourth call after.
codicil_span context_of(uint8_t fill);
// Appends a request by `asker` for every scheme, OCSP and SCTs.
void ask(codicil_ea *asker, codicil_buf *out, codicil_span context);
// As ask, with the schemes given.
void ask_for(codicil_ea *asker, codicil_buf *out, codicil_span context, const uint16_t *schemes,
             size_t num);

// A forgery with the secrets of the pair's connection and nothing else filled in.
forgery forgery_of(const ea_pair *pair, codicil_hash hash, bool from_server);
// A certificate_list of one entry with these extensions.
codicil_buf entry_of(const pki_cert *cert, codicil_span extensions);
// Verifies an exact copy and says what came of it; no proof is kept.
codicil_err check(codicil_ea *verifier, const char **out_what, codicil_span authenticator,
                  codicil_span request);
// Fails unless verifying gives this error for this reason ("" with CODICIL_OK).
void expect(codicil_ea *verifier, const codicil_buf *authenticator, codicil_span request,
            codicil_err err, const char *what);

#endif

// A certificate that the server can prove: its chain, its key, its staple.
#ifndef APP_SERVER_CERTIFICATE_H
#define APP_SERVER_CERTIFICATE_H

#include "codicil/ea.h"
#include "codicil/x509.h"
#include "server/config.h"

typedef struct server_certificate {
  const config_certificate *config; // borrowed
  codicil_credential *credential;
  codicil_identity *identity; // NULL where it did not load
  codicil_buf ocsp;           // the response to staple; empty where there is none
  // Of the names that it has, and of those that could prove its Required Domain: see
  // server_certificate_may_prove.
  uint64_t name_bits, required_bits;
} server_certificate;

// Loads what `config` (borrowed for its life) names; mistakes go to `report`. A Required Domain
// that does not parse is one: clients refuse the certificate. False: there was a mistake; what was
// loaded before it waits for server_certificate_clear.
CODICIL_MUST_USE bool server_certificate_load(server_certificate *out,
                                              const config_certificate *config, const char *oid,
                                              config_report *report);
void server_certificate_clear(server_certificate *certificate);

// Finds the bits of a certificate with an identity; server_certificate_load has done that.
void server_certificate_find_bits(server_certificate *certificate);
// False: `by` proves no Required Domain of `wanted`. Quick, for there may be thousands of glue;
// true says nothing.
static inline bool server_certificate_may_prove(const server_certificate *by,
                                                const server_certificate *wanted) {
  return (by->name_bits & wanted->required_bits) != 0;
}

// Octets of the longest authenticator that proves it, staples apart.
size_t server_certificate_proof_len(const server_certificate *certificate);
bool server_certificate_is_same(const server_certificate *a, const server_certificate *b);
// Tells whether a certificate of the chain is listed by key or serial number.
bool server_certificate_is_listed(const server_certificate *certificate,
                                  const codicil_block_list *list);

#endif

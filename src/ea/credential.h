// A certificate chain with its key, encoded once for all the authenticators that will carry it.
#ifndef CODICIL_EA_CREDENTIAL_H
#define CODICIL_EA_CREDENTIAL_H

#include <openssl/x509.h>
#include <stdatomic.h>

#include "cert_signature.h"
#include "codicil/ea.h"
#include "offer.h"
#include "scheme.h"

// A certificate of the chain.
typedef struct codicil_link {
  X509 *x509;
  codicil_buf der;
  codicil_buf ocsp;
  codicil_buf scts;
  codicil_cert_signature signature;
} codicil_link;

// The certificate_list, by which staples may be in it.
enum { CODICIL_WITH_OCSP = 1, CODICIL_WITH_SCTS = 2, CODICIL_NUM_LISTS = 4 };

struct codicil_credential {
  const codicil_mem *mem;
  atomic_size_t refs;
  EVP_PKEY *key; // NULL where it is elsewhere
  codicil_key_type key_type;
  size_t signature_len; // at most
  codicil_link *chain;
  size_t num, cap;
  unsigned staples; // CODICIL_WITH_… that it has
  codicil_buf lists[CODICIL_NUM_LISTS];
};

// Returns the certificate_list with the staples that it has and `offer` allows.
codicil_span codicil_credential_list(const codicil_credential *credential,
                                     const codicil_offer *offer);
// Chooses the scheme to sign with; NULL where the peer offered none that the key can make, or none
// for a signature in the chain.
const codicil_scheme *codicil_credential_choose(const codicil_credential *credential,
                                                const codicil_offer *offer);

#endif

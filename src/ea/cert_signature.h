// Which SignatureSchemes stand for the signature on a certificate.
#ifndef CODICIL_EA_CERT_SIGNATURE_H
#define CODICIL_EA_CERT_SIGNATURE_H

#include <openssl/x509.h>

#include "codicil/ea.h"

// Up to two: RSASSA-PSS does not tell an rsaEncryption issuer from an id-RSASSA-PSS one. Zero is
// none.
typedef struct codicil_cert_signature {
  uint16_t schemes[2];
  bool self_signed;
} codicil_cert_signature;

codicil_cert_signature codicil_cert_signature_of(X509 *certificate);
// Tells whether a peer that offered `schemes` for certificates can take this signature.
bool codicil_cert_signature_allowed(const codicil_cert_signature *signature, codicil_span schemes);

#endif

// End entities with nothing unusual in them, below an issuer whose path is known already.
//
// OpenSSL 3.0 takes longer to decode a certificate's key than to verify a signature. Most end
// entities differ from the last one of the same issuer in name, key and time only; for those what
// RFC 5280 §6 asks of the last certificate of a path is checked here, on its own octets. This
// says yes or nothing: whatever is not plain goes the long way (path.h), which may still say yes.
#ifndef CODICIL_X509_PLAIN_LEAF_H
#define CODICIL_X509_PLAIN_LEAF_H

#include <openssl/x509.h>

#include "cert_fields.h"

// Tells whether a certificate may be judged so: version 3, a key and a signature algorithm of at
// least 112 bits, for serverAuth and digital signatures, no CA, only dNSNames and iPAddresses, no
// critical extension beyond these, none that OpenSSL would read and is not read here. That its
// public key is one (a point on the curve) is found out by who verifies with it.
bool codicil_leaf_is_plain(const codicil_cert_fields *leaf);
// Tells whether `issuer` issued a plain `leaf`: names, key identifiers, signature.
bool codicil_plain_leaf_is_issued_by(const codicil_cert_fields *leaf, X509 *issuer);

#endif

// What the receiver of an authenticator allows it to hold: said by the request where there is one,
// else by the ClientHello. Prover and verifier read it through the same functions.
#ifndef CODICIL_EA_OFFER_H
#define CODICIL_EA_OFFER_H

#include "codicil/ea.h"

typedef struct codicil_offer {
  codicil_span schemes;      // signature_algorithms
  codicil_span cert_schemes; // signature_algorithms_cert; empty if absent
  codicil_span types;        // extension types of a ClientHello, big-endian 16-bit
  codicil_span extensions;   // or the extensions of a request, encoded
} codicil_offer;

// Tells whether an entry may carry an extension of that type.
bool codicil_offer_has(const codicil_offer *offer, uint16_t type);
// Returns the schemes that signatures in certificates may use (RFC 8446 §4.2.3: without
// signature_algorithms_cert, signature_algorithms speaks for both).
codicil_span codicil_offer_cert_schemes(const codicil_offer *offer);

#endif

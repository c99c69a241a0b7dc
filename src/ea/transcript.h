// The authenticator transcript: one running hash of Handshake Context, request, Certificate and
// CertificateVerify (RFC 9261 §5.2.2, §5.2.3).
//
// Messages are hashed exactly as they go over the wire, handshake headers included, and never
// encoded a second time to be hashed.
#ifndef CODICIL_EA_TRANSCRIPT_H
#define CODICIL_EA_TRANSCRIPT_H

#include <openssl/evp.h>

#include "codicil/ea.h"

enum { CODICIL_HASH_MAX = 48 };

// Returns the octets of a hash, 0 for one that is not known.
size_t codicil_hash_len(codicil_hash hash);
// Returns OpenSSL's name of it.
const char *codicil_hash_name(codicil_hash hash);

typedef struct codicil_transcript {
  EVP_MD *md; // fetched once: fetching by name for each hash costs as much as a short hash
  EVP_MD_CTX *running;
  EVP_MD_CTX *scratch;
} codicil_transcript;

CODICIL_MUST_USE codicil_err codicil_transcript_init(codicil_transcript *t, codicil_hash hash);
// Takes over the state of `from`, for a signature that is made elsewhere.
CODICIL_MUST_USE codicil_err codicil_transcript_dup(codicil_transcript *t,
                                                    const codicil_transcript *from);
void codicil_transcript_clear(codicil_transcript *t);
// Begins anew. `request` is the whole message as sent, empty where there is none.
CODICIL_MUST_USE bool codicil_transcript_start(codicil_transcript *t,
                                               codicil_span handshake_context,
                                               codicil_span request);
CODICIL_MUST_USE bool codicil_transcript_add(codicil_transcript *t, codicil_span octets);
// Writes the hash of what was added so far; more may be added after.
CODICIL_MUST_USE bool codicil_transcript_hash(codicil_transcript *t, uint8_t out[CODICIL_HASH_MAX]);

#endif

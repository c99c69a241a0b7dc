// The authenticator transcript: see transcript.h.
#include "transcript.h"

size_t codicil_hash_len(codicil_hash hash) {
  switch (hash) {
  case CODICIL_HASH_SHA256:
    return 32;
  case CODICIL_HASH_SHA384:
    return 48;
  }
  return 0;
}

const char *codicil_hash_name(codicil_hash hash) {
  return hash == CODICIL_HASH_SHA384 ? "SHA384" : "SHA256";
}

static codicil_err make_contexts(codicil_transcript *t) {
  t->running = EVP_MD_CTX_new();
  t->scratch = EVP_MD_CTX_new();
  if (t->md == NULL || t->running == NULL || t->scratch == NULL) {
    codicil_transcript_clear(t);
    return CODICIL_CRYPTO;
  }
  return CODICIL_OK;
}

codicil_err codicil_transcript_init(codicil_transcript *t, codicil_hash hash) {
  t->md = EVP_MD_fetch(NULL, codicil_hash_name(hash), NULL);
  return make_contexts(t);
}

codicil_err codicil_transcript_dup(codicil_transcript *t, const codicil_transcript *from) {
  t->md = EVP_MD_up_ref(from->md) == 1 ? from->md : NULL;
  codicil_err err = make_contexts(t);
  if (err == CODICIL_OK && EVP_MD_CTX_copy_ex(t->running, from->running) != 1) {
    codicil_transcript_clear(t);
    err = CODICIL_CRYPTO;
  }
  return err;
}

void codicil_transcript_clear(codicil_transcript *t) {
  EVP_MD_CTX_free(t->running);
  EVP_MD_CTX_free(t->scratch);
  EVP_MD_free(t->md);
  *t = (codicil_transcript){NULL, NULL, NULL};
}

bool codicil_transcript_start(codicil_transcript *t, codicil_span handshake_context,
                              codicil_span request) {
  return EVP_DigestInit_ex2(t->running, t->md, NULL) == 1 &&
         codicil_transcript_add(t, handshake_context) && codicil_transcript_add(t, request);
}

bool codicil_transcript_add(codicil_transcript *t, codicil_span octets) {
  return octets.len == 0 || EVP_DigestUpdate(t->running, octets.data, octets.len) == 1;
}

bool codicil_transcript_hash(codicil_transcript *t, uint8_t out[CODICIL_HASH_MAX]) {
  if (EVP_MD_CTX_copy_ex(t->scratch, t->running) != 1) {
    // OpenSSL 3.5 leaves a target that has a digest and no state, and copies into that next time.
    (void)EVP_MD_CTX_reset(t->scratch);
    return false;
  }
  return EVP_DigestFinal_ex(t->scratch, out, NULL) == 1;
}

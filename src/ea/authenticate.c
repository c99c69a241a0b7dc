// "authenticate" (RFC 9261 §7.3): making authenticators, full and empty, at once or in two steps.
//
// Both ways are one: prepare chooses and hashes all that comes before the signature, assemble
// writes what was chosen with the signature and Finished after it.
#include <openssl/err.h>

#include "connection.h"
#include "credential.h"
#include "extension.h"
#include "mem.h"
#include "request.h"
#include "span.h"

// ---- what to prove, and how -------------------------------------------------------------------

// What an authenticator answers, and what may be in it.
typedef struct occasion {
  codicil_span context;
  codicil_offer offer;
} occasion;

static codicil_err answer_request(occasion *out, const codicil_ea *ea, codicil_span request) {
  codicil_ea_request_info info;
  codicil_offer offer;
  // A server answers clients, and a client servers: the message type tells who asked.
  if (!codicil_request_parse(&info, &offer, request) || info.from_client != ea->is_server) {
    return CODICIL_MALFORMED;
  }
  *out = (occasion){info.context, offer};
  return CODICIL_OK;
}

//= https://www.rfc-editor.org/rfc/rfc9261#section-5
//# Clients MUST NOT send an authenticator
//# without a preceding authenticator request
//
//= https://www.rfc-editor.org/rfc/rfc9261#section-5.2.1
//# If no authenticator request is provided, the
//# certificate_request_context can be chosen arbitrarily but MUST be
//# unique within the scope of the connection and be unpredictable to the
//# peer.
static codicil_err speak_unasked(occasion *out, const codicil_ea *ea, codicil_span context) {
  if (!ea->is_server || context.len == 0 || context.len > CODICIL_CONTEXT_MAX) {
    return CODICIL_USAGE;
  }
  *out = (occasion){context, ea->client_hello};
  return CODICIL_OK;
}

//= https://www.rfc-editor.org/rfc/rfc9261#section-5.2
//# If the peer populating the certificate_request_context field in an
//# authenticator's Certificate message has already created or correctly
//# validated an authenticator with the same value, then no authenticator
//# should be constructed.
static codicil_err find_occasion(occasion *out, codicil_ea *ea, codicil_span request,
                                 codicil_span context) {
  if (request.len != 0 && context.len != 0) {
    return CODICIL_USAGE;
  }
  codicil_err err =
      request.len != 0 ? answer_request(out, ea, request) : speak_unasked(out, ea, context);
  if (err != CODICIL_OK) {
    return err;
  }
  if (codicil_contexts_state(&ea->contexts, out->context) != CODICIL_CONTEXT_NEW) {
    return CODICIL_USAGE;
  }
  return codicil_contexts_reserve(&ea->contexts, out->context);
}

// Hashes Handshake Context, request and Certificate into the connection's transcript.
static bool hash_certificate(codicil_ea *ea, codicil_span request,
                             const codicil_certificate_head *head, codicil_span list,
                             uint8_t out[CODICIL_HASH_MAX]) {
  return codicil_transcript_start(&ea->transcript, codicil_secret_span(&ea->own.handshake_context),
                                  request) &&
         codicil_transcript_add(&ea->transcript, codicil_span_of(head->octets, head->len)) &&
         codicil_transcript_add(&ea->transcript, list) &&
         codicil_transcript_hash(&ea->transcript, out);
}

//= https://www.rfc-editor.org/rfc/rfc9261#section-5.2.2
//# If an authenticator request is present, the signature algorithm MUST be chosen
//# from one of the signature schemes present in the "signature_algorithms"
//
//= https://www.rfc-editor.org/rfc/rfc9261#section-5.2.2
//# Otherwise, with spontaneous server authentication, the signature algorithm used MUST be chosen
//# from the "signature_algorithms" sent by the peer in the ClientHello of the (D)TLS
//# handshake.
//
//= https://www.rfc-editor.org/rfc/rfc9261#section-5.2.2
//# If there are no available signature algorithms, then no
//# authenticator should be constructed.
static codicil_err prepare(codicil_ea_signing *s, codicil_ea *ea,
                           const codicil_credential *credential, codicil_span request,
                           codicil_span context) {
  occasion why;
  codicil_err err = find_occasion(&why, ea, request, context);
  if (err != CODICIL_OK) {
    return err;
  }
  s->ea = ea;
  s->scheme = codicil_credential_choose(credential, &why.offer);
  if (s->scheme == NULL) {
    return CODICIL_NO_SCHEME;
  }
  s->list = codicil_credential_list(credential, &why.offer);
  codicil_certificate_head_build(&s->head, why.context, s->list.len);
  s->context = codicil_span_sub(codicil_span_of(s->head.octets, s->head.len), 5, why.context.len);
  uint8_t hash[CODICIL_HASH_MAX];
  if (!hash_certificate(ea, request, &s->head, s->list, hash)) {
    return CODICIL_CRYPTO;
  }
  codicil_tbs_build(&s->tbs, codicil_span_of(hash, ea->own.mac_len));
  return CODICIL_OK;
}

// ---- writing it -------------------------------------------------------------------------------

// Adds CertificateVerify to the transcript and computes Finished over it.
static bool finish_transcript(codicil_ea *ea, codicil_transcript *transcript, codicil_span head,
                              codicil_span signature, uint8_t out_mac[CODICIL_HASH_MAX]) {
  uint8_t hash[CODICIL_HASH_MAX];
  return codicil_transcript_add(transcript, head) &&
         codicil_transcript_add(transcript, signature) &&
         codicil_transcript_hash(transcript, hash) &&
         codicil_keys_finished(&ea->own, out_mac, codicil_span_of(hash, ea->own.mac_len));
}

static codicil_err assemble(const codicil_ea_signing *s, codicil_transcript *transcript,
                            codicil_buf *out, codicil_span signature) {
  uint8_t verify_head[CODICIL_CERTIFICATE_VERIFY_HEAD_LEN];
  uint8_t finished_head[CODICIL_FINISHED_HEAD_LEN];
  uint8_t mac[CODICIL_HASH_MAX];
  codicil_certificate_verify_head_build(verify_head, s->scheme->code, signature.len);
  codicil_finished_head_build(finished_head, s->ea->own.mac_len);
  const codicil_span parts[] = {
      codicil_span_of(s->head.octets, s->head.len),
      s->list,
      codicil_span_of(verify_head, sizeof verify_head),
      signature,
      codicil_span_of(finished_head, sizeof finished_head),
      codicil_span_of(mac, s->ea->own.mac_len),
  };
  enum { NUM_PARTS = sizeof parts / sizeof parts[0] };
  size_t len = 0;
  for (size_t i = 0; i < NUM_PARTS; i++) {
    len += parts[i].len;
  }
  codicil_err err = codicil_buf_reserve(out, len);
  if (err != CODICIL_OK) {
    return err;
  }
  if (!finish_transcript(s->ea, transcript, parts[2], signature, mac)) {
    return CODICIL_CRYPTO;
  }
  for (size_t i = 0; i < NUM_PARTS && err == CODICIL_OK; i++) {
    err = codicil_buf_append(out, parts[i]);
  }
  return err;
}

// ---- with a key that is here ------------------------------------------------------------------

static codicil_err sign_now(codicil_ea_signing *s, codicil_buf *out, EVP_PKEY *key) {
  uint8_t signature[CODICIL_SIGNATURE_MAX];
  size_t len;
  codicil_err err =
      codicil_signature_make(signature, &len, key, s->scheme, codicil_tbs_span(&s->tbs));
  if (err == CODICIL_OK) {
    err = assemble(s, &s->ea->transcript, out, codicil_span_of(signature, len));
  }
  if (err == CODICIL_OK) {
    codicil_contexts_set(&s->ea->contexts, s->context, CODICIL_CONTEXT_SPENT);
  }
  return err;
}

codicil_err codicil_ea_authenticate(codicil_ea *ea, codicil_buf *out,
                                    const codicil_credential *credential, codicil_span request,
                                    codicil_span context) {
  if (credential->key == NULL) {
    return CODICIL_USAGE;
  }
  codicil_ea_signing s;
  codicil_err err = prepare(&s, ea, credential, request, context);
  if (err == CODICIL_OK) {
    err = sign_now(&s, out, credential->key);
  }
  ERR_clear_error();
  return err;
}

// ---- the empty authenticator ------------------------------------------------------------------

//= https://www.rfc-editor.org/rfc/rfc9261#section-6
//# This message is an HMAC over the hashed authenticator
//# transcript with a Certificate message containing no CertificateEntries
//# and the CertificateVerify message omitted.
static codicil_err write_empty(codicil_ea *ea, codicil_buf *out, codicil_span request,
                               codicil_span context) {
  codicil_certificate_head certificate;
  uint8_t hash[CODICIL_HASH_MAX];
  uint8_t mac[CODICIL_HASH_MAX];
  uint8_t head[CODICIL_FINISHED_HEAD_LEN];
  size_t len = ea->own.mac_len;
  codicil_certificate_head_build(&certificate, context, 0);
  codicil_finished_head_build(head, len);
  codicil_err err = codicil_buf_reserve(out, sizeof head + len);
  if (err != CODICIL_OK) {
    return err;
  }
  if (!hash_certificate(ea, request, &certificate, codicil_span_of(NULL, 0), hash) ||
      !codicil_keys_finished(&ea->own, mac, codicil_span_of(hash, len))) {
    return CODICIL_CRYPTO;
  }
  err = codicil_buf_append(out, codicil_span_of(head, sizeof head));
  return err == CODICIL_OK ? codicil_buf_append(out, codicil_span_of(mac, len)) : err;
}

codicil_err codicil_ea_decline(codicil_ea *ea, codicil_buf *out, codicil_span request) {
  occasion why;
  if (request.len == 0) {
    return CODICIL_USAGE;
  }
  codicil_err err = find_occasion(&why, ea, request, codicil_span_of(NULL, 0));
  if (err == CODICIL_OK) {
    err = write_empty(ea, out, request, why.context);
  }
  if (err == CODICIL_OK) {
    codicil_contexts_set(&ea->contexts, why.context, CODICIL_CONTEXT_SPENT);
  }
  ERR_clear_error();
  return err;
}

// ---- with a signer elsewhere ------------------------------------------------------------------

static void link_signing(codicil_ea_signing *s) {
  s->next = s->ea->signings;
  if (s->next != NULL) {
    s->next->prev = s;
  }
  s->ea->signings = s;
}

static void unlink_signing(codicil_ea_signing *s) {
  if (s->prev != NULL) {
    s->prev->next = s->next;
  } else {
    s->ea->signings = s->next;
  }
  if (s->next != NULL) {
    s->next->prev = s->prev;
  }
  s->ea = NULL;
}

static codicil_err begin(codicil_ea_signing *s, codicil_ea *ea,
                         const codicil_credential *credential, codicil_span request,
                         codicil_span context) {
  codicil_err err = prepare(s, ea, credential, request, context);
  return err == CODICIL_OK ? codicil_transcript_dup(&s->transcript, &ea->transcript) : err;
}

codicil_err codicil_ea_begin(codicil_ea *ea, codicil_ea_signing **out,
                             codicil_credential *credential, codicil_span request,
                             codicil_span context) {
  codicil_ea_signing *s = codicil_mem_zalloc(ea->mem, sizeof *s);
  if (s == NULL) {
    return CODICIL_NOMEM;
  }
  codicil_err err = begin(s, ea, credential, request, context);
  ERR_clear_error();
  if (err != CODICIL_OK) {
    codicil_mem_free(ea->mem, s);
    return err;
  }
  s->mem = ea->mem;
  s->credential = codicil_credential_ref(credential);
  link_signing(s);
  // Spoken for from now on, so that no second one begins with the same.
  codicil_contexts_set(&ea->contexts, s->context, CODICIL_CONTEXT_SPENT);
  *out = s;
  return CODICIL_OK;
}

uint16_t codicil_ea_signing_scheme(const codicil_ea_signing *signing) {
  return signing->scheme->code;
}

codicil_span codicil_ea_signing_tbs(const codicil_ea_signing *signing) {
  return codicil_tbs_span(&signing->tbs);
}

const codicil_credential *codicil_ea_signing_credential(const codicil_ea_signing *signing) {
  return signing->credential;
}

codicil_err codicil_ea_signing_sign(codicil_ea_signing *signing, codicil_buf *out_signature) {
  if (signing->credential->key == NULL) {
    return CODICIL_USAGE;
  }
  uint8_t signature[CODICIL_SIGNATURE_MAX];
  size_t len;
  codicil_err err = codicil_signature_make(signature, &len, signing->credential->key,
                                           signing->scheme, codicil_tbs_span(&signing->tbs));
  ERR_clear_error();
  return err == CODICIL_OK ? codicil_buf_append(out_signature, codicil_span_of(signature, len))
                           : err;
}

codicil_err codicil_ea_finish(codicil_ea_signing *signing, codicil_buf *out,
                              codicil_span signature) {
  if (signing->ea == NULL) {
    return CODICIL_USAGE;
  }
  if (signature.len == 0 || signature.len > CODICIL_SIGNATURE_MAX) {
    return CODICIL_BAD_INPUT;
  }
  // A copy, so that what failed may be tried again with the transcript up to Certificate.
  codicil_transcript transcript;
  codicil_err err = codicil_transcript_dup(&transcript, &signing->transcript);
  if (err == CODICIL_OK) {
    err = assemble(signing, &transcript, out, signature);
    codicil_transcript_clear(&transcript);
  }
  ERR_clear_error();
  if (err == CODICIL_OK) {
    unlink_signing(signing);
  }
  return err;
}

void codicil_ea_signing_free(codicil_ea_signing *signing) {
  if (signing == NULL) {
    return;
  }
  if (signing->ea != NULL) {
    // Nothing was made, so the request may still be declined.
    codicil_contexts_set(&signing->ea->contexts, signing->context, CODICIL_CONTEXT_NEW);
    unlink_signing(signing);
  }
  codicil_transcript_clear(&signing->transcript);
  codicil_credential_free(signing->credential);
  codicil_mem_free(signing->mem, signing);
}

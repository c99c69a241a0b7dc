// "validate" (RFC 9261 §7.4): parse and bounds, then what was allowed, then Finished, then the
// signature; the cheapest first. The certificate itself is judged elsewhere.
#include <openssl/err.h>
#include <string.h>

#include "connection.h"
#include "err.h"
#include "mem.h"
#include "proof.h"
#include "request.h"
#include "span.h"

// An authenticator taken apart, and what it is held against.
typedef struct exhibit {
  codicil_message certificate_message, verify_message, finished_message;
  codicil_certificate certificate;
  codicil_certificate_verify verify;
  codicil_span request;
  codicil_offer offer;
  size_t num;
} exhibit;

static codicil_err refuse(codicil_diag *diag, codicil_err err, const char *what) {
  codicil_diag_set(diag, what, SIZE_MAX);
  return err;
}

// ---- parse ------------------------------------------------------------------------------------

static bool read_type(codicil_reader *r, codicil_message *out, uint8_t type) {
  return codicil_message_read(r, out) && out->type == type;
}

// Certificate, CertificateVerify and Finished, and nothing after them.
static codicil_err parse_messages(exhibit *x, codicil_diag *diag, codicil_span authenticator) {
  codicil_reader r = codicil_reader_of(authenticator);
  const char *wrong = NULL;
  if (!read_type(&r, &x->certificate_message, CODICIL_MSG_CERTIFICATE) ||
      !codicil_certificate_parse(&x->certificate, x->certificate_message.body)) {
    wrong = "Certificate does not parse";
  } else if (!read_type(&r, &x->verify_message, CODICIL_MSG_CERTIFICATE_VERIFY) ||
             !codicil_certificate_verify_parse(&x->verify, x->verify_message.body)) {
    wrong = "CertificateVerify does not parse";
  } else if (!read_type(&r, &x->finished_message, CODICIL_MSG_FINISHED)) {
    wrong = "Finished does not parse";
  } else if (!codicil_reader_done(&r)) {
    wrong = "octets after Finished";
  }
  if (wrong == NULL) {
    return CODICIL_OK;
  }
  codicil_diag_set(diag, wrong, authenticator.len - r.rest.len);
  return CODICIL_MALFORMED;
}

static codicil_err parse_entries(exhibit *x, codicil_diag *diag, size_t max) {
  codicil_err err = codicil_entries_parse(NULL, &x->num, diag, x->certificate.list, max, &x->offer);
  if (err == CODICIL_OK && x->num == 0) {
    return refuse(diag, CODICIL_MALFORMED, "no certificate in the authenticator");
  }
  return err;
}

// ---- what was allowed -------------------------------------------------------------------------

static codicil_err check_context(const codicil_ea *ea, const exhibit *x, codicil_diag *diag,
                                 codicil_span asked) {
  codicil_context_state state = codicil_contexts_state(&ea->contexts, x->certificate.context);
  if (x->request.len != 0) {
    if (!codicil_span_equal(x->certificate.context, asked)) {
      return refuse(diag, CODICIL_AUTH, "context is not the request's");
    }
    return state != CODICIL_CONTEXT_SPENT
               ? CODICIL_OK
               : refuse(diag, CODICIL_AUTH, "context was used by another authenticator");
  }
  // What must be unpredictable cannot be nothing.
  if (x->certificate.context.len == 0) {
    return refuse(diag, CODICIL_AUTH, "spontaneous authenticator with an empty context");
  }
  return state == CODICIL_CONTEXT_NEW
             ? CODICIL_OK
             : refuse(diag, CODICIL_AUTH, "context was used on this connection");
}

static codicil_err check_scheme(const exhibit *x, codicil_diag *diag, codicil_spki *out_spki) {
  const codicil_scheme *scheme = codicil_scheme_find(x->verify.scheme);
  if (scheme == NULL) {
    return refuse(diag, CODICIL_AUTH, "signature scheme that TLS 1.3 does not allow");
  }
  if (!codicil_scheme_list_has(x->offer.schemes, scheme->code)) {
    return refuse(diag, CODICIL_AUTH, "signature scheme that was not offered");
  }
  codicil_span end_entity;
  // Counted and checked before: the first entry is there.
  codicil_reader r = codicil_reader_of(x->certificate.list);
  if (!codicil_read_vec24(&r, &end_entity) || !codicil_spki_parse(out_spki, end_entity)) {
    return refuse(diag, CODICIL_AUTH, "no public key in the certificate");
  }
  return out_spki->type == scheme->key
             ? CODICIL_OK
             : refuse(diag, CODICIL_AUTH, "signature scheme is not for the certificate's key");
}

// ---- Finished and signature -------------------------------------------------------------------

static codicil_err check_finished(codicil_keys *keys, codicil_diag *diag, codicil_span found,
                                  const uint8_t hash[CODICIL_HASH_MAX]) {
  uint8_t mac[CODICIL_HASH_MAX];
  if (!codicil_keys_finished(keys, mac, codicil_span_of(hash, keys->mac_len))) {
    return CODICIL_CRYPTO;
  }
  //= https://www.rfc-editor.org/rfc/rfc9261#section-5.2.4
  //# When validating an authenticator, constant-time
  //# comparisons SHOULD be used for signature and MAC validation.
  bool right = codicil_equal_constant_time(found, codicil_span_of(mac, keys->mac_len));
  codicil_wipe(mac, sizeof mac);
  return right ? CODICIL_OK : refuse(diag, CODICIL_AUTH, "Finished is wrong");
}

// Both hashes in one pass: up to Certificate for the signature, up to CertificateVerify for
// Finished.
static bool hash_both(codicil_ea *ea, const exhibit *x, uint8_t signed_hash[CODICIL_HASH_MAX],
                      uint8_t finished_hash[CODICIL_HASH_MAX]) {
  return codicil_transcript_start(&ea->transcript, codicil_secret_span(&ea->peer.handshake_context),
                                  x->request) &&
         codicil_transcript_add(&ea->transcript, x->certificate_message.whole) &&
         codicil_transcript_hash(&ea->transcript, signed_hash) &&
         codicil_transcript_add(&ea->transcript, x->verify_message.whole) &&
         codicil_transcript_hash(&ea->transcript, finished_hash);
}

static codicil_err check_signature(codicil_ea *ea, const exhibit *x, codicil_diag *diag,
                                   const codicil_spki *spki, const uint8_t hash[CODICIL_HASH_MAX]) {
  EVP_PKEY *key = codicil_key_make(&ea->keys, spki);
  if (key == NULL) {
    return refuse(diag, CODICIL_AUTH, "certificate's public key is not one");
  }
  codicil_tbs tbs;
  codicil_tbs_build(&tbs, codicil_span_of(hash, ea->peer.mac_len));
  bool right = codicil_signature_check(key, codicil_scheme_find(x->verify.scheme),
                                       codicil_tbs_span(&tbs), x->verify.signature);
  EVP_PKEY_free(key);
  return right ? CODICIL_OK : refuse(diag, CODICIL_AUTH, "signature is wrong");
}

//= https://www.rfc-editor.org/rfc/rfc9261#section-5.2.4
//# An authenticator is valid if the CertificateVerify message is
//# correctly constructed given the authenticator request (if used) and
//# the Finished message matches the expected value.
static codicil_err check_crypto(codicil_ea *ea, const exhibit *x, codicil_diag *diag,
                                const codicil_spki *spki) {
  uint8_t signed_hash[CODICIL_HASH_MAX];
  uint8_t finished_hash[CODICIL_HASH_MAX];
  if (!hash_both(ea, x, signed_hash, finished_hash)) {
    return CODICIL_CRYPTO;
  }
  codicil_err err = check_finished(&ea->peer, diag, x->finished_message.body, finished_hash);
  return err == CODICIL_OK ? check_signature(ea, x, diag, spki, signed_hash) : err;
}

// ---- the proof --------------------------------------------------------------------------------

// Copies the authenticator and reads the copy, so that the proof depends on nothing of the caller.
static codicil_err make_proof(codicil_ea_proof **out, const codicil_ea *ea, const exhibit *x,
                              codicil_span authenticator) {
  size_t head = sizeof(codicil_ea_proof) + x->num * sizeof(codicil_entry);
  codicil_ea_proof *proof = codicil_mem_realloc(ea->mem, NULL, head + authenticator.len);
  if (proof == NULL) {
    return CODICIL_NOMEM;
  }
  uint8_t *copy = (uint8_t *)&proof->entries[x->num];
  memcpy(copy, authenticator.data, authenticator.len);
  *proof = (codicil_ea_proof){.mem = ea->mem,
                              .octets = codicil_span_of(copy, authenticator.len),
                              .scheme = x->verify.scheme};
  exhibit again = {.offer = x->offer};
  codicil_err err = parse_messages(&again, NULL, proof->octets);
  if (err == CODICIL_OK) {
    err = codicil_entries_parse(proof->entries, &proof->num, NULL, again.certificate.list, x->num,
                                &again.offer);
  }
  if (err != CODICIL_OK) {
    codicil_ea_proof_free(proof);
    return err;
  }
  proof->context = again.certificate.context;
  *out = proof;
  return CODICIL_OK;
}

// ---- validate ---------------------------------------------------------------------------------

static codicil_err verify_full(codicil_ea *ea, codicil_ea_proof **out, codicil_diag *diag,
                               exhibit *x, codicil_span authenticator, codicil_span asked) {
  codicil_spki spki;
  codicil_ea_proof *proof;
  codicil_err err = parse_messages(x, diag, authenticator);
  if (err == CODICIL_OK) {
    err = parse_entries(x, diag, ea->max_certificates);
  }
  if (err == CODICIL_OK) {
    err = check_context(ea, x, diag, asked);
  }
  if (err == CODICIL_OK) {
    err = check_scheme(x, diag, &spki);
  }
  if (err == CODICIL_OK) {
    err = check_crypto(ea, x, diag, &spki);
  }
  if (err == CODICIL_OK) {
    err = codicil_contexts_reserve(&ea->contexts, x->certificate.context);
  }
  if (err == CODICIL_OK) {
    err = make_proof(&proof, ea, x, authenticator);
  }
  if (err == CODICIL_OK) {
    codicil_contexts_set(&ea->contexts, x->certificate.context, CODICIL_CONTEXT_SPENT);
    *out = proof;
  }
  return err;
}

// RFC 9261 §6, §7.4: an empty authenticator is right or wrong, and never valid.
static codicil_err verify_empty(codicil_ea *ea, codicil_diag *diag, const exhibit *x,
                                codicil_span finished, codicil_span asked) {
  codicil_certificate_head certificate;
  uint8_t hash[CODICIL_HASH_MAX];
  if (codicil_contexts_state(&ea->contexts, asked) == CODICIL_CONTEXT_SPENT) {
    return refuse(diag, CODICIL_AUTH, "request was answered already");
  }
  codicil_certificate_head_build(&certificate, asked, 0);
  if (!codicil_transcript_start(&ea->transcript, codicil_secret_span(&ea->peer.handshake_context),
                                x->request) ||
      !codicil_transcript_add(&ea->transcript,
                              codicil_span_of(certificate.octets, certificate.len)) ||
      !codicil_transcript_hash(&ea->transcript, hash)) {
    return CODICIL_CRYPTO;
  }
  codicil_err err = check_finished(&ea->peer, diag, finished, hash);
  if (err == CODICIL_OK) {
    err = codicil_contexts_reserve(&ea->contexts, asked);
  }
  if (err != CODICIL_OK) {
    return err;
  }
  codicil_contexts_set(&ea->contexts, asked, CODICIL_CONTEXT_SPENT);
  return refuse(diag, CODICIL_DECLINED, "peer declined to authenticate");
}

// Tells whether the input is a Finished message and nothing else.
static bool is_empty_authenticator(codicil_span *out_finished, codicil_span authenticator) {
  codicil_reader r = codicil_reader_of(authenticator);
  codicil_message m;
  if (!read_type(&r, &m, CODICIL_MSG_FINISHED) || !codicil_reader_done(&r)) {
    return false;
  }
  *out_finished = m.body;
  return true;
}

static codicil_err verify(codicil_ea *ea, codicil_ea_proof **out, codicil_diag *diag,
                          codicil_span authenticator, codicil_span request) {
  exhibit x = {.request = request, .offer = ea->client_hello};
  codicil_ea_request_info info = {.from_client = false};
  codicil_span finished;
  if (authenticator.len > ea->max_len) {
    return refuse(diag, CODICIL_LIMIT, "authenticator too long");
  }
  if (request.len == 0) {
    // RFC 9261 §5: clients MUST NOT send an authenticator without a request.
    return !ea->is_server ? verify_full(ea, out, diag, &x, authenticator, info.context)
                          : refuse(diag, CODICIL_AUTH, "client authenticated unasked");
  }
  if (!codicil_request_parse(&info, &x.offer, request) || info.from_client == ea->is_server) {
    return refuse(diag, CODICIL_USAGE, "request is not one of ours");
  }
  return is_empty_authenticator(&finished, authenticator)
             ? verify_empty(ea, diag, &x, finished, info.context)
             : verify_full(ea, out, diag, &x, authenticator, info.context);
}

codicil_err codicil_ea_verify(codicil_ea *ea, codicil_ea_proof **out, codicil_diag *diag,
                              codicil_span authenticator, codicil_span request) {
  codicil_err err = verify(ea, out, diag, authenticator, request);
  ERR_clear_error();
  return err;
}

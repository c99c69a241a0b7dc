// Whether to trust a chain: see x509.h. Look in the cache, decode, find a path, read the staples,
// remember.
#include <limits.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "block_list.h"
#include "cert_fields.h"
#include "chain_cache.h"
#include "codicil/x509.h"
#include "crl.h"
#include "digest.h"
#include "err.h"
#include "imposed.h"
#include "ocsp.h"
#include "path.h"
#include "plain_leaf.h"
#include "sct_verify.h"
#include "trust.h"

enum {
  VERDICT_MAX_S = 3600,     // protocol.md §5 "Chain cache"
  CACHED_CERT_MAX = 1 << 14 // octets of an intermediate that is worth keeping
};

typedef struct request {
  const codicil_trust *trust;
  const codicil_block_list *block_list; // NULL lists nothing
  codicil_chain_cache *cache;
  const codicil_chain_entry *entries;
  size_t num_entries;
  int64_t unix_s;
  uint8_t generation[CODICIL_SHA256_LEN]; // of trust store and block list; with a cache
} request;

// The certificates of a request, decoded.
typedef struct decoded {
  codicil_path_input path; // `leaf` and `extra` are owned
  bool must_staple;
  int64_t retry_s; // when a timestamp counts that lies in the future
} decoded;

static int64_t min_time(int64_t a, int64_t b) {
  return a < b ? a : b;
}

// ---- decoding -----------------------------------------------------------------------------------

static X509 *decode(codicil_span der) {
  const uint8_t *at = der.data;
  X509 *cert = der.len <= LONG_MAX ? d2i_X509(NULL, &at, (long)der.len) : NULL;
  if (cert != NULL && at != der.data + der.len) {
    X509_free(cert);
    cert = NULL;
  }
  return cert;
}

static bool decode_leaf(decoded *out, codicil_span der) {
  codicil_cert_fields fields;
  if (!codicil_cert_fields_parse(&fields, der) ||
      !codicil_cert_fields_must_staple(&fields, &out->must_staple)) {
    return false;
  }
  out->path.leaf = decode(der);
  return out->path.leaf != NULL;
}

static void know_signature(codicil_path_input *path, const codicil_cached_cert *found) {
  if (path->num_known < CODICIL_PATH_KNOWN_MAX) {
    path->known[path->num_known++] = (codicil_known_signature){found->cert, found->issuer};
  }
}

// Finds the cached intermediate of exactly these octets.
static const codicil_cached_cert *find_cached(const request *rq, codicil_span der) {
  uint8_t sha256[CODICIL_SHA256_LEN];
  return rq->cache != NULL && codicil_sha256(sha256, der)
             ? codicil_chain_cache_find_cert(rq->cache, sha256)
             : NULL;
}

static bool decode_extra(decoded *out, const request *rq, codicil_span der) {
  const codicil_cached_cert *found = find_cached(rq, der);
  codicil_cert_fields fields;
  X509 *cert = NULL;
  if (found != NULL) {
    cert = found->cert;
    X509_up_ref(cert);
    know_signature(&out->path, found);
  } else if (codicil_cert_fields_parse(&fields, der)) {
    cert = decode(der);
  }
  if (cert == NULL || sk_X509_push(out->path.extra, cert) <= 0) {
    X509_free(cert);
    return false;
  }
  return true;
}

static bool decode_all(decoded *out, const request *rq) {
  out->path.trust = rq->trust;
  out->path.unix_s = rq->unix_s;
  out->path.extra = sk_X509_new_null();
  if (out->path.extra == NULL || rq->num_entries == 0 || !decode_leaf(out, rq->entries[0].der)) {
    return false;
  }
  for (size_t i = 1; i < rq->num_entries; i++) {
    if (!decode_extra(out, rq, rq->entries[i].der)) {
      return false;
    }
  }
  return true;
}

static void decoded_clear(decoded *d) {
  X509_free(d->path.leaf);
  sk_X509_pop_free(d->path.extra, X509_free);
}

// ---- verdicts -----------------------------------------------------------------------------------

static void refuse(codicil_path_verdict *out, codicil_cert_reason reason, const char *what) {
  out->reason = reason;
  out->what = what;
}

static void end_with_time(int64_t *ends, const ASN1_TIME *time, int64_t unix_s) {
  int64_t at;
  if (codicil_asn1_time(&at, time) && at > unix_s) {
    *ends = min_time(*ends, at);
  }
}

// A refusal holds for an hour, or until a certificate becomes valid or expires, or a timestamp
// counts.
static int64_t refusal_ends(const decoded *d, int64_t unix_s) {
  int64_t ends = min_time(unix_s + VERDICT_MAX_S, d->retry_s);
  for (int i = -1; i < sk_X509_num(d->path.extra); i++) {
    const X509 *cert = i < 0 ? d->path.leaf : sk_X509_value(d->path.extra, i);
    if (cert != NULL) {
      end_with_time(&ends, X509_get0_notBefore(cert), unix_s);
      end_with_time(&ends, X509_get0_notAfter(cert), unix_s);
    }
  }
  return ends;
}

// Returns the staple that came with `cert`, which is `index` in the path.
static codicil_span staple_of(const request *rq, const decoded *d, X509 *cert, int index) {
  for (size_t i = 1; index != 0 && i < rq->num_entries; i++) {
    if (rq->entries[i].ocsp.len != 0 &&
        X509_cmp(cert, sk_X509_value(d->path.extra, (int)i - 1)) == 0) {
      return rq->entries[i].ocsp;
    }
  }
  return index == 0 ? rq->entries[0].ocsp : codicil_span_of(NULL, 0);
}

// Takes one good staple's nextUpdate into account. Within the skew after it, the verdict ends with
// the skew and is not kept.
static void end_with_staple(codicil_path_verdict *out, int64_t next_update, int64_t unix_s) {
  out->expires = min_time(out->expires, next_update);
  out->valid_until = min_time(
      out->valid_until, next_update > unix_s ? next_update : next_update + CODICIL_OCSP_SKEW_S);
}

// Reads the staples of the path's certificates, the anchor's excepted.
static void judge_staples(codicil_path_verdict *out, const request *rq, const decoded *d,
                          STACK_OF(X509) * chain) {
  int last = sk_X509_num(chain) - 1;
  bool good_leaf = false;
  for (int i = 0; i == 0 || i < last; i++) {
    X509 *cert = sk_X509_value(chain, i);
    X509 *issuer = sk_X509_value(chain, i < last ? i + 1 : i);
    codicil_span staple = staple_of(rq, d, cert, i);
    int64_t next_update = 0;
    codicil_staple says = staple.len != 0
                              ? codicil_ocsp_judge(&next_update, staple, cert, issuer, rq->unix_s)
                              : CODICIL_STAPLE_UNUSABLE;
    if (says == CODICIL_STAPLE_REVOKED) {
      refuse(out, CODICIL_CERT_REVOKED, "stapled OCSP response says revoked");
      return;
    }
    if (says == CODICIL_STAPLE_GOOD) {
      good_leaf = good_leaf || i == 0;
      end_with_staple(out, next_update, rq->unix_s);
    }
  }
  // RFC 7633 §4: a feature that the certificate names and the client asked for must be there.
  if (d->must_staple && !good_leaf) {
    refuse(out, CODICIL_CERT_STAPLE_MISSING,
           "no good OCSP staple, and the certificate demands one");
  }
}

// Whoever vouches for them: protocol.md §5 "Block list".
static codicil_err judge_blocked(codicil_path_verdict *out, const request *rq,
                                 STACK_OF(X509) * chain) {
  bool found = false;
  codicil_err err = CODICIL_OK;
  for (int i = 0; rq->block_list != NULL && i < sk_X509_num(chain) && !found; i++) {
    err = codicil_block_list_find_x509(rq->block_list, &found, sk_X509_value(chain, i));
    if (err != CODICIL_OK) {
      return err;
    }
  }
  if (found) {
    refuse(out, CODICIL_CERT_BLOCKED, "a certificate of the path is on the block list");
  }
  return CODICIL_OK;
}

// The anchor is not asked about: nobody vouches for it but the user.
static void judge_revoked(codicil_path_verdict *out, const request *rq, STACK_OF(X509) * chain) {
  for (int i = 0; rq->trust->num_crls != 0 && i < sk_X509_num(chain) - 1; i++) {
    X509 *issuer = sk_X509_value(chain, i + 1);
    const ASN1_INTEGER *serial = X509_get0_serialNumber(sk_X509_value(chain, i));
    if (codicil_crls_revoke(rq->trust, serial, issuer)) {
      refuse(out, CODICIL_CERT_REVOKED, "a CRL lists a certificate of the path");
      return;
    }
    out->valid_until =
        min_time(out->valid_until, codicil_crls_next_update(rq->trust, issuer, rq->unix_s));
  }
}

static void judge_scts(codicil_path_verdict *out, const request *rq, decoded *d,
                       STACK_OF(X509) * chain) {
  const codicil_chain_entry *entry = &rq->entries[0];
  X509 *issuer = sk_X509_value(chain, sk_X509_num(chain) > 1 ? 1 : 0);
  codicil_cert_fields fields;
  if (rq->trust->min_scts == 0) {
    return;
  }
  ASN1_OCTET_STRING *stapled =
      entry->ocsp.len != 0 ? codicil_ocsp_scts(entry->ocsp, d->path.leaf, issuer) : NULL;
  codicil_sct_input in = {
      .der = entry->der, .fields = &fields, .issuer = issuer, .tls = entry->scts};
  in.unix_s = rq->unix_s;
  if (stapled != NULL) {
    in.ocsp = codicil_span_of(ASN1_STRING_get0_data(stapled), (size_t)ASN1_STRING_length(stapled));
  }
  if (!codicil_cert_fields_parse(&fields, entry->der) ||
      !codicil_scts_suffice(rq->trust, &d->retry_s, &in)) {
    refuse(out, CODICIL_CERT_SCTS, "too few valid timestamps of different logs");
  }
  ASN1_OCTET_STRING_free(stapled);
}

static void end_with_path(codicil_path_verdict *out, STACK_OF(X509) * chain, int64_t unix_s) {
  for (int i = 0; i < sk_X509_num(chain); i++) {
    end_with_time(&out->valid_until, X509_get0_notAfter(sk_X509_value(chain, i)), unix_s);
  }
}

// ---- what is remembered of a good path ----------------------------------------------------------

// The tail of a path of three: the intermediate and its anchor.
static codicil_known_tail tail_of(const request *rq, STACK_OF(X509) * chain) {
  codicil_known_tail tail = {
      .is_set = sk_X509_num(chain) == 3, .not_before = INT64_MIN, .not_after = INT64_MAX};
  for (int i = 1; tail.is_set && i < 3; i++) {
    X509 *cert = sk_X509_value(chain, i);
    int64_t not_before, not_after;
    tail.is_set = !codicil_imposes(cert) &&
                  codicil_asn1_time(&not_before, X509_get0_notBefore(cert)) &&
                  codicil_asn1_time(&not_after, X509_get0_notAfter(cert));
    if (tail.is_set) {
      tail.not_before = tail.not_before > not_before ? tail.not_before : not_before;
      tail.not_after = min_time(tail.not_after, not_after);
    }
  }
  if (tail.is_set) {
    X509 *anchor = sk_X509_value(chain, 2);
    int64_t next_update = codicil_crls_next_update(rq->trust, anchor, rq->unix_s);
    tail.not_after = min_time(tail.not_after, next_update);
    tail.is_caa_anchor = codicil_trust_is_caa_anchor(rq->trust, anchor);
  }
  memcpy(tail.generation, rq->generation, CODICIL_SHA256_LEN);
  return tail;
}

// Keeps the intermediates of a good path only, so that nobody fills the cache with certificates
// that lead nowhere.
static void keep_intermediates(const request *rq, STACK_OF(X509) * chain) {
  for (int i = 1; i < sk_X509_num(chain) - 1; i++) {
    const codicil_cached_cert pair = {sk_X509_value(chain, i), sk_X509_value(chain, i + 1),
                                      tail_of(rq, chain)};
    uint8_t sha256[CODICIL_SHA256_LEN];
    if (i2d_X509(pair.cert, NULL) <= CACHED_CERT_MAX &&
        X509_digest(pair.cert, EVP_sha256(), sha256, NULL) == 1) {
      codicil_chain_cache_put_cert(rq->cache, sha256, &pair);
    }
  }
}

// ---- the long way and the short -----------------------------------------------------------------

// Asks one after the other what may be said against a good path. Whose word weighs more is asked
// first.
static codicil_err judge_chain(codicil_path_verdict *out, const request *rq, decoded *d,
                               STACK_OF(X509) * chain) {
  end_with_path(out, chain, rq->unix_s);
  codicil_err err = judge_blocked(out, rq, chain);
  if (err == CODICIL_OK && out->reason == CODICIL_CERT_NONE) {
    judge_revoked(out, rq, chain);
  }
  if (err == CODICIL_OK && out->reason == CODICIL_CERT_NONE) {
    judge_staples(out, rq, d, chain);
  }
  if (err == CODICIL_OK && out->reason == CODICIL_CERT_NONE) {
    judge_scts(out, rq, d, chain);
  }
  if (err == CODICIL_OK && out->reason == CODICIL_CERT_NONE) {
    X509 *anchor = sk_X509_value(chain, sk_X509_num(chain) - 1);
    out->is_caa_anchor = codicil_trust_is_caa_anchor(rq->trust, anchor);
  }
  return err;
}

static codicil_err judge_path(codicil_path_verdict *out, const request *rq, decoded *d) {
  codicil_path_result path;
  codicil_err err = codicil_path_validate(&path, &d->path);
  if (err != CODICIL_OK) {
    return err;
  }
  out->reason = path.reason;
  out->what = path.what;
  if (path.chain != NULL) {
    err = judge_chain(out, rq, d, path.chain);
    if (err == CODICIL_OK && rq->cache != NULL && out->reason == CODICIL_CERT_NONE) {
      keep_intermediates(rq, path.chain);
    }
  }
  sk_X509_pop_free(path.chain, X509_free);
  return err;
}

static bool tail_holds(const codicil_known_tail *tail, const request *rq) {
  return tail->is_set && tail->not_before <= rq->unix_s && rq->unix_s < tail->not_after &&
         memcmp(tail->generation, rq->generation, CODICIL_SHA256_LEN) == 0;
}

// What block list, CRLs and logs say of an end entity alone: nothing was against its tail. Whatever
// may be against it is for the long way to find out.
static bool leaf_is_clear(const request *rq, const codicil_cert_fields *leaf, X509 *issuer) {
  bool found = false;
  if (rq->block_list != NULL &&
      (codicil_block_list_find(rq->block_list, &found, leaf) != CODICIL_OK || found)) {
    return false;
  }
  if (rq->trust->num_crls != 0) {
    const uint8_t *at = leaf->serial.data;
    ASN1_INTEGER *serial = d2i_ASN1_INTEGER(NULL, &at, (long)leaf->serial.len);
    found = serial == NULL || codicil_crls_name(rq->trust, serial, issuer);
    ASN1_INTEGER_free(serial);
  }
  int64_t retry_s = INT64_MAX;
  const codicil_sct_input in = {.der = rq->entries[0].der,
                                .fields = leaf,
                                .issuer = issuer,
                                .tls = rq->entries[0].scts,
                                .unix_s = rq->unix_s};
  return !found && (rq->trust->min_scts == 0 || codicil_scts_suffice(rq->trust, &retry_s, &in));
}

// Says yes to a plain end entity and the one intermediate below which it stands, where that is
// known to lead to an anchor; all else is not for here. Nothing above comes from another peer.
static bool judge_plain(codicil_path_verdict *out, const request *rq) {
  codicil_cert_fields leaf;
  bool must_staple = true;
  if (rq->num_entries != 2 || rq->entries[0].ocsp.len != 0 || rq->entries[1].ocsp.len != 0) {
    return false;
  }
  const codicil_cached_cert *issuer = find_cached(rq, rq->entries[1].der);
  if (issuer == NULL || !tail_holds(&issuer->tail, rq) ||
      !codicil_cert_fields_parse(&leaf, rq->entries[0].der) || rq->unix_s < leaf.not_before ||
      rq->unix_s >= leaf.not_after || !codicil_cert_fields_must_staple(&leaf, &must_staple) ||
      must_staple || !codicil_leaf_is_plain(&leaf) ||
      !codicil_plain_leaf_is_issued_by(&leaf, issuer->cert) ||
      !leaf_is_clear(rq, &leaf, issuer->cert)) {
    return false;
  }
  *out = (codicil_path_verdict){.valid_until = min_time(leaf.not_after, issuer->tail.not_after),
                                .made_at = rq->unix_s,
                                .is_caa_anchor = issuer->tail.is_caa_anchor};
  int64_t next_update = codicil_crls_next_update(rq->trust, issuer->cert, rq->unix_s);
  out->valid_until = min_time(out->valid_until, next_update);
  out->expires = min_time(out->valid_until, rq->unix_s + VERDICT_MAX_S);
  return true;
}

static codicil_err judge(codicil_path_verdict *out, const request *rq) {
  decoded d = {.retry_s = INT64_MAX};
  codicil_path_verdict v = {
      .valid_until = INT64_MAX, .made_at = rq->unix_s, .expires = rq->unix_s + VERDICT_MAX_S};
  codicil_err err = CODICIL_OK;
  if (!decode_all(&d, rq)) {
    refuse(&v, CODICIL_CERT_UNTRUSTED, "a certificate does not decode");
  } else {
    err = judge_path(&v, rq, &d);
  }
  if (v.reason != CODICIL_CERT_NONE) {
    v.valid_until = refusal_ends(&d, rq->unix_s);
  }
  v.expires = min_time(v.expires, v.valid_until);
  decoded_clear(&d);
  if (err == CODICIL_OK) {
    *out = v;
  }
  return err;
}

// ---- the whole ----------------------------------------------------------------------------------

static bool hash_vector(EVP_MD_CTX *ctx, codicil_span bytes) {
  uint64_t len = bytes.len;
  return EVP_DigestUpdate(ctx, &len, sizeof len) == 1 &&
         EVP_DigestUpdate(ctx, bytes.data, bytes.len) == 1;
}

// Without a block list and a policy for timestamps it is the trust store's alone, at no cost.
static bool set_generation(request *rq) {
  struct {
    uint8_t trust[CODICIL_SHA256_LEN];
    uint8_t block_list[CODICIL_SHA256_LEN];
    uint64_t min_scts;
  } all = {.min_scts = rq->trust->min_scts};
  memcpy(rq->generation, codicil_trust_generation(rq->trust), CODICIL_SHA256_LEN);
  if (rq->block_list == NULL && all.min_scts == 0) {
    return true;
  }
  memcpy(all.trust, rq->generation, CODICIL_SHA256_LEN);
  if (rq->block_list != NULL) {
    memcpy(all.block_list, codicil_block_list_generation(rq->block_list), CODICIL_SHA256_LEN);
  }
  return codicil_sha256(rq->generation, codicil_span_of(&all, sizeof all));
}

// The key of a verdict: all entries as received, staples included, and the generations.
static bool make_key(uint8_t out[CODICIL_SHA256_LEN], const request *rq) {
  EVP_MD_CTX *ctx = EVP_MD_CTX_new();
  bool ok = ctx != NULL && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 &&
            EVP_DigestUpdate(ctx, rq->generation, CODICIL_SHA256_LEN) == 1;
  for (size_t i = 0; ok && i < rq->num_entries; i++) {
    const codicil_chain_entry *entry = &rq->entries[i];
    ok = hash_vector(ctx, entry->der) && hash_vector(ctx, entry->ocsp) &&
         hash_vector(ctx, entry->scts);
  }
  ok = ok && EVP_DigestFinal_ex(ctx, out, NULL) == 1;
  EVP_MD_CTX_free(ctx);
  return ok;
}

// Takes all errors out of OpenSSL's queue. Tells whether one of them says that memory ran out: what
// was refused meanwhile may be good.
static bool ran_out_of_memory(void) {
  bool found = false;
  for (unsigned long error = ERR_get_error(); error != 0; error = ERR_get_error()) {
    found = found || ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE;
  }
  return found;
}

static codicil_err judge_checked(codicil_path_verdict *out, const request *rq) {
  ERR_clear_error();
  codicil_err err = judge(out, rq);
  return ran_out_of_memory() ? CODICIL_NOMEM : err;
}

static codicil_err judge_cached(codicil_path_verdict *out, request *rq) {
  uint8_t key[CODICIL_SHA256_LEN];
  if (rq->cache == NULL || rq->trust == NULL) {
    return judge_checked(out, rq);
  }
  if (!set_generation(rq) || !make_key(key, rq)) {
    return CODICIL_CRYPTO;
  }
  if (codicil_chain_cache_find(rq->cache, out, key, rq->unix_s)) {
    return CODICIL_OK;
  }
  codicil_err err = judge_plain(out, rq) ? CODICIL_OK : judge_checked(out, rq);
  if (err == CODICIL_OK && out->expires > rq->unix_s) {
    codicil_chain_cache_put(rq->cache, key, out);
  }
  return err;
}

codicil_err codicil_chain_validate(codicil_chain_verdict *out, codicil_diag *diag,
                                   const codicil_trust *trust, const codicil_block_list *block_list,
                                   codicil_chain_cache *cache, const codicil_chain_entry *entries,
                                   size_t num_entries, int64_t unix_s) {
  request rq = {.trust = trust,
                .block_list = block_list,
                .cache = cache,
                .entries = entries,
                .num_entries = num_entries,
                .unix_s = unix_s};
  codicil_path_verdict verdict;
  codicil_err err = judge_cached(&verdict, &rq);
  ERR_clear_error();
  if (err != CODICIL_OK) {
    return err;
  }
  if (verdict.reason != CODICIL_CERT_NONE) {
    codicil_diag_set(diag, verdict.what, SIZE_MAX);
  }
  *out = (codicil_chain_verdict){.reason = verdict.reason,
                                 .valid_until = verdict.valid_until,
                                 .is_caa_anchor = verdict.is_caa_anchor};
  return CODICIL_OK;
}

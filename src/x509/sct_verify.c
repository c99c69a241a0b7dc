// Logs, and timestamps of theirs: see sct_verify.h.
#include "sct_verify.h"

#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

#include "err.h"
#include "mem.h"
#include "sct_entry.h"
#include "trust.h"

enum {
  LOGS_MAX = 4096,
  ALGORITHM_RSA = 0x0401,   // rsa with sha256, as SignatureAndHashAlgorithm
  ALGORITHM_ECDSA = 0x0403, // ecdsa with sha256
  RSA_BITS_MIN = 2048,
  WRONG_MAX = 8 // signatures: a peer may bring 96, and each costs as much as a certificate's
};

// ---- logs ---------------------------------------------------------------------------------------

//= https://www.rfc-editor.org/rfc/rfc6962#section-2.1.4
//# A log MUST use either elliptic curve signatures using the NIST P-256
//# curve (Section D.1.2.3 of the Digital Signature Standard [DSS]) or
//# RSA signatures (RSASSA-PKCS1-V1_5 with SHA-256, Section 8.2 of
//# [RFC3447]) using a key of at least 2048 bits.
static uint16_t algorithm_of(const EVP_PKEY *key) {
  char group[32];
  size_t len;
  if (EVP_PKEY_is_a(key, "RSA") && EVP_PKEY_get_bits(key) >= RSA_BITS_MIN) {
    return ALGORITHM_RSA;
  }
  bool is_p256 = EVP_PKEY_is_a(key, "EC") &&
                 EVP_PKEY_get_group_name(key, group, sizeof group, &len) == 1 &&
                 strcmp(group, "prime256v1") == 0;
  return is_p256 ? ALGORITHM_ECDSA : 0;
}

static EVP_PKEY *decode_key(codicil_span spki) {
  const uint8_t *at = spki.data;
  EVP_PKEY *key = spki.len <= LONG_MAX ? d2i_PUBKEY(NULL, &at, (long)spki.len) : NULL;
  if (key != NULL && at != spki.data + spki.len) {
    EVP_PKEY_free(key);
    key = NULL;
  }
  return key;
}

// Takes log->key on success.
static codicil_err add_log(codicil_trust *trust, const codicil_ct_log *log) {
  const int64_t times[] = {log->from_s, log->until_s};
  uint8_t all[CODICIL_SHA256_LEN + sizeof times], sha256[CODICIL_SHA256_LEN];
  codicil_err err = codicil_mem_grow(trust->mem, (void **)&trust->logs, &trust->cap_logs,
                                     trust->num_logs + 1, LOGS_MAX, sizeof *log);
  memcpy(all, log->id, CODICIL_SHA256_LEN);
  memcpy(&all[CODICIL_SHA256_LEN], times, sizeof times);
  if (err == CODICIL_OK && (!codicil_sha256(sha256, codicil_span_of(all, sizeof all)) ||
                            !codicil_trust_extend(trust, CODICIL_TRUST_LOG, sha256))) {
    err = CODICIL_CRYPTO;
  }
  if (err == CODICIL_OK) {
    trust->logs[trust->num_logs++] = *log;
  }
  return err;
}

codicil_err codicil_trust_add_log(codicil_trust *trust, codicil_diag *diag, codicil_span spki,
                                  int64_t from_s, int64_t until_s) {
  codicil_ct_log log = {.key = decode_key(spki), .from_s = from_s, .until_s = until_s};
  codicil_err err = CODICIL_BAD_INPUT;
  log.algorithm = log.key != NULL ? algorithm_of(log.key) : 0;
  if (log.key == NULL) {
    codicil_diag_set(diag, "public key does not parse", SIZE_MAX);
  } else if (log.algorithm == 0) {
    codicil_diag_set(diag, "public key is neither of P-256 nor RSA of 2048 bits", SIZE_MAX);
  } else {
    err = codicil_sha256(log.id, spki) ? add_log(trust, &log) : CODICIL_CRYPTO;
  }
  if (err != CODICIL_OK) {
    EVP_PKEY_free(log.key);
  }
  ERR_clear_error();
  return err;
}

void codicil_trust_free_logs(codicil_trust *trust) {
  for (size_t i = 0; i < trust->num_logs; i++) {
    EVP_PKEY_free(trust->logs[i].key);
  }
  codicil_mem_free(trust->mem, trust->logs);
}

static const codicil_ct_log *find_log(const codicil_trust *trust, const codicil_sct *sct) {
  uint64_t at_s = sct->timestamp_ms / 1000; // fits an int64_t
  for (size_t i = 0; i < trust->num_logs; i++) {
    const codicil_ct_log *log = &trust->logs[i];
    if (memcmp(log->id, sct->log_id.data, CODICIL_SHA256_LEN) == 0 &&
        log->from_s <= (int64_t)at_s && (int64_t)at_s < log->until_s) {
      return log;
    }
  }
  return NULL;
}

// ---- one timestamp ------------------------------------------------------------------------------

static bool digest_number(EVP_MD_CTX *ctx, uint64_t value, size_t len) {
  uint8_t octets[8];
  for (size_t i = 0; i < len; i++) {
    octets[i] = (uint8_t)(value >> (8 * (len - 1 - i)));
  }
  return EVP_DigestVerifyUpdate(ctx, octets, len) == 1;
}

static bool digest_entry(EVP_MD_CTX *ctx, const codicil_sct_entry *entry) {
  size_t len = 0;
  for (size_t i = 0; i < entry->num_parts; i++) {
    len += entry->parts[i].len;
  }
  bool ok = len < 1 << 24 && digest_number(ctx, entry->type, 2);
  if (ok && entry->type == CODICIL_SCT_ENTRY_PRECERT) {
    ok = EVP_DigestVerifyUpdate(ctx, entry->issuer_key_sha256, CODICIL_SHA256_LEN) == 1;
  }
  ok = ok && digest_number(ctx, len, 3);
  for (size_t i = 0; ok && i < entry->num_parts; i++) {
    ok = EVP_DigestVerifyUpdate(ctx, entry->parts[i].data, entry->parts[i].len) == 1;
  }
  return ok;
}

// version, SignatureType certificate_timestamp, timestamp, entry, CtExtensions: RFC 6962 §3.2.
static bool verifies(const codicil_ct_log *log, const codicil_sct *sct,
                     const codicil_sct_entry *entry) {
  EVP_MD_CTX *ctx = EVP_MD_CTX_new();
  bool ok = ctx != NULL && sct->algorithm == log->algorithm &&
            EVP_DigestVerifyInit_ex(ctx, NULL, "SHA256", NULL, NULL, log->key, NULL) == 1 &&
            digest_number(ctx, CODICIL_SCT_V1, 1) && digest_number(ctx, 0, 1) &&
            digest_number(ctx, sct->timestamp_ms, 8) && digest_entry(ctx, entry) &&
            digest_number(ctx, sct->extensions.len, 2) &&
            EVP_DigestVerifyUpdate(ctx, sct->extensions.data, sct->extensions.len) == 1 &&
            EVP_DigestVerifyFinal(ctx, sct->signature.data, sct->signature.len) == 1;
  EVP_MD_CTX_free(ctx);
  return ok;
}

// ---- counting them ------------------------------------------------------------------------------

typedef struct tally {
  const codicil_trust *trust;
  int64_t unix_s;
  int64_t retry_s;
  const uint8_t *counted[3 * CODICIL_SCTS_MAX]; // identifiers of logs
  size_t num;
  size_t num_wrong; // signatures
} tally;

static bool is_enough(const tally *t) {
  return t->num >= t->trust->min_scts;
}

static bool is_counted(const tally *t, const codicil_ct_log *log) {
  for (size_t i = 0; i < t->num; i++) {
    if (memcmp(t->counted[i], log->id, CODICIL_SHA256_LEN) == 0) {
      return true;
    }
  }
  return false;
}

static void count(tally *t, const codicil_sct *sct, const codicil_sct_entry *entry) {
  const codicil_ct_log *log = sct->version == CODICIL_SCT_V1 ? find_log(t->trust, sct) : NULL;
  if (log == NULL || is_counted(t, log)) {
    return;
  }
  //= https://www.rfc-editor.org/rfc/rfc6962#section-5.2
  //# TLS clients MUST reject SCTs whose timestamp is in the future.
  if (sct->timestamp_ms / 1000 > (uint64_t)t->unix_s) {
    int64_t at_s = (int64_t)(sct->timestamp_ms / 1000);
    t->retry_s = at_s < t->retry_s ? at_s : t->retry_s;
  } else if (t->num_wrong == WRONG_MAX) {
    return;
  } else if (verifies(log, sct, entry)) {
    t->counted[t->num++] = log->id;
  } else {
    t->num_wrong++;
  }
}

// A list that does not parse, or is too long, counts for nothing.
static void count_list(tally *t, codicil_span list, const codicil_sct_entry *entry) {
  codicil_sct scts[CODICIL_SCTS_MAX];
  size_t num = 0;
  if (codicil_scts_parse(scts, &num, CODICIL_SCTS_MAX, list) != CODICIL_OK) {
    return;
  }
  for (size_t i = 0; i < num && !is_enough(t); i++) {
    count(t, &scts[i], entry);
  }
}

static void count_embedded(tally *t, const codicil_sct_input *in) {
  codicil_span list;
  codicil_sct_entry entry;
  if (codicil_scts_embedded(&list, in->fields) &&
      codicil_sct_entry_precert(&entry, in->fields, in->issuer)) {
    count_list(t, list, &entry);
  }
}

bool codicil_scts_suffice(const codicil_trust *trust, int64_t *out_retry_s,
                          const codicil_sct_input *in) {
  tally t = {.trust = trust, .unix_s = in->unix_s, .retry_s = *out_retry_s};
  codicil_sct_entry entry;
  if (in->unix_s < 0) {
    return is_enough(&t); // before every timestamp
  }
  if (!is_enough(&t)) {
    count_embedded(&t, in);
  }
  codicil_sct_entry_x509(&entry, in->der);
  count_list(&t, in->tls, &entry);
  count_list(&t, in->ocsp, &entry);
  *out_retry_s = t.retry_s;
  return is_enough(&t);
}

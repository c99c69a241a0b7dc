// What a log signed: see sct_entry.h.
#include "sct_entry.h"

#include <string.h>

#include "der.h"
#include "span.h"

// DER's identifier and length before `len` octets.
static codicil_span put_header(uint8_t out[CODICIL_SCT_HEADER_MAX], uint8_t tag, size_t len) {
  size_t num = 0; // octets of the length, in its long form
  for (size_t rest = len; len >= 0x80 && rest != 0; rest >>= 8) {
    num++;
  }
  out[0] = tag;
  out[1] = (uint8_t)(num == 0 ? len : 0x80 | num);
  for (size_t i = 0; i < num; i++) {
    out[2 + i] = (uint8_t)(len >> (8 * (num - 1 - i)));
  }
  return codicil_span_of(out, 2 + num);
}

// A TBSCertificate around its list of extensions, and that list around the one that holds the
// timestamps.
typedef struct tbs_parts {
  codicil_span before_extensions;
  codicil_span before_scts;
  codicil_span after_scts;
} tbs_parts;

// 1.3.6.1.4.1.11129.2.4.2
static const uint8_t oid_scts[] = {0x2b, 0x06, 0x01, 0x04, 0x01, 0xd6, 0x79, 0x02, 0x04, 0x02};

static bool is_scts(codicil_span extension) {
  codicil_span content, oid;
  if (!codicil_der_only(extension, CODICIL_DER_SEQUENCE, &content)) {
    return false;
  }
  codicil_reader r = codicil_reader_of(content);
  return codicil_der_read(&r, CODICIL_DER_OID, &oid) &&
         codicil_span_equal(oid, codicil_span_of(oid_scts, sizeof oid_scts));
}

static bool cut_extensions(tbs_parts *out, codicil_span list) {
  codicil_reader r = codicil_reader_of(list);
  while (!codicil_reader_done(&r)) {
    size_t start = list.len - r.rest.len;
    codicil_span extension;
    if (!codicil_der_read_whole(&r, CODICIL_DER_SEQUENCE, &extension)) {
      return false;
    }
    if (is_scts(extension)) {
      out->before_scts = codicil_span_sub(list, 0, start);
      out->after_scts = r.rest;
      return true;
    }
  }
  return false;
}

// The extensions, [3], are the last of a TBSCertificate.
static bool cut_tbs(tbs_parts *out, codicil_span tbs) {
  const uint8_t tag = CODICIL_DER_CONTEXT_CONSTRUCTED | 3;
  codicil_span content, wrapped, list;
  if (!codicil_der_only(tbs, CODICIL_DER_SEQUENCE, &content)) {
    return false;
  }
  codicil_reader r = codicil_reader_of(content);
  while (!codicil_reader_done(&r) && !codicil_der_is_next(&r, tag)) {
    codicil_span ignored;
    uint8_t ignored_tag;
    if (!codicil_der_read_any(&r, &ignored_tag, &ignored)) {
      return false;
    }
  }
  out->before_extensions = codicil_span_sub(content, 0, content.len - r.rest.len);
  return codicil_der_read(&r, tag, &wrapped) && codicil_reader_done(&r) &&
         codicil_der_only(wrapped, CODICIL_DER_SEQUENCE, &list) && cut_extensions(out, list);
}

static bool hash_key(uint8_t out[CODICIL_SHA256_LEN], X509 *issuer) {
  uint8_t *spki = NULL;
  int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(issuer), &spki);
  bool ok = len > 0 && codicil_sha256(out, codicil_span_of(spki, (size_t)len));
  OPENSSL_free(spki);
  return ok;
}

// RFC 6962 §3.2: the TBSCertificate without the timestamps, lengths of what is around them anew.
bool codicil_sct_entry_precert(codicil_sct_entry *out, const codicil_cert_fields *certificate,
                               X509 *issuer) {
  tbs_parts tbs;
  if (!cut_tbs(&tbs, certificate->tbs) || !hash_key(out->issuer_key_sha256, issuer)) {
    return false;
  }
  size_t list_len = tbs.before_scts.len + tbs.after_scts.len;
  codicil_span list = put_header(out->headers[2], CODICIL_DER_SEQUENCE, list_len);
  codicil_span wrapped =
      put_header(out->headers[1], CODICIL_DER_CONTEXT_CONSTRUCTED | 3, list.len + list_len);
  size_t tbs_len = tbs.before_extensions.len + wrapped.len + list.len + list_len;
  const codicil_span parts[] = {
      put_header(out->headers[0], CODICIL_DER_SEQUENCE, tbs_len),
      tbs.before_extensions,
      wrapped,
      list,
      tbs.before_scts,
      tbs.after_scts,
  };
  out->type = CODICIL_SCT_ENTRY_PRECERT;
  out->num_parts = sizeof parts / sizeof parts[0];
  memcpy(out->parts, parts, sizeof parts);
  return true;
}

void codicil_sct_entry_x509(codicil_sct_entry *out, codicil_span der) {
  out->type = CODICIL_SCT_ENTRY_X509;
  out->parts[0] = der;
  out->num_parts = 1;
}

bool codicil_scts_embedded(codicil_span *out, const codicil_cert_fields *certificate) {
  codicil_span value =
      codicil_cert_fields_extension(certificate, codicil_span_of(oid_scts, sizeof oid_scts));
  return value.data != NULL && codicil_der_only(value, CODICIL_DER_OCTET_STRING, out);
}

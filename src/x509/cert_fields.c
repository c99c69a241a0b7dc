// The fields of a certificate: see cert_fields.h.
#include "cert_fields.h"

#include "der.h"
#include "span.h"

// BOOLEAN DEFAULT FALSE. FALSE written out is not DER, but is found in the wild and harmless.
static bool read_critical(codicil_reader *r, bool *out) {
  codicil_span content;
  *out = false;
  if (!codicil_der_is_next(r, CODICIL_DER_BOOLEAN)) {
    return true;
  }
  if (!codicil_der_read(r, CODICIL_DER_BOOLEAN, &content) || content.len != 1 ||
      (content.data[0] != 0x00 && content.data[0] != 0xff)) {
    return false;
  }
  *out = content.data[0] == 0xff;
  return true;
}

// Extension ::= SEQUENCE { extnID OBJECT IDENTIFIER, critical BOOLEAN DEFAULT FALSE,
//                          extnValue OCTET STRING }
static bool read_extension(codicil_reader *list, codicil_extension *out) {
  codicil_span content;
  if (!codicil_der_read(list, CODICIL_DER_SEQUENCE, &content)) {
    return false;
  }
  codicil_reader r = codicil_reader_of(content);
  return codicil_der_read(&r, CODICIL_DER_OID, &out->oid) && read_critical(&r, &out->critical) &&
         codicil_der_read(&r, CODICIL_DER_OCTET_STRING, &out->value) && codicil_reader_done(&r);
}

codicil_span codicil_cert_fields_extension(const codicil_cert_fields *certificate,
                                           codicil_span oid) {
  for (size_t i = 0; i < certificate->num_extensions; i++) {
    if (codicil_span_equal(certificate->extensions[i].oid, oid)) {
      return certificate->extensions[i].value;
    }
  }
  return codicil_span_of(NULL, 0);
}

// Extensions ::= SEQUENCE SIZE (1..MAX) OF Extension, within [3].
static bool read_extensions(codicil_reader *tbs, codicil_cert_fields *out) {
  static const uint8_t version_3[] = {0x02, 0x01, 0x02};
  codicil_span wrapped, list;
  //= https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.1
  //# When extensions are used, as expected in this profile, version
  //# MUST be 3 (value is 2).
  if (!codicil_span_equal(out->version, codicil_span_of(version_3, sizeof version_3)) ||
      !codicil_der_read(tbs, CODICIL_DER_CONTEXT_CONSTRUCTED | 3, &wrapped) ||
      !codicil_der_only(wrapped, CODICIL_DER_SEQUENCE, &list) || list.len == 0) {
    return false;
  }
  codicil_reader r = codicil_reader_of(list);
  while (!codicil_reader_done(&r)) {
    codicil_extension extension;
    //= https://www.rfc-editor.org/rfc/rfc5280#section-4.2
    //# A certificate MUST NOT include more
    //# than one instance of a particular extension.
    if (out->num_extensions == CODICIL_EXTENSIONS_MAX || !read_extension(&r, &extension) ||
        codicil_cert_fields_extension(out, extension.oid).data != NULL) {
      return false;
    }
    out->extensions[out->num_extensions++] = extension;
  }
  return true;
}

// version [0] EXPLICIT INTEGER DEFAULT v1
static bool read_version(codicil_reader *r, codicil_span *out) {
  *out = codicil_span_of(NULL, 0);
  return !codicil_der_is_next(r, CODICIL_DER_CONTEXT_CONSTRUCTED | 0) ||
         codicil_der_read(r, CODICIL_DER_CONTEXT_CONSTRUCTED | 0, out);
}

static bool skip_unique_id(codicil_reader *r, uint8_t number, bool *out_present) {
  uint8_t tag = (uint8_t)(CODICIL_DER_CONTEXT | number);
  bool present = codicil_der_is_next(r, tag);
  *out_present = *out_present || present;
  return !present || codicil_der_skip(r, tag);
}

static bool read_validity(codicil_reader *tbs, codicil_cert_fields *out) {
  codicil_span content;
  if (!codicil_der_read(tbs, CODICIL_DER_SEQUENCE, &content)) {
    return false;
  }
  codicil_reader r = codicil_reader_of(content);
  return codicil_der_read_time(&r, &out->not_before) &&
         codicil_der_read_time(&r, &out->not_after) && codicil_reader_done(&r);
}

// TBSCertificate, RFC 5280 §4.1.
static bool read_tbs(codicil_cert_fields *out) {
  codicil_span content;
  if (!codicil_der_only(out->tbs, CODICIL_DER_SEQUENCE, &content)) {
    return false;
  }
  codicil_reader r = codicil_reader_of(content);
  return read_version(&r, &out->version) &&
         codicil_der_read_whole(&r, CODICIL_DER_INTEGER, &out->serial) &&
         codicil_der_read_whole(&r, CODICIL_DER_SEQUENCE, &out->tbs_algorithm) &&
         codicil_der_read_whole(&r, CODICIL_DER_SEQUENCE, &out->issuer) && read_validity(&r, out) &&
         codicil_der_skip(&r, CODICIL_DER_SEQUENCE) && // subject
         codicil_der_read_whole(&r, CODICIL_DER_SEQUENCE, &out->spki) &&
         skip_unique_id(&r, 1, &out->has_unique_id) && skip_unique_id(&r, 2, &out->has_unique_id) &&
         (codicil_reader_done(&r) || read_extensions(&r, out)) && codicil_reader_done(&r);
}

// Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signature BIT STRING }
bool codicil_cert_fields_parse(codicil_cert_fields *out, codicil_span der) {
  codicil_span content;
  if (!codicil_der_only(der, CODICIL_DER_SEQUENCE, &content)) {
    return false;
  }
  out->num_extensions = 0;
  out->has_unique_id = false;
  codicil_reader r = codicil_reader_of(content);
  return codicil_der_read_whole(&r, CODICIL_DER_SEQUENCE, &out->tbs) && read_tbs(out) &&
         codicil_der_read_whole(&r, CODICIL_DER_SEQUENCE, &out->algorithm) &&
         codicil_der_read_whole(&r, CODICIL_DER_BIT_STRING, &out->signature) &&
         codicil_reader_done(&r);
}

// Features ::= SEQUENCE OF INTEGER; status_request is 5.
bool codicil_cert_fields_must_staple(const codicil_cert_fields *certificate,
                                     bool *out_must_staple) {
  // 1.3.6.1.5.5.7.1.24
  static const uint8_t oid[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x18};
  codicil_span value = codicil_cert_fields_extension(certificate, codicil_span_of(oid, sizeof oid));
  codicil_span list, number;
  if (value.data != NULL && !codicil_der_only(value, CODICIL_DER_SEQUENCE, &list)) {
    return false;
  }
  bool must_staple = false;
  codicil_reader r = codicil_reader_of(value.data != NULL ? list : value);
  while (!codicil_reader_done(&r)) {
    if (!codicil_der_read(&r, CODICIL_DER_INTEGER, &number) || number.len == 0) {
      return false;
    }
    must_staple = must_staple || (number.len == 1 && number.data[0] == 5);
  }
  *out_must_staple = must_staple;
  return true;
}

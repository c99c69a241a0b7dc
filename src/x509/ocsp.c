// Stapled OCSP responses: see ocsp.h.
#include "ocsp.h"

#include <limits.h>
#include <openssl/ocsp.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "path.h"

// A staple speaks of one certificate; a few more are tolerated.
enum { SINGLES_MAX = 8, SECURITY_BITS_MIN = 112 };

typedef struct window {
  int64_t this_update;
  int64_t next_update; // INT64_MAX where there is none
} window;

static OCSP_BASICRESP *parse(codicil_span der) {
  const uint8_t *at = der.data;
  OCSP_RESPONSE *response =
      der.len <= LONG_MAX ? d2i_OCSP_RESPONSE(NULL, &at, (long)der.len) : NULL;
  OCSP_BASICRESP *basic = NULL;
  if (response != NULL && at == der.data + der.len &&
      OCSP_response_status(response) == OCSP_RESPONSE_STATUS_SUCCESSFUL) {
    basic = OCSP_response_get1_basic(response);
  }
  OCSP_RESPONSE_free(response);
  return basic;
}

// ---- who signed ---------------------------------------------------------------------------------

// The digest of RSASSA-PSS stands in its parameters, and is SHA-1 where they do not tell.
static int pss_digest(int type, const void *parameters) {
  RSA_PSS_PARAMS *pss =
      type == V_ASN1_SEQUENCE ? ASN1_item_unpack(parameters, ASN1_ITEM_rptr(RSA_PSS_PARAMS)) : NULL;
  int nid = pss != NULL && pss->hashAlgorithm != NULL ? OBJ_obj2nid(pss->hashAlgorithm->algorithm)
                                                      : NID_sha1;
  RSA_PSS_PARAMS_free(pss);
  return nid;
}

// 112 bits of collision resistance: no SHA-1. Signatures without a digest of their own (Ed25519)
// are as strong as their keys.
static bool is_strong_signature(const X509_ALGOR *signature) {
  const ASN1_OBJECT *algorithm;
  int type;
  const void *parameters;
  int digest_nid = NID_undef;
  X509_ALGOR_get0(&algorithm, &type, &parameters, signature);
  int nid = OBJ_obj2nid(algorithm);
  if (nid == NID_rsassaPss) {
    digest_nid = pss_digest(type, parameters);
  } else if (OBJ_find_sigid_algs(nid, &digest_nid, NULL) != 1) {
    return false;
  }
  const EVP_MD *digest = EVP_get_digestbynid(digest_nid);
  return digest_nid == NID_undef ||
         (digest != NULL && EVP_MD_get_size(digest) * 4 >= SECURITY_BITS_MIN);
}

static bool is_valid_at(X509 *cert, int64_t unix_s) {
  int64_t not_before, not_after;
  return codicil_asn1_time(&not_before, X509_get0_notBefore(cert)) &&
         codicil_asn1_time(&not_after, X509_get0_notAfter(cert)) && not_before <= unix_s &&
         unix_s < not_after;
}

// RFC 6960 §4.2.2.2: a delegate is issued directly by the certificate's issuer, for OCSP signing.
// UINT32_MAX, all bits set, is what an absent extension gives: key usage may be absent, extended
// key usage may not.
static bool is_delegate(X509 *signer, X509 *issuer, int64_t unix_s) {
  uint32_t flags = X509_get_extension_flags(signer);
  EVP_PKEY *key = X509_get0_pubkey(signer);
  const X509_ALGOR *signature;
  X509_get0_signature(NULL, &signature, signer);
  //= https://www.rfc-editor.org/rfc/rfc6960#section-4.2.2.2
  //# OCSP signing delegation SHALL be designated by the inclusion of
  //# id-kp-OCSPSigning in an extended key usage certificate extension
  //# included in the OCSP response signer's certificate.
  return (flags & EXFLAG_XKUSAGE) != 0 && (flags & (EXFLAG_INVALID | EXFLAG_CRITICAL)) == 0 &&
         (X509_get_extended_key_usage(signer) & XKU_OCSP_SIGN) != 0 &&
         (X509_get_key_usage(signer) & KU_DIGITAL_SIGNATURE) != 0 && key != NULL &&
         EVP_PKEY_get_security_bits(key) >= SECURITY_BITS_MIN && is_valid_at(signer, unix_s) &&
         is_strong_signature(signature) && X509_check_issued(issuer, signer) == X509_V_OK &&
         X509_verify(signer, X509_get0_pubkey(issuer)) == 1;
}

static bool is_signed_for(OCSP_BASICRESP *basic, X509 *issuer, int64_t unix_s) {
  X509 *signer = NULL;
  STACK_OF(X509) *known = sk_X509_new_null();
  bool ok = known != NULL && sk_X509_push(known, issuer) > 0;
  ok = ok && is_strong_signature(OCSP_resp_get0_tbs_sigalg(basic)) &&
       OCSP_resp_get0_signer(basic, &signer, known) == 1 &&
       (X509_cmp(signer, issuer) == 0 || is_delegate(signer, issuer, unix_s));
  if (ok && signer != issuer) {
    ok = sk_X509_set(known, 0, signer) != NULL;
  }
  // Whose word it is has been settled: what is left is the signature.
  ok = ok &&
       OCSP_basic_verify(basic, known, NULL, OCSP_NOINTERN | OCSP_TRUSTOTHER | OCSP_NOVERIFY) == 1;
  sk_X509_free(known);
  return ok;
}

// ---- what it says -------------------------------------------------------------------------------

static bool is_about(const OCSP_SINGLERESP *single, X509 *subject, X509 *issuer) {
  const OCSP_CERTID *id = OCSP_SINGLERESP_get0_id(single);
  ASN1_OBJECT *algorithm = NULL;
  if (OCSP_id_get0_info(NULL, &algorithm, NULL, NULL, (OCSP_CERTID *)id) != 1) {
    return false;
  }
  const EVP_MD *digest = EVP_get_digestbyobj(algorithm);
  OCSP_CERTID *wanted = digest != NULL ? OCSP_cert_to_id(digest, subject, issuer) : NULL;
  bool same = wanted != NULL && OCSP_id_cmp(id, wanted) == 0;
  OCSP_CERTID_free(wanted);
  return same;
}

static OCSP_SINGLERESP *find_single(OCSP_BASICRESP *basic, X509 *subject, X509 *issuer) {
  int num = OCSP_resp_count(basic);
  for (int i = 0; i < num && num <= SINGLES_MAX; i++) {
    OCSP_SINGLERESP *single = OCSP_resp_get0(basic, i);
    if (is_about(single, subject, issuer)) {
      return single;
    }
  }
  return NULL;
}

// RFC 6960 §4.4: an extension that is not known is ignored, unless it is critical. None is known
// here.
static bool has_critical_extension(OCSP_BASICRESP *basic, OCSP_SINGLERESP *single) {
  return OCSP_BASICRESP_get_ext_by_critical(basic, 1, -1) >= 0 ||
         OCSP_SINGLERESP_get_ext_by_critical(single, 1, -1) >= 0;
}

static int status_at(OCSP_SINGLERESP *single, window *out, int64_t unix_s) {
  ASN1_GENERALIZEDTIME *this_update = NULL, *next_update = NULL;
  int status = OCSP_single_get0_status(single, NULL, NULL, &this_update, &next_update);
  out->next_update = INT64_MAX;
  if (status < 0 || !codicil_asn1_time(&out->this_update, this_update) ||
      (next_update != NULL && !codicil_asn1_time(&out->next_update, next_update))) {
    return V_OCSP_CERTSTATUS_UNKNOWN;
  }
  bool is_current = out->this_update - CODICIL_OCSP_SKEW_S <= unix_s &&
                    unix_s - CODICIL_OCSP_SKEW_S < out->next_update &&
                    out->this_update <= out->next_update;
  return is_current ? status : V_OCSP_CERTSTATUS_UNKNOWN;
}

static codicil_staple judge(OCSP_BASICRESP *basic, int64_t *out_next_update, X509 *subject,
                            X509 *issuer, int64_t unix_s) {
  OCSP_SINGLERESP *single = find_single(basic, subject, issuer);
  window w;
  int status = single != NULL ? status_at(single, &w, unix_s) : V_OCSP_CERTSTATUS_UNKNOWN;
  // Good without an end is good for ever: that is not taken. Revoked is for ever.
  if (status == V_OCSP_CERTSTATUS_UNKNOWN ||
      (status == V_OCSP_CERTSTATUS_GOOD && w.next_update == INT64_MAX) ||
      has_critical_extension(basic, single) || !is_signed_for(basic, issuer, unix_s)) {
    return CODICIL_STAPLE_UNUSABLE;
  }
  if (status == V_OCSP_CERTSTATUS_REVOKED) {
    return CODICIL_STAPLE_REVOKED;
  }
  *out_next_update = w.next_update;
  return CODICIL_STAPLE_GOOD;
}

codicil_staple codicil_ocsp_judge(int64_t *out_next_update, codicil_span der, X509 *subject,
                                  X509 *issuer, int64_t unix_s) {
  OCSP_BASICRESP *basic = parse(der);
  codicil_staple staple = basic != NULL ? judge(basic, out_next_update, subject, issuer, unix_s)
                                        : CODICIL_STAPLE_UNUSABLE;
  OCSP_BASICRESP_free(basic);
  return staple;
}

// ---- timestamps ---------------------------------------------------------------------------------

// RFC 6962 §3.3: the extension's value is an OCTET STRING that holds the list.
static ASN1_OCTET_STRING *read_scts(OCSP_SINGLERESP *single) {
  int at = OCSP_SINGLERESP_get_ext_by_NID(single, NID_ct_cert_scts, -1);
  X509_EXTENSION *extension = at >= 0 ? OCSP_SINGLERESP_get_ext(single, at) : NULL;
  if (extension == NULL) {
    return NULL;
  }
  const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(extension);
  const uint8_t *content = ASN1_STRING_get0_data(value);
  int len = ASN1_STRING_length(value);
  ASN1_OCTET_STRING *list = d2i_ASN1_OCTET_STRING(NULL, &content, len);
  if (list != NULL && content != ASN1_STRING_get0_data(value) + len) {
    ASN1_OCTET_STRING_free(list);
    list = NULL;
  }
  return list;
}

ASN1_OCTET_STRING *codicil_ocsp_scts(codicil_span der, X509 *subject, X509 *issuer) {
  OCSP_BASICRESP *basic = parse(der);
  OCSP_SINGLERESP *single = basic != NULL ? find_single(basic, subject, issuer) : NULL;
  ASN1_OCTET_STRING *list = single != NULL ? read_scts(single) : NULL;
  OCSP_BASICRESP_free(basic);
  return list;
}

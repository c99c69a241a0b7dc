// Path building and validation: see path.h.
//
// OpenSSL builds the path and checks extensions, key strength, signatures' digests and name
// constraints. Signatures and times are checked here (as OpenSSL's internal_verify does), so that
// an intermediate's signature that verified before is not verified again: half the cost of a path.
#include "path.h"

#include <openssl/x509v3.h>

#include "der.h"
#include "imposed.h"
#include "trust.h"
#include "wildcard.h"

// Security level 2 is 112 bits: no SHA-1. OpenSSL rounds, so that RSA a little below 2048 bits
// passes: not here.
enum { AUTH_LEVEL = 2, DEPTH_MAX = 10, RSA_BITS_MIN = 2048 };

typedef struct error_reason {
  int error;
  codicil_cert_reason reason;
} error_reason;

// Everything else is CODICIL_CERT_UNTRUSTED.
static const error_reason reasons[] = {
    {X509_V_ERR_CERT_HAS_EXPIRED, CODICIL_CERT_EXPIRED},
    {X509_V_ERR_CERT_NOT_YET_VALID, CODICIL_CERT_NOT_YET_VALID},
    {X509_V_ERR_INVALID_PURPOSE, CODICIL_CERT_PURPOSE},
    {X509_V_ERR_PERMITTED_VIOLATION, CODICIL_CERT_NAME_CONSTRAINTS},
    {X509_V_ERR_EXCLUDED_VIOLATION, CODICIL_CERT_NAME_CONSTRAINTS},
    {X509_V_ERR_SUBTREE_MINMAX, CODICIL_CERT_NAME_CONSTRAINTS},
    {X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE, CODICIL_CERT_NAME_CONSTRAINTS},
    {X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX, CODICIL_CERT_NAME_CONSTRAINTS},
    {X509_V_ERR_UNSUPPORTED_NAME_SYNTAX, CODICIL_CERT_NAME_CONSTRAINTS},
    {X509_V_ERR_CERT_REVOKED, CODICIL_CERT_REVOKED},
};

static codicil_cert_reason reason_of(int error) {
  for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
    if (reasons[i].error == error) {
      return reasons[i].reason;
    }
  }
  return CODICIL_CERT_UNTRUSTED;
}

bool codicil_asn1_time(int64_t *out_unix_s, const ASN1_TIME *time) {
  int len = ASN1_STRING_length(time);
  uint8_t tag = ASN1_STRING_type(time) == V_ASN1_UTCTIME ? CODICIL_DER_UTC_TIME
                                                         : CODICIL_DER_GENERALIZED_TIME;
  return len > 0 && codicil_der_time(out_unix_s, tag,
                                     codicil_span_of(ASN1_STRING_get0_data(time), (size_t)len));
}

// ---- signatures and times -----------------------------------------------------------------------

static int check_time(X509 *cert, int64_t unix_s) {
  int64_t not_before, not_after;
  if (!codicil_asn1_time(&not_before, X509_get0_notBefore(cert))) {
    return X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD;
  }
  if (!codicil_asn1_time(&not_after, X509_get0_notAfter(cert))) {
    return X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD;
  }
  if (unix_s < not_before) {
    return X509_V_ERR_CERT_NOT_YET_VALID;
  }
  // The last second is not used: as OpenSSL, and so that a verdict ends at notAfter.
  return unix_s < not_after ? X509_V_OK : X509_V_ERR_CERT_HAS_EXPIRED;
}

static bool is_known(const codicil_path_input *in, const X509 *cert, const X509 *issuer) {
  for (size_t i = 0; i < in->num_known; i++) {
    if (in->known[i].cert == cert && in->known[i].issuer == issuer) {
      return true;
    }
  }
  return false;
}

static int check_signature(const codicil_path_input *in, X509 *cert, X509 *issuer) {
  // UINT32_MAX, all bits set, where there is no key usage extension.
  if ((X509_get_key_usage(issuer) & KU_KEY_CERT_SIGN) == 0) {
    return X509_V_ERR_KEYUSAGE_NO_CERTSIGN;
  }
  if (is_known(in, cert, issuer)) {
    return X509_V_OK;
  }
  EVP_PKEY *key = X509_get0_pubkey(issuer);
  if (key == NULL) {
    return X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY;
  }
  return X509_verify(cert, key) == 1 ? X509_V_OK : X509_V_ERR_CERT_SIGNATURE_FAILURE;
}

// Takes the place of OpenSSL's internal_verify. The anchor's own signature proves nothing and is
// not looked at; its times are.
static int verify_chain(X509_STORE_CTX *ctx) {
  const codicil_path_input *in = X509_STORE_CTX_get_app_data(ctx);
  STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(ctx);
  int num = sk_X509_num(chain);
  int error = num > 0 ? X509_V_OK : X509_V_ERR_UNSPECIFIED;
  for (int i = num - 1; i >= 0 && error == X509_V_OK; i--) {
    X509 *cert = sk_X509_value(chain, i);
    if (i < num - 1) {
      error = check_signature(in, cert, sk_X509_value(chain, i + 1));
    }
    if (error == X509_V_OK) {
      error = check_time(cert, in->unix_s);
    }
    if (error != X509_V_OK) {
      X509_STORE_CTX_set_error_depth(ctx, i);
      X509_STORE_CTX_set_error(ctx, error);
    }
  }
  return error == X509_V_OK;
}

// ---- what OpenSSL does not ask ------------------------------------------------------------------

// OpenSSL lets an extension that does not parse pass unless told to be strict, and strict it wants
// key identifiers that RFC 5280 leaves to the issuer.
static bool has_invalid_extension(X509 *cert) {
  return (X509_get_extension_flags(cert) & EXFLAG_INVALID) != 0;
}

// Server Gated Cryptography passes OpenSSL's purpose; it is not serverAuth.
static bool is_for_servers(X509 *cert) {
  return (X509_get_extended_key_usage(cert) & XKU_SSL_SERVER) != 0;
}

static bool has_short_rsa(X509 *cert) {
  EVP_PKEY *key = X509_get0_pubkey(cert);
  return key != NULL && (EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_is_a(key, "RSA-PSS")) &&
         EVP_PKEY_get_bits(key) < RSA_BITS_MIN;
}

static int check_more(STACK_OF(X509) * chain) {
  X509 *leaf = sk_X509_value(chain, 0);
  int num = sk_X509_num(chain);
  for (int i = 0; i < num; i++) {
    X509 *cert = sk_X509_value(chain, i);
    bool is_anchor = i != 0 && i == num - 1;
    if (has_invalid_extension(cert)) {
      return X509_V_ERR_INVALID_EXTENSION;
    }
    if (!is_anchor && !is_for_servers(cert)) {
      return X509_V_ERR_INVALID_PURPOSE;
    }
    if (has_short_rsa(cert)) {
      return i == 0 ? X509_V_ERR_EE_KEY_TOO_SMALL : X509_V_ERR_CA_KEY_TOO_SMALL;
    }
  }
  if (codicil_wildcard_is_excluded(chain)) {
    return X509_V_ERR_EXCLUDED_VIOLATION;
  }
  int imposed = codicil_imposed_error(chain);
  if (imposed != X509_V_OK) {
    return imposed;
  }
  //= https://www.rfc-editor.org/rfc/rfc8446#section-4.4.2.2
  //# The certificate MUST allow the key to be used for signing (i.e.,
  //# the digitalSignature bit MUST be set if the Key Usage extension is
  //# present)
  return (X509_get_key_usage(leaf) & KU_DIGITAL_SIGNATURE) != 0 ? X509_V_OK
                                                                : X509_V_ERR_INVALID_PURPOSE;
}

// ---- the whole ----------------------------------------------------------------------------------

static bool set_up(X509_STORE_CTX *ctx, codicil_path_input *in) {
  if (X509_STORE_CTX_init(ctx, codicil_trust_store(in->trust), in->leaf, in->extra) != 1 ||
      X509_STORE_CTX_set_default(ctx, "ssl_server") != 1) {
    return false;
  }
  X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
  X509_VERIFY_PARAM_set_depth(param, DEPTH_MAX);
  X509_VERIFY_PARAM_set_auth_level(param, AUTH_LEVEL);
  X509_VERIFY_PARAM_set_time(param, (time_t)in->unix_s);
  // Name constraints then do not take a common name for a host name either.
  X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  X509_STORE_CTX_set_verify(ctx, verify_chain);
  return X509_STORE_CTX_set_app_data(ctx, in) == 1;
}

static void refuse(codicil_path_result *out, int error) {
  out->reason = reason_of(error);
  out->what = X509_verify_cert_error_string(error);
}

static codicil_err verify(codicil_path_result *out, X509_STORE_CTX *ctx) {
  int result = X509_verify_cert(ctx);
  int error = X509_STORE_CTX_get_error(ctx);
  if (error == X509_V_ERR_OUT_OF_MEM) {
    return CODICIL_NOMEM;
  }
  if (result < 0) {
    return CODICIL_CRYPTO;
  }
  if (result == 1 && error == X509_V_OK) {
    error = check_more(X509_STORE_CTX_get0_chain(ctx));
  } else if (error == X509_V_OK) {
    error = X509_V_ERR_UNSPECIFIED;
  }
  if (error == X509_V_ERR_OUT_OF_MEM) {
    return CODICIL_NOMEM;
  }
  if (error != X509_V_OK) {
    refuse(out, error);
    return CODICIL_OK;
  }
  out->chain = X509_STORE_CTX_get1_chain(ctx);
  return out->chain != NULL ? CODICIL_OK : CODICIL_NOMEM;
}

codicil_err codicil_path_validate(codicil_path_result *out, codicil_path_input *in) {
  codicil_path_result result = {CODICIL_CERT_NONE, NULL, NULL};
  codicil_err err = CODICIL_OK;
  if (in->trust == NULL) {
    refuse(&result, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
  } else if (has_invalid_extension(in->leaf)) {
    refuse(&result, X509_V_ERR_INVALID_EXTENSION);
  } else {
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    err = ctx == NULL ? CODICIL_NOMEM : set_up(ctx, in) ? verify(&result, ctx) : CODICIL_CRYPTO;
    X509_STORE_CTX_free(ctx);
  }
  if (err == CODICIL_OK) {
    *out = result;
  }
  return err;
}

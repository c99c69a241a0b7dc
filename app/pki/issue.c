// Issuing: see issue.h. What stands in a certificate, and why:
//   serial       128 random bits (RFC 5280 §4.1.2.2 allows 20 octets)
//   subjectAltName  the names; nothing reads the common name, which is there for people
//   keyUsage, extendedKeyUsage, basicConstraints  no more than the profile needs
//   key identifiers  so that a path is found among issuers of one name
#include "pki/issue.h"

#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "pki/key.h"

enum { COMMON_NAME_MAX = 64, SERIAL_BITS = 128, SKEW_S = 3600, DAY_S = 86400 };

static bool set_serial(X509 *cert) {
  BIGNUM *number = BN_new();
  bool ok = number != NULL &&
            BN_rand(number, SERIAL_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
            BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) != NULL;
  BN_free(number);
  return ok;
}

static bool set_validity(X509 *cert, const pki_request *request) {
  time_t now = (time_t)request->now_s;
  return ASN1_TIME_adj(X509_getm_notBefore(cert), now, 0, -SKEW_S) != NULL &&
         ASN1_TIME_adj(X509_getm_notAfter(cert), now, (int)request->days, 0) != NULL;
}

// A server's certificate does without a subject where its first name does not fit; a CA never does
// (RFC 5280 §4.1.2.6), and OpenSSL refuses what is too long.
static bool set_subject(X509 *cert, const pki_request *request) {
  const char *common_name = request->common_name;
  bool is_optional = request->profile == PKI_SERVER;
  if (common_name == NULL || (is_optional && strlen(common_name) > COMMON_NAME_MAX)) {
    return true;
  }
  return X509_NAME_add_entry_by_NID(X509_get_subject_name(cert), NID_commonName, MBSTRING_UTF8,
                                    (const unsigned char *)common_name, -1, -1, 0) == 1;
}

static bool add_ext(X509 *cert, X509V3_CTX *ctx, int nid, const char *value) {
  X509_EXTENSION *ext = X509V3_EXT_nconf_nid(NULL, ctx, nid, value);
  bool ok = ext != NULL && X509_add_ext(cert, ext, -1) == 1;
  X509_EXTENSION_free(ext);
  return ok;
}

// Names come from outside: they go in as values, never through OpenSSL's configuration syntax.
static bool add_names(X509 *cert, const pki_request *request) {
  GENERAL_NAMES *san = pki_names_to_san(request->names, request->num_names);
  // RFC 5280 §4.2.1.6: critical where the subject is empty.
  int critical = X509_NAME_entry_count(X509_get_subject_name(cert)) == 0;
  bool ok = san != NULL &&
            X509_add1_ext_i2d(cert, NID_subject_alt_name, san, critical, X509V3_ADD_DEFAULT) == 1;
  sk_GENERAL_NAME_pop_free(san, GENERAL_NAME_free);
  return ok;
}

static bool add_server_extensions(X509 *cert, X509V3_CTX *ctx, const pki_request *request) {
  return add_ext(cert, ctx, NID_basic_constraints, "critical,CA:FALSE") &&
         // Every suite that is spoken here signs: no keyEncipherment, for RSA either.
         add_ext(cert, ctx, NID_key_usage, "critical,digitalSignature") &&
         add_ext(cert, ctx, NID_ext_key_usage, "serverAuth") && add_names(cert, request);
}

static bool add_ca_extensions(X509 *cert, X509V3_CTX *ctx, pki_profile profile) {
  const char *constraints = profile == PKI_ROOT ? "critical,CA:TRUE" : "critical,CA:TRUE,pathlen:0";
  return add_ext(cert, ctx, NID_basic_constraints, constraints) &&
         add_ext(cert, ctx, NID_key_usage, "critical,keyCertSign,cRLSign") &&
         (profile == PKI_ROOT || add_ext(cert, ctx, NID_ext_key_usage, "serverAuth"));
}

static bool add_extensions(X509 *cert, X509 *issuer_cert, const pki_request *request) {
  X509V3_CTX ctx;
  X509V3_set_ctx(&ctx, issuer_cert, cert, NULL, NULL, 0);
  X509V3_set_ctx_nodb(&ctx);
  bool ok = request->profile == PKI_SERVER ? add_server_extensions(cert, &ctx, request)
                                           : add_ca_extensions(cert, &ctx, request->profile);
  return ok && add_ext(cert, &ctx, NID_subject_key_identifier, "hash") &&
         (request->profile == PKI_ROOT ||
          add_ext(cert, &ctx, NID_authority_key_identifier, "keyid:always"));
}

static bool fill(X509 *cert, const pki_request *request, const pki_issuer *issuer) {
  X509 *issuer_cert = issuer->certificate != NULL ? issuer->certificate : cert;
  return X509_set_version(cert, X509_VERSION_3) == 1 && set_serial(cert) &&
         set_validity(cert, request) && set_subject(cert, request) &&
         X509_set_issuer_name(cert, X509_get_subject_name(issuer_cert)) == 1 &&
         X509_set_pubkey(cert, request->key) == 1 && add_extensions(cert, issuer_cert, request) &&
         X509_sign(cert, issuer->key, pki_key_digest(issuer->key)) > 0;
}

static bool outlives(const pki_request *request, const X509 *issuer_cert) {
  time_t end = (time_t)(request->now_s + (int64_t)request->days * DAY_S);
  return issuer_cert != NULL && ASN1_TIME_cmp_time_t(X509_get0_notAfter(issuer_cert), end) == -1;
}

X509 *pki_issue(const pki_request *request, const pki_issuer *issuer, app_error *err) {
  if (outlives(request, issuer->certificate)) {
    app_fail(err, "a certificate for %u days would outlive its issuer", request->days);
    return NULL;
  }
  X509 *cert = X509_new();
  if (cert == NULL || !fill(cert, request, issuer)) {
    pki_fail_crypto(err, "making a certificate");
    X509_free(cert);
    return NULL;
  }
  return cert;
}

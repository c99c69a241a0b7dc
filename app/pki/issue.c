// Issuing: see issue.h. What stands in a certificate, and why:
//   serial       128 random bits (RFC 5280 §4.1.2.2 allows 20 octets)
//   subjectAltName  the names; nothing reads the common name, which is there for people
//   keyUsage, extendedKeyUsage, basicConstraints  no more than the profile needs
//   key identifiers  so that a path is found among issuers of one name
//   requiredDomain  where the request has one; never critical, or no client of today takes it
#include "pki/issue.h"

#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "pki/key.h"

enum { COMMON_NAME_MAX = 64, SKEW_S = 3600, DAY_S = 86400 };

static const char *const profile_names[] = {
    [PKI_ROOT] = "root",
    [PKI_INTERMEDIATE] = "intermediate",
    [PKI_SERVER] = "server",
    [PKI_GLUE] = "glue",
};

const char *pki_profile_name(pki_profile profile) {
  return profile_names[profile];
}

bool pki_serial_new(pki_serial *out, app_error *err) {
  if (RAND_bytes(out->octets, PKI_SERIAL_LEN) != 1) {
    return pki_fail_crypto(err, "choosing a serial number");
  }
  // Never zero, and of one length for all.
  out->octets[0] |= 0x80;
  return true;
}

static bool set_serial(X509 *cert, const pki_serial *serial) {
  BIGNUM *number = BN_bin2bn(serial->octets, PKI_SERIAL_LEN, NULL);
  bool ok = number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) != NULL;
  BN_free(number);
  return ok;
}

int64_t pki_not_before(const pki_request *request) {
  return request->now_s - SKEW_S;
}

int64_t pki_not_after(const pki_request *request) {
  return request->now_s + (int64_t)request->days * DAY_S;
}

static bool set_validity(X509 *cert, const pki_request *request) {
  return ASN1_TIME_set(X509_getm_notBefore(cert), (time_t)pki_not_before(request)) != NULL &&
         ASN1_TIME_set(X509_getm_notAfter(cert), (time_t)pki_not_after(request)) != NULL;
}

// A server's certificate does without a subject where its first name does not fit; a CA never does
// (RFC 5280 §4.1.2.6), and OpenSSL refuses what is too long.
static bool set_subject(X509 *cert, const pki_request *request) {
  const char *common_name = request->common_name;
  bool is_optional = !pki_profile_is_ca(request->profile);
  if (request->subject != NULL) {
    return X509_set_subject_name(cert, request->subject) == 1;
  }
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

static X509_EXTENSION *extension_of(codicil_span content, const char *oid) {
  ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
  ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
  X509_EXTENSION *ext = NULL;
  if (object != NULL && value != NULL &&
      ASN1_OCTET_STRING_set(value, content.data, (int)content.len) == 1) {
    ext = X509_EXTENSION_create_by_OBJ(NULL, object, 0, value);
  }
  ASN1_OCTET_STRING_free(value);
  ASN1_OBJECT_free(object);
  return ext;
}

//= https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-http2-secondary-certs#section-5
//# Conforming CAs SHOULD mark the
//# requiredDomain extension as non-critical.
X509_EXTENSION *pki_required_extension(const pki_required *required, const char *oid) {
  codicil_buf content;
  codicil_buf_init(&content, NULL, PKI_EXTENSION_MAX);
  app_error ignored;
  X509_EXTENSION *ext = pki_required_encode(&content, required, &ignored)
                            ? extension_of(codicil_buf_span(&content), oid)
                            : NULL;
  codicil_buf_clear(&content);
  return ext;
}

static bool add_required_domain(X509 *cert, const pki_request *request) {
  if (request->required == NULL || request->required->num == 0) {
    return true;
  }
  X509_EXTENSION *ext = pki_required_extension(request->required, request->required_domain_oid);
  bool ok = ext != NULL && X509_add_ext(cert, ext, -1) == 1;
  X509_EXTENSION_free(ext);
  return ok;
}

static bool add_server_extensions(X509 *cert, X509V3_CTX *ctx, const pki_request *request) {
  return add_ext(cert, ctx, NID_basic_constraints, "critical,CA:FALSE") &&
         // Every suite that is spoken here signs: no keyEncipherment, for RSA either.
         add_ext(cert, ctx, NID_key_usage, "critical,digitalSignature") &&
         add_ext(cert, ctx, NID_ext_key_usage, "serverAuth") && add_names(cert, request) &&
         add_required_domain(cert, request);
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
  bool ok = pki_profile_is_ca(request->profile) ? add_ca_extensions(cert, &ctx, request->profile)
                                                : add_server_extensions(cert, &ctx, request);
  return ok && add_ext(cert, &ctx, NID_subject_key_identifier, "hash") &&
         (request->profile == PKI_ROOT ||
          add_ext(cert, &ctx, NID_authority_key_identifier, "keyid:always"));
}

static bool fill(X509 *cert, const pki_request *request, const pki_issuer *issuer) {
  X509 *issuer_cert = issuer->certificate != NULL ? issuer->certificate : cert;
  return X509_set_version(cert, X509_VERSION_3) == 1 && set_serial(cert, &request->serial) &&
         set_validity(cert, request) && set_subject(cert, request) &&
         X509_set_issuer_name(cert, X509_get_subject_name(issuer_cert)) == 1 &&
         X509_set_pubkey(cert, request->key) == 1 && add_extensions(cert, issuer_cert, request) &&
         X509_sign(cert, issuer->key, pki_key_digest(issuer->key)) > 0;
}

bool pki_check_lifetime(const pki_request *request, const X509 *issuer, app_error *err) {
  time_t end = (time_t)pki_not_after(request);
  return ASN1_TIME_cmp_time_t(X509_get0_notAfter(issuer), end) != -1 ||
         app_fail(err, "a certificate for %u days would outlive its issuer", request->days);
}

X509 *pki_issue(const pki_request *request, const pki_issuer *issuer, app_error *err) {
  if (issuer->certificate != NULL && !pki_check_lifetime(request, issuer->certificate, err)) {
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

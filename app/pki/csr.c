// Certificate requests: see csr.h. OpenSSL reads the DER; what it means is decided here.
#include "pki/csr.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "pki/issue.h"
#include "pki/key.h"

enum { COMMON_NAME_MAX = 64, SECURITY_BITS_MIN = 112, RSA_BITS_MAX = 8192 };

// ---- writing ------------------------------------------------------------------------------------

static bool push_extension(STACK_OF(X509_EXTENSION) * list, X509_EXTENSION *ext) {
  if (ext != NULL && sk_X509_EXTENSION_push(list, ext) > 0) {
    return true;
  }
  X509_EXTENSION_free(ext);
  return false;
}

static bool push_names(STACK_OF(X509_EXTENSION) * list, const pki_name *names, size_t num_names,
                       bool is_critical) {
  GENERAL_NAMES *san = pki_names_to_san(names, num_names);
  X509_EXTENSION *ext = san != NULL ? X509V3_EXT_i2d(NID_subject_alt_name, is_critical, san) : NULL;
  sk_GENERAL_NAME_pop_free(san, GENERAL_NAME_free);
  return push_extension(list, ext);
}

static bool push_required(STACK_OF(X509_EXTENSION) * list, const pki_required *required,
                          const char *oid) {
  return required->num == 0 || push_extension(list, pki_required_extension(required, oid));
}

static bool set_common_name(X509_REQ *req, const pki_name *name) {
  if (strlen(name->text) > COMMON_NAME_MAX) {
    return true;
  }
  X509_NAME *subject = X509_REQ_get_subject_name(req);
  const unsigned char *text = (const unsigned char *)name->text;
  return X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8, text, -1, -1, 0) == 1;
}

static bool fill(X509_REQ *req, EVP_PKEY *key, const pki_name *names, size_t num_names,
                 const pki_required *required, const char *oid) {
  STACK_OF(X509_EXTENSION) *list = sk_X509_EXTENSION_new_null();
  bool is_critical = strlen(names[0].text) > COMMON_NAME_MAX;
  bool ok = list != NULL && X509_REQ_set_version(req, X509_REQ_VERSION_1) == 1 &&
            set_common_name(req, &names[0]) && X509_REQ_set_pubkey(req, key) == 1 &&
            push_names(list, names, num_names, is_critical) && push_required(list, required, oid) &&
            X509_REQ_add_extensions(req, list) == 1 &&
            X509_REQ_sign(req, key, pki_key_digest(key)) > 0;
  sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
  return ok;
}

static bool write_pem(codicil_buf *out, X509_REQ *req) {
  char *text = NULL;
  BIO *bio = BIO_new(BIO_s_mem());
  bool ok = bio != NULL && PEM_write_bio_X509_REQ(bio, req) == 1;
  long len = ok ? BIO_get_mem_data(bio, &text) : 0;
  ok = len > 0 && codicil_buf_append(out, codicil_span_of(text, (size_t)len)) == CODICIL_OK;
  BIO_free(bio);
  return ok;
}

bool pki_csr_write(codicil_buf *out, EVP_PKEY *key, const pki_name *names, size_t num_names,
                   const pki_required *required, const char *oid, app_error *err) {
  X509_REQ *req = X509_REQ_new();
  bool ok = req != NULL && fill(req, key, names, num_names, required, oid) && write_pem(out, req);
  X509_REQ_free(req);
  return ok || pki_fail_crypto(err, "making a request");
}

// ---- reading ------------------------------------------------------------------------------------

static bool take_dns(pki_name *out, const ASN1_STRING *value, app_error *err) {
  char text[CODICIL_HOST_MAX + 1];
  int len = ASN1_STRING_length(value);
  const unsigned char *octets = ASN1_STRING_get0_data(value);
  if (len < 1 || len > CODICIL_HOST_MAX) {
    return app_fail(err, "it asks for a name of %d octets", len);
  }
  for (int i = 0; i < len; i++) {
    // What is printed below is printable; and an IA5String that a person would read as U-labels is
    // no name.
    if (octets[i] <= ' ' || octets[i] > '~') {
      return app_fail(err, "it asks for a name with the octet 0x%02x", octets[i]);
    }
    text[i] = (char)octets[i];
  }
  text[len] = '\0';
  if (!pki_name_parse(out, text, err)) {
    return false;
  }
  return out->address.len == 0 || app_fail(err, "it asks for the address '%s' as a dNSName", text);
}

static bool take_address(pki_name *out, const ASN1_STRING *value, app_error *err) {
  int len = ASN1_STRING_length(value);
  codicil_span octets = codicil_span_of(ASN1_STRING_get0_data(value), (size_t)len);
  *out = (pki_name){.text = ""};
  // An IPv4-mapped address is an IPv4 address that somebody hides.
  if (!codicil_address_from_octets(&out->address, octets) || out->address.len != len) {
    return app_fail(err, "it asks for an address that is none");
  }
  codicil_address_format(&out->address, out->text, sizeof out->text);
  return true;
}

static bool take_name(pki_name *out, const GENERAL_NAME *name, app_error *err) {
  int type = 0;
  const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &type);
  switch (type) {
  case GEN_DNS:
    return take_dns(out, value, err);
  case GEN_IPADD:
    return take_address(out, value, err);
  default:
    return app_fail(err, "it asks for a name that is neither a host name nor an address");
  }
}

static bool take_names(pki_csr *csr, const GENERAL_NAMES *san, app_error *err) {
  int num = sk_GENERAL_NAME_num(san);
  if (csr->names != NULL) {
    return app_fail(err, "it asks for two subjectAltNames");
  }
  if (num < 1 || num > PKI_NAMES_MAX) {
    return app_fail(err, "it asks for %d names; a certificate takes 1 to %d", num, PKI_NAMES_MAX);
  }
  csr->names = calloc((size_t)num, sizeof *csr->names);
  if (csr->names == NULL) {
    return app_fail(err, "out of memory");
  }
  for (int i = 0; i < num; i++) {
    if (!take_name(&csr->names[i], sk_GENERAL_NAME_value(san, i), err)) {
      return false;
    }
    csr->num_names++;
  }
  return true;
}

static bool take_san(pki_csr *csr, X509_EXTENSION *ext, app_error *err) {
  GENERAL_NAMES *san = X509V3_EXT_d2i(ext);
  bool ok = san != NULL ? take_names(csr, san, err)
                        : app_fail(err, "its subjectAltName is not well-formed");
  sk_GENERAL_NAME_pop_free(san, GENERAL_NAME_free);
  return ok;
}

static bool take_required(pki_csr *csr, X509_EXTENSION *ext, app_error *err) {
  const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(ext);
  codicil_span content =
      codicil_span_of(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));
  if (csr->required->num > 0) {
    return app_fail(err, "it asks for two Required Domain extensions");
  }
  return pki_required_add_der(csr->required, content, err);
}

static bool take_extensions(pki_csr *csr, const STACK_OF(X509_EXTENSION) * list,
                            const ASN1_OBJECT *required_domain, app_error *err) {
  for (int i = 0; i < sk_X509_EXTENSION_num(list); i++) {
    X509_EXTENSION *ext = sk_X509_EXTENSION_value(list, i);
    ASN1_OBJECT *oid = X509_EXTENSION_get_object(ext);
    bool ok = true;
    if (OBJ_obj2nid(oid) == NID_subject_alt_name) {
      ok = take_san(csr, ext, err);
    } else if (OBJ_cmp(oid, required_domain) == 0) {
      ok = take_required(csr, ext, err);
    } else {
      csr->num_ignored++;
    }
    if (!ok) {
      return false;
    }
  }
  return true;
}

// OpenSSL reads the first set of extensions, and would say nothing of a second one: whoever asked
// for a Required Domain there would get a certificate without.
static bool has_one_set(const X509_REQ *req) {
  const int *nids = X509_REQ_get_extension_nids();
  int num = 0;
  for (size_t i = 0; nids[i] != NID_undef; i++) {
    for (int at = -1; (at = X509_REQ_get_attr_by_NID(req, nids[i], at)) >= 0;) {
      num += X509_ATTRIBUTE_count(X509_REQ_get_attr(req, at));
    }
  }
  return num <= 1;
}

static bool is_known_kind(const EVP_PKEY *key) {
  static const char *const kinds[] = {"RSA",   "RSA-PSS",   "EC",        "ED25519",
                                      "ED448", "ML-DSA-44", "ML-DSA-65", "ML-DSA-87"};
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
    if (EVP_PKEY_is_a(key, kinds[i])) {
      return true;
    }
  }
  return false;
}

static bool is_tls_curve(const EVP_PKEY *key) {
  char group[64] = "";
  size_t len = 0;
  if (EVP_PKEY_get_group_name(key, group, sizeof group, &len) != 1) {
    return false;
  }
  int nid = OBJ_txt2nid(group);
  return nid == NID_X9_62_prime256v1 || nid == NID_secp384r1 || nid == NID_secp521r1;
}

// A point that is not on its curve, an RSA exponent of 1: a key that proves nothing of who has it.
static bool is_sound(EVP_PKEY *key) {
  EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
  bool ok = ctx != NULL && EVP_PKEY_public_check(ctx) == 1;
  EVP_PKEY_CTX_free(ctx);
  return ok;
}

static bool check_key(EVP_PKEY *key, app_error *err) {
  if (key == NULL || !is_known_kind(key)) {
    return app_fail(err, "its key is of no kind that a certificate may have");
  }
  if (EVP_PKEY_is_a(key, "EC") && !is_tls_curve(key)) {
    return app_fail(err, "its key is on another curve than P-256, P-384 and P-521");
  }
  if (EVP_PKEY_get_security_bits(key) < SECURITY_BITS_MIN) {
    return app_fail(err, "its key is too short: %d bits", EVP_PKEY_get_bits(key));
  }
  bool is_rsa = EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_is_a(key, "RSA-PSS");
  if (is_rsa && EVP_PKEY_get_bits(key) > RSA_BITS_MAX) {
    return app_fail(err, "its key is too long: %d bits", EVP_PKEY_get_bits(key));
  }
  return is_sound(key) || app_fail(err, "its key is none: its numbers cannot be right");
}

// Takes `req`, whatever becomes of it.
static bool take_request(pki_csr *out, X509_REQ *req, const char *oid, app_error *err) {
  pki_csr csr = {.req = req};
  STACK_OF(X509_EXTENSION) *list = NULL;
  ASN1_OBJECT *required_domain = OBJ_txt2obj(oid, 1);
  bool ok = false;
  csr.required = calloc(1, sizeof *csr.required);
  csr.key = X509_REQ_get_pubkey(req);
  if (csr.required == NULL || required_domain == NULL) {
    app_fail(err, "out of memory");
  } else if (!has_one_set(req)) {
    app_fail(err, "it asks for two sets of extensions");
  } else if (check_key(csr.key, err)) {
    list = X509_REQ_get_extensions(req);
    ok = take_extensions(&csr, list, required_domain, err);
  }
  sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
  ASN1_OBJECT_free(required_domain);
  ERR_clear_error();
  if (!ok) {
    pki_csr_clear(&csr);
    return false;
  }
  *out = csr;
  return true;
}

bool pki_csr_decode(pki_csr *out, codicil_span der, const char *oid, app_error *err) {
  const unsigned char *at = der.data;
  X509_REQ *req = der.len <= PKI_CSR_MAX ? d2i_X509_REQ(NULL, &at, (long)der.len) : NULL;
  if (req == NULL || at != der.data + der.len) {
    ERR_clear_error();
    X509_REQ_free(req);
    return app_fail(err, "not a certificate request");
  }
  return take_request(out, req, oid, err);
}

// Possession of the key: a name would else be certified for whoever's key somebody copied.
static bool read_pem(pki_csr *out, codicil_span pem, const char *oid, app_error *err) {
  BIO *bio = pem.len <= PKI_CSR_MAX ? BIO_new_mem_buf(pem.data, (int)pem.len) : NULL;
  X509_REQ *req = bio != NULL ? PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL) : NULL;
  BIO_free(bio);
  ERR_clear_error();
  if (req == NULL) {
    return app_fail(err, "not a certificate request in PEM");
  }
  pki_csr csr = {.req = NULL};
  if (!take_request(&csr, req, oid, err)) {
    return false;
  }
  bool is_signed = X509_REQ_verify(csr.req, csr.key) == 1;
  ERR_clear_error();
  if (!is_signed) {
    pki_csr_clear(&csr);
    return app_fail(err, "its signature is wrong: whoever made it does not have the key");
  }
  *out = csr;
  return true;
}

bool pki_csr_read(pki_csr *out, codicil_span pem, const char *path, const char *oid,
                  app_error *err) {
  app_error inner;
  return read_pem(out, pem, oid, &inner) || app_fail(err, "%s: %.400s", path, inner.text);
}

void pki_csr_clear(pki_csr *csr) {
  X509_REQ_free(csr->req);
  EVP_PKEY_free(csr->key);
  free(csr->names);
  free(csr->required);
  *csr = (pki_csr){.req = NULL};
}

// End entities with nothing unusual in them: see plain_leaf.h.
#include "plain_leaf.h"

#include <limits.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "der.h"
#include "span.h"

typedef bool value_check(codicil_span value);

#define OCTETS(...) \
  { (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}) }

// ---- public key ---------------------------------------------------------------------------------

// AlgorithmIdentifiers whole, and the length of the key's octets for each.
typedef struct fixed_key {
  codicil_span algorithm;
  size_t len;
  codicil_span prefix; // of them
} fixed_key;

#define NOT_COMPRESSED OCTETS(0x04)
#define EC_KEY(len, ...) \
  OCTETS(0x30, len, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, __VA_ARGS__)

static const fixed_key fixed_keys[] = {
    {EC_KEY(0x13, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07), 65,
     NOT_COMPRESSED},                                                              // P-256
    {EC_KEY(0x10, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22), 97, NOT_COMPRESSED},  // P-384
    {EC_KEY(0x10, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23), 133, NOT_COMPRESSED}, // P-521
    {OCTETS(0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70), 32, {NULL, 0}},             // Ed25519
    {OCTETS(0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x71), 57, {NULL, 0}},             // Ed448
};
static const codicil_span rsa_key = OCTETS(0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7,
                                           0x0d, 0x01, 0x01, 0x01, 0x05, 0x00);

// Content of a BIT STRING of whole octets.
static bool read_octet_bits(codicil_reader *r, codicil_span *out) {
  codicil_span content;
  if (!codicil_der_read(r, CODICIL_DER_BIT_STRING, &content) || content.len == 0 ||
      content.data[0] != 0) {
    return false;
  }
  *out = codicil_span_sub(content, 1, SIZE_MAX);
  return true;
}

// A positive INTEGER in its least octets.
static bool read_positive(codicil_reader *r, codicil_span *out) {
  codicil_span content;
  if (!codicil_der_read(r, CODICIL_DER_INTEGER, &content) || content.len == 0 ||
      content.data[0] >= 0x80) {
    return false;
  }
  if (content.data[0] == 0) {
    content = codicil_span_sub(content, 1, SIZE_MAX);
    if (content.len == 0 || content.data[0] < 0x80) {
      return false;
    }
  }
  *out = content;
  return true;
}

// RSAPublicKey ::= SEQUENCE { modulus, publicExponent }; 2048 bits or more.
static bool is_strong_rsa(codicil_span key) {
  codicil_span content, modulus, exponent;
  if (!codicil_der_only(key, CODICIL_DER_SEQUENCE, &content)) {
    return false;
  }
  codicil_reader r = codicil_reader_of(content);
  return read_positive(&r, &modulus) && read_positive(&r, &exponent) && codicil_reader_done(&r) &&
         modulus.len <= 2048 && exponent.len <= 8 &&
         (modulus.len > 256 || (modulus.len == 256 && modulus.data[0] >= 0x80));
}

// SubjectPublicKeyInfo ::= SEQUENCE { algorithm, subjectPublicKey BIT STRING }
static bool has_strong_key(codicil_span spki) {
  codicil_span content, algorithm, key;
  if (!codicil_der_only(spki, CODICIL_DER_SEQUENCE, &content)) {
    return false;
  }
  codicil_reader r = codicil_reader_of(content);
  if (!codicil_der_read_whole(&r, CODICIL_DER_SEQUENCE, &algorithm) || !read_octet_bits(&r, &key) ||
      !codicil_reader_done(&r)) {
    return false;
  }
  for (size_t i = 0; i < sizeof fixed_keys / sizeof fixed_keys[0]; i++) {
    const fixed_key *fixed = &fixed_keys[i];
    if (codicil_span_equal(algorithm, fixed->algorithm)) {
      return key.len == fixed->len &&
             codicil_span_equal(codicil_span_sub(key, 0, fixed->prefix.len), fixed->prefix);
    }
  }
  return codicil_span_equal(algorithm, rsa_key) && is_strong_rsa(key);
}

// ---- extensions ---------------------------------------------------------------------------------

#define OID_EKU              OCTETS(0x55, 0x1d, 0x25)
#define OID_AUTHORITY_KEY_ID OCTETS(0x55, 0x1d, 0x23)

static const codicil_span oid_eku = OID_EKU;
static const codicil_span oid_authority_key_id = OID_AUTHORITY_KEY_ID;
static const codicil_span oid_server_auth = OCTETS(0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01);

// digitalSignature is bit 0.
static bool is_plain_key_usage(codicil_span value) {
  codicil_span bits;
  return codicil_der_only(value, CODICIL_DER_BIT_STRING, &bits) && bits.len >= 2 && bits.len <= 3 &&
         bits.data[0] <= 7 && (bits.data[1] & 0x80) != 0;
}

static bool is_plain_eku(codicil_span value) {
  codicil_span list, purpose;
  bool for_servers = false;
  if (!codicil_der_only(value, CODICIL_DER_SEQUENCE, &list)) {
    return false;
  }
  codicil_reader r = codicil_reader_of(list);
  while (!codicil_reader_done(&r)) {
    if (!codicil_der_read(&r, CODICIL_DER_OID, &purpose) || purpose.len == 0 ||
        purpose.data[purpose.len - 1] >= 0x80) {
      return false;
    }
    for_servers = for_servers || codicil_span_equal(purpose, oid_server_auth);
  }
  return for_servers;
}

// CA FALSE, as DER writes a default.
static bool is_plain_constraints(codicil_span value) {
  codicil_span content;
  return codicil_der_only(value, CODICIL_DER_SEQUENCE, &content) && content.len == 0;
}

static bool is_plain_alt_name(codicil_span value) {
  codicil_span list, name;
  uint8_t tag;
  if (!codicil_der_only(value, CODICIL_DER_SEQUENCE, &list) || list.len == 0) {
    return false;
  }
  codicil_reader r = codicil_reader_of(list);
  while (!codicil_reader_done(&r)) {
    if (!codicil_der_read_any(&r, &tag, &name) ||
        (tag != (CODICIL_DER_CONTEXT | 2) && tag != (CODICIL_DER_CONTEXT | 7))) {
      return false;
    }
  }
  return true;
}

static bool is_plain_subject_key_id(codicil_span value) {
  codicil_span id;
  return codicil_der_only(value, CODICIL_DER_OCTET_STRING, &id);
}

// AuthorityKeyIdentifier with a keyIdentifier [0] and nothing else.
static bool read_authority_key_id(codicil_span value, codicil_span *out) {
  codicil_span content;
  return codicil_der_only(value, CODICIL_DER_SEQUENCE, &content) &&
         codicil_der_only(content, CODICIL_DER_CONTEXT | 0, out);
}

static bool is_plain_authority_key_id(codicil_span value) {
  codicil_span id;
  return read_authority_key_id(value, &id);
}

static bool is_plain_crl_points(codicil_span value) {
  const uint8_t *at = value.data;
  CRL_DIST_POINTS *points =
      value.len <= LONG_MAX ? d2i_CRL_DIST_POINTS(NULL, &at, (long)value.len) : NULL;
  bool ok = points != NULL && at == value.data + value.len;
  CRL_DIST_POINTS_free(points);
  return ok;
}

static bool is_plain_whatever(codicil_span value) {
  (void)value;
  return true;
}

typedef struct plain_extension {
  codicil_span oid;
  bool may_be_critical; // we know all that it says
  value_check *check;
} plain_extension;

static const plain_extension plain_extensions[] = {
    {OCTETS(0x55, 0x1d, 0x0f), true, is_plain_key_usage},
    {OID_EKU, true, is_plain_eku},
    {OCTETS(0x55, 0x1d, 0x13), true, is_plain_constraints},
    {OCTETS(0x55, 0x1d, 0x11), true, is_plain_alt_name},
    {OCTETS(0x55, 0x1d, 0x0e), false, is_plain_subject_key_id},
    {OID_AUTHORITY_KEY_ID, false, is_plain_authority_key_id},
    {OCTETS(0x55, 0x1d, 0x1f), false, is_plain_crl_points},
    {OCTETS(0x55, 0x1d, 0x20), false, is_plain_whatever}, // certificatePolicies
    // authorityInfoAccess, TLS feature
    {OCTETS(0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x01), false, is_plain_whatever},
    {OCTETS(0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x18), false, is_plain_whatever},
};

// Arcs below which OpenSSL may know more than the list above: id-ce, id-pe, Netscape's.
static const codicil_span known_arcs[] = {
    OCTETS(0x55, 0x1d),
    OCTETS(0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01),
    OCTETS(0x60, 0x86, 0x48, 0x01, 0x86, 0xf8, 0x42),
};

static bool is_plain_extension(const codicil_extension *extension) {
  for (size_t i = 0; i < sizeof plain_extensions / sizeof plain_extensions[0]; i++) {
    const plain_extension *plain = &plain_extensions[i];
    if (codicil_span_equal(extension->oid, plain->oid)) {
      return (!extension->critical || plain->may_be_critical) && plain->check(extension->value);
    }
  }
  for (size_t i = 0; i < sizeof known_arcs / sizeof known_arcs[0]; i++) {
    codicil_span arc = codicil_span_sub(extension->oid, 0, known_arcs[i].len);
    if (codicil_span_equal(arc, known_arcs[i])) {
      return false;
    }
  }
  // Nobody here reads it, and whoever wrote it does not insist.
  return !extension->critical;
}

// ---- signature ----------------------------------------------------------------------------------

typedef struct plain_algorithm {
  codicil_span identifier; // whole
  const char *key;
  const char *digest; // NULL where the algorithm has its own
} plain_algorithm;

#define ECDSA_WITH(digest) \
  OCTETS(0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, digest)
#define RSA_WITH(digest) \
  OCTETS(0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, digest, 0x05, 0x00)

static const plain_algorithm plain_algorithms[] = {
    {ECDSA_WITH(0x02), "EC", "SHA256"},
    {ECDSA_WITH(0x03), "EC", "SHA384"},
    {ECDSA_WITH(0x04), "EC", "SHA512"},
    {RSA_WITH(0x0b), "RSA", "SHA256"},
    {RSA_WITH(0x0c), "RSA", "SHA384"},
    {RSA_WITH(0x0d), "RSA", "SHA512"},
    {OCTETS(0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70), "ED25519", NULL},
    {OCTETS(0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x71), "ED448", NULL},
};

static const plain_algorithm *find_algorithm(codicil_span identifier) {
  for (size_t i = 0; i < sizeof plain_algorithms / sizeof plain_algorithms[0]; i++) {
    if (codicil_span_equal(identifier, plain_algorithms[i].identifier)) {
      return &plain_algorithms[i];
    }
  }
  return NULL;
}

static bool signature_verifies(const codicil_cert_fields *leaf, EVP_PKEY *key) {
  const plain_algorithm *algorithm = find_algorithm(leaf->algorithm);
  codicil_span signature;
  codicil_reader r = codicil_reader_of(leaf->signature);
  if (algorithm == NULL || key == NULL || !EVP_PKEY_is_a(key, algorithm->key) ||
      !read_octet_bits(&r, &signature)) {
    return false;
  }
  EVP_MD_CTX *ctx = EVP_MD_CTX_new();
  bool ok =
      ctx != NULL &&
      EVP_DigestVerifyInit_ex(ctx, NULL, algorithm->digest, NULL, NULL, key, NULL) == 1 &&
      EVP_DigestVerify(ctx, signature.data, signature.len, leaf->tbs.data, leaf->tbs.len) == 1;
  EVP_MD_CTX_free(ctx);
  return ok;
}

// ---- the whole ----------------------------------------------------------------------------------

static const codicil_span version_3 = OCTETS(0x02, 0x01, 0x02);

bool codicil_leaf_is_plain(const codicil_cert_fields *leaf) {
  if (!codicil_span_equal(leaf->version, version_3) || leaf->has_unique_id ||
      // RFC 5280 §4.1.1.2: the algorithm stands inside what is signed, too.
      !codicil_span_equal(leaf->algorithm, leaf->tbs_algorithm) ||
      find_algorithm(leaf->algorithm) == NULL || !has_strong_key(leaf->spki) ||
      codicil_cert_fields_extension(leaf, oid_eku).data == NULL) {
    return false;
  }
  for (size_t i = 0; i < leaf->num_extensions; i++) {
    if (!is_plain_extension(&leaf->extensions[i])) {
      return false;
    }
  }
  return true;
}

// Octets, where OpenSSL would fold case and blanks: an issuer copies its own name.
static bool has_issuer_name(const codicil_cert_fields *leaf, X509 *issuer) {
  const unsigned char *der;
  size_t len;
  return X509_NAME_get0_der(X509_get_subject_name(issuer), &der, &len) == 1 &&
         codicil_span_equal(leaf->issuer, codicil_span_of(der, len));
}

static bool has_issuer_key_id(const codicil_cert_fields *leaf, X509 *issuer) {
  codicil_span value = codicil_cert_fields_extension(leaf, oid_authority_key_id);
  const ASN1_OCTET_STRING *have = X509_get0_subject_key_id(issuer);
  codicil_span want;
  if (value.data == NULL || have == NULL) {
    return true;
  }
  return read_authority_key_id(value, &want) &&
         codicil_span_equal(
             want, codicil_span_of(ASN1_STRING_get0_data(have), (size_t)ASN1_STRING_length(have)));
}

bool codicil_plain_leaf_is_issued_by(const codicil_cert_fields *leaf, X509 *issuer) {
  return has_issuer_name(leaf, issuer) && has_issuer_key_id(leaf, issuer) &&
         signature_verifies(leaf, X509_get0_pubkey(issuer));
}

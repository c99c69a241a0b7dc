// Public keys out of certificates: see spki.h.
#include "spki.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/x509.h>

#include "der.h"
#include "span.h"

// ---- where the key is -------------------------------------------------------------------------

// RFC 5280 §4.1: version, serialNumber, signature, issuer, validity, subject stand before the key.
static bool find_spki(codicil_span *out_whole, codicil_span certificate) {
  codicil_span outer;
  codicil_span tbs;
  if (!codicil_der_only(certificate, CODICIL_DER_SEQUENCE, &outer)) {
    return false;
  }
  codicil_reader r = codicil_reader_of(outer);
  if (!codicil_der_read(&r, CODICIL_DER_SEQUENCE, &tbs)) {
    return false;
  }
  r = codicil_reader_of(tbs);
  bool is_v1 = !codicil_der_is_next(&r, CODICIL_DER_CONTEXT_CONSTRUCTED);
  return (is_v1 || codicil_der_skip(&r, CODICIL_DER_CONTEXT_CONSTRUCTED)) &&
         codicil_der_skip(&r, CODICIL_DER_INTEGER) && codicil_der_skip(&r, CODICIL_DER_SEQUENCE) &&
         codicil_der_skip(&r, CODICIL_DER_SEQUENCE) && codicil_der_skip(&r, CODICIL_DER_SEQUENCE) &&
         codicil_der_skip(&r, CODICIL_DER_SEQUENCE) &&
         codicil_der_read_whole(&r, CODICIL_DER_SEQUENCE, out_whole);
}

// ---- kinds of keys ----------------------------------------------------------------------------

// AlgorithmIdentifier content, whole: algorithm and parameters. id-RSASSA-PSS has parameters of
// many forms and is told by its algorithm alone.
static const struct {
  codicil_key_type type;
  bool prefix;
  uint8_t len;
  uint8_t octets[22];
} algorithms[] = {
    {CODICIL_KEY_RSA,
     false,
     13,
     {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00}},
    {CODICIL_KEY_RSA_PSS,
     true,
     11,
     {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a}},
    {CODICIL_KEY_P256,
     false,
     19,
     {0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
      0x3d, 0x03, 0x01, 0x07}},
    {CODICIL_KEY_P384,
     false,
     16,
     {0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00,
      0x22}},
    {CODICIL_KEY_P521,
     false,
     16,
     {0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00,
      0x23}},
    {CODICIL_KEY_ED25519, false, 5, {0x06, 0x03, 0x2b, 0x65, 0x70}},
    {CODICIL_KEY_ED448, false, 5, {0x06, 0x03, 0x2b, 0x65, 0x71}},
    {CODICIL_KEY_MLDSA44,
     false,
     11,
     {0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x11}},
    {CODICIL_KEY_MLDSA65,
     false,
     11,
     {0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x12}},
    {CODICIL_KEY_MLDSA87,
     false,
     11,
     {0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x13}},
};

static codicil_key_type type_of(codicil_span algorithm) {
  for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++) {
    codicil_span known = codicil_span_of(algorithms[i].octets, algorithms[i].len);
    codicil_span found =
        algorithms[i].prefix ? codicil_span_sub(algorithm, 0, known.len) : algorithm;
    if (codicil_span_equal(found, known)) {
      return algorithms[i].type;
    }
  }
  return CODICIL_KEY_NONE;
}

bool codicil_spki_parse(codicil_spki *out, codicil_span certificate) {
  codicil_span whole;
  codicil_span content;
  codicil_span algorithm;
  codicil_span bits;
  uint8_t unused;
  if (!find_spki(&whole, certificate)) {
    return false;
  }
  codicil_reader r = codicil_reader_of(whole);
  if (!codicil_der_read(&r, CODICIL_DER_SEQUENCE, &content)) {
    return false;
  }
  r = codicil_reader_of(content);
  if (!codicil_der_read(&r, CODICIL_DER_SEQUENCE, &algorithm) ||
      !codicil_der_read(&r, CODICIL_DER_BIT_STRING, &bits) || !codicil_reader_done(&r)) {
    return false;
  }
  r = codicil_reader_of(bits);
  if (!codicil_read_u8(&r, &unused) || unused != 0) {
    return false;
  }
  *out = (codicil_spki){type_of(algorithm), whole, r.rest};
  return true;
}

// ---- keys -------------------------------------------------------------------------------------

void codicil_key_maker_clear(codicil_key_maker *maker) {
  for (size_t i = 0; i < 3; i++) {
    EVP_PKEY_free(maker->curves[i]);
  }
  EVP_PKEY_CTX_free(maker->rsa);
  *maker = (codicil_key_maker){{NULL, NULL, NULL}, NULL};
}

static const struct {
  const char *name;
  size_t field_len;
} curves[3] = {{"P-256", 32}, {"P-384", 48}, {"P-521", 66}};

static EVP_PKEY *curve_without_point(const char *name) {
  EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
  char group[8] = {0};
  OPENSSL_strlcpy(group, name, sizeof group);
  OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
                         OSSL_PARAM_construct_end()};
  EVP_PKEY *key = NULL;
  if (ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1) {
    (void)EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEY_PARAMETERS, params);
  }
  EVP_PKEY_CTX_free(ctx);
  return key;
}

// RFC 5480 §2.2: an uncompressed point, or a compressed one. OpenSSL refuses one off the curve.
static EVP_PKEY *make_ec(codicil_key_maker *maker, size_t curve, codicil_span point) {
  size_t len = curves[curve].field_len;
  bool uncompressed = point.len == 1 + 2 * len && point.data[0] == 4;
  bool compressed = point.len == 1 + len && (point.data[0] == 2 || point.data[0] == 3);
  if (!uncompressed && !compressed) {
    return NULL;
  }
  if (maker->curves[curve] == NULL) {
    maker->curves[curve] = curve_without_point(curves[curve].name);
  }
  EVP_PKEY *key = maker->curves[curve] != NULL ? EVP_PKEY_dup(maker->curves[curve]) : NULL;
  if (key != NULL && EVP_PKEY_set1_encoded_public_key(key, point.data, point.len) != 1) {
    EVP_PKEY_free(key);
    key = NULL;
  }
  return key;
}

// More than any certificate authority signs, and so that one signature cannot keep us busy.
enum { RSA_MAX_LEN = 1024 };

typedef struct rsa_number {
  uint8_t octets[RSA_MAX_LEN]; // in the machine's own order, as OSSL_PARAM wants them
  size_t len;
} rsa_number;

static bool read_rsa_number(codicil_reader *r, rsa_number *out) {
  codicil_span integer;
  if (!codicil_der_read(r, CODICIL_DER_INTEGER, &integer) || integer.len == 0 ||
      (integer.data[0] & 0x80) != 0) {
    return false;
  }
  if (integer.data[0] == 0) {
    integer = codicil_span_sub(integer, 1, integer.len);
  }
  if (integer.len == 0 || integer.len > RSA_MAX_LEN) {
    return false;
  }
  BIGNUM *number = BN_bin2bn(integer.data, (int)integer.len, NULL);
  out->len = integer.len;
  bool done = number != NULL && BN_bn2nativepad(number, out->octets, (int)out->len) >= 0;
  BN_free(number);
  return done;
}

// RFC 8017 §A.1.1: RSAPublicKey is a SEQUENCE of modulus and publicExponent.
static EVP_PKEY *make_rsa(codicil_key_maker *maker, codicil_span key_der) {
  codicil_reader r = codicil_reader_of(key_der);
  codicil_span content;
  rsa_number n;
  rsa_number e;
  if (!codicil_der_read(&r, CODICIL_DER_SEQUENCE, &content) || !codicil_reader_done(&r)) {
    return NULL;
  }
  r = codicil_reader_of(content);
  if (!read_rsa_number(&r, &n) || !read_rsa_number(&r, &e) || !codicil_reader_done(&r)) {
    return NULL;
  }
  if (maker->rsa == NULL) {
    maker->rsa = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
  }
  OSSL_PARAM params[] = {OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, n.octets, n.len),
                         OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_E, e.octets, e.len),
                         OSSL_PARAM_construct_end()};
  EVP_PKEY *key = NULL;
  if (maker->rsa != NULL && EVP_PKEY_fromdata_init(maker->rsa) == 1) {
    (void)EVP_PKEY_fromdata(maker->rsa, &key, EVP_PKEY_PUBLIC_KEY, params);
  }
  return key;
}

// The parameters of an id-RSASSA-PSS key restrict what it may sign: OpenSSL reads and keeps them.
static EVP_PKEY *make_rsa_pss(codicil_span spki) {
  const unsigned char *at = spki.data;
  return d2i_PUBKEY(NULL, &at, (long)spki.len);
}

static EVP_PKEY *make_raw(const char *name, codicil_span octets) {
  return EVP_PKEY_new_raw_public_key_ex(NULL, name, NULL, octets.data, octets.len);
}

EVP_PKEY *codicil_key_make(codicil_key_maker *maker, const codicil_spki *spki) {
  switch (spki->type) {
  case CODICIL_KEY_RSA:
    return make_rsa(maker, spki->key);
  case CODICIL_KEY_RSA_PSS:
    return make_rsa_pss(spki->whole);
  case CODICIL_KEY_P256:
    return make_ec(maker, 0, spki->key);
  case CODICIL_KEY_P384:
    return make_ec(maker, 1, spki->key);
  case CODICIL_KEY_P521:
    return make_ec(maker, 2, spki->key);
  case CODICIL_KEY_ED25519:
    return make_raw("ED25519", spki->key);
  case CODICIL_KEY_ED448:
    return make_raw("ED448", spki->key);
  case CODICIL_KEY_MLDSA44:
    return make_raw("ML-DSA-44", spki->key);
  case CODICIL_KEY_MLDSA65:
    return make_raw("ML-DSA-65", spki->key);
  case CODICIL_KEY_MLDSA87:
    return make_raw("ML-DSA-87", spki->key);
  case CODICIL_KEY_NONE:
  case CODICIL_NUM_KEY_TYPES:
    break;
  }
  return NULL;
}

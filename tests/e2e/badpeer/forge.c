// Exported authenticators and their faults: see forge.h.
#include "forge.h"

#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <string.h>

enum { MSG_CERTIFICATE_REQUEST = 13, MSG_CERTIFICATE = 11, MSG_VERIFY = 15, MSG_FINISHED = 20 };

const char *forge_fault_name(forge_fault fault) {
  static const char *const names[] = {
#define FORGE_FAULT_NAME(name, text) [FORGE_##name] = text,
      FORGE_FAULT_MAP(FORGE_FAULT_NAME)
#undef FORGE_FAULT_NAME
  };
  return names[fault];
}

// ---- credentials --------------------------------------------------------------------------------

void credential_load(credential *out, const char *chain_file, const char *key_file) {
  BIO *bio = BIO_new_file(chain_file, "r");
  out->chain = sk_X509_new_null();
  for (X509 *x; bio != NULL && (x = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL;) {
    sk_X509_push(out->chain, x);
  }
  BIO_free(bio);
  bio = BIO_new_file(key_file, "r");
  out->key = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
  BIO_free(bio);
  if (sk_X509_num(out->chain) == 0 || out->key == NULL) {
    die(chain_file);
  }
}

void credential_clear(credential *c) {
  sk_X509_pop_free(c->chain, X509_free);
  EVP_PKEY_free(c->key);
}

// ---- keys and transcript (RFC 9261 §5.1) --------------------------------------------------------

typedef struct keys {
  const EVP_MD *md;
  size_t len;
  uint8_t context[EVP_MAX_MD_SIZE];
  uint8_t finished[EVP_MAX_MD_SIZE];
} keys;

static void export_one(const exporter *e, uint8_t *out, size_t len, bool client, const char *what) {
  char label[64];
  snprintf(label, sizeof label, "EXPORTER-%s authenticator %s", client ? "client" : "server", what);
  if (!e->run(e->tls, out, len, label)) {
    die("exporter");
  }
}

static void keys_of(keys *k, const exporter *e, forge_fault fault) {
  k->md = e->md;
  if (fault == FORGE_OTHER_HASH) {
    k->md = EVP_MD_get_size(k->md) == 32 ? EVP_sha384() : EVP_sha256();
  }
  k->len = (size_t)EVP_MD_get_size(k->md);
  bool client = fault == FORGE_CLIENT_LABELS;
  export_one(e, k->context, k->len, client, "handshake context");
  export_one(e, k->finished, k->len, client, "finished key");
  if (fault == FORGE_FINISHED_EXPANDED) {
    // RFC 8446 §4.4.4 derives the key with HKDF-Expand-Label(key, "finished", "", Hash.length);
    // RFC 9261 §5.2.3 does not.
    static const uint8_t info[] = {0,   32,  14,  't', 'l', 's', '1', '3', ' ', 'f',
                                   'i', 'n', 'i', 's', 'h', 'e', 'd', 0,   1};
    uint8_t expanded[EVP_MAX_MD_SIZE];
    HMAC(k->md, k->finished, (int)k->len, info, sizeof info, expanded, NULL);
    memcpy(k->finished, expanded, k->len);
  }
}

static void transcript_hash(const keys *k, uint8_t *out, const uint8_t *a, size_t a_len,
                            const uint8_t *b, size_t b_len, bool with_context) {
  EVP_MD_CTX *ctx = EVP_MD_CTX_new();
  EVP_DigestInit_ex(ctx, k->md, NULL);
  if (with_context) {
    EVP_DigestUpdate(ctx, k->context, k->len);
  }
  EVP_DigestUpdate(ctx, a, a_len);
  EVP_DigestUpdate(ctx, b, b_len);
  EVP_DigestFinal_ex(ctx, out, NULL);
  EVP_MD_CTX_free(ctx);
}

// ---- signature (RFC 9261 §5.2.2) ----------------------------------------------------------------

typedef struct scheme {
  uint16_t id;
  const char *md; // NULL: the key's own
  bool pss;
} scheme;
static const scheme schemes[] = {
    {0x0403, "SHA256", false}, {0x0503, "SHA384", false}, {0x0603, "SHA512", false},
    {0x0804, "SHA256", true},  {0x0805, "SHA384", true},  {0x0806, "SHA512", true},
    {0x0807, NULL, false},     {0x0808, NULL, false},     {0x0401, "SHA256", false},
    {0x0203, "SHA1", false},   {0x0303, "SHA224", false}, {0x081a, "SHA256", false},
};

static const scheme *scheme_find(uint16_t id) {
  for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
    if (schemes[i].id == id) {
      return &schemes[i];
    }
  }
  return &schemes[0];
}

static uint16_t own_scheme(EVP_PKEY *key) {
  switch (EVP_PKEY_get_base_id(key)) {
  case EVP_PKEY_RSA:
    return 0x0804;
  case EVP_PKEY_ED25519:
    return 0x0807;
  case EVP_PKEY_ED448:
    return 0x0808;
  default:
    return EVP_PKEY_get_bits(key) == 384 ? 0x0503 : EVP_PKEY_get_bits(key) == 521 ? 0x0603 : 0x0403;
  }
}

static uint16_t faulty_scheme(EVP_PKEY *key, forge_fault fault) {
  switch (fault) {
  case FORGE_SCHEME_NOT_OFFERED:
    return 0x081a; // ecdsa_brainpoolP256r1tls13_sha256: no browser and no library offers it
  case FORGE_SCHEME_SHA1:
    return 0x0203;
  case FORGE_SCHEME_SHA224:
    return 0x0303;
  case FORGE_SCHEME_PKCS1:
    return 0x0401;
  case FORGE_SCHEME_OTHER_CURVE:
    return EVP_PKEY_get_bits(key) == 256 ? 0x0503 : 0x0403;
  case FORGE_SCHEME_UNKNOWN:
    return 0xfefe;
  default:
    return own_scheme(key);
  }
}

static void set_padding(EVP_PKEY_CTX *ctx, const scheme *s) {
  if (s->pss) {
    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING);
    EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST);
  }
}

static void signed_content(bytes *out, const uint8_t *hash, size_t len, forge_fault fault) {
  if (fault != FORGE_NO_PADDING) {
    bytes_fill(out, 0x20, 64);
  }
  const char *text = fault == FORGE_TLS_CONTEXT_STRING ? "TLS 1.3, server CertificateVerify"
                                                       : "Exported Authenticator";
  bytes_put(out, text, strlen(text) + 1); // the zero octet between
  bytes_put(out, hash, len);
}

static void sign(bytes *out, EVP_PKEY *key, const scheme *s, const bytes *tbs) {
  const EVP_MD *md = s->md == NULL ? NULL : EVP_get_digestbyname(s->md);
  EVP_MD_CTX *ctx = EVP_MD_CTX_new();
  EVP_PKEY_CTX *pctx = NULL;
  uint8_t signature[1024];
  size_t len = sizeof signature;
  if (EVP_DigestSignInit(ctx, &pctx, md, NULL, key) != 1) {
    die("EVP_DigestSignInit");
  }
  set_padding(pctx, s);
  if (EVP_DigestSign(ctx, signature, &len, tbs->data, tbs->len) != 1) {
    die("EVP_DigestSign");
  }
  bytes_put(out, signature, len);
  EVP_MD_CTX_free(ctx);
}

static bool signature_holds(EVP_PKEY *key, const scheme *s, const bytes *tbs, const uint8_t *sig,
                            size_t len) {
  const EVP_MD *md = s->md == NULL ? NULL : EVP_get_digestbyname(s->md);
  EVP_MD_CTX *ctx = EVP_MD_CTX_new();
  EVP_PKEY_CTX *pctx = NULL;
  bool ok = EVP_DigestVerifyInit(ctx, &pctx, md, NULL, key) == 1;
  if (ok) {
    set_padding(pctx, s);
    ok = EVP_DigestVerify(ctx, sig, len, tbs->data, tbs->len) == 1;
  }
  EVP_MD_CTX_free(ctx);
  return ok;
}

// ---- messages -----------------------------------------------------------------------------------

static size_t message_begin(bytes *out, uint8_t type) {
  bytes_uint(out, type, 1);
  return bytes_begin(out, 3);
}

static void put_extension(bytes *out, uint16_t type, const char *content, size_t len) {
  bytes_uint(out, type, 2);
  bytes_uint(out, len, 2);
  bytes_put(out, content, len);
}

static void put_entry_extensions(bytes *out, forge_fault fault) {
  size_t mark = bytes_begin(out, 2);
  static const char scts[] = "\0\6\0\4abcd";
  switch (fault) {
  case FORGE_ENTRY_UNOFFERED:
    put_extension(out, 0xfafa, "x", 1);
    break;
  case FORGE_ENTRY_SIGNATURE_ALGORITHMS:
    put_extension(out, 13, "\0\2\4\3", 4);
    break;
  case FORGE_ENTRY_TWICE:
    put_extension(out, 18, scts, 8);
    put_extension(out, 18, scts, 8);
    break;
  case FORGE_ENTRY_EXTENSIONS_CUT:
    bytes_put(out, "\0\22\0", 3);
    break;
  case FORGE_ENTRY_OCSP_MALFORMED:
    put_extension(out, 5, "\1\0\0\11short", 9); // announces 9 octets of response, holds 5
    break;
  default:
    break;
  }
  bytes_end(out, mark, 2);
}

static void put_entry(bytes *out, X509 *x, forge_fault fault, bool is_first) {
  size_t mark = bytes_begin(out, 3);
  if (is_first && fault == FORGE_CERTIFICATE_GARBAGE) {
    bytes_put(out, "not a certificate", 17);
  } else if (!is_first || fault != FORGE_CERTIFICATE_EMPTY) {
    uint8_t *der = NULL;
    int len = i2d_X509(x, &der);
    bytes_put(out, der, (size_t)len);
    OPENSSL_free(der);
  }
  bytes_end(out, mark, 3);
  put_entry_extensions(out, is_first ? fault : FORGE_NONE);
}

static void put_certificate(bytes *out, const credential *c, forge_fault fault,
                            const uint8_t *context, size_t context_len) {
  uint8_t type = fault == FORGE_OTHER_TYPE ? 4 : MSG_CERTIFICATE;
  size_t message = message_begin(out, type);
  size_t len = fault == FORGE_CONTEXT_EMPTY ? 0 : context_len;
  bytes_uint(out, len, 1);
  bytes_put(out, context, len);
  size_t list = bytes_begin(out, 3);
  int num = fault == FORGE_LIST_EMPTY ? 0 : sk_X509_num(c->chain);
  for (int i = 0; i < num; i++) {
    put_entry(out, sk_X509_value(c->chain, i), fault, i == 0);
  }
  for (; fault == FORGE_CERTIFICATES_11 && num < 11; num++) {
    put_entry(out, sk_X509_value(c->chain, 0), FORGE_NONE, false);
  }
  bytes_end(out, list, 3);
  if (fault == FORGE_LIST_LONGER_THAN_MESSAGE) {
    out->data[list - 1]++;
  }
  if (fault == FORGE_TRAILING_IN_CERTIFICATE) {
    bytes_put(out, "\0", 1);
  }
  bytes_end(out, message, 3);
}

static void put_verify(bytes *out, const keys *k, EVP_PKEY *key, forge_fault fault,
                       const bytes *certificate) {
  uint16_t id = faulty_scheme(key, fault);
  size_t skip = fault == FORGE_NO_MESSAGE_HEADER ? 4 : 0;
  uint8_t hash[EVP_MAX_MD_SIZE];
  transcript_hash(k, hash, certificate->data + skip, certificate->len - skip, NULL, 0,
                  fault != FORGE_NO_HANDSHAKE_CONTEXT);
  bytes tbs = {0};
  signed_content(&tbs, hash, k->len, fault);
  size_t message = message_begin(out, MSG_VERIFY);
  bytes_uint(out, id, 2);
  size_t mark = bytes_begin(out, 2);
  sign(out, key, scheme_find(id), &tbs);
  bytes_end(out, mark, 2);
  if (fault == FORGE_SIGNATURE_BIT) {
    out->data[out->len - 1] ^= 1;
  }
  if (fault == FORGE_TRAILING_IN_VERIFY) {
    bytes_put(out, "\0", 1);
  }
  bytes_end(out, message, 3);
  bytes_clear(&tbs);
}

static void put_finished(bytes *out, const keys *k, forge_fault fault, const bytes *certificate,
                         const bytes *verify) {
  uint8_t hash[EVP_MAX_MD_SIZE], mac[EVP_MAX_MD_SIZE + 1] = {0};
  size_t skip = fault == FORGE_NO_MESSAGE_HEADER ? 4 : 0;
  transcript_hash(k, hash, certificate->data + skip, certificate->len - skip, verify->data,
                  verify->len, fault != FORGE_NO_HANDSHAKE_CONTEXT);
  bytes raw = {0};
  if (fault == FORGE_FINISHED_OVER_RAW) {
    bytes_put(&raw, k->context, k->len);
    bytes_put(&raw, certificate->data, certificate->len);
    bytes_put(&raw, verify->data, verify->len);
  } else {
    bytes_put(&raw, hash, k->len);
  }
  HMAC(k->md, k->finished, (int)k->len, raw.data, raw.len, mac, NULL);
  bytes_clear(&raw);
  mac[0] ^= fault == FORGE_FINISHED_BIT;
  size_t len = k->len + (fault == FORGE_FINISHED_LONG) - (fault == FORGE_FINISHED_SHORT);
  size_t message = message_begin(out, MSG_FINISHED);
  bytes_put(out, mac, fault == FORGE_FINISHED_EMPTY ? 0 : len);
  bytes_end(out, message, 3);
}

static void put_request(bytes *out, const uint8_t *context, size_t context_len) {
  size_t message = message_begin(out, MSG_CERTIFICATE_REQUEST);
  bytes_uint(out, context_len, 1);
  bytes_put(out, context, context_len);
  size_t extensions = bytes_begin(out, 2);
  put_extension(out, 13, "\0\2\4\3", 4);
  bytes_end(out, extensions, 2);
  bytes_end(out, message, 3);
}

void forge(bytes *out, const exporter *e, const credential *c, EVP_PKEY *other, forge_fault fault,
           const uint8_t *context, size_t context_len) {
  keys k;
  keys_of(&k, e, fault);
  bytes certificate = {0}, verify = {0}, finished = {0};
  put_certificate(&certificate, c, fault, context, context_len);
  put_verify(&verify, &k, fault == FORGE_OTHER_KEY ? other : c->key, fault, &certificate);
  put_finished(&finished, &k, fault, &certificate, &verify);
  if (fault == FORGE_REQUEST_INSTEAD) {
    put_request(out, context, context_len);
  } else if (fault == FORGE_VERIFY_FIRST) {
    bytes_put(out, verify.data, verify.len);
    bytes_put(out, certificate.data, certificate.len);
  } else if (fault != FORGE_LONE_FINISHED) {
    bytes_put(out, certificate.data, certificate.len);
    if (fault != FORGE_NO_VERIFY) {
      bytes_put(out, verify.data, verify.len);
    }
  }
  bytes_put(out, finished.data, finished.len);
  bytes_clear(&certificate);
  bytes_clear(&verify);
  bytes_clear(&finished);
}

// ---- the verifier -------------------------------------------------------------------------------

// Cuts one handshake message of `type` from the front; its octets with header go to `out`.
static bool cut_message(bytes *out, const uint8_t **data, size_t *len, uint8_t type) {
  if (*len < 4 || (*data)[0] != type) {
    return false;
  }
  size_t size = 4 + ((size_t)(*data)[1] << 16 | (size_t)(*data)[2] << 8 | (*data)[3]);
  if (size > *len) {
    return false;
  }
  bytes_put(out, *data, size);
  *data += size;
  *len -= size;
  return true;
}

static X509 *first_certificate(const bytes *message) {
  size_t at = 5 + (size_t)message->data[4] + 3; // header, context, length of the list
  if (message->len < at + 3 || message->data[4] == 0) {
    return NULL;
  }
  size_t len =
      (size_t)message->data[at] << 16 | (size_t)message->data[at + 1] << 8 | message->data[at + 2];
  const uint8_t *der = message->data + at + 3;
  return len > message->len - at - 3 ? NULL : d2i_X509(NULL, &der, (long)len);
}

static const char *check_verify(const keys *k, X509 *leaf, const bytes *certificate,
                                const bytes *verify) {
  if (verify->len < 8) {
    return "CertificateVerify too short";
  }
  uint16_t id = (uint16_t)(verify->data[4] << 8 | verify->data[5]);
  const scheme *s = scheme_find(id);
  if (s->id != id || id == 0x0401 || id == 0x0203 || id == 0x0303) {
    return "signature scheme is not one of TLS 1.3";
  }
  uint8_t hash[EVP_MAX_MD_SIZE];
  transcript_hash(k, hash, certificate->data, certificate->len, NULL, 0, true);
  bytes tbs = {0};
  signed_content(&tbs, hash, k->len, FORGE_NONE);
  bool ok = signature_holds(X509_get0_pubkey(leaf), s, &tbs, verify->data + 8, verify->len - 8);
  bytes_clear(&tbs);
  return ok ? NULL : "signature is wrong";
}

const char *forge_check(X509 **out_leaf, const exporter *e, const uint8_t *data, size_t len) {
  keys k;
  keys_of(&k, e, FORGE_NONE);
  bytes certificate = {0}, verify = {0}, finished = {0}, expected = {0};
  const char *wrong = NULL;
  if (!cut_message(&certificate, &data, &len, MSG_CERTIFICATE) ||
      !cut_message(&verify, &data, &len, MSG_VERIFY) ||
      !cut_message(&finished, &data, &len, MSG_FINISHED)) {
    wrong = "not Certificate, CertificateVerify, Finished";
  } else if (len != 0) {
    wrong = "octets after Finished";
  } else if ((*out_leaf = first_certificate(&certificate)) == NULL) {
    wrong = "no context or no certificate";
  } else {
    wrong = check_verify(&k, *out_leaf, &certificate, &verify);
    put_finished(&expected, &k, FORGE_NONE, &certificate, &verify);
    if (wrong == NULL &&
        (expected.len != finished.len || memcmp(expected.data, finished.data, expected.len) != 0)) {
      wrong = "Finished is wrong";
    }
  }
  bytes_clear(&certificate);
  bytes_clear(&verify);
  bytes_clear(&finished);
  bytes_clear(&expected);
  return wrong;
}

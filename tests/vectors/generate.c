// Writes the project's test vectors: usage: ea_vectors_generate DIRECTORY
//
// keys.json is read where it exists, so that keys and certificates stay; a key that it lacks and
// libcrypto can make is made and added. Everything else follows from it: secrets and contexts are
// hashes of names. So each authenticator signed with Ed25519 or Ed448, and each empty one, comes
// out the same in every run; the other signatures are random by design.
//
// Right ones are made by the library and held against a second implementation of the RFC
// (ea_forge), octet for octet where that can be; wrong ones are made by that one alone.
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_test.h"
#include "ea_fixture.h"
#include "span.h"
#include "vector_file.h"

static const codicil_span none = {NULL, 0};

// ---- keys -------------------------------------------------------------------------------------

static const struct {
  const char *name; // in keys.json, and to pki_fixture
  uint16_t schemes[3];
} kinds[] = {
    {"p256", {0x0403, 0, 0}},
    {"p384", {0x0503, 0, 0}},
    {"p521", {0x0603, 0, 0}},
    {"rsa2048", {0x0804, 0x0805, 0x0806}},
    {"rsapss2048", {0x0809, 0x080a, 0x080b}},
    {"ed25519", {0x0807, 0, 0}},
    {"ed448", {0x0808, 0, 0}},
    {"mldsa44", {0x0904, 0, 0}},
    {"mldsa65", {0x0905, 0, 0}},
    {"mldsa87", {0x0906, 0, 0}},
};
enum { NUM_KINDS = sizeof kinds / sizeof kinds[0], FIRST_MLDSA = 7, CA = NUM_KINDS };

// The key and certificate of each kind, and last those of the issuer of all.
typedef struct material {
  EVP_PKEY *key[NUM_KINDS + 1];
  codicil_buf certificate[NUM_KINDS + 1];
  codicil_credential *credential[NUM_KINDS];
} material;

static json_t *hex(codicil_span bytes) {
  if (bytes.data == NULL) {
    return json_null();
  }
  char *text = malloc(bytes.len * 2 + 1);
  assert_non_null(text);
  for (size_t i = 0; i < bytes.len; i++) {
    snprintf(text + 2 * i, 3, "%02x", bytes.data[i]);
  }
  text[bytes.len * 2] = '\0';
  json_t *out = json_string(text);
  free(text);
  return out;
}

static void set(json_t *object, const char *name, json_t *value) {
  assert_int_equal(json_object_set_new(object, name, value), 0);
}

static json_t *entry_for(const pki_cert *cert) {
  json_t *entry = json_object();
  uint8_t *der = NULL;
  PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(cert->key);
  int len = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
  assert_true(len > 0);
  set(entry, "private_key_pkcs8", hex(codicil_span_of(der, (size_t)len)));
  set(entry, "certificate", hex(pki_der(cert)));
  OPENSSL_free(der);
  PKCS8_PRIV_KEY_INFO_free(info);
  return entry;
}

static bool libcrypto_can(const char *name) {
  if (strncmp(name, "mldsa", 5) != 0) {
    return true;
  }
  char full[16];
  snprintf(full, sizeof full, "ML-DSA-%s", name + 5);
  EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, full, NULL);
  EVP_PKEY_CTX_free(ctx);
  return ctx != NULL;
}

static pki_cert *from_entry(const json_t *entry) {
  pki_cert *cert = calloc(1, sizeof *cert);
  assert_non_null(cert);
  codicil_buf der = vector_hex(entry, "certificate");
  codicil_buf key = vector_hex(entry, "private_key_pkcs8");
  const unsigned char *at = der.data;
  cert->x509 = d2i_X509(NULL, &at, (long)der.len);
  at = key.data;
  cert->key = d2i_AutoPrivateKey(NULL, &at, (long)key.len);
  assert_non_null(cert->x509);
  ERR_clear_error(); // of a key that this libcrypto cannot read
  codicil_buf_clear(&der);
  codicil_buf_clear(&key);
  return cert;
}

// Makes what keys.json lacks.
static void complete_keys(json_t *keys) {
  json_t *ca_entry = json_object_get(keys, "ca");
  pki_cert *ca;
  if (ca_entry == NULL) {
    ca = pki_root("authenticator vectors CA");
    set(keys, "ca", entry_for(ca));
  } else {
    ca = from_entry(ca_entry);
  }
  for (size_t i = 0; i < NUM_KINDS; i++) {
    if (json_object_get(keys, kinds[i].name) == NULL && libcrypto_can(kinds[i].name)) {
      char names[64];
      snprintf(names, sizeof names, "DNS:%s.example", kinds[i].name);
      pki_spec spec = {.common_name = kinds[i].name, .alg = kinds[i].name, .alt_names = names};
      pki_cert *cert = pki_make(ca, &spec);
      set(keys, kinds[i].name, entry_for(cert));
      pki_free(cert);
    }
  }
  pki_free(ca);
}

// Certificate and issuer in PEM where `with_issuer`, and the key, as codicil_credential_new wants.
static codicil_credential *credential_of(const material *m, size_t kind, bool with_issuer) {
  BIO *chain = BIO_new(BIO_s_mem());
  BIO *key = BIO_new(BIO_s_mem());
  codicil_credential *out = NULL;
  for (size_t i = 0; i < (with_issuer ? 2 : 1); i++) {
    const codicil_buf *der = &m->certificate[i == 0 ? kind : CA];
    assert_true(PEM_write_bio(chain, "CERTIFICATE", "", der->data, (long)der->len) > 0);
  }
  assert_int_equal(PEM_write_bio_PrivateKey(key, m->key[kind], NULL, NULL, 0, NULL, NULL), 1);
  char *data[2];
  long len[2] = {BIO_get_mem_data(chain, &data[0]), BIO_get_mem_data(key, &data[1])};
  assert_int_equal(codicil_credential_new(&out, NULL, NULL,
                                          codicil_span_of(data[0], (size_t)len[0]),
                                          codicil_span_of(data[1], (size_t)len[1])),
                   CODICIL_OK);
  BIO_free(chain);
  BIO_free(key);
  return out;
}

static void load(material *m, const json_t *keys) {
  *m = (material){.credential = {NULL}};
  for (size_t i = 0; i <= NUM_KINDS; i++) {
    const json_t *entry = json_object_get(keys, i == CA ? "ca" : kinds[i].name);
    if (entry == NULL) {
      continue;
    }
    pki_cert *cert = from_entry(entry);
    m->certificate[i] = vector_hex(entry, "certificate");
    m->key[i] = cert->key;
    cert->key = NULL;
    pki_free(cert);
    if (i != CA && m->key[i] != NULL) {
      m->credential[i] = credential_of(m, i, false);
    }
  }
}

static void unload(material *m) {
  for (size_t i = 0; i <= NUM_KINDS; i++) {
    EVP_PKEY_free(m->key[i]);
    codicil_buf_clear(&m->certificate[i]);
    if (i != CA) {
      codicil_credential_free(m->credential[i]);
    }
  }
}

// ---- one vector -------------------------------------------------------------------------------

// What a vector is about.
typedef struct scene {
  const char *name;
  codicil_hash hash;
  bool from_server, asked;
  size_t kind;
  uint16_t scheme;
  ea_pair pair; // its seed is the name of the file
  codicil_buf request, authenticator, list;
  forgery f;
} scene;

static codicil_span context_for(const char *name) {
  static uint8_t octets[64];
  unsigned len;
  assert_int_equal(EVP_Digest(name, strlen(name), octets, &len, EVP_sha256(), NULL), 1);
  return codicil_span_of(octets, 16);
}

static void scene_init(scene *s, const material *m, const char *name, codicil_hash hash,
                       bool from_server, bool asked, size_t kind, uint16_t scheme) {
  *s = (scene){.name = name,
               .hash = hash,
               .from_server = from_server,
               .asked = asked,
               .kind = kind,
               .scheme = scheme};
  pair_init(&s->pair, hash);
  s->request = new_buf();
  s->authenticator = new_buf();
  s->list = new_buf();
  forge_entry(&s->list, codicil_buf_span(&m->certificate[kind]), none);
  s->f = forgery_of(&s->pair, hash, from_server);
  s->f.context = context_for(name);
  s->f.list = codicil_buf_span(&s->list);
  s->f.scheme = scheme;
  s->f.key = m->key[kind];
  if (asked) {
    const uint16_t schemes[] = {scheme, 0x0403};
    codicil_ea_request_params params = {.context = s->f.context,
                                        .schemes = schemes,
                                        .num_schemes = scheme == 0x0403 ? 1 : 2,
                                        .server_name = from_server ? "second.example" : NULL,
                                        .want_ocsp = true,
                                        .want_scts = true};
    assert_int_equal(
        codicil_ea_request(from_server ? s->pair.client : s->pair.server, &s->request, &params),
        CODICIL_OK);
    s->f.request = codicil_buf_span(&s->request);
  }
}

static void scene_clear(scene *s) {
  codicil_buf_clear(&s->list);
  codicil_buf_clear(&s->authenticator);
  codicil_buf_clear(&s->request);
  pair_clear(&s->pair);
}

// What a verifier needs, what comes of it, and the octets.
static json_t *vector_of(const scene *s, const char *result, const char *why) {
  json_t *v = json_object();
  char code[8];
  snprintf(code, sizeof code, "0x%04x", s->scheme);
  set(v, "name", json_string(s->name));
  set(v, "result", json_string(result));
  if (why != NULL) {
    set(v, "why", json_string(why));
  }
  set(v, "hash", json_string(s->hash == CODICIL_HASH_SHA384 ? "sha384" : "sha256"));
  set(v, "sender", json_string(s->from_server ? "server" : "client"));
  set(v, "key", s->f.empty ? json_null() : json_string(kinds[s->kind].name));
  set(v, "scheme", s->f.empty ? json_null() : json_string(code));
  set(v, "handshake_context", hex(s->f.handshake_context));
  set(v, "finished_key", hex(s->f.finished_key));
  set(v, "client_hello_schemes", hex(all_schemes()));
  set(v, "client_hello_extensions", hex(all_extensions()));
  set(v, "request", hex(s->f.request));
  set(v, "context", hex(s->f.context));
  set(v, "authenticator", hex(codicil_buf_span(&s->authenticator)));
  return v;
}

static bool signs_the_same_each_time(uint16_t scheme) {
  return scheme == 0x0807 || scheme == 0x0808;
}

// Moves the scheme to the front of the ClientHello's list on the server, which then chooses it.
static void prefer(scene *s) {
  static uint8_t list[64];
  codicil_span rest = all_schemes();
  list[0] = (uint8_t)(s->scheme >> 8);
  list[1] = (uint8_t)s->scheme;
  memcpy(list + 2, rest.data, rest.len);
  codicil_tls tls = fake_tls(&s->pair.exporter, s->hash, true);
  tls.client_schemes = codicil_span_of(list, rest.len + 2);
  codicil_ea_free(s->pair.server);
  assert_int_equal(codicil_ea_new(&s->pair.server, NULL, &tls), CODICIL_OK);
}

static void put_right(json_t *vectors, scene *s, const codicil_credential *credential) {
  codicil_ea *prover = s->from_server ? s->pair.server : s->pair.client;
  if (s->f.empty) {
    assert_int_equal(codicil_ea_decline(prover, &s->authenticator, s->f.request), CODICIL_OK);
  } else {
    assert_int_equal(codicil_ea_authenticate(prover, &s->authenticator, credential, s->f.request,
                                             s->asked ? none : s->f.context),
                     CODICIL_OK);
  }
  if (s->f.empty || signs_the_same_each_time(s->scheme)) {
    codicil_buf other = new_buf();
    forge(&other, &s->f);
    assert_true(codicil_span_equal(codicil_buf_span(&s->authenticator), codicil_buf_span(&other)));
    codicil_buf_clear(&other);
  }
  json_array_append_new(vectors, vector_of(s, s->f.empty ? "declined" : "valid", NULL));
}

// ---- right ones -------------------------------------------------------------------------------

static void put_occasions(json_t *vectors, const material *m, codicil_hash hash, size_t kind,
                          uint16_t scheme) {
  static const struct {
    const char *name;
    bool from_server, asked;
  } occasions[] = {{"server_spontaneous", true, false},
                   {"server_requested", true, true},
                   {"client_requested", false, true}};
  for (size_t i = 0; i < 3; i++) {
    char name[96];
    scene s;
    snprintf(name, sizeof name, "%s_%s", occasions[i].name, codicil_scheme_name(scheme));
    scene_init(&s, m, name, hash, occasions[i].from_server, occasions[i].asked, kind, scheme);
    if (!s.asked) {
      prefer(&s);
    }
    put_right(vectors, &s, m->credential[kind]);
    scene_clear(&s);
  }
}

static void put_empty(json_t *vectors, const material *m, codicil_hash hash, bool from_server) {
  scene s;
  scene_init(&s, m, from_server ? "server_empty" : "client_empty", hash, from_server, true, 0,
             0x0403);
  s.f.empty = true;
  put_right(vectors, &s, NULL);
  scene_clear(&s);
}

// Two certificates with staples, whose content an authenticator does not look into.
static void put_chain(json_t *vectors, const material *m, codicil_hash hash) {
  scene s;
  codicil_buf extensions = new_buf();
  codicil_credential *credential = credential_of(m, 5, true);
  codicil_span ocsp = codicil_span_str("an OCSP response");
  codicil_span scts = codicil_span_of("\0\6\0\4SCTs", 8);
  assert_int_equal(codicil_credential_set_ocsp(credential, 0, ocsp), CODICIL_OK);
  assert_int_equal(codicil_credential_set_scts(credential, 0, scts), CODICIL_OK);
  scene_init(&s, m, "server_spontaneous_chain_with_staples", hash, true, false, 5, 0x0807);
  forge_extension(&extensions, 5, codicil_span_of("\1\0\0\20an OCSP response", 20));
  forge_extension(&extensions, 18, scts);
  codicil_buf_reset(&s.list);
  forge_entry(&s.list, codicil_buf_span(&m->certificate[5]), codicil_buf_span(&extensions));
  forge_entry(&s.list, codicil_buf_span(&m->certificate[CA]), none);
  s.f.list = codicil_buf_span(&s.list);
  put_right(vectors, &s, credential);
  codicil_credential_free(credential);
  codicil_buf_clear(&extensions);
  scene_clear(&s);
}

static void put_kinds(json_t *vectors, const material *m, codicil_hash hash, size_t first,
                      size_t end) {
  for (size_t kind = first; kind < end; kind++) {
    for (size_t i = 0; i < 3 && m->credential[kind] != NULL; i++) {
      if (kinds[kind].schemes[i] != 0) {
        put_occasions(vectors, m, hash, kind, kinds[kind].schemes[i]);
      }
    }
  }
}

static json_t *right_ones(const material *m, codicil_hash hash) {
  json_t *vectors = json_array();
  put_kinds(vectors, m, hash, 0, FIRST_MLDSA);
  put_chain(vectors, m, hash);
  put_empty(vectors, m, hash, true);
  put_empty(vectors, m, hash, false);
  return vectors;
}

// In a file of their own, which stays as it is where libcrypto has no ML-DSA.
static json_t *mldsa_ones(const material *m) {
  json_t *vectors = json_array();
  put_kinds(vectors, m, CODICIL_HASH_SHA256, FIRST_MLDSA, NUM_KINDS);
  put_kinds(vectors, m, CODICIL_HASH_SHA384, FIRST_MLDSA, NUM_KINDS);
  return vectors;
}

// ---- wrong ones -------------------------------------------------------------------------------

// Changes a right forgery into a wrong one.
typedef struct wrong {
  const char *name;
  const char *why;
  codicil_hash hash;
  bool from_server, asked;
  size_t kind;
  uint16_t scheme;
  void (*spoil)(scene *s);        // before it is made
  void (*spoil_octets)(scene *s); // or after
} wrong;

static void without_header(scene *s) {
  s->f.request_without_header = true;
}
static void bodies_only(scene *s) {
  s->f.bodies_only = true;
}
static void hmac_of_raw(scene *s) {
  s->f.hmac_of_raw = true;
}
static void derive_finished(scene *s) {
  s->f.derive_finished = true;
}
static void handshake_string(scene *s) {
  s->f.signature_context = "TLS 1.3, server CertificateVerify";
}
static void nul_in_context(scene *s) {
  s->f.nul_in_context = true;
}
static void fixed_sha256(scene *s) {
  s->f.sign_sha256_transcript = true;
}
static void pkcs1(scene *s) {
  s->f.pkcs1 = true;
}
static void other_salt(scene *s) {
  s->f.salt_len = 20;
}
static void other_digest(scene *s) {
  s->f.digest = "SHA384";
}
static void no_context(scene *s) {
  s->f.context = none;
}
static void other_context(scene *s) {
  s->f.context = context_for("another context");
}
static void no_certificates(scene *s) {
  s->f.list = none;
}
static void lone_finished(scene *s) {
  s->f.empty = true;
}
static void lone_finished_without_header(scene *s) {
  s->f.empty = true;
  s->f.request_without_header = true;
}

static void requester_labels(scene *s) {
  forgery other = forgery_of(&s->pair, s->hash, !s->from_server);
  s->f.handshake_context = other.handshake_context;
  s->f.finished_key = other.finished_key;
}

static void only_with_extension(scene *s, uint16_t type, codicil_span content, int times) {
  codicil_buf extensions = new_buf();
  codicil_buf list = s->list;
  codicil_span der = codicil_span_of(list.data + 3, list.len - 5);
  s->list = new_buf();
  for (int i = 0; i < times; i++) {
    forge_extension(&extensions, type, content);
  }
  forge_entry(&s->list, der, codicil_buf_span(&extensions));
  s->f.list = codicil_buf_span(&s->list);
  codicil_buf_clear(&extensions);
  codicil_buf_clear(&list);
}

static void unknown_extension(scene *s) {
  only_with_extension(s, 0xfafa, none, 1);
}
static void signature_algorithms(scene *s) {
  only_with_extension(s, 13, codicil_span_of("\0\2\4\3", 4), 1);
}
static void twice(scene *s) {
  only_with_extension(s, 18, codicil_span_of("\0\6\0\4SCTs", 8), 2);
}

static void flip_last(scene *s) {
  s->authenticator.data[s->authenticator.len - 1] ^= 1;
}
static void flip_signature(scene *s) {
  // The last octet of CertificateVerify, before Finished; Finished is then wrong as well, and what
  // is told first does not matter.
  s->authenticator.data[s->authenticator.len - 4 - s->f.finished_key.len - 1] ^= 1;
}
static void append_octet(scene *s) {
  put_number(&s->authenticator, 0, 1);
}
static void cut_octet(scene *s) {
  s->authenticator.len--;
}

#define S256 CODICIL_HASH_SHA256
#define S384 CODICIL_HASH_SHA384

static const wrong wrongs[] = {
    {"request_without_header", "request hashed without its handshake header (§4)", S256, true, true,
     0, 0x0403, without_header, NULL},
    {"bodies_only", "messages hashed without their headers (§5.2.2)", S256, true, false, 0, 0x0403,
     bodies_only, NULL},
    {"hmac_of_raw", "HMAC over the concatenation, not over its hash (§5.2.3)", S256, true, false, 0,
     0x0403, hmac_of_raw, NULL},
    {"derived_finished_key", "Finished MAC Key derived once more (§5.2.3)", S384, true, false, 0,
     0x0403, derive_finished, NULL},
    {"handshake_signature_context", "signed with the string of the TLS handshake (§5.2.2)", S256,
     true, false, 0, 0x0403, handshake_string, NULL},
    {"nul_in_signature_context", "a NUL at the end of the string (§5.2.2)", S256, true, false, 0,
     0x0403, nul_in_context, NULL},
    {"transcript_fixed_at_sha256", "SHA-256 transcript on a SHA-384 connection (§5.1)", S384, true,
     false, 0, 0x0403, fixed_sha256, NULL},
    {"requester_labels", "labels of the requester's role, not of the sender's (§5.1)", S256, true,
     true, 0, 0x0403, requester_labels, NULL},
    {"client_unasked", "a client without a request (§5)", S256, false, false, 0, 0x0403, NULL,
     NULL},
    {"empty_context_unasked", "spontaneous with a context that can be predicted (§5.2.1)", S256,
     true, false, 0, 0x0403, no_context, NULL},
    {"context_not_the_requests", "another context than the request's (§5.2.1)", S256, true, true, 0,
     0x0403, other_context, NULL},
    {"no_certificates", "an empty certificate_list (§5.2.1)", S256, true, false, 0, 0x0403,
     no_certificates, NULL},
    {"lone_finished_unasked", "an empty authenticator without a request (§6)", S256, true, false, 0,
     0x0403, lone_finished, NULL},
    {"empty_with_wrong_mac", "an empty authenticator whose Finished is wrong (§6)", S256, true,
     true, 0, 0x0403, lone_finished, flip_last},
    {"empty_request_without_header", "the same, request hashed without its header (§6)", S256, true,
     true, 0, 0x0403, lone_finished_without_header, NULL},
    {"rsa_pkcs1_sha256", "RSASSA-PKCS1-v1_5, offered and yet forbidden (§5.2.2)", S256, true, false,
     3, 0x0401, pkcs1, NULL},
    {"ecdsa_sha1", "ECDSA with SHA-1, offered and yet forbidden (§5.2.2)", S256, true, false, 0,
     0x0203, NULL, NULL},
    {"pkcs1_under_pss", "PKCS#1 v1.5 padding under rsa_pss_rsae_sha256", S256, true, false, 3,
     0x0804, pkcs1, NULL},
    {"salt_of_20", "a salt that is not as long as the digest (RFC 8446 §4.2.3)", S256, true, false,
     3, 0x0804, other_salt, NULL},
    {"p384_under_p256", "a P-384 key under ecdsa_secp256r1_sha256 (RFC 8446 §4.2.3)", S256, true,
     false, 1, 0x0403, NULL, NULL},
    {"p256_with_sha384", "SHA-384 under ecdsa_secp256r1_sha256 (RFC 8446 §4.2.3)", S256, true,
     false, 0, 0x0403, other_digest, NULL},
    {"pss_key_under_rsae", "an id-RSASSA-PSS key under rsa_pss_rsae_sha256", S256, true, false, 4,
     0x0804, NULL, NULL},
    {"rsa_key_under_pss", "an rsaEncryption key under rsa_pss_pss_sha256", S256, true, false, 3,
     0x0809, NULL, NULL},
    {"extension_not_offered", "an entry extension that was not offered (§5.2.1)", S256, true, false,
     0, 0x0403, unknown_extension, NULL},
    {"extension_that_does_not_belong", "signature_algorithms in an entry (RFC 8446 §4.2)", S256,
     true, false, 0, 0x0403, signature_algorithms, NULL},
    {"extension_twice", "one extension twice in an entry (RFC 8446 §4.2)", S256, true, true, 0,
     0x0403, twice, NULL},
    {"finished_flipped", "one bit of Finished", S256, true, false, 0, 0x0403, NULL, flip_last},
    {"signature_flipped", "one bit of the signature", S256, true, false, 5, 0x0807, NULL,
     flip_signature},
    {"octet_after_finished", "an octet after Finished", S256, true, false, 0, 0x0403, NULL,
     append_octet},
    {"octet_missing", "an octet of Finished is missing", S256, true, false, 0, 0x0403, NULL,
     cut_octet},
};

// The scheme that the request offers is not the one that signs.
static void put_not_offered(json_t *vectors, const material *m) {
  scene s;
  scene_init(&s, m, "scheme_not_requested", S256, true, true, 1, 0x0804);
  s.scheme = s.f.scheme = 0x0503;
  forge(&s.authenticator, &s.f);
  json_array_append_new(
      vectors, vector_of(&s, "invalid", "a scheme that the request does not offer (§5.2.2)"));
  scene_clear(&s);
}

static json_t *wrong_ones(const material *m) {
  json_t *vectors = json_array();
  for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
    const wrong *w = &wrongs[i];
    scene s;
    scene_init(&s, m, w->name, w->hash, w->from_server, w->asked, w->kind,
               w->scheme == 0x0401 || w->scheme == 0x0203 ? 0x0403 : w->scheme);
    s.scheme = s.f.scheme = w->scheme;
    if (w->spoil != NULL) {
      w->spoil(&s);
    }
    forge(&s.authenticator, &s.f);
    if (w->spoil_octets != NULL) {
      w->spoil_octets(&s);
    }
    if (w->spoil == requester_labels) {
      s.f = forgery_of(&s.pair, w->hash, w->from_server);
      s.f.request = codicil_buf_span(&s.request);
      s.f.context = context_for(w->name);
    }
    json_array_append_new(vectors, vector_of(&s, "invalid", w->why));
    scene_clear(&s);
  }
  put_not_offered(vectors, m);
  return vectors;
}

// ---- files ------------------------------------------------------------------------------------

static char *path_of(const char *directory, const char *name) {
  static char path[4096];
  snprintf(path, sizeof path, "%s/%s", directory, name);
  return path;
}

static void write_file(const char *path, const char *description, const char *member,
                       json_t *content) {
  json_t *file = json_object();
  set(file, "description", json_string(description));
  set(file, member, content);
  if (json_dump_file(file, path, JSON_INDENT(1)) != 0) {
    perror(path);
    exit(1);
  }
  json_decref(file);
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
    return 2;
  }
  json_t *file = json_load_file(path_of(argv[1], "keys.json"), 0, NULL);
  json_t *keys = file != NULL ? json_incref(json_object_get(file, "keys")) : json_object();
  json_decref(file);
  complete_keys(keys);
  material m;
  load(&m, keys);
  write_file(path_of(argv[1], "sha256.json"), "RFC 9261 authenticators over SHA-256: see README.md",
             "vectors", right_ones(&m, S256));
  write_file(path_of(argv[1], "sha384.json"), "RFC 9261 authenticators over SHA-384: see README.md",
             "vectors", right_ones(&m, S384));
  if (m.credential[FIRST_MLDSA] != NULL) {
    write_file(path_of(argv[1], "mldsa.json"),
               "RFC 9261 authenticators signed with ML-DSA: see README.md", "vectors",
               mldsa_ones(&m));
  }
  write_file(path_of(argv[1], "invalid.json"),
             "RFC 9261 authenticators that a validator must refuse: see README.md", "vectors",
             wrong_ones(&m));
  write_file(path_of(argv[1], "keys.json"),
             "Throw-away keys of the vectors, in no use anywhere, and their certificates", "keys",
             keys);
  unload(&m);
  return 0;
}

// Authenticators by another hand: see ea_forge.h.
#include "ea_forge.h"

#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/rsa.h>
#include <string.h>

#include "cmocka_test.h"

void put(codicil_buf *out, codicil_span bytes) {
  assert_int_equal(codicil_buf_append(out, bytes), CODICIL_OK);
}

void put_number(codicil_buf *out, size_t value, size_t len) {
  for (size_t i = len; i-- > 0;) {
    uint8_t octet = (uint8_t)(value >> (8 * i));
    put(out, codicil_span_of(&octet, 1));
  }
}

void put_message(codicil_buf *out, uint8_t type, codicil_span body) {
  put_number(out, type, 1);
  put_number(out, body.len, 3);
  put(out, body);
}

void forge_extension(codicil_buf *block, uint16_t type, codicil_span content) {
  put_number(block, type, 2);
  put_number(block, content.len, 2);
  put(block, content);
}

void forge_entry(codicil_buf *list, codicil_span der, codicil_span extensions) {
  put_number(list, der.len, 3);
  put(list, der);
  put_number(list, extensions.len, 2);
  put(list, extensions);
}

static const EVP_MD *md_of(codicil_hash hash) {
  return hash == CODICIL_HASH_SHA384 ? EVP_sha384() : EVP_sha256();
}

static const char *digest_of(const forgery *f) {
  if (f->digest != NULL) {
    return f->digest;
  }
  switch (f->scheme) {
  case 0x0403:
  case 0x0804:
  case 0x0809:
  case 0x0401:
    return "SHA256";
  case 0x0503:
  case 0x0805:
  case 0x080a:
    return "SHA384";
  case 0x0603:
  case 0x0806:
  case 0x080b:
    return "SHA512";
  case 0x0203:
  case 0x0201:
    return "SHA1";
  default:
    return NULL;
  }
}

static void sign(codicil_buf *out, const forgery *f, codicil_span tbs) {
  uint8_t signature[8192];
  size_t len = sizeof signature;
  EVP_MD_CTX *ctx = EVP_MD_CTX_new();
  EVP_PKEY_CTX *key_ctx = NULL;
  assert_int_equal(EVP_DigestSignInit_ex(ctx, &key_ctx, digest_of(f), NULL, NULL, f->key, NULL), 1);
  bool is_rsa = EVP_PKEY_is_a(f->key, "RSA") || EVP_PKEY_is_a(f->key, "RSA-PSS");
  if (is_rsa && !f->pkcs1) {
    int salt = f->salt_len != 0 ? f->salt_len : RSA_PSS_SALTLEN_DIGEST;
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(key_ctx, RSA_PKCS1_PSS_PADDING), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(key_ctx, salt), 1);
  }
  assert_int_equal(EVP_DigestSign(ctx, signature, &len, tbs.data, tbs.len), 1);
  EVP_MD_CTX_free(ctx);
  put(out, codicil_span_of(signature, len));
}

static codicil_span hash_of(uint8_t out[64], codicil_hash hash, const codicil_buf *octets) {
  unsigned len;
  assert_int_equal(EVP_Digest(octets->data, octets->len, out, &len, md_of(hash), NULL), 1);
  return codicil_span_of(out, len);
}

// HKDF-Expand-Label(key, "finished", "", Hash.length), as in TLS 1.3's own Finished.
static codicil_span finished_key_of(uint8_t out[64], const forgery *f) {
  if (!f->derive_finished) {
    memcpy(out, f->finished_key.data, f->finished_key.len);
    return codicil_span_of(out, f->finished_key.len);
  }
  uint8_t info[] = "\0\0\016tls13 finished\0";
  size_t len = f->finished_key.len;
  info[1] = (uint8_t)len;
  EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, NULL);
  assert_int_equal(EVP_PKEY_derive_init(ctx), 1);
  assert_int_equal(EVP_PKEY_CTX_set_hkdf_mode(ctx, EVP_PKEY_HKDEF_MODE_EXPAND_ONLY), 1);
  assert_int_equal(EVP_PKEY_CTX_set_hkdf_md(ctx, md_of(f->hash)), 1);
  assert_int_equal(EVP_PKEY_CTX_set1_hkdf_key(ctx, f->finished_key.data, (int)len), 1);
  assert_int_equal(EVP_PKEY_CTX_add1_hkdf_info(ctx, info, (int)sizeof info - 1), 1);
  assert_int_equal(EVP_PKEY_derive(ctx, out, &len), 1);
  EVP_PKEY_CTX_free(ctx);
  return codicil_span_of(out, len);
}

static void put_finished(codicil_buf *out, const forgery *f, const codicil_buf *transcript) {
  uint8_t key_octets[64];
  uint8_t hash[64];
  uint8_t mac[64];
  unsigned mac_len;
  codicil_span key = finished_key_of(key_octets, f);
  codicil_span over = f->hmac_of_raw ? codicil_span_of(transcript->data, transcript->len)
                                     : hash_of(hash, f->hash, transcript);
  assert_non_null(HMAC(md_of(f->hash), key.data, (int)key.len, over.data, over.len, mac, &mac_len));
  put_message(out, 20, codicil_span_of(mac, mac_len));
}

static codicil_span cut(const codicil_buf *buf, size_t start) {
  return codicil_span_of(buf->data + start, buf->len - start);
}

static void put_signature(codicil_buf *out, const forgery *f, const codicil_buf *transcript) {
  const char *context =
      f->signature_context != NULL ? f->signature_context : "Exported Authenticator";
  codicil_buf tbs;
  uint8_t hash[64];
  codicil_buf_init(&tbs, NULL, 1024);
  for (int i = 0; i < 64; i++) {
    put_number(&tbs, 0x20, 1);
  }
  put(&tbs, codicil_span_of(context, strlen(context)));
  put_number(&tbs, 0, f->nul_in_context ? 2 : 1);
  codicil_hash transcript_hash = f->sign_sha256_transcript ? CODICIL_HASH_SHA256 : f->hash;
  put(&tbs, hash_of(hash, transcript_hash, transcript));
  sign(out, f, codicil_buf_span(&tbs));
  codicil_buf_clear(&tbs);
}

void forge(codicil_buf *out, const forgery *f) {
  codicil_buf transcript, message, body, signature;
  codicil_buf *all[] = {&transcript, &message, &body, &signature};
  for (size_t i = 0; i < 4; i++) {
    codicil_buf_init(all[i], NULL, 1 << 20);
  }
  put(&transcript, f->handshake_context);
  if (f->request.len != 0) {
    size_t skip = f->request_without_header ? 4 : 0;
    put(&transcript, codicil_span_of(f->request.data + skip, f->request.len - skip));
  }
  put_number(&body, f->context.len, 1);
  put(&body, f->context);
  put_number(&body, f->empty ? 0 : f->list.len, 3);
  if (!f->empty) {
    put(&body, f->list);
  }
  put_message(&message, 11, codicil_buf_span(&body));
  put(&transcript, cut(&message, f->bodies_only ? 4 : 0));
  if (!f->empty) {
    put(out, codicil_buf_span(&message));
    put_signature(&signature, f, &transcript);
    codicil_buf_reset(&body);
    codicil_buf_reset(&message);
    put_number(&body, f->scheme, 2);
    put_number(&body, signature.len, 2);
    put(&body, codicil_buf_span(&signature));
    put_message(&message, 15, codicil_buf_span(&body));
    put(&transcript, cut(&message, f->bodies_only ? 4 : 0));
    put(out, codicil_buf_span(&message));
  }
  put_finished(out, f, &transcript);
  for (size_t i = 0; i < 4; i++) {
    codicil_buf_clear(all[i]);
  }
}

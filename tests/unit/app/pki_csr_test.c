// Certificate requests: written and read again, cut off, bent, and with memory that runs out.
#include "pki/csr.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
// cmocka.h needs the above.
#include <cmocka.h>

#include "pki/key.h"
#include "starve_libcrypto.h"

static const char oid[] = "2.999.9261.1";

typedef struct fixture {
  EVP_PKEY *key;
  codicil_buf pem;
  uint8_t *der; // of its exact size
  size_t der_len;
} fixture;

static void write_request(codicil_buf *pem, EVP_PKEY *key) {
  app_error err;
  static const char *const texts[] = {"www.example.com", "*.cdn.example", "192.0.2.1"};
  pki_name names[3];
  pki_required *required = calloc(1, sizeof *required);
  for (size_t i = 0; i < 3; i++) {
    assert_true(pki_name_parse(&names[i], texts[i], &err));
  }
  assert_true(pki_required_add(required, "a.example,*.b.example,2001:db8::1,*", &err));
  codicil_buf_init(pem, NULL, PKI_CSR_MAX);
  assert_true(pki_csr_write(pem, key, names, 3, required, oid, &err));
  free(required);
}

static int set_up(void **state) {
  fixture *f = calloc(1, sizeof *f);
  app_error err;
  f->key = pki_key_new(PKI_ED25519, &err);
  assert_non_null(f->key);
  write_request(&f->pem, f->key);
  pki_csr csr = {.req = NULL};
  assert_true(pki_csr_read(&csr, codicil_buf_span(&f->pem), "f", oid, &err));
  uint8_t *der = NULL;
  f->der_len = (size_t)i2d_X509_REQ(csr.req, &der);
  f->der = malloc(f->der_len);
  memcpy(f->der, der, f->der_len);
  OPENSSL_free(der);
  pki_csr_clear(&csr);
  *state = f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = *state;
  EVP_PKEY_free(f->key);
  codicil_buf_clear(&f->pem);
  free(f->der);
  free(f);
  return 0;
}

static void check(const pki_csr *csr) {
  app_error err;
  codicil_buf text;
  codicil_buf_init(&text, NULL, 4096);
  assert_int_equal(csr->num_names, 3);
  assert_string_equal(csr->names[1].text, "*.cdn.example");
  assert_int_equal(csr->names[2].address.len, 4);
  assert_true(pki_required_text(&text, csr->required, &err));
  assert_string_equal((const char *)text.data, "a.example *.b.example 2001:db8::1 *");
  codicil_buf_clear(&text);
}

static void test_what_is_written_is_read(void **state) {
  fixture *f = *state;
  app_error err;
  pki_csr csr = {.req = NULL};
  assert_true(pki_csr_decode(&csr, codicil_span_of(f->der, f->der_len), oid, &err));
  check(&csr);
  assert_int_equal(csr.num_ignored, 0);
  assert_int_equal(EVP_PKEY_eq(csr.key, f->key), 1);
  pki_csr_clear(&csr);
}

static void test_under_another_identifier_the_extension_is_one_more_to_ignore(void **state) {
  fixture *f = *state;
  app_error err;
  pki_csr csr = {.req = NULL};
  assert_true(pki_csr_decode(&csr, codicil_span_of(f->der, f->der_len), "1.2.3", &err));
  assert_int_equal(csr.required->num, 0);
  assert_int_equal(csr.num_ignored, 1);
  pki_csr_clear(&csr);
}

static void test_a_request_that_is_cut_off_or_goes_on_is_none(void **state) {
  fixture *f = *state;
  app_error err;
  pki_csr csr = {.req = NULL};
  for (size_t len = 0; len < f->der_len; len++) {
    uint8_t *cut = malloc(len + 1);
    memcpy(cut, f->der, len);
    assert_false(pki_csr_decode(&csr, codicil_span_of(cut, len), oid, &err));
    free(cut);
  }
  uint8_t *longer = malloc(f->der_len + 1);
  memcpy(longer, f->der, f->der_len);
  longer[f->der_len] = 0;
  assert_false(pki_csr_decode(&csr, codicil_span_of(longer, f->der_len + 1), oid, &err));
  free(longer);
  assert_null(csr.req);
  assert_int_equal(ERR_peek_error(), 0);
}

// Whatever an octet is bent to: read or refused, and never signed for by whoever bent it.
static void test_a_request_with_a_wrong_octet_is_not_its_sender_s(void **state) {
  fixture *f = *state;
  app_error err;
  for (size_t i = 0; i < f->der_len; i++) {
    f->der[i] ^= 0x01;
    pki_csr csr = {.req = NULL};
    if (pki_csr_decode(&csr, codicil_span_of(f->der, f->der_len), oid, &err)) {
      assert_int_not_equal(X509_REQ_verify(csr.req, csr.key), 1);
      pki_csr_clear(&csr);
    }
    ERR_clear_error();
    f->der[i] ^= 0x01;
  }
}

static void test_reading_without_memory_fails_or_reads_the_same(void **state) {
  fixture *f = *state;
  bool was_refused = true;
  size_t refusals = 0;
  for (size_t n = 0; was_refused; n++) {
    app_error err;
    pki_csr csr = {.req = NULL};
    starve_begin(n);
    bool ok = pki_csr_read(&csr, codicil_buf_span(&f->pem), "f", oid, &err);
    was_refused = starve_end();
    if (ok) {
      check(&csr);
    } else {
      assert_true(was_refused);
      assert_null(csr.req);
      refusals++;
    }
    assert_int_equal(ERR_peek_error(), 0);
    pki_csr_clear(&csr);
  }
  assert_true(refusals > 10);
}

static void test_writing_without_memory_fails_or_writes_a_request(void **state) {
  fixture *f = *state;
  bool was_refused = true;
  for (size_t n = 0; was_refused; n++) {
    app_error err;
    pki_name name;
    codicil_buf pem;
    pki_required required = {.num = 0};
    codicil_buf_init(&pem, NULL, PKI_CSR_MAX);
    assert_true(pki_name_parse(&name, "a.example", &err));
    assert_true(pki_required_add(&required, "b.example", &err));
    starve_begin(n);
    bool ok = pki_csr_write(&pem, f->key, &name, 1, &required, oid, &err);
    was_refused = starve_end();
    assert_true(ok || was_refused);
    ERR_clear_error();
    codicil_buf_clear(&pem);
  }
}

static void test_required_domains_are_counted_once_and_never_too_many(void **state) {
  (void)state;
  app_error err;
  static pki_required required;
  char text[32];
  assert_true(pki_required_add(&required, "a0.example,A0.example.", &err));
  assert_int_equal(required.num, 1);
  for (int i = 1; i < CODICIL_REQUIRED_DOMAINS_MAX; i++) {
    snprintf(text, sizeof text, "a%d.example", i);
    assert_true(pki_required_add(&required, text, &err));
  }
  assert_false(pki_required_add(&required, "one.more.example", &err));
  assert_int_equal(required.num, CODICIL_REQUIRED_DOMAINS_MAX);
  assert_false(pki_required_has_any(&required));
}

// Signs the request again and gives it to the reader; tells why it is refused.
static void refuse(X509_REQ *req, EVP_PKEY *key, const char *why) {
  app_error err;
  uint8_t *der = NULL;
  pki_csr csr = {.req = NULL};
  assert_true(X509_REQ_sign(req, key, NULL) > 0);
  int len = i2d_X509_REQ(req, &der);
  assert_true(len > 0);
  assert_false(pki_csr_decode(&csr, codicil_span_of(der, (size_t)len), oid, &err));
  assert_string_equal(err.text, why);
  assert_int_equal(ERR_peek_error(), 0);
  OPENSSL_free(der);
}

static X509_REQ *request_of(const fixture *f) {
  const uint8_t *at = f->der;
  X509_REQ *req = d2i_X509_REQ(NULL, &at, (long)f->der_len);
  assert_non_null(req);
  return req;
}

// OpenSSL would read one set and leave the other out: a Required Domain is not lost in silence.
static void test_a_second_set_of_extensions_is_refused(void **state) {
  fixture *f = *state;
  X509_REQ *req = request_of(f);
  STACK_OF(X509_EXTENSION) *list = X509_REQ_get_extensions(req);
  assert_int_equal(X509_REQ_add_extensions_nid(req, list, NID_ms_ext_req), 1);
  sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
  refuse(req, f->key, "it asks for two sets of extensions");
  X509_REQ_free(req);
}

static void test_a_second_value_of_extensions_is_refused(void **state) {
  fixture *f = *state;
  X509_REQ *req = request_of(f);
  X509_ATTRIBUTE *attr = X509_REQ_get_attr(req, X509_REQ_get_attr_by_NID(req, NID_ext_req, -1));
  assert_int_equal(X509_ATTRIBUTE_set1_data(attr, V_ASN1_SEQUENCE, "\x30\x00", 2), 1);
  refuse(req, f->key, "it asks for two sets of extensions");
  X509_REQ_free(req);
}

// An RSA exponent of 1 makes everybody's signature right, that of the request to begin with.
static void test_a_key_that_everybody_has_is_refused(void **state) {
  fixture *f = *state;
  app_error err;
  BIGNUM *n = NULL;
  EVP_PKEY *key = NULL;
  OSSL_PARAM *params = NULL;
  OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
  EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
  EVP_PKEY *rsa = pki_key_new(PKI_RSA2048, &err);
  assert_int_equal(EVP_PKEY_get_bn_param(rsa, OSSL_PKEY_PARAM_RSA_N, &n), 1);
  assert_int_equal(OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n), 1);
  assert_int_equal(OSSL_PARAM_BLD_push_uint(build, OSSL_PKEY_PARAM_RSA_E, 1), 1);
  params = OSSL_PARAM_BLD_to_param(build);
  assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
  assert_int_equal(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params), 1);
  X509_REQ *req = request_of(f);
  assert_int_equal(X509_REQ_set_pubkey(req, key), 1);
  refuse(req, f->key, "its key is none: its numbers cannot be right");
  X509_REQ_free(req);
  EVP_PKEY_free(key);
  EVP_PKEY_free(rsa);
  EVP_PKEY_CTX_free(ctx);
  OSSL_PARAM_free(params);
  OSSL_PARAM_BLD_free(build);
  BN_free(n);
}

#define WITH_REQUEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      WITH_REQUEST(test_what_is_written_is_read),
      WITH_REQUEST(test_under_another_identifier_the_extension_is_one_more_to_ignore),
      WITH_REQUEST(test_a_request_that_is_cut_off_or_goes_on_is_none),
      WITH_REQUEST(test_a_request_with_a_wrong_octet_is_not_its_sender_s),
      WITH_REQUEST(test_reading_without_memory_fails_or_reads_the_same),
      WITH_REQUEST(test_writing_without_memory_fails_or_writes_a_request),
      WITH_REQUEST(test_a_second_set_of_extensions_is_refused),
      WITH_REQUEST(test_a_second_value_of_extensions_is_refused),
      WITH_REQUEST(test_a_key_that_everybody_has_is_refused),
      cmocka_unit_test(test_required_domains_are_counted_once_and_never_too_many),
  };
  if (!starve_install()) {
    return 1;
  }
  return cmocka_run_group_tests(tests, NULL, NULL);
}

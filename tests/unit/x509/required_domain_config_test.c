// Certificates whose Required Domain is written in plain OpenSSL configuration, as
// docs/required-domain.md shows it: they read as what codicil_required_domains_encode writes.
#include "cmocka_test.h"

#include <openssl/conf.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "codicil/x509.h"
#include "pki_fixture.h"
#include "span.h"

enum { MOST = 4, TEXT_MAX = CODICIL_REQUIRED_DOMAIN_TEXT_MAX };

// Makes a certificate with the extensions of section [v3] of a configuration file's text.
static codicil_identity *identity_of_config(const char *text) {
  BIO *bio = BIO_new_mem_buf(text, -1);
  CONF *conf = NCONF_new(NULL);
  long line = 0;
  assert_int_equal(NCONF_load_bio(conf, bio, &line), 1);
  pki_cert *cert = pki_make(NULL, &(pki_spec){.alt_names = "DNS:shared.cdn.example"});
  X509V3_CTX ctx;
  X509V3_set_ctx(&ctx, cert->x509, cert->x509, NULL, NULL, 0);
  X509V3_set_nconf(&ctx, conf);
  assert_int_equal(X509V3_EXT_add_nconf(conf, &ctx, "v3", cert->x509), 1);
  assert_true(X509_sign(cert->x509, cert->key, EVP_sha256()) > 0);
  uint8_t *der = NULL;
  int der_len = i2d_X509(cert->x509, &der);
  codicil_identity *identity = NULL;
  assert_int_equal(
      codicil_identity_new(&identity, NULL, codicil_span_of(der, (size_t)der_len), PKI_OID),
      CODICIL_OK);
  OPENSSL_free(der);
  pki_free(cert);
  NCONF_free(conf);
  BIO_free(bio);
  assert_int_equal(ERR_peek_error(), 0);
  return identity;
}

// The names of `texts`, as this library encodes them.
static codicil_buf encoded(const char *const texts[MOST], size_t *out_num) {
  codicil_required_domain domains[MOST];
  char kept[MOST][TEXT_MAX];
  size_t num = 0;
  for (; num < MOST && texts[num] != NULL; num++) {
    assert_int_equal(codicil_required_domain_from_text(&domains[num], kept[num], TEXT_MAX, NULL,
                                                       codicil_span_str(texts[num])),
                     CODICIL_OK);
  }
  codicil_buf out;
  codicil_buf_init(&out, NULL, SIZE_MAX);
  assert_int_equal(codicil_required_domains_encode(&out, domains, num), CODICIL_OK);
  *out_num = num;
  return out;
}

static void expect_names(const codicil_identity *identity, const char *const texts[MOST],
                         size_t num) {
  assert_int_equal(codicil_identity_required_state(identity), CODICIL_REQUIRED_VALID);
  assert_int_equal(codicil_identity_num_required(identity), num);
  for (size_t i = 0; i < num; i++) {
    char text[TEXT_MAX];
    codicil_required_domain_format(codicil_identity_required(identity, i), text, sizeof text);
    assert_string_equal(text, texts[i]);
  }
}

static const struct {
  const char *config;
  const char *names[MOST];
  bool same_octets; // not where a list of one stands for the one
} rows[] = {
    {"[v3]\n"
     "2.999.9261.1 = ASN1:IMPLICIT:2,IA5STRING:www.site.example\n",
     {"www.site.example"},
     true},
    {"[v3]\n"
     "2.999.9261.1 = DER:82:10:77:77:77:2e:73:69:74:65:2e:65:78:61:6d:70:6c:65\n",
     {"www.site.example"},
     true},
    {"[v3]\n"
     "2.999.9261.1 = ASN1:IMPLICIT:2,IA5STRING:*.site.example\n",
     {"*.site.example"},
     true},
    {"[v3]\n"
     "2.999.9261.1 = ASN1:IMPLICIT:2,IA5STRING:*\n",
     {"*"},
     true},
    {"[v3]\n"
     "2.999.9261.1 = ASN1:IMPLICIT:7,FORMAT:HEX,OCTETSTRING:c0000201\n",
     {"192.0.2.1"},
     true},
    {"[v3]\n"
     "2.999.9261.1 = ASN1:SEQUENCE:required\n"
     "[required]\n"
     "a = IMPLICIT:2,IA5STRING:www.site.example\n"
     "b = IMPLICIT:2,IA5STRING:*.cdn.example\n"
     "c = IMPLICIT:7,FORMAT:HEX,OCTETSTRING:20010db8000000000000000000000001\n",
     {"www.site.example", "*.cdn.example", "2001:db8::1"},
     true},
    {"[v3]\n"
     "2.999.9261.1 = ASN1:SEQUENCE:required\n"
     "[required]\n"
     "only = IMPLICIT:2,IA5STRING:WWW.site.example\n",
     {"www.site.example"},
     false},
};

static void test_each_form_reads_as_our_own_encoding(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    size_t num;
    codicil_identity *identity = identity_of_config(rows[i].config);
    codicil_buf own = encoded(rows[i].names, &num);
    codicil_span theirs = codicil_identity_required_domain(identity);
    expect_names(identity, rows[i].names, num);
    assert_int_equal(codicil_span_equal(theirs, codicil_buf_span(&own)), rows[i].same_octets);
    codicil_buf_clear(&own);
    codicil_identity_free(identity);
  }
}

// What comes of a slip: EXPLICIT for IMPLICIT, a name without its tag, a SET.
static void test_a_wrong_tag_is_seen(void **state) {
  (void)state;
  static const char *const configs[] = {
      "[v3]\n2.999.9261.1 = ASN1:EXPLICIT:2,IA5STRING:www.site.example\n",
      "[v3]\n2.999.9261.1 = ASN1:IA5STRING:www.site.example\n",
      "[v3]\n2.999.9261.1 = ASN1:IMPLICIT:6,IA5STRING:www.site.example\n",
      "[v3]\n2.999.9261.1 = ASN1:IMPLICIT:2,IA5STRING:\n",
      "[v3]\n2.999.9261.1 = ASN1:SET:r\n[r]\na = IMPLICIT:2,IA5STRING:www.site.example\n",
      "[v3]\n2.999.9261.1 = ASN1:SEQUENCE:r\n[r]\na = IA5STRING:www.site.example\n",
  };
  for (size_t i = 0; i < sizeof configs / sizeof configs[0]; i++) {
    codicil_identity *identity = identity_of_config(configs[i]);
    assert_int_equal(codicil_identity_required_state(identity), CODICIL_REQUIRED_INVALID);
    codicil_identity_free(identity);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_each_form_reads_as_our_own_encoding),
      cmocka_unit_test(test_a_wrong_tag_is_seen),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

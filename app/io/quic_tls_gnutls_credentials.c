// A site's certificate and key for GnuTLS: see quic_tls_gnutls_credentials.h. What GnuTLS would
// take now and fail on in every handshake (a key that TLS 1.3 has no scheme for, one that must not
// sign) is refused here.
#include "io/quic_tls_gnutls_credentials.h"

#include <gnutls/abstract.h>
#include <string.h>

#include "io/file.h"

enum { FILE_MAX = 1 << 20, MAX_CHAIN = 32 };

typedef struct chain {
  gnutls_pcert_st certificates[MAX_CHAIN];
  unsigned num;
} chain;

static void chain_clear(chain *c) {
  for (unsigned i = 0; i < c->num; i++) {
    gnutls_pcert_deinit(&c->certificates[i]);
  }
  c->num = 0;
}

static bool read_chain(chain *out, const char *path, app_error *err) {
  codicil_buf pem;
  codicil_buf_init(&pem, NULL, FILE_MAX);
  if (!file_read(&pem, path, err)) {
    codicil_buf_clear(&pem);
    return false;
  }
  gnutls_datum_t data = {pem.data, (unsigned)pem.len};
  unsigned num = MAX_CHAIN;
  int ret =
      gnutls_pcert_list_import_x509_raw(out->certificates, &num, &data, GNUTLS_X509_FMT_PEM, 0);
  codicil_buf_clear(&pem);
  if (ret < 0) {
    return app_fail(err, "%s: GnuTLS cannot use the certificate: %s", path, gnutls_strerror(ret));
  }
  out->num = num;
  return true;
}

static bool read_key(gnutls_privkey_t *out, const char *path, app_error *err) {
  codicil_buf pem;
  codicil_buf_init(&pem, NULL, FILE_MAX);
  if (!file_read(&pem, path, err)) {
    codicil_buf_clear(&pem);
    return false;
  }
  gnutls_datum_t data = {pem.data, (unsigned)pem.len};
  gnutls_privkey_t key = NULL;
  int ret = gnutls_privkey_init(&key);
  if (ret == 0) {
    ret = gnutls_privkey_import_x509_raw(key, &data, GNUTLS_X509_FMT_PEM, NULL, 0);
  }
  gnutls_memset(pem.data, 0, pem.len);
  codicil_buf_clear(&pem);
  if (ret < 0) {
    gnutls_privkey_deinit(key);
    return app_fail(err, "%s: GnuTLS cannot use the key: %s", path, gnutls_strerror(ret));
  }
  *out = key;
  return true;
}

// RFC 8446 §4.2.3 has schemes for these, and for ECDSA with three curves only.
static bool has_scheme(gnutls_pubkey_t key) {
  gnutls_ecc_curve_t curve = GNUTLS_ECC_CURVE_INVALID;
  switch (gnutls_pubkey_get_pk_algorithm(key, NULL)) {
  case GNUTLS_PK_RSA:
  case GNUTLS_PK_RSA_PSS:
  case GNUTLS_PK_EDDSA_ED25519:
  case GNUTLS_PK_EDDSA_ED448:
    return true;
  case GNUTLS_PK_ECDSA:
    return gnutls_pubkey_export_ecc_raw2(key, &curve, NULL, NULL, 0) == 0 &&
           (curve == GNUTLS_ECC_CURVE_SECP256R1 || curve == GNUTLS_ECC_CURVE_SECP384R1 ||
            curve == GNUTLS_ECC_CURVE_SECP521R1);
  default:
    return false;
  }
}

static bool check_usable(gnutls_pubkey_t key, const char *path, app_error *err) {
  unsigned usage = 0;
  if (!has_scheme(key)) {
    const char *name =
        gnutls_pk_get_name((gnutls_pk_algorithm_t)gnutls_pubkey_get_pk_algorithm(key, NULL));
    return app_fail(err, "%s: GnuTLS cannot use its key in TLS 1.3: %s", path,
                    name != NULL ? name : "unknown algorithm");
  }
  if (gnutls_pubkey_get_key_usage(key, &usage) == 0 && usage != 0 &&
      (usage & GNUTLS_KEY_DIGITAL_SIGNATURE) == 0) {
    return app_fail(err, "%s: its key usage does not allow signatures", path);
  }
  return true;
}

// Takes the chain and the key on success.
static bool join(gnutls_certificate_credentials_t *out, chain *c, gnutls_privkey_t key,
                 const char *certificate_path, const char *key_path, app_error *err) {
  gnutls_certificate_credentials_t credentials;
  if (gnutls_certificate_allocate_credentials(&credentials) != 0) {
    return app_fail(err, "out of memory");
  }
  int ret = gnutls_certificate_set_key(credentials, NULL, 0, c->certificates, (int)c->num, key);
  if (ret < 0) {
    gnutls_certificate_free_credentials(credentials);
    return ret == GNUTLS_E_CERTIFICATE_KEY_MISMATCH
               ? app_fail(err, "%s: not the key of %s", key_path, certificate_path)
               : app_fail(err, "%s: GnuTLS cannot use it: %s", certificate_path,
                          gnutls_strerror(ret));
  }
  *out = credentials;
  return true;
}

bool gnutls_credentials_load(gnutls_certificate_credentials_t *out, const char *certificate,
                             const char *key, app_error *err) {
  chain c = {.num = 0};
  gnutls_privkey_t private_key = NULL;
  if (!read_chain(&c, certificate, err)) {
    return false;
  }
  if (!check_usable(c.certificates[0].pubkey, certificate, err) ||
      !read_key(&private_key, key, err) || !join(out, &c, private_key, certificate, key, err)) {
    if (private_key != NULL) {
      gnutls_privkey_deinit(private_key);
    }
    chain_clear(&c);
    return false;
  }
  return true;
}

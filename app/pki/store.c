// Files of a CA: see store.h.
#include "pki/store.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/file.h"
#include "pki/key.h"

enum { FILE_MAX = 65536 };

static bool make_path(char *out, const char *dir, const char *stem, const char *ending,
                      app_error *err) {
  int len = snprintf(out, PKI_PATH_MAX, "%s/%s%s", dir, stem, ending);
  return (len > 0 && len < PKI_PATH_MAX) || app_fail(err, "%s: path is too long", dir);
}

static pki_file *add_file(pki_files *files, unsigned mode, app_error *err) {
  pki_file *file = files->num_files < PKI_FILES_MAX ? calloc(1, sizeof *file) : NULL;
  if (file == NULL) {
    app_fail(err, "out of memory");
    return NULL;
  }
  file->mode = mode;
  codicil_buf_init(&file->content, NULL, FILE_MAX);
  files->file[files->num_files++] = file;
  return file;
}

static bool write_chain(codicil_buf *out, X509 *const *chain, size_t num_chain) {
  BIO *bio = BIO_new(BIO_s_mem());
  bool ok = bio != NULL;
  for (size_t i = 0; ok && i < num_chain; i++) {
    ok = PEM_write_bio_X509(bio, chain[i]) == 1;
  }
  char *text = NULL;
  long len = ok ? BIO_get_mem_data(bio, &text) : 0;
  ok = len > 0 && codicil_buf_append(out, codicil_span_of(text, (size_t)len)) == CODICIL_OK;
  BIO_free(bio);
  return ok;
}

bool pki_files_add_chain(pki_files *files, const char *dir, const char *stem, X509 *const *chain,
                         size_t num_chain, app_error *err) {
  pki_file *file = add_file(files, 0644, err);
  if (file == NULL || !make_path(file->path, dir, stem, ".pem", err)) {
    return false;
  }
  return write_chain(&file->content, chain, num_chain) ||
         pki_fail_crypto(err, "writing a certificate");
}

bool pki_files_add_key(pki_files *files, const char *dir, const char *stem, const EVP_PKEY *key,
                       app_error *err) {
  pki_file *file = add_file(files, 0600, err);
  return file != NULL && make_path(file->path, dir, stem, ".key", err) &&
         pki_key_write(&file->content, key, err);
}

// Asked before the first file is written, so that a refusal costs nothing; file_create asks again.
static bool none_exists(const pki_files *files, app_error *err) {
  for (size_t i = 0; i < files->num_files; i++) {
    if (access(files->file[i]->path, F_OK) == 0) {
      return app_fail(err, "%s: exists already, and is not overwritten", files->file[i]->path);
    }
  }
  return true;
}

bool pki_files_write(const pki_files *files, app_error *err) {
  if (!none_exists(files, err)) {
    return false;
  }
  for (size_t i = 0; i < files->num_files; i++) {
    const pki_file *file = files->file[i];
    if (!file_create(file->path, file->mode, codicil_buf_span(&file->content), err)) {
      while (i > 0) {
        unlink(files->file[--i]->path);
      }
      return false;
    }
  }
  return true;
}

void pki_files_clear(pki_files *files) {
  while (files->num_files > 0) {
    pki_file *file = files->file[--files->num_files];
    pki_wipe(&file->content);
    free(file);
  }
}

bool pki_ca_exists(const char *dir, const char *stem) {
  char pem[PKI_PATH_MAX];
  char key[PKI_PATH_MAX];
  app_error ignored;
  return make_path(pem, dir, stem, ".pem", &ignored) &&
         make_path(key, dir, stem, ".key", &ignored) &&
         (access(pem, F_OK) == 0 || access(key, F_OK) == 0);
}

static X509 *load_certificate(const char *path, app_error *err) {
  X509 *cert = NULL;
  codicil_buf pem;
  codicil_buf_init(&pem, NULL, FILE_MAX);
  if (file_read(&pem, path, err)) {
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
    cert = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    BIO_free(bio);
    ERR_clear_error();
    if (cert == NULL) {
      app_fail(err, "%s: not a certificate in PEM", path);
    }
  }
  codicil_buf_clear(&pem);
  return cert;
}

static EVP_PKEY *load_key(const char *path, app_error *err) {
  EVP_PKEY *key = NULL;
  codicil_buf pem;
  codicil_buf_init(&pem, NULL, FILE_MAX);
  // Whole at once: a buffer that grows leaves copies of the key behind.
  if (codicil_buf_reserve(&pem, FILE_MAX) != CODICIL_OK) {
    app_fail(err, "%s: out of memory", path);
  } else if (file_read(&pem, path, err)) {
    key = pki_key_parse(codicil_buf_span(&pem), path, err);
  }
  pki_wipe(&pem);
  return key;
}

static bool check_ca(const pki_ca *ca, const char *pem, const char *key, app_error *err) {
  bool belongs = X509_check_private_key(ca->certificate, ca->key) == 1;
  ERR_clear_error();
  if (!belongs) {
    return app_fail(err, "%s: not the key of %s", key, pem);
  }
  // 1: a CA by basicConstraints and keyUsage. Greater values are guesses for old certificates.
  return X509_check_ca(ca->certificate) == 1 ||
         app_fail(err, "%s: not the certificate of a CA", pem);
}

bool pki_ca_load(pki_ca *out, const char *dir, const char *stem, app_error *err) {
  char pem[PKI_PATH_MAX];
  char key[PKI_PATH_MAX];
  pki_ca ca = {NULL, NULL};
  bool ok = make_path(pem, dir, stem, ".pem", err) && make_path(key, dir, stem, ".key", err) &&
            (ca.certificate = load_certificate(pem, err)) != NULL &&
            (ca.key = load_key(key, err)) != NULL && check_ca(&ca, pem, key, err);
  if (!ok) {
    pki_ca_clear(&ca);
    return false;
  }
  *out = ca;
  return true;
}

void pki_ca_clear(pki_ca *ca) {
  X509_free(ca->certificate);
  EVP_PKEY_free(ca->key);
  *ca = (pki_ca){NULL, NULL};
}

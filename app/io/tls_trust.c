// Trust anchors, CRLs and marks from files: see tls_trust.h.
#include "io/tls_trust.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/file.h"

enum { MAX_FILE = 16 * 1024 * 1024, MAX_CRL_FILE = 256 * 1024 * 1024, MAX_PATH = 4096 };

// Where Debian, Fedora, SUSE and Alpine keep the bundle.
static const char *const bundles[] = {
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
};

typedef codicil_err file_reader(codicil_trust *trust, size_t *out_num, codicil_diag *diag,
                                codicil_span file);

// Gives a file's content to one of the library's functions. What it says of a file that it takes is
// in *out_diag (may be NULL).
static bool read_with(file_reader *reader, codicil_trust *trust, size_t *out_num,
                      codicil_diag *out_diag, size_t max, const char *path, app_error *err) {
  codicil_diag diag = {NULL, 0};
  codicil_buf content;
  codicil_buf_init(&content, NULL, max);
  bool ok = file_read(&content, path, err);
  if (ok) {
    codicil_err e = reader(trust, out_num, &diag, codicil_buf_span(&content));
    ok = e == CODICIL_OK ||
         app_fail(err, "%s: %s", path, diag.what != NULL ? diag.what : codicil_err_text(e));
  }
  if (out_diag != NULL) {
    *out_diag = diag;
  }
  codicil_buf_clear(&content);
  return ok;
}

static bool read_bundle(codicil_trust *trust, size_t *out_num, const char *path, app_error *err) {
  return read_with(codicil_trust_add_pem, trust, out_num, NULL, MAX_FILE, path, err);
}

static bool read_directory(codicil_trust *trust, const char *path, app_error *err) {
  DIR *dir = opendir(path);
  if (dir == NULL) {
    return app_fail(err, "%s: %s", path, strerror(errno));
  }
  size_t total = 0;
  for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
    char file[MAX_PATH];
    app_error ignored;
    size_t num = 0;
    int len = snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
    if (entry->d_name[0] != '.' && len > 0 && (size_t)len < sizeof file &&
        read_bundle(trust, &num, file, &ignored)) {
      total += num;
    }
  }
  closedir(dir);
  return total > 0 || app_fail(err, "%s: no file of it holds a certificate", path);
}

static bool read_system(codicil_trust *trust, app_error *err) {
  size_t num = 0;
  for (size_t i = 0; i < sizeof bundles / sizeof bundles[0]; i++) {
    app_error ignored;
    if (read_bundle(trust, &num, bundles[i], &ignored)) {
      return true;
    }
  }
  return app_fail(err, "there are no trust anchors: try --cacert FILE");
}

static const char *environment(const char *name) {
  const char *value = getenv(name);
  return value != NULL && value[0] != '\0' ? value : NULL;
}

bool tls_trust_read(codicil_trust *trust, const char *cacert, const char *capath, app_error *err) {
  if (cacert == NULL && capath == NULL) {
    cacert = environment("SSL_CERT_FILE");
    capath = environment("SSL_CERT_DIR");
  }
  if (cacert == NULL && capath == NULL) {
    return read_system(trust, err);
  }
  size_t num = 0;
  return (cacert == NULL || read_bundle(trust, &num, cacert, err)) &&
         (capath == NULL || read_directory(trust, capath, err));
}

bool tls_trust_add_crls(codicil_trust *trust, const char *path, app_error *err) {
  return read_with(codicil_trust_add_crls, trust, NULL, NULL, MAX_CRL_FILE, path, err);
}

bool tls_trust_mark_caa(codicil_trust *trust, bool *out_strange, const char *path, app_error *err) {
  codicil_diag diag = {NULL, 0};
  bool ok = read_with(codicil_trust_mark_caa, trust, NULL, &diag, MAX_FILE, path, err);
  *out_strange = ok && diag.what != NULL;
  return ok;
}

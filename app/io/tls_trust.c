// Trust anchors from files: see tls_trust.h.
#include "io/tls_trust.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/file.h"

enum { MAX_FILE = 16 * 1024 * 1024, MAX_PATH = 4096 };

// Where Debian, Fedora, SUSE and Alpine keep the bundle.
static const char *const bundles[] = {
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
};

static bool read_bundle(codicil_trust *trust, size_t *out_num, const char *path, app_error *err) {
  codicil_buf pem;
  codicil_buf_init(&pem, NULL, MAX_FILE);
  bool ok = file_read(&pem, path, err);
  if (ok) {
    codicil_diag diag = {NULL, 0};
    codicil_err e = codicil_trust_add_pem(trust, out_num, &diag, codicil_buf_span(&pem));
    if (e != CODICIL_OK) {
      ok = app_fail(err, "%s: %s", path,
                    diag.what != NULL ? diag.what : "no certificate that can be read");
    }
  }
  codicil_buf_clear(&pem);
  return ok;
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

// Files of a CA: see store.h.
#include "pki/store.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/file.h"
#include "pki/key.h"

enum { FILE_MAX = 65536 };

static bool make_path(char *out, const char *dir, const char *stem, const char *ending,
                      app_error *err) {
  int len = snprintf(out, PKI_PATH_MAX, "%s/%s%s", dir, stem, ending);
  return (len > 0 && len < PKI_PATH_MAX) || app_fail(err, "%s: path is too long", dir);
}

pki_file *pki_files_plan(pki_files *files, const char *dir, const char *stem, const char *ending,
                         unsigned mode, app_error *err) {
  pki_file *file = files->num_files < PKI_FILES_MAX ? calloc(1, sizeof *file) : NULL;
  if (file == NULL) {
    app_fail(err, "out of memory");
    return NULL;
  }
  file->mode = mode;
  codicil_buf_init(&file->content, NULL, FILE_MAX);
  files->file[files->num_files++] = file;
  return make_path(file->path, dir, stem, ending, err) ? file : NULL;
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

bool pki_file_put_chain(pki_file *file, X509 *const *chain, size_t num_chain, app_error *err) {
  return write_chain(&file->content, chain, num_chain) ||
         pki_fail_crypto(err, "writing a certificate");
}

bool pki_file_put_key(pki_file *file, const EVP_PKEY *key, app_error *err) {
  return pki_key_write(&file->content, key, err);
}

bool pki_files_add_key(pki_files *files, const char *dir, const char *stem, const EVP_PKEY *key,
                       app_error *err) {
  pki_file *file = pki_files_plan(files, dir, stem, ".key", 0600, err);
  return file != NULL && pki_file_put_key(file, key, err);
}

static void cut_last(char *out, const char *path) {
  const char *slash = strrchr(path, '/');
  int len = slash != NULL ? (int)(slash - path) + (slash == path) : 0;
  snprintf(out, PKI_PATH_MAX, "%.*s", len > 0 ? len : 1, len > 0 ? path : ".");
}

// A directory that is missing is made later, in one that is there.
static bool check_dir(const pki_file *file, app_error *err) {
  char dir[PKI_PATH_MAX];
  char parent[PKI_PATH_MAX];
  struct stat st;
  cut_last(dir, file->path);
  bool is_there = stat(dir, &st) == 0;
  if (is_there && !S_ISDIR(st.st_mode)) {
    return app_fail(err, "%s: %s", dir, strerror(ENOTDIR));
  }
  if (is_there && access(dir, W_OK | X_OK) == 0) {
    return true;
  }
  int saved = errno;
  cut_last(parent, dir);
  return (saved == ENOENT && access(parent, W_OK | X_OK) == 0) ||
         app_fail(err, "%s: %s", dir, strerror(saved));
}

// Asked before anything is signed, so that a refusal costs nothing; link() asks again.
bool pki_files_check(const pki_files *files, app_error *err) {
  for (size_t i = 0; i < files->num_files; i++) {
    if (access(files->file[i]->path, F_OK) == 0) {
      return app_fail(err, "%s: exists already, and is not overwritten", files->file[i]->path);
    }
    if (!check_dir(files->file[i], err)) {
      return false;
    }
  }
  return true;
}

// Writes a file of a name of its own beside `path`, whole and on the disk; `temp` is its name.
static bool stage(char *temp, const char *path, unsigned mode, codicil_span content,
                  app_error *err) {
  const char *slash = strrchr(path, '/');
  int dir_len = slash != NULL ? (int)(slash - path) + 1 : 0;
  int len = snprintf(temp, PKI_PATH_MAX, "%.*s.codicil-XXXXXX", dir_len, path);
  int fd = len < PKI_PATH_MAX ? mkostemp(temp, O_CLOEXEC) : -1;
  if (fd < 0) {
    return app_fail(err, "%s: %s", path, strerror(errno));
  }
  bool ok = fchmod(fd, (mode_t)mode) == 0 && file_write_all(fd, content) && fsync(fd) == 0;
  int saved = errno;
  if (close(fd) != 0 || !ok) {
    unlink(temp);
    return app_fail(err, "%s: %s", path, strerror(saved));
  }
  return true;
}

// A hard link, unlike a name that is moved, never takes another file's place.
static bool write_one(const pki_file *file, app_error *err) {
  char temp[PKI_PATH_MAX];
  if (!stage(temp, file->path, file->mode, codicil_buf_span(&file->content), err)) {
    return false;
  }
  bool ok = link(temp, file->path) == 0 || app_fail(err, "%s: %s", file->path, strerror(errno));
  unlink(temp);
  return ok;
}

static bool write_each(const pki_files *files, app_error *err) {
  for (size_t i = 0; i < files->num_files; i++) {
    if (!write_one(files->file[i], err)) {
      while (i > 0) {
        unlink(files->file[--i]->path);
      }
      return false;
    }
  }
  return true;
}

void pki_hold_signals(sigset_t *old) {
  sigset_t held;
  sigemptyset(&held);
  sigaddset(&held, SIGINT);
  sigaddset(&held, SIGTERM);
  sigaddset(&held, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &held, old);
}

bool pki_files_write(const pki_files *files, app_error *err) {
  sigset_t old;
  if (!pki_files_check(files, err)) {
    return false;
  }
  pki_hold_signals(&old);
  bool ok = write_each(files, err);
  pthread_sigmask(SIG_SETMASK, &old, NULL);
  return ok;
}

bool pki_files_write_into(const pki_files *files, const char *dir, app_error *err) {
  bool made = mkdir(dir, 0755) == 0;
  if (!made && errno != EEXIST) {
    return app_fail(err, "%s: %s", dir, strerror(errno));
  }
  bool ok = pki_files_write(files, err);
  if (!ok && made) {
    rmdir(dir);
  }
  return ok;
}

bool pki_file_replace(const char *path, codicil_span content, app_error *err) {
  char temp[PKI_PATH_MAX];
  sigset_t old;
  pki_hold_signals(&old);
  bool ok = stage(temp, path, 0644, content, err);
  if (ok && rename(temp, path) != 0) {
    ok = app_fail(err, "%s: %s", path, strerror(errno));
    unlink(temp);
  }
  pthread_sigmask(SIG_SETMASK, &old, NULL);
  return ok;
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

X509 *pki_certificate_load(const char *path, app_error *err) {
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

EVP_PKEY *pki_key_load(const char *path, app_error *err) {
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
            (ca.certificate = pki_certificate_load(pem, err)) != NULL &&
            (ca.key = pki_key_load(key, err)) != NULL && check_ca(&ca, pem, key, err);
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

// A CA is its directory: whoever signs with it locks that.
bool pki_ca_lock(int *out, const char *dir, app_error *err) {
  int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0 && flock(fd, LOCK_EX) == 0) {
    *out = fd;
    return true;
  }
  app_fail(err, "%s: %s", dir, strerror(errno));
  if (fd >= 0) {
    close(fd);
  }
  return false;
}

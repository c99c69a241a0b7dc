// Certificates out of files: see bundle.h. The octets of PEM go through a state machine, one by
// one; what it keeps is bounded, however long a line or a block is.
#include "pki/bundle.h"

#include <dirent.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "pki/escape.h"

enum {
  LINE_MAX_LEN = 80,
  BASE64_MAX = PKI_CERTIFICATE_MAX / 3 * 4 + 4,
  DER_SEQUENCE = 0x30,
  PATH_SHOWN_MAX = 1024,
  CHUNK_LEN = 16384
};

static const char *const endings[] = {".pem", ".crt", ".cer", ".der"};
static const char *const labels[] = {"CERTIFICATE", "X509 CERTIFICATE"};

typedef struct bundle {
  char path[PATH_SHOWN_MAX]; // escaped: names in a directory may be a stranger's
  pki_bundle_fn *each;
  void *user;
  app_error *err;
  size_t num;
  char line[LINE_MAX_LEN + 1]; // the current one, as far as it fits
  size_t line_len;
  bool in_block;
  bool is_too_long;
  codicil_buf base64; // of the current block
} bundle;

static bool give(bundle *b, codicil_span der, const char *flaw) {
  const pki_bundle_item item = {b->path, ++b->num, der, flaw};
  return b->each(b->user, &item, b->err);
}

// `base64` has its line ends taken out. EVP_DecodeBlock counts the octets that padding stands for.
static bool give_base64(bundle *b) {
  codicil_span text = codicil_buf_span(&b->base64);
  if (b->is_too_long) {
    return give(b, codicil_span_of(NULL, 0), "is larger than 1 MiB");
  }
  size_t padding = 0;
  while (padding < 2 && padding < text.len && text.data[text.len - 1 - padding] == '=') {
    padding++;
  }
  uint8_t *der = malloc(text.len + 1);
  if (der == NULL) {
    return app_fail(b->err, "%s: out of memory", b->path);
  }
  int len = text.len > 0 ? EVP_DecodeBlock(der, text.data, (int)text.len) : -1;
  ERR_clear_error();
  bool ok = len > (int)padding ? give(b, codicil_span_of(der, (size_t)len - padding), NULL)
                               : give(b, codicil_span_of(NULL, 0), "is not base64");
  free(der);
  return ok;
}

static bool is_boundary(const char *line, const char *kind) {
  char expected[LINE_MAX_LEN];
  for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++) {
    snprintf(expected, sizeof expected, "-----%s %s-----", kind, labels[i]);
    if (strcmp(line, expected) == 0) {
      return true;
    }
  }
  return false;
}

static void begin_block(bundle *b) {
  b->in_block = true;
  b->is_too_long = false;
  codicil_buf_reset(&b->base64);
}

// A line in a block that begins as a boundary does.
static bool end_block(bundle *b) {
  b->in_block = false;
  if (is_boundary(b->line, "END")) {
    return give_base64(b);
  }
  if (is_boundary(b->line, "BEGIN")) {
    begin_block(b);
  }
  return give(b, codicil_span_of(NULL, 0), "has no last line");
}

// A line has ended, which is kept as far as it fits; in a block its octets have been kept.
static bool end_line(bundle *b) {
  while (b->line_len > 0 && strchr(" \t\r", b->line[b->line_len - 1]) != NULL) {
    b->line_len--;
  }
  b->line[b->line_len] = '\0';
  b->line_len = 0;
  if (b->in_block) {
    return strncmp(b->line, "-----", 5) != 0 || end_block(b);
  }
  if (is_boundary(b->line, "BEGIN")) {
    begin_block(b);
  }
  return true;
}

static bool take_octet(bundle *b, char c) {
  if (c == '\n') {
    return end_line(b);
  }
  if (b->line_len < LINE_MAX_LEN) {
    b->line[b->line_len++] = c;
  }
  bool is_boundary_line = b->line[0] == '-';
  if (b->in_block && !is_boundary_line && strchr(" \t\r", c) == NULL && !b->is_too_long) {
    b->is_too_long = codicil_buf_append(&b->base64, codicil_span_of(&c, 1)) != CODICIL_OK;
  }
  return true;
}

static bool read_pem(bundle *b, FILE *file) {
  char chunk[CHUNK_LEN];
  size_t len;
  while ((len = fread(chunk, 1, sizeof chunk, file)) > 0) {
    for (size_t i = 0; i < len; i++) {
      if (!take_octet(b, chunk[i])) {
        return false;
      }
    }
  }
  return end_line(b) && (!b->in_block || give(b, codicil_span_of(NULL, 0), "has no last line"));
}

static bool read_der(bundle *b, FILE *file) {
  uint8_t *der = malloc(PKI_CERTIFICATE_MAX + 1);
  if (der == NULL) {
    return app_fail(b->err, "%s: out of memory", b->path);
  }
  size_t len = fread(der, 1, PKI_CERTIFICATE_MAX + 1, file);
  bool ok = len <= PKI_CERTIFICATE_MAX ? give(b, codicil_span_of(der, len), NULL)
                                       : give(b, codicil_span_of(NULL, 0), "is larger than 1 MiB");
  free(der);
  return ok;
}

bool pki_bundle_read_from(size_t *out_num, FILE *file, const char *path, pki_bundle_fn *each,
                          void *user, app_error *err) {
  bundle b = {.each = each, .user = user, .err = err};
  pki_escape(b.path, sizeof b.path, codicil_span_of(path, strlen(path)));
  codicil_buf_init(&b.base64, NULL, BASE64_MAX);
  int first = getc(file);
  ungetc(first, file);
  bool ok = first == DER_SEQUENCE ? read_der(&b, file) : read_pem(&b, file);
  codicil_buf_clear(&b.base64);
  *out_num = b.num;
  return ok && (ferror(file) == 0 || app_fail(err, "%s: cannot be read", b.path));
}

static bool read_file(const char *path, bool is_named, pki_bundle_fn *each, void *user,
                      app_error *err) {
  bool is_stdin = strcmp(path, "-") == 0;
  size_t num = 0;
  FILE *file = is_stdin ? stdin : fopen(path, "rb");
  if (file == NULL) {
    return app_fail(err, "%s: %s", path, strerror(errno));
  }
  bool ok = pki_bundle_read_from(&num, file, path, each, user, err) &&
            (num > 0 || !is_named || app_fail(err, "%s: holds no certificate", path));
  if (!is_stdin) {
    fclose(file);
  }
  return ok;
}

static int has_ending(const struct dirent *entry) {
  size_t len = strlen(entry->d_name);
  for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
    size_t ending = strlen(endings[i]);
    if (len > ending && strcmp(entry->d_name + len - ending, endings[i]) == 0) {
      return 1;
    }
  }
  return 0;
}

static bool read_entry(const char *dir, const char *name, pki_bundle_fn *each, void *user,
                       app_error *err) {
  size_t len = strlen(dir) + strlen(name) + 2;
  char *path = malloc(len);
  if (path == NULL) {
    return app_fail(err, "%s: out of memory", dir);
  }
  snprintf(path, len, "%s/%s", dir, name);
  struct stat info;
  bool is_file = stat(path, &info) == 0 && S_ISREG(info.st_mode);
  bool ok = !is_file || read_file(path, false, each, user, err);
  free(path);
  return ok;
}

static bool read_directory(const char *path, pki_bundle_fn *each, void *user, app_error *err) {
  struct dirent **entries = NULL;
  int num = scandir(path, &entries, has_ending, alphasort);
  if (num < 0) {
    return app_fail(err, "%s: %s", path, strerror(errno));
  }
  bool ok = true;
  for (int i = 0; i < num; i++) {
    ok = ok && read_entry(path, entries[i]->d_name, each, user, err);
    free(entries[i]);
  }
  free(entries);
  return ok;
}

bool pki_bundle_read(const char *path, pki_bundle_fn *each, void *user, app_error *err) {
  struct stat info;
  bool is_directory = stat(path, &info) == 0 && S_ISDIR(info.st_mode);
  return is_directory ? read_directory(path, each, user, err)
                      : read_file(path, true, each, user, err);
}

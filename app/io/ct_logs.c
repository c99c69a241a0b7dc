// Lists of logs: see ct_logs.h. Which form it is, and one log at a time.
#include "io/ct_logs.h"

#include <openssl/evp.h>
#include <string.h>

#include "io/ct_logs_forms.h"
#include "io/file.h"

enum { MAX_FILE = 16 * 1024 * 1024, MAX_KEY = 1024, SHA256_LEN = 32 };

// Base64 without blanks. Returns the length, 0 where it is none or does not fit.
static size_t decode(uint8_t *out, size_t max, const char *text) {
  uint8_t decoded[MAX_KEY + 3];
  size_t len = strlen(text);
  size_t digits = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
  size_t padding = strspn(text + digits, "=");
  if (len == 0 || len % 4 != 0 || digits + padding != len || padding > 2 ||
      len / 4 * 3 > sizeof decoded || len / 4 * 3 - padding > max ||
      EVP_DecodeBlock(decoded, (const unsigned char *)text, (int)len) < 0) {
    return 0;
  }
  memcpy(out, decoded, len / 4 * 3 - padding);
  return len / 4 * 3 - padding;
}

static bool is_id_of(const char *log_id, const uint8_t *key, size_t key_len) {
  uint8_t told[SHA256_LEN], sha256[SHA256_LEN];
  return decode(told, sizeof told, log_id) == sizeof told &&
         EVP_Digest(key, key_len, sha256, NULL, EVP_sha256(), NULL) == 1 &&
         memcmp(told, sha256, sizeof told) == 0;
}

bool ct_list_add(ct_list *list, const ct_log_text *log) {
  uint8_t key[MAX_KEY];
  size_t len = decode(key, sizeof key, log->key);
  codicil_diag diag = {NULL, 0};
  if (len == 0) {
    return app_fail(list->err, "%s: log %s: its key is not base64", list->path, log->name);
  }
  if (log->log_id != NULL && !is_id_of(log->log_id, key, len)) {
    return app_fail(list->err, "%s: log %s: its log_id is not that of its key", list->path,
                    log->name);
  }
  codicil_err e =
      codicil_trust_add_log(list->trust, &diag, codicil_span_of(key, len), 0, log->until_s);
  if (e != CODICIL_OK) {
    return app_fail(list->err, "%s: log %s: %s", list->path, log->name,
                    diag.what != NULL ? diag.what : codicil_err_text(e));
  }
  list->num_logs++;
  return true;
}

static bool is_json(codicil_span text) {
  size_t at = 0;
  while (at < text.len && memchr(" \t\r\n", text.data[at], 4) != NULL) {
    at++;
  }
  return at < text.len && text.data[at] == '{';
}

bool ct_logs_parse(codicil_trust *trust, size_t *out_num, codicil_span text, const char *path,
                   app_error *err) {
  ct_list list = {.trust = trust, .path = path, .err = err};
  if (!(is_json(text) ? ct_list_read_json(&list, text) : ct_list_read_conf(&list, text))) {
    return false;
  }
  if (list.num_logs == 0) {
    return app_fail(err, "%s: it names no log whose timestamps count", path);
  }
  *out_num = list.num_logs;
  return true;
}

bool ct_logs_read(codicil_trust *trust, size_t *out_num, const char *path, app_error *err) {
  codicil_buf text;
  codicil_buf_init(&text, NULL, MAX_FILE);
  bool ok = file_read(&text, path, err) &&
            ct_logs_parse(trust, out_num, codicil_buf_span(&text), path, err);
  codicil_buf_clear(&text);
  return ok;
}

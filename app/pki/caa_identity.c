// A CA's domains: see caa_identity.h.
#include "pki/caa_identity.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io/file.h"
#include "pki/store.h"

enum { FILE_MAX = 16384 };

static codicil_span trimmed(codicil_span line) {
  const uint8_t *comment = line.len > 0 ? memchr(line.data, '#', line.len) : NULL;
  size_t end = comment != NULL ? (size_t)(comment - line.data) : line.len;
  size_t start = 0;
  while (start < end && strchr(" \t", line.data[start]) != NULL) {
    start++;
  }
  while (end > start && strchr(" \t\r", line.data[end - 1]) != NULL) {
    end--;
  }
  return codicil_span_of(line.data + start, end - start);
}

static bool take_line(pki_caa_identity *out, codicil_span line, const char *path, size_t number,
                      app_error *err) {
  codicil_span name = trimmed(line);
  if (name.len == 0) {
    return true;
  }
  if (out->num == PKI_CAA_IDENTITIES_MAX) {
    return app_fail(err, "%s:%zu: more than %d domains", path, number, PKI_CAA_IDENTITIES_MAX);
  }
  char *text = out->text[out->num];
  if (!codicil_dns_name_normalise(text, sizeof out->text[0], name)) {
    return app_fail(err, "%s:%zu: is not a domain name", path, number);
  }
  out->names[out->num++] = text;
  return true;
}

static bool take_lines(pki_caa_identity *out, codicil_span text, const char *path, app_error *err) {
  bool ok = true;
  size_t number = 1;
  for (size_t at = 0; ok && at < text.len; number++) {
    const uint8_t *end = memchr(text.data + at, '\n', text.len - at);
    size_t len = end != NULL ? (size_t)(end - (text.data + at)) : text.len - at;
    ok = take_line(out, codicil_span_of(text.data + at, len), path, number, err);
    at += len + 1;
  }
  return ok;
}

bool pki_caa_identity_load(pki_caa_identity *out, const char *dir, app_error *err) {
  char path[PKI_PATH_MAX];
  int len = snprintf(path, sizeof path, "%s/%s", dir, PKI_CAA_IDENTITY_FILE);
  out->num = 0;
  if (len < 0 || (size_t)len >= sizeof path) {
    return app_fail(err, "%s: path is too long", dir);
  }
  if (access(path, F_OK) != 0) {
    return access(dir, F_OK) == 0 || app_fail(err, "%s: %s", dir, strerror(errno));
  }
  codicil_buf text;
  codicil_buf_init(&text, NULL, FILE_MAX);
  bool ok = file_read(&text, path, err) && take_lines(out, codicil_buf_span(&text), path, err);
  codicil_buf_clear(&text);
  return ok;
}

bool pki_caa_identity_write(codicil_buf *out, const pki_caa_policy *policy, app_error *err) {
  for (size_t i = 0; i < policy->num_identities; i++) {
    char domain[CODICIL_DNS_NAME_MAX + 1];
    char line[CODICIL_DNS_NAME_MAX + 2];
    const char *name = policy->identities[i];
    if (!codicil_dns_name_normalise(domain, sizeof domain, codicil_span_of(name, strlen(name)))) {
      return app_fail(err, "--caa-identity '%s' is not a domain name", name);
    }
    snprintf(line, sizeof line, "%s\n", domain);
    if (codicil_buf_append(out, codicil_span_of(line, strlen(line))) != CODICIL_OK) {
      return app_fail(err, "out of memory");
    }
  }
  return true;
}

pki_caa_policy pki_caa_policy_with(const pki_caa_policy *policy, const pki_caa_identity *identity) {
  pki_caa_policy both = *policy;
  if (both.num_identities == 0) {
    both.identities = identity->names;
    both.num_identities = identity->num;
  }
  return both;
}

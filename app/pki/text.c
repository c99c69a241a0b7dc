// Times and digests as text: see text.h.
#include "pki/text.h"

#include <stdio.h>
#include <time.h>

#include "pki/key.h"

void pki_day_text(char *out, int64_t unix_s) {
  time_t at = (time_t)unix_s;
  struct tm tm;
  if (gmtime_r(&at, &tm) == NULL || strftime(out, PKI_DAY_LEN, "%Y-%m-%d", &tm) == 0) {
    snprintf(out, PKI_DAY_LEN, "?");
  }
}

void pki_time_text(char *out, int64_t unix_s) {
  time_t at = (time_t)unix_s;
  struct tm tm;
  if (gmtime_r(&at, &tm) == NULL || strftime(out, PKI_TIME_LEN, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0) {
    snprintf(out, PKI_TIME_LEN, "?");
  }
}

void pki_hex_text(char *out, const uint8_t *octets, size_t len) {
  static const char digits[] = "0123456789abcdef";
  for (size_t i = 0; i < len; i++) {
    out[2 * i] = digits[octets[i] >> 4];
    out[2 * i + 1] = digits[octets[i] & 15];
  }
  out[2 * len] = '\0';
}

bool pki_sha256_text(char *out, const X509 *cert, app_error *err) {
  uint8_t digest[32];
  if (X509_digest(cert, EVP_sha256(), digest, NULL) != 1) {
    return pki_fail_crypto(err, "hashing a certificate");
  }
  pki_hex_text(out, digest, sizeof digest);
  return true;
}

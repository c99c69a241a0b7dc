// Times and digests as people read them.
#ifndef APP_PKI_TEXT_H
#define APP_PKI_TEXT_H

#include <openssl/x509.h>
#include <stddef.h>

#include "io/error.h"

enum { PKI_DAY_LEN = 16, PKI_TIME_LEN = 32, PKI_SHA256_TEXT_LEN = 65 };

// Writes "2026-01-31"; `out` holds PKI_DAY_LEN.
void pki_day_text(char *out, int64_t unix_s);
// Writes "2026-01-31T12:00:00Z" (RFC 3339); `out` holds PKI_TIME_LEN.
void pki_time_text(char *out, int64_t unix_s);
// Writes octets in hex, lower case, with NUL; `out` holds 2 * len + 1.
void pki_hex_text(char *out, const uint8_t *octets, size_t len);
// Writes the SHA-256 of the certificate's DER; `out` holds PKI_SHA256_TEXT_LEN.
CODICIL_MUST_USE bool pki_sha256_text(char *out, const X509 *cert, app_error *err);

#endif

// SHA-256: see digest.h.
#include "digest.h"

#include <openssl/err.h>
#include <openssl/evp.h>

bool codicil_sha256(uint8_t out[CODICIL_SHA256_LEN], codicil_span bytes) {
  bool ok = EVP_Digest(bytes.data, bytes.len, out, NULL, EVP_sha256(), NULL) == 1;
  if (!ok) {
    ERR_clear_error();
  }
  return ok;
}

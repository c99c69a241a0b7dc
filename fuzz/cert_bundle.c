// Octets as a file of certificates. Whatever is in it, at most so many come out as there are lines
// that begin one; and what comes out, written as PEM again, comes out of that.
#include <assert.h>
#include <openssl/pem.h>
#include <string.h>

#include "pki/bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static bool write_again(void *user, const pki_bundle_item *item, app_error *err) {
  (void)err;
  assert((item->flaw != NULL) == (item->der.len == 0));
  assert(item->der.len <= PKI_CERTIFICATE_MAX);
  if (item->flaw == NULL) {
    assert(PEM_write_bio(user, "CERTIFICATE", "", item->der.data, (long)item->der.len) > 0);
  }
  return true;
}

static bool count(void *user, const pki_bundle_item *item, app_error *err) {
  (void)err;
  assert(item->flaw == NULL);
  *(size_t *)user += item->der.len;
  return true;
}

static size_t read_memory(const void *data, size_t len, pki_bundle_fn *each, void *user) {
  app_error err;
  size_t num = 0;
  FILE *file = fmemopen((void *)(uintptr_t)data, len, "rb");
  assert(file != NULL && pki_bundle_read_from(&num, file, "input", each, user, &err));
  fclose(file);
  return num;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  BIO *again = BIO_new(BIO_s_mem());
  char *text = NULL;
  size_t octets = 0;
  if (len > 0) {
    size_t num = read_memory(data, len, write_again, again);
    long written = BIO_get_mem_data(again, &text);
    assert(written == 0 || read_memory(text, (size_t)written, count, &octets) <= num);
    assert(octets <= len);
  }
  BIO_free(again);
  return 0;
}

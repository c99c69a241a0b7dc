// A certificate request in DER: what is read of it is in normal form, and is read alike from a
// request that is written of it.
#include <assert.h>
#include <string.h>

#include "pki/csr.h"
#include "pki/key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const char oid[] = "2.999.9261.1";

static EVP_PKEY *signer(void) {
  static EVP_PKEY *key;
  app_error err;
  if (key == NULL) {
    key = pki_key_new(PKI_ED25519, &err);
    assert(key != NULL);
  }
  return key;
}

// A name that comes twice is written once, so only the set is compared.
static bool has(const pki_csr *csr, const pki_name *name) {
  for (size_t i = 0; i < csr->num_names; i++) {
    if (strcmp(csr->names[i].text, name->text) == 0) {
      return csr->names[i].address.len == name->address.len;
    }
  }
  return false;
}

static void same_required(const pki_csr *a, const pki_csr *b) {
  codicil_buf text[2];
  app_error err;
  for (int i = 0; i < 2; i++) {
    codicil_buf_init(&text[i], NULL, PKI_CSR_MAX);
    assert(pki_required_text(&text[i], (i == 0 ? a : b)->required, &err));
  }
  assert(text[0].len == text[1].len && memcmp(text[0].data, text[1].data, text[0].len) == 0);
  codicil_buf_clear(&text[0]);
  codicil_buf_clear(&text[1]);
}

static void check(const pki_csr *csr) {
  pki_csr again;
  codicil_buf pem;
  app_error err;
  codicil_buf_init(&pem, NULL, PKI_CSR_MAX);
  if (csr->num_names > 0 &&
      pki_csr_write(&pem, signer(), csr->names, csr->num_names, csr->required, oid, &err)) {
    assert(pki_csr_read(&again, codicil_buf_span(&pem), "again", oid, &err));
    for (size_t i = 0; i < csr->num_names; i++) {
      assert(has(&again, &csr->names[i]));
    }
    assert(again.num_ignored == 0);
    same_required(&again, csr);
    pki_csr_clear(&again);
  }
  codicil_buf_clear(&pem);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  pki_csr csr;
  app_error err;
  if (pki_csr_decode(&csr, codicil_span_of(data, len), oid, &err)) {
    check(&csr);
    pki_csr_clear(&csr);
  }
  return 0;
}

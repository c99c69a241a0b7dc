// Octets as a SignedCertificateTimestampList. What is listed here OpenSSL lists too, and alike.
#include <assert.h>
#include <openssl/ct.h>
#include <openssl/err.h>

#include "codicil/x509.h"
#include "span.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_one(const codicil_sct *ours, const SCT *theirs) {
  unsigned char *log_id;
  assert(ours->version == (uint8_t)SCT_get_version(theirs) ||
         SCT_get_version(theirs) == SCT_VERSION_NOT_SET);
  if (ours->version == CODICIL_SCT_V1) {
    size_t log_id_len = SCT_get0_log_id(theirs, &log_id);
    assert(codicil_span_equal(ours->log_id, codicil_span_of(log_id, log_id_len)));
    assert(ours->timestamp_ms == SCT_get_timestamp(theirs));
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  codicil_span list = codicil_span_of(data, len);
  codicil_sct scts[CODICIL_SCTS_MAX];
  size_t num = 0, fewer;
  if (codicil_scts_parse(scts, &num, CODICIL_SCTS_MAX, list) == CODICIL_OK) {
    assert(num > 0);
    assert(codicil_scts_parse(scts, &fewer, num - 1, list) == CODICIL_LIMIT);
    const unsigned char *at = data;
    STACK_OF(SCT) *theirs = o2i_SCT_LIST(NULL, &at, len);
    assert(theirs == NULL || (size_t)sk_SCT_num(theirs) == num);
    for (size_t i = 0; theirs != NULL && i < num; i++) {
      check_one(&scts[i], sk_SCT_value(theirs, (int)i));
    }
    SCT_LIST_free(theirs);
    ERR_clear_error();
  }
  return 0;
}

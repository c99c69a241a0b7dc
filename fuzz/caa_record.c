// Octets as one CAA record: what is read makes up the record again, and the domain of an issue
// value is an issue value itself.
#include <assert.h>
#include <string.h>

#include "pki/caa_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_issue(codicil_span value) {
  pki_caa_issue issue;
  pki_caa_issue again;
  if (pki_caa_issue_parse(&issue, value) && issue.domain.len > 0) {
    assert(pki_caa_issue_parse(&again, issue.domain));
    assert(again.domain.len == issue.domain.len && !again.has_account && !again.has_methods);
    assert(memchr(issue.domain.data, ';', issue.domain.len) == NULL);
  }
}

static void check_required(codicil_span value) {
  codicil_span name = pki_caa_required_name(value);
  codicil_span again = pki_caa_required_name(name);
  assert(name.len <= value.len && again.len == name.len);
  assert(name.len == 0 || memchr(name.data, ';', name.len) == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  pki_caa_record record;
  if (pki_caa_record_parse(&record, codicil_span_of(data, len))) {
    assert(data[0] == record.flags && data[1] == record.tag.len);
    assert(record.tag.len > 0 && record.tag.len + record.value.len + 2 == len);
    assert(memcmp(data + 2, record.tag.data, record.tag.len) == 0);
    check_issue(record.value);
    check_required(record.value);
  }
  return 0;
}

// Octets as a CAA set, each record led by its length: it is judged twice alike, nothing is allowed
// that no record grants, and what a person is shown is printable.
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "pki/caa_judge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { RECORDS_MAX = 16 };

static void check_text(const char *text) {
  for (; *text != '\0'; text++) {
    assert(*text >= ' ' && *text <= '~');
  }
}

static pki_caa_name judge_once(const char *name, const codicil_span *records, size_t num) {
  static const char *const identity = "ca.example";
  const codicil_required_domain required = {.type = CODICIL_REQUIRED_DNS,
                                            .dns = codicil_span_of("www.site.example", 16)};
  const pki_caa_request request = {
      .required = &required, .num_required = 1, .tag = "requireddomain"};
  const pki_caa_policy policy = {.identities = &identity, .num_identities = 1};
  pki_caa_name out = {.is_allowed = false};
  pki_caa_judge judge;
  app_error err;
  strcpy(out.name, name);
  assert(pki_caa_judge_init(&judge, &request, &policy, &err));
  assert(pki_caa_judge_set(&out, &judge, records, num));
  return out;
}

static void check_set(const char *name, const codicil_span *records, size_t num) {
  pki_caa_name a = judge_once(name, records, num);
  pki_caa_name b = judge_once(name, records, num);
  assert(a.is_allowed == b.is_allowed && strcmp(a.why, b.why) == 0);
  bool grants = false;
  for (size_t i = 0; i < num; i++) {
    assert(!a.is_allowed || a.properties[i].effect != PKI_CAA_REFUSES);
    grants = grants || a.properties[i].effect == PKI_CAA_GRANTS;
    check_text(a.properties[i].tag);
    check_text(a.properties[i].value);
  }
  assert(!a.is_allowed || grants);
  free(a.properties);
  free(b.properties);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  codicil_span records[RECORDS_MAX];
  size_t num = 0;
  for (size_t at = 0; at < len && num < RECORDS_MAX; num++) {
    size_t take = data[at] < len - at - 1 ? data[at] : len - at - 1;
    records[num] = codicil_span_of(data + at + 1, take);
    at += 1 + take;
  }
  check_set("shared.cdn.example", records, num);
  check_set("*.cdn.example", records, num);
  return 0;
}

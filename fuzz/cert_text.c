// Octets as a certificate that is shown and examined: every text that comes out is printable ASCII,
// whatever went in, and findings have the ids and severities that they are to have.
#include <assert.h>
#include <string.h>

#include "pki/facts.h"
#include "pki/lint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_text(const char *text) {
  for (; *text != '\0'; text++) {
    assert(*text >= ' ' && *text <= '~');
  }
}

static void check_json(const json_t *json) {
  const char *key;
  json_t *value;
  size_t i;
  if (json_is_string(json)) {
    check_text(json_string_value(json));
  } else if (json_is_array(json)) {
    json_array_foreach(json, i, value) {
      check_json(value);
    }
  } else if (json_is_object(json)) {
    json_object_foreach((json_t *)(uintptr_t)json, key, value) {
      check_json(value);
    }
  }
}

static void check_finding(void *user, pki_lint_id id, const char *text) {
  (void)user;
  assert(id < PKI_NUM_LINT_IDS && pki_lint_severity(id) < PKI_NUM_SEVERITIES);
  check_text(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  static const char oid[] = "2.999.9261.1";
  static const pki_name names[] = {{.text = "*.example"}, {.text = "www.example.com"}};
  const pki_mine mine = {.names = names, .num_names = 2};
  pki_parsed parsed;
  app_error err;
  if (pki_parsed_new(&parsed, codicil_span_of(data, len), oid, &err)) {
    json_t *facts = pki_facts(&parsed, oid, 1700000000);
    assert(facts != NULL);
    check_json(facts);
    json_decref(facts);
    pki_lint(&parsed, oid, 1700000000, check_finding, NULL);
    pki_lint_mine(parsed.identity, &mine, check_finding, NULL);
    pki_parsed_clear(&parsed);
  }
  return 0;
}

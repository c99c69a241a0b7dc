// Octets as a server's configuration: whatever they are, reading ends, every problem has a place in
// the file, and what is accepted is complete.
#include <assert.h>
#include <string.h>

#include "codicil/name.h"
#include "server/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_site(const config_site *site) {
  assert(site->names.num > 0 && site->certificate.file.text && site->certificate.key.text);
  assert(site->root.text);
  for (size_t i = 0; i < site->names.num; i++) {
    char again[CODICIL_DNS_NAME_MAX + 3];
    assert(config_name_normalise(again, site->names.items[i].text));
    assert(strcmp(again, site->names.items[i].text) == 0);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  server_config config;
  config_report report = {.file = "fuzz.yaml"};
  server_config_init(&config);
  server_config_parse(&config, &report, codicil_span_of(data, len), "/srv");
  size_t num_errors = 0;
  for (size_t i = 0; i < report.num; i++) {
    assert(report.problems[i].mark.line > 0 && report.problems[i].mark.column > 0);
    num_errors += report.problems[i].is_warning ? 0 : 1;
  }
  assert(num_errors == report.num_errors);
  if (num_errors == 0) {
    assert(config.num_sites > 0 && config.listen.num > 0);
    for (size_t i = 0; i < config.num_sites; i++) {
      check_site(&config.sites[i]);
    }
    for (size_t i = 0; i < SERVER_NUM_TIMEOUTS; i++) {
      assert(config.limits.timeout_ms[i] > 0);
    }
  }
  config_report_clear(&report);
  server_config_clear(&config);
  return 0;
}

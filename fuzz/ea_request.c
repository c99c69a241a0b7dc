// A request: what parses can be built again from what was found in it, and parses alike.
#include <stdio.h>

#include "ea_fixed.h"
#include "reader.h"
#include "span.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static size_t numbers(uint16_t out[32768], codicil_span list) {
  codicil_reader r = codicil_reader_of(list);
  size_t num = 0;
  while (codicil_read_u16(&r, &out[num])) {
    num++;
  }
  return num;
}

static void build_again(const codicil_ea_request_info *info, const char *name) {
  static uint16_t lists[2][32768];
  codicil_ea_request_info again;
  codicil_ea *ea = fixed_ea(!info->from_client);
  codicil_buf out;
  codicil_ea_request_params p = {.context = info->context,
                                 .schemes = lists[0],
                                 .num_schemes = numbers(lists[0], info->schemes),
                                 .cert_schemes = lists[1],
                                 .num_cert_schemes = numbers(lists[1], info->cert_schemes),
                                 .server_name = name[0] != '\0' ? name : NULL,
                                 .oid_filters = info->oid_filters,
                                 .want_ocsp = info->want_ocsp,
                                 .want_scts = info->want_scts};
  codicil_buf_init(&out, NULL, 1 << 20);
  assert(codicil_ea_request(ea, &out, &p) == CODICIL_OK);
  assert(codicil_ea_request_parse(&again, codicil_buf_span(&out)) == CODICIL_OK);
  assert(again.from_client == info->from_client && again.want_ocsp == info->want_ocsp);
  assert(codicil_span_equal(again.context, info->context) && again.want_scts == info->want_scts);
  assert(codicil_span_equal(again.schemes, info->schemes));
  assert(codicil_span_equal(again.cert_schemes, info->cert_schemes));
  assert(codicil_span_equal(again.server_name, codicil_span_str(name)));
  assert(codicil_span_equal(again.oid_filters, info->oid_filters));
  assert(codicil_ea_request(ea, &out, &p) == CODICIL_USAGE);
  codicil_buf_clear(&out);
  codicil_ea_free(ea);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  static char name[65536];
  codicil_ea_request_info info;
  codicil_span context;
  codicil_err found = codicil_ea_get_context(&context, codicil_span_of(data, len));
  if (codicil_ea_request_parse(&info, codicil_span_of(data, len)) == CODICIL_OK) {
    assert(found == CODICIL_OK && codicil_span_equal(context, info.context));
    snprintf(name, sizeof name, "%.*s", (int)info.server_name.len,
             info.server_name.len != 0 ? (const char *)info.server_name.data : "");
    if (strlen(name) == info.server_name.len) {
      build_again(&info, name);
    }
  }
  return 0;
}

// Octets as an Alt-Svc field: what is read has places that are some, and is read alike from what is
// written of it.
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "client/alt_svc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const char *const names[] = {"http%2F1.1", "h2", "h3"};

static size_t write_item(char *out, size_t out_len, const alt_svc *item) {
  bool is_v6 = strchr(item->host, ':') != NULL;
  int len = snprintf(out, out_len, "%s=\"%s%s%s:%u\"; ma=%u; persist=%d, ", names[item->protocol],
                     is_v6 ? "[" : "", item->host, is_v6 ? "]" : "", item->port, item->max_age_s,
                     item->persist ? 1 : 0);
  assert(len > 0 && (size_t)len < out_len);
  return (size_t)len;
}

static void check(const alt_svc_field *field) {
  char text[ALT_SVC_MAX * (CODICIL_HOST_MAX + 64)];
  size_t len = 0;
  alt_svc_field again;
  assert(field->num <= ALT_SVC_MAX && (!field->is_clear || field->num == 0));
  for (size_t i = 0; i < field->num; i++) {
    assert(field->items[i].port != 0);
    len += write_item(text + len, sizeof text - len, &field->items[i]);
  }
  assert(alt_svc_parse(&again, codicil_span_of(text, len)));
  assert(again.num == field->num);
  for (size_t i = 0; i < again.num; i++) {
    const alt_svc *a = &again.items[i];
    const alt_svc *b = &field->items[i];
    assert(a->protocol == b->protocol && strcmp(a->host, b->host) == 0 && a->port == b->port);
    assert(a->max_age_s == b->max_age_s && a->persist == b->persist);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  alt_svc_field field;
  if (alt_svc_parse(&field, codicil_span_of(data, len))) {
    check(&field);
  }
  return 0;
}

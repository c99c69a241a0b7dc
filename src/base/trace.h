// Emitting trace points; nothing but one branch where no sink is set.
#ifndef CODICIL_BASE_TRACE_H
#define CODICIL_BASE_TRACE_H

#include "codicil/codicil.h"
#include "span.h"

static inline codicil_trace_field codicil_trace_uint(const char *name, uint64_t number) {
  return (codicil_trace_field){name, CODICIL_TRACE_UINT, number, {NULL, 0}};
}
static inline codicil_trace_field codicil_trace_text(const char *name, const char *text) {
  return (codicil_trace_field){name, CODICIL_TRACE_TEXT, 0, codicil_span_str(text)};
}
static inline codicil_trace_field codicil_trace_hex(const char *name, codicil_span bytes) {
  return (codicil_trace_field){name, CODICIL_TRACE_HEX, 0, bytes};
}

// codicil_trace_emit(&trace, "ea:verify", codicil_trace_uint("len", n), …)
#define codicil_trace_emit(trace, point, ...)                                          \
  do {                                                                                 \
    const codicil_trace *trace_ = (trace);                                             \
    if (__builtin_expect(trace_->emit != NULL, 0)) {                                   \
      const codicil_trace_field fields_[] = {__VA_ARGS__};                             \
      trace_->emit(trace_->ctx, (point), fields_, sizeof fields_ / sizeof fields_[0]); \
    }                                                                                  \
  } while (0)

#endif

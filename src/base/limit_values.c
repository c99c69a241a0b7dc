// Defaults of the limits: see limit_values.h.
#include "limit_values.h"

void codicil_limits_default(codicil_limits *out) {
  static const size_t defaults[CODICIL_NUM_LIMITS] = {
#define LIMIT_VALUE(name, value, text) [CODICIL_LIMIT_##name] = (value),
      CODICIL_LIMIT_MAP(LIMIT_VALUE)
#undef LIMIT_VALUE
  };
  for (size_t i = 0; i < CODICIL_NUM_LIMITS; i++) {
    out->value[i] = defaults[i];
  }
}

// The limits of codicil.h as an array. (Not limits.h: that would hide the system header.)
#ifndef CODICIL_BASE_LIMIT_VALUES_H
#define CODICIL_BASE_LIMIT_VALUES_H

#include "codicil/codicil.h"

typedef struct codicil_limits {
  size_t value[CODICIL_NUM_LIMITS];
} codicil_limits;

void codicil_limits_default(codicil_limits *out);

#endif

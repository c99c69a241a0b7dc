// Filling in a codicil_diag that may be absent.
#ifndef CODICIL_BASE_ERR_H
#define CODICIL_BASE_ERR_H

#include "codicil/codicil.h"

static inline void codicil_diag_set(codicil_diag *diag, const char *what, size_t offset) {
  if (diag != NULL) {
    diag->what = what;
    diag->offset = offset;
  }
}

#endif

// A verified authenticator: one copy of its octets, and what was found in them.
#ifndef CODICIL_EA_PROOF_H
#define CODICIL_EA_PROOF_H

#include "codicil/ea.h"
#include "message.h"

struct codicil_ea_proof {
  const codicil_mem *mem;
  codicil_span octets; // the copy; all other spans point into it
  uint16_t scheme;
  codicil_span context;
  size_t num;
  codicil_entry entries[];
};

#endif

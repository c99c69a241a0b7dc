// Reading a proof: see proof.h. Only codicil_ea_verify makes one.
#include "proof.h"

#include "mem.h"

static const codicil_entry *entry_at(const codicil_ea_proof *proof, size_t index) {
  static const codicil_entry none = {{NULL, 0}, {NULL, 0}, {NULL, 0}};
  return index < proof->num ? &proof->entries[index] : &none;
}

void codicil_ea_proof_free(codicil_ea_proof *proof) {
  if (proof != NULL) {
    codicil_mem_free(proof->mem, proof);
  }
}

size_t codicil_ea_proof_num_certificates(const codicil_ea_proof *proof) {
  return proof->num;
}

codicil_span codicil_ea_proof_certificate(const codicil_ea_proof *proof, size_t index) {
  return entry_at(proof, index)->der;
}

codicil_span codicil_ea_proof_ocsp(const codicil_ea_proof *proof, size_t index) {
  return entry_at(proof, index)->ocsp;
}

codicil_span codicil_ea_proof_scts(const codicil_ea_proof *proof, size_t index) {
  return entry_at(proof, index)->scts;
}

uint16_t codicil_ea_proof_scheme(const codicil_ea_proof *proof) {
  return proof->scheme;
}

codicil_span codicil_ea_proof_context(const codicil_ea_proof *proof) {
  return proof->context;
}

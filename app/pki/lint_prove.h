// Which required domains the certificates of a bundle can prove for one another.
//
// Order of calls: pki_prover_add for every certificate, then pki_prover_link for every certificate
// once more, then pki_prover_finish. Only certificates with Required Domain are kept; so a large
// bundle costs two readings and little memory.
#ifndef APP_PKI_LINT_PROVE_H
#define APP_PKI_LINT_PROVE_H

#include "pki/lint.h"

enum { PKI_PROVER_MAX = 4096 };

typedef struct pki_prover pki_prover;
// NULL: out of memory.
pki_prover *pki_prover_new(void);
void pki_prover_free(pki_prover *prover);

// Keeps the certificate if it has required domains that must be proven; `path` is copied.
CODICIL_MUST_USE bool pki_prover_add(pki_prover *prover, const codicil_identity *identity,
                                     const char *path, size_t index, app_error *err);
// Sees what the certificate proves for those that are kept.
CODICIL_MUST_USE bool pki_prover_link(pki_prover *prover, const pki_parsed *parsed, app_error *err);

typedef void pki_prover_fn(void *user, const char *path, size_t index, pki_lint_id id,
                           const char *text);
// Calls `tell` for every certificate whose required domain nothing in the bundle proves. Returns
// how many certificates were not kept, as there were more than PKI_PROVER_MAX.
size_t pki_prover_finish(pki_prover *prover, pki_prover_fn *tell, void *user);

#endif

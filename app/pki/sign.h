// Signing: the one way to a CA's signature.
//
// Order of calls: plan the files, pki_sign, put the certificates into the files, pki_batch_finish,
// pki_batch_close. Whatever the CA signs for others passes pki_sign, which does, in this order:
//   1. Required Domain's own rules (protocol §8), and what the profile asks for
//   2. CAA (caa.h), for all certificates of the batch
//   3. takes the CA for itself: another issuer waits
//   4. the files must not exist
//   5. serial numbers into the register
//   6. a line each into the audit log
//   7. signatures
//   8. certificates into the register, and another line each
// A batch that is closed without having been finished revokes what it has signed.
#ifndef APP_PKI_SIGN_H
#define APP_PKI_SIGN_H

#include "codicil/codicil.h"
#include "pki/caa.h"
#include "pki/issue.h"
#include "pki/register.h"
#include "pki/store.h"

// Who signs, for which command, by which rules.
typedef struct pki_desk {
  const char *ca_dir;
  const char *command; // for the audit log
  int64_t now_s;       // Unix time
  bool intermediate;   // sign with the CA's intermediate, made when first asked for
  pki_caa_policy caa;
  codicil_codepoints codepoints;
  void (*note)(const char *text); // what the person should know; NULL: is not told
} pki_desk;

typedef struct pki_pending pki_pending;

// The zero state is safe to close.
typedef struct pki_batch {
  const pki_desk *desk;
  pki_ca ca; // who signed
  pki_register *reg;
  bool is_locked; // the CA is ours: `lock` is its directory, `signals` what was held before
  int lock;
  sigset_t signals;
  pki_pending *pending; // what this batch has reserved
  size_t num_pending;
  bool is_settled; // published or withdrawn
} pki_batch;

// Signs `requests` (their serial numbers are chosen here) into `out`; the caller frees them, where
// it fails too. The desk lives as long as the batch, which signs once. `files` gets an
// intermediate's where one is made.
CODICIL_MUST_USE bool pki_sign(pki_batch *batch, X509 **out, const pki_desk *desk,
                               pki_request *requests, size_t num_requests, pki_files *files,
                               app_error *err);
// Makes what was signed public: writes the files, and `dir` for them where there is none.
CODICIL_MUST_USE bool pki_batch_finish(pki_batch *batch, const pki_files *files, const char *dir,
                                       app_error *err);
void pki_batch_close(pki_batch *batch);

// Signs a new CA's own certificate in the same way, 5 to 8: into `out`, which the caller frees. The
// caller has made the directory and locked it.
CODICIL_MUST_USE bool pki_sign_root(pki_batch *batch, X509 **out, const pki_desk *desk,
                                    pki_request *request, app_error *err);

// A name for a CA that was given none: "codicil CA 12345678".
CODICIL_MUST_USE bool pki_own_name(char *out, size_t out_len, const char *what, app_error *err);
// Tells the person, if anybody listens.
void pki_note(const pki_desk *desk, const char *format, ...) CODICIL_PRINTF(2, 3);

#endif

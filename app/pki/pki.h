// A small CA in files: what `codicil cert` does.
//
//   DIR/ca.pem, DIR/ca.key                      the CA
//   DIR/intermediate.pem, DIR/intermediate.key  made when first asked for, then used again
//   OUT/NAME.pem                                the chain that a server sends: certificate, then
//                                               the intermediate if there is one; never the root
//   OUT/NAME.key                                its key
// NAME is the certificate's first name, with "_wildcard" for "*" and "-" for ":". Keys have mode
// 0600. Nothing is overwritten, and a call that fails leaves no file and no directory behind.
#ifndef APP_PKI_PKI_H
#define APP_PKI_PKI_H

#include "pki/key.h"
#include "pki/store.h"

enum { PKI_DAYS_MAX = 36500, PKI_CA_DAYS = 3650, PKI_CERT_DAYS = 90 };

// What was made, for the user to see. `expires_s` is Unix time.
typedef struct pki_made {
  char chain_path[PKI_PATH_MAX];
  char key_path[PKI_PATH_MAX];
  int64_t expires_s;
} pki_made;

typedef struct pki_ca_order {
  const char *dir;         // made where it does not exist; its parent must
  const char *common_name; // NULL: "codicil CA" and eight digits of its own
  pki_alg alg;
  unsigned days;
  int64_t now_s;
} pki_ca_order;

typedef struct pki_cert_order {
  const char *ca_dir;
  const char *out_dir; // made where it does not exist; its parent must
  const char *const *names;
  size_t num_names;
  pki_alg alg;
  unsigned days;
  int64_t now_s;
  bool intermediate; // issue through the CA's intermediate
} pki_cert_order;

// `out` is set where they return true.
CODICIL_MUST_USE bool pki_new_ca(pki_made *out, const pki_ca_order *order, app_error *err);
CODICIL_MUST_USE bool pki_new_cert(pki_made *out, const pki_cert_order *order, app_error *err);

#endif

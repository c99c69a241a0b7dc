// A small CA in files: what `codicil cert` does.
//
//   DIR/ca.pem, DIR/ca.key                      the CA
//   DIR/intermediate.pem, DIR/intermediate.key  made when first asked for, then used again
//   DIR/caa-identity                            its domains in CAA records, where it has any
//   DIR/register.db, DIR/audit.log              what it signed (register.h, audit.h)
//   OUT/NAME.pem                                the chain that a server sends: certificate, then
//                                               the intermediate if there is one; never the root
//   OUT/NAME.key                                its key
// NAME is the certificate's first name, with "_wildcard" for "*" and "-" for ":". Keys have mode
// 0600. Nothing is overwritten, and a call that fails leaves no such file and no directory behind.
// The same names may have as many certificates as are asked for: to renew is to sign again.
#ifndef APP_PKI_PKI_H
#define APP_PKI_PKI_H

#include "pki/key.h"
#include "pki/required.h"
#include "pki/sign.h"

enum {
  PKI_DAYS_MAX = 36500,
  PKI_CA_DAYS = 3650,
  PKI_INTERMEDIATE_DAYS = 1825,
  PKI_CERT_DAYS = 90,
  PKI_GLUE_DAYS = 30
};

// What was made, for the user to see. `expires_s` is Unix time.
typedef struct pki_made {
  char chain_path[PKI_PATH_MAX];
  char key_path[PKI_PATH_MAX]; // empty: no key was made
  int64_t expires_s;           // 0: no certificate
} pki_made;

typedef struct pki_ca_order {
  const char *dir;         // made where it does not exist; its parent must
  const char *common_name; // NULL: "codicil CA" and eight digits of its own
  pki_alg alg;
  unsigned days;
  int64_t now_s;
  pki_caa_policy caa; // its identities are kept; the rest is not used
} pki_ca_order;

typedef struct pki_cert_order {
  pki_desk desk;
  const char *out_dir; // made where it does not exist; its parent must
  const char *const *names;
  size_t num_names;
  const pki_required *required; // NULL or empty: no Required Domain extension
  pki_alg alg;
  unsigned days;
} pki_cert_order;

// `out` is set where they return true.
CODICIL_MUST_USE bool pki_new_ca(pki_made *out, const pki_ca_order *order, app_error *err);
CODICIL_MUST_USE bool pki_new_cert(pki_made *out, const pki_cert_order *order, app_error *err);

// A certificate request and, unless one is given, a key: OUT/NAME.csr and OUT/NAME.key.
typedef struct pki_csr_order {
  const char *out_dir;
  const char *const *names;
  size_t num_names;
  const pki_required *required; // as above
  const char *key_path;         // NULL: a new key is made
  pki_alg alg;
  const char *oid;                // of the Required Domain extension
  void (*note)(const char *text); // what the person should know; NULL: is not told
} pki_csr_order;

CODICIL_MUST_USE bool pki_new_csr(pki_made *out, const pki_csr_order *order, app_error *err);

// A certificate for a request: OUT/STEM.pem, where the request is STEM.csr.
typedef struct pki_sign_order {
  pki_desk desk;
  const char *out_dir;
  const char *csr_path;
  pki_profile profile;
  unsigned days; // 0: as long as the profile's certificates are good
} pki_sign_order;

CODICIL_MUST_USE bool pki_sign_csr(pki_made *out, const pki_sign_order *order, app_error *err);

// A CDN's certificates: for each site one for the glue name with the site as Required Domain, and
// one for the shared name with the glue name as Required Domain. OUT/glue-SITE.pem and .key,
// OUT/SHARED.pem and .key.
typedef struct pki_glue_order {
  pki_desk desk;
  const char *out_dir;
  const char *const *sites;
  size_t num_sites; // PKI_NAMES_MAX at most
  const char *shared;
  const char *glue; // NULL: "glue." and the shared name
  pki_alg alg;
  unsigned days;
} pki_glue_order;

// `out` has room for all the sites and one: the shared certificate comes last.
CODICIL_MUST_USE bool pki_new_glue(pki_made *out, const pki_glue_order *order, app_error *err);

// Reads names as a person writes them; `out` has room for them.
CODICIL_MUST_USE bool pki_names_parse(pki_name *out, const char *const *names, size_t num_names,
                                      app_error *err);

#endif

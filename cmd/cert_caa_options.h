// The options of the commands that sign, or tell whether they would, on CAA.
#ifndef CMD_CERT_CAA_OPTIONS_H
#define CMD_CERT_CAA_OPTIONS_H

#include "cert.h"
#include "pki/caa.h"

// Values of options, beyond those that commands use for their own.
enum { OPT_CAA_IDENTITY = 0x1000, OPT_CAA_SERVER, OPT_DNSSEC_ANCHOR, OPT_SKIP_CAA };

// Lines of a command's options; --insecure-skip-caa is for commands that sign.
#define CERT_CAA_IDENTITY_OPTION \
  { "caa-identity", required_argument, NULL, OPT_CAA_IDENTITY }
#define CERT_CAA_OPTIONS                                                               \
  CERT_CAA_IDENTITY_OPTION, {"caa-server", required_argument, NULL, OPT_CAA_SERVER}, { \
    "dnssec-anchor", required_argument, NULL, OPT_DNSSEC_ANCHOR                        \
  }
#define CERT_SKIP_CAA_OPTION \
  { "insecure-skip-caa", no_argument, NULL, OPT_SKIP_CAA }

// `policy` points into it: it is not copied. The zero state is that of no option.
typedef struct cert_caa_args {
  pki_caa_policy policy;
  const char *identities[PKI_CAA_IDENTITIES_MAX];
} cert_caa_args;

// Takes one of the options above, with its value in optarg; any other value of `option` is a
// mistake of the caller's.
CODICIL_MUST_USE bool cert_take_caa(cert_caa_args *args, int option, app_error *err);
static inline bool cert_is_caa_option(int option) {
  return option >= OPT_CAA_IDENTITY && option <= OPT_SKIP_CAA;
}

#endif

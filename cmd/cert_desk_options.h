// The options of the commands that sign: which CA, how long, which rules.
#ifndef CMD_CERT_DESK_OPTIONS_H
#define CMD_CERT_DESK_OPTIONS_H

#include "cert.h"
#include "cert_caa_options.h"

// Values of options, beyond those that commands use for their own.
enum { OPT_CA = 0x2000, OPT_OUT, OPT_DAYS, OPT_INTERMEDIATE, OPT_CODEPOINTS };

// Lines of a command's options.
#define CERT_DESK_OPTIONS                                                             \
  {"ca", required_argument, NULL, OPT_CA}, {"out", required_argument, NULL, OPT_OUT}, \
      {"days", required_argument, NULL, OPT_DAYS},                                    \
      {"intermediate", no_argument, NULL, OPT_INTERMEDIATE},                          \
      {"codepoints", required_argument, NULL, OPT_CODEPOINTS}, CERT_CAA_OPTIONS,      \
      CERT_SKIP_CAA_OPTION

// `desk` points into it once cert_desk_of was called: it is not copied.
typedef struct cert_desk_args {
  pki_desk desk;
  cert_caa_args caa;
  const char *out_dir; // "." unless given
  unsigned days;       // 0: not given
} cert_desk_args;

// Begins with the defaults: now, here, our codepoints.
void cert_desk_init(cert_desk_args *args, const char *command);
static inline bool cert_is_desk_option(int option) {
  return option >= OPT_CAA_IDENTITY && option <= OPT_CODEPOINTS;
}
// Takes one of the options above.
CODICIL_MUST_USE bool cert_take_desk(cert_desk_args *args, int option, app_error *err);
// The desk, complete.
const pki_desk *cert_desk_of(cert_desk_args *args);

// Tells the person what they should know, on standard error.
void cert_note(const char *text);

#endif

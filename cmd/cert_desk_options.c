// Options of the commands that sign: see cert_desk_options.h.
#include "cert_desk_options.h"

#include <stdio.h>
#include <time.h>

void cert_note(const char *text) {
  fprintf(stderr, "codicil cert: %s\n", text);
}

void cert_desk_init(cert_desk_args *args, const char *command) {
  *args = (cert_desk_args){
      .desk = {.command = command, .now_s = (int64_t)time(NULL), .note = cert_note},
      .out_dir = ".",
  };
  codicil_codepoints_default(&args->desk.codepoints);
}

bool cert_take_desk(cert_desk_args *args, int option, app_error *err) {
  if (cert_is_caa_option(option)) {
    return cert_take_caa(&args->caa, option, err);
  }
  switch (option) {
  case OPT_CA:
    args->desk.ca_dir = optarg;
    return true;
  case OPT_OUT:
    args->out_dir = optarg;
    return true;
  case OPT_DAYS:
    return cert_parse_days(&args->days, optarg, err);
  case OPT_INTERMEDIATE:
    args->desk.intermediate = true;
    return true;
  default: // OPT_CODEPOINTS
    return cert_parse_codepoints(&args->desk.codepoints, optarg, err);
  }
}

const pki_desk *cert_desk_of(cert_desk_args *args) {
  args->desk.caa = args->caa.policy;
  return &args->desk;
}

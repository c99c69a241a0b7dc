// What the two forms of a list of logs have in common: see ct_logs.h.
#ifndef APP_IO_CT_LOGS_FORMS_H
#define APP_IO_CT_LOGS_FORMS_H

#include "codicil/x509.h"
#include "io/error.h"

// A list that is being read.
typedef struct ct_list {
  codicil_trust *trust;
  const char *path;
  size_t num_logs; // added
  app_error *err;
} ct_list;

// One log of it, as written.
typedef struct ct_log_text {
  const char *name;   // for what is told
  const char *key;    // base64 of DER SubjectPublicKeyInfo
  const char *log_id; // base64 of its SHA-256; NULL: not told
  int64_t until_s;
} ct_log_text;

CODICIL_MUST_USE bool ct_list_add(ct_list *list, const ct_log_text *log);
CODICIL_MUST_USE bool ct_list_read_json(ct_list *list, codicil_span text);
CODICIL_MUST_USE bool ct_list_read_conf(ct_list *list, codicil_span text);

#endif

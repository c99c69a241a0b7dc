// The flags of `codicil get`: what there are, and how each is applied to the options.
#ifndef APP_CLIENT_FLAGS_H
#define APP_CLIENT_FLAGS_H

#include "client/flag_values.h"

typedef enum client_flag_kind {
  FLAG_ON,   // a bool that becomes true
  FLAG_TEXT, // a const char *
  FLAG_LIST, // one more item of a client_list
  FLAG_SECONDS,
  FLAG_CALL, // a function of its own; takes a value
  FLAG_DO    // the same without a value
} client_flag_kind;

typedef struct client_flag {
  const char *name;
  char letter;
  client_flag_kind kind;
  size_t offset; // in client_options
  client_flag_function *call;
} client_flag;

// NULL: there is none.
const client_flag *client_flag_long(const char *name, size_t len);
const client_flag *client_flag_letter(char letter);
bool client_flag_takes_value(const client_flag *f);
// `name` is as the user spelt it; `value` is NULL where the flag takes none.
CODICIL_MUST_USE bool client_flag_apply(client_options *options, const client_flag *f,
                                        const char *name, const char *value, app_error *err);

#endif

// `codicil get`: fetches URLs over as few connections as it may, and tells why.
#ifndef APP_CLIENT_CLIENT_H
#define APP_CLIENT_CLIENT_H

#include "client/options.h"

// Does what the options say. Returns the exit code: 0, or curl's code of the first URL that failed.
int client_run(const client_options *options);

#endif

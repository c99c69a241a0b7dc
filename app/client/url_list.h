// URLs from a file, with what waits for what: --urls-from.
//
// A line is a URL, or a URL and, after blanks, `after=N`: it is asked for when the file's Nth URL
// (an earlier one) is done. Empty lines and lines that start with # count for nothing. This is how
// a page load is told: what the browser found in a response it asks for after that response.
#ifndef APP_CLIENT_URL_LIST_H
#define APP_CLIENT_URL_LIST_H

#include "client/options.h"

// Adds the URLs of `options->url_file` to `options->urls`; the strings stay in that buffer, which
// is changed. `name` is the file's, for messages.
CODICIL_MUST_USE bool url_list_add(client_options *options, const char *name, app_error *err);
// Adds one URL that waits for nothing (`after` SIZE_MAX) or for an earlier one, by its index.
CODICIL_MUST_USE bool url_list_add_one(client_options *options, const char *url, size_t after,
                                       app_error *err);

#endif

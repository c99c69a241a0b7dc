// An https URL, taken apart: the origin that it belongs to and the path to ask for.
//
// RFC 3986, read as curl reads it: the scheme may be missing (https then), a fragment is dropped,
// dot segments are removed, a name may have U-labels. Octets that a URI may not hold are
// percent-encoded; spaces and control characters, other schemes and user information are refused.
#ifndef APP_CLIENT_URL_H
#define APP_CLIENT_URL_H

#include "codicil/name.h"
#include "io/error.h"

typedef struct client_url {
  codicil_origin origin;
  char authority[CODICIL_ORIGIN_TEXT_MAX]; // for :authority
  char *path;                              // with query; never empty
  char *text;                              // the URL in this normal form
} client_url;

// Returns 0, or curl's exit code with `err`: 1 another scheme, 3 malformed, 27 out of memory. Clear
// `out` after success only.
CODICIL_MUST_USE int client_url_parse(client_url *out, const char *text, app_error *err);
void client_url_clear(client_url *url);
// Writes the last segment of the path, for -O; false where it names no file.
bool client_url_file_name(const client_url *url, char *out, size_t out_len);

#endif

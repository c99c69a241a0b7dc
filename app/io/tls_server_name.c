// The server name of a ClientHello: see tls_server_name.h.
#include "io/tls_server_name.h"

#include <string.h>

#include "codicil/codicil.h"

enum { HOST_NAME_TYPE = 0 };

// RFC 6066 §3: ServerNameList of one host_name. Empty where there is none that parses.
static codicil_span find(SSL *ssl) {
  const unsigned char *p;
  size_t len;
  codicil_span none = {NULL, 0};
  if (!SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &p, &len) || len < 5 ||
      ((size_t)p[0] << 8 | p[1]) != len - 2 || p[2] != HOST_NAME_TYPE) {
    return none;
  }
  size_t name_len = (size_t)p[3] << 8 | p[4];
  return name_len <= len - 5 ? codicil_span_of(p + 5, name_len) : none;
}

bool tls_server_name(char *out, size_t out_len, SSL *ssl) {
  codicil_span name = find(ssl);
  if (name.len == 0 || name.len >= out_len || memchr(name.data, 0, name.len)) {
    return false;
  }
  for (size_t i = 0; i < name.len; i++) {
    char c = (char)name.data[i];
    out[i] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
  }
  out[name.len] = '\0';
  return true;
}

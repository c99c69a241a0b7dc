// The server name of a ClientHello (RFC 6066 §3), for a client_hello callback.
#ifndef APP_IO_TLS_SERVER_NAME_H
#define APP_IO_TLS_SERVER_NAME_H

#include <openssl/ssl.h>
#include <stdbool.h>

// Writes the name in lower case with NUL; false where there is none that parses and fits.
bool tls_server_name(char *out, size_t out_len, SSL *ssl);

#endif

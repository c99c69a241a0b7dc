// A live OpenSSL connection as a codicil_tls.
//
// Server: call codicil_ossl_capture_client_hello from the context's client_hello callback. Client:
// codicil_ossl_prepare_client before the handshake, which also offers status_request and SCT, so
// that staples can come at all. Then, when the handshake is complete, codicil_ossl_tls_new.
//
// The exporter refuses until SSL_is_init_finished: a server that has sent its own Finished would
// get keys from OpenSSL before the client's Finished is verified (RFC 9261 §9).
#ifndef CODICIL_OSSL_H
#define CODICIL_OSSL_H

#include <openssl/ssl.h>

#include "codicil/ea.h"

#ifdef __cplusplus
extern "C" {
#endif

// Prepares a context for connections with the feature: registers what the capture needs. Call once
// per SSL_CTX, before its first SSL.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_ossl_prepare_client(SSL *ssl);
// Remembers the ClientHello's signature schemes and extension types on a server. Returns
// SSL_CLIENT_HELLO_SUCCESS or SSL_CLIENT_HELLO_ERROR with *al set, for the callback to return.
CODICIL_API int codicil_ossl_capture_client_hello(SSL *ssl, int *al);
// Makes a codicil_tls of a connection whose handshake is complete. It borrows `ssl` and lives until
// codicil_ossl_tls_free, which must come before SSL_free. CODICIL_NOT_READY, CODICIL_UNSUPPORTED.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_ossl_tls_new(codicil_tls **out, SSL *ssl);
CODICIL_API void codicil_ossl_tls_free(codicil_tls *tls);

#ifdef __cplusplus
}
#endif
#endif

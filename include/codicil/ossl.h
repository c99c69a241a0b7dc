// A live OpenSSL connection as a codicil_tls.
//
// Server: call codicil_ossl_capture_client_hello from the context's client_hello callback. Client:
// codicil_ossl_prepare_client before the handshake, which also offers status_request and SCT, so
// that staples can come at all. Then, when the handshake is complete, codicil_ossl_tls_new.
//
// What the ClientHello offered is kept with the SSL, in an ex_data slot of the library's own, until
// SSL_free. The exporter refuses until SSL_is_init_finished: a server that has sent its own
// Finished would get keys from OpenSSL before the client's Finished is verified (RFC 9261 §9).
// OpenSSL's error queue is left as it was found.
//
// What it does not check: the handshake's certificate (x509.h does), and renegotiation, which
// TLS 1.2 must have switched off (RFC 9113 §9.2.1): the exporter's values would change.
#ifndef CODICIL_OSSL_H
#define CODICIL_OSSL_H

#include <openssl/ssl.h>

#include "codicil/ea.h"

#ifdef __cplusplus
extern "C" {
#endif

// Makes `ssl` (a client, before its handshake) offer status_request and
// signed_certificate_timestamp and remember the ClientHello that it sends, the second one after a
// HelloRetryRequest. SCTs of the handshake are accepted unexamined.
//
// Takes the SSL's message callback. An application that wants one of its own sets it after this
// call and calls codicil_ossl_on_message from it.
//
// Returns CODICIL_OK, CODICIL_NOMEM, or CODICIL_CRYPTO where OpenSSL refuses to offer.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_ossl_prepare_client(SSL *ssl);
// Looks at one message of a client's handshake; arguments as of a message callback. All but a
// ClientHello that is sent is passed over.
CODICIL_API void codicil_ossl_on_message(SSL *ssl, int is_sent, int content_type,
                                         const void *message, size_t len);
// Remembers the ClientHello's signature schemes, and the extension types in it that OpenSSL knows,
// on a server; to be called each
// time that the client_hello callback is. One allocation of less than 2 KiB is kept; more than that
// in one ClientHello counts as nothing offered. Returns SSL_CLIENT_HELLO_SUCCESS, or
// SSL_CLIENT_HELLO_ERROR with *al set where memory is out, for the callback to return.
CODICIL_API int codicil_ossl_capture_client_hello(SSL *ssl, int *al);

// Makes a codicil_tls of a connection whose handshake is complete. It borrows `ssl` and lives until
// codicil_ossl_tls_free, which must come before SSL_free. Returns CODICIL_OK, or
//   CODICIL_NOT_READY    the handshake is not complete, or the client's Finished not yet verified
//   CODICIL_UNSUPPORTED  TLS 1.2 without extended master secret, an older version, DTLS, or a
//                        cipher suite whose hash is neither SHA-256 nor SHA-384
//   CODICIL_USAGE        the ClientHello was not captured
//   CODICIL_NOMEM
// The exporter returns the first two also when it is called.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_ossl_tls_new(codicil_tls **out, SSL *ssl);
// Frees it. NULL is allowed.
CODICIL_API void codicil_ossl_tls_free(codicil_tls *tls);

// Returns OpenSSL's random generator, for codicil_config_set_random.
CODICIL_API codicil_random codicil_ossl_random(void);

#ifdef __cplusplus
}
#endif
#endif

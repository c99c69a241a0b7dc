// A live GnuTLS connection as a codicil_tls, over TCP or as QUIC's TLS.
//
// Call codicil_gnutls_prepare before the handshake, on either side; it remembers what the
// ClientHello offered, and learns when the handshake is complete. Then codicil_gnutls_tls_new.
//
// GnuTLS itself exports at any time: in 0.5-RTT data (a server that has sent its Finished and not
// read the client's) it returns the real value, and from a callback in mid-handshake it returns
// success and a constant, the same on every connection, which binds to nothing. So the exporter
// here refuses until the handshake is complete and, on a server, the client's Finished is verified
// (RFC 9261 §9).
//
// What it does not check: the handshake's certificate (x509.h does).
#ifndef CODICIL_GNUTLS_H
#define CODICIL_GNUTLS_H

#include <gnutls/gnutls.h>

#include "codicil/ea.h"

#ifdef __cplusplus
extern "C" {
#endif

// Watches the handshake of `session`, which must not have begun. Takes the session's handshake hook
// and its database pointer (gnutls_db_set_ptr); an application that wants a hook of its own sets it
// after this call and calls codicil_gnutls_on_handshake from it. Freed by codicil_gnutls_forget.
// CODICIL_NOMEM.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_gnutls_prepare(gnutls_session_t session);
// Looks at one handshake message; arguments as of a gnutls_handshake_hook_func. Returns 0, or
// GNUTLS_E_MEMORY_ERROR for the hook to return.
CODICIL_API int codicil_gnutls_on_handshake(gnutls_session_t session, unsigned type, unsigned when,
                                            unsigned incoming, const gnutls_datum_t *message);
// Frees what codicil_gnutls_prepare made. Before gnutls_deinit; no codicil_tls of the session may
// be used any more. Without effect on a session that was not prepared.
CODICIL_API void codicil_gnutls_forget(gnutls_session_t session);

// Makes a codicil_tls of a connection whose handshake is complete. It borrows `session` and lives
// until codicil_gnutls_tls_free, which must come before codicil_gnutls_forget. Returns CODICIL_OK,
// or
//   CODICIL_NOT_READY    the handshake is not complete, or the client's Finished not yet verified
//   CODICIL_UNSUPPORTED  TLS 1.2 without extended master secret, an older version, DTLS, or a
//                        cipher suite whose hash is neither SHA-256 nor SHA-384
//   CODICIL_USAGE        the session was not prepared
//   CODICIL_NOMEM
// The exporter returns the first two also when it is called.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_gnutls_tls_new(codicil_tls **out,
                                                                gnutls_session_t session);
// Frees it. NULL is allowed.
CODICIL_API void codicil_gnutls_tls_free(codicil_tls *tls);

#ifdef __cplusplus
}
#endif
#endif

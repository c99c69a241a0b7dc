// A live GnuTLS connection as a codicil_tls, over TCP or as QUIC's TLS.
//
// Call codicil_gnutls_prepare before the handshake, on either side; it remembers what the
// ClientHello offered. Then, when the handshake is complete, codicil_gnutls_tls_new. A library of
// its own, libcodicil_gnutls, so that who does not use GnuTLS does not link it.
//
// GnuTLS itself exports at any time: in 0.5-RTT data (a server that has sent its Finished and not
// read the client's) it returns the real value, and from a callback in mid-handshake it returns
// success and a constant, the same on every connection, which binds to nothing. So the exporter
// here refuses until the handshake is complete and, on a server, the client's Finished is verified
// (RFC 9261 §9). It asks GnuTLS each time; what gnutls_handshake returned does not count, for with
// GNUTLS_ENABLE_EARLY_START or GNUTLS_ENABLE_FALSE_START that is success before the peer's
// Finished.
//
// A GnuTLS client offers no signed_certificate_timestamp, so it gets no SCTs beside certificates:
// GnuTLS ends a handshake whose Certificate carries one.
//
// What it does not check: the handshake's certificate (x509.h does), and what QUIC asks of TLS.
// Under ngtcp2 an application has a hook of its own that refuses a KeyUpdate, and a ClientHello
// without transport parameters (RFC 9001 §6, §8.2): on either ngtcp2 ends the process.
#ifndef CODICIL_GNUTLS_H
#define CODICIL_GNUTLS_H

#include <gnutls/gnutls.h>

#include "codicil/ea.h"

#ifdef __cplusplus
extern "C" {
#endif

// Watches the handshake of `session`, which must not have begun, once. Takes the session's
// handshake hook and its database pointer (gnutls_db_set_ptr): an application must not set the
// latter at all, not on sessions that it gives to the other functions here without this one either.
// One that wants a hook of its own sets it after this call, for ClientHello before it is processed
// (GNUTLS_HOOK_PRE) at least, and calls codicil_gnutls_on_handshake from it. About 2 KiB, until
// codicil_gnutls_forget; a longer ClientHello counts as nothing offered. CODICIL_NOMEM.
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
//   CODICIL_UNSUPPORTED  TLS 1.2 without extended master secret, an older version, DTLS, a cipher
//                        suite whose hash is neither SHA-256 nor SHA-384, or a renegotiation
//   CODICIL_USAGE        the session was not prepared, or not before its handshake
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

// Secondary certificates and ORIGIN on a connection that nghttp3 runs over QUIC.
//
// nghttp3 has no hook for frames and settings that it does not know, and it ignores them. So
// codicil_h3 stands between nghttp3 and QUIC: it owns the two control streams, adds our setting and
// our frames to what nghttp3 writes there, keeps what is ours from what the peer sends there, and
// watches the other streams for a frame that may not be on them (RFC 9114 §7.2.8, protocol §3). To
// adopt it, call the functions below in place of nghttp3's of the same names, for every stream:
//
//   nghttp3_conn_bind_control_stream   codicil_h3_bind_control_stream
//   nghttp3_conn_read_stream           codicil_h3_read_stream
//   nghttp3_conn_writev_stream         codicil_h3_writev_stream
//   nghttp3_conn_add_write_offset      codicil_h3_add_write_offset
//   nghttp3_conn_add_ack_offset        codicil_h3_add_ack_offset
//   nghttp3_conn_block_stream          codicil_h3_block_stream
//   nghttp3_conn_unblock_stream        codicil_h3_unblock_stream
//   nghttp3_conn_shutdown_stream_write codicil_h3_shutdown_stream_write
//   nghttp3_conn_close_stream          codicil_h3_close_stream
//
// (In place of nghttp3_conn_update_ack_offset, too, tell what was added.)
//
// Each has the arguments, the meaning and the return values of nghttp3's. Where one fails, close
// the QUIC connection with codicil_h3_app_error_code. Everything else of nghttp3 is called as ever.
// Where 0-RTT was rejected, free nghttp3's connection and this, and make both anew. nghttp3 holds
// its control stream for sent: nghttp3_conn_is_drained does not wait for what of it is still here.
//
// ORIGIN counts on a server's control stream only; elsewhere it is passed over (RFC 9412 §2). It is
// the session's: nghttp3's own callbacks for it (1.11 and newer) are never called.
//
// What it does not check: that the transport is QUIC with ALPN "h3", that a stream's octets come in
// order (QUIC's work), and anything of frames that are not SERVER_CERTIFICATE, ORIGIN or SETTINGS,
// but that GOAWAY and MAX_PUSH_ID are as long as they say.
#ifndef CODICIL_H3_H
#define CODICIL_H3_H

#include <nghttp3/nghttp3.h>

#include "codicil/session.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct codicil_h3 codicil_h3;

// `session` is borrowed for the life of the object, `codepoints` (NULL: those of the session's
// configuration) for the call. `now` is called when a SERVER_CERTIFICATE frame is complete.
// CODICIL_NOMEM.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_h3_new(codicil_h3 **out, const codicil_mem *mem,
                                                        codicil_session *session,
                                                        const codicil_codepoints *codepoints,
                                                        codicil_now (*now)(void *ctx), void *ctx);
// Frees it, with the octets of the control stream that the peer has not acknowledged: QUIC must not
// send on that stream any more. NULL is allowed.
CODICIL_API void codicil_h3_free(codicil_h3 *h3);

// Our control stream is `stream_id`. Returns 0 or a negative NGHTTP3_ERR_*.
CODICIL_API int codicil_h3_bind_control_stream(codicil_h3 *h3, nghttp3_conn *conn,
                                               int64_t stream_id);

// The peer's octets on any stream, in order. Returns the octets for which to extend QUIC's flow
// control (what nghttp3 returns, and what was ours), or a negative NGHTTP3_ERR_*. Afterwards pull
// the session's events, and write: a client's SETTINGS may have made the server's frames ready.
// Of all errors NGHTTP3_ERR_MALFORMED_HTTP_MESSAGING alone does not end what is done here: it is of
// that stream (RFC 9114 §4.1.2), and what still comes of it is passed over. Reset it both ways with
// H3_MESSAGE_ERROR, and give back all of `len`. (NGHTTP3_ERR_MALFORMED_HTTP_HEADER does end it:
// nghttp3 found a malformed message when QPACK's encoder stream came, and does not tell which.)
CODICIL_API nghttp3_ssize codicil_h3_read_stream(codicil_h3 *h3, nghttp3_conn *conn,
                                                 int64_t stream_id, const uint8_t *data, size_t len,
                                                 int fin);
// What to write next: the control stream first, with what the session has to send, then what
// nghttp3 has. What `vec` points to stays in place until it is acknowledged.
CODICIL_API nghttp3_ssize codicil_h3_writev_stream(codicil_h3 *h3, nghttp3_conn *conn,
                                                   int64_t *out_stream_id, int *out_fin,
                                                   nghttp3_vec *vec, size_t num);
// QUIC took `len` octets of the stream.
CODICIL_API int codicil_h3_add_write_offset(codicil_h3 *h3, nghttp3_conn *conn, int64_t stream_id,
                                            size_t len);
// The peer acknowledged `len` more octets of the stream.
CODICIL_API int codicil_h3_add_ack_offset(codicil_h3 *h3, nghttp3_conn *conn, int64_t stream_id,
                                          uint64_t len);
// Flow control holds the stream; others go on.
CODICIL_API void codicil_h3_block_stream(codicil_h3 *h3, nghttp3_conn *conn, int64_t stream_id);
// The stream may go on.
CODICIL_API int codicil_h3_unblock_stream(codicil_h3 *h3, nghttp3_conn *conn, int64_t stream_id);
// QUIC sends nothing more on the stream. Of the control stream that is an error, which the next
// call returns.
CODICIL_API void codicil_h3_shutdown_stream_write(codicil_h3 *h3, nghttp3_conn *conn,
                                                  int64_t stream_id);
// QUIC closed the stream.
CODICIL_API int codicil_h3_close_stream(codicil_h3 *h3, nghttp3_conn *conn, int64_t stream_id,
                                        uint64_t app_error_code);

// Tells whether the peer's QUIC has acknowledged all of our SETTINGS. A client may take an Origin
// Set that came after it for complete: before, no server can know what it may prove to us.
CODICIL_API bool codicil_h3_settings_acked(const codicil_h3 *h3);
// Returns how many frames came so far, on all streams, that ask for nothing: neither HEADERS nor
// DATA with content. An endpoint bounds them (RFC 9114 §10.5); nghttp3 does not tell of them.
CODICIL_API uint64_t codicil_h3_num_idle_frames(const codicil_h3 *h3);
// Returns the error of ours that ended the connection, or CODICIL_OK.
CODICIL_API codicil_err codicil_h3_error(const codicil_h3 *h3);
// Returns the HTTP/3 error code with which to close the QUIC connection after a function of this
// file, or of nghttp3, returned `liberr`: that of our error where there is one.
CODICIL_API uint64_t codicil_h3_app_error_code(const codicil_h3 *h3, int liberr);

#ifdef __cplusplus
}
#endif
#endif

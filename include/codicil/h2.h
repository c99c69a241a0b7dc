// Secondary certificates and ORIGIN on a connection that nghttp2 runs over TLS.
//
// codicil_h2 sits beside the application's nghttp2_session and never takes it over: the
// application calls these handlers from its own callbacks. To adopt it:
//
//   1. codicil_h2_set_option(option) before nghttp2_session_*_new3;
//   2. codicil_h2_settings_entry into the first SETTINGS;
//   3. from on_begin_frame, on_extension_chunk_recv, unpack_extension, on_frame_recv and
//      pack_extension call the function of the same name here (all five must be set);
//   4. after nghttp2_session_mem_recv, and whenever the session got something to send,
//      codicil_h2_flush; then send as usual.
//
// ORIGIN is read by our own parser, as RFC 8336 §2.2 has it, not by nghttp2's.
//
// What it does not check: that the transport is TLS with ALPN "h2" (RFC 8336 §2.2 forbids ORIGIN in
// cleartext), and anything of frames that are neither SERVER_CERTIFICATE, ORIGIN nor SETTINGS.
#ifndef CODICIL_H2_H
#define CODICIL_H2_H

#include <nghttp2/nghttp2.h>

#include "codicil/session.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct codicil_h2 codicil_h2;

// `session` is borrowed for the life of the object, `codepoints` (NULL: those of the session's
// configuration) for the call. `now` is called when a SERVER_CERTIFICATE frame is complete.
// CODICIL_NOMEM.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_h2_new(codicil_h2 **out, const codicil_mem *mem,
                                                        codicil_session *session,
                                                        const codicil_codepoints *codepoints,
                                                        codicil_now (*now)(void *ctx), void *ctx);
// Frees it and what was submitted but not yet packed: nothing may be sent on the nghttp2_session
// afterwards. NULL is allowed.
CODICIL_API void codicil_h2_free(codicil_h2 *h2);

// Registers the extension frames; NULL for the default codepoints, else those of codicil_h2_new, or
// nghttp2 hides the frame from us. Both sides, always: frames that are not wanted are ignored here.
CODICIL_API void codicil_h2_set_option(nghttp2_option *option,
                                       const codicil_codepoints *codepoints);
// Appends our entry to `entries` where the session offers and `max_entries` has room; returns the
// new count. Some servers close a connection whose SETTINGS have more than seven entries.
CODICIL_API size_t codicil_h2_settings_entry(const codicil_h2 *h2, nghttp2_settings_entry *entries,
                                             size_t num_entries, size_t max_entries);

// Handlers. Each returns 0 or a value that the application's callback must return to nghttp2, and
// passes over frames that are not ours (unpack and pack: NGHTTP2_ERR_CANCEL).
//
// After an error codicil_h2_error tells it. GOAWAY with its code is queued by the next
// codicil_h2_flush, or by the next frame that begins, and nghttp2 reads nothing more: send what is
// queued, then close. (Were it queued from the callbacks of an extension frame itself, nghttp2
// before 1.68.1 would go on reading.)
CODICIL_API int codicil_h2_on_begin_frame(codicil_h2 *h2, nghttp2_session *ng,
                                          const nghttp2_frame_hd *hd);
// Takes a piece of a payload: of ours to the session, of ORIGIN into a bounded buffer.
CODICIL_API int codicil_h2_on_extension_chunk_recv(codicil_h2 *h2, nghttp2_session *ng,
                                                   const nghttp2_frame_hd *hd, const uint8_t *data,
                                                   size_t len);
// Sets *payload to NULL where it returns 0: on_frame_recv then sees the frame's header only.
CODICIL_API int codicil_h2_unpack_extension(codicil_h2 *h2, nghttp2_session *ng, void **payload,
                                            const nghttp2_frame_hd *hd);
// Ends the frame: verifies what it completed; reads our setting out of the peer's SETTINGS.
CODICIL_API int codicil_h2_on_frame_recv(codicil_h2 *h2, nghttp2_session *ng,
                                         const nghttp2_frame *frame);
// Writes the payload of a frame that codicil_h2_flush submitted; returns its length.
CODICIL_API ssize_t codicil_h2_pack_extension(codicil_h2 *h2, nghttp2_session *ng, uint8_t *buf,
                                              size_t len, const nghttp2_frame *frame);

// Submits what the session has to send. Frames submitted before a response go out before it.
// Returns the error that ended the connection, after queueing GOAWAY, or CODICIL_OK.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_h2_flush(codicil_h2 *h2, nghttp2_session *ng);
// Returns the error that ended the connection, or CODICIL_OK.
CODICIL_API codicil_err codicil_h2_error(const codicil_h2 *h2);

#ifdef __cplusplus
}
#endif
#endif

// Secondary certificates and ORIGIN on a connection that nghttp2 runs.
//
// codicil_h2 sits beside the application's nghttp2_session and never takes it over: the
// application calls these handlers from its own callbacks. To adopt it:
//
//   1. codicil_h2_set_option(option) before nghttp2_session_*_new3;
//   2. codicil_h2_settings_entry into the first SETTINGS;
//   3. from on_begin_frame, on_extension_chunk_recv, unpack_extension, on_frame_recv and
//      pack_extension2 call the function of the same name here;
//   4. after nghttp2_session_mem_recv, and whenever the session got something to send,
//      codicil_h2_flush.
//
// ORIGIN is read by our own parser, as RFC 8336 §2.2 has it, not by nghttp2's.
#ifndef CODICIL_H2_H
#define CODICIL_H2_H

#include <nghttp2/nghttp2.h>

#include "codicil/session.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct codicil_h2 codicil_h2;

// `session` is borrowed for the life of the object, `now` is called when an authenticator is
// complete.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_h2_new(codicil_h2 **out, const codicil_mem *mem,
                                                        codicil_session *session,
                                                        const codicil_codepoints *codepoints,
                                                        codicil_now (*now)(void *ctx), void *ctx);
CODICIL_API void codicil_h2_free(codicil_h2 *h2);

// Registers the extension frames. Both sides, always: frames that are not wanted are ignored here.
CODICIL_API void codicil_h2_set_option(nghttp2_option *option,
                                       const codicil_codepoints *codepoints);
// Appends our entry to `entries` where the session offers; returns the new count.
CODICIL_API size_t codicil_h2_settings_entry(const codicil_h2 *h2, nghttp2_settings_entry *entries,
                                             size_t num_entries, size_t max_entries);

// Handlers. Each returns 0 or a value that the application's callback must return to nghttp2.
// After an error, codicil_h2_error tells it, and GOAWAY with its code is queued already.
CODICIL_API int codicil_h2_on_begin_frame(codicil_h2 *h2, nghttp2_session *ng,
                                          const nghttp2_frame_hd *hd);
CODICIL_API int codicil_h2_on_extension_chunk_recv(codicil_h2 *h2, nghttp2_session *ng,
                                                   const nghttp2_frame_hd *hd, const uint8_t *data,
                                                   size_t len);
CODICIL_API int codicil_h2_unpack_extension(codicil_h2 *h2, nghttp2_session *ng, void **payload,
                                            const nghttp2_frame_hd *hd);
CODICIL_API int codicil_h2_on_frame_recv(codicil_h2 *h2, nghttp2_session *ng,
                                         const nghttp2_frame *frame);
CODICIL_API ssize_t codicil_h2_pack_extension(codicil_h2 *h2, nghttp2_session *ng, uint8_t *buf,
                                              size_t len, const nghttp2_frame *frame);
// Submits what the session has to send. Frames submitted before a response go out before it.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_h2_flush(codicil_h2 *h2, nghttp2_session *ng);
// Returns the error that ended the connection, or CODICIL_OK.
CODICIL_API codicil_err codicil_h2_error(const codicil_h2 *h2);

#ifdef __cplusplus
}
#endif
#endif

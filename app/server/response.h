// The answer to a request: its status, its fields, and its content on the way out.
#ifndef APP_SERVER_RESPONSE_H
#define APP_SERVER_RESPONSE_H

#include "server/request.h"

// Answers a complete request: finds its site, its file and its conditions, and submits the
// response. Returns 0 or what nghttp2 returned.
int response_submit(request *r, nghttp2_session *ng);

// nghttp2's send_data callback: puts a DATA frame straight from the file's content.
int response_send_data(request *r, const uint8_t *frame_header, size_t len);

#endif

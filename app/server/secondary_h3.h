// Secondary certificates over HTTP/3.
//
// Every connection has a session (secondary_need_session): codicil_h3 asks it what to add to the
// control stream.
#ifndef APP_SERVER_SECONDARY_H3_H
#define APP_SERVER_SECONDARY_H3_H

#include "io/quic_tls.h"
#include "server/secondary.h"

// The handshake is complete, and the client's Finished verified. `tls` is borrowed until
// secondary_clear. False: out of memory.
CODICIL_MUST_USE bool secondary_h3_ready(secondary *s, quic_tls *tls);
// After the input of a turn, and after secondary_sign_one. Returns whether there is ORIGIN to send.
bool secondary_h3_after_input(secondary *s);

#endif

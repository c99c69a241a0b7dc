// QUIC for the misbehaving peer: one connection a thread, blocking, on loopback.
//
// It is ngtcp2 without a loop: a function that waits receives and sends packets until it has what
// it waits for. What the peer did on streams is a queue of events. It knows nothing of HTTP/3.
#ifndef BADPEER_QUIC_H
#define BADPEER_QUIC_H

#include <netinet/in.h>

#include "forge.h"

typedef struct quic quic;
typedef struct quic_listener quic_listener;

typedef struct quic_options {
  const char *sni;        // client: NULL sends none
  bool no_alpn;           // offers, or selects, nothing
  uint64_t stream_window; // octets of each stream that the peer may send; 0: plenty
  bool is_stingy;         // never opens a window again
  bytes *session;         // client: to resume; empty or NULL for none
} quic_options;

// ---- the ends of a connection -------------------------------------------------------------------

// Connects to loopback. NULL, with the reason in `out_reason`, where the handshake fails.
quic *quic_connect(int port, const quic_options *options, char *out_reason, size_t size);
// Listens on 127.0.0.1, any port, which goes to *out_port, with two certificates: the second where
// the client's server name is one of its names.
quic_listener *quic_listen(int *out_port, const char *const primary[2],
                           const char *const secondary[2], const quic_options *options);
// Waits for a connection's first packet. The handshake is quic_handshake's, in a thread of its own.
quic *quic_accept(quic_listener *listener);
bool quic_handshake(quic *q, char *out_reason, size_t size);
// Tells the peer H3_NO_ERROR.
void quic_close(quic *q);
void quic_free(quic *q);

const char *quic_sni(const quic *q);
bool quic_is_secondary(const quic *q); // server: the handshake's certificate is the second one
bool quic_is_resumed(const quic *q);
exporter quic_exporter(const quic *q);
// Client: waits for a ticket, and keeps what resumes this session.
bool quic_take_session(quic *q, bytes *out);

// ---- out ----------------------------------------------------------------------------------------

// Opens a stream; waits (for a request a while, else a moment) while the peer allows none. -1: it
// never did.
int64_t quic_open(quic *q, bool is_uni);
// Sends, and returns when all of it is in packets. False: the connection or the stream takes no
// more.
bool quic_send(quic *q, int64_t stream, const void *data, size_t len, bool fin);
// Holds back what is sent, then sends it in as few packets as it fits into.
void quic_hold(quic *q, bool is_held);
bool quic_reset(quic *q, int64_t stream, uint64_t code);
bool quic_stop(quic *q, int64_t stream, uint64_t code);
// Waits until the handshake is confirmed, and changes the keys of packets.
void quic_update_keys(quic *q);
// From now on nothing is sent, acknowledgements included.
void quic_fall_silent(quic *q);
// PINGs keep the connection alive although nothing else is sent.
void quic_keep_alive(quic *q);

// ---- in -----------------------------------------------------------------------------------------

typedef struct quic_event {
  enum { QUIC_DATA, QUIC_RESET } what; // ngtcp2 tells nothing of STOP_SENDING
  int64_t stream;
  uint8_t *data; // the caller's to free
  size_t len;
  bool fin;
  uint64_t code;
} quic_event;

// Waits for the next event; false: the connection is over, or nothing came in time.
bool quic_next(quic *q, quic_event *out, int timeout_ms);
// Waits until the peer acknowledged `len` octets of a unidirectional stream of ours.
bool quic_await_ack(quic *q, int64_t stream, uint64_t len, int timeout_ms);
bool quic_is_over(const quic *q);
// The code of the peer's CONNECTION_CLOSE: *out_is_application tells whose it is. -1: none came.
long long quic_close_code(const quic *q, bool *out_is_application);
const char *quic_close_reason(const quic *q);

#endif

// STOP_SENDING as ngtcp2 1.24 and later tell it.
#include "io/quic_connection.h"

static int recv_stop_sending(ngtcp2_conn *ng, int64_t stream, uint64_t code, void *user,
                             void *stream_user) {
  (void)ng;
  (void)stream_user;
  return quic_on_stop(user, stream, code);
}

void quic_hear_stops(ngtcp2_callbacks *callbacks) {
  callbacks->recv_stop_sending = recv_stop_sending;
}

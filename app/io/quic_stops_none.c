// ngtcp2 before 1.24 tells nobody of STOP_SENDING: it shows when something is to be sent there.
#include "io/quic_connection.h"

void quic_hear_stops(ngtcp2_callbacks *callbacks) {
  (void)callbacks;
}

// The server without secondary certificates over HTTP/3: secondary_h3.h with nothing in it.
#include "server/secondary_h3.h"

bool secondary_h3_ready(secondary *s, quic_tls *tls) {
  (void)s;
  (void)tls;
  return true;
}

bool secondary_h3_after_input(secondary *s) {
  codicil_event event;
  while (codicil_session_next_event((codicil_session *)s->state, &event)) {
  }
  return false;
}

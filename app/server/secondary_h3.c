// Secondary certificates over HTTP/3: see secondary_h3.h.
#include "server/secondary_h3.h"

// TLS that cannot carry authenticators leaves a session that proves nothing.
bool secondary_h3_ready(secondary *s, quic_tls *tls) {
  codicil_tls *exporter;
  codicil_err e = quic_tls_exporter(&exporter, tls);
  if (e == CODICIL_OK) {
    return secondary_tls_ready(s, exporter);
  }
  return e == CODICIL_UNSUPPORTED;
}

// HTTP/3 has no acknowledgement of SETTINGS before which all names could go out. So ORIGIN is sent
// once, when the client's SETTINGS tell what this connection may prove to it: who sees ORIGIN sees
// all of it.
bool secondary_h3_after_input(secondary *s) {
  if (!s->state || !secondary_take_events(s)) {
    return false;
  }
  secondary_send_origins(s, secondary_is_supported(s));
  return true;
}

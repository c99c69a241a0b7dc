// A stranger's program with GnuTLS: a session that was not prepared is refused.
#include <codicil/gnutls.h>

int main(void) {
  gnutls_session_t session;
  codicil_tls *tls = NULL;
  if (gnutls_init(&session, GNUTLS_CLIENT) != GNUTLS_E_SUCCESS) {
    return 1;
  }
  codicil_err err = codicil_gnutls_tls_new(&tls, session);
  gnutls_deinit(session);
  return err == CODICIL_USAGE && tls == NULL ? 0 : 1;
}

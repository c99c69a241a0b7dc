// A build without HTTP/3: see http3.h.
#include "client/http3.h"

bool client_http3_is_built(void) {
  return false;
}

bool client_http3_new(client_http3 **out, const client_http3_config *config, app_error *err) {
  (void)out;
  (void)config;
  return app_fail(err, "this program was built without HTTP/3");
}

void client_http3_free(client_http3 *http3) {
  (void)http3;
}

struct client_transport *client_http3_transport(client_http3 *http3, client_connection *connection,
                                                const codicil_address *address, uint16_t port) {
  (void)http3;
  (void)connection;
  (void)address;
  (void)port;
  return NULL;
}

// One URL: what is sent, what becomes of the response, and when it is tried again.
//
// The pool finds the connection; the request builds the message, hands the body to its output, and
// ends with a report. It is tried again where that is safe: the server did not process it, or it is
// idempotent and nothing of its body has left this process.
#ifndef APP_CLIENT_REQUEST_H
#define APP_CLIENT_REQUEST_H

#include "client/alt_svc_cache.h"
#include "client/connection.h"
#include "client/location.h"
#include "client/options.h"
#include "client/output.h"
#include "client/url.h"

typedef struct client_request client_request;

typedef enum client_request_state {
  CLIENT_REQUEST_QUEUED,    // for its turn to begin
  CLIENT_REQUEST_RESOLVING, // its host's addresses are being looked up
  CLIENT_REQUEST_HELD,      // for a connection that may become one of its origin's
  CLIENT_REQUEST_OPENING,   // a connection is being opened for it
  CLIENT_REQUEST_SENT,
  CLIENT_REQUEST_DONE
} client_request_state;

// What requests share; outlives them.
typedef struct client_request_context {
  const client_options *options;
  const client_verbose *verbose;
  alt_svc_cache *alt_svc; // NULL: Alt-Svc is ignored
  io_loop *loop;
  void (*news)(void *user); // a request needs a connection, or is done
  void *user;
} client_request_context;

struct client_request {
  client_exchange exchange; // first: the connection knows the request by it
  const client_request_context *context;
  report_request *report;
  client_request_state state;
  const client_request *after; // begins when this one is done; NULL: at once
  client_url url;
  bool has_url;
  client_location where;
  client_connection *connection; // CLIENT_REQUEST_OPENING and CLIENT_REQUEST_SENT
  bool opens;                    // `connection` is being opened for this request
  bool must_open;                // after 421: a connection of its own
  bool was_held;
  size_t num_connections; // that there were when it was first held; SIZE_MAX: it was not
  uint64_t asked;         // the pool's count of news when it was last asked where it may go
  size_t certificate;     // of the connection, by which the request goes there
  unsigned num_tries;
  ev_timer timer; // --max-time
  uint64_t start_ns;
  // The response.
  unsigned status;
  bool has_response; // a final header section came
  size_t header_len;
  codicil_buf header_text; // for -i and -I
  codicil_buf alt_svc;     // the field's values, joined
  int64_t age_s;           // of the response, by its Age field
  output out;
  bool has_output;
  size_t owed; // octets of the body that are held: their window is given back when they are not
};

// Reads the URL; a request that cannot be made is done at once.
void client_request_init(client_request *request, const client_request_context *context,
                         report_request *report, const char *url, const client_output *where);
// The connection, where there is one, must be gone or never run again.
void client_request_clear(client_request *request);
// Starts its clock.
void client_request_start(client_request *request);
// Sends it on its connection. False: it was not taken.
CODICIL_MUST_USE bool client_request_send(client_request *request);
// Ends it with one of curl's exit codes.
void client_request_fail(client_request *request, int exit_code, const char *format, ...)
    CODICIL_PRINTF(3, 4);
// Its connection is not its origin's any more: it is sent again elsewhere where that is safe, else
// it fails. `why` is a sentence.
void client_request_withdraw(client_request *request, const char *why);
// Its connection failed before it was sent.
void client_request_lost_connection(client_request *request);
// Standard output is free for it: writes what is held.
void client_request_take_turn(client_request *request);
// For the report: why it goes where it goes; what it goes by there (certificates of the connection,
// SIZE_MAX for none, and DNS); the times of the connection that was opened for it.
void client_request_note_reason(client_request *request, codicil_route_reason reason,
                                codicil_cert_reason cert_reason);
void client_request_note_sentence(client_request *request, const char *sentence);
void client_request_note_authority(client_request *request, size_t certificate, size_t proved_by);
void client_request_note_opened(client_request *request);
double client_request_seconds(const client_request *request, uint64_t at_ns);

#endif

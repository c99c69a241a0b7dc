// What is told of requests and connections when all is done: plain data, and the JSON document of
// --json. The man page codicil-get(1) describes the document; it is stable.
#ifndef APP_CLIENT_REPORT_H
#define APP_CLIENT_REPORT_H

#include <stdio.h>

#include "codicil/session.h"

enum { REPORT_SHA256_TEXT = 65, REPORT_REMOTE_TEXT = 64 };

// Seconds since the request was made, with curl's names; 0 where the step was not needed.
typedef struct report_times {
  double namelookup;
  double connect;
  double appconnect;
  double pretransfer;
  double starttransfer;
  double total;
} report_times;

// What DNS, or the user in its place, said of the request's host when it was asked.
typedef struct report_evidence {
  bool is_known; // an answer came
  bool is_given; // by --resolve or --connect-to, or the host is an address
  bool is_secure;
  double age; // in seconds, when the request was sent
  char **addresses;
  size_t num_addresses;
} report_evidence;

// One URL. Strings are owned, NULL where there is none.
typedef struct report_request {
  char *url;
  char *method;
  char *content_type;
  const char *http_version; // "2" or "3"
  char *file_name;          // where the body went, if to a file
  unsigned status;          // 0: no response
  uint64_t size;            // of the body, as received
  uint64_t size_upload;
  uint64_t size_header;
  uint64_t num_headers;
  size_t connection;                    // its id, SIZE_MAX for none
  bool coalesced;                       // the connection was opened for another origin
  unsigned num_connects;                // connections opened for this request
  char certificate[REPORT_SHA256_TEXT]; // that carries the authority; empty for none
  char proved_by[REPORT_SHA256_TEXT];   // that proves its Required Domain; empty for none
  report_evidence evidence;
  bool has_reason;
  codicil_route_reason reason;
  codicil_cert_reason cert_reason; // beside CODICIL_ROUTE_CERTIFICATE; LIMIT beside others
  char *sentence;                  // the same for a person; NULL where nothing was decided
  char remote_ip[REPORT_REMOTE_TEXT];
  uint16_t remote_port;
  char local_ip[REPORT_REMOTE_TEXT];
  uint16_t local_port;
  int exit_code;
  char *error;
  report_times times;
} report_request;

typedef struct report_certificate {
  char **names;
  size_t num_names;
  char sha256[REPORT_SHA256_TEXT];
  codicil_decision decision;
  codicil_cert_reason reason;
  size_t frames;
  size_t octets;
  char *sentence;   // why it is decided upon so
  const char *rule; // document and section; static
  char **required;  // the names of its Required Domain
  size_t num_required;
  const char *proven;                 // the one of them that satisfies it; NULL: none does
  char proved_by[REPORT_SHA256_TEXT]; // the certificate that proves that one; empty for none
  bool is_caa_anchor;
} report_certificate;

typedef struct report_connection {
  size_t id;
  char remote[REPORT_REMOTE_TEXT + 8];
  const char *protocol; // "h2" or "h3"
  char *tls;            // "TLSv1.3"; NULL before the handshake is complete
  char *sni;            // NULL: none was sent
  bool negotiated;
  bool has_primary;
  report_certificate primary;
  report_certificate *certificates; // the secondary ones
  size_t num_certificates;
  uint64_t octets_received, octets_sent; // on the socket, TLS included
  size_t skipped;                        // authenticators that the connection's limit passed over
  size_t ignored;                        // frames that came with the feature off
  bool has_origin_set;
  char **origins;
  size_t num_origins;
  bool is_closed;
  uint64_t closed_code;
  char *closed_name;
  char *closed_reason;
} report_connection;

typedef struct report_document {
  report_request *requests;
  size_t num_requests;
  report_connection *connections;
  size_t num_connections;
} report_document;

void report_request_clear(report_request *request);
void report_connection_clear(report_connection *connection);
void report_clear(report_document *r);

// Takes over what the session knows: support, certificates, Origin Set. `session` may be NULL.
// False: out of memory; the connection then lacks some of it.
bool report_connection_read(report_connection *connection, const codicil_session *session);
// Takes over the addresses of `evidence` in place of what was known before; fewer where memory runs
// out.
void report_evidence_read(report_evidence *out, const codicil_evidence *evidence);
// Writes 32 octets as lower-case hexadecimal with NUL.
void report_sha256(char out[REPORT_SHA256_TEXT], const uint8_t *sha256);
// Returns `bytes` as text that a terminal and JSON can show: what is not printable ASCII becomes
// '?'. NULL when out of memory.
char *report_printable(codicil_span bytes);
// Writes the document and a line end. False: it could not be written.
CODICIL_MUST_USE bool report_write_json(const report_document *r, FILE *out);
// Writes a table for people: URL, status, size, time, connection, certificate, why.
void report_write_table(const report_document *r, FILE *out);

#endif

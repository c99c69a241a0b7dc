// The access log: a line a request, in the combined format or as JSON, with the authority and the
// certificate that carried it.
//
// combined: ADDRESS - - [TIME] "METHOD PATH PROTOCOL" STATUS OCTETS "REFERER" "USER-AGENT"
//           "AUTHORITY" CERTIFICATE
// json:
// {"time","remote","connection","protocol","method","authority","path","status","octets","duration_us",
//           "referer","user_agent","certificate"}
//
// PROTOCOL is HTTP/2.0 or HTTP/3.0. CERTIFICATE is the SHA-256 of the certificate in hexadecimal,
// "-" or null where no certificate of the connection carries the authority.
#ifndef APP_SERVER_ACCESS_LOG_H
#define APP_SERVER_ACCESS_LOG_H

#include "codicil/codicil.h"
#include "server/request.h"

// Of one worker: whole lines are gathered, and written at once or after a second.
typedef struct access_log {
  int fd; // -1: off; borrowed; better one that does not block
  bool is_pipe;
  bool has_given_up; // to wait for a reader that takes nothing
  bool is_json;
  size_t len;
  char *lines;
} access_log;

CODICIL_MUST_USE bool access_log_init(access_log *log, int fd, bool is_json);
void access_log_clear(access_log *log);
static inline bool access_log_is_on(const access_log *log) {
  return log->fd >= 0;
}
typedef struct access_log_client {
  uint64_t connection; // its number in this process
  const char *remote;  // its address
  const char *protocol;
} access_log_client;

// Adds a line for a request that is over.
void access_log_add(access_log *log, const request *r, const access_log_client *client,
                    codicil_now now);
// Writes what was gathered; what a descriptor that does not block refuses is kept.
void access_log_flush(access_log *log);

#endif

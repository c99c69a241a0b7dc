// A DNS server for tests: a thread on a loopback port of its own, UDP and TCP, that answers from a
// table and misbehaves where the table says so.
//
// It is authoritative for everything: names that the table does not have do not exist. CNAMEs are
// followed within the table, as a recursive server does.
#ifndef CODICIL_TESTS_DNS_SERVER_H
#define CODICIL_TESTS_DNS_SERVER_H

#include <stddef.h>
#include <stdint.h>

// In place of a record's type: what happens to questions for the name, of any type; with data "A"
// or "AAAA" only of that one.
enum {
  DNS_SERVER_FAILS = -1,  // SERVFAIL
  DNS_SERVER_SILENT = -2, // no answer at all
  DNS_SERVER_TCP = -3,    // truncated over UDP, so that TCP is asked
  DNS_SERVER_LATE = -4    // answered once dns_server_release is called
};

typedef struct dns_server_record {
  const char *name;
  int type;         // 1 A, 5 CNAME, 28 AAAA, 257 CAA, or one of the above
  const char *data; // an address, a name, or "FLAGS TAG VALUE"
  uint32_t ttl_s;
} dns_server_record;

enum { DNS_SERVER_NEGATIVE_TTL_S = 90 }; // of what does not exist

typedef struct dns_server dns_server;
// `records` are borrowed. NULL: no port could be had.
dns_server *dns_server_start(const dns_server_record *records, size_t num_records);
void dns_server_stop(dns_server *server);
// "127.0.0.1:PORT"; lives as long as the server.
const char *dns_server_address(const dns_server *server);
// Questions so far, repeated ones included.
size_t dns_server_num_questions(dns_server *server);
// Returns once there have been `num`.
void dns_server_await_questions(dns_server *server, size_t num);
// Sends what is late, now and from now on.
void dns_server_release(dns_server *server);

#endif

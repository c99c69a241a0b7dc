// DNS by libunbound: asynchronous on a loop, or waited for by a command that has nothing else to
// do.
//
// Servers are those of resolv.conf, or those the caller names; /etc/hosts counts for addresses, and
// for nothing else: a name in it has the CAA records that DNS has. With a trust anchor answers are
// validated (RFC 4033): a bogus one is a failure. Answers are kept by libunbound until their TTL
// ends. "localhost" and what is below it is this machine (RFC 6761 §6.3) and is never sent
// anywhere.
#ifndef APP_IO_DNS_H
#define APP_IO_DNS_H

#include "codicil/codicil.h"
#include "io/error.h"
#include "io/loop.h"

enum { DNS_A = 1, DNS_CNAME = 5, DNS_AAAA = 28, DNS_CAA = 257 };
enum { DNS_RECORDS_MAX = 64, DNS_TIMEOUT_MS = 10000 };

typedef struct dns_options {
  const char *const
      *servers; // "192.0.2.1", "192.0.2.1:5300", "[2001:db8::1]:53"; none: resolv.conf
  size_t num_servers;
  const char *trust_anchor; // file of DS or DNSKEY records; NULL: nothing is validated
  uint64_t timeout_ms;      // of one question; 0: DNS_TIMEOUT_MS, as long as other resolvers ask
} dns_options;

typedef enum dns_state {
  DNS_ANSWERED, // there are records
  DNS_NO_DATA,  // the name exists, or not even that (`is_nxdomain`): no records of this type
  DNS_FAILED    // SERVFAIL, a timeout, a bogus answer: nothing is known
} dns_state;

typedef struct dns_answer {
  dns_state state;
  bool is_nxdomain;
  bool is_secure;              // validated with DNSSEC
  const char *canonical_name;  // where CNAMEs led, without the last dot; NULL: nowhere
  const char *why;             // DNS_FAILED: in words
  uint32_t ttl_s;              // of the answer, negative ones included
  const codicil_span *records; // RDATA as on the wire; more than DNS_RECORDS_MAX are a failure
  size_t num_records;
} dns_answer;

// Tells whether dns_options would take `text` as a server; `err` says why not.
CODICIL_MUST_USE bool dns_server_check(const char *text, app_error *err);

typedef struct dns_resolver dns_resolver;
// `loop` may be NULL for a resolver that is only waited on. `err` names the server or file that is
// of no use.
CODICIL_MUST_USE bool dns_resolver_new(dns_resolver **out, io_loop *loop,
                                       const dns_options *options, app_error *err);
// Open queries are cancelled: their callbacks are not called. Not from within a callback.
void dns_resolver_free(dns_resolver *resolver);

// Called from the loop, never from within dns_ask. `answer` is borrowed for the call.
typedef void dns_callback(void *user, const dns_answer *answer);
typedef struct dns_query dns_query;
// Asks for the records of `type` at `name` (normalised, or as RFC 8659 climbs). NULL: out of
// memory.
dns_query *dns_ask(dns_resolver *resolver, const char *name, int type, dns_callback *callback,
                   void *user);
// `query`'s callback is not called.
void dns_cancel(dns_query *query);
// Asks and waits; calls `callback` once before it returns, unless memory runs out (false).
// Callbacks of what was asked before may be called meanwhile.
CODICIL_MUST_USE bool dns_ask_and_wait(dns_resolver *resolver, const char *name, int type,
                                       dns_callback *callback, void *user);

#endif

// DNS by libunbound: see dns.h.
//
// libunbound works in a thread of its own and tells by a file descriptor that it has answers, so
// nothing here waits or locks. It is given no chance to recurse from the root: it asks the servers
// it is told, or those of resolv.conf. There are two contexts, because what /etc/hosts says of a
// name would be all that a context knows of it, CAA records included. Each takes a millisecond to
// make and is made when it is first asked: most commands ask one of them, or none.
#include "io/dns.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unbound.h>

#include "codicil/name.h"
#include "io/address.h"
#include "io/clock.h"
#include "io/file.h"

enum {
  CLASS_IN = 1,
  RCODE_NOERROR = 0,
  RCODE_NXDOMAIN = 3,
  ANCHORS_MAX_LEN = 1024 * 1024,
  LOCALHOST_TTL_S = 10800 // RFC 6761 gives none; that of the zone in RFC 1912 §4.1
};

enum { SERVER_TEXT_MAX = IO_ADDRESS_TEXT_MAX + 8 };

typedef enum dns_kind { KIND_ADDRESSES, KIND_OTHERS, NUM_KINDS } dns_kind;

typedef struct dns_half {
  dns_resolver *resolver;
  struct ub_ctx *ctx; // NULL before it is asked
  ev_io io;
  bool is_watched;
} dns_half;

struct dns_resolver {
  io_loop *loop;
  dns_half halves[NUM_KINDS];
  char (*servers)[SERVER_TEXT_MAX]; // as libunbound wants them
  size_t num_servers;
  dns_query *queries;
  uint64_t timeout_ms;
};

struct dns_query {
  dns_resolver *resolver;
  dns_half *half;
  dns_callback *callback;
  void *user;
  ev_timer timer; // until it has taken too long, or none where the answer is known already
  bool is_asked;  // libunbound has it, by `id`
  int id;
  int type;
  bool is_localhost;
  const char *why; // it could not be asked
  dns_query *next;
};

// ---- queries ------------------------------------------------------------------------------------

static void forget(dns_query *query) {
  dns_resolver *resolver = query->resolver;
  for (dns_query **at = &resolver->queries; *at != NULL; at = &(*at)->next) {
    if (*at == query) {
      *at = query->next;
      break;
    }
  }
  if (resolver->loop != NULL) {
    ev_timer_stop(resolver->loop->ev, &query->timer);
  }
  free(query);
}

void dns_cancel(dns_query *query) {
  if (query->is_asked) {
    ub_cancel(query->half->ctx, query->id);
  }
  forget(query);
}

// Forgets it first: the callback may ask again, or cancel others.
static void answer(dns_query *query, const dns_answer *what) {
  dns_callback *callback = query->callback;
  void *user = query->user;
  dns_cancel(query);
  callback(user, what);
}

// RFC 6761 §6.3: loopback addresses, no data of other types, and no server is asked.
static void answer_localhost(dns_query *query) {
  static const uint8_t ipv4[4] = {127, 0, 0, 1};
  static const uint8_t ipv6[16] = {[15] = 1};
  codicil_span record = query->type == DNS_A ? codicil_span_of(ipv4, sizeof ipv4)
                                             : codicil_span_of(ipv6, sizeof ipv6);
  bool is_address = query->type == DNS_A || query->type == DNS_AAAA;
  dns_answer what = {.state = is_address ? DNS_ANSWERED : DNS_NO_DATA,
                     .ttl_s = LOCALHOST_TTL_S,
                     .records = &record,
                     .num_records = is_address ? 1 : 0};
  answer(query, &what);
}

// What is answered without libunbound: localhost, what could not be asked, and what took too long.
static void answer_ourselves(dns_query *query) {
  if (query->is_localhost) {
    answer_localhost(query);
    return;
  }
  char why[80];
  snprintf(why, sizeof why, "no DNS server answered within %.3g seconds",
           (double)query->resolver->timeout_ms / 1e3);
  dns_answer what = {.state = DNS_FAILED, .why = query->why != NULL ? query->why : why};
  answer(query, &what);
}

static void on_timer(struct ev_loop *ev, ev_timer *timer, int events) {
  (void)ev;
  (void)events;
  answer_ourselves(timer->data);
}

// ---- what libunbound says -----------------------------------------------------------------------

static const char *words_of(const struct ub_result *result) {
  if (result->bogus) {
    return result->why_bogus != NULL ? result->why_bogus : "DNSSEC validation failed";
  }
  switch (result->rcode) {
  case 1:
    return "the DNS server could not read the question (FORMERR)";
  case 2:
    return "the DNS server failed (SERVFAIL)";
  case 4:
    return "the DNS server does not know how (NOTIMP)";
  case 5:
    return "the DNS server refused (REFUSED)";
  default:
    return "the DNS server answered with an error";
  }
}

// "www.example." → "www.example"; NULL where CNAMEs led nowhere else.
static const char *canonical_of(char *out, size_t out_len, const struct ub_result *result) {
  const char *name = result->canonname;
  size_t len = name != NULL ? strlen(name) : 0;
  len -= len > 0 && name[len - 1] == '.' ? 1 : 0;
  size_t asked_len = strlen(result->qname);
  asked_len -= asked_len > 0 && result->qname[asked_len - 1] == '.' ? 1 : 0;
  if (len == 0 || len >= out_len ||
      (len == asked_len && strncasecmp(name, result->qname, len) == 0)) {
    return NULL;
  }
  memcpy(out, name, len);
  out[len] = '\0';
  return out;
}

// False: there are more records than are taken.
static bool take_records(codicil_span *records, dns_answer *what, const struct ub_result *result) {
  if (!result->havedata || result->data == NULL) {
    return true;
  }
  for (size_t i = 0; result->data[i] != NULL; i++) {
    if (i == DNS_RECORDS_MAX || result->len[i] < 0) {
      return false;
    }
    records[i] = codicil_span_of(result->data[i], (size_t)result->len[i]);
    what->num_records = i + 1;
  }
  return true;
}

static void answer_result(dns_query *query, const struct ub_result *result) {
  codicil_span records[DNS_RECORDS_MAX];
  char canonical[CODICIL_DNS_NAME_MAX * 4 + 2]; // escapes included
  dns_answer what = {.state = DNS_FAILED, .records = records};
  bool is_error = result->rcode != RCODE_NOERROR && result->rcode != RCODE_NXDOMAIN;
  // A bogus answer may carry data; it must not be looked at.
  if (result->bogus || is_error) {
    what.why = words_of(result);
  } else if (!take_records(records, &what, result)) {
    what = (dns_answer){.state = DNS_FAILED, .why = "there are more records than are read"};
  } else {
    what.state = what.num_records > 0 ? DNS_ANSWERED : DNS_NO_DATA;
    what.is_nxdomain = result->nxdomain;
    what.is_secure = result->secure;
    what.canonical_name = canonical_of(canonical, sizeof canonical, result);
    what.ttl_s = result->ttl > 0 ? (uint32_t)result->ttl : 0;
  }
  answer(query, &what);
}

static void on_result(void *user, int error, struct ub_result *result) {
  dns_query *query = user;
  query->is_asked = false; // libunbound has forgotten it
  if (error != 0 || result == NULL) {
    query->why = ub_strerror(error);
    answer_ourselves(query);
  } else {
    answer_result(query, result);
  }
  ub_resolve_free(result);
}

static void process(dns_half *half) {
  // It fails when the thread is gone; time then fails what is open.
  if (ub_process(half->ctx) != 0 && half->is_watched) {
    ev_io_stop(half->resolver->loop->ev, &half->io);
    half->is_watched = false;
  }
}

static void on_readable(struct ev_loop *ev, ev_io *io, int events) {
  (void)ev;
  (void)events;
  process(io->data);
}

// ---- setting up ---------------------------------------------------------------------------------

// "192.0.2.1:53" → libunbound's "192.0.2.1@53".
static bool read_server(char out[SERVER_TEXT_MAX], const char *text, app_error *err) {
  io_address address;
  char host[IO_ADDRESS_TEXT_MAX];
  // Empty and "*", every address, are none of a server.
  if (text[0] == '\0' || text[0] == '*' || text[0] == ':' ||
      !io_address_parse(&address, text, 53) || io_address_port(&address) == 0) {
    // "::1" begins with a colon, and is an address.
    codicil_address bare;
    if (!codicil_address_parse(&bare, codicil_span_of(text, strlen(text))) ||
        !io_address_from_octets(&address, codicil_span_of(bare.octets, bare.len), 53)) {
      return app_fail(err, "DNS server %.100s: not an address, or an address with a port", text);
    }
  }
  io_address_format_host(&address, host, sizeof host);
  snprintf(out, SERVER_TEXT_MAX, "%s@%u", host, (unsigned)io_address_port(&address));
  return true;
}

bool dns_server_check(const char *text, app_error *err) {
  char server[SERVER_TEXT_MAX];
  return read_server(server, text, err);
}

static bool read_servers(dns_resolver *resolver, const dns_options *options, app_error *err) {
  resolver->servers = calloc(options->num_servers + 1, sizeof *resolver->servers);
  if (resolver->servers == NULL) {
    return app_fail(err, "out of memory");
  }
  resolver->num_servers = options->num_servers;
  for (size_t i = 0; i < options->num_servers; i++) {
    if (!read_server(resolver->servers[i], options->servers[i], err)) {
      return false;
    }
  }
  return true;
}

static bool set_servers(struct ub_ctx *ctx, const dns_resolver *resolver, app_error *err) {
  for (size_t i = 0; i < resolver->num_servers; i++) {
    if (ub_ctx_set_fwd(ctx, resolver->servers[i]) != 0) {
      return app_fail(err, "DNS server %s: libunbound does not take it", resolver->servers[i]);
    }
  }
  // resolv.conf(5): without a server in it, or without the file, it is this machine's.
  return resolver->num_servers > 0 || ub_ctx_resolvconf(ctx, NULL) == 0 ||
         ub_ctx_set_fwd(ctx, "127.0.0.1") == 0 ||
         app_fail(err, "/etc/resolv.conf: no DNS servers in it");
}

// libunbound takes a file without anchors for a wish not to validate, and says nothing.
static bool has_anchor(char *text) {
  char *lines = NULL;
  for (char *line = strtok_r(text, "\n", &lines); line; line = strtok_r(NULL, "\n", &lines)) {
    line[strcspn(line, ";")] = '\0';
    char *words = NULL;
    for (char *word = strtok_r(line, " \t\r", &words); word;
         word = strtok_r(NULL, " \t\r", &words)) {
      if (strcasecmp(word, "DS") == 0 || strcasecmp(word, "DNSKEY") == 0) {
        return true;
      }
    }
  }
  return false;
}

static bool set_anchor(struct ub_ctx *ctx, const char *path, app_error *err) {
  codicil_buf text;
  codicil_buf_init(&text, NULL, ANCHORS_MAX_LEN);
  bool ok = file_read(&text, path, err);
  if (ok) {
    ok = (codicil_buf_append(&text, codicil_span_of("", 1)) == CODICIL_OK &&
          has_anchor((char *)text.data) && ub_ctx_add_ta_file(ctx, path) == 0) ||
         app_fail(err, "%.300s: no DNSSEC trust anchor (DS or DNSKEY) in it", path);
  }
  codicil_buf_clear(&text);
  return ok;
}

// Servers on loopback are ordinary ones here, and nobody is told which anchors we have (RFC 8145).
static bool set_options(struct ub_ctx *ctx) {
  return ub_ctx_debugout(ctx, NULL) == 0 && ub_ctx_async(ctx, 1) == 0 &&
         ub_ctx_set_option(ctx, "do-not-query-localhost:", "no") == 0 &&
         ub_ctx_set_option(ctx, "trust-anchor-signaling:", "no") == 0;
}

// What libunbound says itself, as a server for a whole network should: that these have no names. A
// laboratory or a home has some, and "none" would be taken for an answer: without CAA records any
// CA may issue.
//
//= https://www.rfc-editor.org/rfc/rfc6761#section-6.2
//# Name resolution APIs and libraries SHOULD NOT recognize test names as special
//
// RFC 8375 §4 has the same of home.arpa.
static bool ask_for_all(struct ub_ctx *ctx) {
  return ub_ctx_zone_remove(ctx, "test.") == 0 && ub_ctx_zone_remove(ctx, "home.arpa.") == 0;
}

static bool set_up(struct ub_ctx *ctx, const dns_half *half, const char *trust_anchor,
                   app_error *err) {
  const dns_resolver *resolver = half->resolver;
  if (!set_options(ctx)) {
    return app_fail(err, "DNS: libunbound cannot be set up");
  }
  if (!set_servers(ctx, resolver, err) ||
      (trust_anchor != NULL && !set_anchor(ctx, trust_anchor, err))) {
    return false;
  }
  if (half == &resolver->halves[KIND_ADDRESSES]) {
    ub_ctx_hosts(ctx, NULL); // a machine may have no such file
  }
  // Files are read at the first call that needs them: now, while the error can be told.
  return ask_for_all(ctx) ||
         (trust_anchor != NULL
              ? app_fail(err, "%.300s: not a file of DNSSEC trust anchors", trust_anchor)
              : app_fail(err, "DNS: libunbound cannot be set up"));
}

static bool init_half(dns_half *half, const char *trust_anchor, app_error *err) {
  const dns_resolver *resolver = half->resolver;
  struct ub_ctx *ctx = ub_ctx_create();
  if (ctx == NULL) {
    return app_fail(err, "DNS: libunbound cannot be set up");
  }
  if (!set_up(ctx, half, trust_anchor, err)) {
    ub_ctx_delete(ctx);
    return false;
  }
  half->ctx = ctx;
  if (resolver->loop != NULL) {
    ev_io_init(&half->io, on_readable, ub_fd(half->ctx), EV_READ);
    half->io.data = half;
    ev_io_start(resolver->loop->ev, &half->io);
    half->is_watched = true;
  }
  return true;
}

// ---- asking -------------------------------------------------------------------------------------

static bool is_localhost(const char *name) {
  static const char word[] = "localhost";
  size_t len = strlen(name), word_len = sizeof word - 1;
  return len >= word_len && strcasecmp(name + len - word_len, word) == 0 &&
         (len == word_len || name[len - word_len - 1] == '.');
}

static void hand_over(dns_query *query, const char *name) {
  dns_half *half = query->half;
  app_error err;
  if (half->ctx == NULL && !init_half(half, NULL, &err)) {
    query->why = "libunbound cannot be set up";
    return;
  }
  int error =
      ub_resolve_async(half->ctx, name, query->type, CLASS_IN, query, on_result, &query->id);
  query->is_asked = error == 0;
  query->why = error != 0 ? ub_strerror(error) : NULL;
}

static dns_query *begin(dns_resolver *resolver, const char *name, int type, dns_callback *callback,
                        void *user) {
  bool is_address = type == DNS_A || type == DNS_AAAA;
  dns_query *query = calloc(1, sizeof *query);
  if (query == NULL) {
    return NULL;
  }
  *query = (dns_query){.resolver = resolver,
                       .half = &resolver->halves[is_address ? KIND_ADDRESSES : KIND_OTHERS],
                       .callback = callback,
                       .user = user,
                       .type = type,
                       .is_localhost = is_localhost(name),
                       .next = resolver->queries};
  if (!query->is_localhost) {
    hand_over(query, name);
  }
  resolver->queries = query;
  return query;
}

dns_query *dns_ask(dns_resolver *resolver, const char *name, int type, dns_callback *callback,
                   void *user) {
  dns_query *query = begin(resolver, name, type, callback, user);
  if (query != NULL) {
    double seconds = query->is_asked ? (double)resolver->timeout_ms / 1e3 : 0.;
    ev_timer_init(&query->timer, on_timer, seconds, 0.);
    query->timer.data = query;
    ev_timer_start(resolver->loop->ev, &query->timer);
  }
  return query;
}

typedef struct waited {
  dns_callback *callback;
  void *user;
  bool is_done;
} waited;

static void on_waited(void *user, const dns_answer *what) {
  waited *w = user;
  w->is_done = true;
  w->callback(w->user, what);
}

// Until `w` is done or `until_ns` has come.
static void wait_for(dns_half *half, const waited *w, uint64_t until_ns) {
  while (!w->is_done) {
    uint64_t now_ns = io_clock_now().mono_ns;
    struct pollfd ready = {.fd = ub_fd(half->ctx), .events = POLLIN};
    if (now_ns >= until_ns) {
      return;
    }
    int left_ms = (int)((until_ns - now_ns) / 1000000) + 1;
    if ((poll(&ready, 1, left_ms) < 0 && errno != EINTR) ||
        ((ready.revents & (POLLIN | POLLERR | POLLHUP)) != 0 && ub_process(half->ctx) != 0)) {
      return;
    }
  }
}

bool dns_ask_and_wait(dns_resolver *resolver, const char *name, int type, dns_callback *callback,
                      void *user) {
  waited w = {callback, user, false};
  dns_query *query = begin(resolver, name, type, on_waited, &w);
  if (query == NULL) {
    return false;
  }
  if (query->is_asked) {
    wait_for(query->half, &w, io_clock_now().mono_ns + resolver->timeout_ms * 1000000);
  }
  if (!w.is_done) {
    answer_ourselves(query);
  }
  return true;
}

// ---- the resolver -------------------------------------------------------------------------------

bool dns_resolver_new(dns_resolver **out, io_loop *loop, const dns_options *options,
                      app_error *err) {
  dns_resolver *resolver = calloc(1, sizeof *resolver);
  if (resolver == NULL) {
    return app_fail(err, "out of memory");
  }
  resolver->loop = loop;
  resolver->timeout_ms = options->timeout_ms != 0 ? options->timeout_ms : DNS_TIMEOUT_MS;
  bool ok = read_servers(resolver, options, err);
  for (dns_kind kind = 0; ok && kind < NUM_KINDS; kind++) {
    dns_half *half = &resolver->halves[kind];
    half->resolver = resolver;
    // What is wrong with a file is told before anything is asked.
    ok = options->trust_anchor == NULL || init_half(half, options->trust_anchor, err);
  }
  if (!ok) {
    dns_resolver_free(resolver);
    return false;
  }
  *out = resolver;
  return true;
}

void dns_resolver_free(dns_resolver *resolver) {
  if (resolver == NULL) {
    return;
  }
  while (resolver->queries != NULL) {
    dns_cancel(resolver->queries);
  }
  for (dns_kind kind = 0; kind < NUM_KINDS; kind++) {
    dns_half *half = &resolver->halves[kind];
    if (half->is_watched) {
      ev_io_stop(resolver->loop->ev, &half->io);
    }
    ub_ctx_delete(half->ctx);
  }
  free(resolver->servers);
  free(resolver);
}

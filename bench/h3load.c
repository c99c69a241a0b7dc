// A load generator for HTTP/3, as h2load is one for HTTP/2: one thread, GET, every request must
// succeed. With --validate it is a client that negotiates secondary certificates and validates
// every chain, the handshake's and theirs; with --certificates it waits for so many of them on each
// connection. Prints one JSON object; CPU is its own, all of it.
//
// usage: h3load [-n REQUESTS] [-c CLIENTS] [-m STREAMS] [-r REQUESTS-A-CONNECTION]
//               [--sni NAME] [--validate] [--certificates NUM] [--ca FILE] ADDRESS:PORT PATH
#include <getopt.h>
#include <string.h>
#include <sys/resource.h>

#include "bench.h"
#include "io/h3.h"
#include "io/tls_trust.h"

typedef struct load {
  // Options.
  size_t num, clients, streams, per_connection, certificates;
  bool validates;
  const char *sni, *path;
  char authority[320];
  io_address remote;
  // What all connections share.
  io_loop loop;
  quic_stack *stack;
  quic_tls_context *tls;
  codicil_config *config;
  codicil_trust *trust;
  codicil_chain_cache *cache;
  // What happened.
  size_t to_send, succeeded, handshakes, certificates_accepted;
  uint64_t body_octets, octets_in, octets_out, packets_in, packets_out;
} load;

typedef struct client {
  load *load;
  io_h3 *h3;
  codicil_session *session;
  size_t to_send, open, certificates;
  bool has_failed;
} client;

static void connect_one(load *l);

// ---- requests -----------------------------------------------------------------------------------

static nghttp3_nv field(const char *name, const char *value) {
  return (nghttp3_nv){(uint8_t *)name, (uint8_t *)value, strlen(name), strlen(value),
                      NGHTTP3_NV_FLAG_NO_COPY_NAME | NGHTTP3_NV_FLAG_NO_COPY_VALUE};
}

static void submit(client *c) {
  const load *l = c->load;
  const nghttp3_nv fields[] = {field(":method", "GET"), field(":scheme", "https"),
                               field(":authority", l->authority), field(":path", l->path),
                               field("user-agent", "h3load")};
  while (c->to_send > 0 && c->open < l->streams) {
    int64_t stream =
        io_h3_submit_request(c->h3, fields, sizeof fields / sizeof *fields, NULL, NULL);
    if (stream < 0) {
      return; // until more streams are allowed
    }
    c->to_send--;
    c->open++;
  }
}

static void end_when_done(client *c) {
  if (c->to_send == 0 && c->open == 0 && c->certificates >= c->load->certificates) {
    io_h3_close(c->h3, NGHTTP3_H3_NO_ERROR, NULL);
  }
}

static int on_field(nghttp3_conn *conn, int64_t stream, int32_t token, nghttp3_rcbuf *name,
                    nghttp3_rcbuf *value, uint8_t flags, void *user, void *stream_user) {
  client *c = io_h3_user(user);
  nghttp3_vec text = nghttp3_rcbuf_get_buf(value);
  (void)conn;
  (void)stream;
  (void)name;
  (void)flags;
  (void)stream_user;
  if (token == NGHTTP3_QPACK_TOKEN__STATUS) {
    c->has_failed |= text.len != 3 || memcmp(text.base, "200", 3) != 0;
  }
  return 0;
}

static int on_data(nghttp3_conn *conn, int64_t stream, const uint8_t *data, size_t len, void *user,
                   void *stream_user) {
  client *c = io_h3_user(user);
  (void)conn;
  (void)data;
  (void)stream_user;
  c->load->body_octets += len;
  io_h3_consume(c->h3, stream, len);
  return 0;
}

static int on_end(nghttp3_conn *conn, int64_t stream, void *user, void *stream_user) {
  client *c = io_h3_user(user);
  (void)conn;
  (void)stream;
  (void)stream_user;
  c->load->succeeded += !c->has_failed;
  return 0;
}

static int on_stream_close(nghttp3_conn *conn, int64_t stream, uint64_t code, void *user,
                           void *stream_user) {
  client *c = io_h3_user(user);
  (void)conn;
  (void)stream;
  (void)code;
  (void)stream_user;
  c->open--;
  submit(c);
  end_when_done(c);
  return 0;
}

// ---- connections --------------------------------------------------------------------------------

static bool judge(void *user, const codicil_chain_entry *chain, size_t num_entries) {
  client *c = user;
  const load *l = c->load;
  codicil_chain_verdict verdict;
  if (!l->validates) {
    return true; // as the other load generators
  }
  CHECK(codicil_chain_validate(&verdict, NULL, l->trust, NULL, l->cache, chain, num_entries,
                               l->loop.now.unix_s) == CODICIL_OK);
  return verdict.reason == CODICIL_CERT_NONE &&
         codicil_session_set_primary(c->session, chain, num_entries) == CODICIL_OK;
}

static void on_start(void *user) {
  client *c = user;
  nghttp3_settings settings;
  nghttp3_settings_default(&settings);
  settings.qpack_max_dtable_capacity = 4096; // as curl and gtlsclient
  settings.qpack_blocked_streams = 100;
  if (io_h3_begin(c->h3, c->session, NULL, &settings, 0)) {
    submit(c);
  }
}

static void on_ready(void *user) {
  client *c = user;
  codicil_tls *tls;
  c->load->handshakes++;
  if (c->load->validates) {
    CHECK(quic_tls_exporter(&tls, quic_connection_tls(io_h3_quic(c->h3))) == CODICIL_OK);
    CHECK(codicil_session_tls_ready(c->session, tls) == CODICIL_OK);
  }
}

static bool is_accepted(const client *c, size_t index) {
  codicil_certificate_info info;
  return codicil_session_certificate(c->session, &info, index) && !info.is_primary &&
         info.decision == CODICIL_ACCEPTED;
}

static void on_turn(void *user) {
  client *c = user;
  codicil_event event;
  while (codicil_session_next_event(c->session, &event)) {
    if (event.type == CODICIL_EVENT_CERTIFICATE && is_accepted(c, event.index)) {
      c->certificates++;
      c->load->certificates_accepted++;
    }
  }
  end_when_done(c);
}

static void on_more_streams(void *user) {
  submit(user);
}

static void on_closed(void *user) {
  client *c = user;
  load *l = c->load;
  quic_stats stats;
  const quic_end *end = quic_connection_end(io_h3_quic(c->h3));
  if (end->how != QUIC_END_LOCAL || end->code != NGHTTP3_H3_NO_ERROR) {
    fprintf(stderr, "h3load: connection ended: how %d, code %llu, %s\n", (int)end->how,
            (unsigned long long)end->code, end->reason);
  }
  quic_connection_stats(io_h3_quic(c->h3), &stats);
  l->octets_in += stats.octets_in;
  l->octets_out += stats.octets_out;
  l->packets_in += stats.packets_in;
  l->packets_out += stats.packets_out;
  io_h3_free(c->h3);
  codicil_session_free(c->session);
  free(c);
  connect_one(l);
}

static const io_h3_handler handler = {
    .start = on_start,
    .ready = on_ready,
    .turn = on_turn,
    .more_streams = on_more_streams,
    .closed = on_closed,
    .http = {.recv_header = on_field,
             .recv_data = on_data,
             .end_stream = on_end,
             .stream_close = on_stream_close},
};

static void set_peer(client *c) {
  const load *l = c->load;
  codicil_peer peer = {.port = io_address_port(&l->remote), .sent_sni = true};
  CHECK(codicil_address_from_octets(&peer.address, io_address_octets(&l->remote)));
  CHECK(codicil_origin_parse_authority(&peer.origin,
                                       codicil_span_of(l->authority, strlen(l->authority))));
  CHECK(codicil_session_set_peer(c->session, &peer) == CODICIL_OK);
}

static void connect_one(load *l) {
  app_error err;
  if (l->to_send == 0) {
    return;
  }
  client *c = calloc(1, sizeof *c);
  CHECK(c);
  c->load = l;
  c->to_send = l->per_connection < l->to_send ? l->per_connection : l->to_send;
  l->to_send -= c->to_send;
  CHECK(codicil_session_new(&c->session, NULL, l->config, CODICIL_CLIENT) == CODICIL_OK);
  set_peer(c);
  c->h3 = io_h3_new(&l->loop, false, &handler, c);
  CHECK(c->h3);
  if (!io_h3_connect(c->h3, l->stack, l->tls, l->sni, &l->remote, c, &err)) {
    fprintf(stderr, "h3load: %s\n", err.text);
    exit(1);
  }
}

// ---- the run ------------------------------------------------------------------------------------

static void prepare(load *l, const char *ca) {
  static const quic_tls_client_config tls = {judge};
  static const quic_config quic = {.stream_window = 1024 * 1024,
                                   .connection_window = 16 * 1024 * 1024,
                                   .handshake_ms = 60000,
                                   .idle_ms = 60000};
  app_error err = {"out of memory"};
  CHECK(codicil_config_new(&l->config, NULL) == CODICIL_OK);
  codicil_config_set_offer(l->config, l->validates);
  codicil_config_set_validate_at_once(l->config, true);
  CHECK(codicil_trust_new(&l->trust, NULL) == CODICIL_OK);
  CHECK(codicil_chain_cache_new(&l->cache, NULL, 64) == CODICIL_OK);
  codicil_config_set_trust(l->config, l->trust);
  codicil_config_set_chain_cache(l->config, l->cache);
  if ((ca && !tls_trust_read(l->trust, ca, NULL, &err)) || !io_loop_init(&l->loop, &err) ||
      !quic_tls_client_new(&l->tls, &tls, &err) ||
      !quic_stack_new(&l->stack, &l->loop, &quic, NULL, 0, NULL, &err)) {
    fprintf(stderr, "h3load: %s\n", err.text);
    exit(1);
  }
}

static void clear(load *l) {
  quic_stack_free(l->stack);
  quic_tls_context_free(l->tls);
  io_loop_clear(&l->loop);
  codicil_config_free(l->config);
  codicil_chain_cache_free(l->cache);
  codicil_trust_free(l->trust);
}

static double seconds(struct timeval t) {
  return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static void report(const load *l, double elapsed_s) {
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  printf("{\"requests\": %zu, \"succeeded\": %zu, \"seconds\": %.6f, \"requests_per_s\": %.1f, "
         "\"handshakes\": %zu, \"handshakes_per_s\": %.1f, \"certificates\": %zu, ",
         l->num, l->succeeded, elapsed_s, (double)l->succeeded / elapsed_s, l->handshakes,
         (double)l->handshakes / elapsed_s, l->certificates_accepted);
  printf("\"body_octets\": %llu, \"octets_in\": %llu, \"octets_out\": %llu, \"packets_in\": %llu, "
         "\"packets_out\": %llu, \"cpu_us\": %.0f}\n",
         (unsigned long long)l->body_octets, (unsigned long long)l->octets_in,
         (unsigned long long)l->octets_out, (unsigned long long)l->packets_in,
         (unsigned long long)l->packets_out,
         (seconds(used.ru_utime) + seconds(used.ru_stime)) * 1e6);
}

static size_t number(const char *text) {
  char *end;
  unsigned long value = strtoul(text, &end, 10);
  CHECK(*text != '\0' && *end == '\0');
  return value;
}

static size_t *count_of(load *l, int option) {
  switch (option) {
  case 'n':
    return &l->num;
  case 'c':
    return &l->clients;
  case 'm':
    return &l->streams;
  case 'r':
    return &l->per_connection;
  default:
    return &l->certificates;
  }
}

static const char *read_options(load *l, int argc, char **argv) {
  enum { SNI = 256, VALIDATE, CERTIFICATES, CA };
  static const struct option options[] = {{"sni", required_argument, NULL, SNI},
                                          {"validate", no_argument, NULL, VALIDATE},
                                          {"certificates", required_argument, NULL, CERTIFICATES},
                                          {"ca", required_argument, NULL, CA},
                                          {NULL, 0, NULL, 0}};
  const char *ca = NULL;
  for (int c; (c = getopt_long(argc, argv, "n:c:m:r:", options, NULL)) != -1;) {
    CHECK(c != '?');
    if (c == SNI) {
      l->sni = optarg;
    } else if (c == CA) {
      ca = optarg;
    } else if (c == VALIDATE) {
      l->validates = true;
    } else {
      *count_of(l, c) = number(optarg);
    }
  }
  CHECK(argc == optind + 2 && l->clients > 0 && io_address_parse(&l->remote, argv[optind], 443));
  l->path = argv[optind + 1];
  snprintf(l->authority, sizeof l->authority, "%s:%u", l->sni, io_address_port(&l->remote));
  return ca;
}

int main(int argc, char **argv) {
  load l = {.num = 1, .clients = 1, .streams = 1, .sni = "a.example"};
  const char *ca = read_options(&l, argc, argv);
  prepare(&l, ca);
  l.to_send = l.num;
  if (l.per_connection == 0) {
    l.per_connection = (l.num + l.clients - 1) / l.clients;
  }
  uint64_t began_ns = l.loop.now.mono_ns;
  for (size_t i = 0; i < l.clients; i++) {
    connect_one(&l);
  }
  ev_run(l.loop.ev, 0);
  report(&l, (double)(l.loop.now.mono_ns - began_ns) / 1e9);
  clear(&l);
  return l.succeeded == l.num ? 0 : 1;
}

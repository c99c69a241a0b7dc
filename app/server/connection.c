// One client's connection: see connection.h.
//
// nghttp2 drives: its callbacks gather requests and answer them as soon as their fields are
// complete, and it produces frames when the stream has room.
#include "server/connection.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/response.h"
#include "server/tls.h"
#include "server/worker.h"

enum {
  NS_PER_MS = 1000000,
  MIN_PROGRESS_LEN = 1024,
  GIVEN_BACK_PER_REQUEST = 4,
  GIVEN_BACK_PER_DATA_FRAME = 2 // a WINDOW_UPDATE for the stream, another for the connection
};

static uint64_t now_ns(const connection *c) {
  return c->stream.loop->now.mono_ns;
}

static uint64_t limit(const connection *c, server_limit id) {
  return c->worker->config->limits.limit[id];
}

// ---- requests
// ----------------------------------------------------------------------------------------------

static request *request_take(connection *c, int32_t stream) {
  worker *w = c->worker;
  request *r = w->free_requests;
  if (r) {
    w->free_requests = r->next;
  } else {
    r = malloc(sizeof *r);
    if (!r) {
      return NULL;
    }
  }
  memset(r, 0, sizeof *r);
  r->connection = c;
  r->stream = stream;
  r->began_ns = now_ns(c);
  r->next = c->requests;
  if (c->requests) {
    c->requests->previous = r;
  }
  c->requests = r;
  return r;
}

static void request_give_back(request *r) {
  connection *c = r->connection;
  worker *w = c->worker;
  *(r->previous ? &r->previous->next : &c->requests) = r->next;
  if (r->next) {
    r->next->previous = r->previous;
  }
  if (r->file) {
    file_cache_release(w->files, r->file);
  }
  request_clear(r);
  r->next = w->free_requests;
  w->free_requests = r;
}

static void log_request(connection *c, const request *r) {
  char remote[IO_ADDRESS_TEXT_MAX];
  if (access_log_is_on(&c->worker->log) && r->is_answered) {
    io_address_format_host(&c->peer, remote, sizeof remote);
    access_log_add(&c->worker->log, r, c->id, remote, io_loop_now(c->stream.loop));
  }
}

// A client that makes us do what asks for nothing, or undo what it asked for, is told to calm down.
static int spend(connection *c, server_patience *patience) {
  if (server_patience_take(patience, now_ns(c))) {
    return 0;
  }
  c->is_ending = true;
  return nghttp2_session_terminate_session(c->http, NGHTTP2_ENHANCE_YOUR_CALM);
}

// ---- nghttp2's callbacks
// --------------------------------------------------------------------------------

static bool asks_for_nothing(const nghttp2_frame_hd *hd) {
  return hd->type == NGHTTP2_DATA ? hd->length == 0 && !(hd->flags & NGHTTP2_FLAG_END_STREAM)
                                  : hd->type != NGHTTP2_HEADERS && hd->type != NGHTTP2_RST_STREAM;
}

static int on_begin_frame(nghttp2_session *ng, const nghttp2_frame_hd *hd, void *user) {
  connection *c = user;
  if (hd->type == NGHTTP2_CONTINUATION &&
      ++c->header_frames > limit(c, SERVER_LIMIT_HEADER_FRAMES)) {
    c->is_ending = true;
    return nghttp2_session_terminate_session(ng, NGHTTP2_ENHANCE_YOUR_CALM);
  }
  int rc = asks_for_nothing(hd) ? spend(c, &c->control) : 0;
  return rc != 0 ? rc : secondary_on_begin_frame(&c->secondary, ng, hd);
}

static int on_begin_headers(nghttp2_session *ng, const nghttp2_frame *frame, void *user) {
  connection *c = user;
  c->headers_since_ns = now_ns(c);
  c->header_frames = 1;
  if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) {
    return 0;
  }
  request *r = request_take(c, frame->hd.stream_id);
  if (!r) {
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }
  c->num_streams++;
  return nghttp2_session_set_stream_user_data(ng, frame->hd.stream_id, r);
}

static int on_header(nghttp2_session *ng, const nghttp2_frame *frame, nghttp2_rcbuf *name,
                     nghttp2_rcbuf *value, uint8_t flags, void *user) {
  connection *c = user;
  (void)flags;
  if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
    request *r = nghttp2_session_get_stream_user_data(ng, frame->hd.stream_id);
    if (r) {
      request_add_field(r, name, value, limit(c, SERVER_LIMIT_HEADER_LIST));
    }
  }
  return 0;
}

static int on_request(connection *c, nghttp2_session *ng, const nghttp2_frame *frame) {
  request *r = nghttp2_session_get_stream_user_data(ng, frame->hd.stream_id);
  c->headers_since_ns = 0;
  if (!r || frame->headers.cat != NGHTTP2_HCAT_REQUEST) {
    return 0;
  }
  r->has_body = !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM);
  c->num_requests++;
  request_complete(r);
  if (r->is_malformed) {
    int rc = spend(c, &c->resets);
    return rc != 0 ? rc
                   : nghttp2_submit_rst_stream(ng, NGHTTP2_FLAG_NONE, r->stream,
                                               NGHTTP2_PROTOCOL_ERROR);
  }
  server_patience_give(&c->control, GIVEN_BACK_PER_REQUEST);
  uint64_t max_requests = limit(c, SERVER_LIMIT_REQUESTS);
  if (max_requests > 0 && c->num_requests >= max_requests) {
    connection_finish_end(c);
  }
  return response_submit(r, ng);
}

static int on_frame(nghttp2_session *ng, const nghttp2_frame *frame, void *user) {
  connection *c = user;
  switch (frame->hd.type) {
  case NGHTTP2_HEADERS:
    return on_request(c, ng, frame);
  case NGHTTP2_RST_STREAM:
    return spend(c, &c->resets);
  case NGHTTP2_SETTINGS:
    c->awaits_settings &= (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0;
    break;
  default:
    break;
  }
  return secondary_on_frame(&c->secondary, ng, frame);
}

// A frame that makes us reset a stream costs as much as one that resets it.
static int on_invalid_frame(nghttp2_session *ng, const nghttp2_frame *frame, int error,
                            void *user) {
  connection *c = user;
  (void)ng;
  (void)frame;
  (void)error;
  return spend(c, &c->resets);
}

static int on_stream_close(nghttp2_session *ng, int32_t stream, uint32_t error, void *user) {
  connection *c = user;
  (void)error;
  request *r = nghttp2_session_get_stream_user_data(ng, stream);
  if (r) {
    log_request(c, r);
    request_give_back(r);
    c->num_streams--;
    c->idle_since_ns = now_ns(c);
  }
  return 0;
}

static int on_send_data(nghttp2_session *ng, nghttp2_frame *frame, const uint8_t *header,
                        size_t len, nghttp2_data_source *source, void *user) {
  (void)ng;
  // A client that reads answers each frame: only windows that dribble (CVE-2019-9511) cost it.
  if (frame->hd.length >= MIN_PROGRESS_LEN) {
    server_patience_give(&((connection *)user)->control, GIVEN_BACK_PER_DATA_FRAME);
  }
  return response_send_data(source->ptr, header, len);
}

static int on_chunk(nghttp2_session *ng, const nghttp2_frame_hd *hd, const uint8_t *data,
                    size_t len, void *user) {
  return secondary_on_chunk(&((connection *)user)->secondary, ng, hd, data, len);
}

static int on_unpack(nghttp2_session *ng, void **payload, const nghttp2_frame_hd *hd, void *user) {
  return secondary_unpack(&((connection *)user)->secondary, ng, payload, hd);
}

static ssize_t on_pack(nghttp2_session *ng, uint8_t *out, size_t len, const nghttp2_frame *frame,
                       void *user) {
  return secondary_pack(&((connection *)user)->secondary, ng, out, len, frame);
}

static void set_callbacks(nghttp2_session_callbacks *cbs) {
  nghttp2_session_callbacks_set_on_begin_frame_callback(cbs, on_begin_frame);
  nghttp2_session_callbacks_set_on_begin_headers_callback(cbs, on_begin_headers);
  nghttp2_session_callbacks_set_on_header_callback2(cbs, on_header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(cbs, on_frame);
  nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(cbs, on_invalid_frame);
  nghttp2_session_callbacks_set_on_stream_close_callback(cbs, on_stream_close);
  nghttp2_session_callbacks_set_send_data_callback(cbs, on_send_data);
  nghttp2_session_callbacks_set_on_extension_chunk_recv_callback(cbs, on_chunk);
  nghttp2_session_callbacks_set_unpack_extension_callback(cbs, on_unpack);
  nghttp2_session_callbacks_set_pack_extension_callback(cbs, on_pack);
}

bool connection_prepare(nghttp2_session_callbacks **out_callbacks, nghttp2_option **out_option,
                        const secondary_shared *shared) {
  nghttp2_session_callbacks *callbacks;
  nghttp2_option *option;
  if (nghttp2_session_callbacks_new(&callbacks) != 0) {
    return false;
  }
  if (nghttp2_option_new(&option) != 0) {
    nghttp2_session_callbacks_del(callbacks);
    return false;
  }
  set_callbacks(callbacks);
  nghttp2_option_set_no_http_messaging(option, 1); // request.c checks
  nghttp2_option_set_no_closed_streams(option, 1);
  secondary_set_option(shared, option);
  *out_callbacks = callbacks;
  *out_option = option;
  return true;
}

// ---- the stream's callbacks
// -------------------------------------------------------------------------------

static int submit_settings(connection *c) {
  nghttp2_settings_entry entries[8] = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, (uint32_t)limit(c, SERVER_LIMIT_STREAMS)},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, (uint32_t)limit(c, SERVER_LIMIT_HEADER_LIST)},
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
  };
  size_t num = secondary_settings(&c->secondary, entries, 3, 8);
  return nghttp2_submit_settings(c->http, NGHTTP2_FLAG_NONE, entries, num);
}

static void on_ready(void *user) {
  connection *c = user;
  worker *w = c->worker;
  c->site = tls_site(c->stream.ssl);
  secondary_init(&c->secondary, w->secondary, c->site, c->stream.ssl, c->port);
  if (nghttp2_session_server_new3(&c->http, w->callbacks, c, w->option, &w->mem) != 0 ||
      submit_settings(c) != 0 || secondary_submit_origin(&c->secondary, c->http) != 0) {
    io_stream_abort(&c->stream, "out of memory");
  }
}

static void on_received(void *user, codicil_span bytes) {
  connection *c = user;
  ssize_t n = nghttp2_session_mem_recv(c->http, bytes.data, bytes.len);
  if (n < 0) {
    io_stream_abort(&c->stream, nghttp2_strerror((int)n));
    return;
  }
  secondary_after_input(&c->secondary, c->http);
}

static bool is_over(const connection *c) {
  return !nghttp2_session_want_read(c->http) && !nghttp2_session_want_write(c->http);
}

static void on_produce(void *user) {
  connection *c = user;
  while (io_stream_room(&c->stream) > 0) {
    const uint8_t *data;
    ssize_t n = nghttp2_session_mem_send(c->http, &data);
    if (n < 0) {
      io_stream_abort(&c->stream, nghttp2_strerror((int)n));
      return;
    }
    if (n == 0) {
      break;
    }
    if (!io_stream_put(&c->stream, codicil_span_of(data, (size_t)n))) {
      return;
    }
  }
  if (is_over(c) || (c->is_ending && c->num_streams == 0 && !nghttp2_session_want_write(c->http))) {
    c->ended_ns = now_ns(c);
    io_stream_end(&c->stream);
  } else if (secondary_wants_signature(&c->secondary)) {
    worker_queue_signature(c->worker, c);
  }
}

static void on_peer_ended(void *user) {
  connection *c = user;
  c->ended_ns = now_ns(c);
  io_stream_end(&c->stream);
}

static void on_closed(void *user) {
  connection *c = user;
  worker *w = c->worker;
  worker_remove(w, c);
  nghttp2_session_del(c->http);
  while (c->requests) { // of streams that were still open
    log_request(c, c->requests);
    request_give_back(c->requests);
  }
  secondary_clear(&c->secondary);
  io_stream_clear(&c->stream);
  free(c);
}

void connection_discard(connection *c) {
  on_closed(c);
}

static const io_stream_handler handler = {on_ready, on_received, on_produce, on_peer_ended,
                                          on_closed};

void connection_accept(worker *w, int fd, const io_address *peer, uint16_t port) {
  app_error err;
  connection *c = calloc(1, sizeof *c);
  SSL *ssl = SSL_new(w->sites->sites[0].tls);
  if (!c || !ssl) {
    goto fail;
  }
  SSL_set_accept_state(ssl);
  c->worker = w;
  c->peer = *peer;
  c->awaits_settings = true;
  if (!io_stream_open(&c->stream, &w->loop, fd, ssl, &handler, c, &err)) {
    goto fail;
  }
  c->port = port;
  c->id = w->next_id;
  w->next_id += w->id_step;
  c->idle_since_ns = c->progress_ns = now_ns(c);
  server_patience_init(&c->control, limit(c, SERVER_LIMIT_CONTROL_FRAMES), now_ns(c));
  server_patience_init(&c->resets, limit(c, SERVER_LIMIT_RESETS), now_ns(c));
  worker_add(w, c);
  return;
fail:
  SSL_free(ssl);
  free(c);
  close(fd);
}

// ---- authority
// -----------------------------------------------------------------------------------------------

// A function of what was proven on this connection, never of the server name that was sent. The
// port is the connection's, or the configuration's public-port: an origin is host and port. What
// the connection serves once, it serves as long as it lives.
const server_site *connection_site(connection *c, const uint8_t **out_sha256,
                                   const codicil_origin *origin) {
  const server_site *wanted =
      origin->port == c->port ? site_table_find(c->worker->sites, origin->host) : NULL;
  if (!wanted) {
    return NULL;
  }
  if (codicil_identity_covers(c->site->identity, origin)) {
    *out_sha256 = codicil_identity_sha256(c->site->identity);
    return wanted;
  }
  return secondary_carries(&c->secondary, out_sha256, origin, wanted) ? wanted : NULL;
}

const server_site *connection_recall_site(const connection *c, const uint8_t **out_sha256,
                                          codicil_span authority) {
  for (size_t i = 0; i < NUM_REMEMBERED; i++) {
    const served_authority *served = &c->remembered[i];
    if (served->len == authority.len && authority.len > 0 &&
        memcmp(authority.data, served->text, authority.len) == 0) {
      *out_sha256 = served->sha256;
      return served->site;
    }
  }
  return NULL;
}

void connection_remember_site(connection *c, codicil_span authority, const server_site *site,
                              const uint8_t *sha256) {
  served_authority *served = &c->remembered[c->next_remembered];
  if (authority.len > 0 && authority.len <= sizeof served->text) {
    memcpy(served->text, authority.data, authority.len);
    served->len = authority.len;
    served->site = site;
    served->sha256 = sha256;
    c->next_remembered = (uint8_t)((c->next_remembered + 1) % NUM_REMEMBERED);
  }
}

// ---- time
// ----------------------------------------------------------------------------------------------------

static bool has_passed(const connection *c, uint64_t since_ns, server_timeout id) {
  uint64_t timeout_ms = c->worker->config->limits.timeout_ms[id];
  return since_ns > 0 && now_ns(c) - since_ns >= timeout_ms * NS_PER_MS;
}

// A client that takes nothing of what waits for it, on the socket or in its windows.
static bool has_stalled(connection *c) {
  bool waits = c->num_streams > 0 || !io_stream_is_flushed(&c->stream);
  if (!waits || c->stream.octets_out - c->progress_octets >= MIN_PROGRESS_LEN) {
    c->progress_octets = c->stream.octets_out;
    c->progress_ns = now_ns(c);
  }
  return has_passed(c, c->progress_ns, SERVER_TIMEOUT_WRITE);
}

void connection_check_time(connection *c) {
  if (c->awaits_settings) {
    if (has_passed(c, c->stream.opened_ns, SERVER_TIMEOUT_HANDSHAKE)) {
      io_stream_abort(&c->stream, "the client did not finish its handshake in time");
    }
    return;
  }
  if (has_passed(c, c->ended_ns, SERVER_TIMEOUT_LINGER)) {
    io_stream_abort(&c->stream, "the client did not close in time");
  } else if (has_passed(c, c->headers_since_ns, SERVER_TIMEOUT_HEADERS)) {
    io_stream_abort(&c->stream, "a header block did not come in time");
  } else if (has_stalled(c)) {
    io_stream_abort(&c->stream, "the client takes nothing");
  } else if (!c->is_ending && c->num_streams == 0 &&
             has_passed(c, c->idle_since_ns, SERVER_TIMEOUT_IDLE)) {
    connection_finish_end(c);
  }
}

// RFC 9113 §6.8: first a GOAWAY that still admits what is on its way, later the real one.
void connection_begin_end(connection *c) {
  if (!c->http) {
    io_stream_abort(&c->stream, NULL);
  } else if (!c->is_ending && nghttp2_submit_shutdown_notice(c->http) == 0) {
    io_stream_wake(&c->stream);
  }
}

void connection_finish_end(connection *c) {
  if (!c->http || c->is_ending) {
    return;
  }
  c->is_ending = true;
  int32_t last = nghttp2_session_get_last_proc_stream_id(c->http);
  if (nghttp2_submit_goaway(c->http, NGHTTP2_FLAG_NONE, last, NGHTTP2_NO_ERROR, NULL, 0) != 0) {
    io_stream_abort(&c->stream, "out of memory");
  }
  io_stream_wake(&c->stream);
}

// A client's connections: each has a socket of its own, connected, so that the kernel tells when
// nobody listens there.
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/clock.h"
#include "io/quic_connection.h"

// ---- tokens ------------------------------------------------------------------------------------

enum { MAX_TOKENS = 16, MAX_TOKEN_LEN = 512 };

static bool is_for(const quic_token *token, const ngtcp2_sockaddr_union *remote, const char *name) {
  return memcmp(&token->remote, remote, quic_sockaddr_len(remote)) == 0 &&
         strcmp(token->server_name, name) == 0;
}

static quic_token *take_token(quic_stack *stack, const ngtcp2_sockaddr_union *remote,
                              const char *name) {
  for (quic_token **at = &stack->tokens; *at; at = &(*at)->next) {
    if (is_for(*at, remote, name)) {
      quic_token *token = *at;
      *at = token->next;
      stack->num_tokens--;
      return token;
    }
  }
  return NULL;
}

static void drop_oldest(quic_stack *stack) {
  quic_token **at = &stack->tokens;
  while ((*at)->next) {
    at = &(*at)->next;
  }
  free(*at);
  *at = NULL;
  stack->num_tokens--;
}

void quic_token_keep(quic_connection *c, codicil_span octets) {
  quic_stack *stack = c->stack;
  const char *name = c->server_name ? c->server_name : "";
  const ngtcp2_addr *remote = &ngtcp2_conn_get_path(c->ng)->remote;
  quic_token *token = NULL;
  if (octets.len > MAX_TOKEN_LEN || strlen(name) >= sizeof token->server_name ||
      !(token = calloc(1, sizeof *token + octets.len))) {
    return;
  }
  memcpy(&token->remote, remote->addr, remote->addrlen);
  memcpy(token->server_name, name, strlen(name) + 1);
  memcpy(token->octets, octets.data, octets.len);
  token->len = octets.len;
  free(take_token(stack, &token->remote, name));
  if (stack->num_tokens >= MAX_TOKENS) {
    drop_oldest(stack);
  }
  token->next = stack->tokens;
  stack->tokens = token;
  stack->num_tokens++;
}

// ---- the socket --------------------------------------------------------------------------------

static void on_datagram(void *user, quic_socket *sock, const quic_datagram *in) {
  quic_connection *c = user;
  if (c->state == QUIC_ALIVE) {
    (void)quic_connection_read(c, sock, in);
  }
}

// Nobody listens there: that ends it, whenever it comes. Other errors of the network may pass, and
// count only while there is no connection yet. A packet that is too long (RFC 9000 §14.2.1) is
// ngtcp2's affair: it probes the path itself.
static void on_socket_error(quic_connection *c, int error) {
  bool may_pass = error == 0 || error == EAGAIN || error == EINTR || error == EMSGSIZE;
  if (error == ECONNREFUSED || (!may_pass && !c->is_ready)) {
    quic_connection_fail(c, QUIC_END_NETWORK, (uint64_t)error, strerror(error));
  }
}

static void on_readable(struct ev_loop *ev, ev_io *watcher, int events) {
  (void)ev;
  quic_connection *c = watcher->data;
  if (events & EV_WRITE) {
    quic_stack_resume(c->stack, c->own);
  }
  if ((events & EV_READ) && quic_socket_receive(c->own, c->stack->inbox, on_datagram, c) == 0) {
    on_socket_error(c, errno);
  }
  on_socket_error(c, c->own->error);
  c->own->error = 0;
}

static int open_socket(const io_address *remote, app_error *err) {
  int fd = socket(remote->storage.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0 || connect(fd, (const struct sockaddr *)&remote->storage, remote->len) != 0) {
    char text[IO_ADDRESS_TEXT_MAX];
    int error = errno;
    io_address_format(remote, text, sizeof text);
    if (fd >= 0) {
      close(fd);
    }
    (void)app_fail(err, "%s: %s", text, strerror(error));
    return -1;
  }
  return fd;
}

static bool add_socket(quic_connection *c, const io_address *remote, app_error *err) {
  int fd = open_socket(remote, err);
  if (fd < 0) {
    return false;
  }
  c->own = calloc(1, sizeof *c->own);
  if (!c->own || !quic_socket_init(c->own, fd, err)) {
    free(c->own);
    c->own = NULL;
    close(fd);
    return false;
  }
  quic_stack_watch(c->stack, c->own, on_readable, c);
  return true;
}

// ---- the connection ----------------------------------------------------------------------------

static bool make_ids(ngtcp2_cid *dcid, ngtcp2_cid *scid) {
  codicil_random random = io_random();
  // RFC 9000 §7.2: the first one is unpredictable and of at least 8 octets.
  dcid->datalen = QUIC_CID_LEN;
  scid->datalen = QUIC_CLIENT_CID_LEN;
  return random.fill(random.ctx, dcid->data, dcid->datalen) &&
         random.fill(random.ctx, scid->data, scid->datalen);
}

static bool make_client(quic_connection *c, const io_address *remote) {
  ngtcp2_callbacks callbacks;
  ngtcp2_settings settings;
  ngtcp2_transport_params params;
  ngtcp2_cid dcid, scid;
  quic_path path = {.local = c->own->local};
  memcpy(&path.remote, &remote->storage, quic_sockaddr_len(&path.local));
  ngtcp2_path view = quic_path_view(&path, c->own);
  if (!make_ids(&dcid, &scid)) {
    return false;
  }
  quic_callbacks_init(&callbacks, c->is_server);
  quic_settings_init(&settings, c);
  quic_params_init(&params, c);
  quic_token *token = take_token(c->stack, &path.remote, c->server_name);
  if (token) {
    settings.token = token->octets;
    settings.tokenlen = token->len;
    settings.token_type = NGTCP2_TOKEN_TYPE_NEW_TOKEN;
  }
  quic_qlog_open(c, &settings, &dcid);
  int rv = ngtcp2_conn_client_new(&c->ng, &dcid, &scid, &view, NGTCP2_PROTO_VER_V1, &callbacks,
                                  &settings, &params, &c->stack->mem, c);
  free(token);
  return rv == 0;
}

quic_connection *quic_connect(quic_stack *stack, quic_tls_context *tls, const char *server_name,
                              const io_address *remote, const quic_handler *handler, void *user,
                              void *tls_user, app_error *err) {
  quic_connection *c = quic_connection_alloc(stack);
  if (!c) {
    (void)app_fail(err, "out of memory");
    return NULL;
  }
  (void)app_fail(err, "out of memory or of randomness"); // unless a cause is told below
  c->server_name = strdup(server_name ? server_name : "");
  if (!c->server_name || !add_socket(c, remote, err) || !make_client(c, remote) ||
      !quic_connection_add_tls(c, tls, server_name, tls_user, err)) {
    quic_connection_free(c);
    return NULL;
  }
  c->handler = handler;
  c->user = user;
  quic_wake(c);
  return c;
}

//= https://www.rfc-editor.org/rfc/rfc9114#section-5.1
//# HTTP clients are expected to request that the
//# transport keep connections open while there are responses outstanding
//# for requests or server pushes
void quic_keep_alive(quic_connection *c, bool is_wanted) {
  const ngtcp2_transport_params *theirs = ngtcp2_conn_get_remote_transport_params(c->ng);
  ngtcp2_duration idle = c->stack->config->idle_ms * NGTCP2_MILLISECONDS;
  if (theirs && theirs->max_idle_timeout > 0 && theirs->max_idle_timeout < idle) {
    idle = theirs->max_idle_timeout;
  }
  // So that one packet of them may be lost.
  ngtcp2_conn_set_keep_alive_timeout(c->ng, is_wanted ? idle / 3 : UINT64_MAX);
  quic_wake(c);
}

// qlog (draft-ietf-quic-qlog-main-schema): one file a connection, in the directory that the
// configuration names: ORIGINAL-DESTINATION-ID_server.sqlog or _client.sqlog, in hexadecimal. Both
// ends know that ID, so that their files lie side by side.
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "io/quic_connection.h"

static void write_qlog(void *user, uint32_t flags, const void *data, size_t len) {
  (void)flags;
  quic_connection *c = user;
  // A disk that is full costs the log, not the connection.
  if (c->qlog && fwrite(data, 1, len, c->qlog) != len) {
    quic_qlog_close(c);
  }
}

static void put_name(char *out, const ngtcp2_cid *original) {
  for (size_t i = 0; i < original->datalen; i++) {
    snprintf(out + 2 * i, 3, "%02x", original->data[i]);
  }
}

void quic_qlog_open(quic_connection *c, ngtcp2_settings *settings, const ngtcp2_cid *original) {
  const char *dir = c->stack->config->qlog_dir;
  char path[PATH_MAX], name[2 * NGTCP2_MAX_CIDLEN + 1] = "";
  if (!dir) {
    return;
  }
  put_name(name, original);
  int len =
      snprintf(path, sizeof path, "%s/%s_%s.sqlog", dir, name, c->is_server ? "server" : "client");
  if (len > 0 && (size_t)len < sizeof path) {
    c->qlog = fopen(path, "wxe");
  }
  if (c->qlog) {
    settings->qlog_write = write_qlog;
  }
}

void quic_qlog_close(quic_connection *c) {
  if (c->qlog) {
    (void)fclose(c->qlog);
    c->qlog = NULL;
  }
}

// Blocking I/O between OpenSSL and nghttp2.
#include "examples.h"

#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void die(const char *what) {
  fprintf(stderr, "%s\n", what);
  ERR_print_errors_fp(stderr);
  exit(1);
}

size_t read_file(const char *name, char *out) {
  FILE *f = fopen(name, "rb");
  if (f == NULL) {
    perror(name);
    exit(1);
  }
  size_t len = fread(out, 1, FILE_MAX, f);
  fclose(f);
  if (len == FILE_MAX) {
    die("file is too long");
  }
  return len;
}

uint16_t read_port(const char *text) {
  char *end;
  unsigned long port = strtoul(text, &end, 10);
  if (end == text || *end != '\0' || port > UINT16_MAX) {
    die("not a port");
  }
  return (uint16_t)port;
}

nghttp2_nv field(const char *name, const char *value) {
  return (nghttp2_nv){(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value, strlen(name),
                      strlen(value), NGHTTP2_NV_FLAG_NONE};
}

static bool send_all(connection *c) {
  const uint8_t *data;
  ssize_t len;
  while ((len = nghttp2_session_mem_send(c->ng, &data)) > 0) {
    if (SSL_write(c->ssl, data, (int)len) != len) {
      return false;
    }
  }
  return len == 0;
}

bool exchange(connection *c) {
  uint8_t buf[16384];
  bool ok = secondary_flush(&c->secondary, c->ng); // secondary
  if (!send_all(c) || !ok || nghttp2_session_want_read(c->ng) == 0) {
    return false;
  }
  int len = SSL_read(c->ssl, buf, sizeof buf);
  return len > 0 && nghttp2_session_mem_recv(c->ng, buf, (size_t)len) == len;
}

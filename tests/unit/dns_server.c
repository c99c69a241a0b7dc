// A DNS server for tests: see dns_server.h.
#include "dns_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
  MESSAGE_MAX = 4096,
  NAME_MAX_LEN = 256,
  HEADER_LEN = 12,
  MAX_LATE = 16,
  MAX_CHAIN = 8,
  TYPE_A = 1,
  TYPE_CNAME = 5,
  TYPE_SOA = 6,
  TYPE_AAAA = 28,
  TYPE_CAA = 257,
  RCODE_SERVFAIL = 2,
  RCODE_NXDOMAIN = 3,
  FLAGS_ANSWER = 0x8180, // QR, RD, RA
  FLAG_TRUNCATED = 0x0200
};

typedef struct message {
  uint8_t octets[MESSAGE_MAX];
  size_t len;
} message;

typedef struct question {
  char name[NAME_MAX_LEN];
  int type;
  size_t end; // in the message
} question;

typedef struct late {
  message query;
  struct sockaddr_in from;
} late;

struct dns_server {
  const dns_server_record *records;
  size_t num_records;
  char address[32];
  int udp, tcp;
  int wake[2];
  pthread_t thread;
  pthread_mutex_t mutex;
  pthread_cond_t asked;
  size_t num_questions;
  bool is_stopped, is_released;
  late late[MAX_LATE]; // the thread's own
  size_t num_late;
};

// ---- messages -----------------------------------------------------------------------------------

static void put(message *m, const void *octets, size_t len) {
  if (m->len + len <= sizeof m->octets) {
    memcpy(m->octets + m->len, octets, len);
    m->len += len;
  }
}

static void put_u16(message *m, unsigned value) {
  uint8_t octets[2] = {(uint8_t)(value >> 8), (uint8_t)value};
  put(m, octets, sizeof octets);
}

static void put_u32(message *m, uint32_t value) {
  put_u16(m, value >> 16);
  put_u16(m, value & 0xffff);
}

static void put_name(message *m, const char *name) {
  while (*name != '\0') {
    size_t len = strcspn(name, ".");
    uint8_t octet = (uint8_t)len;
    put(m, &octet, 1);
    put(m, name, len);
    name += len + (name[len] == '.' ? 1 : 0);
  }
  put(m, "", 1);
}

static bool read_question(question *out, const message *m) {
  size_t at = HEADER_LEN, len = 0;
  while (at < m->len && m->octets[at] != 0) {
    size_t label = m->octets[at];
    if (label > 63 || at + 1 + label >= m->len || len + label + 1 >= sizeof out->name) {
      return false;
    }
    len += len > 0 ? (size_t)snprintf(out->name + len, 2, ".") : 0;
    memcpy(out->name + len, m->octets + at + 1, label);
    len += label;
    at += 1 + label;
  }
  out->name[len] = '\0';
  out->end = at + 5;
  if (out->end > m->len) {
    return false;
  }
  out->type = m->octets[at + 1] << 8 | m->octets[at + 2];
  return true;
}

static void put_data(message *m, const dns_server_record *record) {
  uint8_t address[16];
  unsigned flags = 0;
  int tag_at = 0, value_at = 0;
  if (record->type == TYPE_A && inet_pton(AF_INET, record->data, address) == 1) {
    put(m, address, 4);
  } else if (record->type == TYPE_AAAA && inet_pton(AF_INET6, record->data, address) == 1) {
    put(m, address, 16);
  } else if (record->type == TYPE_CNAME) {
    put_name(m, record->data);
  } else if (record->type == TYPE_CAA &&
             sscanf(record->data, "%u %n%*s %n", &flags, &tag_at, &value_at) == 1) {
    size_t tag_len = strcspn(record->data + tag_at, " ");
    uint8_t head[2] = {(uint8_t)flags, (uint8_t)tag_len};
    put(m, head, sizeof head);
    put(m, record->data + tag_at, tag_len);
    put(m, record->data + value_at, strlen(record->data + value_at));
  }
}

static void put_record(message *m, const dns_server_record *record) {
  put_name(m, record->name);
  put_u16(m, (unsigned)record->type);
  put_u16(m, 1);
  put_u32(m, record->ttl_s);
  size_t len_at = m->len;
  put_u16(m, 0);
  put_data(m, record);
  size_t len = m->len - len_at - 2;
  m->octets[len_at] = (uint8_t)(len >> 8);
  m->octets[len_at + 1] = (uint8_t)len;
}

static void put_soa(message *m) {
  put_name(m, "example");
  put_u16(m, TYPE_SOA);
  put_u16(m, 1);
  put_u32(m, DNS_SERVER_NEGATIVE_TTL_S);
  message data = {.len = 0};
  put_name(&data, "ns.example");
  put_name(&data, "root.example");
  for (int i = 0; i < 5; i++) {
    put_u32(&data, DNS_SERVER_NEGATIVE_TTL_S);
  }
  put_u16(m, (unsigned)data.len);
  put(m, data.octets, data.len);
}

// ---- answers ------------------------------------------------------------------------------------

static const dns_server_record *find(const dns_server *server, const char *name, int type) {
  for (size_t i = 0; i < server->num_records; i++) {
    if (server->records[i].type == type && strcasecmp(server->records[i].name, name) == 0) {
      return &server->records[i];
    }
  }
  return NULL;
}

static bool is_about(const dns_server_record *behaviour, int type) {
  return behaviour != NULL &&
         (behaviour->data == NULL || (strcmp(behaviour->data, "A") == 0 && type == TYPE_A) ||
          (strcmp(behaviour->data, "AAAA") == 0 && type == TYPE_AAAA));
}

static bool has_name(const dns_server *server, const char *name) {
  for (size_t i = 0; i < server->num_records; i++) {
    if (strcasecmp(server->records[i].name, name) == 0) {
      return true;
    }
  }
  return false;
}

// Puts the chain of CNAMEs and what is at its end; returns how many records that are.
static unsigned put_answers(const dns_server *server, message *m, const char **name, int type) {
  unsigned num = 0;
  const dns_server_record *alias;
  while (type != TYPE_CNAME && num < MAX_CHAIN &&
         (alias = find(server, *name, TYPE_CNAME)) != NULL) {
    put_record(m, alias);
    *name = alias->data;
    num++;
  }
  for (size_t i = 0; i < server->num_records; i++) {
    const dns_server_record *record = &server->records[i];
    if (record->type == type && strcasecmp(record->name, *name) == 0) {
      put_record(m, record);
      num++;
    }
  }
  return num;
}

static void set_u16(message *m, size_t at, unsigned value) {
  m->octets[at] = (uint8_t)(value >> 8);
  m->octets[at + 1] = (uint8_t)value;
}

static void build_answer(const dns_server *server, message *out, const message *query,
                         const question *q, bool is_udp) {
  const char *name = q->name;
  unsigned flags = FLAGS_ANSWER, num = 0, num_authority = 0;
  put(out, query->octets, 2);
  for (int i = 0; i < 5; i++) {
    put_u16(out, i == 1 ? 1 : 0);
  }
  put(out, query->octets + HEADER_LEN, q->end - HEADER_LEN);
  if (is_about(find(server, name, DNS_SERVER_FAILS), q->type)) {
    flags |= RCODE_SERVFAIL;
  } else if (is_udp && is_about(find(server, name, DNS_SERVER_TCP), q->type)) {
    flags |= FLAG_TRUNCATED;
  } else {
    num = put_answers(server, out, &name, q->type);
    if (num == 0 || (name != q->name && find(server, name, q->type) == NULL)) {
      flags |= has_name(server, name) ? 0 : RCODE_NXDOMAIN;
      put_soa(out);
      num_authority = 1;
    }
  }
  set_u16(out, 2, flags);
  set_u16(out, 6, num);
  set_u16(out, 8, num_authority);
}

// ---- the thread ---------------------------------------------------------------------------------

static bool is_released(dns_server *server) {
  pthread_mutex_lock(&server->mutex);
  bool released = server->is_released;
  pthread_mutex_unlock(&server->mutex);
  return released;
}

static void note_question(dns_server *server) {
  pthread_mutex_lock(&server->mutex);
  server->num_questions++;
  pthread_cond_broadcast(&server->asked);
  pthread_mutex_unlock(&server->mutex);
}

static void answer_udp(const dns_server *server, const message *query, const question *q,
                       const struct sockaddr_in *to) {
  message out = {.len = 0};
  build_answer(server, &out, query, q, true);
  sendto(server->udp, out.octets, out.len, 0, (const struct sockaddr *)to, sizeof *to);
}

static void serve_udp(dns_server *server) {
  late now = {.query.len = 0};
  socklen_t from_len = sizeof now.from;
  question q;
  ssize_t len = recvfrom(server->udp, now.query.octets, sizeof now.query.octets, 0,
                         (struct sockaddr *)&now.from, &from_len);
  now.query.len = len > 0 ? (size_t)len : 0;
  if (!read_question(&q, &now.query)) {
    return;
  }
  bool waits = is_about(find(server, q.name, DNS_SERVER_LATE), q.type) && !is_released(server);
  if (waits && server->num_late < MAX_LATE) {
    server->late[server->num_late++] = now;
  } else if (!waits && !is_about(find(server, q.name, DNS_SERVER_SILENT), q.type)) {
    answer_udp(server, &now.query, &q, &now.from);
  }
  note_question(server);
}

static void serve_late(dns_server *server) {
  for (size_t i = 0; i < server->num_late; i++) {
    question q;
    if (read_question(&q, &server->late[i].query)) {
      answer_udp(server, &server->late[i].query, &q, &server->late[i].from);
    }
  }
  server->num_late = 0;
}

static bool read_whole(int fd, uint8_t *out, size_t len) {
  return recv(fd, out, len, MSG_WAITALL) == (ssize_t)len;
}

// One question a connection.
static void serve_tcp(dns_server *server) {
  int fd = accept(server->tcp, NULL, NULL);
  struct timeval patience = {.tv_sec = 5};
  uint8_t prefix[2];
  message query = {.len = 0}, out = {.len = 0};
  question q;
  if (fd < 0) {
    return;
  }
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (read_whole(fd, prefix, 2)) {
    query.len = (size_t)(prefix[0] << 8 | prefix[1]);
    if (query.len <= sizeof query.octets && read_whole(fd, query.octets, query.len) &&
        read_question(&q, &query)) {
      build_answer(server, &out, &query, &q, false);
      message framed = {.len = 0};
      put_u16(&framed, (unsigned)out.len);
      put(&framed, out.octets, out.len);
      send(fd, framed.octets, framed.len, MSG_NOSIGNAL);
      note_question(server);
    }
  }
  close(fd);
}

static void *thread_main(void *arg) {
  dns_server *server = arg;
  for (;;) {
    struct pollfd fds[3] = {{.fd = server->udp, .events = POLLIN},
                            {.fd = server->tcp, .events = POLLIN},
                            {.fd = server->wake[0], .events = POLLIN}};
    if (poll(fds, 3, -1) < 0) {
      continue;
    }
    if (fds[2].revents != 0) {
      char octet;
      if (read(server->wake[0], &octet, 1) == 1 && octet == 'q') {
        return NULL;
      }
      serve_late(server);
    }
    if (fds[0].revents != 0) {
      serve_udp(server);
    }
    if (fds[1].revents != 0) {
      serve_tcp(server);
    }
  }
}

// ---- from outside -------------------------------------------------------------------------------

static void tell(const dns_server *server, char octet) {
  if (write(server->wake[1], &octet, 1) != 1) {
    abort();
  }
}

// Both on one port.
static bool bind_both(dns_server *server) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof address;
  server->udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  server->tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (bind(server->udp, (struct sockaddr *)&address, len) != 0 ||
      getsockname(server->udp, (struct sockaddr *)&address, &len) != 0 ||
      bind(server->tcp, (struct sockaddr *)&address, len) != 0 || listen(server->tcp, 16) != 0) {
    close(server->udp);
    close(server->tcp);
    return false;
  }
  snprintf(server->address, sizeof server->address, "127.0.0.1:%u",
           (unsigned)ntohs(address.sin_port));
  return true;
}

dns_server *dns_server_start(const dns_server_record *records, size_t num_records) {
  dns_server *server = calloc(1, sizeof *server);
  bool is_bound = false;
  if (server == NULL || pipe(server->wake) != 0) {
    free(server);
    return NULL;
  }
  server->records = records;
  server->num_records = num_records;
  pthread_mutex_init(&server->mutex, NULL);
  pthread_cond_init(&server->asked, NULL);
  for (int i = 0; i < 50 && !is_bound; i++) {
    is_bound = bind_both(server);
  }
  if (!is_bound || pthread_create(&server->thread, NULL, thread_main, server) != 0) {
    abort();
  }
  return server;
}

void dns_server_stop(dns_server *server) {
  if (server == NULL) {
    return;
  }
  tell(server, 'q');
  pthread_join(server->thread, NULL);
  close(server->udp);
  close(server->tcp);
  close(server->wake[0]);
  close(server->wake[1]);
  pthread_mutex_destroy(&server->mutex);
  pthread_cond_destroy(&server->asked);
  free(server);
}

const char *dns_server_address(const dns_server *server) {
  return server->address;
}

size_t dns_server_num_questions(dns_server *server) {
  pthread_mutex_lock(&server->mutex);
  size_t num = server->num_questions;
  pthread_mutex_unlock(&server->mutex);
  return num;
}

void dns_server_await_questions(dns_server *server, size_t num) {
  pthread_mutex_lock(&server->mutex);
  while (server->num_questions < num) {
    pthread_cond_wait(&server->asked, &server->mutex);
  }
  pthread_mutex_unlock(&server->mutex);
}

void dns_server_release(dns_server *server) {
  pthread_mutex_lock(&server->mutex);
  server->is_released = true;
  pthread_mutex_unlock(&server->mutex);
  tell(server, 'l');
}

// The parts of QUIC's endpoint by themselves: connection IDs, their table, heads of packets, what
// goes out.
#include "cmocka_test.h"

#include <errno.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/quic_outbox.h"
#include "io/quic_route.h"
#include "quic_world.h"

// ---- connection IDs ----------------------------------------------------------------------------

static codicil_span span_of(const ngtcp2_cid *cid) {
  return codicil_span_of(cid->data, cid->datalen);
}

static void test_an_id_names_its_worker_to_all_who_have_the_key_and_nobody_else(void **state) {
  (void)state;
  static const uint8_t key[QUIC_CID_KEY_LEN] = {1}, other_key[QUIC_CID_KEY_LEN] = {2};
  quic_ids maker, reader, stranger;
  ngtcp2_cid one, two;
  size_t worker = 99;
  assert_true(quic_ids_init(&maker, key, 3));
  assert_true(quic_ids_init(&reader, key, 0));
  assert_true(quic_ids_init(&stranger, other_key, 0));
  assert_true(quic_ids_make(&maker, &one) && quic_ids_make(&maker, &two));
  assert_memory_not_equal(one.data, two.data, QUIC_CID_LEN);
  assert_true(quic_ids_read(&reader, &worker, span_of(&one)));
  assert_int_equal(worker, 3);
  assert_false(quic_ids_read(&stranger, &worker, span_of(&one)));
  assert_false(quic_ids_read(&reader, &worker, codicil_span_of(one.data, QUIC_CID_LEN - 1)));
  for (size_t bit = 0; bit < 8 * QUIC_CID_LEN; bit++) {
    ngtcp2_cid damaged = one;
    damaged.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    assert_false(quic_ids_read(&reader, &worker, span_of(&damaged)));
  }
  quic_ids_clear(&maker);
  quic_ids_clear(&reader);
  quic_ids_clear(&stranger);
}

enum { MANY = 5000 };

static void make_id(ngtcp2_cid *out, uint32_t n) {
  uint8_t octets[QUIC_CID_LEN] = {0};
  memcpy(octets, &n, sizeof n);
  ngtcp2_cid_init(out, octets, sizeof octets);
}

static void test_a_table_finds_what_was_added_and_not_what_was_removed(void **state) {
  (void)state;
  quic_id_table table;
  quic_id *ids[2] = {NULL, NULL};
  struct quic_connection *const owners[2] = {(struct quic_connection *)&ids[0],
                                             (struct quic_connection *)&ids[1]};
  ngtcp2_cid cid;
  assert_true(quic_id_table_init(&table));
  for (uint32_t i = 0; i < MANY; i++) {
    make_id(&cid, i);
    assert_true(quic_id_table_add(&table, &ids[i % 2], span_of(&cid), owners[i % 2]));
    assert_false(quic_id_table_add(&table, &ids[0], span_of(&cid), owners[0]));
  }
  for (uint32_t i = 0; i < MANY; i += 3) {
    make_id(&cid, i);
    quic_id_table_remove(&table, &ids[i % 2], span_of(&cid));
    quic_id_table_remove(&table, &ids[i % 2], span_of(&cid)); // it is not there any more
  }
  quic_id_table_remove_all(&table, &ids[1]);
  for (uint32_t i = 0; i < MANY; i++) {
    make_id(&cid, i);
    bool is_there = i % 3 != 0 && i % 2 == 0;
    assert_ptr_equal(quic_id_table_find(&table, span_of(&cid)), is_there ? owners[0] : NULL);
  }
  quic_id_table_remove_all(&table, &ids[0]);
  assert_int_equal(table.num, 0);
  quic_id_table_clear(&table);
}

static void test_ids_of_every_length_are_different_ids(void **state) {
  (void)state;
  static const uint8_t octets[NGTCP2_MAX_CIDLEN + 1] = {0};
  quic_id_table table;
  quic_id *ids = NULL;
  struct quic_connection *owner = (struct quic_connection *)&ids;
  assert_true(quic_id_table_init(&table));
  for (size_t len = 0; len <= NGTCP2_MAX_CIDLEN; len++) {
    assert_null(quic_id_table_find(&table, codicil_span_of(octets, len)));
    assert_true(quic_id_table_add(&table, &ids, codicil_span_of(octets, len), owner));
  }
  assert_false(quic_id_table_add(&table, &ids, codicil_span_of(octets, sizeof octets), owner));
  quic_id_table_remove_all(&table, &ids);
  quic_id_table_clear(&table);
}

// ---- heads -------------------------------------------------------------------------------------

static void test_heads_are_read_at_every_cut(void **state) {
  (void)state;
  uint8_t packet[64] = {0xc0, 0, 0, 0, 1, 8, 1, 2, 3, 4, 5, 6, 7, 8, 3, 9, 9, 9};
  quic_head head;
  for (size_t len = 0; len <= sizeof packet; len++) {
    uint8_t *exact = malloc(len + 1);
    memcpy(exact + 1, packet, len);
    bool is_read = quic_head_read(&head, codicil_span_of(exact + 1, len));
    assert_int_equal(is_read, len >= 21);
    if (is_read) {
      assert_true(head.is_long && !head.is_unknown_version);
      assert_int_equal(head.version, 1);
      assert_int_equal(head.dcid.len, 8);
      assert_int_equal(head.scid.len, 3);
      assert_memory_equal(head.dcid.data, packet + 6, 8);
    }
    free(exact);
  }
}

static void test_heads_that_no_server_answers(void **state) {
  (void)state;
  uint8_t negotiation[32] = {0xc0, 0, 0, 0, 0, 1}, short_id[32] = {0xc0, 0, 0, 0, 1, 40};
  uint8_t unknown[1200] = {0xc0, 9, 9, 9, 9}, plain[32] = {0x40, 7};
  quic_head head;
  assert_false(quic_head_read(&head, codicil_span_of(negotiation, sizeof negotiation)));
  assert_false(quic_head_read(&head, codicil_span_of(short_id, sizeof short_id)));
  assert_false(quic_head_read(&head, codicil_span_of(unknown, sizeof unknown - 1)));
  assert_true(quic_head_read(&head, codicil_span_of(unknown, sizeof unknown)));
  assert_true(head.is_unknown_version);
  assert_true(quic_head_read(&head, codicil_span_of(plain, sizeof plain)));
  assert_false(head.is_long);
  assert_int_equal(head.dcid.len, QUIC_CID_LEN);
}

// ---- what goes out -----------------------------------------------------------------------------

typedef struct ends {
  quic_socket out;
  int in;
  quic_outbox *outbox;
  quic_path path;
} ends;

static void open_ends(ends *e) {
  app_error err = {""};
  struct sockaddr_in from, to;
  int fd = world_socket(&from);
  memset(e, 0, sizeof *e);
  e->in = world_socket(&to);
  assert_true(quic_socket_init(&e->out, fd, &err));
  assert_false(e->out.is_connected);
  e->outbox = quic_outbox_new();
  e->path.local.in = from;
  e->path.remote.in = to;
}

static void close_ends(ends *e) {
  quic_outbox_free(e->outbox);
  quic_socket_clear(&e->out);
  close(e->in);
}

static void put(ends *e, uint8_t mark, size_t len) {
  uint8_t *room = quic_outbox_room(e->outbox, len);
  memset(room, mark, len);
  quic_outbox_add(e->outbox, &e->out, &e->path, 0, len);
}

static void expect(const ends *e, uint8_t mark, size_t len) {
  uint8_t data[2000];
  assert_int_equal(recv(e->in, data, sizeof data, MSG_DONTWAIT), (ssize_t)len);
  assert_int_equal(data[0], mark);
  assert_int_equal(data[len - 1], mark);
}

static void send_mixed_sizes(ends *e) {
  static const size_t lens[] = {1200, 1200, 1200, 300, 300, 1200, 50, 51, 52, 1200};
  enum { NUM = sizeof lens / sizeof lens[0] };
  for (size_t i = 0; i < NUM; i++) {
    put(e, (uint8_t)i, lens[i]);
  }
  quic_outbox_flush(e->outbox);
  for (size_t i = 0; i < NUM; i++) {
    expect(e, (uint8_t)i, lens[i]);
  }
  uint8_t data[8];
  assert_int_equal(recv(e->in, data, sizeof data, MSG_DONTWAIT), -1);
}

static void test_datagrams_arrive_in_their_order_and_sizes(void **state) {
  (void)state;
  ends e;
  open_ends(&e);
  send_mixed_sizes(&e);
  close_ends(&e);
}

static void test_without_segmentation_they_arrive_the_same(void **state) {
  (void)state;
  ends e;
  open_ends(&e);
  e.out.has_no_gso = true;
  send_mixed_sizes(&e);
  close_ends(&e);
}

static void test_segmentation_that_the_kernel_refuses_is_done_here(void **state) {
  (void)state;
  ends e;
  open_ends(&e);
  int checksums = 1;
  assert_int_equal(setsockopt(e.out.fd, SOL_SOCKET, SO_NO_CHECK, &checksums, sizeof checksums), 0);
  for (size_t i = 0; i < 20; i++) {
    send_mixed_sizes(&e); // no segmentation without checksums
  }
  assert_true(e.out.has_no_gso || e.out.gso_refusals > 0);
  close_ends(&e);
}

// As a probe of the path's MTU does, where one goes out before others.
static void test_a_datagram_that_is_too_long_takes_none_along(void **state) {
  (void)state;
  enum { LONG = 65000, SHORT = 1000 }; // more than an IP packet, together
  ends e;
  open_ends(&e);
  uint8_t *octets = calloc(1, LONG + SHORT), data[8];
  quic_run run = {.socket = &e.out, .path = e.path, .segment = LONG, .len = LONG + SHORT};
  for (size_t i = 0; i < 20; i++) {
    quic_socket_send(&e.out, octets, &run, 1);
    assert_int_equal(recv(e.in, data, sizeof data, MSG_DONTWAIT | MSG_TRUNC), LONG);
    assert_int_equal(recv(e.in, data, sizeof data, MSG_DONTWAIT | MSG_TRUNC), SHORT);
  }
  assert_false(e.out.has_no_gso);
  free(octets);
  close_ends(&e);
}

static void test_a_first_datagram_that_may_be_a_probe_is_alone(void **state) {
  (void)state;
  ends e;
  int yes = 1;
  uint8_t data[8];
  open_ends(&e);
  // A run that went out as one comes as one.
  assert_int_equal(setsockopt(e.in, SOL_UDP, UDP_GRO, &yes, sizeof yes), 0);
  put(&e, 0, 1400);
  put(&e, 0, 1200);
  put(&e, 0, 1200);
  put(&e, 0, 300);
  quic_outbox_flush(e.outbox);
  assert_int_equal(recv(e.in, data, sizeof data, MSG_DONTWAIT | MSG_TRUNC), 1400);
  assert_int_equal(recv(e.in, data, sizeof data, MSG_DONTWAIT | MSG_TRUNC), 2700);
  close_ends(&e);
}

static void test_another_destination_or_mark_begins_a_run(void **state) {
  (void)state;
  enum { LEN = 1000 };
  ends e;
  struct sockaddr_in other;
  int yes = 1, fd = world_socket(&other);
  uint8_t data[8];
  open_ends(&e);
  assert_int_equal(setsockopt(e.in, SOL_UDP, UDP_GRO, &yes, sizeof yes), 0);
  quic_path path = e.path;
  path.remote.in = other;
  for (uint8_t ecn = 0; ecn < 2; ecn++) {
    for (size_t i = 0; i < 2; i++) {
      memset(quic_outbox_room(e.outbox, LEN), 0, LEN);
      quic_outbox_add(e.outbox, &e.out, &e.path, ecn, LEN);
    }
  }
  memset(quic_outbox_room(e.outbox, LEN), 0, LEN);
  quic_outbox_add(e.outbox, &e.out, &path, 1, LEN);
  quic_outbox_flush(e.outbox);
  for (size_t i = 0; i < 2; i++) {
    assert_int_equal(recv(e.in, data, sizeof data, MSG_DONTWAIT | MSG_TRUNC), 2 * LEN);
  }
  assert_int_equal(recv(e.in, data, sizeof data, MSG_DONTWAIT), -1);
  assert_int_equal(recv(fd, data, sizeof data, MSG_DONTWAIT | MSG_TRUNC), LEN);
  close(fd);
  close_ends(&e);
}

static void test_more_than_fits_goes_out_in_between(void **state) {
  (void)state;
  ends e;
  open_ends(&e);
  for (size_t i = 0; i < 300; i++) {
    put(&e, (uint8_t)i, 1000);
    if (i % 100 == 99) {
      quic_outbox_flush(e.outbox);
      for (size_t j = i - 99; j <= i; j++) {
        expect(&e, (uint8_t)j, 1000);
      }
    }
  }
  close_ends(&e);
}

// A full socket buffer: Unix sockets wait for their reader, so one stands in for UDP.
static void test_what_the_kernel_does_not_take_is_kept_and_sent_later(void **state) {
  (void)state;
  int fds[2], len = 4000;
  assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, fds), 0);
  assert_int_equal(setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &len, sizeof len), 0);
  ends e = {.out = {.fd = fds[0], .is_connected = true, .has_no_gso = true}, .in = fds[1]};
  e.path.local.sa.sa_family = e.path.remote.sa.sa_family = AF_INET;
  e.outbox = quic_outbox_new();
  for (size_t i = 0; i < 40; i++) {
    put(&e, (uint8_t)i, i < 20 ? 1000 : 500);
  }
  quic_outbox_flush(e.outbox);
  assert_true(quic_socket_is_blocked(&e.out));
  put(&e, 40, 200); // waits behind the others
  quic_outbox_flush(e.outbox);
  for (size_t i = 0; i <= 40; i++) {
    expect(&e, (uint8_t)i, i < 20 ? 1000 : i < 40 ? 500 : 200);
    (void)quic_socket_resume(&e.out);
  }
  assert_false(quic_socket_is_blocked(&e.out));
  close_ends(&e);
}

static size_t num_told;
static quic_datagram last_told;

static void on_datagram(void *user, quic_socket *sock, const quic_datagram *in) {
  (void)user;
  (void)sock;
  num_told++;
  last_told = *in;
}

static void check_receives(int family, int (*open)(struct sockaddr_in6 *)) {
  app_error err = {""};
  struct sockaddr_in6 at;
  quic_socket in;
  quic_inbox *inbox = quic_inbox_new();
  assert_true(quic_socket_init(&in, open(&at), &err));
  int fd = socket(family, SOCK_DGRAM, 0), tos = 2;
  struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  ipv4.sin_port = at.sin6_port;
  at.sin6_addr = in6addr_loopback;
  const void *to = family == AF_INET ? (const void *)&ipv4 : (const void *)&at;
  socklen_t to_len = family == AF_INET ? sizeof ipv4 : sizeof at;
  assert_int_equal(connect(fd, to, to_len), 0);
  assert_int_equal(setsockopt(fd, family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6,
                              family == AF_INET ? IP_TOS : IPV6_TCLASS, &tos, sizeof tos),
                   0);
  assert_int_equal(send(fd, "hello", 5, 0), 5);
  num_told = 0;
  assert_int_equal(quic_socket_receive(&in, inbox, on_datagram, NULL), 1);
  assert_int_equal(num_told, 1);
  assert_int_equal(last_told.ecn, 2);
  assert_int_equal(last_told.len, 5);
  io_address address;
  char text[IO_ADDRESS_TEXT_MAX];
  quic_sockaddr_to_address(&last_told.path.local, &address);
  io_address_format_host(&address, text, sizeof text);
  assert_string_equal(text, family == AF_INET ? "127.0.0.1" : "::1");
  assert_int_equal(io_address_port(&address), ntohs(at.sin6_port));
  // And back, from the address that it came to.
  uint8_t answer[8];
  quic_run run = {.socket = &in, .path = last_told.path, .ecn = 1, .segment = 3, .len = 5};
  quic_socket_send(&in, (const uint8_t *)"12345", &run, 1);
  assert_int_equal(recv(fd, answer, sizeof answer, 0), 3);
  assert_int_equal(recv(fd, answer, sizeof answer, 0), 2);
  assert_int_equal(quic_socket_receive(&in, inbox, on_datagram, NULL), 0);
  assert_int_equal(errno, EAGAIN);
  close(fd);
  quic_socket_clear(&in);
  quic_inbox_free(inbox);
}

static int open_dual(struct sockaddr_in6 *out) {
  int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0), no = 0;
  socklen_t len = sizeof *out;
  *out = (struct sockaddr_in6){.sin6_family = AF_INET6};
  assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no), 0);
  assert_int_equal(bind(fd, (struct sockaddr *)out, len), 0);
  assert_int_equal(getsockname(fd, (struct sockaddr *)out, &len), 0);
  return fd;
}

static void test_one_socket_serves_ipv6_and_ipv4_with_addresses_and_ecn(void **state) {
  (void)state;
  int fd = socket(AF_INET6, SOCK_DGRAM, 0);
  if (fd < 0) {
    skip();
  }
  struct sockaddr_in6 loopback = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
  bool has_ipv6 = bind(fd, (struct sockaddr *)&loopback, sizeof loopback) == 0;
  close(fd);
  check_receives(AF_INET, open_dual);
  if (has_ipv6) {
    check_receives(AF_INET6, open_dual);
  }
}

static void test_what_is_no_internet_socket_is_refused(void **state) {
  (void)state;
  app_error err = {""};
  quic_socket sock = {.fd = -7};
  int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  assert_false(quic_socket_init(&sock, fd, &err));
  assert_int_equal(sock.fd, -7);
  assert_string_not_equal(err.text, "");
  close(fd);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_an_id_names_its_worker_to_all_who_have_the_key_and_nobody_else),
      cmocka_unit_test(test_a_table_finds_what_was_added_and_not_what_was_removed),
      cmocka_unit_test(test_ids_of_every_length_are_different_ids),
      cmocka_unit_test(test_heads_are_read_at_every_cut),
      cmocka_unit_test(test_heads_that_no_server_answers),
      cmocka_unit_test(test_datagrams_arrive_in_their_order_and_sizes),
      cmocka_unit_test(test_without_segmentation_they_arrive_the_same),
      cmocka_unit_test(test_segmentation_that_the_kernel_refuses_is_done_here),
      cmocka_unit_test(test_a_datagram_that_is_too_long_takes_none_along),
      cmocka_unit_test(test_a_first_datagram_that_may_be_a_probe_is_alone),
      cmocka_unit_test(test_another_destination_or_mark_begins_a_run),
      cmocka_unit_test(test_more_than_fits_goes_out_in_between),
      cmocka_unit_test(test_what_the_kernel_does_not_take_is_kept_and_sent_later),
      cmocka_unit_test(test_one_socket_serves_ipv6_and_ipv4_with_addresses_and_ecn),
      cmocka_unit_test(test_what_is_no_internet_socket_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

// Listening sockets: TCP and UDP on one port, refused where another process has either.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/listener.h"

static int type_of(int fd) {
  int type = 0;
  socklen_t len = sizeof type;
  assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len), 0);
  return type;
}

static uint16_t port_of(int fd) {
  io_address address = {.len = sizeof address.storage};
  assert_int_equal(getsockname(fd, (struct sockaddr *)&address.storage, &address.len), 0);
  return io_address_port(&address);
}

static void test_every_worker_has_a_socket_of_each_kind_on_one_port(void **state) {
  (void)state;
  app_error err;
  for (int i = 0; i < 50; i++) { // ports that are free for TCP may be taken for UDP
    listener l;
    assert_true(listener_open(&l, "127.0.0.1:0", 3, true, &err));
    uint16_t port = io_address_port(&l.address);
    assert_true(port > 0);
    for (size_t k = 0; k < 3; k++) {
      assert_int_equal(type_of(l.sockets[k]), SOCK_STREAM);
      assert_int_equal(type_of(l.udp[k]), SOCK_DGRAM);
      assert_int_equal(port_of(l.sockets[k]), port);
      assert_int_equal(port_of(l.udp[k]), port);
    }
    listener_close(&l, 0);
  }
}

static void test_without_http3_there_is_no_udp(void **state) {
  (void)state;
  app_error err;
  listener l;
  assert_true(listener_open(&l, "127.0.0.1:0", 1, false, &err));
  assert_null(l.udp);
  listener_close(&l, 0);
}

// Opens a socket of the test's own on a free port.
static int take_port(int type, uint16_t *out_port) {
  io_address address;
  assert_true(io_address_parse(&address, "127.0.0.1:0", 0));
  int fd = socket(AF_INET, type, 0);
  assert_int_equal(bind(fd, (struct sockaddr *)&address.storage, address.len), 0);
  if (type == SOCK_STREAM) {
    assert_int_equal(listen(fd, 1), 0);
  }
  *out_port = port_of(fd);
  return fd;
}

static void check_refused(int type, bool has_udp, bool expected) {
  app_error err;
  listener l;
  uint16_t port;
  char text[40];
  int fd = take_port(type, &port);
  snprintf(text, sizeof text, "127.0.0.1:%u", port);
  assert_int_equal(!listener_open(&l, text, 2, has_udp, &err), expected);
  if (expected) {
    assert_non_null(strstr(err.text, text));
    assert_null(l.sockets);
  }
  listener_close(&l, 0);
  close(fd);
}

static void test_a_port_that_another_has_is_refused(void **state) {
  (void)state;
  check_refused(SOCK_STREAM, true, true);
  check_refused(SOCK_DGRAM, true, true);
  check_refused(SOCK_DGRAM, false, false);
}

static void test_sockets_that_have_other_owners_are_not_closed(void **state) {
  (void)state;
  app_error err;
  listener l;
  assert_true(listener_open(&l, "127.0.0.1:0", 2, true, &err));
  int tcp = l.sockets[0];
  int udp = l.udp[1];
  int gone = l.udp[0];
  l.udp[1] = -1;
  listener_close(&l, 1);
  assert_int_equal(type_of(tcp), SOCK_STREAM);
  assert_int_equal(type_of(udp), SOCK_DGRAM);
  assert_int_equal(type_of(gone), SOCK_DGRAM); // the first worker's, too
  close(tcp);
  close(udp);
  close(gone);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_worker_has_a_socket_of_each_kind_on_one_port),
      cmocka_unit_test(test_without_http3_there_is_no_udp),
      cmocka_unit_test(test_a_port_that_another_has_is_refused),
      cmocka_unit_test(test_sockets_that_have_other_owners_are_not_closed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

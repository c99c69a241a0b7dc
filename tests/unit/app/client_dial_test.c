// TCP to one of several addresses, on loopback.
#include "cmocka_test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/dial.h"

typedef struct fixture {
  io_loop loop;
  client_dial *dial;
  int listener;
  uint16_t port;
  int fd;
  int sys_error;
  int num_done;
  codicil_address address;
} fixture;

static codicil_address address_of(const char *text) {
  codicil_address address;
  assert_true(codicil_address_parse(&address, codicil_span_of(text, strlen(text))));
  return address;
}

static int set_up(void **state) {
  static fixture f;
  app_error err;
  memset(&f, 0, sizeof f);
  f.fd = -1;
  assert_true(io_loop_init(&f.loop, &err));
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t len = sizeof to;
  f.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(bind(f.listener, (struct sockaddr *)&to, len), 0);
  assert_int_equal(getsockname(f.listener, (struct sockaddr *)&to, &len), 0);
  f.port = ntohs(to.sin_port);
  *state = &f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = *state;
  client_dial_free(f->dial);
  if (f->fd >= 0) {
    close(f->fd);
  }
  close(f->listener);
  io_loop_clear(&f->loop);
  return 0;
}

static void on_done(void *user, int fd, const codicil_address *address, int sys_error) {
  fixture *f = user;
  f->fd = fd;
  f->sys_error = sys_error;
  f->num_done++;
  if (address != NULL) {
    f->address = *address;
  }
  client_dial_free(f->dial);
  f->dial = NULL;
  ev_break(f->loop.ev, EVBREAK_ALL);
}

static void dial(fixture *f, const codicil_address *addresses, size_t num) {
  assert_true(client_dial_new(&f->dial, &f->loop, addresses, num, f->port, on_done, f));
  assert_int_equal(f->num_done, 0); // never from inside
  ev_run(f->loop.ev, 0);
  assert_int_equal(f->num_done, 1);
}

static void test_an_address_that_listens_is_connected(void **state) {
  fixture *f = *state;
  codicil_address addresses[] = {address_of("127.0.0.1")};
  assert_int_equal(listen(f->listener, 1), 0);
  dial(f, addresses, 1);
  assert_true(f->fd >= 0);
  assert_true(codicil_address_equal(&f->address, &addresses[0]));
}

static void test_the_next_address_is_tried_when_one_refuses(void **state) {
  fixture *f = *state;
  codicil_address addresses[] = {address_of("::1"), address_of("127.0.0.2"),
                                 address_of("127.0.0.1")};
  assert_int_equal(listen(f->listener, 1), 0);
  dial(f, addresses, 3);
  assert_true(f->fd >= 0);
  assert_true(codicil_address_equal(&f->address, &addresses[2]));
}

static void test_when_all_refuse_the_last_error_is_told(void **state) {
  fixture *f = *state;
  codicil_address addresses[] = {address_of("127.0.0.2"), address_of("127.0.0.1")};
  dial(f, addresses, 2);
  assert_int_equal(f->fd, -1);
  assert_int_equal(f->sys_error, ECONNREFUSED);
}

static void test_a_dial_may_be_given_up_before_it_is_done(void **state) {
  fixture *f = *state;
  codicil_address addresses[] = {address_of("127.0.0.1")};
  assert_true(client_dial_new(&f->dial, &f->loop, addresses, 1, f->port, on_done, f));
  client_dial_free(f->dial);
  f->dial = NULL;
  ev_run(f->loop.ev, EVRUN_NOWAIT);
  assert_int_equal(f->num_done, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_an_address_that_listens_is_connected, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_the_next_address_is_tried_when_one_refuses, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(test_when_all_refuse_the_last_error_is_told, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(test_a_dial_may_be_given_up_before_it_is_done, set_up,
                                      tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

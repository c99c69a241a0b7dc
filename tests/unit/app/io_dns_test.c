// DNS by libunbound, asked of a server on loopback that answers, fails, stays silent and is late.
#include "cmocka_test.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dns_server.h"
#include "io/dns.h"

static const dns_server_record records[] = {
    {"www.site.example", DNS_A, "192.0.2.1", 300},
    {"www.site.example", DNS_A, "192.0.2.2", 300},
    {"www.site.example", DNS_AAAA, "2001:db8::1", 120},
    {"alias.site.example", DNS_CNAME, "alias2.site.example", 300},
    {"alias2.site.example", DNS_CNAME, "www.site.example", 300},
    {"nowhere.site.example", DNS_CNAME, "gone.site.example", 300},
    {"site.example", DNS_CAA, "0 issue ca.example", 60},
    {"site.example", DNS_CAA, "128 requireddomain www.site.example", 60},
    {"www.lab.test", DNS_A, "192.0.2.5", 300},
    {"nas.home.arpa", DNS_A, "192.0.2.6", 300},
    {"broken.example", DNS_SERVER_FAILS, NULL, 0},
    {"broken.test", DNS_SERVER_FAILS, NULL, 0},
    {"silent.example", DNS_SERVER_SILENT, NULL, 0},
    {"long.example", DNS_SERVER_TCP, NULL, 0},
    {"long.example", DNS_A, "192.0.2.3", 300},
    {"late.example", DNS_SERVER_LATE, NULL, 0},
    {"late.example", DNS_A, "192.0.2.4", 300},
};

typedef struct fixture {
  io_loop loop;
  dns_server *server;
  dns_resolver *resolver;
} fixture;

// What an answer said, copied.
typedef struct heard {
  size_t num_calls;
  dns_state state;
  bool is_nxdomain, is_secure;
  char canonical_name[300];
  char why[300];
  uint32_t ttl_s;
  uint8_t first[64];
  size_t first_len, num_records;
} heard;

static void on_answer(void *user, const dns_answer *answer) {
  heard *h = user;
  h->num_calls++;
  h->state = answer->state;
  h->is_nxdomain = answer->is_nxdomain;
  h->is_secure = answer->is_secure;
  h->ttl_s = answer->ttl_s;
  h->num_records = answer->num_records;
  snprintf(h->canonical_name, sizeof h->canonical_name, "%s",
           answer->canonical_name != NULL ? answer->canonical_name : "");
  snprintf(h->why, sizeof h->why, "%s", answer->why != NULL ? answer->why : "");
  if (answer->num_records > 0 && answer->records[0].len <= sizeof h->first) {
    h->first_len = answer->records[0].len;
    memcpy(h->first, answer->records[0].data, h->first_len);
  }
}

static dns_resolver *resolver_of(fixture *f, io_loop *loop, uint64_t timeout_ms) {
  const char *servers[] = {dns_server_address(f->server)};
  dns_options options = {.servers = servers, .num_servers = 1, .timeout_ms = timeout_ms};
  dns_resolver *resolver = NULL;
  app_error err;
  assert_true(dns_resolver_new(&resolver, loop, &options, &err));
  return resolver;
}

static int set_up(void **state) {
  static fixture f;
  app_error err;
  memset(&f, 0, sizeof f);
  assert_true(io_loop_init(&f.loop, &err));
  f.server = dns_server_start(records, sizeof records / sizeof records[0]);
  assert_non_null(f.server);
  f.resolver = resolver_of(&f, &f.loop, 0);
  *state = &f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = *state;
  dns_resolver_free(f->resolver);
  dns_server_stop(f->server);
  io_loop_clear(&f->loop);
  return 0;
}

static void run_until(fixture *f, const heard *h, size_t num_calls) {
  while (h->num_calls < num_calls) {
    ev_run(f->loop.ev, EVRUN_ONCE);
  }
}

static heard ask(fixture *f, const char *name, int type) {
  heard h = {0};
  assert_non_null(dns_ask(f->resolver, name, type, on_answer, &h));
  assert_int_equal(h.num_calls, 0);
  run_until(f, &h, 1);
  return h;
}

static void test_addresses_come_with_their_ttl(void **state) {
  heard h = ask(*state, "www.site.example", DNS_A);
  assert_int_equal(h.state, DNS_ANSWERED);
  assert_int_equal(h.num_records, 2);
  assert_int_equal(h.first_len, 4);
  assert_int_equal(h.first[0], 192);
  assert_int_equal(h.ttl_s, 300);
  assert_string_equal(h.canonical_name, "");
  assert_false(h.is_secure);
  h = ask(*state, "www.site.example", DNS_AAAA);
  assert_int_equal(h.state, DNS_ANSWERED);
  assert_int_equal(h.first_len, 16);
  assert_int_equal(h.ttl_s, 120);
}

static void test_aliases_lead_to_the_name_that_has_the_addresses(void **state) {
  heard h = ask(*state, "alias.site.example", DNS_A);
  assert_int_equal(h.state, DNS_ANSWERED);
  assert_int_equal(h.num_records, 2);
  assert_string_equal(h.canonical_name, "www.site.example");
}

static void test_an_alias_is_a_record_of_its_own(void **state) {
  heard h = ask(*state, "alias.site.example", DNS_CNAME);
  assert_int_equal(h.state, DNS_ANSWERED);
  assert_int_equal(h.num_records, 1);
  assert_memory_equal(h.first, "\6alias2\4site\7example", 21);
}

static void test_an_alias_to_nothing_has_no_data(void **state) {
  heard h = ask(*state, "nowhere.site.example", DNS_A);
  assert_int_equal(h.state, DNS_NO_DATA);
  assert_true(h.is_nxdomain);
  assert_int_equal(h.num_records, 0);
}

static void test_a_name_that_does_not_exist_has_no_data(void **state) {
  heard h = ask(*state, "other.example", DNS_A);
  assert_int_equal(h.state, DNS_NO_DATA);
  assert_true(h.is_nxdomain);
  assert_int_equal(h.ttl_s, DNS_SERVER_NEGATIVE_TTL_S);
}

static void test_a_name_without_such_records_has_no_data(void **state) {
  heard h = ask(*state, "long.example", DNS_AAAA);
  assert_int_equal(h.state, DNS_NO_DATA);
  assert_false(h.is_nxdomain);
}

static void test_caa_records_come_as_on_the_wire(void **state) {
  heard h = ask(*state, "site.example", DNS_CAA);
  assert_int_equal(h.state, DNS_ANSWERED);
  assert_int_equal(h.num_records, 2);
  assert_true(h.first[1] == 5 || h.first[1] == 14);
}

static void test_a_server_that_fails_tells_nothing(void **state) {
  heard h = ask(*state, "broken.example", DNS_A);
  assert_int_equal(h.state, DNS_FAILED);
  assert_int_equal(h.num_records, 0);
  assert_string_equal(h.why, "the DNS server failed (SERVFAIL)");
}

static void test_a_truncated_answer_is_asked_for_over_tcp(void **state) {
  heard h = ask(*state, "long.example", DNS_A);
  assert_int_equal(h.state, DNS_ANSWERED);
  assert_int_equal(h.first[3], 3);
}

static void test_a_silent_server_fails_in_time(void **state) {
  fixture *f = *state;
  heard h = {0};
  dns_resolver *resolver = resolver_of(f, &f->loop, 100);
  assert_non_null(dns_ask(resolver, "silent.example", DNS_A, on_answer, &h));
  run_until(f, &h, 1);
  assert_int_equal(h.state, DNS_FAILED);
  assert_string_equal(h.why, "no DNS server answered within 0.1 seconds");
  assert_true(dns_server_num_questions(f->server) > 0);
  dns_resolver_free(resolver);
}

static void test_an_answer_after_the_cancellation_is_not_heard(void **state) {
  fixture *f = *state;
  heard cancelled = {0};
  dns_query *query = dns_ask(f->resolver, "late.example", DNS_A, on_answer, &cancelled);
  assert_non_null(query);
  dns_server_await_questions(f->server, 1);
  dns_cancel(query);
  dns_server_release(f->server);
  heard h = ask(f, "www.site.example", DNS_A);
  assert_int_equal(h.state, DNS_ANSWERED);
  assert_int_equal(cancelled.num_calls, 0);
}

static void test_open_queries_go_with_the_resolver(void **state) {
  fixture *f = *state;
  heard h = {0};
  dns_resolver *resolver = resolver_of(f, &f->loop, 0);
  assert_non_null(dns_ask(resolver, "late.example", DNS_A, on_answer, &h));
  assert_non_null(dns_ask(resolver, "late.example", DNS_AAAA, on_answer, &h));
  assert_non_null(dns_ask(resolver, "late.example", DNS_CAA, on_answer, &h));
  assert_non_null(dns_ask(resolver, "localhost", DNS_A, on_answer, &h));
  dns_server_await_questions(f->server, 1);
  dns_resolver_free(resolver);
  dns_server_release(f->server);
  ask(f, "www.site.example", DNS_A);
  assert_int_equal(h.num_calls, 0);
}

static void test_an_answer_is_asked_for_once_while_it_holds(void **state) {
  fixture *f = *state;
  ask(f, "www.site.example", DNS_A);
  size_t num = dns_server_num_questions(f->server);
  ask(f, "www.site.example", DNS_A);
  assert_int_equal(dns_server_num_questions(f->server), num);
}

static void test_localhost_is_this_machine_and_nobody_is_asked(void **state) {
  fixture *f = *state;
  heard h = ask(f, "localhost", DNS_A);
  assert_int_equal(h.state, DNS_ANSWERED);
  assert_int_equal(h.num_records, 1);
  assert_memory_equal(h.first, "\x7f\0\0\1", 4);
  h = ask(f, "www.localhost", DNS_AAAA);
  assert_int_equal(h.first[15], 1);
  h = ask(f, "localhost", DNS_CAA);
  assert_int_equal(h.state, DNS_NO_DATA);
  assert_int_equal(dns_server_num_questions(f->server), 0);
  h = ask(f, "notlocalhost", DNS_A);
  assert_int_equal(h.state, DNS_NO_DATA);
  assert_int_equal(dns_server_num_questions(f->server), 1);
}

//= https://www.rfc-editor.org/rfc/rfc6761#section-6.2
//# Name resolution APIs and libraries SHOULD NOT recognize test names as special
static void test_names_of_a_lab_are_asked_for_as_any_others(void **state) {
  heard h = ask(*state, "www.lab.test", DNS_A);
  assert_int_equal(h.state, DNS_ANSWERED);
  assert_int_equal(h.first[3], 5);
  h = ask(*state, "nas.home.arpa", DNS_A);
  assert_int_equal(h.state, DNS_ANSWERED);
  h = ask(*state, "broken.test", DNS_CAA); // "none" would let any CA issue
  assert_int_equal(h.state, DNS_FAILED);
}

static void test_what_is_no_name_fails_in_words(void **state) {
  heard h = ask(*state, "a..example", DNS_A);
  assert_int_equal(h.state, DNS_FAILED);
  assert_true(h.why[0] != '\0');
}

static void test_a_command_waits_without_a_loop(void **state) {
  fixture *f = *state;
  heard h = {0};
  dns_resolver *resolver = resolver_of(f, NULL, 100);
  assert_true(dns_ask_and_wait(resolver, "site.example", DNS_CAA, on_answer, &h));
  assert_int_equal(h.state, DNS_ANSWERED);
  assert_true(dns_ask_and_wait(resolver, "localhost", DNS_A, on_answer, &h));
  assert_int_equal(h.state, DNS_ANSWERED);
  assert_true(dns_ask_and_wait(resolver, "silent.example", DNS_A, on_answer, &h));
  assert_int_equal(h.state, DNS_FAILED);
  assert_string_equal(h.why, "no DNS server answered within 0.1 seconds");
  assert_true(dns_ask_and_wait(resolver, "a..example", DNS_A, on_answer, &h));
  assert_int_equal(h.state, DNS_FAILED);
  assert_int_equal(h.num_calls, 4);
  dns_resolver_free(resolver);
}

static void test_an_unsigned_answer_is_bogus_under_an_anchor(void **state) {
  fixture *f = *state;
  char path[] = "/tmp/codicil-anchor-XXXXXX";
  int fd = mkstemp(path);
  FILE *file = fdopen(fd, "w");
  fputs("example. IN DS 20326 8 2 "
        "E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D\n",
        file);
  fclose(file);
  const char *servers[] = {dns_server_address(f->server)};
  dns_options options = {.servers = servers, .num_servers = 1, .trust_anchor = path};
  dns_resolver *resolver = NULL;
  app_error err;
  heard h = {0};
  assert_true(dns_resolver_new(&resolver, NULL, &options, &err));
  assert_true(dns_ask_and_wait(resolver, "www.site.example", DNS_A, on_answer, &h));
  assert_int_equal(h.state, DNS_FAILED);
  assert_int_equal(h.num_records, 0);
  assert_non_null(strstr(h.why, "example"));
  dns_resolver_free(resolver);
  unlink(path);
}

static void expect_refusal(const dns_options *options, const char *text) {
  dns_resolver *resolver = NULL;
  app_error err;
  assert_false(dns_resolver_new(&resolver, NULL, options, &err));
  assert_null(resolver);
  assert_non_null(strstr(err.text, text));
}

static void test_what_is_no_server_is_refused_by_name(void **state) {
  (void)state;
  static const char *const bad[] = {"",  "*",          "*:53",        ":53",
                                    "x", "ns.example", "192.0.2.1:x", "192.0.2.1:0"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    dns_options options = {.servers = &bad[i], .num_servers = 1};
    char text[40];
    snprintf(text, sizeof text, "DNS server %s: ", bad[i]);
    expect_refusal(&options, text);
  }
}

static void test_servers_may_be_addresses_of_either_kind(void **state) {
  (void)state;
  static const char *const good[] = {"192.0.2.1", "192.0.2.1:5300",   "2001:db8::1",
                                     "::1",       "[2001:db8::1]:53", "[::1]"};
  dns_options options = {.servers = good, .num_servers = sizeof good / sizeof good[0]};
  dns_resolver *resolver = NULL;
  app_error err;
  heard h = {0};
  assert_true(dns_resolver_new(&resolver, NULL, &options, &err));
  // No server is asked for what is below "invalid" (RFC 6761 §6.4), but libunbound has them all.
  assert_true(dns_ask_and_wait(resolver, "nothing.invalid", DNS_A, on_answer, &h));
  assert_int_equal(h.state, DNS_NO_DATA);
  dns_resolver_free(resolver);
}

// libev has functions of libevent's names. A libunbound that is built on libevent and finds libev's
// writes over memory that is not its own: whoever links these in another order is told here.
static void test_libunbound_finds_libevent_before_libev(void **state) {
  (void)state;
  void *found = dlsym(RTLD_DEFAULT, "event_add");
  void *libevents_alone = dlsym(RTLD_DEFAULT, "event_base_got_break");
  Dl_info in;
  if (libevents_alone == NULL) {
    skip(); // it has events of its own
  }
  assert_true(dladdr(found, &in) != 0);
  assert_non_null(strstr(in.dli_fname, "libevent"));
}

static int lowest_free_fd(void) {
  int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  assert_true(fd >= 0);
  close(fd);
  return fd;
}

// libunbound takes a millisecond and descriptors.
static void test_what_asks_nothing_has_no_libunbound(void **state) {
  fixture *f = *state;
  int before = lowest_free_fd();
  dns_resolver *resolver = resolver_of(f, NULL, 0);
  assert_int_equal(lowest_free_fd(), before);
  heard h = {0};
  assert_true(dns_ask_and_wait(resolver, "localhost", DNS_A, on_answer, &h));
  assert_int_equal(lowest_free_fd(), before);
  dns_resolver_free(resolver);
}

static void expect_anchor_refusal(const char *content) {
  char path[] = "/tmp/codicil-anchor-XXXXXX";
  int fd = mkstemp(path);
  assert_int_equal(write(fd, content, strlen(content)), (ssize_t)strlen(content));
  close(fd);
  dns_options options = {.trust_anchor = path};
  expect_refusal(&options, path);
  unlink(path);
}

static void test_a_file_without_anchors_does_not_turn_validation_off(void **state) {
  (void)state;
  expect_anchor_refusal("");
  expect_anchor_refusal("; . IN DS 1 8 2 00\n");
  expect_anchor_refusal("www.site.example. IN A 192.0.2.1\n");
  expect_anchor_refusal(". IN DS none\n");
  dns_options options = {.trust_anchor = "/nonexistent/anchor"};
  expect_refusal(&options, "/nonexistent/anchor");
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_libunbound_finds_libevent_before_libev),
      WITH_SERVER(test_addresses_come_with_their_ttl),
      WITH_SERVER(test_aliases_lead_to_the_name_that_has_the_addresses),
      WITH_SERVER(test_an_alias_is_a_record_of_its_own),
      WITH_SERVER(test_an_alias_to_nothing_has_no_data),
      WITH_SERVER(test_a_name_that_does_not_exist_has_no_data),
      WITH_SERVER(test_a_name_without_such_records_has_no_data),
      WITH_SERVER(test_caa_records_come_as_on_the_wire),
      WITH_SERVER(test_a_server_that_fails_tells_nothing),
      WITH_SERVER(test_a_truncated_answer_is_asked_for_over_tcp),
      WITH_SERVER(test_a_silent_server_fails_in_time),
      WITH_SERVER(test_an_answer_after_the_cancellation_is_not_heard),
      WITH_SERVER(test_open_queries_go_with_the_resolver),
      WITH_SERVER(test_an_answer_is_asked_for_once_while_it_holds),
      WITH_SERVER(test_localhost_is_this_machine_and_nobody_is_asked),
      WITH_SERVER(test_names_of_a_lab_are_asked_for_as_any_others),
      WITH_SERVER(test_what_is_no_name_fails_in_words),
      WITH_SERVER(test_a_command_waits_without_a_loop),
      WITH_SERVER(test_an_unsigned_answer_is_bogus_under_an_anchor),
      cmocka_unit_test(test_what_is_no_server_is_refused_by_name),
      cmocka_unit_test(test_servers_may_be_addresses_of_either_kind),
      WITH_SERVER(test_what_asks_nothing_has_no_libunbound),
      cmocka_unit_test(test_a_file_without_anchors_does_not_turn_validation_off),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

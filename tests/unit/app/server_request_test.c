// Requests: what is well formed, whose they are, conditions, ranges, log lines, patience.
//
// Fields come through two nghttp2 sessions, for only nghttp2 can make the buffers that they are in.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "server/access_log.h"
#include "server/conditional.h"
#include "server/limits.h"
#include "server/request.h"

enum { MAX_LEN = 1000 };

// ---- fields through nghttp2
// --------------------------------------------------------------------------------

static size_t max_len = MAX_LEN;

static void hold(void *buffer) {
  nghttp2_rcbuf_incref(buffer);
}
static void release(void *buffer) {
  nghttp2_rcbuf_decref(buffer);
}
static const request_buffers buffers = {hold, release, false};

static int on_header(nghttp2_session *ng, const nghttp2_frame *frame, nghttp2_rcbuf *name,
                     nghttp2_rcbuf *value, uint8_t flags, void *user) {
  (void)ng;
  (void)frame;
  (void)flags;
  nghttp2_vec n = nghttp2_rcbuf_get_buf(name);
  nghttp2_vec v = nghttp2_rcbuf_get_buf(value);
  request_add_field(user, codicil_span_of(n.base, n.len), codicil_span_of(v.base, v.len), value,
                    max_len);
  return 0;
}

static void carry(nghttp2_session *from, nghttp2_session *to) {
  const uint8_t *data;
  ssize_t n;
  while ((n = nghttp2_session_mem_send(from, &data)) > 0) {
    assert_int_equal(nghttp2_session_mem_recv(to, data, (size_t)n), n);
  }
}

// Makes a request of "name: value" texts, ended by NULL.
static void make(request *r, const char *const *fields) {
  nghttp2_session_callbacks *callbacks;
  nghttp2_option *option;
  nghttp2_session *client;
  nghttp2_session *server;
  nghttp2_nv nv[16];
  size_t num = 0;
  for (; fields[num]; num++) {
    const char *colon = strchr(fields[num] + 1, ':');
    const char *value = colon + 2;
    nv[num] = (nghttp2_nv){(uint8_t *)fields[num], (uint8_t *)value, (size_t)(colon - fields[num]),
                           strlen(value), NGHTTP2_NV_FLAG_NONE};
  }
  memset(r, 0, sizeof *r);
  r->buffers = &buffers;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_header_callback2(callbacks, on_header);
  nghttp2_option_new(&option);
  nghttp2_option_set_no_http_messaging(option, 1);
  nghttp2_session_client_new2(&client, callbacks, NULL, option);
  nghttp2_session_server_new2(&server, callbacks, r, option);
  nghttp2_submit_settings(client, NGHTTP2_FLAG_NONE, NULL, 0);
  assert_true(nghttp2_submit_request(client, NULL, nv, num, NULL, NULL) > 0);
  carry(client, server);
  nghttp2_session_del(client);
  nghttp2_session_del(server);
  nghttp2_option_del(option);
  nghttp2_session_callbacks_del(callbacks);
  request_complete(r);
}

#define FIELDS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define GET         ":method: GET", ":scheme: https", ":path: /"

// ---- well formed
// -------------------------------------------------------------------------------------------

static void check_malformed(const char *const *fields, bool expected) {
  request r;
  make(&r, fields);
  assert_int_equal(r.is_malformed, expected);
  request_clear(&r);
}

static void test_requests_that_are_well_formed(void **state) {
  (void)state;
  check_malformed(FIELDS(GET, ":authority: a.example", "te: trailers", "x: y"), false);
  check_malformed(FIELDS(GET, "host: a.example"), false);
  check_malformed(FIELDS(":method: OPTIONS", ":scheme: https", ":path: *", ":authority: a"), false);
  check_malformed(FIELDS(":method: CONNECT", ":authority: a.example:443"), false);
}

static void test_requests_that_are_malformed(void **state) {
  (void)state;
  check_malformed(FIELDS(":scheme: https", ":path: /", ":authority: a"), true);
  check_malformed(FIELDS(":method: GET", ":path: /", ":authority: a"), true);
  check_malformed(FIELDS(":method: GET", ":scheme: https", ":authority: a"), true);
  check_malformed(FIELDS(":method: GET", ":scheme: https", ":path: x", ":authority: a"), true);
  check_malformed(FIELDS(":method: GET", ":scheme: https", ":path: *", ":authority: a"), true);
  check_malformed(FIELDS(GET, ":method: GET", ":authority: a"), true);
  check_malformed(FIELDS(GET, ":status: 200", ":authority: a"), true);
  check_malformed(FIELDS(":method: GET", "x: y", ":scheme: https", ":path: /"), true);
  check_malformed(FIELDS(GET, "x: y", ":authority: a"), true);
  check_malformed(FIELDS(GET, "host: a", ":authority: a"), true);
  check_malformed(FIELDS(GET, "X-Upper: y", ":authority: a"), true);
  check_malformed(FIELDS(GET, "connection: close"), true);
  check_malformed(FIELDS(GET, "transfer-encoding: chunked"), true);
  check_malformed(FIELDS(GET, "te: gzip"), true);
  check_malformed(FIELDS(GET, "x: y\r\nz"), true);
  check_malformed(FIELDS(GET, "x:  y"), true);
  check_malformed(FIELDS(":method: G T", ":scheme: https", ":path: /"), true);
  check_malformed(FIELDS(":method: CONNECT", ":path: /", ":authority: a"), true);
}

static void test_fields_beyond_the_limit_are_not_kept(void **state) {
  (void)state;
  char large[MAX_LEN + 8] = "referer: ";
  request r;
  memset(large + 9, 'x', MAX_LEN - 10);
  make(&r, FIELDS(GET, ":authority: a.example", large));
  assert_true(r.is_too_large);
  assert_null(request_value(&r, REQUEST_REFERER).data);
  request_clear(&r);
}

// ---- whose they are
// ----------------------------------------------------------------------------------------

static void check_origin(const char *const *fields, const char *host, uint16_t port) {
  request r;
  codicil_origin origin;
  make(&r, fields);
  assert_int_equal(request_origin(&origin, &r), host != NULL);
  if (host) {
    assert_string_equal(origin.host, host);
    assert_int_equal(origin.port, port);
  }
  request_clear(&r);
}

static void test_authorities(void **state) {
  (void)state;
  check_origin(FIELDS(GET, ":authority: A.example:8443"), "a.example", 8443);
  check_origin(FIELDS(GET, "host: a.example"), "a.example", 443);
  check_origin(FIELDS(GET, ":authority: a.example", "host: A.EXAMPLE:443"), "a.example", 443);
  check_origin(FIELDS(GET, ":authority: [2001:DB8::1]:1"), "2001:db8::1", 1);
}

static void test_authorities_that_are_none(void **state) {
  (void)state;
  check_origin(FIELDS(GET, "x: y"), NULL, 0);
  check_origin(FIELDS(GET, ":authority: a.example", "host: b.example"), NULL, 0);
  check_origin(FIELDS(GET, ":authority: a.example", "host: a.example:444"), NULL, 0);
  check_origin(FIELDS(GET, "host: a.example", "host: a.example"), NULL, 0);
  check_origin(FIELDS(GET, ":authority: a.example", ":authority: a.example"), NULL, 0);
  check_origin(FIELDS(GET, ":authority: me@a.example"), NULL, 0);
  check_origin(FIELDS(GET, ":authority: a.example:"), NULL, 0);
  check_origin(FIELDS(GET, ":authority: "), NULL, 0);
  check_origin(FIELDS(GET, ":authority: a.example", "host: "), NULL, 0);
}

// ---- conditions and ranges
// ---------------------------------------------------------------------------------

static const file_entry file = {
    .size = 100, .etag = "\"abc\"", .etag_len = 5, .modified_s = 784111777};

static uint16_t status_of(uint64_t *at, uint64_t *end, const char *one, const char *two) {
  request r;
  make(&r, FIELDS(GET, ":authority: a.example", one, two));
  uint16_t status = conditional_status(at, end, &r, &file);
  request_clear(&r);
  return status;
}

static void check_status(uint16_t expected, const char *one, const char *two) {
  uint64_t at;
  uint64_t end;
  assert_int_equal(status_of(&at, &end, one, two), expected);
}

#define SAME_DATE "Sun, 06 Nov 1994 08:49:37 GMT"
#define EARLIER   "Sun, 06 Nov 1994 08:49:36 GMT"

static void test_conditions(void **state) {
  (void)state;
  check_status(200, "x: y", "y: z");
  check_status(304, "if-none-match: \"abc\"", "x: y");
  check_status(304, "if-none-match: \"x\", W/\"abc\"", "x: y");
  check_status(304, "if-none-match: *", "x: y");
  check_status(200, "if-none-match: \"x\"", "if-modified-since: " SAME_DATE);
  check_status(304, "if-modified-since: " SAME_DATE, "x: y");
  check_status(200, "if-modified-since: " EARLIER, "x: y");
  check_status(200, "if-modified-since: nonsense", "x: y");
  check_status(412, "if-match: \"x\"", "x: y");
  check_status(412, "if-match: W/\"abc\"", "x: y");
  check_status(200, "if-match: \"abc\"", "if-unmodified-since: " EARLIER);
  check_status(412, "if-unmodified-since: " EARLIER, "x: y");
  check_status(412, "if-match: \"x\"", "if-none-match: \"abc\"");
}

static void check_range(const char *range, uint16_t expected, uint64_t at, uint64_t end) {
  char field[80];
  uint64_t got_at;
  uint64_t got_end;
  snprintf(field, sizeof field, "range: %s", range);
  assert_int_equal(status_of(&got_at, &got_end, field, "x: y"), expected);
  if (expected != 416) {
    assert_int_equal(got_at, at);
    assert_int_equal(got_end, end);
  }
}

static void test_ranges(void **state) {
  (void)state;
  check_range("bytes=0-0", 206, 0, 1);
  check_range("bytes=10-", 206, 10, 100);
  check_range("bytes=-10", 206, 90, 100);
  check_range("bytes=-1000", 206, 0, 100);
  check_range("bytes=99-1000", 206, 99, 100);
  check_range("bytes=100-", 416, 0, 0);
  check_range("bytes=-0", 416, 0, 0);
  check_range("bytes=5-4", 200, 0, 100);
  check_range("bytes=-", 200, 0, 100);
  check_range("bytes=0-1,3-4", 200, 0, 100);
  check_range("lines=0-1", 200, 0, 100);
  check_range("bytes=0-99999999999999999999999", 200, 0, 100);
}

static void test_a_range_holds_only_for_the_same_file(void **state) {
  (void)state;
  check_status(206, "range: bytes=0-1", "if-range: \"abc\"");
  check_status(200, "range: bytes=0-1", "if-range: \"abd\"");
  check_status(200, "range: bytes=0-1", "if-range: W/\"abc\"");
  check_status(206, "range: bytes=0-1", "if-range: " SAME_DATE);
  check_status(200, "range: bytes=0-1", "if-range: " EARLIER);
  check_status(304, "range: bytes=0-1", "if-none-match: \"abc\"");
}

// ---- the log
// -----------------------------------------------------------------------------------------------

static const access_log_client client = {3, "192.0.2.1", "HTTP/2.0"};

static void log_line(char *out, size_t out_len, bool is_json, const char *const *fields) {
  int fds[2];
  access_log log;
  request r;
  codicil_now now = {2000, 784111777};
  assert_int_equal(pipe(fds), 0);
  assert_true(access_log_init(&log, fds[1], is_json));
  make(&r, fields);
  r.status = 200;
  r.sent = 7;
  access_log_add(&log, &r, &client, now);
  request_clear(&r);
  access_log_clear(&log);
  ssize_t n = read(fds[0], out, out_len - 1);
  assert_true(n > 0);
  out[n] = '\0';
  close(fds[0]);
  close(fds[1]);
}

static void test_a_line_in_the_combined_format(void **state) {
  (void)state;
  char out[4096];
  log_line(out, sizeof out, false,
           FIELDS(GET, ":authority: a.example", "user-agent: a\"b\\c\xe9", "referer: r"));
  assert_string_equal(out, "192.0.2.1 - - [06/Nov/1994:08:49:37 +0000] \"GET / HTTP/2.0\" 200 7 "
                           "\"r\" \"a\\x22b\\x5cc\\xe9\" \"a.example\" -\n");
}

static void test_a_line_of_json(void **state) {
  (void)state;
  char out[4096];
  log_line(out, sizeof out, true, FIELDS(GET, "host: a.example", "user-agent: a\"\\b"));
  assert_string_equal(
      out, "{\"time\":\"1994-11-06T08:49:37Z\",\"remote\":\"192.0.2.1\",\"connection\":3,"
           "\"protocol\":\"HTTP/2.0\","
           "\"method\":\"GET\",\"authority\":\"a.example\",\"path\":\"/\",\"status\":200,"
           "\"octets\":7,\"duration_us\":2,\"referer\":null,\"user_agent\":\"a\\u0022\\u005cb\","
           "\"certificate\":null}\n");
}

// However much of what a client wrote has to be escaped, the line is whole.
static void test_the_longest_line_of_json_is_whole(void **state) {
  (void)state;
  static const char end[] = "\",\"certificate\":null}\n";
  static char fields[4][2100]; // ends in NUL
  static char out[65536];
  static const char *const names[] = {":authority: ", ":path: /", "referer: ", "user-agent: "};
  for (size_t i = 0; i < 4; i++) {
    size_t len = strlen(names[i]);
    memcpy(fields[i], names[i], len);
    memset(fields[i] + len, 0xff, 2048);
  }
  max_len = 65536;
  log_line(out, sizeof out, true,
           FIELDS(":method: GET", fields[0], fields[1], fields[2], fields[3]));
  max_len = MAX_LEN;
  assert_true(strlen(out) > (size_t)4 * 6 * 2000);
  assert_string_equal(out + strlen(out) - strlen(end), end);
}

static void test_a_log_that_is_off_takes_every_call(void **state) {
  (void)state;
  access_log log;
  codicil_now now = {2000, 784111777};
  assert_true(access_log_init(&log, -1, true));
  access_log_add(&log, NULL, &client, now);
  access_log_flush(&log);
  access_log_clear(&log);
}

// A pipe that is full keeps no worker, and what comes out of it are whole lines.
static void test_a_reader_that_is_slow_loses_lines_and_breaks_none(void **state) {
  (void)state;
  static char out[1 << 20];
  int fds[2];
  access_log log;
  request r;
  codicil_now now = {2000, 784111777};
  size_t len = 0;
  assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
  assert_true(access_log_init(&log, fds[1], true));
  make(&r, FIELDS(GET, "host: a.example"));
  for (int i = 0; i < 3000; i++) {
    access_log_add(&log, &r, &client, now);
  }
  request_clear(&r);
  ssize_t n;
  while ((n = read(fds[0], out + len, sizeof out - len)) > 0 || log.len > 0) {
    len += n > 0 ? (size_t)n : 0;
    access_log_flush(&log);
  }
  size_t line_len = (size_t)(strchr(out, '\n') - out) + 1;
  assert_true(len > 100 * line_len && len < 3000 * line_len);
  assert_int_equal(len % line_len, 0);
  for (size_t at = 0; at < len; at += line_len) {
    assert_memory_equal(out + at, out, line_len);
  }
  access_log_clear(&log);
  close(fds[0]);
  close(fds[1]);
}

// ---- patience
// ----------------------------------------------------------------------------------------------

static void test_patience_ends_and_comes_back(void **state) {
  (void)state;
  server_patience p;
  uint64_t second = 1000000000;
  server_patience_init(&p, 20, second);
  for (int i = 0; i < 20; i++) {
    assert_true(server_patience_take(&p, second));
  }
  assert_false(server_patience_take(&p, second));
  assert_true(server_patience_take(&p, 2 * second)); // a tenth comes back in a second
  assert_true(server_patience_take(&p, 2 * second));
  assert_false(server_patience_take(&p, 2 * second));
  server_patience_give(&p, 1);
  assert_true(server_patience_take(&p, 2 * second));
  server_patience_give(&p, 1000);
  assert_int_equal(p.left, 20);
  assert_true(server_patience_take(&p, UINT64_MAX));
  assert_int_equal(p.left, 19);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_requests_that_are_well_formed),
      cmocka_unit_test(test_requests_that_are_malformed),
      cmocka_unit_test(test_fields_beyond_the_limit_are_not_kept),
      cmocka_unit_test(test_authorities),
      cmocka_unit_test(test_authorities_that_are_none),
      cmocka_unit_test(test_conditions),
      cmocka_unit_test(test_ranges),
      cmocka_unit_test(test_a_range_holds_only_for_the_same_file),
      cmocka_unit_test(test_a_line_in_the_combined_format),
      cmocka_unit_test(test_a_line_of_json),
      cmocka_unit_test(test_the_longest_line_of_json_is_whole),
      cmocka_unit_test(test_a_log_that_is_off_takes_every_call),
      cmocka_unit_test(test_a_reader_that_is_slow_loses_lines_and_breaks_none),
      cmocka_unit_test(test_patience_ends_and_comes_back),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

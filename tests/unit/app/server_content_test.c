// Content over HTTP/3: pieces that stay in place, chunks that live until they are acknowledged.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "server/connection.h"
#include "server/content_h3.h"
#include "server/response.h"

static char path[64];
static connection of_all;

static int make_file(size_t len) {
  snprintf(path, sizeof path, "/tmp/codicil-content-XXXXXX");
  int fd = mkstemp(path);
  assert_true(fd >= 0);
  for (size_t i = 0; i < len; i++) {
    uint8_t octet = (uint8_t)(i / 7);
    static uint8_t block[4096];
    block[i % sizeof block] = octet;
    if (i % sizeof block == sizeof block - 1 || i == len - 1) {
      assert_int_equal(write(fd, block, i % sizeof block + 1), (ssize_t)(i % sizeof block + 1));
    }
  }
  return fd;
}

// A response with the whole of a file that is too large to be kept.
static void begin(request *r, file_entry *file, size_t len) {
  memset(r, 0, sizeof *r);
  memset(file, 0, sizeof *file);
  file->fd = make_file(len);
  file->size = len;
  r->connection = &of_all;
  r->file = file;
  r->end = len;
}

static void end(request *r) {
  content_clear(r);
  assert_null(r->chunks);
  assert_int_equal(of_all.num_chunks, 0);
  close(r->file->fd);
  unlink(path);
}

static void check_octets(codicil_span part, uint64_t at) {
  for (size_t i = 0; i < part.len; i++) {
    assert_int_equal(part.data[i], (uint8_t)((at + i) / 7));
  }
}

static void test_what_is_in_memory_stays_where_it_is(void **state) {
  (void)state;
  static uint8_t content[200000];
  file_entry file = {.size = sizeof content, .content = content, .fd = -1};
  request r = {.file = &file, .at = 10, .end = sizeof content};
  codicil_span part;
  while (r.at < r.end) {
    uint64_t at = r.at;
    assert_int_equal(content_next(&r, &part), CONTENT_OK);
    assert_ptr_equal(part.data, content + at);
    assert_int_equal(r.at, at + part.len);
  }
  assert_int_equal(r.sent, sizeof content - 10);
  assert_false(content_acked(&r, sizeof content - 10));
  assert_null(r.chunks);
}

static void test_text_is_given_whole(void **state) {
  (void)state;
  request r = {.text = "404 not found\n", .end = 14};
  codicil_span part;
  assert_int_equal(content_next(&r, &part), CONTENT_OK);
  assert_int_equal(part.len, 14);
  assert_int_equal(r.at, r.end);
}

static void test_chunks_live_until_they_are_acknowledged(void **state) {
  (void)state;
  enum { LEN = 3 * CONTENT_CHUNK_LEN + 5 };
  request r;
  file_entry file;
  codicil_span parts[4];
  begin(&r, &file, LEN);
  for (size_t i = 0; i < 4; i++) {
    assert_int_equal(content_next(&r, &parts[i]), CONTENT_OK);
  }
  assert_int_equal(r.at, LEN);
  assert_int_equal(r.num_chunks, 4);
  for (size_t i = 0; i < 4; i++) {
    check_octets(parts[i], i * CONTENT_CHUNK_LEN);
  }
  content_acked(&r, CONTENT_CHUNK_LEN - 1);
  assert_int_equal(r.num_chunks, 4);
  content_acked(&r, 1);
  assert_int_equal(r.num_chunks, 3);
  content_acked(&r, 2 * CONTENT_CHUNK_LEN + 1); // acknowledgements do not end where chunks do
  assert_int_equal(r.num_chunks, 1);
  check_octets(parts[3], 3 * CONTENT_CHUNK_LEN);
  content_acked(&r, 4);
  assert_int_equal(r.num_chunks, 0);
  assert_null(r.chunks);
  end(&r);
}

static void test_too_many_chunks_wait_for_an_acknowledgement(void **state) {
  (void)state;
  enum { LEN = (CONTENT_MAX_CHUNKS + 2) * CONTENT_CHUNK_LEN };
  request r;
  file_entry file;
  codicil_span part;
  begin(&r, &file, LEN);
  for (size_t i = 0; i < CONTENT_MAX_CHUNKS; i++) {
    assert_int_equal(content_next(&r, &part), CONTENT_OK);
  }
  assert_int_equal(content_next(&r, &part), CONTENT_WAITS);
  assert_int_equal(r.at, CONTENT_MAX_CHUNKS * CONTENT_CHUNK_LEN);
  assert_false(content_acked(&r, CONTENT_CHUNK_LEN - 1));
  assert_true(content_acked(&r, 1));
  assert_false(content_acked(&r, CONTENT_CHUNK_LEN)); // it goes on already
  assert_int_equal(content_next(&r, &part), CONTENT_OK);
  check_octets(part, CONTENT_MAX_CHUNKS * CONTENT_CHUNK_LEN);
  end(&r);
}

static size_t read_all_that_may(request *r) {
  size_t num = 0;
  codicil_span part;
  while (content_next(r, &part) == CONTENT_OK) {
    num++;
  }
  return num;
}

// Where others of the connection have taken all that there is, each goes on with its least.
static void test_chunks_of_all_responses_are_few_together(void **state) {
  (void)state;
  enum { LEN = CONTENT_MAX_CHUNKS * CONTENT_CHUNK_LEN, NUM = 6 };
  request r;
  file_entry file;
  begin(&r, &file, LEN + 1);
  request others[NUM];
  for (size_t i = 0; i < NUM; i++) {
    others[i] = (request){.connection = &of_all, .file = &file, .end = LEN + 1};
    bool is_late = i >= CONTENT_CONNECTION_CHUNKS / CONTENT_MAX_CHUNKS;
    assert_int_equal(read_all_that_may(&others[i]),
                     is_late ? CONTENT_MIN_CHUNKS : CONTENT_MAX_CHUNKS);
  }
  assert_int_equal(read_all_that_may(&r), CONTENT_MIN_CHUNKS);
  assert_true(content_acked(&r, CONTENT_CHUNK_LEN)); // by its own acknowledgement
  assert_int_equal(read_all_that_may(&r), 1);
  content_clear(&others[0]);
  assert_true(content_acked(&r, CONTENT_CHUNK_LEN));
  size_t left = CONTENT_CONNECTION_CHUNKS - of_all.num_chunks;
  assert_int_equal(read_all_that_may(&r), left);
  for (size_t i = 1; i < NUM; i++) {
    content_clear(&others[i]);
  }
  end(&r);
}

static void test_a_file_that_shrank_fails(void **state) {
  (void)state;
  request r;
  file_entry file;
  codicil_span part;
  begin(&r, &file, 2 * CONTENT_CHUNK_LEN);
  assert_int_equal(content_next(&r, &part), CONTENT_OK);
  assert_int_equal(ftruncate(file.fd, 100), 0);
  assert_int_equal(content_next(&r, &part), CONTENT_FAILED);
  assert_int_equal(r.num_chunks, 1);
  end(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_what_is_in_memory_stays_where_it_is),
      cmocka_unit_test(test_text_is_given_whole),
      cmocka_unit_test(test_chunks_live_until_they_are_acknowledged),
      cmocka_unit_test(test_too_many_chunks_wait_for_an_acknowledgement),
      cmocka_unit_test(test_chunks_of_all_responses_are_few_together),
      cmocka_unit_test(test_a_file_that_shrank_fails),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

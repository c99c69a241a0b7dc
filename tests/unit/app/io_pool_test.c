// The pool behind nghttp2, nghttp3 and ngtcp2: blocks come back, keep their octets when they grow,
// and are bounded.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "io/pool.h"

static void test_a_freed_block_is_used_again(void **state) {
  (void)state;
  io_pool p = {0};
  nghttp2_mem mem = io_pool_mem(&p);
  void *first = mem.malloc(100, mem.mem_user_data);
  mem.free(first, mem.mem_user_data);
  assert_ptr_equal(mem.malloc(97, mem.mem_user_data), first);
  void *other = mem.malloc(100, mem.mem_user_data);
  assert_ptr_not_equal(other, first);
  mem.free(first, mem.mem_user_data);
  mem.free(other, mem.mem_user_data);
  mem.free(NULL, mem.mem_user_data);
  io_pool_clear(&p);
}

static void test_every_size_holds_what_was_asked_for(void **state) {
  (void)state;
  io_pool p = {0};
  nghttp2_mem mem = io_pool_mem(&p);
  for (size_t len = 0; len < 2000; len++) {
    unsigned char *block = mem.malloc(len, mem.mem_user_data);
    assert_int_equal((uintptr_t)block % _Alignof(max_align_t), 0);
    memset(block, 0xff, len);
    mem.free(block, mem.mem_user_data);
    block = mem.calloc(1, len, mem.mem_user_data);
    for (size_t i = 0; i < len; i++) {
      assert_int_equal(block[i], 0);
    }
    mem.free(block, mem.mem_user_data);
  }
  io_pool_clear(&p);
}

static void test_a_block_keeps_its_octets_when_it_grows(void **state) {
  (void)state;
  io_pool p = {0};
  nghttp2_mem mem = io_pool_mem(&p);
  unsigned char *block = mem.realloc(NULL, 1, mem.mem_user_data);
  block[0] = 42;
  for (size_t len = 1; len < 5000; len += 37) {
    block = mem.realloc(block, len, mem.mem_user_data);
    block[len - 1] = (unsigned char)len;
    assert_int_equal(block[0], 1); // written as the last octet of the first length
  }
  mem.free(block, mem.mem_user_data);
  io_pool_clear(&p);
}

static void test_it_keeps_a_bounded_number(void **state) {
  (void)state;
  io_pool p = {0};
  nghttp2_mem mem = io_pool_mem(&p);
  enum { KEPT = POOL_KEPT_LEN / POOL_STEP };
  void *blocks[KEPT + 10];
  for (size_t i = 0; i < KEPT + 10; i++) {
    blocks[i] = mem.malloc(10, mem.mem_user_data);
  }
  for (size_t i = 0; i < KEPT + 10; i++) {
    mem.free(blocks[i], mem.mem_user_data);
  }
  assert_int_equal(p.num_kept[0], KEPT);
  io_pool_clear(&p);
  assert_int_equal(p.num_kept[0], 0);
}

static void test_sizes_that_overflow_are_refused(void **state) {
  (void)state;
  io_pool p = {0};
  nghttp2_mem mem = io_pool_mem(&p);
  assert_null(mem.malloc(SIZE_MAX - 1, mem.mem_user_data));
  assert_null(mem.calloc(SIZE_MAX / 2, 3, mem.mem_user_data));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_freed_block_is_used_again),
      cmocka_unit_test(test_every_size_holds_what_was_asked_for),
      cmocka_unit_test(test_a_block_keeps_its_octets_when_it_grows),
      cmocka_unit_test(test_it_keeps_a_bounded_number),
      cmocka_unit_test(test_sizes_that_overflow_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

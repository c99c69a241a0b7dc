// Small blocks of memory that are used again: see pool.h.
#include "io/pool.h"

#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// Stands before every block that is handed out.
struct io_pool_block {
  size_t capacity; // without this header
  io_pool_block *next;
  alignas(max_align_t) unsigned char octets[];
};

enum { HEADER_LEN = offsetof(io_pool_block, octets) };

static io_pool_block *block_of(void *octets) {
  return (io_pool_block *)((unsigned char *)octets - HEADER_LEN);
}

// Index of the smallest kept size that holds `len` octets; POOL_NUM_SIZES where none does.
static size_t size_index(size_t len) {
  size_t index = len == 0 ? 0 : (len - 1) / POOL_STEP;
  return index < POOL_NUM_SIZES ? index : POOL_NUM_SIZES;
}

static void *take(size_t len, void *user) {
  io_pool *p = user;
  size_t index = size_index(len);
  io_pool_block *block;
  if (index < POOL_NUM_SIZES && p->kept[index]) {
    block = p->kept[index];
    p->kept[index] = block->next;
    p->num_kept[index]--;
    return block->octets;
  }
  size_t capacity = index < POOL_NUM_SIZES ? (index + 1) * POOL_STEP : len;
  if (capacity > SIZE_MAX - HEADER_LEN) {
    return NULL;
  }
  block = malloc(HEADER_LEN + capacity);
  if (!block) {
    return NULL;
  }
  block->capacity = capacity;
  return block->octets;
}

static void give_back(void *octets, void *user) {
  io_pool *p = user;
  if (!octets) {
    return;
  }
  io_pool_block *block = block_of(octets);
  size_t index = size_index(block->capacity);
  if (index == POOL_NUM_SIZES || p->num_kept[index] * block->capacity >= POOL_KEPT_LEN) {
    free(block);
    return;
  }
  block->next = p->kept[index];
  p->kept[index] = block;
  p->num_kept[index]++;
}

static void *take_zeroed(size_t num, size_t len, void *user) {
  if (len > 0 && num > SIZE_MAX / len) {
    return NULL;
  }
  void *octets = take(num * len, user);
  return octets ? memset(octets, 0, num * len) : NULL;
}

static void *resize(void *octets, size_t len, void *user) {
  if (octets && len <= block_of(octets)->capacity) {
    return octets;
  }
  void *moved = take(len, user);
  if (moved && octets) {
    memcpy(moved, octets, block_of(octets)->capacity);
    give_back(octets, user);
  }
  return moved;
}

nghttp2_mem io_pool_mem(io_pool *p) {
  nghttp2_mem mem = {p, take, give_back, take_zeroed, resize};
  return mem;
}

void io_pool_clear(io_pool *p) {
  for (size_t i = 0; i < POOL_NUM_SIZES; i++) {
    while (p->kept[i]) {
      io_pool_block *next = p->kept[i]->next;
      free(p->kept[i]);
      p->kept[i] = next;
    }
    p->num_kept[i] = 0;
  }
}

// Memory for one thread's nghttp2, nghttp3 and ngtcp2: small blocks that are used again.
//
// A request makes them allocate and free a handful of small blocks; a hundred requests at once are
// more than malloc's own caches hold. What is freed here is kept, up to a bound, by size.
#ifndef APP_IO_POOL_H
#define APP_IO_POOL_H

#include <nghttp2/nghttp2.h>

// Of each size, a thousand requests' worth of the smallest.
enum { POOL_STEP = 16, POOL_NUM_SIZES = 64, POOL_KEPT_LEN = 256 * 1024 };

typedef struct io_pool_block io_pool_block;

typedef struct io_pool {
  io_pool_block *kept[POOL_NUM_SIZES];
  unsigned num_kept[POOL_NUM_SIZES];
} io_pool;

// The zero state is an empty pool. Of one thread. The functions of nghttp3_mem and ngtcp2_mem have
// the same types.
nghttp2_mem io_pool_mem(io_pool *p);
// Frees what is kept; what is still in use is not the pool's to free.
void io_pool_clear(io_pool *p);

#endif

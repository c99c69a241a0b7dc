// Memory for one worker's nghttp2: small blocks that are used again.
//
// A request makes nghttp2 allocate and free a handful of small blocks; a hundred requests at once
// are more than malloc's own caches hold. What is freed here is kept, up to a bound, by size.
#ifndef APP_SERVER_POOL_H
#define APP_SERVER_POOL_H

#include <nghttp2/nghttp2.h>

enum { POOL_STEP = 64, POOL_NUM_SIZES = 16, POOL_KEPT = 512 };

typedef struct pool_block pool_block;

typedef struct pool {
  pool_block *kept[POOL_NUM_SIZES];
  unsigned num_kept[POOL_NUM_SIZES];
} pool;

// The zero state is an empty pool. Of one thread.
nghttp2_mem pool_mem(pool *p);
// Frees what is kept; what is still in use is not the pool's to free.
void pool_clear(pool *p);

#endif

// Connection IDs and their table: see quic_ids.h.
#include "io/quic_ids.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "io/clock.h"

// ---- making and reading ------------------------------------------------------------------------

// The block under the seal: the worker, a mark that says that the block is ours, randomness. A
// random block, as a client's own ID, has the mark once in 2^32.
enum { MARK = 0x51434944 };

static void put_word(uint8_t *out, uint32_t word) {
  for (size_t i = 0; i < 4; i++) {
    out[i] = (uint8_t)(word >> (24 - 8 * i));
  }
}

static uint32_t word_of(const uint8_t *in) {
  return (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | in[3];
}

static EVP_CIPHER_CTX *cipher(const uint8_t *key, int seals) {
  EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
  if (ctx && (EVP_CipherInit_ex(ctx, EVP_aes_128_ecb(), NULL, key, NULL, seals) != 1 ||
              EVP_CIPHER_CTX_set_padding(ctx, 0) != 1)) {
    EVP_CIPHER_CTX_free(ctx);
    ctx = NULL;
  }
  return ctx;
}

bool quic_ids_init(quic_ids *ids, const uint8_t key[QUIC_CID_KEY_LEN], size_t worker) {
  *ids = (quic_ids){cipher(key, 1), cipher(key, 0), worker};
  if (!ids->seal || !ids->open) {
    quic_ids_clear(ids);
    ERR_clear_error();
    return false;
  }
  return true;
}

void quic_ids_clear(quic_ids *ids) {
  EVP_CIPHER_CTX_free(ids->seal);
  EVP_CIPHER_CTX_free(ids->open);
  *ids = (quic_ids){0};
}

static bool block(EVP_CIPHER_CTX *ctx, uint8_t *out, const uint8_t *in) {
  int len = 0;
  bool is_done = EVP_CipherUpdate(ctx, out, &len, in, QUIC_CID_LEN) == 1 && len == QUIC_CID_LEN;
  ERR_clear_error();
  return is_done;
}

bool quic_ids_make(quic_ids *ids, ngtcp2_cid *out) {
  codicil_random random = io_random();
  uint8_t plain[QUIC_CID_LEN];
  put_word(plain, (uint32_t)ids->worker);
  put_word(plain + 4, MARK);
  if (!random.fill(random.ctx, plain + 8, sizeof plain - 8) ||
      !block(ids->seal, out->data, plain)) {
    return false;
  }
  out->datalen = QUIC_CID_LEN;
  return true;
}

bool quic_ids_read(quic_ids *ids, size_t *out_worker, codicil_span cid) {
  uint8_t plain[QUIC_CID_LEN];
  if (cid.len != QUIC_CID_LEN || !block(ids->open, plain, cid.data) || word_of(plain + 4) != MARK) {
    return false;
  }
  *out_worker = word_of(plain);
  return true;
}

// ---- SipHash-2-4 -------------------------------------------------------------------------------

static uint64_t rotate(uint64_t x, unsigned n) {
  return x << n | x >> (64 - n);
}

static void sip_round(uint64_t v[4]) {
  v[0] += v[1];
  v[1] = rotate(v[1], 13) ^ v[0];
  v[0] = rotate(v[0], 32);
  v[2] += v[3];
  v[3] = rotate(v[3], 16) ^ v[2];
  v[0] += v[3];
  v[3] = rotate(v[3], 21) ^ v[0];
  v[2] += v[1];
  v[1] = rotate(v[1], 17) ^ v[2];
  v[2] = rotate(v[2], 32);
}

static uint64_t siphash(const uint64_t key[2], codicil_span in) {
  uint64_t v[4] = {key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d,
                   key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573};
  for (size_t at = 0; at <= in.len; at += 8) {
    uint64_t word = 0;
    for (size_t i = 0; i < 8 && at + i < in.len; i++) {
      word |= (uint64_t)in.data[at + i] << (8 * i);
    }
    if (in.len - at < 8) {
      word |= (uint64_t)in.len << 56;
    }
    v[3] ^= word;
    sip_round(v);
    sip_round(v);
    v[0] ^= word;
  }
  v[2] ^= 0xff;
  for (size_t i = 0; i < 4; i++) {
    sip_round(v);
  }
  return v[0] ^ v[1] ^ v[2] ^ v[3];
}

// ---- the table ---------------------------------------------------------------------------------

enum { FIRST_BUCKETS = 64 };

bool quic_id_table_init(quic_id_table *table) {
  codicil_random random = io_random();
  quic_id_table made = {.num_buckets = FIRST_BUCKETS};
  made.buckets = calloc(FIRST_BUCKETS, sizeof *made.buckets);
  if (!made.buckets || !random.fill(random.ctx, (uint8_t *)made.key, sizeof made.key)) {
    free(made.buckets);
    return false;
  }
  *table = made;
  return true;
}

void quic_id_table_clear(quic_id_table *table) {
  free(table->buckets);
  *table = (quic_id_table){0};
}

static codicil_span span_of(const ngtcp2_cid *cid) {
  return codicil_span_of(cid->data, cid->datalen);
}

static quic_id **bucket(const quic_id_table *table, codicil_span cid) {
  return &table->buckets[siphash(table->key, cid) & (table->num_buckets - 1)];
}

static bool is_same(const ngtcp2_cid *a, codicil_span b) {
  return a->datalen == b.len && memcmp(a->data, b.data, b.len) == 0;
}

// Without memory the buckets grow longer, and nothing else.
static void grow(quic_id_table *table) {
  quic_id_table grown = *table;
  grown.num_buckets *= 2;
  grown.buckets = calloc(grown.num_buckets, sizeof *grown.buckets);
  if (!grown.buckets) {
    return;
  }
  for (size_t i = 0; i < table->num_buckets; i++) {
    for (quic_id *id = table->buckets[i], *next; id; id = next) {
      next = id->next_in_bucket;
      quic_id **place = bucket(&grown, span_of(&id->cid));
      id->next_in_bucket = *place;
      *place = id;
    }
  }
  quic_id **old = table->buckets;
  table->buckets = grown.buckets;
  table->num_buckets = grown.num_buckets;
  free(old);
}

bool quic_id_table_add(quic_id_table *table, quic_id **ids, codicil_span cid,
                       struct quic_connection *owner) {
  if (cid.len > NGTCP2_MAX_CIDLEN || quic_id_table_find(table, cid)) {
    return false;
  }
  quic_id *id = calloc(1, sizeof *id);
  if (!id) {
    return false;
  }
  if (table->num >= table->num_buckets) {
    grow(table);
  }
  ngtcp2_cid_init(&id->cid, cid.data, cid.len);
  id->owner = owner;
  quic_id **place = bucket(table, cid);
  id->next_in_bucket = *place;
  *place = id;
  id->next_of_owner = *ids;
  *ids = id;
  table->num++;
  return true;
}

struct quic_connection *quic_id_table_find(const quic_id_table *table, codicil_span cid) {
  for (const quic_id *id = *bucket(table, cid); id; id = id->next_in_bucket) {
    if (is_same(&id->cid, cid)) {
      return id->owner;
    }
  }
  return NULL;
}

static void take_from_bucket(quic_id_table *table, const quic_id *gone) {
  quic_id **at = bucket(table, span_of(&gone->cid));
  while (*at != gone) {
    at = &(*at)->next_in_bucket;
  }
  *at = gone->next_in_bucket;
  table->num--;
}

void quic_id_table_remove(quic_id_table *table, quic_id **ids, codicil_span cid) {
  for (quic_id **at = ids; *at; at = &(*at)->next_of_owner) {
    if (is_same(&(*at)->cid, cid)) {
      quic_id *gone = *at;
      *at = gone->next_of_owner;
      take_from_bucket(table, gone);
      free(gone);
      return;
    }
  }
}

void quic_id_table_remove_all(quic_id_table *table, quic_id **ids) {
  while (*ids) {
    quic_id *gone = *ids;
    *ids = gone->next_of_owner;
    take_from_bucket(table, gone);
    free(gone);
  }
}

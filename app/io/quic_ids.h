// Connection IDs: those of a server name the worker that has the connection, in a form that only
// the server reads; and the table from IDs to connections.
#ifndef APP_IO_QUIC_IDS_H
#define APP_IO_QUIC_IDS_H

#include <openssl/evp.h>

#include "io/quic_shared.h"

// A server's are one AES block. A client has a socket a connection, and needs them for nothing.
enum { QUIC_CID_LEN = 16, QUIC_CLIENT_CID_LEN = 8 };

// ---- making and reading ------------------------------------------------------------------------

typedef struct quic_ids {
  EVP_CIPHER_CTX *seal, *open;
  size_t worker;
} quic_ids;

CODICIL_MUST_USE bool quic_ids_init(quic_ids *ids, const uint8_t key[QUIC_CID_KEY_LEN],
                                    size_t worker);
void quic_ids_clear(quic_ids *ids);
// Makes one of this worker. False: no randomness.
CODICIL_MUST_USE bool quic_ids_make(quic_ids *ids, ngtcp2_cid *out);
// Tells whether this server made `cid`, and for which worker.
bool quic_ids_read(quic_ids *ids, size_t *out_worker, codicil_span cid);

// ---- the table ---------------------------------------------------------------------------------

// One ID of a connection. All of a connection are chained, so that they go together.
typedef struct quic_id {
  ngtcp2_cid cid;
  struct quic_connection *owner;
  struct quic_id *next_in_bucket, *next_of_owner;
} quic_id;

typedef struct quic_id_table {
  uint64_t key[2]; // clients choose their first destination ID: SipHash keeps buckets short
  quic_id **buckets;
  size_t num_buckets, num; // a power of two
} quic_id_table;

CODICIL_MUST_USE bool quic_id_table_init(quic_id_table *table);
// Every ID must be gone.
void quic_id_table_clear(quic_id_table *table);
// Adds an ID, to the chain `*ids` of its owner, too. False: it is there already, or out of memory.
CODICIL_MUST_USE bool quic_id_table_add(quic_id_table *table, quic_id **ids, codicil_span cid,
                                        struct quic_connection *owner);
struct quic_connection *quic_id_table_find(const quic_id_table *table, codicil_span cid);
// Takes one out of the table and the chain.
void quic_id_table_remove(quic_id_table *table, quic_id **ids, codicil_span cid);
void quic_id_table_remove_all(quic_id_table *table, quic_id **ids);

#endif

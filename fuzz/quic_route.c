// The head of a datagram, before anything of it is known to be QUIC: what is read lies within it,
// is read again alike from an exact copy, and names nobody.
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "io/quic_route.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static bool is_within(codicil_span part, const uint8_t *data, size_t len) {
  return part.len == 0 || (part.data > data && part.data + part.len <= data + len);
}

static void check(const quic_head *head, const uint8_t *data, size_t len) {
  assert(is_within(head->dcid, data, len) && is_within(head->scid, data, len));
  assert(head->is_long || (head->dcid.len == QUIC_CID_LEN && head->scid.len == 0));
  assert(!head->is_unknown_version || (head->is_long && len >= 1200));
  assert(head->is_unknown_version || head->dcid.len <= NGTCP2_MAX_CIDLEN);
}

static void check_nobody(codicil_span dcid) {
  static const uint8_t key[QUIC_CID_KEY_LEN] = {7};
  quic_ids ids;
  quic_id_table table;
  quic_id *chain = NULL;
  size_t worker;
  struct quic_connection *owner = (struct quic_connection *)&chain;
  assert(quic_ids_init(&ids, key, 0));
  assert(!quic_ids_read(&ids, &worker, dcid));
  quic_ids_clear(&ids);
  if (quic_id_table_init(&table)) {
    assert(!quic_id_table_find(&table, dcid));
    bool is_added = quic_id_table_add(&table, &chain, dcid, owner);
    assert(is_added == (dcid.len <= NGTCP2_MAX_CIDLEN));
    assert(quic_id_table_find(&table, dcid) == (is_added ? owner : NULL));
    quic_id_table_remove_all(&table, &chain);
    quic_id_table_clear(&table);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  quic_head head, again;
  if (!quic_head_read(&head, codicil_span_of(data, len))) {
    return 0;
  }
  check(&head, data, len);
  check_nobody(head.dcid);
  uint8_t *copy = malloc(len);
  if (copy) {
    memcpy(copy, data, len);
    assert(quic_head_read(&again, codicil_span_of(copy, len)));
    assert(again.version == head.version && again.dcid.len == head.dcid.len);
    assert(memcmp(again.dcid.data, head.dcid.data, head.dcid.len) == 0);
  }
  free(copy);
  return 0;
}

// The inside of a block list, for its text and for path validation.
//
// Entries are sorted, so that a million of them cost twenty comparisons each time.
#ifndef CODICIL_X509_BLOCK_LIST_H
#define CODICIL_X509_BLOCK_LIST_H

#include <openssl/x509.h>

#include "cert_fields.h"
#include "codicil/x509.h"
#include "digest.h"

// RFC 5280 §4.1.2.2 allows 20 octets; issuers were seen to take a few more.
enum { CODICIL_BLOCKED_SERIAL_MAX = 32 };

typedef struct codicil_blocked_key {
  uint8_t sha256[CODICIL_SHA256_LEN];
} codicil_blocked_key;

// Compared as octets: what is not used of `serial` is zero.
typedef struct codicil_blocked_serial {
  uint8_t issuer_sha256[CODICIL_SHA256_LEN];
  uint8_t len; // without leading zeros; 0 is the number 0
  uint8_t serial[CODICIL_BLOCKED_SERIAL_MAX];
} codicil_blocked_serial;

// A breadcrumb, normalised (addresses as text), and beside it once more as the parent of one.
typedef struct codicil_blocked_name {
  codicil_span name;
  bool is_parent; // a breadcrumb stands directly below `name`
} codicil_blocked_name;

// Each table is sorted by the functions of block_list.c.
struct codicil_block_list {
  const codicil_mem *mem;
  uint8_t generation[CODICIL_SHA256_LEN];
  size_t num_entries;
  codicil_blocked_key *keys;
  size_t num_keys, cap_keys;
  codicil_blocked_serial *serials;
  size_t num_serials, cap_serials;
  codicil_buf octets; // what `names` point into
  codicil_blocked_name *names;
  size_t num_names;
};

// Brings the tables into order, once everything is in them.
void codicil_block_list_sort(codicil_block_list *list);

// A digest of the list's text, CODICIL_SHA256_LEN octets: what tells it from any other.
const uint8_t *codicil_block_list_generation(const codicil_block_list *list);

// Tells whether a certificate is listed by its key or serial number. CODICIL_CRYPTO.
CODICIL_MUST_USE codicil_err codicil_block_list_find(const codicil_block_list *list, bool *out,
                                                     const codicil_cert_fields *certificate);
// The same for a certificate that OpenSSL decoded.
CODICIL_MUST_USE codicil_err codicil_block_list_find_x509(const codicil_block_list *list, bool *out,
                                                          X509 *certificate);
// Tells whether a required domain equals a breadcrumb, covers it or is below it.
bool codicil_block_list_has_domain(const codicil_block_list *list,
                                   const codicil_required_domain *domain);

#endif

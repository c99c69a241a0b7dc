// What one relevant CAA set says of one name: see caa.h for the types. Knows no DNS.
#ifndef APP_PKI_CAA_JUDGE_H
#define APP_PKI_CAA_JUDGE_H

#include "pki/caa.h"

typedef struct pki_caa_judge {
  const pki_caa_request *request;
  char identities[PKI_CAA_IDENTITIES_MAX][CODICIL_DNS_NAME_MAX + 1]; // normalised
  size_t num_identities;
} pki_caa_judge;

// Fails where an identity is no domain name, or where there are too many. Borrows `request`.
CODICIL_MUST_USE bool pki_caa_judge_init(pki_caa_judge *out, const pki_caa_request *request,
                                         const pki_caa_policy *policy, app_error *err);

// Fills `name`'s properties, `is_allowed` and `why` from the set's records (RDATA). Its `name` and
// `found_at` are set. False where memory ran out; `properties` are the caller's to free.
CODICIL_MUST_USE bool pki_caa_judge_set(pki_caa_name *name, const pki_caa_judge *judge,
                                        const codicil_span *records, size_t num_records);

#endif

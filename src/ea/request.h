// Authenticator requests: CertificateRequest and ClientCertificateRequest (RFC 9261 §4).
#ifndef CODICIL_EA_REQUEST_H
#define CODICIL_EA_REQUEST_H

#include "codicil/ea.h"
#include "offer.h"
#include "reader.h"

// Parses a request and says what it allows an authenticator to hold.
CODICIL_MUST_USE bool codicil_request_parse(codicil_ea_request_info *out, codicil_offer *out_offer,
                                            codicil_span request);

// oid_filters (RFC 8446 §4.2.5), one filter at a time.
typedef struct codicil_oid_filter {
  codicil_span oid;    // DER, tag and length included
  codicil_span values; // DER of the extension's value; empty: any
} codicil_oid_filter;
CODICIL_MUST_USE bool codicil_oid_filter_read(codicil_reader *r, codicil_oid_filter *out);

#endif

// TLS extensions: which may stand in a request and in a CertificateEntry, and reading a block of
// them.
#ifndef CODICIL_EA_EXTENSION_H
#define CODICIL_EA_EXTENSION_H

#include "codicil/ea.h"
#include "reader.h"

// IANA TLS ExtensionType values that this module reads or writes.
enum {
  CODICIL_EXT_SERVER_NAME = 0,
  CODICIL_EXT_STATUS_REQUEST = 5,
  CODICIL_EXT_SIGNATURE_ALGORITHMS = 13,
  CODICIL_EXT_SCT = 18,
  CODICIL_EXT_CERTIFICATE_AUTHORITIES = 47,
  CODICIL_EXT_OID_FILTERS = 48,
  CODICIL_EXT_SIGNATURE_ALGORITHMS_CERT = 50
};

// Where an extension stands.
typedef enum codicil_ext_place {
  CODICIL_IN_SERVER_REQUEST, // CertificateRequest
  CODICIL_IN_CLIENT_REQUEST, // ClientCertificateRequest
  CODICIL_IN_ENTRY           // CertificateEntry
} codicil_ext_place;

// Reads the next extension of a block.
CODICIL_MUST_USE bool codicil_extension_read(codicil_reader *r, uint16_t *out_type,
                                             codicil_span *out_content);
// Tells whether `block` parses, holds no type twice, and no type that is known and does not belong
// into `place`. Types that are not known pass.
CODICIL_MUST_USE bool codicil_extensions_allowed(codicil_span block, codicil_ext_place place);

#endif

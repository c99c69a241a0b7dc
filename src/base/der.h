// DER (X.690), as much as a certificate's outside needs, through the bounded reader.
//
// Lengths are definite and as short as can be, tags have one octet. That is narrower than what
// OpenSSL decodes: a certificate that a signer did not write in DER has no identity here.
#ifndef CODICIL_BASE_DER_H
#define CODICIL_BASE_DER_H

#include "codicil/codicil.h"
#include "reader.h"

enum {
  CODICIL_DER_BOOLEAN = 0x01,
  CODICIL_DER_INTEGER = 0x02,
  CODICIL_DER_BIT_STRING = 0x03,
  CODICIL_DER_OCTET_STRING = 0x04,
  CODICIL_DER_OID = 0x06,
  CODICIL_DER_UTC_TIME = 0x17,
  CODICIL_DER_GENERALIZED_TIME = 0x18,
  CODICIL_DER_SEQUENCE = 0x30,
  CODICIL_DER_CONTEXT = 0x80,            // | n, primitive
  CODICIL_DER_CONTEXT_CONSTRUCTED = 0xa0 // | n
};

// The encoded content of an object identifier.
typedef struct codicil_oid {
  uint8_t octets[64];
  size_t len;
} codicil_oid;

// Reads one element of any type.
CODICIL_MUST_USE bool codicil_der_read_any(codicil_reader *r, uint8_t *out_tag,
                                           codicil_span *out_content);
// Reads one element of type `tag`.
CODICIL_MUST_USE bool codicil_der_read(codicil_reader *r, uint8_t tag, codicil_span *out_content);
// Passes over one element of type `tag`.
CODICIL_MUST_USE bool codicil_der_skip(codicil_reader *r, uint8_t tag);
// Reads one element of type `tag` whole, with its identifier and length.
CODICIL_MUST_USE bool codicil_der_read_whole(codicil_reader *r, uint8_t tag,
                                             codicil_span *out_element);
// Tells whether an element of type `tag` is next.
bool codicil_der_is_next(const codicil_reader *r, uint8_t tag);
// Reads the one element that `der` is, nothing after it.
CODICIL_MUST_USE bool codicil_der_only(codicil_span der, uint8_t tag, codicil_span *out_content);
// Reads UTCTime or GeneralizedTime in the one form that RFC 5280 §4.1.2.5 allows, as Unix time.
CODICIL_MUST_USE bool codicil_der_read_time(codicil_reader *r, int64_t *out_unix_s);
// The same from the content of an element of type `tag`.
CODICIL_MUST_USE bool codicil_der_time(int64_t *out_unix_s, uint8_t tag, codicil_span text);
// Encodes "2.999.9261.1"; false where it is no identifier or too long.
CODICIL_MUST_USE bool codicil_oid_parse(codicil_oid *out, const char *dotted);

#endif

// The fields of a certificate (RFC 5280 §4.1), found without libcrypto.
//
// Decoding a certificate with OpenSSL costs as much as verifying a signature; to learn its names
// this reader needs a few microseconds. It judges nothing: path.h does.
#ifndef CODICIL_X509_CERT_FIELDS_H
#define CODICIL_X509_CERT_FIELDS_H

#include "codicil/codicil.h"
#include "reader.h"

enum { CODICIL_EXTENSIONS_MAX = 64 };

typedef struct codicil_extension {
  codicil_span oid; // content of the OBJECT IDENTIFIER
  bool critical;
  codicil_span value; // content of the OCTET STRING
} codicil_extension;

// Spans point into the certificate.
typedef struct codicil_cert_fields {
  codicil_span tbs;    // whole elements from here
  codicil_span serial; //
  codicil_span tbs_algorithm;
  codicil_span issuer;
  codicil_span spki;
  codicil_span algorithm;
  codicil_span signature; // to here
  codicil_span version;   // content of [0]; empty for version 1
  bool has_unique_id;
  int64_t not_before;
  int64_t not_after;
  size_t num_extensions;
  codicil_extension extensions[CODICIL_EXTENSIONS_MAX]; // no two alike
} codicil_cert_fields;

// False where `der` is not one certificate and nothing else, or has more extensions than fit; `out`
// is half filled then.
CODICIL_MUST_USE bool codicil_cert_fields_parse(codicil_cert_fields *out, codicil_span der);
// Returns the value of the extension, with `data` NULL where there is none.
codicil_span codicil_cert_fields_extension(const codicil_cert_fields *certificate,
                                           codicil_span oid);
// Whether the certificate has the TLS feature status_request (RFC 7633); false where that extension
// does not parse.
CODICIL_MUST_USE bool codicil_cert_fields_must_staple(const codicil_cert_fields *certificate,
                                                      bool *out_must_staple);

#endif

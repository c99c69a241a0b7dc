// The names for which a certificate is made: DNS names, wildcards and addresses in normal form.
#ifndef APP_PKI_SUBJECT_H
#define APP_PKI_SUBJECT_H

#include <openssl/x509v3.h>

#include "codicil/name.h"
#include "io/error.h"

enum { PKI_NAMES_MAX = 256, PKI_STEM_LEN = 272 };

typedef struct pki_name {
  char text[CODICIL_HOST_MAX + 1]; // as it stands in the certificate; an address without brackets
  codicil_address address;         // len 0: a DNS name, maybe a wildcard
} pki_name;

// Reads a name that a person wrote: "www.example.com", "bücher.example", "*.example.com",
// "192.0.2.1", "[2001:db8::1]". A wildcard is a whole left-most label above two others or more.
CODICIL_MUST_USE bool pki_name_parse(pki_name *out, const char *text, app_error *err);
// Writes the name of the files for this name, without ending: the name itself, "_wildcard" for "*"
// and "-" for ":". `out` holds PKI_STEM_LEN octets.
void pki_name_stem(char *out, const pki_name *name);
// Makes the subjectAltName, in the order given; a name that comes twice stands there once. NULL
// where memory ran out. The caller frees it.
GENERAL_NAMES *pki_names_to_san(const pki_name *names, size_t num_names);

#endif

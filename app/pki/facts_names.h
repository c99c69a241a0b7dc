// Names as certificates have them (RFC 5280 §4.2.1.6), in words: for facts.c.
#ifndef APP_PKI_FACTS_NAMES_H
#define APP_PKI_FACTS_NAMES_H

#include <jansson.h>
#include <openssl/x509v3.h>

#include "codicil/codicil.h"

enum { PKI_NAME_TEXT_MAX = 1024 };

// A string of the octets, escaped; all of them.
json_t *pki_json_text(codicil_span text);
// A Name as RFC 4514 writes it ("CN=www.example,O=Example"), escaped.
json_t *pki_json_name(const X509_NAME *name);
// "dns:www.example", "ip:192.0.2.1", "email:…", "uri:…", "dir:…", "other".
json_t *pki_json_general_name(const GENERAL_NAME *name);
// dNSNames and iPAddresses alone, as text without their kind.
json_t *pki_json_host_names(const GENERAL_NAMES *names);
// The others.
json_t *pki_json_other_names(const GENERAL_NAMES *names);
// A subtree's base, with the mask of an address.
json_t *pki_json_subtrees(const STACK_OF(GENERAL_SUBTREE) * subtrees);

#endif

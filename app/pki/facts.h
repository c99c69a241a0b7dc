// What a certificate says, field by field, for a person or a program: `codicil cert show`.
//
// One extraction makes a JSON object (codicil-cert(1) tells its members); the text form is written
// from that. Every string in it is printable ASCII: what a stranger put into a certificate is
// escaped before it gets there.
#ifndef APP_PKI_FACTS_H
#define APP_PKI_FACTS_H

#include <jansson.h>
#include <stdio.h>

#include "pki/parsed.h"

// Makes the object; the caller frees it. NULL where memory ran out.
json_t *pki_facts(const pki_parsed *parsed, const char *oid, int64_t now_s);
// Writes it as lines, "label  text" each.
void pki_facts_print(FILE *out, const json_t *facts);

// Writes how far `now_s` is from the end or the beginning ("expires in 12 days"); `out` holds 64
// octets at least.
void pki_validity_words(char *out, size_t out_len, int64_t not_before, int64_t not_after,
                        int64_t now_s);
// Writes on which connections the certificate may be used; `out` may be of any length, and what
// does not fit is cut.
void pki_required_words(char *out, size_t out_len, const codicil_identity *identity);

#endif

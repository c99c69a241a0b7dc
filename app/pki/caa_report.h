// A CAA decision for people and programs: `codicil cert caa`.
#ifndef APP_PKI_CAA_REPORT_H
#define APP_PKI_CAA_REPORT_H

#include <jansson.h>
#include <stdio.h>

#include "pki/caa.h"

// "grants", "withholds", "refuses", "neutral"; static.
const char *pki_caa_effect_name(pki_caa_effect effect);
// Writes name by name, record by record, and last what follows.
void pki_caa_print(FILE *out, const pki_caa_decision *decision);
// The same as an object, which the caller frees; NULL where memory ran out.
json_t *pki_caa_json(const pki_caa_decision *decision);

#endif

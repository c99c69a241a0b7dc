// Required Domain within x509: how much room a certificate's own needs.
#ifndef CODICIL_X509_REQUIRED_DOMAIN_H
#define CODICIL_X509_REQUIRED_DOMAIN_H

#include "codicil/x509.h"

// Counts the names of the extension's content; errors as codicil_required_domains_parse.
CODICIL_MUST_USE codicil_err codicil_required_domains_count(size_t *out_num, size_t max,
                                                            codicil_span der);

#endif

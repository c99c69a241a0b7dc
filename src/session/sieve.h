// A quick no to "may this certificate cover that name?".
//
// A connection may hold a hundred certificates, and a route or a Required Domain asks each of them.
// A sieve of three words says of nearly all that they do not cover the name; what it lets through
// is asked in earnest (codicil_identity_covers).
#ifndef CODICIL_SESSION_SIEVE_H
#define CODICIL_SESSION_SIEVE_H

#include "codicil/x509.h"

// Of names that are had, or of names that are wanted.
typedef struct codicil_sieve {
  uint64_t exact; // whole names and addresses
  uint64_t wild;  // X of "*.X"; of a wanted name, what is above it
  uint64_t below; // X of every name one label below it; of a wanted "*.X", X
} codicil_sieve;

codicil_sieve codicil_sieve_of_names(const codicil_identity *identity);
// Of the names that would prove the identity's Required Domain.
codicil_sieve codicil_sieve_of_required(const codicil_identity *identity);
codicil_sieve codicil_sieve_of_origin(const codicil_origin *origin);

static inline bool codicil_sieve_lets(const codicil_sieve *names, const codicil_sieve *wanted) {
  return ((names->exact & wanted->exact) | (names->wild & wanted->wild) |
          (names->below & wanted->below)) != 0;
}

#endif

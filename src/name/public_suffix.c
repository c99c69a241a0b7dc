// Public suffixes: below which names belong to people who have nothing to do with each other.
//
// The list is the one built into libpsl: nothing is read from files, and a program's list is as old
// as its library. A library that was built without one makes every wildcard span a suffix.
#include <libpsl.h>
#include <string.h>

#include "dns_name.h"
#include "span.h"

bool codicil_dns_name_spans_public_suffix(codicil_span pattern) {
  char name[CODICIL_DNS_NAME_MAX + 1];
  if (pattern.len <= 2 || pattern.data[0] != '*' || pattern.data[1] != '.') {
    return false;
  }
  // By the list's default rule a top label that it does not name is a suffix too.
  codicil_span parent = codicil_span_sub(pattern, 2, SIZE_MAX);
  return codicil_dns_name_from_ascii(name, sizeof name, parent) &&
         psl_is_public_suffix(psl_builtin(), name) != 0;
}

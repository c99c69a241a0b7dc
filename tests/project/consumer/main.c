// A stranger's program: uses one function of the library, and prints its version.
#include <codicil/codicil.h>
#include <codicil/name.h>
#include <stdio.h>

int main(void) {
  char name[CODICIL_DNS_NAME_MAX + 1];
  bool ok = codicil_dns_name_normalise(name, sizeof name, codicil_span_of("WWW.example.com.", 16));
  printf("%s %s\n", codicil_version(), ok ? name : "?");
  return ok ? 0 : 1;
}

// A stranger's program with OpenSSL: nothing is there before there is a connection.
#include <codicil/ossl.h>

int main(void) {
  codicil_ossl_tls_free(NULL);
  return 0;
}

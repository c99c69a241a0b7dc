// A stranger's program over HTTP/2: nothing is there before there is a connection.
#include <codicil/h2.h>

int main(void) {
  codicil_h2_free(NULL);
  return 0;
}

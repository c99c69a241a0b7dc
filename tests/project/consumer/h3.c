// A stranger's program over HTTP/3: nothing is there before there is a connection.
#include <codicil/h3.h>

int main(void) {
  codicil_h3_free(NULL);
  return 0;
}

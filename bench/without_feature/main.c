// The program of the build without secondary certificates: `codicil-plain serve …`, nothing else.
#include <stdio.h>
#include <string.h>

#include "cmd.h"

int main(int argc, char **argv) {
  if (argc < 2 || strcmp(argv[1], "serve") != 0) {
    fputs("usage: codicil-plain serve [ARGUMENT]...\n", stderr);
    return 2;
  }
  return cmd_serve(argc - 1, argv + 1);
}

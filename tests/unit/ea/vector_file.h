// Reading the JSON files of tests/vectors.
#ifndef CODICIL_TESTS_VECTOR_FILE_H
#define CODICIL_TESTS_VECTOR_FILE_H

#include <jansson.h>

#include "codicil/codicil.h"

// Reads a file; ends the test where it does not parse.
json_t *vector_file(const char *path);
// Returns the octets of a hexadecimal member: empty where it is null or absent. Clear it.
codicil_buf vector_hex(const json_t *vector, const char *member);
// Returns a member's text, "" where it is null or absent.
const char *vector_text(const json_t *vector, const char *member);

#endif

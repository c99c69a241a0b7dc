// JSON vectors: see vector_file.h.
#include "vector_file.h"

#include "cmocka_test.h"
#include "ea_forge.h"

json_t *vector_file(const char *path) {
  json_error_t error;
  json_t *file = json_load_file(path, 0, &error);
  if (file == NULL) {
    fail_msg("%s:%d: %s", path, error.line, error.text);
  }
  return file;
}

const char *vector_text(const json_t *vector, const char *member) {
  const char *text = json_string_value(json_object_get(vector, member));
  return text != NULL ? text : "";
}

static size_t nibble(char c) {
  if (c >= '0' && c <= '9') {
    return (size_t)(c - '0');
  }
  assert_true(c >= 'a' && c <= 'f');
  return (size_t)(c - 'a' + 10);
}

codicil_buf vector_hex(const json_t *vector, const char *member) {
  const char *text = vector_text(vector, member);
  codicil_buf out;
  codicil_buf_init(&out, NULL, 1 << 20);
  for (; text[0] != '\0'; text += 2) {
    put_number(&out, nibble(text[0]) << 4 | nibble(text[1]), 1);
  }
  return out;
}

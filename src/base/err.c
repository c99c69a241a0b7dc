// Errors: one table makes names, texts, scopes and wire codes.
#include "err.h"

enum scope { CALL, CONN };

static const struct {
  const char *name;
  const char *text;
  enum scope scope;
} errs[CODICIL_NUM_ERRS] = {
#define ERR_ROW(name, scope, text) [CODICIL_##name] = {#name, text, scope},
    CODICIL_ERR_MAP(ERR_ROW)
#undef ERR_ROW
};

static bool known(codicil_err err) {
  return (unsigned)err < CODICIL_NUM_ERRS;
}

const char *codicil_version(void) {
  return CODICIL_VERSION;
}

const char *codicil_err_name(codicil_err err) {
  return known(err) ? errs[err].name : "?";
}

const char *codicil_err_text(codicil_err err) {
  return known(err) ? errs[err].text : "?";
}

bool codicil_err_is_fatal(codicil_err err) {
  return !known(err) || errs[err].scope == CONN;
}

// RFC 9113 §7
enum { H2_NO_ERROR = 0x0, H2_PROTOCOL_ERROR = 0x1, H2_INTERNAL_ERROR = 0x2, H2_CALM = 0xb };

uint32_t codicil_err_h2_code(codicil_err err, const codicil_codepoints *codepoints) {
  switch (err) {
  case CODICIL_OK:
    return H2_NO_ERROR;
  case CODICIL_LIMIT:
    return H2_CALM;
  case CODICIL_MALFORMED:
  case CODICIL_AUTH:
    return (uint32_t)codepoints->h2_error;
  case CODICIL_UNEXPECTED:
  case CODICIL_SETTING:
    return H2_PROTOCOL_ERROR;
  default:
    return H2_INTERNAL_ERROR;
  }
}

// RFC 9114 §8.1
enum {
  H3_NO_ERROR = 0x100,
  H3_INTERNAL_ERROR = 0x102,
  H3_FRAME_UNEXPECTED = 0x105,
  H3_EXCESSIVE_LOAD = 0x107,
  H3_SETTINGS_ERROR = 0x109
};

uint64_t codicil_err_h3_code(codicil_err err, const codicil_codepoints *codepoints) {
  switch (err) {
  case CODICIL_OK:
    return H3_NO_ERROR;
  case CODICIL_LIMIT:
    return H3_EXCESSIVE_LOAD;
  case CODICIL_MALFORMED:
  case CODICIL_AUTH:
    return codepoints->h3_error;
  case CODICIL_UNEXPECTED:
    return H3_FRAME_UNEXPECTED;
  case CODICIL_SETTING:
    return H3_SETTINGS_ERROR;
  default:
    return H3_INTERNAL_ERROR;
  }
}

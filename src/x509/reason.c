// The words of codicil_cert_reason, from its one table.
#include "codicil/x509.h"

typedef struct reason_text {
  const char *word;
  const char *text;
} reason_text;

static const reason_text reasons[] = {
#define REASON(name, word, text) {word, text},
    CODICIL_CERT_REASON_MAP(REASON)
#undef REASON
};

static bool is_known(codicil_cert_reason reason) {
  return (unsigned)reason < CODICIL_NUM_CERT_REASONS;
}

const char *codicil_cert_reason_word(codicil_cert_reason reason) {
  return is_known(reason) ? reasons[reason].word : "?";
}

const char *codicil_cert_reason_text(codicil_cert_reason reason) {
  return is_known(reason) ? reasons[reason].text : "?";
}

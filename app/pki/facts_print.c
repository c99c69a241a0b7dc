// The text form of `codicil cert show`: see facts.h. What it prints has been escaped already.
#include <string.h>

#include "pki/facts.h"

enum { LABEL_WIDTH = 16 };

static void print_line(FILE *out, const char *label, const char *text) {
  if (text != NULL && *text != '\0') {
    fprintf(out, "  %-*s %s\n", LABEL_WIDTH, label, text);
  }
}

static const char *text_of(const json_t *facts, const char *key) {
  return json_string_value(json_object_get(facts, key));
}

// A label, then an item a line.
static void print_list(FILE *out, const char *label, const json_t *array) {
  size_t i;
  json_t *each;
  json_array_foreach(array, i, each) {
    print_line(out, i == 0 ? label : "", json_string_value(each));
  }
}

static void print_joined(FILE *out, const char *label, const json_t *a, const json_t *b) {
  size_t num = json_array_size(a) + json_array_size(b);
  if (num == 0) {
    return;
  }
  fprintf(out, "  %-*s ", LABEL_WIDTH, label);
  for (size_t i = 0; i < num; i++) {
    const json_t *each =
        i < json_array_size(a) ? json_array_get(a, i) : json_array_get(b, i - json_array_size(a));
    fprintf(out, "%s%s", i > 0 ? ", " : "", json_string_value(each));
  }
  fputc('\n', out);
}

static void print_key(FILE *out, const json_t *key) {
  const char *group = text_of(key, "group");
  fprintf(out, "  %-*s %s%s%s, %d bits\n", LABEL_WIDTH, "key", text_of(key, "type"),
          group != NULL ? " " : "", group != NULL ? group : "",
          (int)json_integer_value(json_object_get(key, "bits")));
}

static void print_ca(FILE *out, const json_t *constraints) {
  const json_t *length = json_object_get(constraints, "path_length");
  if (!json_is_true(json_object_get(constraints, "ca"))) {
    return;
  }
  fprintf(out, "  %-*s yes", LABEL_WIDTH, "CA");
  if (json_is_integer(length)) {
    fprintf(out, ", path length %d", (int)json_integer_value(length));
  }
  fputc('\n', out);
}

static void print_scts(FILE *out, const json_t *scts) {
  size_t i;
  json_t *each;
  json_array_foreach(scts, i, each) {
    const char *log = text_of(each, "log_id");
    const char *at = text_of(each, "time");
    fprintf(out, "  %-*s %s, log %s\n", LABEL_WIDTH, i == 0 ? "timestamps" : "",
            at != NULL ? at : "of another version", log != NULL ? log : "unknown");
  }
}

// Of a CA's certificate, which nobody uses for a connection, there is nothing to tell.
static void print_required(FILE *out, const json_t *required, const json_t *constraints) {
  bool is_ca = json_is_true(json_object_get(constraints, "ca"));
  bool is_critical = json_is_true(json_object_get(required, "critical"));
  if (is_ca && strcmp(text_of(required, "state"), "absent") == 0) {
    return;
  }
  print_line(out, "Required Domain", text_of(required, "meaning"));
  print_line(out, "", is_critical ? "(critical: clients that do not know it refuse it)" : NULL);
}

void pki_facts_print(FILE *out, const json_t *facts) {
  const json_t *constraints = json_object_get(facts, "name_constraints");
  print_line(out, "subject", text_of(facts, "subject"));
  print_list(out, "names", json_object_get(facts, "names"));
  print_list(out, "other names", json_object_get(facts, "other_names"));
  print_line(out, "issuer", text_of(facts, "issuer"));
  print_line(out, "serial", text_of(facts, "serial"));
  fprintf(out, "  %-*s %s to %s\n", LABEL_WIDTH, "valid", text_of(facts, "not_before"),
          text_of(facts, "not_after"));
  print_line(out, "", text_of(facts, "validity"));
  print_key(out, json_object_get(facts, "key"));
  print_line(out, "signed with", text_of(facts, "signature"));
  print_joined(out, "for", json_object_get(facts, "key_usage"),
               json_object_get(facts, "extended_key_usage"));
  print_ca(out, json_object_get(facts, "basic_constraints"));
  print_list(out, "permitted", json_object_get(constraints, "permitted"));
  print_list(out, "excluded", json_object_get(constraints, "excluded"));
  print_list(out, "OCSP", json_object_get(facts, "ocsp"));
  print_list(out, "CA issuers", json_object_get(facts, "ca_issuers"));
  print_list(out, "CRL", json_object_get(facts, "crl"));
  print_line(out, "must-staple",
             json_is_true(json_object_get(facts, "must_staple")) ? "yes" : NULL);
  print_scts(out, json_object_get(facts, "scts"));
  print_required(out, json_object_get(facts, "required_domain"),
                 json_object_get(facts, "basic_constraints"));
  print_line(out, "SHA-256", text_of(facts, "sha256"));
  print_list(out, "block list", json_object_get(facts, "block_list"));
}

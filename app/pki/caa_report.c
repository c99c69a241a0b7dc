// A CAA decision, told: see caa_report.h.
#include "pki/caa_report.h"

const char *pki_caa_effect_name(pki_caa_effect effect) {
  static const char *const names[] = {
      [PKI_CAA_NEUTRAL] = "neutral",
      [PKI_CAA_GRANTS] = "grants",
      [PKI_CAA_WITHHOLDS] = "withholds",
      [PKI_CAA_REFUSES] = "refuses",
  };
  return names[effect];
}

static const char *verdict_name(bool is_allowed) {
  return is_allowed ? "allowed" : "refused";
}

static void print_name(FILE *out, const pki_caa_name *name) {
  fprintf(out, "%s: %s: %s\n", name->name, verdict_name(name->is_allowed), name->why);
  if (name->found_at[0] == '\0') {
    return;
  }
  fprintf(out, "  CAA records of %s", name->found_at);
  if (name->alias[0] != '\0') {
    fprintf(out, ", an alias of %s", name->alias);
  }
  fprintf(out, " (%s)\n", name->is_secure ? "validated by DNSSEC" : "not validated");
  for (size_t i = 0; i < name->num_properties; i++) {
    const pki_caa_property *p = &name->properties[i];
    fprintf(out, "    %u %s \"%s\"\n      %s: it %s\n", p->flags, p->tag[0] != '\0' ? p->tag : "?",
            p->value, pki_caa_effect_name(p->effect), p->why);
  }
}

void pki_caa_print(FILE *out, const pki_caa_decision *decision) {
  for (size_t i = 0; i < decision->num_names; i++) {
    print_name(out, &decision->names[i]);
  }
  fprintf(out, "%s: %s\n", verdict_name(decision->is_allowed), decision->why);
}

static json_t *property_json(const pki_caa_property *p) {
  return json_pack("{s:i,s:s,s:s,s:s,s:s}", "flags", (int)p->flags, "tag", p->tag, "value",
                   p->value, "effect", pki_caa_effect_name(p->effect), "why", p->why);
}

static json_t *text_or_null(const char *text) {
  return text[0] != '\0' ? json_string(text) : json_null();
}

static json_t *name_json(const pki_caa_name *name) {
  json_t *records = json_array();
  for (size_t i = 0; i < name->num_properties; i++) {
    json_array_append_new(records, property_json(&name->properties[i]));
  }
  return json_pack("{s:s,s:b,s:s,s:o,s:o,s:b,s:o}", "name", name->name, "allowed", name->is_allowed,
                   "why", name->why, "found_at", text_or_null(name->found_at), "alias_of",
                   text_or_null(name->alias), "secure", name->is_secure, "records", records);
}

json_t *pki_caa_json(const pki_caa_decision *decision) {
  json_t *names = json_array();
  for (size_t i = 0; i < decision->num_names; i++) {
    json_array_append_new(names, name_json(&decision->names[i]));
  }
  return json_pack("{s:b,s:s,s:o}", "allowed", decision->is_allowed, "why", decision->why, "names",
                   names);
}

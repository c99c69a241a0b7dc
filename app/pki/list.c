// The register, printed: see list.h.
#include "pki/list.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pki/register.h"
#include "pki/revoke.h"

typedef struct printing {
  json_t *list; // NULL: lines
  int64_t now_s;
} printing;

static const char *state_of(const pki_entry *entry, int64_t now_s) {
  bool has_expired = entry->state == PKI_ISSUED && entry->not_after < now_s;
  return has_expired ? "expired" : pki_state_name(entry->state);
}

static void print_line(const pki_entry *entry, int64_t now_s) {
  char day[PKI_DAY_LEN];
  pki_day_text(day, entry->not_after);
  printf("%s  %-8s  %-12s  until %s  %s", entry->serial, state_of(entry, now_s), entry->profile,
         day, entry->names[0] != '\0' ? entry->names : "-");
  if (entry->required_domains[0] != '\0') {
    printf("  (Required Domain %s)", entry->required_domains);
  }
  if (entry->state == PKI_REVOKED) {
    pki_day_text(day, entry->revoked_at);
    printf("  (%s, %s)", day, pki_reason_name(entry->reason));
  }
  putchar('\n');
}

static json_t *json_time(int64_t unix_s) {
  char text[PKI_TIME_LEN];
  pki_time_text(text, unix_s);
  return json_string(text);
}

static json_t *json_words(const char *words) {
  json_t *list = json_array();
  while (*words != '\0') {
    size_t len = strcspn(words, " ");
    json_array_append_new(list, json_stringn(words, len));
    words += len + (words[len] == ' ');
  }
  return list;
}

static json_t *json_entry(const pki_entry *entry, int64_t now_s) {
  json_t *object = json_object();
  json_object_set_new(object, "serial", json_string(entry->serial));
  json_object_set_new(object, "issuer", json_string(entry->issuer));
  json_object_set_new(object, "state", json_string(state_of(entry, now_s)));
  json_object_set_new(object, "profile", json_string(entry->profile));
  json_object_set_new(object, "names", json_words(entry->names));
  json_object_set_new(object, "required_domains", json_words(entry->required_domains));
  json_object_set_new(object, "not_before", json_time(entry->not_before));
  json_object_set_new(object, "not_after", json_time(entry->not_after));
  json_object_set_new(object, "reserved", json_time(entry->reserved_at));
  if (entry->sha256[0] != '\0') {
    json_object_set_new(object, "sha256", json_string(entry->sha256));
  }
  if (entry->state == PKI_REVOKED) {
    json_object_set_new(object, "revoked", json_time(entry->revoked_at));
    json_object_set_new(object, "reason", json_string(pki_reason_name(entry->reason)));
  }
  return object;
}

static bool print_entry(void *user, const pki_entry *entry, app_error *err) {
  printing *p = user;
  if (p->list == NULL) {
    print_line(entry, p->now_s);
    return true;
  }
  return json_array_append_new(p->list, json_entry(entry, p->now_s)) == 0 ||
         app_fail(err, "out of memory");
}

bool pki_list(const char *dir, bool as_json, int64_t now_s, app_error *err) {
  pki_register *reg = NULL;
  if (!pki_register_open_to_read(&reg, dir, err)) {
    return false;
  }
  printing p = {.list = as_json ? json_array() : NULL, .now_s = now_s};
  bool ok = pki_register_each(reg, NULL, NULL, print_entry, &p, err);
  if (ok && as_json) {
    json_dumpf(p.list, stdout, JSON_INDENT(2));
    putchar('\n');
  }
  json_decref(p.list);
  pki_register_close(reg);
  return ok;
}

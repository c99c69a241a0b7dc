// The required domains of a certificate to be: see required.h.
#include "pki/required.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static codicil_span span_of_text(const char *text) {
  return codicil_span_of(text, strlen(text));
}

static bool is_there(const pki_required *required, const char *text) {
  char other[CODICIL_REQUIRED_DOMAIN_TEXT_MAX];
  for (size_t i = 0; i < required->num; i++) {
    codicil_required_domain_format(&required->domain[i], other, sizeof other);
    if (strcmp(other, text) == 0) {
      return true;
    }
  }
  return false;
}

// A name is read into the next free place, and stays there unless it is one of those before it.
static bool add_one(pki_required *required, codicil_span name, app_error *err) {
  if (required->num == CODICIL_REQUIRED_DOMAINS_MAX) {
    return app_fail(err, "a certificate takes %d required domains at most",
                    CODICIL_REQUIRED_DOMAINS_MAX);
  }
  codicil_required_domain *domain = &required->domain[required->num];
  char *text = required->text[required->num];
  codicil_diag diag = {.what = "not a name"};
  if (codicil_required_domain_from_text(domain, text, CODICIL_REQUIRED_DOMAIN_TEXT_MAX, &diag,
                                        name) != CODICIL_OK) {
    return app_fail(err, "required domain '%.*s': %s", (int)name.len, (const char *)name.data,
                    diag.what);
  }
  char written[CODICIL_REQUIRED_DOMAIN_TEXT_MAX];
  codicil_required_domain_format(domain, written, sizeof written);
  required->num += !is_there(required, written);
  return true;
}

bool pki_required_add(pki_required *required, const char *list, app_error *err) {
  for (;;) {
    size_t len = strcspn(list, ",");
    if (!add_one(required, codicil_span_of(list, len), err)) {
      return false;
    }
    if (list[len] == '\0') {
      return true;
    }
    list += len + 1;
  }
}

// Through their text, so that both ways lead to the same form.
static bool add_parsed(pki_required *required, const codicil_required_domain *domains, size_t num,
                       app_error *err) {
  for (size_t i = 0; i < num; i++) {
    char text[CODICIL_REQUIRED_DOMAIN_TEXT_MAX];
    codicil_required_domain_format(&domains[i], text, sizeof text);
    if (!add_one(required, span_of_text(text), err)) {
      return false;
    }
  }
  return true;
}

bool pki_required_add_der(pki_required *required, codicil_span der, app_error *err) {
  codicil_required_domain domains[CODICIL_REQUIRED_DOMAINS_MAX];
  size_t num = 0;
  if (der.len > PKI_EXTENSION_MAX) {
    return app_fail(err, "the Required Domain extension is larger than %d octets",
                    PKI_EXTENSION_MAX);
  }
  uint8_t *text = malloc(der.len + 1);
  if (text == NULL) {
    return app_fail(err, "out of memory");
  }
  codicil_err e = codicil_required_domains_parse(domains, &num, CODICIL_REQUIRED_DOMAINS_MAX, text,
                                                 der.len, der);
  bool ok = e == CODICIL_OK
                ? add_parsed(required, domains, num, err)
                : app_fail(err, "the Required Domain extension %s",
                           e == CODICIL_LIMIT ? "has too many names" : "is not well-formed");
  free(text);
  return ok;
}

bool pki_required_has_any(const pki_required *required) {
  for (size_t i = 0; i < required->num; i++) {
    if (required->domain[i].type == CODICIL_REQUIRED_ANY) {
      return true;
    }
  }
  return false;
}

static bool spans_public_suffix(const char *name, app_error *err) {
  return codicil_dns_name_spans_public_suffix(span_of_text(name)) &&
         !app_fail(err, "'%s' spans a public suffix: its names have many owners", name);
}

bool pki_required_check(const pki_required *required, const pki_name *names, size_t num_names,
                        app_error *err) {
  for (size_t i = 0; required->num > 0 && i < num_names; i++) {
    if (names[i].address.len != 0) {
      return app_fail(err, "'%s': a certificate for an address cannot have a Required Domain",
                      names[i].text);
    }
    if (spans_public_suffix(names[i].text, err)) {
      return false;
    }
  }
  for (size_t i = 0; i < required->num; i++) {
    char text[CODICIL_REQUIRED_DOMAIN_TEXT_MAX];
    codicil_required_domain_format(&required->domain[i], text, sizeof text);
    if (required->domain[i].type == CODICIL_REQUIRED_WILDCARD && spans_public_suffix(text, err)) {
      return false;
    }
  }
  return true;
}

bool pki_required_is_own(const codicil_required_domain *domain, codicil_span name) {
  return domain->type != CODICIL_REQUIRED_ANY && domain->type != CODICIL_REQUIRED_ADDRESS &&
         (codicil_dns_name_covers(name, domain->dns) || codicil_dns_name_covers(domain->dns, name));
}

static bool is_one_of(const codicil_required_domain *domain, const pki_name *names,
                      size_t num_names) {
  for (size_t i = 0; i < num_names; i++) {
    if (names[i].address.len == 0 && pki_required_is_own(domain, span_of_text(names[i].text))) {
      return true;
    }
  }
  return false;
}

void pki_required_warn(const pki_required *required, const pki_name *names, size_t num_names,
                       void (*note)(const char *text)) {
  for (size_t i = 0; note != NULL && i < required->num; i++) {
    if (is_one_of(&required->domain[i], names, num_names)) {
      char shown[CODICIL_REQUIRED_DOMAIN_TEXT_MAX];
      char text[2 * CODICIL_REQUIRED_DOMAIN_TEXT_MAX + 128];
      codicil_required_domain_format(&required->domain[i], shown, sizeof shown);
      snprintf(text, sizeof text, "warning: %s: " PKI_REQUIRED_OWN_FORMAT, names[0].text, shown);
      note(text);
    }
  }
}

bool pki_required_encode(codicil_buf *out, const pki_required *required, app_error *err) {
  return required->num == 0 ||
         codicil_required_domains_encode(out, required->domain, required->num) == CODICIL_OK ||
         app_fail(err, "writing the Required Domain extension failed");
}

bool pki_required_text(codicil_buf *out, const pki_required *required, app_error *err) {
  bool ok = true;
  for (size_t i = 0; ok && i < required->num; i++) {
    char text[CODICIL_REQUIRED_DOMAIN_TEXT_MAX];
    codicil_required_domain_format(&required->domain[i], text, sizeof text);
    ok = (i == 0 || codicil_buf_append(out, codicil_span_of(" ", 1)) == CODICIL_OK) &&
         codicil_buf_append(out, span_of_text(text)) == CODICIL_OK;
  }
  ok = ok && codicil_buf_append(out, codicil_span_of("", 1)) == CODICIL_OK;
  return ok || app_fail(err, "out of memory");
}

// A CDN's glue and shared certificates, made together: see pki.h.
//
//   www.site.example  <- glue.cdn.example (Required Domain www.site.example), one a site
//   glue.cdn.example  <- shared.cdn.example (Required Domain glue.cdn.example), one for all
// Each has a key of its own: what proves one site's connection says nothing on another's.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pki/issue.h"
#include "pki/pki.h"

// Everything about one of the certificates.
typedef struct part {
  pki_required required;
  EVP_PKEY *key;
  pki_file *pem;
  const pki_file *key_file;
} part;

typedef struct work {
  const pki_glue_order *order;
  pki_name shared;
  pki_name glue;
  size_t num; // the sites' and the shared one
  part *parts;
  pki_request *requests;
  X509 **certs;
  pki_files files;
} work;

static bool parse_host(pki_name *out, const char *text, const char *what, app_error *err) {
  if (!pki_name_parse(out, text, err)) {
    return false;
  }
  return (out->address.len == 0 && out->text[0] != '*') ||
         app_fail(err, "'%s': the %s name is a host name, and no wildcard", text, what);
}

static bool parse_names(work *w, app_error *err) {
  const pki_glue_order *order = w->order;
  char glue[CODICIL_HOST_MAX + 8];
  if (!parse_host(&w->shared, order->shared, "shared", err)) {
    return false;
  }
  snprintf(glue, sizeof glue, "glue.%s", w->shared.text);
  if (!parse_host(&w->glue, order->glue != NULL ? order->glue : glue, "glue", err)) {
    return false;
  }
  return strcmp(w->shared.text, w->glue.text) != 0 ||
         app_fail(err, "'%s' is the shared name and the glue name: nothing would prove it",
                  w->shared.text);
}

static pki_request request_of(const work *w, size_t index, bool is_shared) {
  const pki_name *name = is_shared ? &w->shared : &w->glue;
  return (pki_request){
      .profile = is_shared ? PKI_SERVER : PKI_GLUE,
      .key = w->parts[index].key,
      .common_name = name->text,
      .names = name,
      .num_names = 1,
      .required = &w->parts[index].required,
      .required_domain_oid = w->order->desk.codepoints.oid,
      .now_s = w->order->desk.now_s,
      .days = w->order->days,
  };
}

static bool plan_files(work *w, part *p, const char *stem, app_error *err) {
  p->pem = pki_files_plan(&w->files, w->order->out_dir, stem, ".pem", 0644, err);
  if (p->pem == NULL || !pki_files_add_key(&w->files, w->order->out_dir, stem, p->key, err)) {
    return false;
  }
  p->key_file = w->files.file[w->files.num_files - 1];
  return true;
}

static bool is_repeated(const work *w, const char *stem) {
  for (size_t i = 0; i < w->files.num_files; i++) {
    const char *slash = strrchr(w->files.file[i]->path, '/');
    size_t len = strlen(stem);
    if (slash != NULL && strncmp(slash + 1, stem, len) == 0 &&
        strcmp(slash + 1 + len, ".pem") == 0) {
      return true;
    }
  }
  return false;
}

static bool prepare_site(work *w, size_t index, app_error *err) {
  part *p = &w->parts[index];
  char stem[PKI_STEM_LEN];
  char file_stem[PKI_STEM_LEN + 8];
  pki_name site;
  if (!parse_host(&site, w->order->sites[index], "site's", err) ||
      !pki_required_add(&p->required, site.text, err)) {
    return false;
  }
  if (strcmp(site.text, w->glue.text) == 0 || strcmp(site.text, w->shared.text) == 0) {
    return app_fail(err, "'%s' is a site, and the %s name too", site.text,
                    strcmp(site.text, w->glue.text) == 0 ? "glue" : "shared");
  }
  pki_name_stem(stem, &site);
  snprintf(file_stem, sizeof file_stem, "glue-%s", stem);
  if (is_repeated(w, file_stem)) {
    return app_fail(err, "the site '%s' is given twice", site.text);
  }
  p->key = pki_key_new(w->order->alg, err);
  return p->key != NULL && plan_files(w, p, file_stem, err);
}

static bool prepare(work *w, app_error *err) {
  size_t last = w->num - 1;
  char stem[PKI_STEM_LEN];
  for (size_t i = 0; i < last; i++) {
    if (!prepare_site(w, i, err)) {
      return false;
    }
    w->requests[i] = request_of(w, i, false);
  }
  part *p = &w->parts[last];
  p->key = pki_key_new(w->order->alg, err);
  pki_name_stem(stem, &w->shared);
  if (p->key == NULL || !pki_required_add(&p->required, w->glue.text, err) ||
      !plan_files(w, p, stem, err)) {
    return false;
  }
  w->requests[last] = request_of(w, last, true);
  return true;
}

static bool sign_all(work *w, app_error *err) {
  pki_batch batch = {.desk = NULL};
  const pki_glue_order *order = w->order;
  bool ok = pki_sign(&batch, w->certs, &order->desk, w->requests, w->num, &w->files, err);
  for (size_t i = 0; ok && i < w->num; i++) {
    X509 *const chain[] = {w->certs[i], batch.ca.certificate};
    ok = pki_file_put_chain(w->parts[i].pem, chain, order->desk.intermediate ? 2 : 1, err);
  }
  ok = ok && pki_batch_finish(&batch, &w->files, order->out_dir, err);
  pki_batch_close(&batch);
  return ok;
}

static void tell_made(pki_made *out, const work *w) {
  for (size_t i = 0; i < w->num; i++) {
    snprintf(out[i].chain_path, sizeof out[i].chain_path, "%s", w->parts[i].pem->path);
    snprintf(out[i].key_path, sizeof out[i].key_path, "%s", w->parts[i].key_file->path);
    out[i].expires_s = pki_not_after(&w->requests[i]);
  }
}

static void clear(work *w) {
  for (size_t i = 0; w->parts != NULL && i < w->num; i++) {
    EVP_PKEY_free(w->parts[i].key);
  }
  for (size_t i = 0; w->certs != NULL && i < w->num; i++) {
    X509_free(w->certs[i]);
  }
  pki_files_clear(&w->files);
  free(w->parts);
  free(w->requests);
  free(w->certs);
}

bool pki_new_glue(pki_made *out, const pki_glue_order *order, app_error *err) {
  if (order->num_sites < 1 || order->num_sites > PKI_NAMES_MAX) {
    return app_fail(err, "glue is for 1 to %d sites", PKI_NAMES_MAX);
  }
  work w = {.order = order, .num = order->num_sites + 1};
  w.parts = calloc(w.num, sizeof *w.parts);
  w.requests = calloc(w.num, sizeof *w.requests);
  w.certs = calloc(w.num, sizeof(X509 *));
  bool ok = false;
  if (w.parts == NULL || w.requests == NULL || w.certs == NULL) {
    app_fail(err, "out of memory");
  } else if (parse_names(&w, err) && prepare(&w, err) && sign_all(&w, err)) {
    tell_made(out, &w);
    ok = true;
  }
  clear(&w);
  return ok;
}

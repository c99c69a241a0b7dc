// Certificate requests in files: made (codicil cert csr) and answered (codicil cert sign).
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/file.h"
#include "pki/csr.h"
#include "pki/issue.h"
#include "pki/pki.h"

// ---- csr ----------------------------------------------------------------------------------------

static bool write_csr(pki_made *out, EVP_PKEY *key, const pki_name *names,
                      const pki_csr_order *order, app_error *err) {
  static const pki_required none = {.num = 0};
  char stem[PKI_STEM_LEN];
  pki_files files = {.num_files = 0};
  const pki_required *required = order->required != NULL ? order->required : &none;
  pki_name_stem(stem, &names[0]);
  pki_file *csr = pki_files_plan(&files, order->out_dir, stem, ".csr", 0644, err);
  bool is_new_key = order->key_path == NULL;
  bool ok = csr != NULL &&
            pki_csr_write(&csr->content, key, names, order->num_names, required, order->oid, err) &&
            (!is_new_key || pki_files_add_key(&files, order->out_dir, stem, key, err)) &&
            pki_files_write_into(&files, order->out_dir, err);
  if (ok) {
    *out = (pki_made){.expires_s = 0};
    snprintf(out->chain_path, sizeof out->chain_path, "%s", csr->path);
    snprintf(out->key_path, sizeof out->key_path, "%s", is_new_key ? files.file[1]->path : "");
  }
  pki_files_clear(&files);
  return ok;
}

bool pki_new_csr(pki_made *out, const pki_csr_order *order, app_error *err) {
  if (order->num_names < 1 || order->num_names > PKI_NAMES_MAX) {
    return app_fail(err, "a request takes 1 to %d names", PKI_NAMES_MAX);
  }
  pki_name *names = calloc(order->num_names, sizeof *names);
  if (names == NULL) {
    return app_fail(err, "out of memory");
  }
  EVP_PKEY *key = NULL;
  bool ok = pki_names_parse(names, order->names, order->num_names, err) &&
            (order->required == NULL ||
             pki_required_check(order->required, names, order->num_names, err));
  if (ok) {
    key =
        order->key_path != NULL ? pki_key_load(order->key_path, err) : pki_key_new(order->alg, err);
  }
  ok = key != NULL && write_csr(out, key, names, order, err);
  if (ok && order->required != NULL) {
    pki_required_warn(order->required, names, order->num_names, order->note);
  }
  EVP_PKEY_free(key);
  free(names);
  return ok;
}

// ---- sign ---------------------------------------------------------------------------------------

static bool load_csr(pki_csr *out, const pki_sign_order *order, app_error *err) {
  codicil_buf pem;
  codicil_buf_init(&pem, NULL, PKI_CSR_MAX);
  bool ok =
      file_read(&pem, order->csr_path, err) &&
      pki_csr_read(out, codicil_buf_span(&pem), order->csr_path, order->desk.codepoints.oid, err);
  codicil_buf_clear(&pem);
  return ok;
}

// Whoever has a CA's key has its certificate: a second one for that key, of other rules, is asked
// for by mistake or worse. And a CA below this one that has its name is taken for it.
static bool check_against(const pki_csr *csr, const pki_sign_order *order, const char *stem,
                          app_error *err) {
  char path[PKI_PATH_MAX];
  app_error ignored;
  int len = snprintf(path, sizeof path, "%s/%s.pem", order->desk.ca_dir, stem);
  X509 *ca = len > 0 && (size_t)len < sizeof path ? pki_certificate_load(path, &ignored) : NULL;
  if (ca == NULL) {
    return true; // there is none, or signing says so
  }
  const X509_NAME *subject = X509_REQ_get_subject_name(csr->req);
  bool ok = true;
  if (EVP_PKEY_eq(X509_get0_pubkey(ca), csr->key) == 1) {
    ok = app_fail(err, "%s: asks for a certificate for the key of the CA itself", order->csr_path);
  } else if (pki_profile_is_ca(order->profile) &&
             X509_NAME_cmp(subject, X509_get_subject_name(ca)) == 0) {
    ok = app_fail(err, "%s: has the subject of the CA itself", order->csr_path);
  }
  X509_free(ca);
  return ok;
}

static bool check_csr(const pki_csr *csr, const pki_sign_order *order, app_error *err) {
  const char *path = order->csr_path;
  bool is_ca = pki_profile_is_ca(order->profile);
  if (!check_against(csr, order, "ca", err) || !check_against(csr, order, "intermediate", err)) {
    return false;
  }
  if (!is_ca && csr->num_names == 0) {
    return app_fail(err, "%s: asks for no subjectAltName; a common name is not used", path);
  }
  return !is_ca || X509_NAME_entry_count(X509_REQ_get_subject_name(csr->req)) > 0 ||
         app_fail(err, "%s: a CA has a subject, and this request has none", path);
}

static void note_ignored(const pki_csr *csr, const pki_sign_order *order) {
  if (csr->num_ignored > 0) {
    pki_note(&order->desk, "%s asks for %zu more extension%s, which the profile decides",
             order->csr_path, csr->num_ignored, csr->num_ignored == 1 ? "" : "s");
  }
  if (pki_profile_is_ca(order->profile) && (csr->num_names > 0 || csr->required->num > 0)) {
    pki_note(&order->desk, "%s asks for names, which a CA's certificate does not have",
             order->csr_path);
  }
}

// "requests/www.example.csr" is www.example.
static void stem_of(char *out, const char *path) {
  static const char *const endings[] = {".csr", ".req", ".pem", ".p10"};
  const char *slash = strrchr(path, '/');
  snprintf(out, PKI_PATH_MAX, "%s", slash != NULL ? slash + 1 : path);
  size_t len = strlen(out);
  for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
    if (len > 4 && strcmp(out + len - 4, endings[i]) == 0) {
      out[len - 4] = '\0';
      return;
    }
  }
}

static unsigned days_of(const pki_sign_order *order) {
  switch (order->profile) {
  case PKI_INTERMEDIATE:
    return order->days != 0 ? order->days : PKI_INTERMEDIATE_DAYS;
  case PKI_GLUE:
    return order->days != 0 ? order->days : PKI_GLUE_DAYS;
  default:
    return order->days != 0 ? order->days : PKI_CERT_DAYS;
  }
}

static pki_request request_of(const pki_csr *csr, const pki_sign_order *order) {
  bool is_ca = pki_profile_is_ca(order->profile);
  return (pki_request){
      .profile = order->profile,
      .key = csr->key,
      .common_name = is_ca ? NULL : csr->names[0].text,
      .subject = is_ca ? X509_REQ_get_subject_name(csr->req) : NULL,
      .names = is_ca ? NULL : csr->names,
      .num_names = is_ca ? 0 : csr->num_names,
      .required = is_ca ? NULL : csr->required,
      .required_domain_oid = order->desk.codepoints.oid,
      .now_s = order->desk.now_s,
      .days = days_of(order),
  };
}

static bool answer(pki_made *out, const pki_csr *csr, const pki_sign_order *order, app_error *err) {
  char stem[PKI_PATH_MAX];
  pki_files files = {.num_files = 0};
  pki_batch batch = {.desk = NULL};
  X509 *chain[2] = {NULL, NULL};
  pki_request request = request_of(csr, order);
  stem_of(stem, order->csr_path);
  pki_file *pem = pki_files_plan(&files, order->out_dir, stem, ".pem", 0644, err);
  bool ok = pem != NULL && pki_sign(&batch, chain, &order->desk, &request, 1, &files, err);
  chain[1] = batch.ca.certificate;
  ok = ok && pki_file_put_chain(pem, chain, order->desk.intermediate ? 2 : 1, err) &&
       pki_batch_finish(&batch, &files, order->out_dir, err);
  if (ok) {
    *out = (pki_made){.expires_s = pki_not_after(&request)};
    snprintf(out->chain_path, sizeof out->chain_path, "%s", pem->path);
  }
  X509_free(chain[0]);
  pki_batch_close(&batch);
  pki_files_clear(&files);
  return ok;
}

bool pki_sign_csr(pki_made *out, const pki_sign_order *order, app_error *err) {
  pki_csr csr = {.req = NULL};
  bool ok = load_csr(&csr, order, err) && check_csr(&csr, order, err);
  if (ok) {
    note_ignored(&csr, order);
    ok = answer(out, &csr, order, err);
  }
  pki_csr_clear(&csr);
  return ok;
}

// Signing: see sign.h for the order, in which each step is one that the next relies on.
#include "pki/sign.h"

#include <openssl/rand.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pki/audit.h"
#include "pki/caa_identity.h"
#include "pki/key.h"

enum { NAMES_TEXT_MAX = 1 << 17, CESSATION_OF_OPERATION = 5, GLUE_NAMES_MAX = 8 };

// One certificate from its reservation on.
struct pki_pending {
  char issuer[PKI_ISSUER_LEN];
  char serial[PKI_SERIAL_TEXT_LEN];
  const char *profile;
  codicil_buf names;    // text, as the register has it
  codicil_buf required; // text
  char caa[PKI_CAA_WHY_MAX];
  bool skips_caa;
  int64_t not_before;
  int64_t not_after;
  bool is_reserved;
  bool is_signed;
};

void pki_note(const pki_desk *desk, const char *format, ...) {
  char text[1024];
  va_list args;
  if (desk->note != NULL) {
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    desk->note(text);
  }
}

bool pki_own_name(char *out, size_t out_len, const char *what, app_error *err) {
  unsigned char r[4];
  if (RAND_bytes(r, sizeof r) != 1) {
    return pki_fail_crypto(err, "choosing a name");
  }
  snprintf(out, out_len, "codicil %s %02x%02x%02x%02x", what, r[0], r[1], r[2], r[3]);
  return true;
}

// ---- what is about to be signed, as text --------------------------------------------------------

static bool write_names(codicil_buf *out, const pki_request *request, app_error *err) {
  bool ok = true;
  for (size_t i = 0; ok && i < request->num_names; i++) {
    const char *name = request->names[i].text;
    ok = (i == 0 || codicil_buf_append(out, codicil_span_of(" ", 1)) == CODICIL_OK) &&
         codicil_buf_append(out, codicil_span_of(name, strlen(name))) == CODICIL_OK;
  }
  ok = ok && codicil_buf_append(out, codicil_span_of("", 1)) == CODICIL_OK;
  return ok || app_fail(err, "out of memory");
}

static bool describe(pki_pending *out, const pki_request *request, app_error *err) {
  static const pki_required none = {.num = 0};
  codicil_buf_init(&out->names, NULL, NAMES_TEXT_MAX);
  codicil_buf_init(&out->required, NULL, NAMES_TEXT_MAX);
  out->profile = pki_profile_name(request->profile);
  out->not_before = pki_not_before(request);
  out->not_after = pki_not_after(request);
  return write_names(&out->names, request, err) &&
         pki_required_text(&out->required, request->required != NULL ? request->required : &none,
                           err);
}

static const char *text_of(const codicil_buf *buf) {
  return buf->len > 0 ? (const char *)buf->data : "";
}

static pki_entry entry_of(const pki_pending *pending, int64_t now_s) {
  return (pki_entry){
      .issuer = pending->issuer,
      .serial = pending->serial,
      .profile = pending->profile,
      .names = text_of(&pending->names),
      .required_domains = text_of(&pending->required),
      .not_before = pending->not_before,
      .not_after = pending->not_after,
      .reserved_at = now_s,
  };
}

static pki_event event_of(const pki_desk *desk, const pki_pending *pending, const char *outcome,
                          const char *why) {
  bool is_reserved = pending->serial[0] != '\0';
  return (pki_event){
      .now_s = desk->now_s,
      .command = desk->command,
      .outcome = outcome,
      .profile = pending->profile,
      .names = text_of(&pending->names),
      .required_domains = text_of(&pending->required),
      .caa = pending->caa[0] != '\0' ? pending->caa : NULL,
      .skips_caa = pending->skips_caa,
      .issuer = is_reserved ? pending->issuer : NULL,
      .serial = is_reserved ? pending->serial : NULL,
      .not_after = pending->not_after,
      .why = why,
  };
}

static bool audit(const pki_desk *desk, const pki_pending *pending, size_t num, const char *outcome,
                  const char *why, app_error *err) {
  pki_event *events = num > 0 ? calloc(num, sizeof *events) : NULL;
  if (events == NULL) {
    return app_fail(err, "out of memory");
  }
  for (size_t i = 0; i < num; i++) {
    events[i] = event_of(desk, &pending[i], outcome, why);
  }
  bool ok = pki_audit_append(desk->ca_dir, events, num, err);
  free(events);
  return ok;
}

// ---- whether ------------------------------------------------------------------------------------

static bool check_profile(const pki_request *request, app_error *err) {
  if (!pki_profile_is_ca(request->profile) && request->num_names == 0) {
    return app_fail(err, "a certificate needs a name");
  }
  if (request->profile != PKI_GLUE) {
    return true;
  }
  if (request->required == NULL || request->required->num == 0) {
    return app_fail(err, "a glue certificate needs a Required Domain");
  }
  return request->num_names <= GLUE_NAMES_MAX ||
         app_fail(err, "a glue certificate has few names: %d at most", GLUE_NAMES_MAX);
}

static bool check_required(const pki_desk *desk, const pki_request *request, app_error *err) {
  if (request->required == NULL) {
    return true;
  }
  if (!pki_required_check(request->required, request->names, request->num_names, err)) {
    return false;
  }
  if (pki_required_has_any(request->required)) {
    pki_note(desk,
             "warning: Required Domain '*' of %s is met by every connection: who has the key "
             "can use the certificate anywhere",
             request->names[0].text);
  }
  pki_required_warn(request->required, request->names, request->num_names, desk->note);
  return true;
}

static void tell_decision(const pki_desk *desk, const pki_caa_decision *decision) {
  for (size_t i = 0; i < decision->num_names; i++) {
    const pki_caa_name *name = &decision->names[i];
    pki_note(desk, "CAA of %s%s%s: %s", name->name, name->found_at[0] != '\0' ? ", found at " : "",
             name->found_at, name->why);
    for (size_t j = 0; j < name->num_properties; j++) {
      const pki_caa_property *property = &name->properties[j];
      pki_note(desk, "  %u %s \"%s\": %s", property->flags, property->tag, property->value,
               property->why);
    }
  }
}

static bool check_caa(const pki_desk *desk, const pki_request *request, pki_pending *pending,
                      dns_resolver **resolver, app_error *err) {
  const pki_required *required = request->required;
  const pki_caa_request asked = {
      .names = request->names,
      .num_names = request->num_names,
      .required = required != NULL ? required->domain : NULL,
      .num_required = required != NULL ? required->num : 0,
      .tag = desk->codepoints.caa_tag,
  };
  pki_caa_identity identity;
  pki_caa_decision decision = {.is_allowed = false};
  if (!pki_caa_identity_load(&identity, desk->ca_dir, err)) {
    return false;
  }
  const pki_caa_policy policy = pki_caa_policy_with(&desk->caa, &identity);
  if (!pki_caa_check(&decision, &asked, &policy, resolver, err)) {
    return false;
  }
  bool is_allowed = decision.is_allowed;
  snprintf(pending->caa, sizeof pending->caa, "%s", decision.why);
  pending->skips_caa = desk->caa.skip;
  if (!is_allowed) {
    tell_decision(desk, &decision);
    app_fail(err, "%s", decision.why);
  }
  pki_caa_decision_clear(&decision);
  return is_allowed;
}

static bool check_one(const pki_desk *desk, const pki_request *request, pki_pending *pending,
                      dns_resolver **resolver, app_error *err) {
  return check_profile(request, err) && check_required(desk, request, err) &&
         (pki_profile_is_ca(request->profile) || check_caa(desk, request, pending, resolver, err));
}

// A refusal is written down as well.
static bool check_each(const pki_desk *desk, const pki_request *requests, pki_pending *pending,
                       size_t num, dns_resolver **resolver, app_error *err) {
  for (size_t i = 0; i < num; i++) {
    if (!describe(&pending[i], &requests[i], err)) {
      return false;
    }
    if (!check_one(desk, &requests[i], &pending[i], resolver, err)) {
      app_error why_not;
      if (!audit(desk, &pending[i], 1, "refused", err->text, &why_not)) {
        pki_note(desk, "%s", why_not.text);
      }
      return false;
    }
  }
  return true;
}

// One resolver for all: glue certificates have one name, and DNS is asked for it once.
static bool check_all(const pki_desk *desk, const pki_request *requests, pki_pending *pending,
                      size_t num, app_error *err) {
  dns_resolver *resolver = NULL;
  bool ok = check_each(desk, requests, pending, num, &resolver, err);
  dns_resolver_free(resolver);
  if (!ok) {
    return false;
  }
  if (desk->caa.skip) {
    pki_note(desk, "warning: CAA was not asked (--insecure-skip-caa): the names' owners may not "
                   "want this; the audit log says so");
  }
  return true;
}

// ---- reserve and sign ---------------------------------------------------------------------------

static bool take_ca(pki_batch *batch, app_error *err) {
  const char *dir = batch->desk->ca_dir;
  bool made = false;
  if (!pki_ca_lock(&batch->lock, dir, err)) {
    return false;
  }
  batch->is_locked = true;
  pki_hold_signals(&batch->signals);
  if (!pki_register_open(&batch->reg, &made, dir, err)) {
    return false;
  }
  if (made) {
    pki_note(batch->desk, "%s/register.db is new: what this CA signed before is not in it", dir);
  }
  return true;
}

static void note_in_force(pki_batch *batch, const pki_entry *entry) {
  int64_t not_after = 0;
  app_error ignored;
  char day[PKI_DAY_LEN];
  if (entry->names[0] == '\0' ||
      !pki_register_in_force(batch->reg, &not_after, entry, batch->desk->now_s, &ignored) ||
      not_after == 0) {
    return;
  }
  pki_day_text(day, not_after);
  pki_note(batch->desk,
           "%.300s has a certificate that is good until %s; it stays so unless you "
           "revoke it",
           entry->names, day);
}

static bool reserve_each(pki_batch *batch, pki_request *requests, pki_pending *pending, size_t num,
                         const char *issuer, app_error *err) {
  for (size_t i = 0; i < num; i++) {
    if (!pki_serial_new(&requests[i].serial, err)) {
      return false;
    }
    memmove(pending[i].issuer, issuer, PKI_ISSUER_LEN);
    pki_serial_text(pending[i].serial, &requests[i].serial);
    const pki_entry entry = entry_of(&pending[i], batch->desk->now_s);
    note_in_force(batch, &entry);
    if (!pki_register_reserve(batch->reg, &entry, err)) {
      return false;
    }
  }
  return true;
}

static bool reserve(pki_batch *batch, pki_request *requests, pki_pending *pending, size_t num,
                    const pki_ca *ca, app_error *err) {
  char issuer[PKI_ISSUER_LEN];
  if (!pki_issuer_id(issuer, X509_get_subject_name(ca->certificate), err) ||
      !pki_register_begin(batch->reg, err) ||
      !reserve_each(batch, requests, pending, num, issuer, err) ||
      !pki_register_commit(batch->reg, err)) {
    return false;
  }
  for (size_t i = 0; i < num; i++) {
    pending[i].is_reserved = true;
  }
  return true;
}

static bool keep(pki_batch *batch, X509 *const *certs, pki_pending *pending, size_t num,
                 app_error *err) {
  bool ok = pki_register_begin(batch->reg, err);
  for (size_t i = 0; ok && i < num; i++) {
    ok = pki_register_issue(batch->reg, pending[i].issuer, pending[i].serial, certs[i], err);
  }
  ok = ok && pki_register_commit(batch->reg, err);
  for (size_t i = 0; ok && i < num; i++) {
    pending[i].is_signed = true;
  }
  return ok;
}

static bool sign_each(pki_batch *batch, X509 **out, const pki_ca *ca, pki_request *requests,
                      pki_pending *pending, size_t num, app_error *err) {
  const pki_issuer issuer = {ca->certificate, ca->key};
  for (size_t i = 0; i < num; i++) {
    if (!pki_check_lifetime(&requests[i], ca->certificate, err)) {
      return false;
    }
  }
  if (!reserve(batch, requests, pending, num, ca, err) ||
      !audit(batch->desk, pending, num, "signing", NULL, err)) {
    return false;
  }
  for (size_t i = 0; i < num; i++) {
    out[i] = pki_issue(&requests[i], &issuer, err);
    if (out[i] == NULL) {
      return false;
    }
  }
  return keep(batch, out, pending, num, err) &&
         audit(batch->desk, pending, num, "issued", NULL, err);
}

// ---- the intermediate ---------------------------------------------------------------------------

// A new intermediate lives as long as its root: the last day on which the root is good.
static bool days_left(unsigned *out, const pki_ca *root, const pki_desk *desk, app_error *err) {
  int days = 0;
  int seconds = 0;
  ASN1_TIME *now = ASN1_TIME_set(NULL, (time_t)desk->now_s);
  bool ok = now != NULL &&
            ASN1_TIME_diff(&days, &seconds, now, X509_get0_notAfter(root->certificate)) == 1;
  ASN1_TIME_free(now);
  if (!ok) {
    return pki_fail_crypto(err, "reading the CA's validity");
  }
  *out = (unsigned)(days > 0 ? days : 0);
  return days >= 1 || app_fail(err, "%s/ca.pem: has expired, or will today", desk->ca_dir);
}

// Signs it with the root, which batch->ca is.
static bool sign_intermediate(pki_batch *batch, pki_ca *made, pki_pending *pending,
                              app_error *err) {
  char name[64];
  pki_request request = {
      .profile = PKI_INTERMEDIATE,
      .key = made->key,
      .common_name = name,
      .now_s = batch->desk->now_s,
  };
  batch->num_pending++;
  return pki_own_name(name, sizeof name, "intermediate", err) &&
         days_left(&request.days, &batch->ca, batch->desk, err) &&
         describe(pending, &request, err) &&
         sign_each(batch, &made->certificate, &batch->ca, &request, pending, 1, err);
}

static bool make_intermediate(pki_ca *out, pki_batch *batch, pki_files *files, app_error *err) {
  const char *dir = batch->desk->ca_dir;
  pki_ca made = {NULL, NULL};
  pki_file *chain = pki_files_plan(files, dir, "intermediate", ".pem", 0644, err);
  made.key = chain != NULL ? pki_key_new_like(batch->ca.key, err) : NULL;
  bool ok = made.key != NULL && pki_files_add_key(files, dir, "intermediate", made.key, err) &&
            sign_intermediate(batch, &made, &batch->pending[batch->num_pending], err) &&
            pki_file_put_chain(chain, &made.certificate, 1, err);
  if (!ok) {
    pki_ca_clear(&made);
    return false;
  }
  *out = made;
  return true;
}

static bool note_revoked(void *user, const pki_entry *entry, app_error *err) {
  bool *is_revoked = user;
  (void)err;
  *is_revoked = entry->state == PKI_REVOKED;
  return true;
}

// What a revoked CA signs is refused by whoever has the CRL. One that another program made is not
// in the register.
static bool check_in_force(pki_batch *batch, const X509 *cert, app_error *err) {
  char issuer[PKI_ISSUER_LEN];
  char serial[PKI_SERIAL_TEXT_LEN];
  bool is_revoked = false;
  return pki_issuer_id(issuer, X509_get_issuer_name(cert), err) &&
         pki_serial_text_of(serial, X509_get0_serialNumber(cert), err) &&
         pki_register_each(batch->reg, issuer, serial, note_revoked, &is_revoked, err) &&
         (!is_revoked || app_fail(err,
                                  "%s/intermediate.pem: is revoked; once it and its key are moved "
                                  "away, a new one is made",
                                  batch->desk->ca_dir));
}

static bool load_intermediate(pki_ca *out, pki_batch *batch, app_error *err) {
  pki_ca ca = {NULL, NULL};
  if (!pki_ca_load(&ca, batch->desk->ca_dir, "intermediate", err) ||
      !check_in_force(batch, ca.certificate, err)) {
    pki_ca_clear(&ca);
    return false;
  }
  *out = ca;
  return true;
}

static bool find_issuer(pki_batch *batch, pki_files *files, app_error *err) {
  if (!batch->desk->intermediate) {
    return true;
  }
  pki_ca issuer = {NULL, NULL};
  bool ok = pki_ca_exists(batch->desk->ca_dir, "intermediate")
                ? load_intermediate(&issuer, batch, err)
                : make_intermediate(&issuer, batch, files, err);
  if (ok) {
    pki_ca_clear(&batch->ca);
    batch->ca = issuer;
  }
  return ok;
}

// ---- the batch ----------------------------------------------------------------------------------

// What was signed and will not be public: no relying party shall ever take it.
static bool revoke_signed(pki_batch *batch, app_error *err) {
  bool ok = pki_register_begin(batch->reg, err);
  for (size_t i = 0; ok && i < batch->num_pending; i++) {
    const pki_pending *pending = &batch->pending[i];
    ok =
        !pending->is_signed || pki_register_revoke(batch->reg, pending->issuer, pending->serial,
                                                   batch->desk->now_s, CESSATION_OF_OPERATION, err);
  }
  return ok && pki_register_commit(batch->reg, err);
}

static void withdraw(pki_batch *batch, const char *why) {
  app_error err;
  bool any_signed = false;
  for (size_t i = 0; i < batch->num_pending; i++) {
    any_signed = any_signed || batch->pending[i].is_signed;
    if (batch->pending[i].is_reserved &&
        !audit(batch->desk, &batch->pending[i], 1, "failed", why, &err)) {
      pki_note(batch->desk, "%s", err.text);
    }
  }
  if (any_signed && !revoke_signed(batch, &err)) {
    pki_note(batch->desk, "what was signed is not public, and could not be revoked: %s", err.text);
  }
  batch->is_settled = true;
}

static bool sign_batch(pki_batch *batch, X509 **out, pki_request *requests, size_t num,
                       pki_files *files, app_error *err) {
  // The CA comes first: a directory that holds none gets no register and no audit log.
  return pki_ca_load(&batch->ca, batch->desk->ca_dir, "ca", err) &&
         check_all(batch->desk, requests, batch->pending, num, err) && take_ca(batch, err) &&
         pki_files_check(files, err) && find_issuer(batch, files, err) &&
         sign_each(batch, out, &batch->ca, requests, batch->pending, num, err);
}

bool pki_sign(pki_batch *batch, X509 **out, const pki_desk *desk, pki_request *requests,
              size_t num_requests, pki_files *files, app_error *err) {
  batch->desk = desk;
  // The last is the intermediate's, if one is made.
  batch->pending = calloc(num_requests + 1, sizeof *batch->pending);
  if (batch->pending == NULL) {
    return app_fail(err, "out of memory");
  }
  batch->num_pending = num_requests;
  if (!sign_batch(batch, out, requests, num_requests, files, err)) {
    withdraw(batch, err->text);
    return false;
  }
  return true;
}

bool pki_batch_finish(pki_batch *batch, const pki_files *files, const char *dir, app_error *err) {
  if (!pki_files_write_into(files, dir, err)) {
    withdraw(batch, err->text);
    return false;
  }
  batch->is_settled = true;
  return true;
}

void pki_batch_close(pki_batch *batch) {
  if (batch->num_pending > 0 && !batch->is_settled) {
    withdraw(batch, "given up");
  }
  for (size_t i = 0; i < batch->num_pending; i++) {
    codicil_buf_clear(&batch->pending[i].names);
    codicil_buf_clear(&batch->pending[i].required);
  }
  pki_register_close(batch->reg);
  pki_ca_clear(&batch->ca);
  free(batch->pending);
  if (batch->is_locked) {
    close(batch->lock);
    pthread_sigmask(SIG_SETMASK, &batch->signals, NULL);
  }
  *batch = (pki_batch){.desk = NULL};
}

// ---- a CA's own certificate ---------------------------------------------------------------------

// As long as it has no certificate, a CA has a name that the register knows it by.
static X509_NAME *name_of(const char *common_name, app_error *err) {
  X509_NAME *name = X509_NAME_new();
  if (name == NULL ||
      X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                                 (const unsigned char *)common_name, -1, -1, 0) != 1) {
    pki_fail_crypto(err, "naming a CA");
    X509_NAME_free(name);
    return NULL;
  }
  return name;
}

static bool reserve_root(pki_batch *batch, pki_request *request, app_error *err) {
  pki_pending *pending = &batch->pending[0];
  if (!describe(pending, request, err) || !pki_issuer_id(pending->issuer, request->subject, err) ||
      !pki_register_begin(batch->reg, err) ||
      !reserve_each(batch, request, pending, 1, pending->issuer, err) ||
      !pki_register_commit(batch->reg, err)) {
    return false;
  }
  pending->is_reserved = true;
  return true;
}

static bool sign_root(pki_batch *batch, X509 **out, pki_request *request, app_error *err) {
  const pki_issuer self = {NULL, request->key};
  bool made = false;
  if (!pki_register_open(&batch->reg, &made, batch->desk->ca_dir, err) ||
      !reserve_root(batch, request, err) ||
      !audit(batch->desk, batch->pending, 1, "signing", NULL, err)) {
    return false;
  }
  *out = pki_issue(request, &self, err);
  return *out != NULL && keep(batch, out, batch->pending, 1, err) &&
         audit(batch->desk, batch->pending, 1, "issued", NULL, err);
}

bool pki_sign_root(pki_batch *batch, X509 **out, const pki_desk *desk, pki_request *request,
                   app_error *err) {
  batch->desk = desk;
  batch->pending = calloc(1, sizeof *batch->pending);
  if (batch->pending == NULL) {
    return app_fail(err, "out of memory");
  }
  batch->num_pending = 1;
  X509_NAME *name = name_of(request->common_name, err);
  request->subject = name;
  bool ok = name != NULL && sign_root(batch, out, request, err);
  request->subject = NULL;
  X509_NAME_free(name);
  if (!ok) {
    withdraw(batch, err->text);
  }
  return ok;
}

// Revocation: see revoke.h. crl.c makes the lists.
#include "pki/revoke.h"

#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "codicil/x509.h"
#include "pki/audit.h"
#include "pki/key.h"

typedef struct reason_row {
  const char *name;
  int code;
} reason_row;

static const reason_row reasons[] = {
#define PKI_REASON_ROW(name, code) {name, code},
    PKI_REASON_MAP(PKI_REASON_ROW)
#undef PKI_REASON_ROW
};
enum { NUM_REASONS = sizeof reasons / sizeof reasons[0], NAMES_TEXT_MAX = 1 << 17 };

bool pki_reason_parse(int *out, const char *text, app_error *err) {
  for (size_t i = 0; i < NUM_REASONS; i++) {
    if (strcasecmp(reasons[i].name, text) == 0) {
      *out = reasons[i].code;
      return true;
    }
  }
  return app_fail(err,
                  "'%s' is no reason: unspecified, keyCompromise, cACompromise, "
                  "affiliationChanged, superseded, cessationOfOperation or "
                  "privilegeWithdrawn",
                  text);
}

const char *pki_reason_name(int reason) {
  for (size_t i = 0; i < NUM_REASONS; i++) {
    if (reasons[i].code == reason) {
      return reasons[i].name;
    }
  }
  return "unspecified";
}

// ---- which --------------------------------------------------------------------------------------

typedef struct found {
  size_t num;
  pki_state state;
  int64_t not_after;
  char issuer[PKI_ISSUER_LEN];
  char serial[PKI_SERIAL_TEXT_LEN];
  char profile[16];
  char names[512];
  char sha256[PKI_SHA256_TEXT_LEN];
} found;

static bool keep_entry(void *user, const pki_entry *entry, app_error *err) {
  found *f = user;
  (void)err;
  f->num++;
  f->state = entry->state;
  f->not_after = entry->not_after;
  snprintf(f->issuer, sizeof f->issuer, "%s", entry->issuer);
  snprintf(f->serial, sizeof f->serial, "%s", entry->serial);
  snprintf(f->profile, sizeof f->profile, "%s", entry->profile);
  snprintf(f->names, sizeof f->names, "%.500s", entry->names);
  snprintf(f->sha256, sizeof f->sha256, "%s", entry->sha256);
  return true;
}

// "00:A1:b2" is a1b2.
static bool read_serial(char *out, const char *text) {
  size_t len = 0;
  for (; *text != '\0'; text++) {
    const char *digit = strchr("00112233445566778899aAbBcCdDeEfF", *text);
    if (*text == ':' || (digit != NULL && *text == '0' && len == 0)) {
      continue;
    }
    if (digit == NULL || len + 1 >= PKI_SERIAL_TEXT_LEN) {
      return false;
    }
    out[len++] = (char)(*text >= 'A' && *text <= 'F' ? *text - 'A' + 'a' : *text);
  }
  out[len] = '\0';
  return len > 0;
}

static bool find_serial(found *out, pki_register *reg, const char *text, app_error *err) {
  char serial[PKI_SERIAL_TEXT_LEN];
  if (!read_serial(serial, text)) {
    return app_fail(err, "'%s' is neither a file nor a serial number", text);
  }
  if (!pki_register_each(reg, NULL, serial, keep_entry, out, err)) {
    return false;
  }
  if (out->num == 0) {
    return app_fail(err, "no certificate with the serial number %s is registered", serial);
  }
  return out->num == 1 || app_fail(err, "%zu issuers have used the serial number %s: name the file",
                                   out->num, serial);
}

// ---- a certificate that is not registered -------------------------------------------------------

static bool signed_by(X509 *cert, const char *dir, const char *stem) {
  char path[PKI_PATH_MAX];
  app_error ignored;
  int len = snprintf(path, sizeof path, "%s/%s.pem", dir, stem);
  X509 *ca = len > 0 && (size_t)len < sizeof path ? pki_certificate_load(path, &ignored) : NULL;
  bool ok = ca != NULL && X509_check_issued(ca, cert) == X509_V_OK &&
            X509_verify(cert, X509_get0_pubkey(ca)) == 1;
  X509_free(ca);
  ERR_clear_error();
  return ok;
}

static bool write_word(codicil_buf *out, const char *word) {
  return (out->len == 0 || codicil_buf_append(out, codicil_span_of(" ", 1)) == CODICIL_OK) &&
         codicil_buf_append(out, codicil_span_of(word, strlen(word))) == CODICIL_OK;
}

static bool write_names(codicil_buf *names, codicil_buf *required,
                        const codicil_identity *identity) {
  bool ok = true;
  char text[CODICIL_REQUIRED_DOMAIN_TEXT_MAX];
  for (size_t i = 0; ok && i < codicil_identity_num_names(identity); i++) {
    const codicil_alt_name *name = codicil_identity_name(identity, i);
    if (name->type == CODICIL_ALT_ADDRESS) {
      codicil_address_format(&name->address, text, sizeof text);
    } else {
      snprintf(text, sizeof text, "%.*s", (int)name->dns.len, (const char *)name->dns.data);
    }
    ok = write_word(names, text);
  }
  for (size_t i = 0; ok && i < codicil_identity_num_required(identity); i++) {
    codicil_required_domain_format(codicil_identity_required(identity, i), text, sizeof text);
    ok = write_word(required, text);
  }
  return ok && codicil_buf_append(names, codicil_span_of("", 1)) == CODICIL_OK &&
         codicil_buf_append(required, codicil_span_of("", 1)) == CODICIL_OK;
}

// By what the certificate says, as the register does not know it.
static const char *profile_of(X509 *cert) {
  if (X509_check_ca(cert) != 1) {
    return "server";
  }
  const X509_NAME *issuer = X509_get_issuer_name(cert);
  return X509_NAME_cmp(X509_get_subject_name(cert), issuer) == 0 ? "root" : "intermediate";
}

static bool register_identity(pki_register *reg, const codicil_identity *identity, X509 *cert,
                              const found *which, const pki_revoke_order *order, app_error *err) {
  codicil_buf names;
  codicil_buf required;
  codicil_buf_init(&names, NULL, NAMES_TEXT_MAX);
  codicil_buf_init(&required, NULL, NAMES_TEXT_MAX);
  bool ok = write_names(&names, &required, identity) || app_fail(err, "out of memory");
  if (ok) {
    const pki_entry entry = {
        .issuer = which->issuer,
        .serial = which->serial,
        .profile = profile_of(cert),
        .names = (const char *)names.data,
        .required_domains = (const char *)required.data,
        .not_before = codicil_identity_not_before(identity),
        .not_after = codicil_identity_not_after(identity),
        .reserved_at = order->now_s,
    };
    ok = pki_register_reserve(reg, &entry, err) &&
         pki_register_issue(reg, which->issuer, which->serial, cert, err);
  }
  codicil_buf_clear(&names);
  codicil_buf_clear(&required);
  return ok;
}

static bool register_late(pki_register *reg, X509 *cert, const found *which,
                          const pki_revoke_order *order, app_error *err) {
  if (!signed_by(cert, order->ca_dir, "ca") && !signed_by(cert, order->ca_dir, "intermediate")) {
    return app_fail(err, "%s: not signed by the CA in %s", order->what, order->ca_dir);
  }
  uint8_t *der = NULL;
  codicil_identity *identity = NULL;
  int len = i2d_X509(cert, &der);
  bool ok = len > 0 && codicil_identity_new(&identity, NULL, codicil_span_of(der, (size_t)len),
                                            order->oid) == CODICIL_OK;
  ok = ok ? register_identity(reg, identity, cert, which, order, err)
          : app_fail(err, "%s: not a certificate that can be registered", order->what);
  codicil_identity_free(identity);
  OPENSSL_free(der);
  return ok;
}

static bool check_same(const found *f, X509 *cert, const char *path, app_error *err) {
  char sha256[PKI_SHA256_TEXT_LEN];
  if (!pki_sha256_text(sha256, cert, err)) {
    return false;
  }
  return f->sha256[0] == '\0' || strcmp(f->sha256, sha256) == 0 ||
         app_fail(err, "%s: another certificate than the one registered under its serial number",
                  path);
}

static bool find_certificate(found *out, pki_register *reg, X509 *cert,
                             const pki_revoke_order *order, app_error *err) {
  found which = {.num = 0};
  if (!pki_issuer_id(which.issuer, X509_get_issuer_name(cert), err) ||
      !pki_serial_text_of(which.serial, X509_get0_serialNumber(cert), err)) {
    return false;
  }
  for (int attempt = 0; attempt < 2; attempt++) {
    *out = (found){.num = 0};
    if (!pki_register_each(reg, which.issuer, which.serial, keep_entry, out, err)) {
      return false;
    }
    if (out->num == 1) {
      return check_same(out, cert, order->what, err);
    }
    if (!register_late(reg, cert, &which, order, err)) {
      return false;
    }
  }
  return app_fail(err, "%s: not registered", order->what);
}

static bool find(found *out, pki_register *reg, const pki_revoke_order *order, app_error *err) {
  if (access(order->what, F_OK) != 0) {
    return find_serial(out, reg, order->what, err);
  }
  X509 *cert = pki_certificate_load(order->what, err);
  bool ok = cert != NULL && find_certificate(out, reg, cert, order, err);
  X509_free(cert);
  return ok;
}

// ---- revoking -----------------------------------------------------------------------------------

static bool check_revocable(const found *f, app_error *err) {
  if (strcmp(f->profile, "root") == 0) {
    return app_fail(err, "a CA's own certificate is not revoked: take it out of trust stores");
  }
  return f->state != PKI_REVOKED || app_fail(err, "%s is revoked already", f->serial);
}

static bool write_down(const found *f, const pki_revoke_order *order, app_error *err) {
  const pki_event event = {
      .now_s = order->now_s,
      .command = "revoke",
      .outcome = "revoked",
      .profile = f->profile,
      .names = f->names,
      .issuer = f->issuer,
      .serial = f->serial,
      .sha256 = f->sha256[0] != '\0' ? f->sha256 : NULL,
      .not_after = f->not_after,
      .reason = pki_reason_name(order->reason),
  };
  return pki_audit_append(order->ca_dir, &event, 1, err);
}

bool pki_revoke(pki_revoked *out, const pki_revoke_order *order, app_error *err) {
  pki_register *reg = NULL;
  bool made = false;
  found f = {.num = 0};
  pki_ca ca = {NULL, NULL};
  // Its key is not needed; but who has it not is not the CA.
  bool ok = pki_ca_load(&ca, order->ca_dir, "ca", err) &&
            pki_register_open(&reg, &made, order->ca_dir, err) && pki_register_begin(reg, err) &&
            find(&f, reg, order, err) && check_revocable(&f, err) &&
            pki_register_revoke(reg, f.issuer, f.serial, order->now_s, order->reason, err) &&
            write_down(&f, order, err) && pki_register_commit(reg, err);
  if (ok) {
    memcpy(out->serial, f.serial, sizeof out->serial);
    memcpy(out->names, f.names, sizeof out->names);
  }
  pki_register_close(reg);
  pki_ca_clear(&ca);
  return ok;
}

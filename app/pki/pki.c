// A small CA in files: see pki.h. Everything is made in memory first; files appear last, together.
#include "pki/pki.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pki/caa_identity.h"
#include "pki/issue.h"
#include "pki/subject.h"

bool pki_names_parse(pki_name *out, const char *const *names, size_t num_names, app_error *err) {
  for (size_t i = 0; i < num_names; i++) {
    if (!pki_name_parse(&out[i], names[i], err)) {
      return false;
    }
  }
  return true;
}

static bool is_there(const char *dir, const char *name) {
  char path[PKI_PATH_MAX];
  int len = snprintf(path, sizeof path, "%s/%s", dir, name);
  return len > 0 && (size_t)len < sizeof path && access(path, F_OK) == 0;
}

static void remove_new(const char *dir, const char *name, bool was_there) {
  char path[PKI_PATH_MAX];
  int len = snprintf(path, sizeof path, "%s/%s", dir, name);
  if (!was_there && len > 0 && (size_t)len < sizeof path) {
    unlink(path);
  }
}

static void tell_made(pki_made *out, const pki_file *chain, const pki_file *key,
                      const pki_request *request) {
  snprintf(out->chain_path, sizeof out->chain_path, "%s", chain->path);
  snprintf(out->key_path, sizeof out->key_path, "%s", key != NULL ? key->path : "");
  out->expires_s = pki_not_after(request);
}

static bool plan_identity(pki_files *files, const pki_ca_order *order, app_error *err) {
  if (order->caa.num_identities == 0) {
    return true;
  }
  pki_file *file = pki_files_plan(files, order->dir, PKI_CAA_IDENTITY_FILE, "", 0644, err);
  return file != NULL && pki_caa_identity_write(&file->content, &order->caa, err);
}

static bool plan_ca(pki_files *files, EVP_PKEY *key, const pki_ca_order *order, app_error *err) {
  return pki_files_plan(files, order->dir, "ca", ".pem", 0644, err) != NULL &&
         pki_files_add_key(files, order->dir, "ca", key, err) && plan_identity(files, order, err) &&
         pki_files_check(files, err);
}

// In the CA's directory, which is there and ours.
static bool make_in(pki_made *out, pki_files *files, EVP_PKEY *key, const pki_ca_order *order,
                    app_error *err) {
  char name[64];
  X509 *cert = NULL;
  pki_batch batch = {.desk = NULL};
  const pki_desk desk = {.ca_dir = order->dir, .command = "new-ca", .now_s = order->now_s};
  pki_request request = {
      .profile = PKI_ROOT,
      .key = key,
      .common_name = order->common_name != NULL ? order->common_name : name,
      .now_s = order->now_s,
      .days = order->days,
  };
  bool ok = pki_files_check(files, err) && pki_own_name(name, sizeof name, "CA", err) &&
            pki_sign_root(&batch, &cert, &desk, &request, err) &&
            pki_file_put_chain(files->file[0], &cert, 1, err) &&
            pki_batch_finish(&batch, files, order->dir, err);
  pki_batch_close(&batch);
  X509_free(cert);
  if (ok) {
    tell_made(out, files->file[0], files->file[1], &request);
  }
  return ok;
}

// Register and audit log come before the files, as with every certificate; where there will be no
// CA those two go again unless they had been there.
static bool make_ca(pki_made *out, pki_files *files, EVP_PKEY *key, const pki_ca_order *order,
                    app_error *err) {
  const char *dir = order->dir;
  int lock = -1;
  if (!plan_ca(files, key, order, err)) {
    return false;
  }
  bool made = mkdir(dir, 0755) == 0;
  if (!made && errno != EEXIST) {
    return app_fail(err, "%s: %s", dir, strerror(errno));
  }
  bool ok = pki_ca_lock(&lock, dir, err);
  if (ok) {
    bool had_register = is_there(dir, "register.db");
    bool had_log = is_there(dir, "audit.log");
    ok = make_in(out, files, key, order, err);
    if (!ok) {
      remove_new(dir, "register.db", had_register);
      remove_new(dir, "audit.log", had_log);
    }
    close(lock);
  }
  if (!ok && made) {
    rmdir(dir);
  }
  return ok;
}

bool pki_new_ca(pki_made *out, const pki_ca_order *order, app_error *err) {
  pki_files files = {.num_files = 0};
  EVP_PKEY *key = pki_key_new(order->alg, err);
  bool ok = key != NULL && make_ca(out, &files, key, order, err);
  pki_files_clear(&files);
  EVP_PKEY_free(key);
  return ok;
}

static bool make_cert(pki_made *out, pki_files *files, EVP_PKEY *key, const pki_name *names,
                      const pki_cert_order *order, app_error *err) {
  char stem[PKI_STEM_LEN];
  pki_batch batch = {.desk = NULL};
  X509 *chain[2] = {NULL, NULL};
  pki_request request = {
      .profile = PKI_SERVER,
      .key = key,
      .common_name = names[0].text,
      .names = names,
      .num_names = order->num_names,
      .required = order->required,
      .required_domain_oid = order->desk.codepoints.oid,
      .now_s = order->desk.now_s,
      .days = order->days,
  };
  pki_name_stem(stem, &names[0]);
  pki_file *pem = pki_files_plan(files, order->out_dir, stem, ".pem", 0644, err);
  bool ok = pem != NULL && pki_files_add_key(files, order->out_dir, stem, key, err);
  const pki_file *key_file = ok ? files->file[files->num_files - 1] : NULL;
  ok = ok && pki_sign(&batch, chain, &order->desk, &request, 1, files, err);
  chain[1] = batch.ca.certificate;
  ok = ok && pki_file_put_chain(pem, chain, order->desk.intermediate ? 2 : 1, err) &&
       pki_batch_finish(&batch, files, order->out_dir, err);
  if (ok) {
    tell_made(out, pem, key_file, &request);
  }
  X509_free(chain[0]);
  pki_batch_close(&batch);
  return ok;
}

bool pki_new_cert(pki_made *out, const pki_cert_order *order, app_error *err) {
  if (order->num_names < 1 || order->num_names > PKI_NAMES_MAX) {
    return app_fail(err, "a certificate takes 1 to %d names", PKI_NAMES_MAX);
  }
  pki_files files = {.num_files = 0};
  EVP_PKEY *key = NULL;
  pki_name *names = calloc(order->num_names, sizeof *names);
  bool ok = names != NULL ? pki_names_parse(names, order->names, order->num_names, err)
                          : app_fail(err, "out of memory");
  ok = ok && (key = pki_key_new(order->alg, err)) != NULL &&
       make_cert(out, &files, key, names, order, err);
  pki_files_clear(&files);
  EVP_PKEY_free(key);
  free(names);
  return ok;
}

// A small CA in files: see pki.h. Everything is made in memory first; files appear last, together.
#include "pki/pki.h"

#include <errno.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pki/issue.h"
#include "pki/subject.h"

enum { DAY_S = 86400 };

// Makes `dir` unless it is there. *out_made tells whether a failure has to remove it again.
static bool make_dir(bool *out_made, const char *dir, app_error *err) {
  *out_made = mkdir(dir, 0755) == 0;
  return *out_made || errno == EEXIST || app_fail(err, "%s: %s", dir, strerror(errno));
}

static bool write_into(const char *dir, const pki_files *files, app_error *err) {
  bool made_dir = false;
  if (!make_dir(&made_dir, dir, err)) {
    return false;
  }
  if (pki_files_write(files, err)) {
    return true;
  }
  if (made_dir) {
    rmdir(dir);
  }
  return false;
}

// The chain and the key of a certificate stand last in `files`.
static void tell_made(pki_made *out, const pki_files *files, int64_t now_s, unsigned days) {
  const pki_file *chain = files->file[files->num_files - 2];
  const pki_file *key = files->file[files->num_files - 1];
  snprintf(out->chain_path, sizeof out->chain_path, "%s", chain->path);
  snprintf(out->key_path, sizeof out->key_path, "%s", key->path);
  out->expires_s = now_s + (int64_t)days * DAY_S;
}

// Two CAs of one name are hard to tell apart, for people and for path building.
static bool own_name(char *out, size_t out_len, const char *what, app_error *err) {
  unsigned char r[4];
  if (RAND_bytes(r, sizeof r) != 1) {
    return pki_fail_crypto(err, "choosing a name");
  }
  snprintf(out, out_len, "codicil %s %02x%02x%02x%02x", what, r[0], r[1], r[2], r[3]);
  return true;
}

bool pki_new_ca(pki_made *out, const pki_ca_order *order, app_error *err) {
  char name[64];
  X509 *cert = NULL;
  pki_files files = {.num_files = 0};
  bool ok = false;
  EVP_PKEY *key = pki_key_new(order->alg, err);
  if (key == NULL || !own_name(name, sizeof name, "CA", err)) {
    goto done;
  }
  const pki_issuer self = {NULL, key};
  const pki_request request = {
      .profile = PKI_ROOT,
      .key = key,
      .common_name = order->common_name != NULL ? order->common_name : name,
      .now_s = order->now_s,
      .days = order->days,
  };
  cert = pki_issue(&request, &self, err);
  ok = cert != NULL && pki_files_add_chain(&files, order->dir, "ca", &cert, 1, err) &&
       pki_files_add_key(&files, order->dir, "ca", key, err) && write_into(order->dir, &files, err);
  if (ok) {
    tell_made(out, &files, order->now_s, order->days);
  }
done:
  pki_files_clear(&files);
  X509_free(cert);
  EVP_PKEY_free(key);
  return ok;
}

// A new intermediate lives as long as its root: the last day on which the root is good. Adds its
// files to those to be written.
static bool make_intermediate(pki_ca *out, pki_files *files, const pki_ca *root,
                              const pki_cert_order *order, app_error *err) {
  char name[64];
  int days = 0;
  int seconds = 0;
  pki_ca made = {NULL, NULL};
  ASN1_TIME *now = ASN1_TIME_set(NULL, (time_t)order->now_s);
  bool ok = now != NULL &&
            ASN1_TIME_diff(&days, &seconds, now, X509_get0_notAfter(root->certificate)) == 1;
  ASN1_TIME_free(now);
  if (!ok) {
    return pki_fail_crypto(err, "reading the CA's validity");
  }
  if (days < 1) {
    return app_fail(err, "%s/ca.pem: has expired, or will today", order->ca_dir);
  }
  made.key = pki_key_new_like(root->key, err);
  if (made.key != NULL && own_name(name, sizeof name, "intermediate", err)) {
    const pki_issuer issuer = {root->certificate, root->key};
    const pki_request request = {
        .profile = PKI_INTERMEDIATE,
        .key = made.key,
        .common_name = name,
        .now_s = order->now_s,
        .days = (unsigned)days,
    };
    made.certificate = pki_issue(&request, &issuer, err);
  }
  ok = made.certificate != NULL &&
       pki_files_add_chain(files, order->ca_dir, "intermediate", &made.certificate, 1, err) &&
       pki_files_add_key(files, order->ca_dir, "intermediate", made.key, err);
  if (!ok) {
    pki_ca_clear(&made);
    return false;
  }
  *out = made;
  return true;
}

static bool find_issuer(pki_ca *out, pki_files *files, const pki_cert_order *order,
                        app_error *err) {
  if (!order->intermediate) {
    return pki_ca_load(out, order->ca_dir, "ca", err);
  }
  if (pki_ca_exists(order->ca_dir, "intermediate")) {
    return pki_ca_load(out, order->ca_dir, "intermediate", err);
  }
  pki_ca root = {NULL, NULL};
  bool ok = pki_ca_load(&root, order->ca_dir, "ca", err) &&
            make_intermediate(out, files, &root, order, err);
  pki_ca_clear(&root);
  return ok;
}

static bool parse_names(pki_name *out, const pki_cert_order *order, app_error *err) {
  for (size_t i = 0; i < order->num_names; i++) {
    if (!pki_name_parse(&out[i], order->names[i], err)) {
      return false;
    }
  }
  return true;
}

static bool issue_into(pki_files *files, const pki_ca *ca, const pki_cert_order *order,
                       const pki_name *names, app_error *err) {
  char stem[PKI_STEM_LEN];
  X509 *chain[2] = {NULL, ca->certificate};
  bool ok = false;
  EVP_PKEY *key = pki_key_new(order->alg, err);
  if (key != NULL) {
    const pki_issuer issuer = {ca->certificate, ca->key};
    const pki_request request = {
        .profile = PKI_SERVER,
        .key = key,
        .common_name = names[0].text,
        .names = names,
        .num_names = order->num_names,
        .now_s = order->now_s,
        .days = order->days,
    };
    chain[0] = pki_issue(&request, &issuer, err);
    pki_name_stem(stem, &names[0]);
    ok =
        chain[0] != NULL &&
        pki_files_add_chain(files, order->out_dir, stem, chain, order->intermediate ? 2 : 1, err) &&
        pki_files_add_key(files, order->out_dir, stem, key, err);
  }
  X509_free(chain[0]);
  EVP_PKEY_free(key);
  return ok;
}

bool pki_new_cert(pki_made *out, const pki_cert_order *order, app_error *err) {
  if (order->num_names < 1 || order->num_names > PKI_NAMES_MAX) {
    return app_fail(err, "a certificate takes 1 to %d names", PKI_NAMES_MAX);
  }
  pki_ca ca = {NULL, NULL};
  pki_files files = {.num_files = 0};
  pki_name *names = calloc(order->num_names, sizeof *names);
  bool ok = names != NULL ? parse_names(names, order, err) : app_fail(err, "out of memory");
  ok = ok && find_issuer(&ca, &files, order, err) && issue_into(&files, &ca, order, names, err) &&
       write_into(order->out_dir, &files, err);
  if (ok) {
    tell_made(out, &files, order->now_s, order->days);
  }
  pki_files_clear(&files);
  pki_ca_clear(&ca);
  free(names);
  return ok;
}

// Files of a CA and of what it issues: read with their errors named, written all or none.
#ifndef APP_PKI_STORE_H
#define APP_PKI_STORE_H

#include <openssl/x509.h>

#include "codicil/codicil.h"
#include "io/error.h"

enum { PKI_PATH_MAX = 4096, PKI_FILES_MAX = 4 };

typedef struct pki_file {
  char path[PKI_PATH_MAX];
  unsigned mode;
  codicil_buf content;
} pki_file;

// Files that are to appear together. The zero state is safe to clear.
typedef struct pki_files {
  pki_file *file[PKI_FILES_MAX];
  size_t num_files;
} pki_files;

// Adds the PEM of `chain`, mode 0644, as DIR/STEM.pem.
CODICIL_MUST_USE bool pki_files_add_chain(pki_files *files, const char *dir, const char *stem,
                                          X509 *const *chain, size_t num_chain, app_error *err);
// Adds the key, mode 0600, as DIR/STEM.key.
CODICIL_MUST_USE bool pki_files_add_key(pki_files *files, const char *dir, const char *stem,
                                        const EVP_PKEY *key, app_error *err);
// Writes them all. Refuses, and leaves nothing behind, where one exists or cannot be written.
CODICIL_MUST_USE bool pki_files_write(const pki_files *files, app_error *err);
// Wipes and frees.
void pki_files_clear(pki_files *files);

// A CA's certificate and key. The zero state is safe to clear.
typedef struct pki_ca {
  X509 *certificate;
  EVP_PKEY *key;
} pki_ca;

// Tells whether DIR/STEM.pem or DIR/STEM.key is there.
bool pki_ca_exists(const char *dir, const char *stem);
// Reads DIR/STEM.pem and DIR/STEM.key. Fails where they do not belong together, or where the
// certificate may sign no others.
CODICIL_MUST_USE bool pki_ca_load(pki_ca *out, const char *dir, const char *stem, app_error *err);
void pki_ca_clear(pki_ca *ca);

#endif

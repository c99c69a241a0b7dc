// Files of a CA and of what it issues: read with their errors named, written all or none.
#ifndef APP_PKI_STORE_H
#define APP_PKI_STORE_H

#include <openssl/x509.h>
#include <signal.h>

#include "codicil/codicil.h"
#include "io/error.h"

// A chain and a key for each of so many sites and what they share, and an intermediate's.
enum { PKI_PATH_MAX = 4096, PKI_FILES_MAX = 2 * (256 + 1) + 2 };

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

// Plans the file DIR/STEM.ENDING, which belongs to `files` and is empty yet; NULL with `err` set.
pki_file *pki_files_plan(pki_files *files, const char *dir, const char *stem, const char *ending,
                         unsigned mode, app_error *err);
// Put the content of a file: the PEM of a chain, of a key.
CODICIL_MUST_USE bool pki_file_put_chain(pki_file *file, X509 *const *chain, size_t num_chain,
                                         app_error *err);
CODICIL_MUST_USE bool pki_file_put_key(pki_file *file, const EVP_PKEY *key, app_error *err);
// Plans DIR/STEM.key, mode 0600, with the key in it.
CODICIL_MUST_USE bool pki_files_add_key(pki_files *files, const char *dir, const char *stem,
                                        const EVP_PKEY *key, app_error *err);
// Refuses where one of them exists, or its directory can neither be written to nor be made.
CODICIL_MUST_USE bool pki_files_check(const pki_files *files, app_error *err);
// Writes them all. Refuses, and leaves nothing behind, where one exists or cannot be written. Each
// appears whole. Signals that end a process wait meanwhile; one that is killed may leave some of
// them, and files whose names begin with ".codicil-".
CODICIL_MUST_USE bool pki_files_write(const pki_files *files, app_error *err);
// The same; makes the directory `dir` for them unless it is there (its parent must be), and removes
// it again where they cannot be written.
CODICIL_MUST_USE bool pki_files_write_into(const pki_files *files, const char *dir, app_error *err);
// Holds back the signals that end a process; pthread_sigmask(SIG_SETMASK, old, NULL) lets them
// come.
void pki_hold_signals(sigset_t *old);
// Puts `content`, mode 0644, in the place of the file `path`, at once or not at all.
CODICIL_MUST_USE bool pki_file_replace(const char *path, codicil_span content, app_error *err);
// Wipes and frees.
void pki_files_clear(pki_files *files);

// A CA's certificate and key. The zero state is safe to clear.
typedef struct pki_ca {
  X509 *certificate;
  EVP_PKEY *key;
} pki_ca;

// Read the first certificate, the key, of a file in PEM; the caller frees them.
X509 *pki_certificate_load(const char *path, app_error *err);
EVP_PKEY *pki_key_load(const char *path, app_error *err);

// Tells whether DIR/STEM.pem or DIR/STEM.key is there.
bool pki_ca_exists(const char *dir, const char *stem);
// Reads DIR/STEM.pem and DIR/STEM.key. Fails where they do not belong together, or where the
// certificate may sign no others.
CODICIL_MUST_USE bool pki_ca_load(pki_ca *out, const char *dir, const char *stem, app_error *err);
void pki_ca_clear(pki_ca *ca);
// Waits until no other process uses the CA in `dir`; it is ours until *out is closed.
CODICIL_MUST_USE bool pki_ca_lock(int *out, const char *dir, app_error *err);

#endif

// The register of a CA: every certificate that it has signed or is about to sign.
//
// DIR/register.db, SQLite, mode 0600. A serial number stands in it before a signature is made with
// it, so none is used twice, whatever is interrupted: an entry that stays `reserved` is a number
// that is spent, and no certificate. The register knows no keys, and decides nothing.
#ifndef APP_PKI_REGISTER_H
#define APP_PKI_REGISTER_H

#include "pki/issue.h"
#include "pki/text.h"

enum { PKI_ISSUER_LEN = 65, PKI_SERIAL_TEXT_LEN = 41 };

typedef enum pki_state {
  PKI_RESERVED, // no certificate has left the CA
  PKI_ISSUED,
  PKI_REVOKED
} pki_state;

// One certificate. Strings are never NULL, and are borrowed for the call.
typedef struct pki_entry {
  const char *issuer; // SHA-256 of the issuer's Name (DER), in hex: as a block list names it
  const char *serial; // hex, lower case, no leading zeros
  const char *profile;
  const char *names;            // separated by spaces
  const char *required_domains; // separated by spaces
  int64_t not_before;           // Unix time, as all times here
  int64_t not_after;
  int64_t reserved_at;
  pki_state state;
  const char *sha256; // of the certificate; empty while it is reserved
  codicil_span der;
  int64_t revoked_at; // where revoked
  int reason;         // CRLReason (RFC 5280 §5.3.1)
} pki_entry;

// "reserved", "issued", "revoked"; static.
const char *pki_state_name(pki_state state);
// Writes the SHA-256 of the Name in hex; `out` holds PKI_ISSUER_LEN.
CODICIL_MUST_USE bool pki_issuer_id(char *out, const X509_NAME *name, app_error *err);
// Write serial numbers as the register does; `out` holds PKI_SERIAL_TEXT_LEN.
void pki_serial_text(char *out, const pki_serial *serial);
CODICIL_MUST_USE bool pki_serial_text_of(char *out, const ASN1_INTEGER *serial, app_error *err);

typedef struct pki_register pki_register;
// Opens DIR/register.db; *out_made tells whether it had to be made.
CODICIL_MUST_USE bool pki_register_open(pki_register **out, bool *out_made, const char *dir,
                                        app_error *err);
// Opens it for reading; an error where there is none.
CODICIL_MUST_USE bool pki_register_open_to_read(pki_register **out, const char *dir,
                                                app_error *err);
// NULL is allowed.
void pki_register_close(pki_register *reg);

// Everything in between happens whole or not at all; another process waits for it, ten seconds at
// most. A transaction that is open when the register is closed never was.
CODICIL_MUST_USE bool pki_register_begin(pki_register *reg, app_error *err);
CODICIL_MUST_USE bool pki_register_commit(pki_register *reg, app_error *err);

// Puts in an entry whose serial number the issuer has not used; its state and what follows it play
// no part.
CODICIL_MUST_USE bool pki_register_reserve(pki_register *reg, const pki_entry *entry,
                                           app_error *err);
// Keeps the certificate of a reserved entry, which is issued from then on.
CODICIL_MUST_USE bool pki_register_issue(pki_register *reg, const char *issuer, const char *serial,
                                         X509 *cert, app_error *err);
CODICIL_MUST_USE bool pki_register_revoke(pki_register *reg, const char *issuer, const char *serial,
                                          int64_t now_s, int reason, app_error *err);

typedef bool pki_entry_fn(void *user, const pki_entry *entry, app_error *err);
// Calls `each` for every entry, oldest first, until it returns false. Where they are given: of this
// issuer, with this serial number.
CODICIL_MUST_USE bool pki_register_each(pki_register *reg, const char *issuer, const char *serial,
                                        pki_entry_fn *each, void *user, app_error *err);

// Finds the last day of a certificate in force at `now_s` for the same names and required domains;
// 0 where there is none.
CODICIL_MUST_USE bool pki_register_in_force(pki_register *reg, int64_t *out_not_after,
                                            const pki_entry *like, int64_t now_s, app_error *err);

// The number of the issuer's next CRL, from 1, spent at once; and when the one before was made, or
// 0.
CODICIL_MUST_USE bool pki_register_next_crl(pki_register *reg, int64_t *out_number,
                                            int64_t *out_previous, const char *issuer,
                                            int64_t now_s, app_error *err);

#endif

// The register of a CA: see register.h. A rollback journal (SQLite's default) and full
// synchronisation: what a commit said is on the disk, and the directory holds one file between
// commits.
#include "pki/register.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pki/key.h"
#include "pki/store.h"

enum { BUSY_MS = 10000, SCHEMA = 1, APPLICATION = 0x636f6463, SHA256_LEN = 32 };

// The application's number tells a register from another database that lies in its place.
static const char schema[] =
    "CREATE TABLE certificate ("
    " issuer TEXT NOT NULL, serial TEXT NOT NULL,"
    " state TEXT NOT NULL CHECK (state IN ('reserved', 'issued', 'revoked')),"
    " profile TEXT NOT NULL, names TEXT NOT NULL, required_domains TEXT NOT NULL,"
    " not_before INTEGER NOT NULL, not_after INTEGER NOT NULL, reserved_at INTEGER NOT NULL,"
    " sha256 TEXT, der BLOB, revoked_at INTEGER, reason INTEGER,"
    " UNIQUE (issuer, serial));"
    "CREATE INDEX by_names ON certificate (names);"
    "CREATE TABLE crl ("
    " issuer TEXT PRIMARY KEY, number INTEGER NOT NULL, this_update INTEGER NOT NULL);"
    "PRAGMA application_id = 0x636f6463;"
    "PRAGMA user_version = 1;";

struct pki_register {
  sqlite3 *db;
  char path[PKI_PATH_MAX];
};

static const char *const state_names[] = {
    [PKI_RESERVED] = "reserved",
    [PKI_ISSUED] = "issued",
    [PKI_REVOKED] = "revoked",
};

const char *pki_state_name(pki_state state) {
  return state_names[state];
}

bool pki_issuer_id(char *out, const X509_NAME *name, app_error *err) {
  uint8_t digest[SHA256_LEN];
  if (X509_NAME_digest(name, EVP_sha256(), digest, NULL) != 1) {
    return pki_fail_crypto(err, "naming an issuer");
  }
  pki_hex_text(out, digest, sizeof digest);
  return true;
}

void pki_serial_text(char *out, const pki_serial *serial) {
  pki_hex_text(out, serial->octets, PKI_SERIAL_LEN);
}

bool pki_serial_text_of(char *out, const ASN1_INTEGER *serial, app_error *err) {
  BIGNUM *number = ASN1_INTEGER_to_BN(serial, NULL);
  char *hex = number != NULL ? BN_bn2hex(number) : NULL;
  bool ok = hex != NULL && strlen(hex) < PKI_SERIAL_TEXT_LEN;
  if (ok) {
    const char *digits = hex;
    while (digits[0] == '0' && digits[1] != '\0') {
      digits++;
    }
    for (size_t i = 0; i <= strlen(digits); i++) {
      char c = digits[i];
      out[i] = (char)(c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c);
    }
  } else {
    app_fail(err, "a serial number that is longer than 20 octets");
  }
  OPENSSL_free(hex);
  BN_free(number);
  return ok;
}

static bool fail(const pki_register *reg, app_error *err) {
  int code = sqlite3_errcode(reg->db);
  if (code == SQLITE_BUSY) {
    return app_fail(err, "%s: another process has held it for ten seconds", reg->path);
  }
  return app_fail(err, "%s: %s", reg->path, sqlite3_errmsg(reg->db));
}

static bool run(pki_register *reg, const char *sql, app_error *err) {
  return sqlite3_exec(reg->db, sql, NULL, NULL, NULL) == SQLITE_OK || fail(reg, err);
}

static bool read_number(pki_register *reg, int64_t *out, const char *sql, app_error *err) {
  sqlite3_stmt *stmt = NULL;
  bool ok = sqlite3_prepare_v2(reg->db, sql, -1, &stmt, NULL) == SQLITE_OK &&
            sqlite3_step(stmt) == SQLITE_ROW;
  if (ok) {
    *out = sqlite3_column_int64(stmt, 0);
  } else {
    fail(reg, err);
  }
  sqlite3_finalize(stmt);
  return ok;
}

// Of a file that is empty yet both numbers are 0, and it has no tables.
static bool check_schema(pki_register *reg, bool *out_is_empty, app_error *err) {
  int64_t version = 0;
  int64_t application = 0;
  int64_t tables = 0;
  if (!read_number(reg, &tables, "SELECT count(*) FROM sqlite_master", err) ||
      !read_number(reg, &version, "PRAGMA user_version", err) ||
      !read_number(reg, &application, "PRAGMA application_id", err)) {
    return false;
  }
  *out_is_empty = tables == 0 && version == 0 && application == 0;
  if (!*out_is_empty && application != APPLICATION) {
    return app_fail(err, "%s: a database, and not a register of certificates", reg->path);
  }
  return *out_is_empty || version == SCHEMA ||
         app_fail(err, "%s: made by another version of codicil (schema %lld)", reg->path,
                  (long long)version);
}

// Two processes may come to an empty file at once: the second finds it filled.
static bool make_schema(pki_register *reg, app_error *err) {
  bool is_empty = false;
  return pki_register_begin(reg, err) && check_schema(reg, &is_empty, err) &&
         (!is_empty || run(reg, schema, err)) && pki_register_commit(reg, err);
}

static bool write_path(char *out, const char *dir, app_error *err) {
  int len = snprintf(out, PKI_PATH_MAX, "%s/register.db", dir);
  return (len > 0 && len < PKI_PATH_MAX) || app_fail(err, "%.200s: path is too long", dir);
}

static bool open_file(pki_register **out, const char *path, app_error *err) {
  bool is_empty = false;
  pki_register *reg = calloc(1, sizeof *reg);
  if (reg == NULL) {
    return app_fail(err, "out of memory");
  }
  snprintf(reg->path, sizeof reg->path, "%s", path);
  if (sqlite3_open_v2(path, &reg->db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
      sqlite3_busy_timeout(reg->db, BUSY_MS) != SQLITE_OK) {
    app_fail(err, "%s: %s", path, reg->db != NULL ? sqlite3_errmsg(reg->db) : "out of memory");
    pki_register_close(reg);
    return false;
  }
  if (!check_schema(reg, &is_empty, err) || (is_empty && !make_schema(reg, err))) {
    pki_register_close(reg);
    return false;
  }
  *out = reg;
  return true;
}

// SQLite would make the file with a mode of its own; its journals have the mode of the file.
bool pki_register_open(pki_register **out, bool *out_made, const char *dir, app_error *err) {
  char path[PKI_PATH_MAX];
  if (!write_path(path, dir, err)) {
    return false;
  }
  int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  bool made = fd >= 0;
  if (!made && errno != EEXIST) {
    return app_fail(err, "%s: %s", path, strerror(errno));
  }
  if (made) {
    close(fd);
  }
  if (!open_file(out, path, err)) {
    return false;
  }
  *out_made = made;
  return true;
}

bool pki_register_open_to_read(pki_register **out, const char *dir, app_error *err) {
  char path[PKI_PATH_MAX];
  if (!write_path(path, dir, err)) {
    return false;
  }
  if (access(path, F_OK) != 0) {
    return app_fail(err, "%s: %s; a CA has one once it has signed", path, strerror(errno));
  }
  return open_file(out, path, err);
}

void pki_register_close(pki_register *reg) {
  if (reg != NULL) {
    sqlite3_close(reg->db);
    free(reg);
  }
}

bool pki_register_begin(pki_register *reg, app_error *err) {
  if (sqlite3_get_autocommit(reg->db) == 0) {
    // What failed half-way before.
    sqlite3_exec(reg->db, "ROLLBACK", NULL, NULL, NULL);
  }
  return run(reg, "BEGIN IMMEDIATE", err);
}

bool pki_register_commit(pki_register *reg, app_error *err) {
  if (run(reg, "COMMIT", err)) {
    return true;
  }
  sqlite3_exec(reg->db, "ROLLBACK", NULL, NULL, NULL);
  return false;
}

static bool bind_text(sqlite3_stmt *stmt, int index, const char *text) {
  return sqlite3_bind_text(stmt, index, text, -1, SQLITE_STATIC) == SQLITE_OK;
}

static bool bind_int(sqlite3_stmt *stmt, int index, int64_t value) {
  return sqlite3_bind_int64(stmt, index, value) == SQLITE_OK;
}

// Runs a bound statement that changes exactly one row; frees it.
static bool change_one(pki_register *reg, sqlite3_stmt *stmt, bool is_bound, const char *refusal,
                       app_error *err) {
  bool ok = is_bound && sqlite3_step(stmt) == SQLITE_DONE;
  if (!ok) {
    fail(reg, err);
  } else if (sqlite3_changes(reg->db) != 1) {
    ok = app_fail(err, "%s: %s", reg->path, refusal);
  }
  sqlite3_finalize(stmt);
  return ok;
}

//= https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.2
//# It MUST be unique for each certificate issued by a given CA
bool pki_register_reserve(pki_register *reg, const pki_entry *entry, app_error *err) {
  sqlite3_stmt *stmt = NULL;
  bool ok = sqlite3_prepare_v2(reg->db,
                               "INSERT INTO certificate (issuer, serial, state, profile, names,"
                               " required_domains, not_before, not_after, reserved_at)"
                               " VALUES (?1, ?2, 'reserved', ?3, ?4, ?5, ?6, ?7, ?8)",
                               -1, &stmt, NULL) == SQLITE_OK &&
            bind_text(stmt, 1, entry->issuer) && bind_text(stmt, 2, entry->serial) &&
            bind_text(stmt, 3, entry->profile) && bind_text(stmt, 4, entry->names) &&
            bind_text(stmt, 5, entry->required_domains) && bind_int(stmt, 6, entry->not_before) &&
            bind_int(stmt, 7, entry->not_after) && bind_int(stmt, 8, entry->reserved_at);
  return change_one(reg, stmt, ok, "nothing was registered", err);
}

bool pki_register_issue(pki_register *reg, const char *issuer, const char *serial, X509 *cert,
                        app_error *err) {
  char sha256[PKI_SHA256_TEXT_LEN];
  uint8_t *der = NULL;
  int len = i2d_X509(cert, &der);
  if (len <= 0) {
    return pki_fail_crypto(err, "registering a certificate");
  }
  if (!pki_sha256_text(sha256, cert, err)) {
    OPENSSL_free(der);
    return false;
  }
  sqlite3_stmt *stmt = NULL;
  bool ok = sqlite3_prepare_v2(reg->db,
                               "UPDATE certificate SET state = 'issued', sha256 = ?3, der = ?4"
                               " WHERE issuer = ?1 AND serial = ?2 AND state = 'reserved'",
                               -1, &stmt, NULL) == SQLITE_OK &&
            bind_text(stmt, 1, issuer) && bind_text(stmt, 2, serial) &&
            bind_text(stmt, 3, sha256) &&
            sqlite3_bind_blob(stmt, 4, der, len, SQLITE_STATIC) == SQLITE_OK;
  ok = change_one(reg, stmt, ok, "the serial number is not reserved", err);
  OPENSSL_free(der);
  return ok;
}

bool pki_register_revoke(pki_register *reg, const char *issuer, const char *serial, int64_t now_s,
                         int reason, app_error *err) {
  sqlite3_stmt *stmt = NULL;
  bool ok = sqlite3_prepare_v2(reg->db,
                               "UPDATE certificate SET state = 'revoked', revoked_at = ?3,"
                               " reason = ?4"
                               " WHERE issuer = ?1 AND serial = ?2 AND state <> 'revoked'",
                               -1, &stmt, NULL) == SQLITE_OK &&
            bind_text(stmt, 1, issuer) && bind_text(stmt, 2, serial) && bind_int(stmt, 3, now_s) &&
            bind_int(stmt, 4, reason);
  return change_one(reg, stmt, ok, "no such certificate, or it is revoked already", err);
}

static const char *text_of(sqlite3_stmt *stmt, int column) {
  const unsigned char *text = sqlite3_column_text(stmt, column);
  return text != NULL ? (const char *)text : "";
}

static pki_entry entry_of(sqlite3_stmt *stmt) {
  pki_entry entry = {
      .issuer = text_of(stmt, 0),
      .serial = text_of(stmt, 1),
      .profile = text_of(stmt, 3),
      .names = text_of(stmt, 4),
      .required_domains = text_of(stmt, 5),
      .not_before = sqlite3_column_int64(stmt, 6),
      .not_after = sqlite3_column_int64(stmt, 7),
      .reserved_at = sqlite3_column_int64(stmt, 8),
      .state = PKI_RESERVED,
      .sha256 = text_of(stmt, 9),
      .revoked_at = sqlite3_column_int64(stmt, 11),
      .reason = sqlite3_column_int(stmt, 12),
  };
  const char *state = text_of(stmt, 2);
  for (size_t i = 0; i < sizeof state_names / sizeof state_names[0]; i++) {
    if (strcmp(state_names[i], state) == 0) {
      entry.state = (pki_state)i;
    }
  }
  const void *der = sqlite3_column_blob(stmt, 10);
  entry.der = codicil_span_of(der, (size_t)sqlite3_column_bytes(stmt, 10));
  return entry;
}

bool pki_register_each(pki_register *reg, const char *issuer, const char *serial,
                       pki_entry_fn *each, void *user, app_error *err) {
  sqlite3_stmt *stmt = NULL;
  bool ok = sqlite3_prepare_v2(reg->db,
                               "SELECT issuer, serial, state, profile, names, required_domains,"
                               " not_before, not_after, reserved_at, sha256, der, revoked_at,"
                               " reason FROM certificate"
                               " WHERE (?1 IS NULL OR issuer = ?1) AND (?2 IS NULL OR serial = ?2)"
                               " ORDER BY rowid",
                               -1, &stmt, NULL) == SQLITE_OK &&
            bind_text(stmt, 1, issuer) && bind_text(stmt, 2, serial);
  int step = ok ? sqlite3_step(stmt) : SQLITE_ERROR;
  while (step == SQLITE_ROW) {
    const pki_entry entry = entry_of(stmt);
    if (!each(user, &entry, err)) {
      sqlite3_finalize(stmt);
      return false;
    }
    step = sqlite3_step(stmt);
  }
  ok = step == SQLITE_DONE || fail(reg, err);
  sqlite3_finalize(stmt);
  return ok;
}

bool pki_register_in_force(pki_register *reg, int64_t *out_not_after, const pki_entry *like,
                           int64_t now_s, app_error *err) {
  sqlite3_stmt *stmt = NULL;
  bool ok = sqlite3_prepare_v2(reg->db,
                               "SELECT coalesce(max(not_after), 0) FROM certificate"
                               " WHERE names = ?1 AND required_domains = ?2 AND profile = ?3"
                               " AND state = 'issued' AND not_after > ?4",
                               -1, &stmt, NULL) == SQLITE_OK &&
            bind_text(stmt, 1, like->names) && bind_text(stmt, 2, like->required_domains) &&
            bind_text(stmt, 3, like->profile) && bind_int(stmt, 4, now_s) &&
            sqlite3_step(stmt) == SQLITE_ROW;
  if (ok) {
    *out_not_after = sqlite3_column_int64(stmt, 0);
  } else {
    fail(reg, err);
  }
  sqlite3_finalize(stmt);
  return ok;
}

static bool previous_crl(pki_register *reg, int64_t *out_number, int64_t *out_at,
                         const char *issuer, app_error *err) {
  sqlite3_stmt *stmt = NULL;
  bool ok = sqlite3_prepare_v2(reg->db, "SELECT number, this_update FROM crl WHERE issuer = ?1", -1,
                               &stmt, NULL) == SQLITE_OK &&
            bind_text(stmt, 1, issuer);
  int step = ok ? sqlite3_step(stmt) : SQLITE_ERROR;
  if (step == SQLITE_ROW) {
    *out_number = sqlite3_column_int64(stmt, 0);
    *out_at = sqlite3_column_int64(stmt, 1);
  }
  ok = step == SQLITE_ROW || step == SQLITE_DONE || fail(reg, err);
  sqlite3_finalize(stmt);
  return ok;
}

bool pki_register_next_crl(pki_register *reg, int64_t *out_number, int64_t *out_previous,
                           const char *issuer, int64_t now_s, app_error *err) {
  int64_t number = 0;
  int64_t previous = 0;
  if (!previous_crl(reg, &number, &previous, issuer, err)) {
    return false;
  }
  sqlite3_stmt *stmt = NULL;
  bool ok = sqlite3_prepare_v2(reg->db, "INSERT OR REPLACE INTO crl VALUES (?1, ?2, ?3)", -1, &stmt,
                               NULL) == SQLITE_OK &&
            bind_text(stmt, 1, issuer) && bind_int(stmt, 2, number + 1) && bind_int(stmt, 3, now_s);
  if (!change_one(reg, stmt, ok, "nothing was registered", err)) {
    return false;
  }
  *out_number = number + 1;
  *out_previous = previous;
  return true;
}

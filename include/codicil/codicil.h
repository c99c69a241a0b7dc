// codicil: many certificates on one HTTP connection.
//
// This header holds what every other header of the library uses: errors, spans, buffers, memory,
// time, limits, codepoints and trace. It names no other library. Order of reading: this file,
// ea.h (RFC 9261 Exported Authenticators), x509.h (certificates and trust), session.h (one
// connection: frames in, decisions out), then the binding of your stack: h2.h, ossl.h.
//
// The library opens nothing, sleeps never, reads no clock and no randomness but through arguments,
// and writes to no file. Nothing here is global: objects may be used from any thread, one thread
// at a time, except where a type says that it is shared.
#ifndef CODICIL_CODICIL_H
#define CODICIL_CODICIL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(CODICIL_BUILDING) || defined(__GNUC__)
#define CODICIL_API               __attribute__((visibility("default")))
#define CODICIL_MUST_USE          __attribute__((warn_unused_result))
#define CODICIL_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define CODICIL_API
#define CODICIL_MUST_USE
#define CODICIL_PRINTF(fmt, args)
#endif

#define CODICIL_VERSION "0.1.0"

// Returns the version of the library that runs, "MAJOR.MINOR.PATCH"; static.
CODICIL_API const char *codicil_version(void);

// ---- errors ---------------------------------------------------------------------------------
//
// An error says that something is wrong with the peer, the call or us. That a certificate is
// genuine and not wanted is no error but a decision: see session.h. Scope CALL: the call had no
// effect and the connection lives on. Scope CONN: close the connection with
// `codicil_err_h2_code` or `codicil_err_h3_code`; only the object's _free may be called.
#define CODICIL_ERR_MAP(X)                                                    \
  X(OK, CALL, "success")                                                      \
  X(USAGE, CALL, "call not allowed in this state")                            \
  X(NOT_READY, CALL, "TLS handshake is not complete")                         \
  X(UNSUPPORTED, CALL, "TLS connection cannot carry exported authenticators") \
  X(NO_SCHEME, CALL, "no signature scheme in common with the peer")           \
  X(BAD_INPUT, CALL, "argument does not parse")                               \
  X(CRYPTO, CALL, "cryptographic operation failed")                           \
  X(DECLINED, CALL, "peer declined to authenticate")                          \
  X(NOMEM, CONN, "out of memory")                                             \
  X(LIMIT, CONN, "peer exceeded a limit")                                     \
  X(MALFORMED, CONN, "bytes do not parse")                                    \
  X(UNEXPECTED, CONN, "frame not allowed here")                               \
  X(SETTING, CONN, "setting has a value that is not allowed")                 \
  X(AUTH, CONN, "authenticator did not verify")

typedef enum codicil_err {
#define CODICIL_ERR_ENUM(name, scope, text) CODICIL_##name,
  CODICIL_ERR_MAP(CODICIL_ERR_ENUM)
#undef CODICIL_ERR_ENUM
      CODICIL_NUM_ERRS
} codicil_err;

// Returns the name of `err` ("MALFORMED"), static; "?" for a value out of range.
CODICIL_API const char *codicil_err_name(codicil_err err);
// Returns what `err` means in a sentence without a full stop, static.
CODICIL_API const char *codicil_err_text(codicil_err err);
// Tells whether the connection must be closed after `err`.
CODICIL_API bool codicil_err_is_fatal(codicil_err err);

// Where and why something failed, for humans. `what` is static text. `offset` counts octets from
// the start of the input, SIZE_MAX where there is no place to name. Optional everywhere.
typedef struct codicil_diag {
  const char *what;
  size_t offset;
} codicil_diag;

// ---- bytes ----------------------------------------------------------------------------------

// Read-only, borrowed octets. The zero value is the empty span. `data` may be NULL iff `len` is 0.
typedef struct codicil_span {
  const uint8_t *data;
  size_t len;
} codicil_span;

static inline codicil_span codicil_span_of(const void *data, size_t len) {
  codicil_span s = {(const uint8_t *)data, len};
  return s;
}

// Memory functions for everything that an object allocates. `realloc` with NULL allocates.
// Borrowed: must outlive the object. NULL in place of a codicil_mem means malloc, realloc, free.
typedef struct codicil_mem {
  void *ctx;
  void *(*realloc)(void *ctx, void *ptr, size_t len);
  void (*free)(void *ctx, void *ptr);
} codicil_mem;

// Owned octets that grow up to a hard maximum. The zero state is safe to clear.
typedef struct codicil_buf {
  uint8_t *data;
  size_t len;
  size_t cap;
  size_t max;
  const codicil_mem *mem;
} codicil_buf;

// Makes `buf` empty, to hold at most `max` octets. Allocates nothing.
CODICIL_API void codicil_buf_init(codicil_buf *buf, const codicil_mem *mem, size_t max);
// Frees what `buf` holds and leaves it empty, with its maximum; may be called twice.
CODICIL_API void codicil_buf_clear(codicil_buf *buf);
// Empties `buf` and keeps its memory.
CODICIL_API void codicil_buf_reset(codicil_buf *buf);
// Makes room for `len` more octets. CODICIL_LIMIT beyond the maximum, CODICIL_NOMEM; unchanged
// then.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_buf_reserve(codicil_buf *buf, size_t len);
// Appends `bytes`; errors as codicil_buf_reserve. `bytes` must not point into `buf`.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_buf_append(codicil_buf *buf, codicil_span bytes);
// Returns what `buf` holds; valid until its next change.
static inline codicil_span codicil_buf_span(const codicil_buf *buf) {
  return codicil_span_of(buf->data, buf->len);
}

// ---- time and randomness, as arguments --------------------------------------------------------

// One moment, on two clocks: `mono_ns` is monotonic, in nanoseconds, and must not go backwards on
// one object; `unix_s` is wall time in seconds since 1970, for certificates.
typedef struct codicil_now {
  uint64_t mono_ns;
  int64_t unix_s;
} codicil_now;

// Fills `out` with `len` unpredictable octets; false if it cannot.
typedef struct codicil_random {
  void *ctx;
  bool (*fill)(void *ctx, uint8_t *out, size_t len);
} codicil_random;

// ---- limits -----------------------------------------------------------------------------------
//
// What a peer can make us hold or do. Name, default, meaning. codicil_config_set_limit changes one.
#define CODICIL_LIMIT_MAP(X)                                                            \
  X(AUTHENTICATOR_LEN, 131072, "octets of one authenticator")                           \
  X(AUTHENTICATOR_FRAMES, 256, "frames of one authenticator")                           \
  X(CHAIN_CERTIFICATES, 10, "certificates in one authenticator")                        \
  X(AUTHENTICATORS, 64, "authenticators accepted on one connection")                    \
  X(AUTHENTICATORS_LEN, 2097152, "octets of authenticators accepted on one connection") \
  X(SEND_AUTHENTICATORS, 32, "authenticators sent on one connection")                   \
  X(SEND_AUTHENTICATORS_LEN, 524288, "octets of authenticators sent on one connection") \
  X(FRAME_LEN, 16384, "octets of one SERVER_CERTIFICATE frame that we send")            \
  X(ORIGINS, 1024, "members of an Origin Set")                                          \
  X(ORIGINS_LEN, 65536, "octets of ORIGIN frames and of an Origin Set")

typedef enum codicil_limit_id {
#define CODICIL_LIMIT_ENUM(name, value, text) CODICIL_LIMIT_##name,
  CODICIL_LIMIT_MAP(CODICIL_LIMIT_ENUM)
#undef CODICIL_LIMIT_ENUM
      CODICIL_NUM_LIMITS
} codicil_limit_id;

// ---- codepoints -------------------------------------------------------------------------------
//
// The draft leaves every codepoint to be determined. This table is the only place that names
// them: key, type, default. `codicil_codepoints_set` follows a registry or another implementation.
#define CODICIL_CODEPOINT_MAP(X)                              \
  X(h2_setting, "h2-setting", 0xf0ce, 0xffff)                 \
  X(h2_frame, "h2-frame", 0xfc, 0xff)                         \
  X(h2_error, "h2-error", 0xf0ce, 0xffffffff)                 \
  X(h3_setting, "h3-setting", 0x2ce5e771, 0x3fffffffffffffff) \
  X(h3_frame, "h3-frame", 0x2ce5f4a3, 0x3fffffffffffffff)     \
  X(h3_error, "h3-error", 0x2ce5e440, 0x3fffffffffffffff)

typedef struct codicil_codepoints {
#define CODICIL_CODEPOINT_FIELD(field, key, value, max) uint64_t field;
  CODICIL_CODEPOINT_MAP(CODICIL_CODEPOINT_FIELD)
#undef CODICIL_CODEPOINT_FIELD
  char oid[64];     // X.509 extension requiredDomain, dotted
  char caa_tag[32]; // CAA property, lower case
} codicil_codepoints;

// Sets `out` to the defaults.
CODICIL_API void codicil_codepoints_default(codicil_codepoints *out);
// Applies "KEY=VALUE,KEY=VALUE…" to `codepoints`. Numbers are decimal or 0x hexadecimal. A frame
// or setting that the HTTP specifications assign already is refused. Returns CODICIL_BAD_INPUT with
// `diag` (may be NULL) telling what and where; `codepoints` is unchanged then.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_codepoints_set(codicil_codepoints *codepoints,
                                                                codicil_diag *diag,
                                                                const char *text);
// Returns the HTTP/2 error code with which to close a connection after `err`.
CODICIL_API uint32_t codicil_err_h2_code(codicil_err err, const codicil_codepoints *codepoints);
// Returns the HTTP/3 error code with which to close a connection after `err`.
CODICIL_API uint64_t codicil_err_h3_code(codicil_err err, const codicil_codepoints *codepoints);

// ---- trace ------------------------------------------------------------------------------------
//
// Points named component:event ("ea:verify", "policy:verdict") with typed fields. Certificates
// appear by SHA-256, bodies and keys never. One predictable branch where no sink is set.
typedef struct codicil_trace_field {
  const char *name;
  enum { CODICIL_TRACE_UINT, CODICIL_TRACE_TEXT, CODICIL_TRACE_HEX } type;
  uint64_t number;    // CODICIL_TRACE_UINT
  codicil_span bytes; // CODICIL_TRACE_TEXT (no NUL at the end) and CODICIL_TRACE_HEX
} codicil_trace_field;

typedef struct codicil_trace {
  void *ctx;
  // Borrowed for the call.
  void (*emit)(void *ctx, const char *point, const codicil_trace_field *fields, size_t num_fields);
} codicil_trace;

#ifdef __cplusplus
}
#endif
#endif

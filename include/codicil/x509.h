// Certificates: whose they are (identity), and whether to trust them (path validation).
//
// One place validates every chain, whichever TLS stack or frame carried it: a path to a trust
// anchor, time, serverAuth, name constraints, stapled OCSP, must-staple. It does not check that a
// name is the one wanted: ask codicil_identity_covers. It does not decide whose requests may go
// where: that is session.h.
#ifndef CODICIL_X509_H
#define CODICIL_X509_H

#include "codicil/codicil.h"
#include "codicil/name.h"

#ifdef __cplusplus
extern "C" {
#endif

// ---- identity -----------------------------------------------------------------------------------

// What one certificate says of itself, not yet believed. Immutable.
typedef struct codicil_identity codicil_identity;

typedef struct codicil_alt_name {
  enum { CODICIL_ALT_DNS, CODICIL_ALT_ADDRESS } type;
  codicil_span dns; // as in the certificate, lower-cased; maybe a wildcard
  codicil_address address;
} codicil_alt_name;

// Decodes a certificate. The subjectAltName alone names it, never the common name; a dNSName with
// NUL, octets >= 0x80 or empty labels never matches and is left out, and so is an iPAddress that is
// an IPv4-mapped one. `requireddomain_oid` is dotted (codicil_codepoints.oid); CODICIL_BAD_INPUT
// where it is not. CODICIL_MALFORMED where DER (trailing octets, an extension twice, BER) or an
// extension does not parse; CODICIL_LIMIT for more than 2048 names; CODICIL_NOMEM, CODICIL_CRYPTO.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_identity_new(codicil_identity **out,
                                                              const codicil_mem *mem,
                                                              codicil_span der,
                                                              const char *requireddomain_oid);
// Frees an identity. NULL is allowed.
CODICIL_API void codicil_identity_free(codicil_identity *identity);
// Returns how many names the subjectAltName has that can match.
CODICIL_API size_t codicil_identity_num_names(const codicil_identity *identity);
// Returns name `index`, NULL beyond the end; lives as long as the identity.
CODICIL_API const codicil_alt_name *codicil_identity_name(const codicil_identity *identity,
                                                          size_t index);
// Tells whether a subjectAltName covers the origin's host (RFC 9525): dNSName for names, iPAddress
// for addresses. The port plays no part.
CODICIL_API bool codicil_identity_covers(const codicil_identity *identity,
                                         const codicil_origin *origin);
// Returns the SHA-256 of the certificate's DER, 32 octets; lives as long as the identity.
CODICIL_API const uint8_t *codicil_identity_sha256(const codicil_identity *identity); // 32 octets
// Tells whether both are of one certificate: what its issuer signed (tbsCertificate) is the same.
// Who holds a certificate can change the octets of an ECDSA signature, and so the SHA-256, at will.
CODICIL_API bool codicil_identity_is_same(const codicil_identity *identity,
                                          const codicil_identity *other);
// Returns when the certificate becomes valid, in Unix time.
CODICIL_API int64_t codicil_identity_not_before(const codicil_identity *identity); // Unix time
// Returns the last second at which it is valid, in Unix time.
CODICIL_API int64_t codicil_identity_not_after(const codicil_identity *identity);
// Content of the requiredDomain extension (DER); `data` is NULL where the certificate has none.
CODICIL_API codicil_span codicil_identity_required_domain(const codicil_identity *identity);

// One name of a Required Domain extension (protocol §8): on whose connections its certificate may
// be used.
typedef enum codicil_required_type {
  CODICIL_REQUIRED_DNS,      // "www.example.com"
  CODICIL_REQUIRED_WILDCARD, // "*.example.com"
  CODICIL_REQUIRED_ADDRESS,
  CODICIL_REQUIRED_ANY // "*": any connection
} codicil_required_type;
typedef struct codicil_required_domain {
  codicil_required_type type;
  codicil_span dns; // lower case; of a wildcard with its "*."; "*" for ANY
  codicil_address address;
} codicil_required_domain;
enum { CODICIL_REQUIRED_DOMAINS_MAX = 64, CODICIL_REQUIRED_DOMAIN_TEXT_MAX = 256 };

typedef enum codicil_required_state {
  CODICIL_REQUIRED_ABSENT,
  CODICIL_REQUIRED_VALID,
  CODICIL_REQUIRED_INVALID // the extension is there and is none of the forms of protocol §8
} codicil_required_state;
// What the certificate's own extension says, decoded once with the identity.
CODICIL_API codicil_required_state
codicil_identity_required_state(const codicil_identity *identity);
// Returns how many names it has; 0 unless CODICIL_REQUIRED_VALID.
CODICIL_API size_t codicil_identity_num_required(const codicil_identity *identity);
// Returns name `index`, NULL beyond the end; lives as long as the identity.
CODICIL_API const codicil_required_domain *codicil_identity_required(
    const codicil_identity *identity, size_t index);
// Tells whether a wildcard among the certificate's names, or among its required domains, stands for
// names directly below a public suffix ("*.co.uk", "*.github.io"): refused as a secondary one.
CODICIL_API bool codicil_identity_spans_public_suffix(const codicil_identity *identity);

// Decodes the extension's content: a GeneralName (2020 draft) or GeneralNames. dNSNames are copied
// in lower case into `text`, of as many octets as the content at least. `out` has room for `max`.
// CODICIL_MALFORMED for all that protocol §8 calls invalid, but for what a wildcard spans, which a
// list decides and no encoding (codicil_identity_spans_public_suffix); CODICIL_LIMIT for more
// names; CODICIL_USAGE where `text` is too short. Outputs are unchanged then.
CODICIL_API CODICIL_MUST_USE codicil_err
codicil_required_domains_parse(codicil_required_domain *out, size_t *out_num, size_t max,
                               uint8_t *text, size_t text_len, codicil_span der);
// Appends the extension's content to `out`: GeneralName for one name, GeneralNames for more.
// CODICIL_USAGE for none, for more than CODICIL_REQUIRED_DOMAINS_MAX, and for a name that could not
// be read back as it is; CODICIL_LIMIT, CODICIL_NOMEM. `out` is unchanged then.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_required_domains_encode(
    codicil_buf *out, const codicil_required_domain *domains, size_t num_domains);
// Reads a name as a person, a CAA record or a configuration writes it: "www.example.com",
// "bücher.example", "*.example.com", "*", "192.0.2.1", "[2001:db8::1]". `text` (at least
// CODICIL_REQUIRED_DOMAIN_TEXT_MAX octets) keeps what out->dns points to, with NUL. A wildcard that
// spans a public suffix is refused. `diag` (may be NULL) says what is wrong. CODICIL_BAD_INPUT;
// CODICIL_USAGE where `text` is too short. Outputs are unchanged then.
CODICIL_API CODICIL_MUST_USE codicil_err
codicil_required_domain_from_text(codicil_required_domain *out, char *text, size_t text_len,
                                  codicil_diag *diag, codicil_span from);
// Writes it as text with NUL; `out` holds CODICIL_REQUIRED_DOMAIN_TEXT_MAX octets at least.
CODICIL_API void codicil_required_domain_format(const codicil_required_domain *domain, char *out,
                                                size_t out_len);
// Tells whether `pattern` grants `domain` (protocol §8, of CAA): the same name; "*.X" for X's
// direct children and for itself; "*" for "*" alone.
CODICIL_API bool codicil_required_domain_grants(const codicil_required_domain *pattern,
                                                const codicil_required_domain *domain);
// Signed certificate timestamps embedded in the certificate (SignedCertificateTimestampList).
CODICIL_API codicil_span codicil_identity_scts(const codicil_identity *identity);
// Tells whether the certificate demands a stapled OCSP response (RFC 7633).
CODICIL_API bool codicil_identity_must_staple(const codicil_identity *identity);

// One signed certificate timestamp (RFC 6962 §3.2), as the log wrote it and not verified.
enum { CODICIL_SCT_V1 = 0, CODICIL_SCTS_MAX = 32 };
typedef struct codicil_sct {
  uint8_t version;     // of another than CODICIL_SCT_V1 nothing else is known
  codicil_span log_id; // 32 octets
  uint64_t timestamp_ms;
  codicil_span extensions;
  uint16_t algorithm; // SignatureAndHashAlgorithm
  codicil_span signature;
} codicil_sct;
// Lists the timestamps of a SignedCertificateTimestampList, embedded in a certificate or carried in
// an entry. `out` has room for `max` of them (CODICIL_SCTS_MAX is plenty); spans point into `list`.
// CODICIL_MALFORMED where the list does not parse or is empty, CODICIL_LIMIT where it has more;
// *out_num is unchanged then.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_scts_parse(codicil_sct *out, size_t *out_num,
                                                            size_t max, codicil_span list);

// ---- trust --------------------------------------------------------------------------------------

// Trust anchors. Fill it, then share it: read-only use is safe from any thread.
typedef struct codicil_trust codicil_trust;

// Makes a store without anchors: it trusts nothing. CODICIL_NOMEM, CODICIL_CRYPTO.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_trust_new(codicil_trust **out,
                                                           const codicil_mem *mem);
// Adds every certificate of a PEM file's content; *out_num (may be NULL) counts them.
// CODICIL_BAD_INPUT where there is none or one does not parse.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_trust_add_pem(codicil_trust *trust,
                                                               size_t *out_num, codicil_diag *diag,
                                                               codicil_span pem);
// Adds every CRL of a PEM file's content, or the one of a DER file's; *out_num (may be NULL) counts
// them. From then on a certificate of a path is refused that a CRL of its issuer lists; the
// issuer's own key signed it and may sign CRLs, else it is passed over. A CRL only ever refuses:
// also when its nextUpdate has passed, for what was revoked stays so, and an issuer without a CRL
// is as before. CODICIL_BAD_INPUT, and nothing is added, where one does not parse, has a critical
// extension that is not known, in an entry too, or is indirect, a delta, or for attribute
// certificates; CODICIL_LIMIT for more than 65536 of them; CODICIL_NOMEM, CODICIL_CRYPTO.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_trust_add_crls(codicil_trust *trust,
                                                                size_t *out_num, codicil_diag *diag,
                                                                codicil_span file);
// Marks the anchors in a PEM file's content as of CAs that check CAA `requireddomain` before they
// issue (protocol §5.5). It makes no anchor: one that the store does not have by now marks nothing.
// *out_num (may be NULL) counts those marked, and `diag` says so where others were in the file.
// CODICIL_BAD_INPUT where there is no certificate or one does not parse; CODICIL_CRYPTO.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_trust_mark_caa(codicil_trust *trust,
                                                                size_t *out_num, codicil_diag *diag,
                                                                codicil_span pem);
// Adds a Certificate Transparency log (RFC 6962): its key, DER SubjectPublicKeyInfo. Timestamps
// count from `from_s` until before `until_s` (Unix time of the timestamp; 0 and INT64_MAX: always).
// CODICIL_BAD_INPUT where the key does not parse or is neither of P-256 nor RSA of 2048 bits;
// CODICIL_LIMIT for more than 4096 logs; CODICIL_NOMEM, CODICIL_CRYPTO.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_trust_add_log(codicil_trust *trust,
                                                               codicil_diag *diag,
                                                               codicil_span spki, int64_t from_s,
                                                               int64_t until_s);
// Demands valid timestamps of at least `min` different logs for an end entity (embedded, of the TLS
// extension, or in its staple, by which one counts that is about this certificate, whatever its
// state); 0, the default, none. A timestamp of the future does not count, and none does after eight
// that the logs they name did not sign.
CODICIL_API void codicil_trust_set_min_scts(codicil_trust *trust, size_t min);
// Frees the store; no configuration may use it any more. NULL is allowed.
CODICIL_API void codicil_trust_free(codicil_trust *trust);

// Why a certificate is not used: protocol.md's words, one for one.
#define CODICIL_CERT_REASON_MAP(X)                                                                 \
  X(NONE, "", "")                                                                                  \
  X(UNTRUSTED, "untrusted", "no path to a trust anchor")                                           \
  X(EXPIRED, "expired", "a certificate of the path has expired")                                   \
  X(NOT_YET_VALID, "not-yet-valid", "a certificate of the path is not valid yet")                  \
  X(PURPOSE, "purpose", "the certificate is not for server authentication")                        \
  X(NAME_CONSTRAINTS, "name-constraints", "a name is outside an issuer's name constraints")        \
  X(REVOKED, "revoked", "the certificate is revoked")                                              \
  X(STAPLE_MISSING, "staple-missing", "the certificate demands a good OCSP staple")                \
  X(SCTS, "scts", "too few signed certificate timestamps")                                         \
  X(BLOCKED, "blocked", "it, an issuer or a name that it requires is on the block list")           \
  X(REQUIRED_DOMAIN, "required-domain", "this connection does not prove the required domain")      \
  X(REQUIRED_DOMAIN_MISSING, "required-domain-missing", "no Required Domain, and one is required") \
  X(REQUIRED_DOMAIN_INVALID, "required-domain-invalid", "the Required Domain does not parse")      \
  X(REQUIRED_DOMAIN_ANY, "required-domain-any", "the Required Domain is *")                        \
  X(PUBLIC_SUFFIX, "public-suffix", "a wildcard spans a public suffix")                            \
  X(LIMIT, "limit", "more certificates than this connection may bring")

typedef enum codicil_cert_reason {
#define CODICIL_CERT_REASON_ENUM(name, word, text) CODICIL_CERT_##name,
  CODICIL_CERT_REASON_MAP(CODICIL_CERT_REASON_ENUM)
#undef CODICIL_CERT_REASON_ENUM
      CODICIL_NUM_CERT_REASONS
} codicil_cert_reason;

// Returns the stable word of `reason` ("name-constraints"), and a sentence; static.
CODICIL_API const char *codicil_cert_reason_word(codicil_cert_reason reason);
// Returns what `reason` means, in a sentence without a full stop; static.
CODICIL_API const char *codicil_cert_reason_text(codicil_cert_reason reason);

// One certificate as it came, with its staples (empty if absent).
typedef struct codicil_chain_entry {
  codicil_span der;
  codicil_span ocsp; // DER OCSPResponse
  codicil_span scts; // SignedCertificateTimestampList
} codicil_chain_entry;

// ---- block list ---------------------------------------------------------------------------------

// Certificates that are not to be used, whoever vouches for them (protocol §5). Immutable: to
// change it, make another. Read-only use is safe from any thread.
typedef struct codicil_block_list codicil_block_list;
// Reads a block list's text, an entry a line, `#` to the end of the line being a comment:
//   breadcrumb NAME                                  see codicil_block_list_has_breadcrumb; a host
//                                                    name or an address
//   spki HEX-SHA256                                  any certificate of the path, its anchor too
//   serial HEX-SHA256-OF-ISSUER-DER HEX-SERIAL       any certificate of the path; the issuer is the
//                                                    DER Name, the number its DER octets, zeros
//                                                    before them or not
// Lines end in LF or CRLF. CODICIL_BAD_INPUT with `diag` (what, and its offset), *out_line (may be
// NULL) the line from 1: also beyond 4,194,304 entries, 4,096 octets a line or 256 MiB.
// CODICIL_NOMEM, CODICIL_CRYPTO.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_block_list_parse(codicil_block_list **out,
                                                                  const codicil_mem *mem,
                                                                  codicil_diag *diag,
                                                                  size_t *out_line,
                                                                  codicil_span text);
// Frees it. NULL is allowed.
CODICIL_API void codicil_block_list_free(codicil_block_list *list);
// Returns how many entries it has.
CODICIL_API size_t codicil_block_list_num(const codicil_block_list *list);
// Tells whether any of the certificate's required domains equals a breadcrumb, covers it or is
// below it: of "cdn.example" "cdn.example", "*.example" and "*.cdn.example", "a.b.cdn.example". `*`
// covers every breadcrumb: its certificate could be used on any of their connections. A NULL list
// has none.
CODICIL_API bool codicil_block_list_has_breadcrumb(const codicil_block_list *list,
                                                   const codicil_identity *identity);
// Tells whether a certificate (DER) is listed by its key or its serial number, also where libcrypto
// fails to find out. NULL lists none; what does not decode is not listed.
CODICIL_API bool codicil_block_list_has(const codicil_block_list *list, codicil_span der);

// ---- paths --------------------------------------------------------------------------------------

// Keeps decoded intermediates and path verdicts, refusals too. Not shared: one thread at a time.
// Keyed by the hash of all entries as received and the generations of trust store (a digest of its
// anchors, marks, CRLs, logs and number of timestamps) and block list; expires at the least of the
// path's notAfter, nextUpdate and one hour; bounded by `max_entries` of each, least recently used
// first. An intermediate is found by its own octets and never completes another peer's chain.
// CODICIL_USAGE for 0 or more than 65536 entries.
typedef struct codicil_chain_cache codicil_chain_cache;
// Makes an empty cache. CODICIL_USAGE where `max_entries` is 0 or above 65536; CODICIL_NOMEM.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_chain_cache_new(codicil_chain_cache **out,
                                                                 const codicil_mem *mem,
                                                                 size_t max_entries);
// Frees it; no configuration may use it any more. NULL is allowed.
CODICIL_API void codicil_chain_cache_free(codicil_chain_cache *cache);

// What became of a path.
typedef struct codicil_chain_verdict {
  codicil_cert_reason reason; // CODICIL_CERT_NONE where the path is good
  int64_t valid_until;        // Unix time at which the verdict ends: that of a good path with its
                              // first notAfter or nextUpdate, a refusal within the hour
  bool is_caa_anchor;         // a good path ends in an anchor of codicil_trust_mark_caa
} codicil_chain_verdict;

// Validates a path for the end entity `entries[0]` for serverAuth at `unix_s`. The others are
// untrusted intermediates, in any order. Keys and signatures have 112 bits of security at least (no
// SHA-1, no RSA below 2048 bits). What issuers impose binds: name constraints, path lengths, TLS
// features (RFC 7633), explicit policies. The common name is no name, here as elsewhere, and a
// wildcard beside an excluded subtree is excluded. A stapled OCSP response counts for its own
// certificate where its issuer or a delegate signed it and its time is right, give or take five
// minutes; else it is as if absent. `cache` may be NULL.
//
// CRLs and `block_list` (may be NULL; its spki and serial entries) count for every certificate of
// the path, timestamps for the end entity. A refusal leaves OpenSSL's words in `diag`, which may be
// NULL. A NULL `trust` trusts nothing. Returns an error only where no verdict could be reached
// (CODICIL_NOMEM, CODICIL_CRYPTO); a certificate that does not decode makes the chain untrusted.
// `entries` are borrowed for the call.
CODICIL_API CODICIL_MUST_USE codicil_err
codicil_chain_validate(codicil_chain_verdict *out, codicil_diag *diag, const codicil_trust *trust,
                       const codicil_block_list *block_list, codicil_chain_cache *cache,
                       const codicil_chain_entry *entries, size_t num_entries, int64_t unix_s);

#ifdef __cplusplus
}
#endif
#endif

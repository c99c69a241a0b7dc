// One HTTP connection's certificates and origins, on either side, without I/O.
//
// Client: SERVER_CERTIFICATE payloads and ORIGIN entries go in; certificates and their decisions
// come out; codicil_session_route answers whether a request for an origin may go on this
// connection, and why. Server: credentials go in, sign requests and frame payloads come out;
// codicil_session_serves answers whether a request's authority is served here (else 421).
//
// Order of calls: codicil_session_new; codicil_session_tls_ready when the handshake is complete; on
// a client codicil_session_set_peer and codicil_session_set_primary; codicil_session_recv_setting
// with the peer's SETTINGS; then frames as they come. After each call that takes input pull events
// until there are none. A session is never kept across resumption: nothing is remembered.
//
// What it does not check: the framing of HTTP itself (h2.h does), DNS (its answers are arguments),
// and the handshake's certificate (x509.h does; pass the outcome to codicil_session_set_primary).
#ifndef CODICIL_SESSION_H
#define CODICIL_SESSION_H

#include "codicil/codicil.h"
#include "codicil/ea.h"
#include "codicil/name.h"
#include "codicil/x509.h"

#ifdef __cplusplus
extern "C" {
#endif

// ---- configuration -----------------------------------------------------------------------------

// Set up once, then read-only and shared by the sessions of one thread, which it must outlive.
typedef struct codicil_config codicil_config;
// Makes a configuration of defaults. CODICIL_NOMEM.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_config_new(codicil_config **out,
                                                            const codicil_mem *mem);
// Frees it; no session may use it any more. NULL is allowed.
CODICIL_API void codicil_config_free(codicil_config *config);
// Changes limit `id`. Before the first session.
CODICIL_API void codicil_config_set_limit(codicil_config *config, codicil_limit_id id,
                                          size_t value);
// Returns the value of limit `id`.
CODICIL_API size_t codicil_config_limit(const codicil_config *config, codicil_limit_id id);
// Copies `codepoints` in place of the defaults. Before the first session.
CODICIL_API void codicil_config_set_codepoints(codicil_config *config,
                                               const codicil_codepoints *codepoints);
// Returns the codepoints in force; they live as long as the configuration.
CODICIL_API const codicil_codepoints *codicil_config_codepoints(const codicil_config *config);
// Trust anchors for secondary certificates; borrowed. Without them every one is `untrusted`.
CODICIL_API void codicil_config_set_trust(codicil_config *config, const codicil_trust *trust);
// Chain cache; borrowed; optional.
CODICIL_API void codicil_config_set_chain_cache(codicil_config *config, codicil_chain_cache *cache);
// Randomness for certificate_request_context. A server without it sends no certificates.
CODICIL_API void codicil_config_set_random(codicil_config *config, codicil_random random);
// Whether to send the setting (default true). Off: frames are ignored and counted.
CODICIL_API void codicil_config_set_offer(codicil_config *config, bool offer);
// Whether a client heeds ORIGIN (default true).
CODICIL_API void codicil_config_set_use_origin(codicil_config *config, bool use);
// Whether paths are validated as soon as an authenticator is verified (default false: only when a
// name of the certificate is wanted).
CODICIL_API void codicil_config_set_validate_at_once(codicil_config *config, bool at_once);
// Certificates not to be used; borrowed; NULL, the default, lists none. Unlike the rest it may be
// changed while there are sessions: call codicil_session_policy_changed on each of them next, with
// both lists alive.
CODICIL_API void codicil_config_set_block_list(codicil_config *config,
                                               const codicil_block_list *list);

// What a client makes of the Required Domain extension of secondary certificates (protocol §5.2).
typedef enum codicil_required_mode {
  CODICIL_REQUIRED_HONOUR,         // the default: obeyed where it is present
  CODICIL_REQUIRED_REQUIRE,        // and a certificate without it is not used
  CODICIL_REQUIRED_INSECURE_IGNORE // not looked at
} codicil_required_mode;
// `insecure_any`: whether "*" is satisfied by anything (default false: by nothing).
CODICIL_API void codicil_config_set_required_domain(codicil_config *config,
                                                    codicil_required_mode mode, bool insecure_any);
// When DNS must lead to the server for an origin to be served there (protocol §5.5).
typedef enum codicil_dns_mode {
  CODICIL_DNS_CAA, // the default: always, but where a CA is known to have checked CAA
  CODICIL_DNS_ALWAYS,
  CODICIL_DNS_INSECURE_ORIGIN, // not for members of the Origin Set
  CODICIL_DNS_INSECURE_NEVER
} codicil_dns_mode;
// Sets when DNS evidence is needed.
CODICIL_API void codicil_config_set_dns_mode(codicil_config *config, codicil_dns_mode mode);
// Sets where trace points go; the sink is borrowed.
CODICIL_API void codicil_config_set_trace(codicil_config *config, codicil_trace trace);

// ---- session -----------------------------------------------------------------------------------

typedef struct codicil_session codicil_session;
typedef enum codicil_role { CODICIL_CLIENT, CODICIL_SERVER } codicil_role;

// `config` is borrowed for the session's life. CODICIL_NOMEM.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_session_new(codicil_session **out,
                                                             const codicil_mem *mem,
                                                             const codicil_config *config,
                                                             codicil_role role);
// Frees a session and all that it handed out, signings included. NULL is allowed.
CODICIL_API void codicil_session_free(codicil_session *session);
// The connection is over because of `err`, which the session has not seen itself: a frame on a
// wrong stream, say. As after a fatal error of its own it answers no route any more, and its
// generation changes. Without effect on one that has failed, and for CODICIL_OK.
CODICIL_API void codicil_session_end(codicil_session *session, codicil_err err);
// The configuration that the session was made with.
CODICIL_API const codicil_config *codicil_session_config(const codicil_session *session);
// The handshake is complete: `tls` is borrowed for the session's life. The exporter is called only
// when the feature is on. CODICIL_USAGE when called twice, or with the other side's role. Where TLS
// cannot carry authenticators, leave it out and use a configuration that does not offer.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_session_tls_ready(codicil_session *session,
                                                                   const codicil_tls *tls);

// Negotiation (protocol §2).
//
// Tells whether we send the setting (with value 1).
CODICIL_API bool codicil_session_offers(const codicil_session *session);
// The peer's SETTINGS carried our setting with `value`. CODICIL_SETTING: not 0 or 1, or 0 after 1;
// CODICIL_UNEXPECTED: see codicil_session_recv_frame_elsewhere.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_session_recv_setting(codicil_session *session,
                                                                      uint64_t value);
// The peer's first SETTINGS frame is over: without the setting in it, there is no support.
CODICIL_API void codicil_session_recv_settings_end(codicil_session *session);
typedef enum codicil_support {
  CODICIL_SUPPORT_AWAITED, // no SETTINGS yet
  CODICIL_SUPPORT_NO,
  CODICIL_SUPPORT_YES // the feature is on
} codicil_support;
// Tells whether the feature is on for this connection.
CODICIL_API codicil_support codicil_session_support(const codicil_session *session);

// Frames in. A SERVER_CERTIFICATE frame is announced by its payload length, fed in pieces, and
// ended. The caller has checked that it came on stream 0. Where the feature is off the frame is
// counted and its octets are ignored.
//
// Each returns CODICIL_USAGE out of turn (a frame within a frame, octets beyond the announced ones,
// an end before them, a client's first frame before its peer and the handshake's certificate are
// set), and after a fatal error that error again.
//
// Checks limits at the announcement. CODICIL_UNEXPECTED on a server that offered; CODICIL_LIMIT:
// more frames or octets than one authenticator may have.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_session_recv_frame_begin(codicil_session *session,
                                                                          uint64_t payload_len);
// `bytes` is borrowed for the call. CODICIL_MALFORMED: no authenticator begins or goes on so, or
// octets follow its Finished; CODICIL_LIMIT: a handshake header announces too much; CODICIL_NOMEM.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_session_recv_frame_data(codicil_session *session,
                                                                         codicil_span bytes);
// Verifies the authenticator where this frame completes it: CODICIL_AUTH where it is not proven,
// for whatever reason; CODICIL_MALFORMED, CODICIL_LIMIT (certificates in it), CODICIL_NOMEM. A
// certificate that is proven and not wanted is no error.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_session_recv_frame_end(codicil_session *session,
                                                                        codicil_now now);
// HTTP/3: a SERVER_CERTIFICATE frame began on a stream where none may be. CODICIL_UNEXPECTED where
// the feature is on, and on a server that offered. Else it is counted; but QUIC orders nothing
// between streams, so where the peer's SETTINGS turn the feature on after it, the error is that of
// codicil_session_recv_setting.
CODICIL_API CODICIL_MUST_USE codicil_err
codicil_session_recv_frame_elsewhere(codicil_session *session);
// An ORIGIN frame: initialises the Origin Set if need be (RFC 8336 §2.3) and adds the entries that
// are origins. `entries` are borrowed for the call. Servers ignore it. CODICIL_LIMIT: more origins,
// or longer ones, than a set may have; CODICIL_USAGE before codicil_session_set_peer;
// CODICIL_NOMEM. The caller has checked stream and flags (RFC 8336 §2.2) and that this is no proxy.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_session_recv_origin(codicil_session *session,
                                                                     const codicil_span *entries,
                                                                     size_t num_entries);

// ---- events ------------------------------------------------------------------------------------

typedef enum codicil_event_type {
  CODICIL_EVENT_SUPPORT,     // codicil_session_support is known now
  CODICIL_EVENT_CERTIFICATE, // client: certificate `index` arrived or its decision changed
  CODICIL_EVENT_ORIGIN_SET,  // client: the Origin Set changed
  CODICIL_EVENT_SKIPPED,     // client: an authenticator was skipped at the connection's limit
  CODICIL_EVENT_WANT_DNS,    // client: look up want `index`, see codicil_session_dns_want
  CODICIL_EVENT_WANT_SIGN,   // server: sign `signing`, of credential `index`
  CODICIL_EVENT_SENT,        // server: credential `index` is in the outbox whole
  CODICIL_EVENT_NOT_SENT     // server: credential `index` will not be sent; `err` tells why
} codicil_event_type;

typedef struct codicil_event {
  codicil_event_type type;
  size_t index;                // of the certificate, or of the credential in order of offering
  codicil_ea_signing *signing; // owned by the session; until it is answered
  codicil_err err;
} codicil_event;

// Takes the oldest event; false where there is none, and after a fatal error. Ask after every call
// that is not const: events of one thing wait once, so the queue is as long as what it tells of.
CODICIL_API bool codicil_session_next_event(codicil_session *session, codicil_event *out);

// ---- client: certificates, Origin Set, routing -------------------------------------------------

// The transport's remote end, and the origin for which the connection was opened. `sni` says that
// the origin's host was sent as server name.
typedef struct codicil_peer {
  codicil_address address;
  uint16_t port;
  codicil_origin origin;
  bool sent_sni;
} codicil_peer;
// CODICIL_BAD_INPUT where `address` is none; CODICIL_USAGE when called twice, and on a server.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_session_set_peer(codicil_session *session,
                                                                  const codicil_peer *peer);
// The handshake's certificate, validated already: certificate 0, accepted until its notAfter.
// `chain` is borrowed for the call. CODICIL_USAGE as above, and without entries; what
// codicil_identity_new returns, after which the session has failed where that is fatal.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_session_set_primary(
    codicil_session *session, const codicil_chain_entry *chain, size_t num_entries);

typedef enum codicil_decision {
  CODICIL_UNEXAMINED,
  CODICIL_ACCEPTED,
  CODICIL_WAITING,
  CODICIL_REJECTED
} codicil_decision;
// Returns "unexamined", "accepted", "waiting" or "rejected"; static.
CODICIL_API const char *codicil_decision_word(codicil_decision decision);

typedef struct codicil_certificate_info {
  const codicil_identity *identity;
  codicil_decision decision;
  codicil_cert_reason reason;
  bool is_primary;
  size_t num_frames;
  size_t num_octets; // of the authenticator
  uint16_t scheme;   // that signed it
  codicil_span scts; // as carried in the entry
  bool has_ocsp;
  // The Required Domain, where it is satisfied: which of the identity's names, and what proved it.
  size_t required;    // codicil_identity_required; SIZE_MAX: none needed, or not satisfied
  size_t proved_by;   // the certificate that covers it; SIZE_MAX as above, and for "*"
  const char *rule;   // document and section of the decision, static
  bool is_caa_anchor; // its path ends in an anchor that checks CAA
} codicil_certificate_info;
// Returns how many certificates there are, the handshake's included.
CODICIL_API size_t codicil_session_num_certificates(const codicil_session *session);
// Tells about certificate `index`, 0 being the handshake's; false beyond the end. What *out points
// to lives until the next call on the session.
CODICIL_API bool codicil_session_certificate(const codicil_session *session,
                                             codicil_certificate_info *out, size_t index);

enum { CODICIL_CERT_EXPLAIN_MAX = 1024 };
// Writes why certificate `index` is decided upon as it is, as a sentence with NUL: "accepted: its
// Required Domain glue.example is proven by secondary certificate 1 (2020 draft §5)". Cut to
// `out_len`; CODICIL_CERT_EXPLAIN_MAX is always enough. Returns the length without NUL; 0 beyond
// the end.
CODICIL_API size_t codicil_session_explain_certificate(const codicil_session *session, size_t index,
                                                       char *out, size_t out_len);
// The block list of the configuration changed: every path is judged anew, the handshake's too, and
// the authority is computed from there, now. What was accepted and is blocked loses its authority
// at once; CODICIL_EVENT_CERTIFICATE tells. CODICIL_CRYPTO or CODICIL_NOMEM fail the session.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_session_policy_changed(codicil_session *session,
                                                                        codicil_now now);

// The Origin Set; not initialised until an ORIGIN frame came.
CODICIL_API bool codicil_session_origin_set_initialised(const codicil_session *session);
// Returns how many members the Origin Set has.
CODICIL_API size_t codicil_session_num_origins(const codicil_session *session);
// Returns member `index`, NULL beyond the end; lives until the next call on the session.
CODICIL_API const codicil_origin *codicil_session_origin(const codicil_session *session,
                                                         size_t index);
// Tells whether both Origin Sets are initialised and the one of `session` is a proper subset of the
// one of `other`. RFC 8336 §2.4: of two connections that serve an origin, new requests should go on
// `other`.
CODICIL_API bool codicil_session_is_within(const codicil_session *session,
                                           const codicil_session *other);
// A 421 came for `origin`: it is not used on this connection again (RFC 8336 §2.3, RFC 9110
// §15.5.20). CODICIL_LIMIT: for more origins than a set may have; CODICIL_NOMEM.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_session_misdirected(codicil_session *session,
                                                                     const codicil_origin *origin);

// What the caller knows of the origin from elsewhere.
typedef enum codicil_dns_state {
  CODICIL_DNS_UNKNOWN,
  CODICIL_DNS_FAILED,
  CODICIL_DNS_ANSWERED
} codicil_dns_state;
typedef struct codicil_evidence {
  codicil_dns_state dns;
  const codicil_address *addresses; // A and AAAA, or what --resolve and --connect-to put in place
  size_t num_addresses;
} codicil_evidence;

// A required domain is proven only where DNS leads to this server, too (protocol §5.2, §5.5), and
// the session cannot look. What it wants to know becomes CODICIL_EVENT_WANT_DNS, once for a name
// until it is answered; wants arise where a route hangs on them, never before. Further ones follow
// when the route is asked for again, as the generation tells that it should be.
//
// At most CODICIL_DNS_WANTS_OPEN are open at once, and CODICIL_DNS_WANTS_MAX names are known at a
// time; what is not answered as leading here proves nothing.
enum { CODICIL_DNS_WANTS_OPEN = 4, CODICIL_DNS_WANTS_MAX = 128, CODICIL_DNS_EVIDENCE_MIN_S = 60 };
// Returns the origin to look up, NULL where `index` is not open; lives until the next call.
CODICIL_API const codicil_origin *codicil_session_dns_want(const codicil_session *session,
                                                           size_t index);
// Answers want `index` with what is true until `until_s` (Unix time; at least 60 seconds from `now`
// are taken), after which it is wanted again when a route hangs on it. `evidence` is borrowed for
// the call. CODICIL_USAGE where the want is not open; CODICIL_NOMEM.
CODICIL_API CODICIL_MUST_USE codicil_err
codicil_session_resume_dns(codicil_session *session, size_t index, const codicil_evidence *evidence,
                           int64_t until_s, codicil_now now);

typedef enum codicil_answer {
  CODICIL_USE,
  CODICIL_ASK,  // ask the server for a certificate (a later step of the protocol)
  CODICIL_WAIT, // may become USE within a short time: re-ask on the next event
  CODICIL_NO
} codicil_answer;

// Reasons of a request: protocol.md's words, one for one.
#define CODICIL_ROUTE_REASON_MAP(X)                                                 \
  X(OWN_ORIGIN, "own-origin", "the connection was opened for this origin")          \
  X(PRIMARY, "primary", "the handshake's certificate covers the host")              \
  X(SECONDARY, "secondary", "a secondary certificate covers the host")              \
  X(ASKED, "asked", "the server proved the host when asked")                        \
  X(ALT_SVC, "alt-svc", "an Alternative Service of the origin")                     \
  X(PROXY, "proxy", "through the configured proxy")                                 \
  X(NOT_COVERED, "not-covered", "no certificate of the connection covers the host") \
  X(PORT, "port", "the port is not the connection's")                               \
  X(ORIGIN_SET, "origin-set", "the server's Origin Set does not list the origin")   \
  X(MISDIRECTED, "misdirected", "the server answered 421 for this origin")          \
  X(DNS_MISMATCH, "dns-mismatch", "DNS does not lead to the connection's address")  \
  X(DNS_FAILURE, "dns-failure", "the host's addresses could not be found")          \
  X(NO_SUPPORT, "no-support", "the server does not support secondary certificates") \
  X(REFUSED, "refused", "the server declined to prove the host")                    \
  X(WAITED, "waited", "no certificate for the host came in time")                   \
  X(CERTIFICATE, "certificate", "the certificate for the host was not accepted")

typedef enum codicil_route_reason {
#define CODICIL_ROUTE_REASON_ENUM(name, word, text) CODICIL_ROUTE_##name,
  CODICIL_ROUTE_REASON_MAP(CODICIL_ROUTE_REASON_ENUM)
#undef CODICIL_ROUTE_REASON_ENUM
      CODICIL_NUM_ROUTE_REASONS
} codicil_route_reason;
// Returns the stable word of `reason` ("dns-mismatch"); static.
CODICIL_API const char *codicil_route_reason_word(codicil_route_reason reason);
// Returns what `reason` means, in a sentence without a full stop; static.
CODICIL_API const char *codicil_route_reason_text(codicil_route_reason reason);

// Returns "use", "ask", "wait" or "no"; static.
CODICIL_API const char *codicil_answer_word(codicil_answer answer);

typedef struct codicil_route {
  codicil_answer answer;
  codicil_route_reason reason;
  codicil_cert_reason cert_reason; // beside CERTIFICATE; LIMIT beside NOT_COVERED: some skipped
  size_t certificate;              // index; SIZE_MAX where none has to do with it
  size_t proved_by;                // that proved its Required Domain; SIZE_MAX: none did
  // Of `certificate`, where it has a Required Domain that matters: the name that is proven, or else
  // the one nearest to it, with the answer of protocol §5 for that name and its reason. Lives as
  // long as the session; NULL: none.
  const codicil_required_domain *required;
  codicil_answer required_answer;
  codicil_route_reason required_reason;
  const char *dns;     // beside USE: where DNS comes in, in words; static, NULL: it does not
  const char *rule;    // document and section, static ("RFC 9525 §6.3")
  uint64_t generation; // of the authority: re-ask when it changed
  int64_t until_s;     // and from this Unix time on: a path or evidence ends, or a refusal
} codicil_route;

// Answers whose requests may go here (protocol §5). May validate paths, and so queue events.
// `evidence` may be NULL: CODICIL_DNS_UNKNOWN, which is answered with CODICIL_WAIT where nothing
// but DNS is missing, never with CODICIL_USE. Returns CODICIL_USAGE before codicil_session_set_peer
// and codicil_session_set_primary, CODICIL_CRYPTO where a path could not be judged (ask again, or
// open a connection), CODICIL_NOMEM, and after a fatal error that error again.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_session_route(codicil_session *session,
                                                               codicil_route *out,
                                                               const codicil_origin *origin,
                                                               const codicil_evidence *evidence,
                                                               codicil_now now);
enum { CODICIL_EXPLAIN_MAX = 1024 };
// Writes why, as a sentence with NUL: "https://www.example: secondary certificate 2 covers it; DNS
// leads to this server (RFC 9113 §9.1.1)". Cut to `out_len` (at least 1; CODICIL_EXPLAIN_MAX is
// always enough). Returns the length without NUL.
CODICIL_API size_t codicil_route_explain(const codicil_route *route, const codicil_origin *origin,
                                         char *out, size_t out_len);
// Changes whenever an answer of codicil_session_route may have changed; what time alone changes,
// codicil_route.until_s tells.
CODICIL_API uint64_t codicil_session_generation(const codicil_session *session);

// Frames that were ignored because the feature is off, and authenticators skipped at the limit.
CODICIL_API size_t codicil_session_num_ignored(const codicil_session *session);
// The same for authenticators that were skipped at the limit.
CODICIL_API size_t codicil_session_num_skipped(const codicil_session *session);

// ---- server: proving and serving ---------------------------------------------------------------

// Queues `credential` (a reference is taken) to be proven as soon as the feature is on, in order of
// these calls. `identity` (borrowed for the session's life) says what it proves.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_session_offer(codicil_session *session,
                                                               codicil_credential *credential,
                                                               const codicil_identity *identity);
// Queues origins for an ORIGIN frame, or several where they do not fit one. They go out before any
// certificate that is not out yet, and whether or not the peer supports those: RFC 8336 stands by
// itself. No origins make an empty frame: "only the initial origin". CODICIL_BAD_INPUT beyond the
// limits of an Origin Set, counted over the connection with the initial origin as one; nothing is
// queued then.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_session_send_origins(codicil_session *session,
                                                                      const codicil_origin *origins,
                                                                      size_t num_origins);
// Answers CODICIL_EVENT_WANT_SIGN, after which `signing` is gone. The first signs with the
// credential's own key, now; the second takes a signature made elsewhere; the third gives the
// certificate up. A few wants are open at once; answer them in any order and at any time: the
// session sends in order of offering, and asks for the next as one is answered. What fails becomes
// CODICIL_EVENT_NOT_SENT. CODICIL_USAGE, without effect: `signing` is not open, or its key is
// elsewhere.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_session_sign(codicil_session *session,
                                                              codicil_ea_signing *signing);
// Takes a signature over its tbs that was made elsewhere.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_session_resume_sign(codicil_session *session,
                                                                     codicil_ea_signing *signing,
                                                                     codicil_span signature);
// Gives the certificate up: it is not sent, and CODICIL_EVENT_NOT_SENT tells.
CODICIL_API void codicil_session_abandon_sign(codicil_session *session,
                                              codicil_ea_signing *signing);

typedef enum codicil_frame_type {
  CODICIL_FRAME_SERVER_CERTIFICATE,
  CODICIL_FRAME_ORIGIN
} codicil_frame_type;
// Frame payloads out, in order; false where there is none. `out` lives until the next call on the
// session; confirm it with codicil_session_pop_frame once it is copied, with no other call in
// between.
CODICIL_API bool codicil_session_peek_frame(const codicil_session *session,
                                            codicil_frame_type *out_type, codicil_span *out);
// Confirms that the frame last peeked at is copied or submitted.
CODICIL_API void codicil_session_pop_frame(codicil_session *session);

// The handshake's certificate on a server: what it proves; borrowed for the session's life.
CODICIL_API void codicil_session_set_own_primary(codicil_session *session,
                                                 const codicil_identity *identity);
// Tells whether this connection has proven `origin`'s host, by the handshake's certificate
// (*out_index 0) or by a secondary one that has been sent (its order of offering + 1). Whether the
// server wants to serve it there is the application's. A pure function of what was sent.
CODICIL_API bool codicil_session_serves(const codicil_session *session, size_t *out_index,
                                        const codicil_origin *origin);

#ifdef __cplusplus
}
#endif
#endif

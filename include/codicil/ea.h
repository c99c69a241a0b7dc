// Exported Authenticators, RFC 9261, whole: request, get context, authenticate, validate.
//
// A codicil_ea belongs to one TLS connection, on either side of it, and to one thread at a time.
// TLS enters as a codicil_tls: a role, a hash, an exporter, and what the ClientHello offered, so
// any stack that exports keys will do; ossl.h fills one in from an SSL. Order of calls: complete
// the handshake, codicil_ea_new, then any of the others in any order.
//
// What it does not check: whether a certificate is trusted, for which names, or whether it is still
// valid. It proves that the peer holds the key of the certificate that it showed, on this
// connection and no other. Judge the certificate with x509.h; session.h does both for HTTP.
#ifndef CODICIL_EA_H
#define CODICIL_EA_H

#include "codicil/codicil.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum codicil_hash { CODICIL_HASH_SHA256 = 1, CODICIL_HASH_SHA384 = 2 } codicil_hash;

// One live TLS connection: TLS 1.3, or TLS 1.2 with extended master secret (RFC 9261 §7).
typedef struct codicil_tls {
  void *ctx;
  // Exports `out_len` octets for `label` with an empty context that is present (RFC 9261 §5.1).
  // Must refuse with CODICIL_NOT_READY until the handshake is complete and, on a server, the
  // client's Finished is verified; with CODICIL_UNSUPPORTED where §7 forbids authenticators.
  codicil_err (*exporter)(void *ctx, uint8_t *out, size_t out_len, const char *label,
                          size_t label_len);
  codicil_hash hash; // of the TLS 1.3 suite, or of the TLS 1.2 PRF
  bool is_server;    // our role
  // From the ClientHello (the second one after a HelloRetryRequest), as sent or as received:
  // big-endian 16-bit values without the outer length. A spontaneous authenticator is bound to
  // them. Borrowed by codicil_ea_new for the call only.
  codicil_span client_schemes;      // signature_algorithms
  codicil_span client_cert_schemes; // signature_algorithms_cert; empty if absent
  codicil_span client_extensions;   // every extension type
} codicil_tls;

// The three lists above, as a binding to a TLS stack finds them in a ClientHello.
typedef struct codicil_client_offer {
  codicil_span schemes, cert_schemes, extensions;
} codicil_client_offer;
// Reads a ClientHello's body (no handshake header). The lists of schemes point into it; the
// extensions' types are appended to `types` and point there, until its next change. Returns
// CODICIL_MALFORMED, CODICIL_LIMIT (more types than `types` takes) or CODICIL_NOMEM; both are
// unchanged then.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_client_offer_read(codicil_client_offer *out,
                                                                   codicil_buf *types,
                                                                   codicil_span client_hello);

// ---- credentials ------------------------------------------------------------------------------

// A certificate chain with its private key, or with a signer elsewhere. Immutable after it is set
// up, counted by reference, and then shared: any number of threads may use one.
typedef struct codicil_credential codicil_credential;

// Reads a PEM chain (end entity first) and its PEM private key (unencrypted). Refuses a key that is
// not the certificate's, a key that no scheme of TLS 1.3 can use, and a certificate whose key usage
// does not allow signatures. CODICIL_BAD_INPUT with `diag` (may be NULL) telling which.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_credential_new(codicil_credential **out,
                                                                codicil_diag *diag,
                                                                const codicil_mem *mem,
                                                                codicil_span chain_pem,
                                                                codicil_span key_pem);
// The same with a key that is elsewhere (an HSM, a key server): authenticators are made with
// codicil_ea_begin and codicil_ea_finish only.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_credential_new_remote(codicil_credential **out,
                                                                       codicil_diag *diag,
                                                                       const codicil_mem *mem,
                                                                       codicil_span chain_pem);
// Attaches a stapled OCSP response (DER) or a SignedCertificateTimestampList (RFC 6962 §3.3, with
// its outer length) to certificate `index` of the chain, in the place of the one before; an empty
// span takes it away. Call before the credential is shared. It is sent where the peer offered that
// extension. CODICIL_USAGE beyond the end of the chain, CODICIL_BAD_INPUT where it does not parse
// or both together do not fit an entry; unchanged then.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_credential_set_ocsp(codicil_credential *credential,
                                                                     size_t index,
                                                                     codicil_span der);
// The same for a SignedCertificateTimestampList.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_credential_set_scts(codicil_credential *credential,
                                                                     size_t index,
                                                                     codicil_span list);
// Counts one more reference to `credential` and returns it; from any thread.
CODICIL_API codicil_credential *codicil_credential_ref(codicil_credential *credential);
// Gives one reference back, from any thread; the last one wipes the key. NULL is allowed.
CODICIL_API void codicil_credential_free(codicil_credential *credential);
// Returns how many certificates the chain has; at least one.
CODICIL_API size_t codicil_credential_num_certificates(const codicil_credential *credential);
// Returns certificate `index` in DER; empty beyond the end. Lives as long as the credential.
CODICIL_API codicil_span codicil_credential_certificate(const codicil_credential *credential,
                                                        size_t index);
// Tells whether the key is here, so that codicil_ea_authenticate works.
CODICIL_API bool codicil_credential_has_key(const codicil_credential *credential);

// ---- one connection ---------------------------------------------------------------------------

typedef struct codicil_ea codicil_ea;

// Makes the state of one connection: exports its four secrets once and remembers the contexts used.
// Returns what the exporter returned where it refuses, CODICIL_NOMEM, CODICIL_CRYPTO.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_ea_new(codicil_ea **out, const codicil_mem *mem,
                                                        const codicil_tls *tls);
// Wipes the secrets and frees. NULL is allowed.
CODICIL_API void codicil_ea_free(codicil_ea *ea);
// Sets the most octets and certificates that codicil_ea_verify takes (default 131072 and 10).
CODICIL_API void codicil_ea_set_limits(codicil_ea *ea, size_t max_len, size_t max_certificates);

// What a request asks for (RFC 9261 §4). Zero means absent, except `schemes`, which are required.
typedef struct codicil_ea_request_params {
  codicil_span context;    // 0–255 octets, unpredictable, never used before on the connection
  const uint16_t *schemes; // signature_algorithms
  size_t num_schemes;
  const uint16_t *cert_schemes; // signature_algorithms_cert
  size_t num_cert_schemes;
  const char *server_name;         // only in a client's request
  const codicil_span *authorities; // certificate_authorities: DER distinguished names
  size_t num_authorities;
  codicil_span oid_filters; // the extension's content, encoded
  bool want_ocsp;           // status_request
  bool want_scts;           // signed_certificate_timestamp
} codicil_ea_request_params;

// Appends to `out` a request: CertificateRequest from a server, ClientCertificateRequest from a
// client, each with its handshake header. CODICIL_USAGE where the context was used already or
// server_name is asked for by a server; CODICIL_BAD_INPUT where a field is too long.
CODICIL_API CODICIL_MUST_USE codicil_err
codicil_ea_request(codicil_ea *ea, codicil_buf *out, const codicil_ea_request_params *params);

// A request as its receiver sees it; spans point into the request. Lists are big-endian 16-bit.
typedef struct codicil_ea_request_info {
  bool from_client;
  codicil_span context;
  codicil_span schemes, cert_schemes;
  codicil_span server_name; // empty if absent
  codicil_span authorities; // content of certificate_authorities; empty if absent
  codicil_span oid_filters; // content of oid_filters; empty if absent
  bool want_ocsp, want_scts;
} codicil_ea_request_info;

// Parses a request (any octets). CODICIL_MALFORMED where RFC 9261 §4 is not kept.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_ea_request_parse(codicil_ea_request_info *out,
                                                                  codicil_span request);
// Tells whether `credential` answers `request`: a scheme in common, the name covered by the
// certificate, issued below one of the authorities, matching oid_filters.
CODICIL_API bool codicil_ea_request_matches(const codicil_ea_request_info *request,
                                            const codicil_credential *credential);

// "get context" (RFC 9261 §7.2): finds the certificate_request_context in an authenticator or a
// request. CODICIL_DECLINED for an empty authenticator, which carries none.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_ea_get_context(codicil_span *out_context,
                                                                codicil_span message);

// "authenticate" (§7.3) with a key that is here: appends an authenticator to `out`. With an empty
// `request` it is spontaneous (servers only) and `context` is its certificate_request_context: not
// empty, unpredictable, never used before. With a request, `context` must be empty. Returns
// CODICIL_NO_SCHEME where the peer offered nothing that the key can sign, or not the algorithm of a
// signature in the chain (to a request, answer with codicil_ea_decline then); CODICIL_USAGE where
// the context was used, the key is elsewhere, or a client was not asked; CODICIL_MALFORMED where
// the request does not parse or is not one for our role; CODICIL_LIMIT where `out` is too small or
// the connection has used up what it remembers of contexts. The context is spent on success only.
CODICIL_API CODICIL_MUST_USE codicil_err
codicil_ea_authenticate(codicil_ea *ea, codicil_buf *out, const codicil_credential *credential,
                        codicil_span request, codicil_span context);
// Appends the empty authenticator (§6) that answers `request`.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_ea_decline(codicil_ea *ea, codicil_buf *out,
                                                            codicil_span request);

// The same in two steps, for a signer elsewhere: begin hands out what to sign, finish takes the
// signature. In between any other call is allowed, and any number may be open at a time. The
// context is spoken for from begin on; freeing a signing that did not finish gives it back. A
// signing may outlive the codicil_ea: then finish returns CODICIL_USAGE. `scheme` is a TLS
// SignatureScheme; `tbs` is the content to sign (not yet hashed).
typedef struct codicil_ea_signing codicil_ea_signing;
// Begins. `credential` is referenced until the signing is freed; errors as codicil_ea_authenticate,
// except that the key may be elsewhere. *out is to be freed with codicil_ea_signing_free.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_ea_begin(codicil_ea *ea, codicil_ea_signing **out,
                                                          codicil_credential *credential,
                                                          codicil_span request,
                                                          codicil_span context);
// Returns the SignatureScheme with which `tbs` is to be signed.
CODICIL_API uint16_t codicil_ea_signing_scheme(const codicil_ea_signing *signing);
// Returns the content to sign; lives as long as the signing.
CODICIL_API codicil_span codicil_ea_signing_tbs(const codicil_ea_signing *signing);
// Returns whose key is to sign; lives as long as the signing.
CODICIL_API const codicil_credential *codicil_ea_signing_credential(
    const codicil_ea_signing *signing);
// Signs with the credential's own key; CODICIL_USAGE where it has none.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_ea_signing_sign(codicil_ea_signing *signing,
                                                                 codicil_buf *out_signature);
// Appends the authenticator to `out`. The signature is not verified here.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_ea_finish(codicil_ea_signing *signing,
                                                           codicil_buf *out,
                                                           codicil_span signature);
// Frees a signing, finished or not. NULL is allowed.
CODICIL_API void codicil_ea_signing_free(codicil_ea_signing *signing);

// ---- the verifier's side ----------------------------------------------------------------------

// A verified authenticator. codicil_ea_verify is its only maker.
typedef struct codicil_ea_proof codicil_ea_proof;

// "validate" (§7.4) without the judgement of the certificate: parse and bounds, then Finished in
// constant time, then the signature. `request` is the request as sent, empty for a spontaneous one.
// Returns CODICIL_MALFORMED, CODICIL_LIMIT, CODICIL_AUTH (Finished or signature wrong, scheme or
// extension not offered, context not the request's, used before, or replayed, a client that was not
// asked), CODICIL_DECLINED (an empty authenticator that is right, in answer to a request; it is
// answered then), CODICIL_USAGE (`request` is not one that our role sends). A refused authenticator
// spends no context. `diag` may be NULL.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_ea_verify(codicil_ea *ea, codicil_ea_proof **out,
                                                           codicil_diag *diag,
                                                           codicil_span authenticator,
                                                           codicil_span request);
// Frees a proof. NULL is allowed.
CODICIL_API void codicil_ea_proof_free(codicil_ea_proof *proof);
// Returns how many certificates the authenticator carries; at least one.
CODICIL_API size_t codicil_ea_proof_num_certificates(const codicil_ea_proof *proof);
// DER, OCSP response (DER) and SCT list of certificate `index`; empty if absent. Live with the
// proof.
CODICIL_API codicil_span codicil_ea_proof_certificate(const codicil_ea_proof *proof, size_t index);
// The stapled OCSP response (DER) of certificate `index`; empty if absent.
CODICIL_API codicil_span codicil_ea_proof_ocsp(const codicil_ea_proof *proof, size_t index);
// The SignedCertificateTimestampList of certificate `index`; empty if absent.
CODICIL_API codicil_span codicil_ea_proof_scts(const codicil_ea_proof *proof, size_t index);
// Returns the SignatureScheme of CertificateVerify.
CODICIL_API uint16_t codicil_ea_proof_scheme(const codicil_ea_proof *proof);
// Returns the certificate_request_context; lives as long as the proof.
CODICIL_API codicil_span codicil_ea_proof_context(const codicil_ea_proof *proof);

// ---- framing ----------------------------------------------------------------------------------

// Finds where an authenticator ends, fed in pieces of any size: Certificate, CertificateVerify and
// Finished are self-delimiting. Keeps no octets. Zero state is the start.
typedef struct codicil_ea_scan {
  size_t total;     // octets seen, headers included
  size_t remaining; // of the message being passed over
  uint8_t header[4];
  uint8_t header_len;
  uint8_t stage; // 0 Certificate, 1 CertificateVerify, 2 Finished, 3 done
} codicil_ea_scan;

// Passes over `bytes`; `max_len` is the most octets of the whole authenticator. Sets *out_done once
// Finished is complete. CODICIL_MALFORMED: a message out of order, a lone Finished, or octets after
// Finished. CODICIL_LIMIT: a header announces more than `max_len`.
CODICIL_API CODICIL_MUST_USE codicil_err codicil_ea_scan_feed(codicil_ea_scan *scan, bool *out_done,
                                                              codicil_span bytes, size_t max_len);

// Returns the name of a SignatureScheme ("ecdsa_secp256r1_sha256"), static; "?" if not known.
CODICIL_API const char *codicil_scheme_name(uint16_t scheme);

#ifdef __cplusplus
}
#endif
#endif

// TLS for clients: a context with trust anchors, connections made from it, and what became of the
// server's certificate.
//
// Connections: HTTP/2 only (ALPN h2), TLS 1.3 and 1.2, no resumption: a session's certificates are
// never remembered, and a resumed handshake would show none. The chain is judged by
// codicil_chain_validate, not by OpenSSL: handshake and secondary certificates are held to one
// measure, CRLs, timestamps and block list included. Trust anchors are read when the first chain
// comes.
#ifndef APP_IO_TLS_CLIENT_H
#define APP_IO_TLS_CLIENT_H

#include <openssl/ssl.h>

#include "codicil/x509.h"
#include "io/error.h"

typedef struct tls_client tls_client;

typedef struct tls_client_config {
  const char *cacert; // PEM file; NULL with `capath` NULL: the system's
  const char *capath; // directory of PEM files
  bool insecure;      // a chain that is not good does not end the handshake; see the verdict
  const char *requireddomain_oid;
} tls_client_config;

// Makes a context. `config` and its strings are borrowed for its life. What $SSLKEYLOGFILE names is
// opened, to add to.
CODICIL_MUST_USE bool tls_client_new(tls_client **out, const tls_client_config *config,
                                     app_error *err);
void tls_client_free(tls_client *tls);
// What chains are judged by, beside trust anchors; before the first handshake. Each is what a file
// holds; `err` names it.
CODICIL_MUST_USE bool tls_client_add_crls(tls_client *tls, const char *path, app_error *err);
CODICIL_MUST_USE bool tls_client_add_logs(tls_client *tls, const char *path, size_t min_scts,
                                          app_error *err);
// The trust anchors are read now. *out_strange tells whether the file holds certificates that are
// none of them.
CODICIL_MUST_USE bool tls_client_mark_caa(tls_client *tls, bool *out_strange, const char *path,
                                          app_error *err);
// At any time: later handshakes are judged by this list. Borrowed until the next one; NULL: none.
void tls_client_set_block_list(tls_client *tls, const codicil_block_list *list);
// The trust anchors: empty until the first handshake; borrowed.
const codicil_trust *tls_client_trust(const tls_client *tls);
// Tells what the configuration said.
bool tls_client_is_insecure(const tls_client *tls);
// Makes a connection for an origin: SNI for names, none for addresses. `tls` must outlive it.
CODICIL_MUST_USE SSL *tls_client_connection(tls_client *tls, const codicil_origin *origin,
                                            app_error *err);

// What became of the server's certificate.
typedef struct tls_client_verdict {
  bool is_examined; // false: none came
  bool is_good;     // trusted, and it covers the origin's host
  codicil_cert_reason reason;
  bool is_unarmed; // nothing to judge by: no trust anchor could be read
  char text[512];  // why not, a sentence without a full stop
} tls_client_verdict;

// Judges the certificate where the handshake did not yet (TLS 1.2, whose staple comes after it).
// Call it when the handshake is complete, before anything is sent, and after a failed one to learn
// why. Borrowed from `ssl`.
const tls_client_verdict *tls_client_judge(SSL *ssl);

// Judges a chain that came otherwise, in QUIC's handshake, by the same measure. Tells whether the
// handshake may go on: the chain is good, or the configuration says that it need not be.
bool tls_client_judge_chain(tls_client *tls, tls_client_verdict *out, const codicil_origin *origin,
                            const codicil_chain_entry *chain, size_t num_entries);

// The chain as the server sent it, with what came with its end entity. Owned.
typedef struct tls_client_chain {
  codicil_chain_entry *entries;
  size_t num_entries;
  uint8_t *scts; // what entries[0].scts is in
} tls_client_chain;
CODICIL_MUST_USE bool tls_client_chain_read(tls_client_chain *out, SSL *ssl);
// The same while OpenSSL verifies it (X509_STORE_CTX_get0_untrusted).
bool tls_client_chain_of(tls_client_chain *out, STACK_OF(X509) * certificates, SSL *ssl);
void tls_client_chain_clear(tls_client_chain *chain);

#endif

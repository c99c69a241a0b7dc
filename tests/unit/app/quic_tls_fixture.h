// Two sites in files, a context of a server over both, and who visits them. Whatever fails ends the
// test.
#ifndef CODICIL_TESTS_QUIC_TLS_FIXTURE_H
#define CODICIL_TESTS_QUIC_TLS_FIXTURE_H

#include "io/quic_tls.h"
#include "pki_fixture.h"
#include "quic_other_client.h"
#include "quic_pair.h"

enum { KEY_LEN = 32, TICKET_MAX = 1 << 16 };

// The sites, a context of a server over both, one of a client, and what both were told.
typedef struct fixture {
  char dir[64];
  char certificate[2][96], key[2][96];
  pki_cert *root, *leaf[2];
  quic_tls_context *server, *client;
  bool judgement;       // the judge's answer
  unsigned num_judged;  // how often it was asked
  codicil_buf chain[4]; // what it saw
  codicil_buf ocsp;     // of the first
  pki_bytes staple;     // of the second site
  size_t num_entries;
  char asked_for[256]; // by the client, as the server's choice was told
} fixture;

extern const char *const fixture_names[2];

// Makes the sites' files and no contexts.
void fixture_set_up(fixture *f);
void fixture_tear_down(fixture *f);
void fixture_write_file(const char *path, const char *text);
// What both contexts are made from; `sites` is filled in.
quic_tls_server_config fixture_server_config(fixture *f, quic_tls_site sites[2]);
bool fixture_judge(void *user, const codicil_chain_entry *chain, size_t num_entries);
void fixture_make_contexts(fixture *f, bool early_data);
quic_tls *fixture_tls(quic_tls_context *context, quic_side *side, const char *server_name,
                      void *user);
codicil_err fixture_export(quic_tls *tls, uint8_t out[KEY_LEN]);

// Another client's connection to the server, its handshake run.
typedef struct visit {
  quic_pair pair;
  quic_tls *server;
  quic_other_client *client;
} visit;

void visit_begin(visit *v, fixture *f, const quic_other_options *options);
// With the ticket of an earlier visit.
void visit_again(visit *v, fixture *f, const char *server_name, const codicil_buf *ticket,
                 bool early_data);
void visit_end(visit *v);
// Visits a site and leaves with a ticket of it.
void visit_for_ticket(fixture *f, const char *server_name, codicil_buf *out);

#endif

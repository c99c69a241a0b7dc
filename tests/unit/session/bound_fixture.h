// Certificates with a Required Domain, proven on the connection of session_fixture.h.
//
// A certificate is asked for by what it says, "img.example" bound to "www.example", and is made
// once per process, with the authenticator that proves it; any session of the worlds takes it.
#ifndef CODICIL_TESTS_BOUND_FIXTURE_H
#define CODICIL_TESTS_BOUND_FIXTURE_H

#include "session_fixture.h"

typedef struct bound_spec {
  const char *names;    // "img.example", "*.cdn.example,a.example", "192.0.2.1"
  const char *required; // "www.example", "*.example.com,*", "192.0.2.1", or what the extension
                        // holds, "DER:8200"; NULL: no extension
  bool by_caa;          // below the anchor whose CA checks CAA
  int64_t not_after;    // 0: the usual
} bound_spec;

typedef struct bound {
  pki_cert *cert;
  codicil_identity *identity;
  codicil_span authenticator;
} bound;

// Returns the certificate, made on first use.
const bound *bound_of(const bound_spec *spec);
// Trusts the two anchors below which these certificates are made.
const codicil_trust *bound_trust(void);
void bound_free(void);

// A world whose client trusts bound_trust: change its configuration, then bound_connect.
void bound_init(world *w);
// Connects for `origin`, whose host goes into SNI, with a certificate for `names` in the handshake,
// and turns the feature on.
void bound_connect(world *w, const char *origin, const char *names);
// The same with that certificate in the handshake.
void bound_connect_as(world *w, const char *origin, const bound_spec *handshake);
// The client gets the certificate; returns its index.
size_t bound_give(world *w, const bound_spec *spec);
// The same, in another authenticator: a certificate may come once more.
size_t bound_give_copy(world *w, const bound_spec *spec);
// The client gets an ORIGIN frame with the origins in `list`,
// "https://a.example,https://b.example".
void bound_list(world *w, const char *list);
// Answers the open want for `origin`; false where none is open.
bool bound_answer(world *w, const char *origin, codicil_evidence evidence, int64_t until_s);

#endif

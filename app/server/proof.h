// What has to be proven before a certificate with a Required Domain can be used (protocol §5.2), as
// far as a server can tell: which names its certificates have. Whether DNS leads here is for
// clients to ask.
//
// A connection begins with the handshake's certificate. Each certificate that is put into the order
// of proving proves more; one whose Required Domain nothing proves yet brings the shortest chain of
// others with it that leads there, each once, and each after the one that proves it: so a client
// can accept all of them as they come.
#ifndef APP_SERVER_PROOF_H
#define APP_SERVER_PROOF_H

#include "codicil/name.h"
#include "server/certificate.h"

enum { PROOF_OWN = -1, PROOF_NONE = -2 }; // as proof_step.proved_by

typedef struct proof_step {
  size_t certificate;
  // The certificate that proves its Required Domain, PROOF_OWN for the handshake's (and where there
  // is none to be proven), PROOF_NONE where nothing does.
  ptrdiff_t proved_by;
  codicil_origin name; // by which it does; no host where there is no such single name
} proof_step;

// The order in which one site's connections prove certificates. It begins without steps: the
// handshake's certificate alone.
typedef struct proof_order {
  const server_certificate *certificates; // borrowed
  size_t num_certificates;
  size_t own;          // the handshake's
  const bool *may_use; // by certificate: what may be brought along; borrowed
  size_t max_num, max_octets;
  proof_step *steps;
  size_t num_steps;
  size_t num_octets;
} proof_order;

void proof_order_clear(proof_order *order);

typedef enum proof_result {
  PROOF_ADDED,
  PROOF_UNPROVEN,    // nothing that may be used leads to it; the order is as before
  PROOF_OVER_BUDGET, // it and the others that it needs are too many; the order is as before
  PROOF_NO_MEMORY
} proof_result;
// Adds `wanted` (whether or not it may be used), and before it what has to be proven first.
proof_result proof_order_add(proof_order *order, size_t wanted);
// Adds it although nothing proves its Required Domain. It proves nothing. False without memory.
CODICIL_MUST_USE bool proof_order_add_unproven(proof_order *order, size_t wanted);
bool proof_order_has(const proof_order *order, size_t certificate);

// Tells whether `by` proves a required domain of `wanted`, and by which name: for "*.X" one that is
// a label below X. Where that is no single host (the identical pattern), and where nothing is
// required, or anything will do ("*"), *out has no host.
bool proof_leads(codicil_origin *out, const codicil_identity *by, const codicil_identity *wanted);

#endif

// The state of one connection, inside the module.
#ifndef CODICIL_EA_CONNECTION_H
#define CODICIL_EA_CONNECTION_H

#include "codicil/ea.h"
#include "contexts.h"
#include "keys.h"
#include "message.h"
#include "offer.h"
#include "signature.h"
#include "spki.h"
#include "transcript.h"

struct codicil_ea {
  const codicil_mem *mem;
  bool is_server;
  size_t max_len, max_certificates; // of an authenticator that we verify
  codicil_keys own, peer;           // by sender
  codicil_transcript transcript;
  codicil_contexts contexts;
  codicil_key_maker keys;
  codicil_buf hello; // what the spans of client_hello point into
  codicil_offer client_hello;
  codicil_ea_signing *signings; // not finished yet
};

// An authenticator on its way: everything before the signature is chosen and hashed.
struct codicil_ea_signing {
  const codicil_mem *mem;
  codicil_ea *ea; // NULL once the connection is gone
  codicil_ea_signing *next, *prev;
  codicil_credential *credential;
  const codicil_scheme *scheme;
  codicil_certificate_head head; // and what it holds, the context, kept for giving it back
  codicil_span context;
  codicil_span list; // lives with the credential
  codicil_transcript transcript;
  codicil_tbs tbs;
};

#endif

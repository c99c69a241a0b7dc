// The three handshake messages of an authenticator, read and written (RFC 8446 §4.4).
//
// Reading borrows: every span points into the input. Writing is in pieces, so that a long chain is
// neither copied nor encoded twice: what stands before the certificate_list is a small head.
#ifndef CODICIL_EA_MESSAGE_H
#define CODICIL_EA_MESSAGE_H

#include "codicil/ea.h"
#include "offer.h"
#include "reader.h"
#include "writer.h"

// HandshakeType values (RFC 8446 §4, RFC 9261 §8.3).
enum {
  CODICIL_MSG_CERTIFICATE = 11,
  CODICIL_MSG_CERTIFICATE_REQUEST = 13,
  CODICIL_MSG_CERTIFICATE_VERIFY = 15,
  CODICIL_MSG_CLIENT_CERTIFICATE_REQUEST = 17,
  CODICIL_MSG_FINISHED = 20
};

enum { CODICIL_CONTEXT_MAX = 255 };

// A handshake message: `whole` with its header, as it is hashed; `body` without.
typedef struct codicil_message {
  uint8_t type;
  codicil_span whole;
  codicil_span body;
} codicil_message;

CODICIL_MUST_USE bool codicil_message_read(codicil_reader *r, codicil_message *out);

// Certificate: opaque certificate_request_context<0..2^8-1>; CertificateEntry list<0..2^24-1>.
typedef struct codicil_certificate {
  codicil_span context;
  codicil_span list;
} codicil_certificate;
CODICIL_MUST_USE bool codicil_certificate_parse(codicil_certificate *out, codicil_span body);

// One CertificateEntry; staples are empty where it has none.
typedef struct codicil_entry {
  codicil_span der;
  codicil_span ocsp;
  codicil_span scts;
} codicil_entry;

// Reads the entries of a certificate_list into `out`, of which `max` are allowed; `out` may be NULL
// to check and count only. CODICIL_MALFORMED, CODICIL_LIMIT beyond `max`, CODICIL_AUTH where an
// entry has an extension that `offer` does not have; `diag` then tells which.
CODICIL_MUST_USE codicil_err codicil_entries_parse(codicil_entry *out, size_t *out_num,
                                                   codicil_diag *diag, codicil_span list,
                                                   size_t max, const codicil_offer *offer);

// CertificateVerify: SignatureScheme algorithm; opaque signature<0..2^16-1>.
typedef struct codicil_certificate_verify {
  uint16_t scheme;
  codicil_span signature;
} codicil_certificate_verify;
CODICIL_MUST_USE bool codicil_certificate_verify_parse(codicil_certificate_verify *out,
                                                       codicil_span body);

// What stands before certificate_list, handshake header included.
typedef struct codicil_certificate_head {
  uint8_t octets[4 + 1 + CODICIL_CONTEXT_MAX + 3];
  size_t len;
} codicil_certificate_head;
// `list_len` is that of the list which follows. `context` is at most 255 octets.
void codicil_certificate_head_build(codicil_certificate_head *out, codicil_span context,
                                    size_t list_len);

enum { CODICIL_CERTIFICATE_VERIFY_HEAD_LEN = 8, CODICIL_FINISHED_HEAD_LEN = 4 };
void codicil_certificate_verify_head_build(uint8_t out[CODICIL_CERTIFICATE_VERIFY_HEAD_LEN],
                                           uint16_t scheme, size_t signature_len);
void codicil_finished_head_build(uint8_t out[CODICIL_FINISHED_HEAD_LEN], size_t mac_len);

// Appends one CertificateEntry with the staples that are not empty.
void codicil_entry_write(codicil_writer *w, const codicil_entry *entry);

// Tells whether `list` is a SignedCertificateTimestampList (RFC 6962 §3.3): not empty, and no
// timestamp in it is.
bool codicil_sct_list_valid(codicil_span list);

#endif

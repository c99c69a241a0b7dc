// The least fixpoint, grown from what needs no proof: see settle.h.
//
// What is accepted may prove what waits. Each certificate that enters is held against those that
// wait, once; so the order of arrival plays no part, and certificates that prove only each other
// never enter. Nothing is ever taken out: after a removal everything is computed from the start.
#include "settle.h"

#include "required.h"

static size_t find_any(const codicil_identity *identity) {
  const codicil_required_domain *required;
  for (size_t i = 0; (required = codicil_identity_required(identity, i)) != NULL; i++) {
    if (required->type == CODICIL_REQUIRED_ANY) {
      return i;
    }
  }
  return SIZE_MAX;
}

static codicil_standing stands(codicil_decision decision, codicil_cert_reason reason) {
  return (codicil_standing){decision, reason, SIZE_MAX, SIZE_MAX};
}

// The handshake's certificate was validated by the handshake, and ends with its notAfter.
static codicil_standing primary(const codicil_policy_input *in) {
  const codicil_proven *certificate = &in->certificates[0];
  if (certificate->refusal != CODICIL_CERT_NONE) {
    return stands(CODICIL_REJECTED, certificate->refusal);
  }
  return in->unix_s < certificate->path_until ? stands(CODICIL_ACCEPTED, CODICIL_CERT_NONE)
                                              : stands(CODICIL_REJECTED, CODICIL_CERT_EXPIRED);
}

// What is to be said of a secondary certificate before any other has proven anything for it.
static codicil_standing secondary(const codicil_policy_input *in, size_t index,
                                  const codicil_standing *handshake) {
  const codicil_proven *certificate = &in->certificates[index];
  bool is_known = certificate->is_path_known && in->unix_s < certificate->path_until;
  if (is_known && certificate->refusal != CODICIL_CERT_NONE) {
    return stands(CODICIL_REJECTED, certificate->refusal);
  }
  if (handshake->decision != CODICIL_ACCEPTED) {
    return *handshake;
  }
  if (!is_known) {
    return stands(CODICIL_UNEXAMINED, CODICIL_CERT_NONE);
  }
  if (in->config->required_mode == CODICIL_REQUIRED_INSECURE_IGNORE ||
      codicil_identity_required_state(certificate->identity) == CODICIL_REQUIRED_ABSENT) {
    return stands(CODICIL_ACCEPTED, CODICIL_CERT_NONE);
  }
  size_t any = in->config->insecure_any ? find_any(certificate->identity) : SIZE_MAX;
  return any != SIZE_MAX ? (codicil_standing){CODICIL_ACCEPTED, CODICIL_CERT_NONE, any, SIZE_MAX}
                         : stands(CODICIL_WAITING, CODICIL_CERT_REQUIRED_DOMAIN);
}

// Tells whether a proof of its Required Domain would change anything: it waits, or only "*" made it
// accepted, which is less (docs/protocol.md §5, step 5).
static bool is_open(const codicil_standing *standing) {
  return standing->decision == CODICIL_WAITING ||
         (standing->decision == CODICIL_ACCEPTED && standing->required != SIZE_MAX &&
          standing->proved_by == SIZE_MAX);
}

void codicil_settle(codicil_standing *out, const codicil_policy_input *in) {
  size_t num = 0;
  for (size_t i = 0; i < in->num_certificates; i++) {
    out[i] = i == 0 ? primary(in) : secondary(in, i, &out[0]);
    if (out[i].decision == CODICIL_ACCEPTED) {
      in->queue[num++] = i;
    }
  }
  // A certificate enters the queue at most twice: by "*" and by a name.
  for (size_t at = 0; at < num; at++) {
    size_t by = in->queue[at];
    for (size_t i = 1; i < in->num_certificates; i++) {
      //= https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-http2-secondary-certs#section-6.1
      //# require that a certificate
      //# previously accepted on the connection (including the certificate presented in
      //# TLS) lists the Required Domain in the Subject field or the Subject Alternative
      //# Name extension
      //
      // We narrow it: subjectAltName alone, and the connection is authoritative for that name.
      size_t required = is_open(&out[i]) ? codicil_required_proven_by(in, i, by) : SIZE_MAX;
      if (required != SIZE_MAX) {
        out[i] = (codicil_standing){CODICIL_ACCEPTED, CODICIL_CERT_NONE, required, by};
        in->queue[num++] = i;
      }
    }
  }
}

// Decisions in sentences that a person can read.
//
// Names in them come from certificates and origins, where only letters, digits and the like get
// in; so they are safe to print.
#include <stdio.h>

#include "accept.h"
#include "required.h"

// Returns the length of what snprintf wrote, or could have.
static size_t cut(int len, size_t out_len) {
  size_t full = len > 0 ? (size_t)len : 0;
  return full < out_len ? full : out_len - 1;
}

static void name_certificate(size_t index, char *out, size_t out_len) {
  if (index == 0) {
    snprintf(out, out_len, "the handshake's certificate");
  } else {
    snprintf(out, out_len, "secondary certificate %zu", index);
  }
}

// ---- required domains ---------------------------------------------------------------------------

enum { CERTIFICATE_TEXT = 64, REQUIRED_TEXT = CODICIL_REQUIRED_DOMAIN_TEXT_MAX + 160 };

static const char *unproven(const codicil_required_report *report) {
  switch (report->reason) {
  case CODICIL_ROUTE_CERTIFICATE:
    return "the certificate that covers it is not accepted";
  case CODICIL_ROUTE_MISDIRECTED:
    return "the server answered 421 for it";
  case CODICIL_ROUTE_ORIGIN_SET:
    return "the server's Origin Set does not list it";
  case CODICIL_ROUTE_DNS_MISMATCH:
    return report->required->type == CODICIL_REQUIRED_ADDRESS ? "it is not this server's address"
                                                              : "DNS does not lead to this server";
  case CODICIL_ROUTE_DNS_FAILURE:
    return report->answer == CODICIL_WAIT ? "DNS has not said yet where it leads"
                                          : "its addresses could not be found";
  default:
    return report->required->type == CODICIL_REQUIRED_WILDCARD
               ? "no name that it stands for is"
               : "no other accepted certificate covers it";
  }
}

// "its Required Domain glue.example is proven by secondary certificate 1 (2020 draft §5)"
static void tell_proven(char *out, size_t out_len, const codicil_required_domain *required,
                        size_t proved_by) {
  char name[CODICIL_REQUIRED_DOMAIN_TEXT_MAX];
  char certificate[CERTIFICATE_TEXT];
  if (proved_by == SIZE_MAX) {
    snprintf(out, out_len, "its Required Domain * is satisfied by anything (2020 draft §5)");
    return;
  }
  codicil_required_domain_format(required, name, sizeof name);
  name_certificate(proved_by, certificate, sizeof certificate);
  snprintf(out, out_len, "its Required Domain %s is proven by %s (2020 draft §5)", name,
           certificate);
}

// "its Required Domain glue.example is not proven: …"
static void tell_unproven(char *out, size_t out_len, const codicil_required_report *report) {
  char name[CODICIL_REQUIRED_DOMAIN_TEXT_MAX];
  codicil_required_domain_format(report->required, name, sizeof name);
  snprintf(out, out_len, "its Required Domain %s is not proven: %s", name, unproven(report));
}

// ---- a route ------------------------------------------------------------------------------------

static int explain_use(const codicil_route *route, const char *text, char *out, size_t out_len) {
  if (route->reason == CODICIL_ROUTE_OWN_ORIGIN) {
    return snprintf(out, out_len, "%s: %s (%s)", text, codicil_route_reason_text(route->reason),
                    route->rule);
  }
  char certificate[CERTIFICATE_TEXT];
  char required[REQUIRED_TEXT] = "";
  name_certificate(route->certificate, certificate, sizeof certificate);
  if (route->required != NULL) {
    tell_proven(required, sizeof required, route->required, route->proved_by);
  }
  return snprintf(out, out_len, "%s: %s covers it%s%s%s%s", text, certificate,
                  route->required != NULL ? "; " : "", required, route->dns != NULL ? "; " : "",
                  route->dns != NULL ? route->dns : "");
}

static int explain_certificate(const codicil_route *route, const char *text, const char *yet,
                               char *out, size_t out_len) {
  char certificate[CERTIFICATE_TEXT];
  char required[REQUIRED_TEXT] = "";
  codicil_required_report report = {route->required, route->required_answer,
                                    route->required_reason};
  name_certificate(route->certificate, certificate, sizeof certificate);
  if (report.required != NULL) {
    tell_unproven(required, sizeof required, &report);
  }
  return snprintf(out, out_len, "%s: %s%s covers it but is not accepted: %s (%s)", text, yet,
                  certificate,
                  report.required != NULL ? required : codicil_cert_reason_text(route->cert_reason),
                  route->rule);
}

static int explain_no(const codicil_route *route, const char *text, char *out, size_t out_len) {
  const char *yet = route->answer == CODICIL_WAIT ? "not yet: " : "";
  if (route->reason == CODICIL_ROUTE_CERTIFICATE) {
    return explain_certificate(route, text, yet, out, out_len);
  }
  const char *more =
      route->cert_reason == CODICIL_CERT_LIMIT ? ", and further ones passed the limit" : "";
  return snprintf(out, out_len, "%s: %s%s%s (%s)", text, yet,
                  codicil_route_reason_text(route->reason), more, route->rule);
}

size_t codicil_route_explain(const codicil_route *route, const codicil_origin *origin, char *out,
                             size_t out_len) {
  char text[CODICIL_ORIGIN_TEXT_MAX];
  codicil_origin_format(origin, text, sizeof text);
  int len = route->answer == CODICIL_USE ? explain_use(route, text, out, out_len)
                                         : explain_no(route, text, out, out_len);
  return cut(len, out_len);
}

// ---- a certificate ------------------------------------------------------------------------------

static int explain_accepted(const codicil_policy_input *in, size_t index, char *out,
                            size_t out_len) {
  const codicil_standing *standing = &in->standings[index];
  const codicil_proven *certificate = &in->certificates[index];
  const char *rule = codicil_policy_rule(in, index);
  if (certificate->proof == NULL) {
    return snprintf(out, out_len, "accepted: the TLS handshake proved it (%s)", rule);
  }
  if (standing->required == SIZE_MAX) {
    bool is_absent =
        codicil_identity_required_state(certificate->identity) == CODICIL_REQUIRED_ABSENT;
    return snprintf(out, out_len, "accepted: its Required Domain is %s (%s)",
                    is_absent ? "absent, which is allowed here" : "not looked at", rule);
  }
  char required[REQUIRED_TEXT];
  tell_proven(required, sizeof required,
              codicil_identity_required(certificate->identity, standing->required),
              standing->proved_by);
  return snprintf(out, out_len, "accepted: %s", required);
}

static int explain_decision(const codicil_policy_input *in, size_t index, char *out,
                            size_t out_len) {
  const codicil_standing *standing = &in->standings[index];
  const char *rule = codicil_policy_rule(in, index);
  if (standing->decision == CODICIL_ACCEPTED) {
    return explain_accepted(in, index, out, out_len);
  }
  if (standing->decision == CODICIL_UNEXAMINED) {
    return snprintf(out, out_len, "unexamined: no name of it was wanted (%s)", rule);
  }
  if (standing->decision == CODICIL_REJECTED) {
    bool is_lost = index != 0 && in->certificates[index].refusal == CODICIL_CERT_NONE;
    return snprintf(out, out_len, "rejected: %s%s (%s)",
                    is_lost ? "of the handshake's certificate, " : "",
                    codicil_cert_reason_text(standing->reason), rule);
  }
  char required[REQUIRED_TEXT];
  codicil_required_report report = codicil_required_tell(in, index);
  tell_unproven(required, sizeof required, &report);
  return snprintf(out, out_len, "waiting: %s (%s)", required, rule);
}

size_t codicil_session_explain_certificate(const codicil_session *session, size_t index, char *out,
                                           size_t out_len) {
  if (index >= session->num_certificates) {
    out[0] = '\0';
    return 0;
  }
  codicil_policy_input in = codicil_accept_input(session);
  return cut(explain_decision(&in, index, out, out_len), out_len);
}

// What connections want to know of DNS: see wants.h.
#include "client/wants.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct client_want {
  client_connection *connection;
  size_t index;
  codicil_origin origin;
  client_location where;
  client_want *next;
};

void client_wants_add(client_wants *wants, client_connection *connection, size_t index) {
  const codicil_origin *origin = client_connection_dns_want(connection, index);
  client_want *want = origin != NULL ? calloc(1, sizeof *want) : NULL;
  if (want == NULL) {
    return;
  }
  want->connection = connection;
  want->index = index;
  want->origin = *origin;
  want->next = wants->first;
  wants->first = want;
}

// "127.0.0.1, ::1"; cut where there are many.
static void write_addresses(char *out, size_t out_len, const codicil_evidence *evidence) {
  size_t len = 0;
  out[0] = '\0';
  for (size_t i = 0; i < evidence->num_addresses && len < out_len; i++) {
    char text[REPORT_REMOTE_TEXT];
    codicil_address_format(&evidence->addresses[i], text, sizeof text);
    len += (size_t)snprintf(out + len, out_len - len, "%s%s", i > 0 ? ", " : "", text);
  }
}

static void show(const client_wants *wants, const client_want *want) {
  codicil_evidence evidence = client_location_evidence(&want->where);
  const client_lookup *lookup = want->where.lookup;
  char origin[CODICIL_ORIGIN_TEXT_MAX], addresses[256];
  codicil_origin_format(&want->origin, origin, sizeof origin);
  write_addresses(addresses, sizeof addresses, &evidence);
  verbose_line(wants->verbose, client_connection_id(want->connection),
               "%s for the required domain %s: %s%s", lookup != NULL ? "DNS" : "given addresses",
               origin, evidence.dns == CODICIL_DNS_ANSWERED ? addresses : lookup->error,
               lookup != NULL && lookup->is_secure ? " (validated)" : "");
}

// Tells whether it is done with: answered, or not to be answered any more.
static bool step(const client_wants *wants, client_want *want, codicil_now now) {
  bool is_open = client_connection_dns_want(want->connection, want->index) != NULL;
  bool has_begun = client_location_has_begun(&want->where);
  if (!is_open || (!has_begun && !client_location_begin(&want->where, wants->hosts, wants->resolver,
                                                        &want->origin))) {
    return true;
  }
  codicil_evidence evidence = client_location_evidence(&want->where);
  if (evidence.dns == CODICIL_DNS_UNKNOWN) {
    return false;
  }
  show(wants, want);
  client_connection_resume_dns(want->connection, want->index, &want->where.endpoint, &evidence,
                               client_location_until_s(&want->where, now));
  return true;
}

void client_wants_step(client_wants *wants, codicil_now now) {
  // Answers make wants: of names behind the one that is proven now. They come to the front.
  client_want *open = wants->first;
  wants->first = NULL;
  while (open != NULL) {
    client_want *want = open;
    open = want->next;
    if (step(wants, want, now)) {
      free(want);
    } else {
      want->next = wants->first;
      wants->first = want;
    }
  }
}

void client_wants_clear(client_wants *wants) {
  while (wants->first != NULL) {
    client_want *want = wants->first;
    wants->first = want->next;
    free(want);
  }
}

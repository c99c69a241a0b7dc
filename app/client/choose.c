// Which connection a request goes on: see choose.h.
#include "client/choose.h"

enum { MIN_WAIT_MS = 20, MAX_WAIT_MS = 300 };

uint64_t choose_wait_ns(int64_t wait_ms, uint64_t handshake_ns) {
  const uint64_t ms = 1000000;
  if (wait_ms >= 0) {
    return (uint64_t)wait_ms * ms;
  }
  if (handshake_ns < MIN_WAIT_MS * ms) {
    return MIN_WAIT_MS * ms;
  }
  return handshake_ns > MAX_WAIT_MS * ms ? MAX_WAIT_MS * ms : handshake_ns;
}

bool choose_may_use(const choose_fact *f) {
  return (f->stage == CHOOSE_AWAIT_SETTINGS || f->stage == CHOOSE_OPEN) &&
         f->route.answer == CODICIL_USE;
}

// Tells whether the answer may still become USE, time aside. The server proves what it has as soon
// as our SETTINGS reach it, which is a round trip after its own came: until ORIGIN says what is to
// be expected, "not covered" only means "not yet".
static bool may_become_use(const choose_fact *f) {
  // Else many hosts would open their connections one after the other, each waiting for the last.
  if ((f->is_late && !f->is_own) || f->is_outdone) {
    return false;
  }
  switch (f->stage) {
  case CHOOSE_CONNECTING:
  case CHOOSE_AWAIT_SETTINGS:
    return f->is_own || f->address_matches;
  case CHOOSE_OPEN:
    // At the limit what comes is passed over: there is nothing to wait for.
    if (f->support != CODICIL_SUPPORT_YES || f->route.cert_reason == CODICIL_CERT_LIMIT) {
      return false;
    }
    return f->route.answer == CODICIL_WAIT || (f->address_matches && !f->origin_set_is_final &&
                                               f->route.reason == CODICIL_ROUTE_NOT_COVERED);
  case CHOOSE_CLOSED:
    break;
  }
  return false;
}

// Of several reasons to open a connection, the one that says most comes first.
static int weight(codicil_route_reason reason) {
  static const codicil_route_reason order[] = {
      CODICIL_ROUTE_DNS_FAILURE, CODICIL_ROUTE_DNS_MISMATCH, CODICIL_ROUTE_PORT,
      CODICIL_ROUTE_NOT_COVERED, CODICIL_ROUTE_NO_SUPPORT,   CODICIL_ROUTE_REFUSED,
      CODICIL_ROUTE_ORIGIN_SET,  CODICIL_ROUTE_WAITED,       CODICIL_ROUTE_MISDIRECTED,
      CODICIL_ROUTE_CERTIFICATE};
  for (int i = 0; i < (int)(sizeof order / sizeof order[0]); i++) {
    if (order[i] == reason) {
      return i + 1;
    }
  }
  return 0;
}

// What a request would be held for, had ORIGIN not told that nothing is to be expected.
static bool is_ended_by_origin_set(const choose_fact *f, uint64_t now_ns) {
  choose_fact unknown = *f;
  unknown.origin_set_is_final = false;
  return f->stage == CHOOSE_OPEN && f->origin_set_is_final && now_ns < f->hold_until_ns &&
         !may_become_use(f) && may_become_use(&unknown);
}

static codicil_route_reason reason_of(const choose_fact *f, bool was_held, uint64_t now_ns) {
  // Of a connection that cannot be asked yet its address alone is known.
  if (f->stage == CHOOSE_CONNECTING) {
    return f->address_matches ? CODICIL_ROUTE_OWN_ORIGIN : CODICIL_ROUTE_DNS_MISMATCH;
  }
  // What was held until its time ran out waited, whatever the last answer was.
  if (f->route.answer == CODICIL_WAIT || (was_held && may_become_use(f))) {
    return CODICIL_ROUTE_WAITED;
  }
  return is_ended_by_origin_set(f, now_ns) ? CODICIL_ROUTE_ORIGIN_SET : f->route.reason;
}

static void weigh(choose_result *result, const choose_fact *f, size_t index,
                  codicil_route_reason reason) {
  if (weight(reason) > weight(result->reason)) {
    result->reason = reason;
    result->cert_reason = f->route.cert_reason;
    result->connection = index;
  }
}

choose_result choose_connection(const choose_fact *facts, size_t num_facts, bool was_held,
                                uint64_t now_ns) {
  choose_result result = {.action = CHOOSE_NEW,
                          .connection = SIZE_MAX,
                          .reason = CODICIL_ROUTE_OWN_ORIGIN,
                          .certificate = SIZE_MAX,
                          .wake_ns = UINT64_MAX};
  for (size_t i = 0; i < num_facts; i++) {
    const choose_fact *f = &facts[i];
    if (choose_may_use(f) && !f->is_within && !f->is_outdone) {
      return (choose_result){CHOOSE_USE,           i,         f->route.reason, CODICIL_CERT_NONE,
                             f->route.certificate, UINT64_MAX};
    }
    bool is_connecting = f->stage == CHOOSE_CONNECTING;
    if (may_become_use(f) && (is_connecting || now_ns < f->hold_until_ns)) {
      result.action = CHOOSE_HOLD;
      if (!is_connecting && f->hold_until_ns < result.wake_ns) {
        result.wake_ns = f->hold_until_ns;
      }
    }
    if (f->stage != CHOOSE_CLOSED) {
      weigh(&result, f, i, reason_of(f, was_held, now_ns));
    }
  }
  return result;
}

// One session's state: what each file of the session owns, side by side.
//
// The states say what is awaited. Every input goes through the table in session.c; a handler here
// changes the state in one place.
#ifndef CODICIL_SESSION_STATE_H
#define CODICIL_SESSION_STATE_H

#include "authority.h"
#include "event_queue.h"
#include "kept_chain.h"
#include "origin_set.h"
#include "outbox.h"
#include "policy.h"
#include "reassemble.h"
#include "session_config.h"

typedef enum codicil_session_state {
  CODICIL_STATE_AWAIT_SETTINGS, // we offered
  CODICIL_STATE_ON,             // we offered, and so did the peer
  CODICIL_STATE_OFF,            // we offered, the peer did not (yet)
  CODICIL_STATE_NOT_OFFERED,
  CODICIL_STATE_FAILED, // only codicil_session_free may be called
  CODICIL_NUM_STATES
} codicil_session_state;

typedef enum codicil_session_input {
  CODICIL_IN_TLS_READY,
  CODICIL_IN_SETTING,
  CODICIL_IN_SETTINGS_END,
  CODICIL_IN_FRAME_BEGIN,
  CODICIL_IN_FRAME_DATA,
  CODICIL_IN_FRAME_END,
  CODICIL_IN_FRAME_ELSEWHERE,
  CODICIL_IN_ORIGIN,
  CODICIL_NUM_INPUTS
} codicil_session_input;

// The argument of an input; each reads its own member.
typedef union codicil_session_arg {
  const codicil_tls *tls;
  uint64_t value; // of the setting, or length of the payload
  codicil_span bytes;
  codicil_now now;
  struct {
    const codicil_span *entries;
    size_t num;
  } origin;
} codicil_session_arg;

struct codicil_session {
  const codicil_mem *mem;
  const codicil_config *config;
  codicil_role role;
  codicil_session_state state;
  codicil_err err; // that ended it
  const codicil_tls *tls;
  codicil_ea *ea;     // made when it is first needed
  bool peer_sent_one; // the setting, with value 1
  bool has_said_support;
  size_t num_ignored;
  bool had_frame_elsewhere; // before the feature was on
  codicil_event_queue events;

  // Client.
  codicil_peer peer;
  bool has_peer;
  codicil_reassembly in;
  codicil_proven *certificates; // 0 is the handshake's
  size_t num_certificates;
  size_t certificates_cap;
  codicil_kept_chain handshake; // its chain
  codicil_authority authority;
  codicil_origin_set origins;
  codicil_wants wants;
  int64_t unix_s;   // of the last call that told
  int64_t next_end; // Unix time at which a decision ends

  // Server.
  codicil_outbox outbox;
  const codicil_identity *own_primary;
};

typedef codicil_err codicil_step(codicil_session *s, const codicil_session_arg *arg);

// Returns the handler of one cell of the table; never NULL.
codicil_step *codicil_session_cell(codicil_role role, codicil_session_state state,
                                   codicil_session_input input);
// Ends the session where `err` is fatal; returns `err`.
codicil_err codicil_session_fail(codicil_session *s, codicil_err err);
// Makes the state of RFC 9261 for this connection, where it is not there yet.
CODICIL_MUST_USE codicil_err codicil_session_need_ea(codicil_session *s);

// negotiate.c
codicil_step codicil_on_setting, codicil_on_settings_end;
// receive.c
codicil_step codicil_on_frame_begin, codicil_on_frame_begin_ignored, codicil_on_frame_unexpected,
    codicil_on_frame_data, codicil_on_frame_end, codicil_on_frame_elsewhere, codicil_on_origin,
    codicil_on_origin_ignored;

#endif

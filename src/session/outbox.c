// A server's credentials: offered, signed, cut into frames, sent. See outbox.h.
#include "outbox.h"

#include "mem.h"
#include "session_state.h"
#include "span.h"
#include "trace.h"
#include "writer.h"

// Wants that may be open at once: enough to hide a remote signer's latency, few enough that one
// connection does not fill its queue.
enum { MAX_SIGNING = 4 };

// certificate_request_context: 32 octets are unpredictable and will not repeat (RFC 9261 §5.2.1).
enum { CONTEXT_LEN = 32 };

// RFC 8446 §4.4.3: opaque signature<0..2^16-1>.
enum { SIGNATURE_LEN_MAX = 65535 };

static void push(codicil_session *s, codicil_event_type type, size_t index,
                 codicil_ea_signing *signing, codicil_err err) {
  codicil_event_queue_push(
      &s->events, (codicil_event){.type = type, .index = index, .signing = signing, .err = err});
}

// ---- signing ------------------------------------------------------------------------------------

static void drop_signing(codicil_session *s, codicil_offer *offer) {
  if (offer->signing != NULL) {
    codicil_event_queue_withdraw(&s->events,
                                 (codicil_event){.type = CODICIL_EVENT_WANT_SIGN,
                                                 .index = (size_t)(offer - s->outbox.offers),
                                                 .signing = offer->signing});
    codicil_ea_signing_free(offer->signing);
    offer->signing = NULL;
    s->outbox.num_signing--;
  }
}

static void skip_finished(codicil_outbox *outbox) {
  while (outbox->to_send < outbox->num_offers &&
         outbox->offers[outbox->to_send].state >= CODICIL_OFFER_SENT) {
    outbox->to_send++;
  }
}

static void release(codicil_offer *offer) {
  codicil_credential_free(offer->credential);
  offer->credential = NULL;
  codicil_buf_clear(&offer->authenticator);
}

static void give_up(codicil_session *s, size_t index, codicil_err err) {
  codicil_offer *offer = &s->outbox.offers[index];
  if (offer->state == CODICIL_OFFER_SIGNING) {
    s->outbox.num_authenticators--;
    drop_signing(s, offer);
  }
  offer->state = CODICIL_OFFER_GIVEN_UP;
  release(offer);
  skip_finished(&s->outbox);
  push(s, CODICIL_EVENT_NOT_SENT, index, NULL, err);
  codicil_trace_emit(&s->config->trace, "outbox:given-up", codicil_trace_uint("offer", index),
                     codicil_trace_text("err", codicil_err_name(err)));
}

static codicil_err begin(codicil_session *s, codicil_offer *offer) {
  if (s->outbox.num_authenticators >=
          codicil_limit_of(s->config, CODICIL_LIMIT_SEND_AUTHENTICATORS) ||
      s->outbox.authenticators_len >=
          codicil_limit_of(s->config, CODICIL_LIMIT_SEND_AUTHENTICATORS_LEN)) {
    return CODICIL_LIMIT;
  }
  if (s->config->random.fill == NULL) {
    return CODICIL_USAGE;
  }
  codicil_err err = codicil_session_need_ea(s);
  if (err != CODICIL_OK) {
    return err;
  }
  uint8_t context[CONTEXT_LEN];
  if (!s->config->random.fill(s->config->random.ctx, context, sizeof context)) {
    return CODICIL_CRYPTO;
  }
  return codicil_ea_begin(s->ea, &offer->signing, offer->credential, codicil_span_of(NULL, 0),
                          codicil_span_of(context, sizeof context));
}

static void start(codicil_session *s, size_t index) {
  codicil_offer *offer = &s->outbox.offers[index];
  codicil_err err = begin(s, offer);
  if (err != CODICIL_OK) {
    give_up(s, index, err);
    return;
  }
  offer->state = CODICIL_OFFER_SIGNING;
  s->outbox.num_signing++;
  s->outbox.num_authenticators++;
  push(s, CODICIL_EVENT_WANT_SIGN, index, offer->signing, CODICIL_OK);
}

void codicil_outbox_pump(codicil_session *s) {
  codicil_outbox *outbox = &s->outbox;
  if (s->state != CODICIL_STATE_ON || s->tls == NULL) {
    return;
  }
  while (outbox->to_sign < outbox->num_offers && outbox->num_signing < MAX_SIGNING) {
    outbox->to_sign++;
    start(s, outbox->to_sign - 1);
  }
}

static size_t least(size_t a, size_t b) {
  return a < b ? a : b;
}

// What the peer would refuse, and what passes our own budget, is not sent.
static codicil_err finish(codicil_session *s, codicil_offer *offer, codicil_span signature) {
  size_t budget = codicil_limit_of(s->config, CODICIL_LIMIT_SEND_AUTHENTICATORS_LEN);
  size_t left = budget - least(budget, s->outbox.authenticators_len);
  size_t max = codicil_limit_of(s->config, CODICIL_LIMIT_AUTHENTICATOR_LEN);
  codicil_buf_init(&offer->authenticator, s->mem, least(max, left));
  return codicil_ea_finish(offer->signing, &offer->authenticator, signature);
}

static void complete(codicil_session *s, size_t index, codicil_span signature) {
  codicil_offer *offer = &s->outbox.offers[index];
  codicil_err err = finish(s, offer, signature);
  if (err != CODICIL_OK) {
    give_up(s, index, err);
    return;
  }
  drop_signing(s, offer);
  codicil_credential_free(offer->credential);
  offer->credential = NULL;
  offer->state = CODICIL_OFFER_READY;
  s->outbox.authenticators_len += offer->authenticator.len;
  push(s, CODICIL_EVENT_SENT, index, NULL, CODICIL_OK);
  codicil_trace_emit(&s->config->trace, "outbox:ready", codicil_trace_uint("offer", index),
                     codicil_trace_uint("len", offer->authenticator.len));
}

static size_t find(const codicil_session *s, const codicil_ea_signing *signing) {
  for (size_t i = 0; signing != NULL && i < s->outbox.num_offers; i++) {
    if (s->outbox.offers[i].signing == signing) {
      return i;
    }
  }
  return SIZE_MAX;
}

codicil_err codicil_session_sign(codicil_session *session, codicil_ea_signing *signing) {
  size_t index = find(session, signing);
  if (index == SIZE_MAX) {
    return CODICIL_USAGE;
  }
  codicil_buf signature;
  codicil_buf_init(&signature, session->mem, SIGNATURE_LEN_MAX);
  codicil_err err = codicil_ea_signing_sign(signing, &signature);
  if (err == CODICIL_OK) {
    complete(session, index, codicil_buf_span(&signature));
  } else if (err != CODICIL_USAGE) {
    give_up(session, index, err);
    err = CODICIL_OK;
  }
  codicil_buf_clear(&signature);
  codicil_outbox_pump(session);
  return err;
}

codicil_err codicil_session_resume_sign(codicil_session *session, codicil_ea_signing *signing,
                                        codicil_span signature) {
  size_t index = find(session, signing);
  if (index == SIZE_MAX) {
    return CODICIL_USAGE;
  }
  complete(session, index, signature);
  codicil_outbox_pump(session);
  return CODICIL_OK;
}

void codicil_session_abandon_sign(codicil_session *session, codicil_ea_signing *signing) {
  size_t index = find(session, signing);
  if (index != SIZE_MAX) {
    give_up(session, index, CODICIL_CRYPTO);
    codicil_outbox_pump(session);
  }
}

// ---- offers -------------------------------------------------------------------------------------

codicil_err codicil_session_offer(codicil_session *session, codicil_credential *credential,
                                  const codicil_identity *identity) {
  codicil_outbox *outbox = &session->outbox;
  if (session->role != CODICIL_SERVER || session->state == CODICIL_STATE_FAILED) {
    return CODICIL_USAGE;
  }
  // A want, and what became of it.
  codicil_err err = codicil_event_queue_reserve(&session->events, session->mem, 2);
  void *offers = outbox->offers;
  if (err == CODICIL_OK) {
    err = codicil_mem_grow(session->mem, &offers, &outbox->offers_cap, outbox->num_offers + 1,
                           SIZE_MAX, sizeof *outbox->offers);
    outbox->offers = offers;
  }
  if (err != CODICIL_OK) {
    return err;
  }
  outbox->offers[outbox->num_offers] =
      (codicil_offer){.credential = codicil_credential_ref(credential), .identity = identity};
  outbox->num_offers++;
  codicil_outbox_pump(session);
  return CODICIL_OK;
}

// ---- ORIGIN -------------------------------------------------------------------------------------

// RFC 8336 §2.1: Origin-Len (16), ASCII-Origin.
static codicil_err write_entry(codicil_buf *out, const codicil_origin *origin) {
  char text[CODICIL_ORIGIN_TEXT_MAX];
  size_t len = codicil_origin_format(origin, text, sizeof text);
  codicil_writer w = codicil_writer_of(out);
  size_t mark = codicil_write_open(&w, 2);
  codicil_write_bytes(&w, codicil_span_of(text, len));
  codicil_write_close(&w, mark, 2);
  return codicil_writer_finish(&w);
}

static codicil_err add_origin_frame(codicil_session *s) {
  codicil_outbox *outbox = &s->outbox;
  void *frames = outbox->origin_frames;
  codicil_err err =
      codicil_mem_grow(s->mem, &frames, &outbox->origin_frames_cap, outbox->num_origin_frames + 1,
                       SIZE_MAX, sizeof *outbox->origin_frames);
  outbox->origin_frames = frames;
  if (err == CODICIL_OK) {
    codicil_buf_init(&outbox->origin_frames[outbox->num_origin_frames], s->mem,
                     codicil_limit_of(s->config, CODICIL_LIMIT_FRAME_LEN));
    outbox->num_origin_frames++;
  }
  return err;
}

// Appends to the last frame; opens another where this entry does not fit whole.
static codicil_err add_origin(codicil_session *s, const codicil_origin *origin) {
  codicil_outbox *outbox = &s->outbox;
  codicil_err err = write_entry(&outbox->origin_frames[outbox->num_origin_frames - 1], origin);
  if (err != CODICIL_LIMIT) {
    return err;
  }
  err = add_origin_frame(s);
  return err == CODICIL_OK
             ? write_entry(&outbox->origin_frames[outbox->num_origin_frames - 1], origin)
             : err;
}

static void cut_origin_frames(codicil_outbox *outbox, size_t num) {
  while (outbox->num_origin_frames > num) {
    outbox->num_origin_frames--;
    codicil_buf_clear(&outbox->origin_frames[outbox->num_origin_frames]);
  }
}

static size_t origins_len(const codicil_origin *origins, size_t num) {
  size_t len = 0;
  for (size_t i = 0; i < num; i++) {
    char text[CODICIL_ORIGIN_TEXT_MAX];
    len += 2 + codicil_origin_format(&origins[i], text, sizeof text);
  }
  return len;
}

codicil_err codicil_session_send_origins(codicil_session *session, const codicil_origin *origins,
                                         size_t num_origins) {
  codicil_outbox *outbox = &session->outbox;
  if (session->role != CODICIL_SERVER || session->state == CODICIL_STATE_FAILED) {
    return CODICIL_USAGE;
  }
  size_t len = origins_len(origins, num_origins);
  // One place is the initial origin's (RFC 8336 §2.3), which the client puts in by itself.
  size_t max = codicil_limit_of(session->config, CODICIL_LIMIT_ORIGINS);
  size_t num_taken = least(max, outbox->num_origins + 1);
  if (num_origins > max - num_taken ||
      len > codicil_limit_of(session->config, CODICIL_LIMIT_ORIGINS_LEN) - outbox->origins_len) {
    return CODICIL_BAD_INPUT;
  }
  size_t num_before = outbox->num_origin_frames;
  codicil_err err = add_origin_frame(session);
  for (size_t i = 0; err == CODICIL_OK && i < num_origins; i++) {
    err = add_origin(session, &origins[i]);
  }
  if (err != CODICIL_OK) {
    cut_origin_frames(outbox, num_before);
    return err;
  }
  outbox->num_origins += num_origins;
  outbox->origins_len += len;
  return CODICIL_OK;
}

// ---- frames out ---------------------------------------------------------------------------------

static bool has_origin_frame(const codicil_outbox *outbox) {
  return outbox->origin_to_send < outbox->num_origin_frames;
}

static const codicil_offer *ready_offer(const codicil_outbox *outbox) {
  bool ready = outbox->to_send < outbox->num_offers &&
               outbox->offers[outbox->to_send].state == CODICIL_OFFER_READY;
  return ready ? &outbox->offers[outbox->to_send] : NULL;
}

static codicil_span next_cut(const codicil_session *s, const codicil_offer *offer) {
  return codicil_span_sub(codicil_buf_span(&offer->authenticator), offer->popped_len,
                          codicil_limit_of(s->config, CODICIL_LIMIT_FRAME_LEN));
}

bool codicil_session_peek_frame(const codicil_session *session, codicil_frame_type *out_type,
                                codicil_span *out) {
  const codicil_outbox *outbox = &session->outbox;
  if (session->state == CODICIL_STATE_FAILED) {
    return false;
  }
  if (has_origin_frame(outbox)) {
    *out_type = CODICIL_FRAME_ORIGIN;
    *out = codicil_buf_span(&outbox->origin_frames[outbox->origin_to_send]);
    return true;
  }
  const codicil_offer *offer = ready_offer(outbox);
  if (offer == NULL) {
    return false;
  }
  *out_type = CODICIL_FRAME_SERVER_CERTIFICATE;
  *out = next_cut(session, offer);
  return true;
}

static void pop_cut(codicil_session *s) {
  codicil_offer *offer = &s->outbox.offers[s->outbox.to_send];
  offer->popped_len += next_cut(s, offer).len;
  if (offer->popped_len < offer->authenticator.len) {
    return;
  }
  offer->state = CODICIL_OFFER_SENT;
  release(offer);
  codicil_trace_emit(&s->config->trace, "outbox:sent",
                     codicil_trace_uint("offer", s->outbox.to_send));
  skip_finished(&s->outbox);
}

void codicil_session_pop_frame(codicil_session *session) {
  codicil_outbox *outbox = &session->outbox;
  if (has_origin_frame(outbox)) {
    codicil_buf_clear(&outbox->origin_frames[outbox->origin_to_send]);
    outbox->origin_to_send++;
  } else if (ready_offer(outbox) != NULL) {
    pop_cut(session);
  }
}

void codicil_outbox_clear(codicil_outbox *outbox, const codicil_mem *mem) {
  for (size_t i = 0; i < outbox->num_offers; i++) {
    codicil_ea_signing_free(outbox->offers[i].signing);
    release(&outbox->offers[i]);
  }
  cut_origin_frames(outbox, 0);
  codicil_mem_free(mem, outbox->offers);
  codicil_mem_free(mem, outbox->origin_frames);
  *outbox = (codicil_outbox){0};
}

// nghttp3, QUIC and the session: which octets go where.
//
// The two control streams pass through control_out and control_in; of the peer's other streams the
// headers of frames are watched. nghttp3 gets every octet of the peer but those of our frames, and
// each of its own reaches QUIC. Once anything fails, everything is refused.
#include "codicil/h3.h"

#include "control_in.h"
#include "control_out.h"
#include "mem.h"
#include "origin_frame.h"
#include "span.h"
#include "stream_watch.h"

enum {
  // RFC 9000 §2.1: the second bit of a stream's number says that it goes one way, the first who
  // opened it.
  STREAM_ONE_WAY = 0x2,
  STREAM_OF_SERVER = 0x1,
  STREAM_TYPE_CONTROL = 0x00, // RFC 9114 §6.2.1
  NO_STREAM = -1,
  ORIGIN_BATCH = 64
};

struct codicil_h3 {
  const codicil_mem *mem;
  codicil_session *session;
  codicil_codepoints codepoints;
  codicil_now (*now)(void *ctx);
  void *now_ctx;
  codicil_h3_control_out out;
  int64_t control_id;
  codicil_h3_control_in in;
  int64_t peer_control_id;
  codicil_h3_streams streams;
  uint64_t num_idle; // on request streams
  codicil_err err;   // ours that ended it, with its code of HTTP/3
  uint64_t code;
  int liberr; // what every call returns from then on; of nghttp3 where `err` is OK
};

codicil_err codicil_h3_new(codicil_h3 **out, const codicil_mem *mem, codicil_session *session,
                           const codicil_codepoints *codepoints, codicil_now (*now)(void *ctx),
                           void *ctx) {
  codicil_h3 *h3 = codicil_mem_zalloc(mem, sizeof *h3);
  if (h3 == NULL) {
    return CODICIL_NOMEM;
  }
  h3->mem = mem;
  h3->session = session;
  h3->codepoints = codepoints != NULL ? *codepoints
                                      : *codicil_config_codepoints(codicil_session_config(session));
  h3->now = now;
  h3->now_ctx = ctx;
  codicil_h3_control_out_init(&h3->out, mem, h3->codepoints.h3_setting,
                              codicil_session_offers(session));
  h3->control_id = NO_STREAM;
  h3->peer_control_id = NO_STREAM;
  h3->streams.mem = mem;
  *out = h3;
  return CODICIL_OK;
}

void codicil_h3_free(codicil_h3 *h3) {
  if (h3 == NULL) {
    return;
  }
  codicil_h3_control_out_clear(&h3->out);
  codicil_h3_control_in_clear(&h3->in);
  codicil_h3_streams_clear(&h3->streams);
  codicil_mem_free(h3->mem, h3);
}

// ---- errors -------------------------------------------------------------------------------------

// Returns what nghttp3 would have returned for an error of this code, for logs.
static int liberr_of(codicil_err err, uint64_t code) {
  switch (code) {
  case NGHTTP3_H3_FRAME_UNEXPECTED:
    return NGHTTP3_ERR_H3_FRAME_UNEXPECTED;
  case NGHTTP3_H3_FRAME_ERROR:
    return NGHTTP3_ERR_H3_FRAME_ERROR;
  case NGHTTP3_H3_MISSING_SETTINGS:
    return NGHTTP3_ERR_H3_MISSING_SETTINGS;
  case NGHTTP3_H3_SETTINGS_ERROR:
    return NGHTTP3_ERR_H3_SETTINGS_ERROR;
  case NGHTTP3_H3_CLOSED_CRITICAL_STREAM:
    return NGHTTP3_ERR_H3_CLOSED_CRITICAL_STREAM;
  default:
    return err == CODICIL_NOMEM ? NGHTTP3_ERR_NOMEM : NGHTTP3_ERR_CALLBACK_FAILURE;
  }
}

// The session learns what it did not see itself, or its router would go on to answer for a
// connection that is over.
static int fail(codicil_h3 *h3, codicil_h3_fault fault) {
  h3->err = fault.err;
  h3->code = fault.code != 0 ? fault.code : codicil_err_h3_code(fault.err, &h3->codepoints);
  h3->liberr = liberr_of(h3->err, h3->code);
  codicil_session_end(h3->session, fault.err);
  return h3->liberr;
}

static int fail_with(codicil_h3 *h3, codicil_err err) {
  return fail(h3, (codicil_h3_fault){.err = err});
}

//= https://www.rfc-editor.org/rfc/rfc9114#section-6.2.1
//# If either control
//# stream is closed at any point, this MUST be treated as a connection
//# error of type H3_CLOSED_CRITICAL_STREAM.
static int fail_critical(codicil_h3 *h3) {
  return fail(h3, (codicil_h3_fault){CODICIL_UNEXPECTED, NGHTTP3_H3_CLOSED_CRITICAL_STREAM});
}

// Keeps an error of nghttp3, after which nothing of it may be called.
static int keep(codicil_h3 *h3, int liberr) {
  if (liberr < 0 && liberr != NGHTTP3_ERR_STREAM_NOT_FOUND && liberr != NGHTTP3_ERR_INVALID_STATE) {
    h3->liberr = liberr;
  }
  return liberr;
}

codicil_err codicil_h3_error(const codicil_h3 *h3) {
  return h3->err;
}

uint64_t codicil_h3_app_error_code(const codicil_h3 *h3, int liberr) {
  if (h3->err != CODICIL_OK) {
    return h3->code;
  }
  return nghttp3_err_infer_quic_app_error_code(h3->liberr != 0 ? h3->liberr : liberr);
}

// ---- in: the control stream ---------------------------------------------------------------------

// Tells of what nghttp3 says before 1.11 (which resets a stream with a malformed field itself), and
// since.
static bool is_malformed(nghttp3_ssize rc) {
  return rc == NGHTTP3_ERR_MALFORMED_HTTP_MESSAGING || rc == NGHTTP3_ERR_MALFORMED_HTTP_HEADER;
}

// nghttp3 is in the middle of the message, and later octets of it would trip an assertion there:
// it is told to pass them over. A message that waited for QPACK's encoder stream is found on that,
// and nobody says which it was: that ends the connection (RFC 9114 §8 allows it).
static int end_message(codicil_h3 *h3, nghttp3_conn *conn, int64_t id) {
  bool is_of_stream = (id & STREAM_ONE_WAY) == 0;
  int rc = is_of_stream ? nghttp3_conn_shutdown_stream_read(conn, id)
                        : NGHTTP3_ERR_MALFORMED_HTTP_HEADER;
  return rc == 0 ? NGHTTP3_ERR_MALFORMED_HTTP_MESSAGING : keep(h3, rc);
}

static nghttp3_ssize pass(codicil_h3 *h3, nghttp3_conn *conn, int64_t id, codicil_span octets,
                          int fin) {
  nghttp3_ssize taken = nghttp3_conn_read_stream(conn, id, octets.data, octets.len, fin);
  //= https://www.rfc-editor.org/rfc/rfc9114#section-4.1.2
  //# Malformed requests or responses that are
  //# detected MUST be treated as a stream error of type H3_MESSAGE_ERROR.
  if (is_malformed(taken)) {
    return end_message(h3, conn, id);
  }
  if (taken < 0) {
    h3->liberr = (int)taken;
  }
  return taken;
}

// RFC 8336 §2.3 lets HTTP/2 pass over a frame that ends inside an entry; HTTP/3 does not.
static codicil_h3_fault recv_origin(codicil_h3 *h3, codicil_span payload) {
  codicil_span entries[ORIGIN_BATCH];
  size_t num;
  if (!codicil_origin_frame_check(payload, &num)) {
    //= https://www.rfc-editor.org/rfc/rfc9114#section-7.1
    //# A frame payload that contains additional bytes
    //# after the identified fields or a frame payload that terminates before
    //# the end of the identified fields MUST be treated as a connection
    //# error of type H3_FRAME_ERROR.
    return (codicil_h3_fault){CODICIL_MALFORMED, NGHTTP3_H3_FRAME_ERROR};
  }
  codicil_reader r = codicil_reader_of(payload);
  codicil_h3_fault fault;
  // Once at least: a frame without entries, too, initialises the Origin Set.
  do {
    num = codicil_origin_frame_take(&r, entries, ORIGIN_BATCH);
    fault = (codicil_h3_fault){.err = codicil_session_recv_origin(h3->session, entries, num)};
  } while (fault.err == CODICIL_OK && num == ORIGIN_BATCH);
  return fault;
}

// What the session makes of a piece that is ours.
static codicil_h3_fault feed_session(codicil_h3 *h3, const codicil_h3_piece *piece) {
  codicil_err err = CODICIL_OK;
  switch (piece->type) {
  case CODICIL_H3_PIECE_SETTING:
    err = codicil_session_recv_setting(h3->session, piece->number);
    break;
  case CODICIL_H3_PIECE_SETTINGS_END:
    codicil_session_recv_settings_end(h3->session);
    break;
  case CODICIL_H3_PIECE_CERT_BEGIN:
    err = codicil_session_recv_frame_begin(h3->session, piece->number);
    break;
  case CODICIL_H3_PIECE_CERT_DATA:
    err = codicil_session_recv_frame_data(h3->session, piece->octets);
    break;
  case CODICIL_H3_PIECE_CERT_END:
    err = codicil_session_recv_frame_end(h3->session, h3->now(h3->now_ctx));
    break;
  case CODICIL_H3_PIECE_ORIGIN: {
    codicil_h3_fault fault = recv_origin(h3, piece->octets);
    codicil_buf_clear(&h3->in.origin);
    return fault;
  }
  default:
    return piece->fault;
  }
  return (codicil_h3_fault){.err = err};
}

static nghttp3_ssize read_control(codicil_h3 *h3, nghttp3_conn *conn, codicil_span octets,
                                  int fin) {
  codicil_reader r = codicil_reader_of(octets);
  uint64_t eaten = h3->in.eaten;
  nghttp3_ssize passed = 0;
  codicil_h3_piece piece;
  do {
    piece = codicil_h3_control_in_next(&h3->in, &r);
    if (piece.type == CODICIL_H3_PIECE_PASS) {
      nghttp3_ssize taken = pass(h3, conn, h3->peer_control_id, piece.octets, 0);
      if (taken < 0) {
        return taken;
      }
      passed += taken;
      continue;
    }
    codicil_h3_fault fault = feed_session(h3, &piece);
    if (fault.err != CODICIL_OK) {
      return fail(h3, fault);
    }
  } while (piece.type != CODICIL_H3_PIECE_NONE);
  return fin != 0 ? fail_critical(h3) : passed + (nghttp3_ssize)(h3->in.eaten - eaten);
}

// ---- in: other streams --------------------------------------------------------------------------

// Collects the type of a stream of one direction in `stream`; tells whether it is whole.
static bool take_type(codicil_h3_stream *stream, codicil_reader *r, uint64_t *out_type) {
  codicil_h3_pair *held = &stream->frames.head;
  bool is_whole = false;
  while (!is_whole && codicil_read_u8(r, &held->octets[held->len])) {
    held->len++;
    codicil_reader whole = codicil_reader_of(codicil_h3_pair_span(held));
    is_whole = codicil_read_varint(&whole, out_type);
  }
  return is_whole;
}

//= https://www.rfc-editor.org/rfc/rfc9114#section-6.2.1
//# Only one control
//# stream per peer is permitted; receipt of a second stream claiming to be a
//# control stream MUST be treated as a connection error of type
//# H3_STREAM_CREATION_ERROR.
//
// The first is ours to filter; of a second nghttp3 makes the error, once it sees the type.
static int identify(codicil_h3 *h3, codicil_h3_stream *stream, uint64_t type) {
  if (type == STREAM_TYPE_CONTROL && h3->peer_control_id == NO_STREAM) {
    codicil_h3_control_in_init(
        &h3->in, h3->mem, &h3->codepoints,
        codicil_config_limit(codicil_session_config(h3->session), CODICIL_LIMIT_ORIGINS_LEN),
        (stream->id & STREAM_OF_SERVER) == 0);
    h3->peer_control_id = stream->id;
    codicil_h3_streams_remove(&h3->streams, stream->id);
    return 0;
  }
  stream->has_type = true;
  codicil_err err = codicil_h3_streams_put(&h3->streams, stream);
  return err == CODICIL_OK ? 0 : fail_with(h3, err);
}

static nghttp3_ssize read_typed(codicil_h3 *h3, nghttp3_conn *conn, int64_t id, codicil_span octets,
                                int fin) {
  if (id == h3->peer_control_id) {
    return read_control(h3, conn, octets, fin);
  }
  if (fin != 0) {
    codicil_h3_streams_remove(&h3->streams, id);
  }
  return octets.len != 0 || fin != 0 ? pass(h3, conn, id, octets, fin) : 0;
}

// Streams of one direction. The type is held back until it is whole, for nghttp3 takes the end of a
// stream inside it for an error; and it is passed on alone, for nghttp3 overlooks the end of a
// critical stream that comes with its type.
static nghttp3_ssize read_one_way(codicil_h3 *h3, nghttp3_conn *conn, int64_t id,
                                  codicil_span octets, int fin) {
  const codicil_h3_stream *known = codicil_h3_streams_find(&h3->streams, id);
  if (id == h3->peer_control_id || (known != NULL && known->has_type)) {
    return read_typed(h3, conn, id, octets, fin);
  }
  codicil_h3_stream stream = known != NULL ? *known : (codicil_h3_stream){.id = id};
  codicil_reader r = codicil_reader_of(octets);
  uint64_t type;
  if (!take_type(&stream, &r, &type)) {
    //= https://www.rfc-editor.org/rfc/rfc9114#section-6.2
    //# A receiver MUST tolerate unidirectional streams being
    //# closed or reset prior to the reception of the unidirectional stream
    //# header.
    if (fin != 0) {
      codicil_h3_streams_remove(&h3->streams, id);
      return (nghttp3_ssize)stream.frames.head.len;
    }
    codicil_err err = codicil_h3_streams_put(&h3->streams, &stream);
    return err == CODICIL_OK ? 0 : fail_with(h3, err);
  }
  int refused = identify(h3, &stream, type);
  if (refused != 0) {
    return refused;
  }
  nghttp3_ssize taken = pass(h3, conn, id, codicil_h3_pair_span(&stream.frames.head), 0);
  nghttp3_ssize rest = taken < 0 ? taken : read_typed(h3, conn, id, r.rest, fin);
  return rest < 0 ? rest : taken + rest;
}

// Remembers a frame that is open, and nothing else.
static codicil_err remember(codicil_h3 *h3, const codicil_h3_stream *stream) {
  if (codicil_h3_frames_at_boundary(&stream->frames)) {
    codicil_h3_streams_remove(&h3->streams, stream->id);
    return CODICIL_OK;
  }
  return codicil_h3_streams_put(&h3->streams, stream);
}

//= https://www.rfc-editor.org/rfc/rfc8336#section-2.2
//# The ORIGIN frame MUST be sent on stream 0; an ORIGIN frame on any
//# other stream is invalid and MUST be ignored.
//
// Request streams; RFC 9412 §2 reads "stream 0" as the control stream. What lies before a frame
// that ends the connection is nghttp3's still, whose errors go first: the outcome is the same
// however the octets are cut.
static nghttp3_ssize read_request(codicil_h3 *h3, nghttp3_conn *conn, int64_t id,
                                  codicil_span octets, int fin) {
  const codicil_h3_stream *known = codicil_h3_streams_find(&h3->streams, id);
  codicil_h3_stream stream = known != NULL ? *known : (codicil_h3_stream){.id = id};
  codicil_reader r = codicil_reader_of(octets);
  codicil_err err = CODICIL_OK;
  size_t start = 0;
  // Where the session minds one of these, it minds the first.
  while (err == CODICIL_OK &&
         codicil_h3_watch(&stream.frames, &start, &r, h3->codepoints.h3_frame)) {
    err = codicil_session_recv_frame_elsewhere(h3->session);
  }
  h3->num_idle += stream.frames.num_idle;
  stream.frames.num_idle = 0;
  if (err != CODICIL_OK) {
    (void)pass(h3, conn, id, codicil_span_sub(octets, 0, start), 0);
    return h3->liberr != 0 ? h3->liberr : fail_with(h3, err);
  }
  err = remember(h3, &stream);
  return err == CODICIL_OK ? pass(h3, conn, id, octets, fin) : fail_with(h3, err);
}

nghttp3_ssize codicil_h3_read_stream(codicil_h3 *h3, nghttp3_conn *conn, int64_t stream_id,
                                     const uint8_t *data, size_t len, int fin) {
  codicil_span octets = codicil_span_of(data, len);
  if (h3->liberr != 0) {
    return h3->liberr;
  }
  return (stream_id & STREAM_ONE_WAY) != 0 ? read_one_way(h3, conn, stream_id, octets, fin)
                                           : read_request(h3, conn, stream_id, octets, fin);
}

// ---- out ----------------------------------------------------------------------------------------

int codicil_h3_bind_control_stream(codicil_h3 *h3, nghttp3_conn *conn, int64_t stream_id) {
  if (h3->liberr != 0) {
    return h3->liberr;
  }
  int rc = nghttp3_conn_bind_control_stream(conn, stream_id);
  if (rc == 0) {
    h3->control_id = stream_id;
  }
  return keep(h3, rc);
}

// Takes over what nghttp3 gave for the control stream, which for nghttp3 is sent and acknowledged
// with that.
static int take_over(codicil_h3 *h3, nghttp3_conn *conn, const nghttp3_vec *vec, size_t num) {
  size_t len = 0;
  for (size_t i = 0; i < num; i++) {
    codicil_err err =
        codicil_h3_control_out_take(&h3->out, codicil_span_of(vec[i].base, vec[i].len));
    if (err != CODICIL_OK) {
      return fail_with(h3, err);
    }
    len += vec[i].len;
  }
  int rc = nghttp3_conn_add_write_offset(conn, h3->control_id, len);
  if (rc == 0) {
    rc = nghttp3_conn_add_ack_offset(conn, h3->control_id, len);
  }
  return keep(h3, rc);
}

//= https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-secondary-server-certs#section-5.2
//# The SERVER_CERTIFICATE frame applies to the connection, not a specific stream. It
//# MUST be sent on the control stream.
static int put_frames_of_session(codicil_h3 *h3) {
  codicil_frame_type type;
  codicil_span payload;
  codicil_err err = CODICIL_OK;
  while (err == CODICIL_OK && codicil_h3_control_out_has_room(&h3->out) &&
         codicil_session_peek_frame(h3->session, &type, &payload)) {
    uint64_t code =
        type == CODICIL_FRAME_ORIGIN ? CODICIL_H3_FRAME_ORIGIN : h3->codepoints.h3_frame;
    err = codicil_h3_control_out_put_frame(&h3->out, code, payload);
    if (err == CODICIL_OK) {
      codicil_session_pop_frame(h3->session);
    }
  }
  return err == CODICIL_OK ? 0 : fail_with(h3, err);
}

nghttp3_ssize codicil_h3_writev_stream(codicil_h3 *h3, nghttp3_conn *conn, int64_t *out_stream_id,
                                       int *out_fin, nghttp3_vec *vec, size_t num) {
  int rc = h3->liberr;
  nghttp3_ssize filled = 0;
  bool is_control = rc == 0;
  // nghttp3 gives its control stream before any other, until it has nothing more for it.
  while (rc == 0 && is_control) {
    filled = nghttp3_conn_writev_stream(conn, out_stream_id, out_fin, vec, num);
    is_control = filled > 0 && *out_stream_id == h3->control_id;
    rc = is_control ? take_over(h3, conn, vec, (size_t)filled)
                    : keep(h3, (int)filled < 0 ? (int)filled : 0);
  }
  if (rc == 0) {
    rc = put_frames_of_session(h3);
  }
  if (rc != 0) {
    return rc;
  }
  // What nghttp3 has for another stream it gives again.
  size_t own = codicil_h3_control_out_writev(&h3->out, vec, num);
  if (own == 0) {
    return filled;
  }
  *out_stream_id = h3->control_id;
  *out_fin = 0;
  return (nghttp3_ssize)own;
}

int codicil_h3_add_write_offset(codicil_h3 *h3, nghttp3_conn *conn, int64_t stream_id, size_t len) {
  if (h3->liberr != 0) {
    return h3->liberr;
  }
  if (stream_id == h3->control_id) {
    return codicil_h3_control_out_sent(&h3->out, len) ? 0 : NGHTTP3_ERR_INVALID_ARGUMENT;
  }
  return keep(h3, nghttp3_conn_add_write_offset(conn, stream_id, len));
}

int codicil_h3_add_ack_offset(codicil_h3 *h3, nghttp3_conn *conn, int64_t stream_id, uint64_t len) {
  if (h3->liberr != 0) {
    return h3->liberr;
  }
  if (stream_id == h3->control_id) {
    return codicil_h3_control_out_acked(&h3->out, len) ? 0 : NGHTTP3_ERR_INVALID_ARGUMENT;
  }
  return keep(h3, nghttp3_conn_add_ack_offset(conn, stream_id, len));
}

// nghttp3 itself is never blocked on the control stream: what it writes there is taken over.
void codicil_h3_block_stream(codicil_h3 *h3, nghttp3_conn *conn, int64_t stream_id) {
  if (stream_id == h3->control_id) {
    h3->out.is_blocked = true;
  } else if (h3->liberr == 0) {
    nghttp3_conn_block_stream(conn, stream_id);
  }
}

int codicil_h3_unblock_stream(codicil_h3 *h3, nghttp3_conn *conn, int64_t stream_id) {
  if (h3->liberr != 0) {
    return h3->liberr;
  }
  if (stream_id == h3->control_id) {
    h3->out.is_blocked = false;
    return 0;
  }
  return keep(h3, nghttp3_conn_unblock_stream(conn, stream_id));
}

void codicil_h3_shutdown_stream_write(codicil_h3 *h3, nghttp3_conn *conn, int64_t stream_id) {
  if (h3->liberr != 0) {
    return;
  }
  if (stream_id == h3->control_id) {
    (void)fail_critical(h3);
  } else {
    nghttp3_conn_shutdown_stream_write(conn, stream_id);
  }
}

int codicil_h3_close_stream(codicil_h3 *h3, nghttp3_conn *conn, int64_t stream_id,
                            uint64_t app_error_code) {
  if (h3->liberr != 0) {
    return h3->liberr;
  }
  codicil_h3_streams_remove(&h3->streams, stream_id);
  return keep(h3, nghttp3_conn_close_stream(conn, stream_id, app_error_code));
}

uint64_t codicil_h3_num_idle_frames(const codicil_h3 *h3) {
  return h3->in.frames.num_idle + h3->num_idle;
}

bool codicil_h3_settings_acked(const codicil_h3 *h3) {
  return codicil_h3_control_out_settings_acked(&h3->out);
}

// What a ClientHello offered (RFC 8446 §4.1.2): the lists that bind a spontaneous authenticator,
// whose scheme must be one of them, and whose entries carry extensions of these types only
// (RFC 9261 §5.2).
#include "codicil/ea.h"
#include "reader.h"
#include "span.h"
#include "writer.h"

enum { EXT_SIGNATURE_ALGORITHMS = 13, EXT_SIGNATURE_ALGORITHMS_CERT = 50, RANDOM_LEN = 32 };

static bool find_extensions(codicil_span *out, codicil_span client_hello) {
  codicil_reader r = codicil_reader_of(client_hello);
  uint16_t version;
  codicil_span random, session_id, suites, compression;
  return codicil_read_u16(&r, &version) && codicil_read_bytes(&r, &random, RANDOM_LEN) &&
         codicil_read_vec8(&r, &session_id) && codicil_read_vec16(&r, &suites) &&
         codicil_read_vec8(&r, &compression) && codicil_read_vec16(&r, out) &&
         codicil_reader_done(&r);
}

static bool read_list(codicil_span *out, codicil_span body) {
  codicil_reader r = codicil_reader_of(body);
  return codicil_read_vec16(&r, out) && codicil_reader_done(&r);
}

static bool read_extension(codicil_client_offer *offer, codicil_writer *types, codicil_reader *r) {
  uint16_t type;
  codicil_span body;
  if (!codicil_read_u16(r, &type) || !codicil_read_vec16(r, &body)) {
    return false;
  }
  codicil_write_u16(types, type);
  switch (type) {
  case EXT_SIGNATURE_ALGORITHMS:
    return read_list(&offer->schemes, body);
  case EXT_SIGNATURE_ALGORITHMS_CERT:
    return read_list(&offer->cert_schemes, body);
  default:
    return true;
  }
}

codicil_err codicil_client_offer_read(codicil_client_offer *out, codicil_buf *types,
                                      codicil_span client_hello) {
  codicil_client_offer offer = {{NULL, 0}, {NULL, 0}, {NULL, 0}};
  codicil_span extensions;
  if (!find_extensions(&extensions, client_hello)) {
    return CODICIL_MALFORMED;
  }
  size_t start = types->len;
  codicil_writer w = codicil_writer_of(types);
  codicil_reader r = codicil_reader_of(extensions);
  while (!codicil_reader_done(&r)) {
    if (!read_extension(&offer, &w, &r)) {
      w.err = CODICIL_MALFORMED;
      break;
    }
  }
  codicil_err err = codicil_writer_finish(&w);
  if (err == CODICIL_OK) {
    codicil_span all = codicil_buf_span(types);
    offer.extensions = codicil_span_sub(all, start, all.len - start);
    *out = offer;
  }
  return err;
}

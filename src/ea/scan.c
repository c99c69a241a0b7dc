// Finding the end of an authenticator in a stream of octets.
//
// Certificate, CertificateVerify and Finished each say their length, so the scanner needs to keep
// no more than a message header. What is inside the messages is for codicil_ea_verify.
#include "message.h"
#include "span.h"

enum { NUM_STAGES = 3 };

static const uint8_t stage_type[NUM_STAGES] = {
    CODICIL_MSG_CERTIFICATE, CODICIL_MSG_CERTIFICATE_VERIFY, CODICIL_MSG_FINISHED};

// Takes one octet of a message header. The type is judged at once, and the length before anything
// of the message is waited for.
static codicil_err take_header(codicil_ea_scan *scan, uint8_t octet, size_t max_len) {
  if (scan->header_len == 0 && octet != stage_type[scan->stage]) {
    return CODICIL_MALFORMED;
  }
  if (scan->total >= max_len) {
    return CODICIL_LIMIT;
  }
  scan->header[scan->header_len++] = octet;
  scan->total++;
  if (scan->header_len < sizeof scan->header) {
    return CODICIL_OK;
  }
  scan->header_len = 0;
  scan->remaining = (size_t)scan->header[1] << 16 | (size_t)scan->header[2] << 8 | scan->header[3];
  if (scan->remaining > max_len - scan->total) {
    return CODICIL_LIMIT;
  }
  return CODICIL_OK;
}

codicil_err codicil_ea_scan_feed(codicil_ea_scan *scan, bool *out_done, codicil_span bytes,
                                 size_t max_len) {
  codicil_ea_scan s = *scan;
  bool in_body = s.remaining > 0;
  while (bytes.len > 0) {
    if (s.stage == NUM_STAGES) {
      return CODICIL_MALFORMED;
    }
    size_t step = 1;
    if (in_body) {
      step = s.remaining < bytes.len ? s.remaining : bytes.len;
      s.remaining -= step;
      s.total += step;
    } else {
      codicil_err err = take_header(&s, bytes.data[0], max_len);
      if (err != CODICIL_OK) {
        return err;
      }
    }
    // A message is over when nothing of it remains and no header has begun.
    in_body = s.remaining > 0;
    if (!in_body && s.header_len == 0) {
      s.stage++;
    }
    bytes = codicil_span_sub(bytes, step, bytes.len);
  }
  *scan = s;
  *out_done = s.stage == NUM_STAGES;
  return CODICIL_OK;
}

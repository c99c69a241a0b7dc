// Lists of signed certificate timestamps: see x509.h.
#include "codicil/x509.h"
#include "reader.h"

// SignedCertificateTimestamp of v1, RFC 6962 §3.2.
static bool read_v1(codicil_reader *r, codicil_sct *out) {
  return codicil_read_bytes(r, &out->log_id, 32) && codicil_read_u64(r, &out->timestamp_ms) &&
         codicil_read_vec16(r, &out->extensions) && codicil_read_u16(r, &out->algorithm) &&
         codicil_read_vec16(r, &out->signature) && codicil_reader_done(r);
}

// opaque SerializedSCT<1..2^16-1>. RFC 6962 §3.3: a version not known is carried, unread.
static bool read_sct(codicil_reader *list, codicil_sct *out) {
  codicil_sct sct = {.version = 0};
  codicil_span serialized;
  if (!codicil_read_vec16(list, &serialized)) {
    return false;
  }
  codicil_reader r = codicil_reader_of(serialized);
  if (!codicil_read_u8(&r, &sct.version) || (sct.version == CODICIL_SCT_V1 && !read_v1(&r, &sct))) {
    return false;
  }
  *out = sct;
  return true;
}

codicil_err codicil_scts_parse(codicil_sct *out, size_t *out_num, size_t max, codicil_span list) {
  codicil_reader outer = codicil_reader_of(list);
  codicil_span content;
  if (!codicil_read_vec16(&outer, &content) || !codicil_reader_done(&outer) || content.len == 0) {
    return CODICIL_MALFORMED;
  }
  codicil_reader r = codicil_reader_of(content);
  size_t num = 0;
  for (; !codicil_reader_done(&r); num++) {
    if (num == max) {
      return CODICIL_LIMIT;
    }
    if (!read_sct(&r, &out[num])) {
      return CODICIL_MALFORMED;
    }
  }
  *out_num = num;
  return CODICIL_OK;
}

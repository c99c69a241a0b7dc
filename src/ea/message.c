// Handshake messages: see message.h.
#include "message.h"

#include <string.h>

#include "err.h"
#include "extension.h"

bool codicil_message_read(codicil_reader *r, codicil_message *out) {
  codicil_reader ahead = *r;
  codicil_message m;
  if (!codicil_read_u8(&ahead, &m.type) || !codicil_read_vec24(&ahead, &m.body)) {
    return false;
  }
  m.whole = codicil_span_of(r->rest.data, 4 + m.body.len);
  *r = ahead;
  *out = m;
  return true;
}

bool codicil_certificate_parse(codicil_certificate *out, codicil_span body) {
  codicil_reader r = codicil_reader_of(body);
  codicil_certificate c;
  if (!codicil_read_vec8(&r, &c.context) || !codicil_read_vec24(&r, &c.list) ||
      !codicil_reader_done(&r)) {
    return false;
  }
  *out = c;
  return true;
}

bool codicil_certificate_verify_parse(codicil_certificate_verify *out, codicil_span body) {
  codicil_reader r = codicil_reader_of(body);
  codicil_certificate_verify cv;
  if (!codicil_read_u16(&r, &cv.scheme) || !codicil_read_vec16(&r, &cv.signature) ||
      !codicil_reader_done(&r)) {
    return false;
  }
  *out = cv;
  return true;
}

// RFC 8446 §4.4.2.1, RFC 6066 §8: CertificateStatusType ocsp(1); opaque OCSPResponse<1..2^24-1>.
static bool status_parse(codicil_span *out, codicil_span content) {
  codicil_reader r = codicil_reader_of(content);
  uint8_t type;
  codicil_span response;
  if (!codicil_read_u8(&r, &type) || type != 1 || !codicil_read_vec24(&r, &response) ||
      response.len == 0 || !codicil_reader_done(&r)) {
    return false;
  }
  *out = response;
  return true;
}

bool codicil_sct_list_valid(codicil_span list) {
  codicil_reader outer = codicil_reader_of(list);
  codicil_span scts;
  if (!codicil_read_vec16(&outer, &scts) || scts.len == 0 || !codicil_reader_done(&outer)) {
    return false;
  }
  codicil_reader r = codicil_reader_of(scts);
  while (!codicil_reader_done(&r)) {
    codicil_span sct;
    if (!codicil_read_vec16(&r, &sct) || sct.len == 0) {
      return false;
    }
  }
  return true;
}

//= https://www.rfc-editor.org/rfc/rfc9261#section-5.2.1
//# If an authenticator request was provided, the Certificate message MUST
//# contain only extensions present in the authenticator request.
//# Otherwise, the Certificate message MUST contain only extensions
//# present in the (D)TLS ClientHello.
static codicil_err staples_parse(codicil_entry *entry, codicil_diag *diag, codicil_span block,
                                 const codicil_offer *offer) {
  if (!codicil_extensions_allowed(block, CODICIL_IN_ENTRY)) {
    codicil_diag_set(diag, "extension that may not stand in a CertificateEntry", SIZE_MAX);
    return CODICIL_MALFORMED;
  }
  codicil_reader r = codicil_reader_of(block);
  uint16_t type;
  codicil_span content;
  while (codicil_extension_read(&r, &type, &content)) {
    if (!codicil_offer_has(offer, type)) {
      codicil_diag_set(diag, "CertificateEntry extension that was not offered", SIZE_MAX);
      return CODICIL_AUTH;
    }
    if (type == CODICIL_EXT_STATUS_REQUEST && !status_parse(&entry->ocsp, content)) {
      codicil_diag_set(diag, "status_request does not parse", SIZE_MAX);
      return CODICIL_MALFORMED;
    }
    if (type == CODICIL_EXT_SCT) {
      if (!codicil_sct_list_valid(content)) {
        codicil_diag_set(diag, "signed_certificate_timestamp does not parse", SIZE_MAX);
        return CODICIL_MALFORMED;
      }
      entry->scts = content;
    }
  }
  return CODICIL_OK;
}

codicil_err codicil_entries_parse(codicil_entry *out, size_t *out_num, codicil_diag *diag,
                                  codicil_span list, size_t max, const codicil_offer *offer) {
  codicil_reader r = codicil_reader_of(list);
  size_t num = 0;
  while (!codicil_reader_done(&r)) {
    codicil_entry entry = {{NULL, 0}, {NULL, 0}, {NULL, 0}};
    codicil_span block;
    if (num == max) {
      codicil_diag_set(diag, "too many certificates", SIZE_MAX);
      return CODICIL_LIMIT;
    }
    if (!codicil_read_vec24(&r, &entry.der) || entry.der.len == 0 ||
        !codicil_read_vec16(&r, &block)) {
      codicil_diag_set(diag, "CertificateEntry does not parse", SIZE_MAX);
      return CODICIL_MALFORMED;
    }
    codicil_err err = staples_parse(&entry, diag, block, offer);
    if (err != CODICIL_OK) {
      return err;
    }
    if (out != NULL) {
      out[num] = entry;
    }
    num++;
  }
  *out_num = num;
  return CODICIL_OK;
}

static void put_u24(uint8_t *out, size_t value) {
  out[0] = (uint8_t)(value >> 16);
  out[1] = (uint8_t)(value >> 8);
  out[2] = (uint8_t)value;
}

void codicil_certificate_head_build(codicil_certificate_head *out, codicil_span context,
                                    size_t list_len) {
  out->octets[0] = CODICIL_MSG_CERTIFICATE;
  put_u24(&out->octets[1], 1 + context.len + 3 + list_len);
  out->octets[4] = (uint8_t)context.len;
  if (context.len != 0) {
    memcpy(&out->octets[5], context.data, context.len);
  }
  put_u24(&out->octets[5 + context.len], list_len);
  out->len = 5 + context.len + 3;
}

void codicil_certificate_verify_head_build(uint8_t out[CODICIL_CERTIFICATE_VERIFY_HEAD_LEN],
                                           uint16_t scheme, size_t signature_len) {
  out[0] = CODICIL_MSG_CERTIFICATE_VERIFY;
  put_u24(&out[1], 4 + signature_len);
  out[4] = (uint8_t)(scheme >> 8);
  out[5] = (uint8_t)scheme;
  out[6] = (uint8_t)(signature_len >> 8);
  out[7] = (uint8_t)signature_len;
}

void codicil_finished_head_build(uint8_t out[CODICIL_FINISHED_HEAD_LEN], size_t mac_len) {
  out[0] = CODICIL_MSG_FINISHED;
  put_u24(&out[1], mac_len);
}

static void write_status(codicil_writer *w, codicil_span response) {
  codicil_write_u16(w, CODICIL_EXT_STATUS_REQUEST);
  size_t content = codicil_write_open(w, 2);
  codicil_write_u8(w, 1);
  size_t vec = codicil_write_open(w, 3);
  codicil_write_bytes(w, response);
  codicil_write_close(w, vec, 3);
  codicil_write_close(w, content, 2);
}

static void write_scts(codicil_writer *w, codicil_span list) {
  codicil_write_u16(w, CODICIL_EXT_SCT);
  size_t content = codicil_write_open(w, 2);
  codicil_write_bytes(w, list);
  codicil_write_close(w, content, 2);
}

void codicil_entry_write(codicil_writer *w, const codicil_entry *entry) {
  size_t der = codicil_write_open(w, 3);
  codicil_write_bytes(w, entry->der);
  codicil_write_close(w, der, 3);
  size_t extensions = codicil_write_open(w, 2);
  if (entry->ocsp.len != 0) {
    write_status(w, entry->ocsp);
  }
  if (entry->scts.len != 0) {
    write_scts(w, entry->scts);
  }
  codicil_write_close(w, extensions, 2);
}

// TLS extensions: see extension.h.
#include "extension.h"

// The TLS 1.3 column of the IANA registry, where it says CR or CT. A known type with neither may
// stand in no message of this module.
enum { CR = 1, CT = 2, CLIENT_CR = 4 };

static const struct {
  uint16_t type;
  uint8_t places;
} registry[] = {
    //= https://www.rfc-editor.org/rfc/rfc9261#section-4
    //# In addition, the set of
    //# extensions in the ClientCertificateRequest structure MAY
    //# include the server_name
    {CODICIL_EXT_SERVER_NAME, CLIENT_CR},
    {CODICIL_EXT_STATUS_REQUEST, CR | CT},
    {CODICIL_EXT_SIGNATURE_ALGORITHMS, CR},
    {CODICIL_EXT_SCT, CR | CT},
    {27, CR},      // compress_certificate
    {34, CR | CT}, // delegated_credential
    {CODICIL_EXT_CERTIFICATE_AUTHORITIES, CR},
    {CODICIL_EXT_OID_FILTERS, CR},
    {CODICIL_EXT_SIGNATURE_ALGORITHMS_CERT, CR},
    {52, CR | CT}, // transparency_info
    {1, 0},        // max_fragment_length
    {10, 0},       // supported_groups
    {14, 0},       // use_srtp
    {15, 0},       // heartbeat
    {16, 0},       // application_layer_protocol_negotiation
    {19, 0},       // client_certificate_type
    {20, 0},       // server_certificate_type
    {21, 0},       // padding
    {22, 0},       // encrypt_then_mac
    {23, 0},       // extended_master_secret
    {28, 0},       // record_size_limit
    {35, 0},       // session_ticket
    {41, 0},       // pre_shared_key
    {42, 0},       // early_data
    {43, 0},       // supported_versions
    {44, 0},       // cookie
    {45, 0},       // psk_key_exchange_modes
    {49, 0},       // post_handshake_auth
    {51, 0},       // key_share
};

static bool may_stand(uint16_t type, codicil_ext_place place) {
  static const uint8_t wanted[] = {
      [CODICIL_IN_SERVER_REQUEST] = CR,
      [CODICIL_IN_CLIENT_REQUEST] = CR | CLIENT_CR,
      [CODICIL_IN_ENTRY] = CT,
  };
  for (size_t i = 0; i < sizeof registry / sizeof registry[0]; i++) {
    if (registry[i].type == type) {
      return (registry[i].places & wanted[place]) != 0;
    }
  }
  return true;
}

bool codicil_extension_read(codicil_reader *r, uint16_t *out_type, codicil_span *out_content) {
  codicil_reader ahead = *r;
  uint16_t type;
  if (!codicil_read_u16(&ahead, &type) || !codicil_read_vec16(&ahead, out_content)) {
    return false;
  }
  *out_type = type;
  *r = ahead;
  return true;
}

// RFC 8446 §4.2: there MUST NOT be more than one extension of the same type in a block. One bit a
// type, so that a block of thousands costs no more than its length.
bool codicil_extensions_allowed(codicil_span block, codicil_ext_place place) {
  if (block.len == 0) {
    return true;
  }
  uint64_t seen[65536 / 64] = {0};
  codicil_reader r = codicil_reader_of(block);
  while (!codicil_reader_done(&r)) {
    uint16_t type;
    codicil_span content;
    if (!codicil_extension_read(&r, &type, &content) || !may_stand(type, place)) {
      return false;
    }
    uint64_t bit = UINT64_C(1) << (type % 64);
    if ((seen[type / 64] & bit) != 0) {
      return false;
    }
    seen[type / 64] |= bit;
  }
  return true;
}

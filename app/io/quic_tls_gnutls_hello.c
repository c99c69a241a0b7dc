// Extensions of a ClientHello: see quic_tls_gnutls_hello.h.
//
// GnuTLS reads key shares last. A HelloRetryRequest then comes after early data was accepted, and
// with the second ClientHello it hands over the keys of early data again, on which ngtcp2 ends the
// process. So whether one will come is worked out before.
#include "io/quic_tls_gnutls_hello.h"

#include <ngtcp2/ngtcp2_crypto.h>
#include <stddef.h>
#include <stdint.h>

#include "codicil/codicil.h"

enum { EXT_SUPPORTED_GROUPS = 10, EXT_KEY_SHARE = 51 };

// RFC 8446 §4.2.7: of GNUTLS_HELLO_GROUPS.
static bool is_spoken(unsigned group) {
  return group == 0x001d || (group >= 0x0017 && group <= 0x0019);
}

typedef struct extensions {
  codicil_span groups, shares; // without their lengths
  bool has_parameters;
} extensions;

static unsigned u16_at(codicil_span list, size_t at) {
  return (unsigned)list.data[at] << 8 | list.data[at + 1];
}

static codicil_span list_of(const unsigned char *data, unsigned len) {
  codicil_span all = {data, len}, list = {NULL, 0};
  if (len >= 2 && u16_at(all, 0) == len - 2) {
    list = (codicil_span){data + 2, len - 2};
  }
  return list;
}

static int note_extension(void *ctx, unsigned type, const unsigned char *data, unsigned len) {
  extensions *out = ctx;
  switch (type) {
  case NGTCP2_TLSEXT_QUIC_TRANSPORT_PARAMETERS_V1:
    out->has_parameters = true;
    break;
  case EXT_SUPPORTED_GROUPS:
    out->groups = list_of(data, len);
    break;
  case EXT_KEY_SHARE:
    out->shares = list_of(data, len);
    break;
  default:
    break;
  }
  return 0;
}

// RFC 8446 §4.2.8: KeyShareEntry.
static bool has_share(codicil_span shares, unsigned group) {
  for (size_t at = 0; at + 4 <= shares.len; at += 4u + u16_at(shares, at + 2)) {
    if (u16_at(shares, at) == group) {
      return true;
    }
  }
  return false;
}

// GnuTLS takes the first of the client's groups that it speaks, and needs a share of that one.
static bool is_final(const extensions *e) {
  for (size_t at = 0; at + 2 <= e->groups.len; at += 2) {
    if (is_spoken(u16_at(e->groups, at))) {
      return has_share(e->shares, u16_at(e->groups, at));
    }
  }
  return false;
}

gnutls_hello gnutls_hello_read(const gnutls_datum_t *message, unsigned flags) {
  extensions e = {{NULL, 0}, {NULL, 0}, false};
  if (gnutls_ext_raw_parse(&e, note_extension, message, flags) != 0) {
    return (gnutls_hello){false, false};
  }
  return (gnutls_hello){e.has_parameters, is_final(&e)};
}

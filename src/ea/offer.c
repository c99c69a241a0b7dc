// What a receiver allows: see offer.h.
#include "offer.h"

#include "extension.h"
#include "scheme.h"

bool codicil_offer_has(const codicil_offer *offer, uint16_t type) {
  codicil_reader r = codicil_reader_of(offer->extensions);
  uint16_t offered;
  codicil_span content;
  while (codicil_extension_read(&r, &offered, &content)) {
    if (offered == type) {
      return true;
    }
  }
  return codicil_scheme_list_has(offer->types, type);
}

codicil_span codicil_offer_cert_schemes(const codicil_offer *offer) {
  return offer->cert_schemes.len != 0 ? offer->cert_schemes : offer->schemes;
}

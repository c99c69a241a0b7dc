// Capturing a ClientHello: on a server from the client_hello callback, on a client from the message
// that it sends. Both write the same record, which the SSL owns through an ex_data slot.
//
// A spontaneous authenticator is bound to these lists (RFC 9261 §5.2): the scheme must be one of
// them, and entry extensions only of these types.
#include "client_hello.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <string.h>

#include "mem.h"
#include "reader.h"
#include "span.h"
#include "writer.h"

enum {
  EXT_SIGNATURE_ALGORITHMS = 13,
  EXT_SIGNATURE_ALGORITHMS_CERT = 50,
  // Real ones need about a hundred octets. A peer that sends kilobytes gets no authenticators.
  OFFER_MAX = 2000
};

typedef struct record {
  uint16_t schemes_len, cert_schemes_len, extensions_len;
  uint8_t octets[];
} record;

// ---- the slot -----------------------------------------------------------------------------------

static CRYPTO_ONCE slot_once = CRYPTO_ONCE_STATIC_INIT;
static int slot = -1;

static void free_record(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx, long argl,
                        void *argp) {
  (void)parent, (void)ad, (void)idx, (void)argl, (void)argp;
  codicil_mem_free(NULL, ptr);
}

// SSL_dup copies slots: the copy has made no handshake, and must not share what the other frees.
static int dup_record(CRYPTO_EX_DATA *to, const CRYPTO_EX_DATA *from, void **from_d, int idx,
                      long argl, void *argp) {
  (void)to, (void)from, (void)idx, (void)argl, (void)argp;
  *from_d = NULL;
  return 1;
}

static void make_slot(void) {
  slot = SSL_get_ex_new_index(0, NULL, NULL, dup_record, free_record);
}

static bool have_slot(void) {
  return CRYPTO_THREAD_run_once(&slot_once, make_slot) == 1 && slot >= 0;
}

static bool replace_record(SSL *ssl, record *rec) {
  record *old = SSL_get_ex_data(ssl, slot);
  if (SSL_set_ex_data(ssl, slot, rec) != 1) {
    return false;
  }
  codicil_mem_free(NULL, old);
  return true;
}

// Takes an empty offer in place of one that is too long.
static bool keep_offer(SSL *ssl, codicil_client_offer offer) {
  size_t len = offer.schemes.len + offer.cert_schemes.len + offer.extensions.len;
  if (len > OFFER_MAX) {
    offer = (codicil_client_offer){0};
    len = 0;
  }
  record *rec = have_slot() ? codicil_mem_realloc(NULL, NULL, sizeof *rec + len) : NULL;
  if (rec == NULL) {
    return false;
  }
  *rec = (record){(uint16_t)offer.schemes.len, (uint16_t)offer.cert_schemes.len,
                  (uint16_t)offer.extensions.len};
  codicil_buf buf = {.data = rec->octets, .cap = len, .max = len};
  codicil_writer w = codicil_writer_of(&buf);
  codicil_write_bytes(&w, offer.schemes);
  codicil_write_bytes(&w, offer.cert_schemes);
  codicil_write_bytes(&w, offer.extensions);
  if (codicil_writer_finish(&w) != CODICIL_OK || !replace_record(ssl, rec)) {
    codicil_mem_free(NULL, rec);
    return false;
  }
  return true;
}

bool client_offer_of(const SSL *ssl, codicil_client_offer *out) {
  const record *rec = have_slot() ? SSL_get_ex_data(ssl, slot) : NULL;
  if (rec == NULL) {
    return false;
  }
  size_t all_len = (size_t)rec->schemes_len + rec->cert_schemes_len + rec->extensions_len;
  codicil_span all = codicil_span_of(rec->octets, all_len);
  out->schemes = codicil_span_sub(all, 0, rec->schemes_len);
  out->cert_schemes = codicil_span_sub(all, rec->schemes_len, rec->cert_schemes_len);
  out->extensions =
      codicil_span_sub(all, (size_t)rec->schemes_len + rec->cert_schemes_len, rec->extensions_len);
  return true;
}

// ---- server -------------------------------------------------------------------------------------

// A list of schemes without its length; empty where the extension is absent or malformed, which
// OpenSSL finds itself, later.
static codicil_span schemes_of(SSL *ssl, unsigned type) {
  const unsigned char *data;
  size_t len;
  codicil_span list = {0};
  if (SSL_client_hello_get0_ext(ssl, type, &data, &len) != 1) {
    return list;
  }
  codicil_reader r = codicil_reader_of(codicil_span_of(data, len));
  return codicil_read_vec16(&r, &list) && codicil_reader_done(&r) ? list : (codicil_span){0};
}

static bool capture(SSL *ssl, const int *types, size_t num_types) {
  uint8_t octets[OFFER_MAX];
  codicil_buf buf = {.data = octets, .cap = sizeof octets, .max = sizeof octets};
  codicil_writer w = codicil_writer_of(&buf);
  for (size_t i = 0; i < num_types; i++) {
    codicil_write_u16(&w, (uint16_t)types[i]);
  }
  codicil_client_offer offer = {0};
  if (codicil_writer_finish(&w) == CODICIL_OK) {
    offer.schemes = schemes_of(ssl, EXT_SIGNATURE_ALGORITHMS);
    offer.cert_schemes = schemes_of(ssl, EXT_SIGNATURE_ALGORITHMS_CERT);
    offer.extensions = codicil_buf_span(&buf);
  }
  return keep_offer(ssl, offer);
}

int codicil_ossl_capture_client_hello(SSL *ssl, int *al) {
  int *types = NULL;
  size_t num_types = 0;
  ERR_set_mark();
  bool ok = SSL_client_hello_get1_extensions_present(ssl, &types, &num_types) == 1 &&
            capture(ssl, types, num_types);
  OPENSSL_free(types);
  ERR_pop_to_mark();
  if (!ok) {
    *al = SSL_AD_INTERNAL_ERROR;
    return SSL_CLIENT_HELLO_ERROR;
  }
  return SSL_CLIENT_HELLO_SUCCESS;
}

// ---- client -------------------------------------------------------------------------------------

// The body of a ClientHello, from one with its handshake header (RFC 8446 §4).
static bool is_client_hello(codicil_span *out, codicil_span message) {
  codicil_reader r = codicil_reader_of(message);
  uint8_t type;
  return codicil_read_u8(&r, &type) && type == SSL3_MT_CLIENT_HELLO &&
         codicil_read_vec24(&r, out) && codicil_reader_done(&r);
}

void codicil_ossl_on_message(SSL *ssl, int is_sent, int content_type, const void *message,
                             size_t len) {
  codicil_span body;
  if (is_sent != 1 || content_type != SSL3_RT_HANDSHAKE ||
      !is_client_hello(&body, codicil_span_of(message, len))) {
    return;
  }
  uint8_t octets[OFFER_MAX];
  codicil_buf types = {.data = octets, .cap = sizeof octets, .max = sizeof octets};
  codicil_client_offer offer = {0};
  // One that does not parse, or is too long, offers nothing.
  if (codicil_client_offer_read(&offer, &types, body) != CODICIL_OK) {
    offer = (codicil_client_offer){0};
  }
  ERR_set_mark();
  // Where memory is out, the record of an earlier hello must not stand for this one.
  if (!keep_offer(ssl, offer) && have_slot()) {
    (void)replace_record(ssl, NULL);
  }
  ERR_pop_to_mark();
}

static void on_message(int is_sent, int version, int content_type, const void *message, size_t len,
                       SSL *ssl, void *arg) {
  (void)version, (void)arg;
  codicil_ossl_on_message(ssl, is_sent, content_type, message, len);
}

static int accept_scts(const CT_POLICY_EVAL_CTX *ctx, const STACK_OF(SCT) * scts, void *arg) {
  (void)ctx, (void)scts, (void)arg;
  return 1;
}

codicil_err codicil_ossl_prepare_client(SSL *ssl) {
  if (!have_slot()) {
    return CODICIL_NOMEM;
  }
  ERR_set_mark();
  SSL_set_msg_callback(ssl, on_message);
  bool ok = SSL_set_tlsext_status_type(ssl, TLSEXT_STATUSTYPE_ocsp) == 1;
  // Refused where the application offers SCT itself, as a custom extension: then it is offered.
  ok = ok && (SSL_CTX_has_client_custom_ext(SSL_get_SSL_CTX(ssl),
                                            TLSEXT_TYPE_signed_certificate_timestamp) ||
              SSL_set_ct_validation_callback(ssl, accept_scts, NULL) == 1);
  ERR_pop_to_mark();
  return ok ? CODICIL_OK : CODICIL_CRYPTO;
}

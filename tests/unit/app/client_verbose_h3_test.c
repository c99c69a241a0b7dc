// What -v and errors call HTTP/3's and QUIC's codes and ends.
#include "cmocka_test.h"

#include <errno.h>
#include <string.h>

#include "client/verbose_h3.h"

static const codicil_codepoints *codepoints(void) {
  static codicil_codepoints c;
  codicil_codepoints_default(&c);
  return &c;
}

static void assert_end(quic_end end, const char *expected) {
  char text[VERBOSE_END_TEXT];
  verbose_quic_end(codepoints(), &end, text);
  assert_string_equal(text, expected);
}

static void test_error_codes_have_the_names_of_their_documents(void **state) {
  (void)state;
  const codicil_codepoints *c = codepoints();
  assert_string_equal(verbose_h3_error_name(c, 0x100), "H3_NO_ERROR");
  assert_string_equal(verbose_h3_error_name(c, 0x10b), "H3_REQUEST_REJECTED");
  assert_string_equal(verbose_h3_error_name(c, 0x110), "H3_VERSION_FALLBACK");
  assert_string_equal(verbose_h3_error_name(c, 0x200), "QPACK_DECOMPRESSION_FAILED");
  assert_string_equal(verbose_h3_error_name(c, c->h3_error), "SERVER_CERTIFICATE_INVALID");
  assert_string_equal(verbose_h3_error_name(c, 0x111), "unknown");
}

static void test_a_close_names_whose_code_it_is(void **state) {
  (void)state;
  assert_end((quic_end){.how = QUIC_END_LOCAL, .is_application = true, .code = 0x105},
             "H3_FRAME_UNEXPECTED (0x105)");
  assert_end(
      (quic_end){.how = QUIC_END_PEER, .is_application = true, .code = 0x107, .reason = "no"},
      "the server closed the connection: H3_EXCESSIVE_LOAD (0x107): no");
  assert_end((quic_end){.how = QUIC_END_PEER, .code = 0x0a},
             "the server closed the connection: PROTOCOL_VIOLATION (0xa)");
  assert_end((quic_end){.how = QUIC_END_PEER, .code = 0x128},
             "the server closed the connection: CRYPTO_ERROR (0x128)");
}

static void test_every_other_end_has_a_sentence(void **state) {
  (void)state;
  assert_end((quic_end){.how = QUIC_END_NETWORK, .code = ECONNREFUSED}, strerror(ECONNREFUSED));
  assert_end((quic_end){.how = QUIC_END_PROTOCOL, .reason = "a frame too long"},
             "a frame too long");
  for (int how = QUIC_END_IDLE; how <= QUIC_END_PROTOCOL; how++) {
    char text[VERBOSE_END_TEXT] = "";
    quic_end end = {.how = (quic_end_how)how};
    verbose_quic_end(codepoints(), &end, text);
    assert_true(strlen(text) > 0);
  }
}

static void test_alerts_have_openssls_names(void **state) {
  (void)state;
  assert_string_equal(verbose_alert_name(40), "handshake failure");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_error_codes_have_the_names_of_their_documents),
      cmocka_unit_test(test_a_close_names_whose_code_it_is),
      cmocka_unit_test(test_every_other_end_has_a_sentence),
      cmocka_unit_test(test_alerts_have_openssls_names),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

// Requests: what is written, what is read, what is refused; and "get context".
#include <string.h>

#include "cmocka_test.h"
#include "ea_fixture.h"
#include "fail_mem.h"
#include "span.h"

static const codicil_span none = {NULL, 0};
static const uint16_t p256_only[] = {0x0403};

static codicil_ea_request_params params_of(codicil_span context) {
  return (codicil_ea_request_params){.context = context, .schemes = p256_only, .num_schemes = 1};
}

// A request by another hand: `block` is the content of its extensions.
static codicil_buf raw_request(uint8_t type, codicil_span context, codicil_span block) {
  codicil_buf body = new_buf();
  codicil_buf out = new_buf();
  put_number(&body, context.len, 1);
  put(&body, context);
  put_number(&body, block.len, 2);
  put(&body, block);
  put_message(&out, type, codicil_buf_span(&body));
  codicil_buf_clear(&body);
  return out;
}

static codicil_err parse(codicil_ea_request_info *out, codicil_span request) {
  codicil_span exact = exact_copy(request);
  codicil_ea_request_info info;
  codicil_err err = codicil_ea_request_parse(&info, exact);
  if (out != NULL && err == CODICIL_OK) {
    *out = info; // only its numbers and flags may be read: the copy goes
  }
  free((void *)(uintptr_t)exact.data);
  return err;
}

// Parses a request with signature_algorithms and one extension more.
static codicil_err parse_with(uint8_t message, uint16_t type, codicil_span content) {
  codicil_buf block = new_buf();
  forge_extension(&block, 13, codicil_span_of("\0\2\4\3", 4));
  forge_extension(&block, type, content);
  codicil_buf request = raw_request(message, context_of(1), codicil_buf_span(&block));
  codicil_err err = parse(NULL, codicil_buf_span(&request));
  codicil_buf_clear(&request);
  codicil_buf_clear(&block);
  return err;
}

// ---- writing ----------------------------------------------------------------------------------

// RFC 9261 §4: the octets, handshake header included.
static void test_the_smallest_request_is_these_octets(void **state) {
  (void)state;
  static const uint8_t expected[] = {0x00, 0x00, 0x00, 0x0d, 0x02, 0xaa, 0xbb, 0x00, 0x08,
                                     0x00, 0x0d, 0x00, 0x04, 0x00, 0x02, 0x04, 0x03};
  for (int i = 0; i < 2; i++) {
    ea_pair pair;
    codicil_buf out = new_buf();
    pair_init(&pair, CODICIL_HASH_SHA256);
    codicil_ea_request_params params = params_of(codicil_span_of("\xaa\xbb", 2));
    codicil_ea *asker = i == 0 ? pair.client : pair.server;
    assert_int_equal(codicil_ea_request(asker, &out, &params), CODICIL_OK);
    assert_int_equal(out.len, sizeof expected);
    // client_certificate_request(17) from a client, certificate_request(13) from a server.
    assert_int_equal(out.data[0], i == 0 ? 17 : 13);
    assert_memory_equal(out.data + 1, expected + 1, sizeof expected - 1);
    codicil_buf_clear(&out);
    pair_clear(&pair);
  }
}

static void test_what_is_written_is_read_again(void **state) {
  (void)state;
  ea_pair pair;
  codicil_buf out = new_buf();
  pair_init(&pair, CODICIL_HASH_SHA256);
  const codicil_span authorities[] = {{(const uint8_t *)"\x30\x00", 2},
                                      {(const uint8_t *)"\x30\x02\x31\x00", 4}};
  static const uint16_t cert_schemes[] = {0x0401, 0x0804};
  codicil_ea_request_params params = params_of(context_of(5));
  params.cert_schemes = cert_schemes;
  params.num_cert_schemes = 2;
  params.server_name = "second.example";
  params.authorities = authorities;
  params.num_authorities = 2;
  params.oid_filters = codicil_span_of("\0\10\3\x55\x1d\x0f\0\0\0", 9);
  params.want_ocsp = true;
  params.want_scts = true;
  // One octet of the filters' length is wrong: eight follow, not seven.
  assert_int_equal(codicil_ea_request(pair.client, &out, &params), CODICIL_BAD_INPUT);
  assert_int_equal(out.len, 0);
  params.oid_filters = codicil_span_of("\0\6\3\x55\x1d\x0f\0\0", 8);
  assert_int_equal(codicil_ea_request(pair.client, &out, &params), CODICIL_OK);
  codicil_ea_request_info info;
  assert_int_equal(codicil_ea_request_parse(&info, codicil_buf_span(&out)), CODICIL_OK);
  assert_true(info.from_client && info.want_ocsp && info.want_scts);
  assert_true(codicil_span_equal(info.context, context_of(5)));
  assert_true(codicil_span_equal(info.schemes, codicil_span_of("\4\3", 2)));
  assert_true(codicil_span_equal(info.cert_schemes, codicil_span_of("\4\1\10\4", 4)));
  assert_true(codicil_span_equal(info.server_name, codicil_span_str("second.example")));
  assert_true(
      codicil_span_equal(info.authorities, codicil_span_of("\0\12\0\2\x30\0\0\4\x30\2\x31\0", 12)));
  assert_true(codicil_span_equal(info.oid_filters, params.oid_filters));
  codicil_buf_clear(&out);
  pair_clear(&pair);
}

static void test_a_request_is_appended_and_what_was_there_stays(void **state) {
  (void)state;
  ea_pair pair;
  codicil_buf out = new_buf();
  pair_init(&pair, CODICIL_HASH_SHA256);
  put(&out, codicil_span_str("before"));
  codicil_ea_request_params params = params_of(context_of(1));
  assert_int_equal(codicil_ea_request(pair.client, &out, &params), CODICIL_OK);
  assert_memory_equal(out.data, "before\21", 7);
  size_t len = out.len;
  params = params_of(context_of(2));
  params.num_schemes = 0;
  assert_int_equal(codicil_ea_request(pair.client, &out, &params), CODICIL_BAD_INPUT);
  assert_int_equal(out.len, len);
  codicil_buf_clear(&out);
  pair_clear(&pair);
}

// RFC 9261 §7.1: contexts of 0 to 255 octets.
static void test_a_context_has_0_to_255_octets(void **state) {
  (void)state;
  uint8_t octets[256] = {1};
  ea_pair pair;
  codicil_buf out = new_buf();
  pair_init(&pair, CODICIL_HASH_SHA256);
  for (size_t i = 0; i < 3; i++) {
    static const size_t lens[] = {0, 255, 256};
    codicil_ea_request_params params = params_of(codicil_span_of(octets, lens[i]));
    assert_int_equal(codicil_ea_request(pair.client, &out, &params),
                     lens[i] <= 255 ? CODICIL_OK : CODICIL_BAD_INPUT);
  }
  codicil_buf_clear(&out);
  pair_clear(&pair);
}

// RFC 9261 §4: server_name only in a ClientCertificateRequest.
static void test_a_server_does_not_ask_for_a_server_name(void **state) {
  (void)state;
  ea_pair pair;
  codicil_buf out = new_buf();
  pair_init(&pair, CODICIL_HASH_SHA256);
  codicil_ea_request_params params = params_of(context_of(1));
  params.server_name = "second.example";
  assert_int_equal(codicil_ea_request(pair.server, &out, &params), CODICIL_USAGE);
  assert_int_equal(out.len, 0);
  // The context was not used up by that.
  params.server_name = NULL;
  assert_int_equal(codicil_ea_request(pair.server, &out, &params), CODICIL_OK);
  codicil_buf_clear(&out);
  pair_clear(&pair);
}

static void test_fields_that_are_too_long_are_bad_input(void **state) {
  (void)state;
  static char name[65600];
  static uint16_t schemes[32768];
  memset(name, 'a', sizeof name - 1);
  ea_pair pair;
  codicil_buf out = new_buf();
  pair_init(&pair, CODICIL_HASH_SHA256);
  codicil_ea_request_params params = params_of(context_of(1));
  params.server_name = name;
  assert_int_equal(codicil_ea_request(pair.client, &out, &params), CODICIL_BAD_INPUT);
  params.server_name = "";
  assert_int_equal(codicil_ea_request(pair.client, &out, &params), CODICIL_BAD_INPUT);
  params.server_name = NULL;
  params.schemes = schemes;
  params.num_schemes = 32768;
  assert_int_equal(codicil_ea_request(pair.client, &out, &params), CODICIL_BAD_INPUT);
  assert_int_equal(out.len, 0);
  codicil_buf_clear(&out);
  pair_clear(&pair);
}

// ---- reading ----------------------------------------------------------------------------------

// RFC 9261 §7.1: signature_algorithms MUST be included.
static void test_a_request_without_signature_algorithms_is_malformed(void **state) {
  (void)state;
  codicil_buf block = new_buf();
  forge_extension(&block, 5, none);
  codicil_buf request = raw_request(17, context_of(1), codicil_buf_span(&block));
  assert_int_equal(parse(NULL, codicil_buf_span(&request)), CODICIL_MALFORMED);
  codicil_buf_clear(&request);
  request = raw_request(17, context_of(1), none);
  assert_int_equal(parse(NULL, codicil_buf_span(&request)), CODICIL_MALFORMED);
  codicil_buf_clear(&request);
  codicil_buf_clear(&block);
}

// RFC 9261 §5.2.1.
static void test_unrecognized_extensions_are_ignored(void **state) {
  (void)state;
  assert_int_equal(parse_with(17, 0xfafa, codicil_span_str("anything")), CODICIL_OK);
  assert_int_equal(parse_with(13, 0x1234, none), CODICIL_OK);
}

// RFC 9261 §4: those with CR in the registry, and server_name from a client.
static void test_extensions_that_do_not_belong_into_a_request_are_refused(void **state) {
  (void)state;
  static const uint16_t wrong[] = {1, 10, 16, 35, 41, 42, 43, 44, 45, 49, 51};
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    assert_int_equal(parse_with(17, wrong[i], none), CODICIL_MALFORMED);
    assert_int_equal(parse_with(13, wrong[i], none), CODICIL_MALFORMED);
  }
  codicil_span name = codicil_span_of("\0\4\0\0\1a", 6);
  assert_int_equal(parse_with(17, 0, name), CODICIL_OK);
  assert_int_equal(parse_with(13, 0, name), CODICIL_MALFORMED);
  assert_int_equal(parse_with(17, 27, codicil_span_of("\2\0\1", 3)), CODICIL_OK);
  assert_int_equal(parse_with(13, 34, codicil_span_of("\0\2\4\3", 4)), CODICIL_OK);
}

static void test_an_extension_twice_is_refused(void **state) {
  (void)state;
  assert_int_equal(parse_with(17, 13, codicil_span_of("\0\2\4\3", 4)), CODICIL_MALFORMED);
}

static void test_extensions_that_do_not_parse_are_refused(void **state) {
  (void)state;
  static const struct {
    uint16_t type;
    codicil_span content;
  } wrong[] = {
      {0, {NULL, 0}},
      {0, {(const uint8_t *)"\0\0", 2}},
      {0, {(const uint8_t *)"\0\3\0\0\0", 5}},           // empty name
      {0, {(const uint8_t *)"\0\10\0\0\1a\0\0\1b", 10}}, // two names of a type
      {0, {(const uint8_t *)"\0\4\0\0\1ab", 7}},         // octets after
      {18, {(const uint8_t *)"x", 1}},
      {47, {(const uint8_t *)"\0\0", 2}}, // no authority
      {47, {(const uint8_t *)"\0\2\0\0", 4}},
      {47, {(const uint8_t *)"\0\4\0\1a\0", 6}},
      {48, {(const uint8_t *)"\0\3\0\0\0", 5}}, // empty identifier
      {48, {(const uint8_t *)"\0\4\2\6\0\0", 6}},
      {48, {(const uint8_t *)"\0\1", 2}},
      {50, {(const uint8_t *)"\0\0", 2}},
      {50, {(const uint8_t *)"\0\3\4\3\4", 5}},
      {50, {(const uint8_t *)"\0\2\4\3\0", 5}},
  };
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    assert_int_equal(parse_with(17, wrong[i].type, wrong[i].content), CODICIL_MALFORMED);
  }
}

// Empty as TLS 1.3 has it in a CertificateRequest, or as a ClientHello has it, as some write it.
static void test_status_request_comes_in_two_forms(void **state) {
  (void)state;
  assert_int_equal(parse_with(17, 5, none), CODICIL_OK);
  assert_int_equal(parse_with(17, 5, codicil_span_of("\1\0\0\0\0", 5)), CODICIL_OK);
}

static void test_a_name_of_another_type_is_passed_over(void **state) {
  (void)state;
  assert_int_equal(parse_with(17, 0, codicil_span_of("\0\4\7\0\1a", 6)), CODICIL_OK);
}

static void test_every_cut_of_a_request_is_malformed(void **state) {
  (void)state;
  ea_pair pair;
  codicil_buf out = new_buf();
  pair_init(&pair, CODICIL_HASH_SHA256);
  ask(pair.client, &out, context_of(1));
  for (size_t len = 0; len < out.len; len++) {
    assert_int_equal(parse(NULL, codicil_span_of(out.data, len)), CODICIL_MALFORMED);
  }
  put_number(&out, 0, 1);
  assert_int_equal(parse(NULL, codicil_buf_span(&out)), CODICIL_MALFORMED);
  codicil_buf_clear(&out);
  pair_clear(&pair);
}

static void test_other_messages_are_not_requests(void **state) {
  (void)state;
  ea_pair pair;
  codicil_buf out = new_buf();
  pair_init(&pair, CODICIL_HASH_SHA256);
  ask(pair.client, &out, context_of(1));
  for (unsigned type = 0; type < 256; type++) {
    out.data[0] = (uint8_t)type;
    assert_int_equal(parse(NULL, codicil_buf_span(&out)),
                     type == 13 || type == 17 ? CODICIL_OK : CODICIL_MALFORMED);
  }
  codicil_buf_clear(&out);
  pair_clear(&pair);
}

// A list of thousands of extensions is read in time that grows with its length only.
static void test_a_request_of_sixteen_thousand_extensions_is_read(void **state) {
  (void)state;
  codicil_buf block = new_buf();
  forge_extension(&block, 13, codicil_span_of("\0\2\4\3", 4));
  for (uint16_t type = 1000; type < 17000 - 600; type++) {
    forge_extension(&block, type, none);
  }
  assert_true(block.len < 65536);
  codicil_buf request = raw_request(17, none, codicil_buf_span(&block));
  assert_int_equal(parse(NULL, codicil_buf_span(&request)), CODICIL_OK);
  codicil_buf_clear(&request);
  codicil_buf_clear(&block);
}

// ---- get context ------------------------------------------------------------------------------

static codicil_err context_in(codicil_span message, codicil_span expected) {
  codicil_span exact = exact_copy(message);
  codicil_span found = {NULL, 0};
  codicil_err err = codicil_ea_get_context(&found, exact);
  if (err == CODICIL_OK) {
    assert_true(codicil_span_equal(found, expected));
  } else {
    assert_null(found.data);
  }
  free((void *)(uintptr_t)exact.data);
  return err;
}

// RFC 9261 §7.2: in an authenticator or in a request.
static void test_get_context_finds_it_in_both(void **state) {
  (void)state;
  ea_pair pair;
  ea_identity identity;
  codicil_buf request = new_buf();
  codicil_buf out = new_buf();
  pair_init(&pair, CODICIL_HASH_SHA256);
  identity_init(&identity, "ed25519");
  ask(pair.server, &request, context_of(3));
  assert_int_equal(context_in(codicil_buf_span(&request), context_of(3)), CODICIL_OK);
  assert_int_equal(codicil_ea_authenticate(pair.client, &out, identity.credential,
                                           codicil_buf_span(&request), none),
                   CODICIL_OK);
  assert_int_equal(context_in(codicil_buf_span(&out), context_of(3)), CODICIL_OK);
  codicil_buf_clear(&out);
  codicil_buf_clear(&request);
  identity_clear(&identity);
  pair_clear(&pair);
}

// Seen elsewhere: a crash. A lone Finished carries no context.
static void test_get_context_of_a_lone_finished_is_declined(void **state) {
  (void)state;
  ea_pair pair;
  codicil_buf request = new_buf();
  codicil_buf out = new_buf();
  pair_init(&pair, CODICIL_HASH_SHA256);
  ask(pair.server, &request, context_of(3));
  assert_int_equal(codicil_ea_decline(pair.client, &out, codicil_buf_span(&request)), CODICIL_OK);
  assert_int_equal(context_in(codicil_buf_span(&out), none), CODICIL_DECLINED);
  put_number(&out, 0, 1);
  assert_int_equal(context_in(codicil_buf_span(&out), none), CODICIL_MALFORMED);
  codicil_buf_clear(&out);
  codicil_buf_clear(&request);
  pair_clear(&pair);
}

static void test_get_context_of_anything_else_is_malformed(void **state) {
  (void)state;
  assert_int_equal(context_in(none, none), CODICIL_MALFORMED);
  assert_int_equal(context_in(codicil_span_of("\13\0\0\0", 4), none), CODICIL_MALFORMED);
  assert_int_equal(context_in(codicil_span_of("\13\0\0\2\5a", 6), none), CODICIL_MALFORMED);
  assert_int_equal(context_in(codicil_span_of("\15\0\0\1\0", 5), none), CODICIL_MALFORMED);
  assert_int_equal(context_in(codicil_span_of("\17\0\0\0", 4), none), CODICIL_MALFORMED);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_the_smallest_request_is_these_octets),
      cmocka_unit_test(test_what_is_written_is_read_again),
      cmocka_unit_test(test_a_request_is_appended_and_what_was_there_stays),
      cmocka_unit_test(test_a_context_has_0_to_255_octets),
      cmocka_unit_test(test_a_server_does_not_ask_for_a_server_name),
      cmocka_unit_test(test_fields_that_are_too_long_are_bad_input),
      cmocka_unit_test(test_a_request_without_signature_algorithms_is_malformed),
      cmocka_unit_test(test_unrecognized_extensions_are_ignored),
      cmocka_unit_test(test_extensions_that_do_not_belong_into_a_request_are_refused),
      cmocka_unit_test(test_an_extension_twice_is_refused),
      cmocka_unit_test(test_extensions_that_do_not_parse_are_refused),
      cmocka_unit_test(test_status_request_comes_in_two_forms),
      cmocka_unit_test(test_a_name_of_another_type_is_passed_over),
      cmocka_unit_test(test_every_cut_of_a_request_is_malformed),
      cmocka_unit_test(test_other_messages_are_not_requests),
      cmocka_unit_test(test_a_request_of_sixteen_thousand_extensions_is_read),
      cmocka_unit_test(test_get_context_finds_it_in_both),
      cmocka_unit_test(test_get_context_of_a_lone_finished_is_declined),
      cmocka_unit_test(test_get_context_of_anything_else_is_malformed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

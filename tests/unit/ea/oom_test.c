// The nth allocation fails, for every n: each call says so, leaves nothing behind, and can be tried
// again.
#include <openssl/err.h>
#include <string.h>

#include "cmocka_test.h"
#include "ea_fixture.h"
#include "fail_mem.h"
#include "span.h"

static const codicil_span none = {NULL, 0};
enum { PLENTY = 1000000 };

// One connection, one credential and buffers, all from memory that fails when told to.
typedef struct scarce {
  fail_mem mem;
  fake_exporter exporter;
  codicil_ea *client, *server;
  codicil_credential *credential;
  codicil_ea_signing *signing;
  codicil_ea_proof *proof;
  codicil_buf request, out, signature;
} scarce;

typedef codicil_err step(scarce *s);

static pki_cert *cert;

static codicil_err make_credential(scarce *s) {
  codicil_err err =
      codicil_credential_new(&s->credential, NULL, &s->mem.mem, pki_pem(cert), pki_key_pem(cert));
  assert_true((err == CODICIL_OK) == (s->credential != NULL));
  return err;
}

static codicil_err set_ocsp(scarce *s) {
  return codicil_credential_set_ocsp(s->credential, 0, codicil_span_str("response"));
}

static codicil_err set_scts(scarce *s) {
  return codicil_credential_set_scts(s->credential, 0, codicil_span_of("\0\5\0\3sct", 7));
}

static codicil_err make_ea(scarce *s, codicil_ea **out, bool is_server) {
  s->exporter = (fake_exporter){.seed = "scarce"};
  codicil_tls tls = fake_tls(&s->exporter, CODICIL_HASH_SHA256, is_server);
  codicil_err err = codicil_ea_new(out, &s->mem.mem, &tls);
  assert_true((err == CODICIL_OK) == (*out != NULL));
  return err;
}

static codicil_err make_client(scarce *s) {
  return make_ea(s, &s->client, false);
}

static codicil_err make_server(scarce *s) {
  return make_ea(s, &s->server, true);
}

static codicil_err request(scarce *s) {
  codicil_ea_request_params params = {.context = context_of(1),
                                      .schemes = (const uint16_t[]){0x0403},
                                      .num_schemes = 1,
                                      .server_name = "second.example",
                                      .want_ocsp = true};
  return codicil_ea_request(s->client, &s->request, &params);
}

static codicil_err authenticate(scarce *s) {
  return codicil_ea_authenticate(s->server, &s->out, s->credential, codicil_buf_span(&s->request),
                                 none);
}

static codicil_err decline(scarce *s) {
  return codicil_ea_decline(s->server, &s->out, codicil_buf_span(&s->request));
}

static codicil_err begin(scarce *s) {
  codicil_err err =
      codicil_ea_begin(s->server, &s->signing, s->credential, codicil_buf_span(&s->request), none);
  assert_true((err == CODICIL_OK) == (s->signing != NULL));
  return err;
}

static codicil_err sign(scarce *s) {
  return codicil_ea_signing_sign(s->signing, &s->signature);
}

static codicil_err finish(scarce *s) {
  return codicil_ea_finish(s->signing, &s->out, codicil_buf_span(&s->signature));
}

static codicil_err verify(scarce *s) {
  codicil_err err = codicil_ea_verify(s->client, &s->proof, NULL, codicil_buf_span(&s->out),
                                      codicil_buf_span(&s->request));
  assert_true((err == CODICIL_OK) == (s->proof != NULL));
  return err;
}

// An empty authenticator that is right is DECLINED: the success of this step.
static codicil_err verify_declined(scarce *s) {
  codicil_err err = codicil_ea_verify(s->client, &s->proof, NULL, codicil_buf_span(&s->out),
                                      codicil_buf_span(&s->request));
  return err == CODICIL_DECLINED ? CODICIL_OK : err;
}

static size_t sum_of_lens(const scarce *s) {
  return s->request.len + s->out.len + s->signature.len;
}

// Tries `work` with more and more memory until it succeeds.
static void with_less_and_less_failing(scarce *s, step *work) {
  size_t num_failures = 0;
  for (size_t n = 0;; n++) {
    size_t before = sum_of_lens(s);
    s->mem.countdown = n;
    s->mem.failed = false;
    codicil_err err = work(s);
    s->mem.countdown = PLENTY;
    assert_int_equal(ERR_peek_error(), 0);
    if (err == CODICIL_OK) {
      assert_false(s->mem.failed);
      break;
    }
    assert_int_equal(err, CODICIL_NOMEM);
    assert_true(s->mem.failed);
    assert_int_equal(sum_of_lens(s), before);
    num_failures++;
    assert_true(n < 100);
  }
  print_message("%zu allocations\n", num_failures);
}

static void scarce_init(scarce *s) {
  *s = (scarce){.client = NULL};
  fail_mem_init(&s->mem, PLENTY);
  codicil_buf *bufs[] = {&s->request, &s->out, &s->signature};
  for (size_t i = 0; i < 3; i++) {
    codicil_buf_init(bufs[i], &s->mem.mem, 131072);
  }
}

// Everything that was allocated is freed.
static void scarce_clear(scarce *s) {
  codicil_ea_proof_free(s->proof);
  codicil_ea_signing_free(s->signing);
  codicil_ea_free(s->client);
  codicil_ea_free(s->server);
  codicil_credential_free(s->credential);
  codicil_buf_clear(&s->request);
  codicil_buf_clear(&s->out);
  codicil_buf_clear(&s->signature);
  assert_int_equal(s->mem.held, 0);
}

static void run(step *const *steps, size_t num) {
  scarce s;
  scarce_init(&s);
  for (size_t i = 0; i < num; i++) {
    with_less_and_less_failing(&s, steps[i]);
  }
  scarce_clear(&s);
}

static void test_every_allocation_of_an_exchange_may_fail(void **state) {
  (void)state;
  static step *const steps[] = {make_credential, set_ocsp, set_scts,     make_client,
                                make_server,     request,  authenticate, verify};
  run(steps, sizeof steps / sizeof steps[0]);
}

static void test_every_allocation_of_a_signature_made_elsewhere_may_fail(void **state) {
  (void)state;
  static step *const steps[] = {make_credential, make_client, make_server, request,
                                begin,           sign,        finish,      verify};
  run(steps, sizeof steps / sizeof steps[0]);
}

static void test_every_allocation_of_a_refusal_may_fail(void **state) {
  (void)state;
  static step *const steps[] = {make_client, make_server, request, decline, verify_declined};
  run(steps, sizeof steps / sizeof steps[0]);
}

static int group_setup(void **state) {
  (void)state;
  cert = pki_leaf(NULL, "DNS:second.example");
  return 0;
}

static int group_teardown(void **state) {
  (void)state;
  pki_free(cert);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_allocation_of_an_exchange_may_fail),
      cmocka_unit_test(test_every_allocation_of_a_signature_made_elsewhere_may_fail),
      cmocka_unit_test(test_every_allocation_of_a_refusal_may_fail),
  };
  return cmocka_run_group_tests(tests, group_setup, group_teardown);
}

// Whole lives of a client and of a server session in which the nth allocation fails, for every n.
//
// Each must end with CODICIL_NOMEM or, for a single certificate of a server, with its NOT_SENT;
// must give every block back; and, once n is past the last allocation, must do the whole job.
#include <stdio.h>
#include <stdlib.h>

#include "bound_fixture.h"
#include "fail_mem.h"
#include "span.h"

static void must(bool ok, const char *what, size_t n) {
  if (!ok) {
    fprintf(stderr, "allocation %zu: %s\n", n, what);
    abort();
  }
}

// What a server of the same connection sent, made with memory that does not fail.
typedef struct recording {
  codicil_span authenticators[2];
} recording;

static void record(recording *out) {
  static const site order[] = {SITE_IMG, SITE_BIG};
  world w;
  world_init(&w);
  world_connect(&w);
  world_negotiate(&w);
  for (size_t i = 0; i < 2; i++) {
    server_prove(w.server, order[i]);
    out->authenticators[i] = take_authenticator(w.server);
  }
  world_close(&w);
}

// ---- client
// ---------------------------------------------------------------------------------------

static codicil_err introduce(codicil_session *s, fake_tls *tls) {
  codicil_peer peer = {.address = peer_address(),
                       .port = 443,
                       .origin = origin_of("https://www.example"),
                       .sent_sni = true};
  codicil_chain_entry entry = {.der = pki_der(site_of(SITE_WWW)->cert),
                               .scts = codicil_span_str("staple")};
  codicil_err err = codicil_session_tls_ready(s, &tls->tls);
  if (err == CODICIL_OK) {
    err = codicil_session_set_peer(s, &peer);
  }
  if (err == CODICIL_OK) {
    err = codicil_session_set_primary(s, &entry, 1);
  }
  if (err == CODICIL_OK) {
    err = codicil_session_recv_setting(s, 1);
  }
  codicil_session_recv_settings_end(s);
  return err;
}

static codicil_err receive(codicil_session *s, const recording *sent, codicil_now now) {
  codicil_span entries[] = {codicil_span_str("https://img.example"),
                            codicil_span_str("https://big.example")};
  codicil_err err = codicil_session_recv_origin(s, entries, 2);
  for (size_t i = 0; err == CODICIL_OK && i < 2; i++) {
    err = feed_frame(s, codicil_span_sub(sent->authenticators[i], 0, 100), now);
    if (err == CODICIL_OK) {
      err = feed_frame(s, codicil_span_sub(sent->authenticators[i], 100, SIZE_MAX), now);
    }
  }
  return err;
}

static codicil_err ask(codicil_session *s, codicil_now now) {
  codicil_origin img = origin_of("https://img.example"), big = origin_of("https://big.example");
  codicil_evidence evidence = evidence_here();
  codicil_route route = {0};
  codicil_err err = codicil_session_route(s, &route, &img, &evidence, now);
  if (err == CODICIL_OK && route.answer != CODICIL_USE) {
    return CODICIL_DECLINED;
  }
  if (err == CODICIL_OK) {
    err = codicil_session_misdirected(s, &img);
  }
  return err == CODICIL_OK ? codicil_session_route(s, &route, &big, &evidence, now) : err;
}

static codicil_err make_client(codicil_session **out, codicil_config **out_config, fake_tls *tls,
                               const codicil_mem *mem, const codicil_trust *trust) {
  fake_tls_init(tls, false, 42);
  codicil_err err = codicil_config_new(out_config, mem);
  if (err != CODICIL_OK) {
    return err;
  }
  codicil_config_set_trust(*out_config, trust);
  err = codicil_session_new(out, mem, *out_config, CODICIL_CLIENT);
  return err == CODICIL_OK ? introduce(*out, tls) : err;
}

static codicil_err client_life(const codicil_mem *mem, const recording *sent) {
  codicil_config *config = NULL;
  codicil_session *s = NULL;
  fake_tls tls;
  codicil_now now = {1, PKI_NOW};
  codicil_err err = make_client(&s, &config, &tls, mem, site_trust());
  if (err == CODICIL_OK) {
    err = receive(s, sent, now);
  }
  if (err == CODICIL_OK) {
    err = ask(s, now);
  }
  codicil_session_free(s);
  codicil_config_free(config);
  return err;
}

// ---- client, Required Domain
// --------------------------------------------------------------------

static const bound_spec chain[] = {
    {.names = "shared.example", .required = "glue.example"},
    {.names = "glue.example", .required = "www.example"},
};

// Asks until DNS is not wanted any more.
static codicil_err ask_with_dns(codicil_session *s, codicil_now now) {
  codicil_origin shared = origin_of("https://shared.example");
  codicil_evidence evidence = evidence_here();
  codicil_route route = {0};
  codicil_err err = codicil_session_route(s, &route, &shared, &evidence, now);
  codicil_event event;
  while (err == CODICIL_OK && codicil_session_next_event(s, &event)) {
    if (event.type == CODICIL_EVENT_WANT_DNS) {
      err = codicil_session_resume_dns(s, event.index, &evidence, 0, now);
    }
  }
  if (err == CODICIL_OK) {
    err = codicil_session_route(s, &route, &shared, &evidence, now);
  }
  return err == CODICIL_OK && route.answer != CODICIL_USE ? CODICIL_DECLINED : err;
}

static codicil_err chain_life(const codicil_mem *mem, const recording *sent) {
  (void)sent;
  codicil_config *config = NULL;
  codicil_session *s = NULL;
  fake_tls tls;
  codicil_now now = {1, PKI_NOW};
  codicil_err err = make_client(&s, &config, &tls, mem, bound_trust());
  for (size_t i = 0; err == CODICIL_OK && i < 2; i++) {
    err = feed_frame(s, bound_of(&chain[i])->authenticator, now);
  }
  if (err == CODICIL_OK) {
    err = ask_with_dns(s, now);
  }
  if (err == CODICIL_OK) {
    err = codicil_session_policy_changed(s, now);
  }
  if (err == CODICIL_OK) {
    err = ask_with_dns(s, now);
  }
  codicil_session_free(s);
  codicil_config_free(config);
  return err;
}

// ---- server
// ---------------------------------------------------------------------------------------

// Signs what is wanted; returns the error of a certificate that was not sent.
static codicil_err serve_events(codicil_session *s) {
  codicil_err lost = CODICIL_OK;
  codicil_event event;
  while (codicil_session_next_event(s, &event)) {
    if (event.type == CODICIL_EVENT_WANT_SIGN) {
      codicil_err err = codicil_session_sign(s, event.signing);
      lost = err != CODICIL_OK ? err : lost;
    } else if (event.type == CODICIL_EVENT_NOT_SENT) {
      lost = event.err;
    }
  }
  return lost;
}

static codicil_err offer_all(codicil_session *s) {
  static const site order[] = {SITE_IMG, SITE_BIG, SITE_CDN};
  codicil_origin origins[40];
  for (int i = 0; i < 40; i++) {
    char text[64];
    snprintf(text, sizeof text, "https://some-host-%d.example", i);
    origins[i] = origin_of(text);
  }
  codicil_err err = codicil_session_send_origins(s, origins, 40);
  for (size_t i = 0; err == CODICIL_OK && i < 3; i++) {
    err = codicil_session_offer(s, site_of(order[i])->credential, site_of(order[i])->identity);
  }
  return err;
}

static codicil_err server_life(const codicil_mem *mem, const recording *sent) {
  (void)sent;
  codicil_config *config = NULL;
  codicil_session *s = NULL;
  uint64_t random_state = 3;
  fake_tls tls;
  fake_tls_init(&tls, true, 42);
  codicil_err err = codicil_config_new(&config, mem);
  if (err == CODICIL_OK) {
    codicil_config_set_random(config, (codicil_random){&random_state, counting_random});
    codicil_config_set_limit(config, CODICIL_LIMIT_FRAME_LEN, 512);
    err = codicil_session_new(&s, mem, config, CODICIL_SERVER);
  }
  if (err == CODICIL_OK) {
    err = codicil_session_tls_ready(s, &tls.tls);
  }
  if (err == CODICIL_OK) {
    err = codicil_session_recv_setting(s, 1);
  }
  if (err == CODICIL_OK) {
    err = offer_all(s);
  }
  if (err == CODICIL_OK) {
    err = serve_events(s);
    codicil_frame_type type;
    codicil_span payload;
    while (codicil_session_peek_frame(s, &type, &payload)) {
      codicil_session_pop_frame(s);
    }
  }
  codicil_session_free(s);
  codicil_config_free(config);
  return err;
}

static void every_n(const char *name, codicil_err (*life)(const codicil_mem *, const recording *),
                    const recording *sent) {
  for (size_t n = 0;; n++) {
    fail_mem fail;
    fail_mem_init(&fail, n);
    codicil_err err = life(&fail.mem, sent);
    must(fail.held == 0, "a block was not given back", n);
    if (!fail.failed) {
      must(err == CODICIL_OK, "an error with memory enough", n);
      printf("%s: %zu allocations\n", name, n);
      return;
    }
    must(err == CODICIL_NOMEM, codicil_err_name(err), n);
  }
}

int main(void) {
  recording sent;
  record(&sent);
  every_n("client", client_life, &sent);
  (void)bound_of(&chain[0]);
  (void)bound_of(&chain[1]);
  every_n("client with Required Domain", chain_life, &sent);
  every_n("server", server_life, &sent);
  free((void *)(uintptr_t)sent.authenticators[0].data);
  free((void *)(uintptr_t)sent.authenticators[1].data);
  bound_free();
  return 0;
}

// What bound_fixture.h tells.
#include "bound_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "span.h"

enum { BOUNDS_MAX = 1024, NAMES_MAX = 128 };

static void must(bool ok) {
  if (!ok) {
    abort();
  }
}

static void must_ok(codicil_err err) {
  must(err == CODICIL_OK);
}

// Cuts `list` at its next comma; false at its end.
static bool next_of(const char **list, codicil_span *out) {
  if (*list == NULL || **list == '\0') {
    return false;
  }
  size_t len = strcspn(*list, ",");
  *out = codicil_span_of(*list, len);
  *list += (*list)[len] == ',' ? len + 1 : len;
  return true;
}

// ---- certificates -------------------------------------------------------------------------------

static pki_cert *plain_root, *caa_root;
static codicil_trust *trust;
static struct {
  char *key;
  bound made;
} bounds[BOUNDS_MAX];
static size_t num_bounds;

static void make_roots(void) {
  if (plain_root == NULL) {
    plain_root = pki_root("plain");
    caa_root = pki_root("checks CAA");
  }
}

const codicil_trust *bound_trust(void) {
  if (trust == NULL) {
    size_t num = 0;
    make_roots();
    must_ok(codicil_trust_new(&trust, NULL));
    must_ok(codicil_trust_add_pem(trust, NULL, NULL, pki_pem(plain_root)));
    must_ok(codicil_trust_add_pem(trust, NULL, NULL, pki_pem(caa_root)));
    must_ok(codicil_trust_mark_caa(trust, &num, NULL, pki_pem(caa_root)));
    must(num == 1);
  }
  return trust;
}

// "DNS:a.example,IP:192.0.2.1"
static char *alt_names_of(const char *names) {
  size_t len = 1;
  const char *rest = names;
  codicil_span name;
  while (next_of(&rest, &name)) {
    len += name.len + 5;
  }
  char *out = calloc(1, len);
  must(out != NULL);
  for (rest = names, len = 0; next_of(&rest, &name);) {
    codicil_address address;
    const char *type = codicil_address_parse(&address, name) ? "IP:" : "DNS:";
    len += (size_t)sprintf(out + len, "%s%s%.*s", len > 0 ? "," : "", type, (int)name.len,
                           (const char *)name.data);
  }
  return out;
}

// "DER:8203…"
static char *extension_of(const char *required) {
  if (strncmp(required, "DER:", 4) == 0) {
    return strdup(required);
  }
  static char texts[NAMES_MAX][CODICIL_REQUIRED_DOMAIN_TEXT_MAX];
  codicil_required_domain domains[NAMES_MAX];
  codicil_buf der;
  codicil_span name;
  size_t num = 0;
  codicil_buf_init(&der, NULL, SIZE_MAX);
  while (next_of(&required, &name)) {
    must_ok(codicil_required_domain_from_text(&domains[num], texts[num], sizeof texts[num], NULL,
                                              name));
    num++;
  }
  must_ok(codicil_required_domains_encode(&der, domains, num));
  char *out = calloc(1, 2 * der.len + 5);
  must(out != NULL);
  size_t at = (size_t)sprintf(out, "DER:");
  for (size_t i = 0; i < der.len; i++) {
    at += (size_t)sprintf(out + at, "%02x", der.data[i]);
  }
  codicil_buf_clear(&der);
  return out;
}

static codicil_span prove(const bound *b, uint64_t seed) {
  codicil_credential *credential = NULL;
  world w;
  world_init(&w);
  w.random_state = seed;
  world_connect(&w);
  world_negotiate(&w);
  must_ok(codicil_credential_new(&credential, NULL, NULL, pki_pem(b->cert), pki_key_pem(b->cert)));
  must_ok(codicil_session_offer(w.server, credential, b->identity));
  server_sign_all(w.server);
  codicil_span all = take_authenticator(w.server);
  codicil_credential_free(credential);
  world_close(&w);
  return all;
}

static void make(bound *out, const bound_spec *spec, uint64_t seed) {
  char *alt_names = alt_names_of(spec->names);
  char *extension = spec->required != NULL ? extension_of(spec->required) : NULL;
  pki_spec wanted = {.alt_names = alt_names, .not_after = spec->not_after};
  if (extension != NULL) {
    wanted.extra[0] = (pki_extension){PKI_OID, extension};
  }
  make_roots();
  out->cert = pki_make(spec->by_caa ? caa_root : plain_root, &wanted);
  must_ok(codicil_identity_new(&out->identity, NULL, pki_der(out->cert), PKI_OID));
  out->authenticator = prove(out, seed);
  free(alt_names);
  free(extension);
}

const bound *bound_of(const bound_spec *spec) {
  const char *required = spec->required != NULL ? spec->required : "-";
  size_t len = strlen(spec->names) + strlen(required) + 40;
  char *key = calloc(1, len);
  must(key != NULL);
  snprintf(key, len, "%s/%s/%d/%lld", spec->names, required, spec->by_caa,
           (long long)spec->not_after);
  for (size_t i = 0; i < num_bounds; i++) {
    if (strcmp(bounds[i].key, key) == 0) {
      free(key);
      return &bounds[i].made;
    }
  }
  must(num_bounds < BOUNDS_MAX);
  bounds[num_bounds].key = key;
  make(&bounds[num_bounds].made, spec, num_bounds + 1000);
  return &bounds[num_bounds++].made;
}

void bound_free(void) {
  for (size_t i = 0; i < num_bounds; i++) {
    free(bounds[i].key);
    free((void *)(uintptr_t)bounds[i].made.authenticator.data);
    codicil_identity_free(bounds[i].made.identity);
    pki_free(bounds[i].made.cert);
  }
  num_bounds = 0;
  codicil_trust_free(trust);
  pki_free(plain_root);
  pki_free(caa_root);
  trust = NULL;
  plain_root = caa_root = NULL;
  sites_free();
}

// ---- a connection -------------------------------------------------------------------------------

void bound_init(world *w) {
  world_init(w);
  codicil_config_set_trust(w->client_config, bound_trust());
}

void bound_connect(world *w, const char *origin, const char *names) {
  bound_connect_as(w, origin, &(bound_spec){.names = names});
}

void bound_connect_as(world *w, const char *origin, const bound_spec *handshake) {
  codicil_peer peer = {
      .address = peer_address(), .port = 443, .origin = origin_of(origin), .sent_sni = true};
  codicil_chain_entry entry = {.der = pki_der(bound_of(handshake)->cert)};
  must_ok(codicil_session_new(&w->client, NULL, w->client_config, CODICIL_CLIENT));
  must_ok(codicil_session_tls_ready(w->client, &w->client_tls.tls));
  must_ok(codicil_session_set_peer(w->client, &peer));
  must_ok(codicil_session_set_primary(w->client, &entry, 1));
  must_ok(codicil_session_recv_setting(w->client, 1));
  codicil_session_recv_settings_end(w->client);
}

size_t bound_give(world *w, const bound_spec *spec) {
  must_ok(feed_frame(w->client, bound_of(spec)->authenticator, w->now));
  return codicil_session_num_certificates(w->client) - 1;
}

size_t bound_give_copy(world *w, const bound_spec *spec) {
  codicil_span authenticator = prove(bound_of(spec), 1);
  must_ok(feed_frame(w->client, authenticator, w->now));
  free((void *)(uintptr_t)authenticator.data);
  return codicil_session_num_certificates(w->client) - 1;
}

void bound_list(world *w, const char *list) {
  codicil_span entries[NAMES_MAX];
  size_t num = 0;
  while (next_of(&list, &entries[num])) {
    num++;
  }
  must_ok(codicil_session_recv_origin(w->client, entries, num));
}

bool bound_answer(world *w, const char *origin, codicil_evidence evidence, int64_t until_s) {
  codicil_origin wanted = origin_of(origin);
  for (size_t i = 0; i < CODICIL_DNS_WANTS_MAX; i++) {
    const codicil_origin *open = codicil_session_dns_want(w->client, i);
    if (open != NULL && codicil_origin_equal(open, &wanted)) {
      must_ok(codicil_session_resume_dns(w->client, i, &evidence, until_s, w->now));
      return true;
    }
  }
  return false;
}

// How many authenticators one full TLS handshake costs, on each side and on both together.
//
// Full TLS 1.3 handshakes over memory, and authenticators on the same connections, take turns in
// one run. Both carry the same chain of two certificates (P-256), both are validated up to the same
// root with nothing cached. The figures are ratios of medians: handshake over authenticator.
#include <openssl/ssl.h>
#include <string.h>

#include "bench.h"
#include "codicil/ossl.h"
#include "codicil/x509.h"
#include "pki_fixture.h"

enum { TURNS = 201, WARM_UP = 5, PIPE = 65536 };

typedef struct fixture {
  pki_cert *root, *intermediate, *leaf;
  SSL_CTX *client_ctx, *server_ctx;
  codicil_credential *credential;
  codicil_trust *trust;
} fixture;

typedef struct connection {
  SSL *client, *server;
  codicil_tls *client_tls, *server_tls;
  codicil_ea *client_ea, *server_ea;
} connection;

// Nanoseconds that one turn took.
typedef struct turn {
  double handshake_client, handshake_server, validate, create;
} turn;

// ---- material -----------------------------------------------------------------------------------

static int on_client_hello(SSL *ssl, int *al, void *arg) {
  (void)arg;
  return codicil_ossl_capture_client_hello(ssl, al);
}

static void set_up(fixture *f) {
  f->root = pki_root("root");
  f->intermediate = pki_intermediate(f->root, "intermediate");
  f->leaf = pki_leaf(f->intermediate, "DNS:www.example,DNS:img.example");
  f->server_ctx = SSL_CTX_new(TLS_server_method());
  f->client_ctx = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_client_hello_cb(f->server_ctx, on_client_hello, NULL);
  SSL_CTX_set_num_tickets(f->server_ctx, 0);
  CHECK(SSL_CTX_use_certificate(f->server_ctx, f->leaf->x509) == 1 &&
        SSL_CTX_add1_chain_cert(f->server_ctx, f->intermediate->x509) == 1 &&
        SSL_CTX_use_PrivateKey(f->server_ctx, f->leaf->key) == 1);
  CHECK(X509_STORE_add_cert(SSL_CTX_get_cert_store(f->client_ctx), f->root->x509) == 1);
  SSL_CTX_set_verify(f->client_ctx, SSL_VERIFY_PEER, NULL);
  char *chain = pki_chain_pem(f->leaf, f->intermediate);
  CHECK(codicil_credential_new(&f->credential, NULL, NULL, codicil_span_of(chain, strlen(chain)),
                               pki_key_pem(f->leaf)) == CODICIL_OK);
  free(chain);
  CHECK(codicil_trust_new(&f->trust, NULL) == CODICIL_OK &&
        codicil_trust_add_pem(f->trust, NULL, NULL, pki_pem(f->root)) == CODICIL_OK);
}

static void tear_down(fixture *f) {
  codicil_trust_free(f->trust);
  codicil_credential_free(f->credential);
  SSL_CTX_free(f->client_ctx);
  SSL_CTX_free(f->server_ctx);
  pki_free(f->leaf);
  pki_free(f->intermediate);
  pki_free(f->root);
}

// ---- one turn -----------------------------------------------------------------------------------

// Goes on with the handshake of one side; adds what it took to *ns.
static bool step(SSL *ssl, double *ns) {
  double start = bench_cpu_ns();
  int rc = SSL_do_handshake(ssl);
  *ns += bench_cpu_ns() - start;
  CHECK(rc == 1 || SSL_get_error(ssl, rc) == SSL_ERROR_WANT_READ);
  return rc == 1;
}

static void handshake(const fixture *f, connection *c, turn *t) {
  BIO *client_bio, *server_bio;
  CHECK(BIO_new_bio_pair(&client_bio, PIPE, &server_bio, PIPE) == 1);
  double start = bench_cpu_ns();
  c->client = SSL_new(f->client_ctx);
  SSL_set_bio(c->client, client_bio, client_bio);
  SSL_set_connect_state(c->client);
  CHECK(codicil_ossl_prepare_client(c->client) == CODICIL_OK &&
        SSL_set1_host(c->client, "www.example") == 1);
  t->handshake_client = bench_cpu_ns() - start;
  start = bench_cpu_ns();
  c->server = SSL_new(f->server_ctx);
  SSL_set_bio(c->server, server_bio, server_bio);
  SSL_set_accept_state(c->server);
  t->handshake_server = bench_cpu_ns() - start;
  for (bool client_done = false, server_done = false; !client_done || !server_done;) {
    client_done = step(c->client, &t->handshake_client);
    server_done = step(c->server, &t->handshake_server);
  }
}

static void open_authenticators(connection *c) {
  CHECK(codicil_ossl_tls_new(&c->client_tls, c->client) == CODICIL_OK &&
        codicil_ossl_tls_new(&c->server_tls, c->server) == CODICIL_OK);
  CHECK(codicil_ea_new(&c->client_ea, NULL, c->client_tls) == CODICIL_OK &&
        codicil_ea_new(&c->server_ea, NULL, c->server_tls) == CODICIL_OK);
}

static void close_connection(connection *c) {
  codicil_ea_free(c->client_ea);
  codicil_ea_free(c->server_ea);
  codicil_ossl_tls_free(c->client_tls);
  codicil_ossl_tls_free(c->server_tls);
  SSL_free(c->client);
  SSL_free(c->server);
}

static void validate(const fixture *f, connection *c, codicil_span authenticator) {
  codicil_ea_proof *proof;
  codicil_span none = {NULL, 0};
  CHECK(codicil_ea_verify(c->client_ea, &proof, NULL, authenticator, none) == CODICIL_OK);
  codicil_chain_entry entries[2];
  size_t num = codicil_ea_proof_num_certificates(proof);
  CHECK(num == 2);
  for (size_t i = 0; i < num; i++) {
    entries[i] = (codicil_chain_entry){.der = codicil_ea_proof_certificate(proof, i),
                                       .ocsp = codicil_ea_proof_ocsp(proof, i),
                                       .scts = codicil_ea_proof_scts(proof, i)};
  }
  codicil_chain_verdict verdict;
  CHECK(codicil_chain_validate(&verdict, NULL, f->trust, NULL, NULL, entries, num, PKI_NOW) ==
        CODICIL_OK);
  CHECK(verdict.reason == CODICIL_CERT_NONE);
  codicil_ea_proof_free(proof);
}

static turn take_turn(const fixture *f, uint32_t number) {
  turn t = {0};
  connection c = {0};
  handshake(f, &c, &t);
  open_authenticators(&c);
  codicil_buf buf;
  codicil_buf_init(&buf, NULL, 131072);
  codicil_span none = {NULL, 0};
  uint8_t context[32] = {0};
  memcpy(context, &number, sizeof number);
  double start = bench_cpu_ns();
  CHECK(codicil_ea_authenticate(c.server_ea, &buf, f->credential, none,
                                codicil_span_of(context, sizeof context)) == CODICIL_OK);
  t.create = bench_cpu_ns() - start;
  start = bench_cpu_ns();
  validate(f, &c, codicil_buf_span(&buf));
  t.validate = bench_cpu_ns() - start;
  codicil_buf_clear(&buf);
  close_connection(&c);
  return t;
}

// ---- figures ------------------------------------------------------------------------------------

static double median(const turn *turns, size_t offset) {
  double values[TURNS];
  for (size_t i = 0; i < TURNS; i++) {
    memcpy(&values[i], (const char *)&turns[i] + offset, sizeof values[i]);
  }
  return bench_median(values, TURNS);
}

static void print(const char *side, double handshake_ns, double authenticator_ns) {
  printf("{\"name\": \"handshake_over_ea_%s\", \"value\": %.3f, \"unit\": \"ratio\", "
         "\"against\": \"one authenticator: %.0f us; handshake: %.0f us\", \"n\": %d}\n",
         side, handshake_ns / authenticator_ns, authenticator_ns / 1e3, handshake_ns / 1e3, TURNS);
}

int main(void) {
  static turn turns[TURNS];
  fixture f = {0};
  set_up(&f);
  for (uint32_t i = 0; i < WARM_UP + TURNS; i++) {
    turn t = take_turn(&f, i);
    if (i >= WARM_UP) {
      turns[i - WARM_UP] = t;
    }
  }
  double server = median(turns, offsetof(turn, handshake_server));
  double client = median(turns, offsetof(turn, handshake_client));
  double create = median(turns, offsetof(turn, create));
  double validated = median(turns, offsetof(turn, validate));
  print("server", server, create);
  print("client", client, validated);
  print("both", server + client, create + validated);
  tear_down(&f);
  return 0;
}

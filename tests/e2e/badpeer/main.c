// A peer that misbehaves on purpose, for the end-to-end tests.
//
//   badpeer list serve|call [--http3]
//   badpeer serve SCENARIO --primary PEM KEY --secondary PEM KEY [--times N] [--tls12] [--no-ems]
//   badpeer call SCENARIO --port N [--times N] [--sni NAME] [--authority A] [--tls12] [--no-ems]
//   badpeer request --port N [--sni NAME] [--expect N] [--no-alpn] [:method=GET :path=/ … [-- …]…]
//   badpeer request --port N --sni NAME --then-sni NAME
//
// `serve` prints `ready PORT`, runs the scenario on the first N connections (1) whose server name
// is not the secondary certificate's, answers every request with 200 (421 for the names that the
// certificate of the handshake does not cover, with --misdirect), and reports each connection when
// it ends. `call` and `request` make one connection and report it. With --expect they wait for
// so many authenticators, and `request` sends the setting. With --then-sni `request` makes a second
// connection for that name, with the first one's session, and reports that too.
// With --http3 all of it is over QUIC; --tls12, --no-ems and --ciphers are TLS over TCP's.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ends.h"

int usage(void) {
  fprintf(stderr, "usage: badpeer list|serve|call|request …\n");
  return 2;
}

static void list_names(const scenario_list *list) {
  for (size_t i = 0; i < list->num; i++) {
    puts(list->all[i].name);
  }
}

static int list(const char *role, const version *v) {
  bool is_serve = strcmp(role, "serve") == 0;
  list_names(is_serve ? &serving_both : &calling_both);
  list_names(is_serve ? v->serving : v->calling);
  for (forge_fault f = FORGE_NONE; is_serve && f < FORGE_NUM_FAULTS; f++) {
    puts(forge_fault_name(f));
  }
  return 0;
}

static const version *http3(void) {
  if (version_h3 == NULL) {
    fprintf(stderr, "badpeer: built without HTTP/3\n");
    exit(2);
  }
  return version_h3;
}

// Takes the flags at the front of argv; returns how many arguments they were.
static int parse(options *o, int argc, char **argv) {
  int i = 0;
  for (; i < argc && strncmp(argv[i], "--", 2) == 0 && argv[i][2] != '\0'; i++) {
    const char *flag = argv[i] + 2;
    int left = argc - i - 1;
    if (strcmp(flag, "tls12") == 0) {
      o->tls.tls12 = true;
    } else if (strcmp(flag, "http3") == 0) {
      o->version = http3();
    } else if (strcmp(flag, "no-ems") == 0) {
      o->tls.no_ems = true;
    } else if (strcmp(flag, "no-alpn") == 0) {
      o->tls.no_alpn = true;
    } else if (left >= 1 && strcmp(flag, "expect") == 0) {
      o->num_expected = (size_t)atoi(argv[++i]);
    } else if (left >= 1 && strcmp(flag, "then-sni") == 0) {
      o->then_sni = argv[++i];
    } else if (strcmp(flag, "misdirect") == 0) {
      o->misdirect = true;
    } else if (left >= 2 && strcmp(flag, "primary") == 0) {
      o->primary[0] = argv[++i];
      o->primary[1] = argv[++i];
    } else if (left >= 2 && strcmp(flag, "secondary") == 0) {
      o->secondary[0] = argv[++i];
      o->secondary[1] = argv[++i];
    } else if (left >= 1 && strcmp(flag, "port") == 0) {
      o->port = atoi(argv[++i]);
    } else if (left >= 1 && strcmp(flag, "times") == 0) {
      o->times = atoi(argv[++i]);
    } else if (left >= 1 && strcmp(flag, "sni") == 0) {
      o->tls.sni = argv[++i];
    } else if (left >= 1 && strcmp(flag, "alpn") == 0) {
      o->tls.alpn = argv[++i];
    } else if (left >= 1 && strcmp(flag, "ciphers") == 0) {
      o->tls.ciphers = argv[++i];
    } else if (left >= 1 && strcmp(flag, "authority") == 0) {
      o->authority = argv[++i];
    } else {
      exit(usage());
    }
  }
  return i;
}

int main(int argc, char **argv) {
  signal(SIGPIPE, SIG_IGN);
  options o = {.version = &version_h2, .times = 1, .authority = "a.example"};
  if (argc < 3) {
    return usage();
  }
  if (strcmp(argv[1], "request") == 0) {
    int n = 2 + parse(&o, argc - 2, argv + 2);
    return request(&o, argc - n, argv + n);
  }
  parse(&o, argc - 3, argv + 3);
  if (strcmp(argv[1], "list") == 0) {
    return list(argv[2], o.version);
  }
  if (strcmp(argv[1], "serve") == 0) {
    return serve(argv[2], &o);
  }
  return strcmp(argv[1], "call") == 0 ? call(argv[2], &o) : usage();
}

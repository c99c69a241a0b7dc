// codicil cert show: what certificates say, for a person or a program.
#include <stdlib.h>
#include <time.h>

#include "cert.h"
#include "pki/bundle.h"
#include "pki/facts.h"

static const char help[] =
    "codicil cert show - tell what certificates say\n"
    "\n"
    "usage: codicil cert show FILE... [--json] [--codepoints K=V,...]\n"
    "\n"
    "Every certificate of each FILE: PEM (a chain, a bundle) or DER; '-' is standard\n"
    "input; of a directory the files .pem, .crt, .cer and .der. Nothing is verified.\n"
    "What is not printable ASCII in a certificate is escaped.\n"
    "\n"
    "Required Domain is told in words: on which connections the certificate may be\n"
    "used as a secondary one. The lines 'block list' are what a block list takes.\n"
    "\n"
    "  --json                an array of objects; codicil-cert(1) tells their members\n"
    "  --codepoints K=V,...  other code points than ours (oid)\n"
    "\n"
    "Exit code: 0; 1 where a file cannot be read or holds what is no certificate.\n"
    "\n"
    "example: codicil cert show www.example.com.pem\n";

enum { OPT_JSON = 1, OPT_CODEPOINTS };
static const struct option options[] = {
    {"json", no_argument, NULL, OPT_JSON},
    {"codepoints", required_argument, NULL, OPT_CODEPOINTS},
    CERT_HELP,
    {NULL, 0, NULL, 0},
};

typedef struct show {
  bool json;
  codicil_codepoints codepoints;
  int64_t now_s;
  size_t num_shown;
  size_t num_flawed;
} show;

static bool take(void *args, int option, app_error *err) {
  show *s = args;
  if (option == OPT_JSON) {
    s->json = true;
    return true;
  }
  return cert_parse_codepoints(&s->codepoints, optarg, err);
}

static bool write_json(show *s, const pki_bundle_item *item, json_t *facts, app_error *err) {
  json_object_set_new(facts, "file", json_string(item->path));
  json_object_set_new(facts, "index", json_integer((json_int_t)item->index));
  fputs(s->num_shown == 0 ? "[\n" : ",\n", stdout);
  s->num_shown++;
  return json_dumpf(facts, stdout, JSON_INDENT(2)) == 0 || app_fail(err, "standard output: failed");
}

static bool show_flaw(show *s, const pki_bundle_item *item, const char *flaw, app_error *err) {
  s->num_flawed++;
  if (s->json) {
    json_t *facts = json_pack("{s:s}", "error", flaw);
    bool ok = write_json(s, item, facts, err);
    json_decref(facts);
    return ok;
  }
  fprintf(stderr, "codicil cert: %s: certificate %zu: %s\n", item->path, item->index, flaw);
  return true;
}

static bool show_one(void *user, const pki_bundle_item *item, app_error *err) {
  show *s = user;
  app_error why;
  pki_parsed parsed;
  if (item->flaw != NULL) {
    return show_flaw(s, item, item->flaw, err);
  }
  if (!pki_parsed_new(&parsed, item->der, s->codepoints.oid, &why)) {
    return show_flaw(s, item, why.text, err);
  }
  json_t *facts = pki_facts(&parsed, s->codepoints.oid, s->now_s);
  pki_parsed_clear(&parsed);
  bool ok = true;
  if (s->json) {
    ok = write_json(s, item, facts, err);
  } else {
    printf("%s%s: certificate %zu\n", s->num_shown++ > 0 ? "\n" : "", item->path, item->index);
    pki_facts_print(stdout, facts);
  }
  json_decref(facts);
  return ok;
}

int cert_show(int argc, char **argv) {
  static const cert_syntax syntax = {"show", help, options, take};
  show s = {.now_s = (int64_t)time(NULL)};
  codicil_codepoints_default(&s.codepoints);
  int code = cert_parse(&syntax, &s, argc, argv);
  if (code != CERT_GO_ON) {
    return code;
  }
  if (optind >= argc) {
    return cert_usage("show", "show takes one file or more");
  }
  app_error err;
  bool ok = true;
  for (int i = optind; ok && i < argc; i++) {
    ok = pki_bundle_read(argv[i], show_one, &s, &err);
  }
  if (s.json) {
    puts(s.num_shown == 0 ? "[]" : "\n]");
  }
  if (!ok) {
    return cert_fail(&err);
  }
  return s.num_flawed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

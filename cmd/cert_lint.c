// codicil cert lint: what is wrong with certificates; and, for the owner of names, which
// certificates have a Required Domain that was not asked for.
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cert.h"
#include "pki/bundle.h"
#include "pki/facts.h"
#include "pki/lint_prove.h"

static const char help[] =
    "codicil cert lint - tell what is wrong with certificates\n"
    "\n"
    "usage: codicil cert lint FILE|DIR... [--json] [--codepoints K=V,...]\n"
    "       codicil cert lint --mine NAME... [--allow-required NAME]... FILE|DIR...\n"
    "\n"
    "Looks at names, lifetimes, keys, signatures, usages and Required Domain, also\n"
    "whether the certificates given can prove one another's required domains. A line\n"
    "a finding: FILE:NUMBER: SEVERITY: ID: sentence. codicil-cert(1) tells the ids.\n"
    "\n"
    "With --mine only this: every certificate for your names whose Required Domain is\n"
    "not on your list. For what a monitor of CT logs brings home, of any size.\n"
    "\n"
    "  --mine NAME            one of your names; *.NAME: all below it. Once a name\n"
    "  --allow-required NAME  a required domain on your list; *.NAME as in CAA\n"
    "  --json                 one object with all findings\n"
    "  --codepoints K=V,...   other code points than ours (oid)\n"
    "\n"
    "Exit code: 0; 1 where there is an error among the findings; 2 where a file\n"
    "cannot be read, or the command line makes no sense.\n"
    "\n"
    "example: codicil cert lint --mine a.example --allow-required b.example x.pem\n";

enum { OPT_JSON = 1, OPT_CODEPOINTS, OPT_MINE, OPT_ALLOW };
static const struct option options[] = {
    {"json", no_argument, NULL, OPT_JSON},
    {"codepoints", required_argument, NULL, OPT_CODEPOINTS},
    {"mine", required_argument, NULL, OPT_MINE},
    {"allow-required", required_argument, NULL, OPT_ALLOW},
    CERT_HELP,
    {NULL, 0, NULL, 0},
};

enum { MINE_MAX = 256, ALLOWED_MAX = 256, EXIT_FINDINGS = 1 };

typedef struct lint_args {
  bool json;
  codicil_codepoints codepoints;
  pki_mine mine;
  pki_name names[MINE_MAX];
  codicil_required_domain allowed[ALLOWED_MAX];
  char allowed_text[ALLOWED_MAX][CODICIL_REQUIRED_DOMAIN_TEXT_MAX];
} lint_args;

static bool add_mine(lint_args *args, app_error *err) {
  if (args->mine.num_names == MINE_MAX) {
    return app_fail(err, "--mine: more than %d names", MINE_MAX);
  }
  return pki_name_parse(&args->names[args->mine.num_names], optarg, err) &&
         ++args->mine.num_names > 0;
}

static bool add_allowed(lint_args *args, app_error *err) {
  size_t i = args->mine.num_allowed;
  codicil_diag diag = {.what = "is no name"};
  if (i == ALLOWED_MAX) {
    return app_fail(err, "--allow-required: more than %d names", ALLOWED_MAX);
  }
  if (codicil_required_domain_from_text(&args->allowed[i], args->allowed_text[i],
                                        sizeof args->allowed_text[i], &diag,
                                        codicil_span_of(optarg, strlen(optarg))) != CODICIL_OK) {
    return app_fail(err, "--allow-required '%s': %s", optarg, diag.what);
  }
  args->mine.num_allowed++;
  return true;
}

static bool take(void *user, int option, app_error *err) {
  lint_args *args = user;
  switch (option) {
  case OPT_JSON:
    args->json = true;
    return true;
  case OPT_CODEPOINTS:
    return cert_parse_codepoints(&args->codepoints, optarg, err);
  case OPT_MINE:
    return add_mine(args, err);
  default: // OPT_ALLOW
    return add_allowed(args, err);
  }
}

// One run over the files.
typedef struct run {
  const lint_args *args;
  int64_t now_s;
  pki_prover *prover; // NULL: one reading must do
  const pki_bundle_item *item;
  size_t num_certificates;
  size_t num_findings[PKI_NUM_SEVERITIES];
  size_t num_told;
} run;

static void tell_at(run *r, const char *path, size_t index, pki_lint_id id, const char *text) {
  const char *severity = pki_severity_name(pki_lint_severity(id));
  r->num_findings[pki_lint_severity(id)]++;
  if (!r->args->json) {
    printf("%s:%zu: %s: %s: %s\n", path, index, severity, pki_lint_name(id), text);
    return;
  }
  json_t *json = json_pack("{s:s,s:I,s:s,s:s,s:s}", "file", path, "index", (json_int_t)index,
                           "severity", severity, "id", pki_lint_name(id), "text", text);
  fputs(r->num_told++ == 0 ? "\n    " : ",\n    ", stdout);
  json_dumpf(json, stdout, JSON_COMPACT);
  json_decref(json);
}

static void tell_here(void *user, pki_lint_id id, const char *text) {
  run *r = user;
  tell_at(r, r->item->path, r->item->index, id, text);
}

static void tell_proof(void *user, const char *path, size_t index, pki_lint_id id,
                       const char *text) {
  tell_at(user, path, index, id, text);
}

// The first reading, which says nothing: whose required domains have to be proven.
static bool gather(void *user, const pki_bundle_item *item, app_error *err) {
  run *r = user;
  app_error ignored;
  codicil_identity *identity =
      item->flaw == NULL ? pki_identity_new(item->der, r->args->codepoints.oid, &ignored) : NULL;
  bool ok = identity == NULL || pki_prover_add(r->prover, identity, item->path, item->index, err);
  codicil_identity_free(identity);
  return ok;
}

// Counts the certificate; false where it is none, which is a finding.
static bool begin(run *r, const pki_bundle_item *item) {
  r->item = item;
  r->num_certificates++;
  if (item->flaw != NULL) {
    tell_here(r, PKI_LINT_MALFORMED, item->flaw);
  }
  return item->flaw == NULL;
}

static bool look_for_mine(void *user, const pki_bundle_item *item, app_error *err) {
  run *r = user;
  (void)err;
  if (begin(r, item)) {
    app_error why;
    codicil_identity *identity = pki_identity_new(item->der, r->args->codepoints.oid, &why);
    if (identity != NULL) {
      pki_lint_mine(identity, &r->args->mine, tell_here, r);
    } else {
      tell_here(r, PKI_LINT_MALFORMED, why.text);
    }
    codicil_identity_free(identity);
  }
  return true;
}

static bool examine(void *user, const pki_bundle_item *item, app_error *err) {
  run *r = user;
  pki_parsed parsed;
  app_error why;
  if (!begin(r, item)) {
    return true;
  }
  if (!pki_parsed_new(&parsed, item->der, r->args->codepoints.oid, &why)) {
    tell_here(r, PKI_LINT_MALFORMED, why.text);
    return true;
  }
  pki_lint(&parsed, r->args->codepoints.oid, r->now_s, tell_here, r);
  bool ok = r->prover == NULL || pki_prover_link(r->prover, &parsed, err);
  pki_parsed_clear(&parsed);
  return ok;
}

static bool read_all(run *r, char *const *paths, pki_bundle_fn *each, app_error *err) {
  bool ok = true;
  for (size_t i = 0; ok && paths[i] != NULL; i++) {
    ok = pki_bundle_read(paths[i], each, r, err);
  }
  return ok;
}

// Standard input can be read once only: then nothing is said on proving.
static bool can_read_twice(char *const *paths) {
  for (size_t i = 0; paths[i] != NULL; i++) {
    if (strcmp(paths[i], "-") == 0) {
      return false;
    }
  }
  return true;
}

static bool lint_all(run *r, char *const *paths, app_error *err) {
  if (r->args->mine.num_names > 0) {
    return read_all(r, paths, look_for_mine, err);
  }
  if (!can_read_twice(paths)) {
    return read_all(r, paths, examine, err);
  }
  r->prover = pki_prover_new();
  bool ok = (r->prover != NULL || app_fail(err, "out of memory")) &&
            read_all(r, paths, gather, err) && read_all(r, paths, examine, err);
  size_t left_out = ok ? pki_prover_finish(r->prover, tell_proof, r) : 0;
  if (left_out > 0) {
    fprintf(stderr, "codicil cert: of %zu certificates it was not examined what proves them\n",
            left_out);
  }
  pki_prover_free(r->prover);
  return ok;
}

static void conclude(const run *r) {
  const size_t *num = r->num_findings;
  if (r->args->json) {
    printf("%s],\n  \"certificates\": %zu,\n  \"errors\": %zu,\n  \"warnings\": %zu,\n"
           "  \"notices\": %zu\n}\n",
           r->num_told > 0 ? "\n  " : "", r->num_certificates, num[PKI_ERROR], num[PKI_WARNING],
           num[PKI_NOTICE]);
  } else {
    printf("certificates: %zu, errors: %zu, warnings: %zu, notices: %zu\n", r->num_certificates,
           num[PKI_ERROR], num[PKI_WARNING], num[PKI_NOTICE]);
  }
}

static int run_lint(lint_args *args, char *const *paths) {
  run r = {.args = args, .now_s = (int64_t)time(NULL)};
  app_error err;
  args->mine.names = args->names;
  args->mine.allowed = args->allowed;
  if (args->json) {
    fputs("{\n  \"findings\": [", stdout);
  }
  bool ok = lint_all(&r, paths, &err);
  conclude(&r);
  if (!ok) {
    cert_fail(&err);
    return CERT_EXIT_USAGE;
  }
  return r.num_findings[PKI_ERROR] > 0 ? EXIT_FINDINGS : EXIT_SUCCESS;
}

int cert_lint(int argc, char **argv) {
  static const cert_syntax syntax = {"lint", help, options, take};
  lint_args *args = calloc(1, sizeof *args);
  if (args == NULL) {
    return EXIT_FAILURE;
  }
  codicil_codepoints_default(&args->codepoints);
  int code = cert_parse(&syntax, args, argc, argv);
  if (code == CERT_GO_ON) {
    if (optind >= argc) {
      code = cert_usage("lint", "lint takes one file or directory, or more");
    } else if (args->mine.num_allowed > 0 && args->mine.num_names == 0) {
      code = cert_usage("lint", "--allow-required goes with --mine");
    } else {
      code = run_lint(args, argv + optind);
    }
  }
  free(args);
  return code;
}

// What certificates are judged by: see trust.h.
#include "client/trust.h"

#include <stdio.h>

#include "client/exit_code.h"
#include "io/block_file.h"

static bool fail(app_error *err, const char *flag, const app_error *cause) {
  return app_fail(err, "%s: %s", flag, cause->text);
}

static bool read_crls(tls_client *tls, const client_options *options, int *out_code,
                      app_error *err) {
  app_error cause;
  *out_code = EXIT_SSL_CRL_BADFILE;
  return options->crlfile == NULL || tls_client_add_crls(tls, options->crlfile, &cause) ||
         fail(err, "--crlfile", &cause);
}

static bool read_logs(tls_client *tls, const client_options *options, int *out_code,
                      app_error *err) {
  app_error cause;
  *out_code = EXIT_USAGE;
  return options->ct_logs == NULL ||
         tls_client_add_logs(tls, options->ct_logs, (size_t)options->min_scts, &cause) ||
         fail(err, "--ct-logs", &cause);
}

static bool mark_anchors(tls_client *tls, const client_options *options, int *out_code,
                         app_error *err) {
  app_error cause;
  bool strange = false;
  *out_code = EXIT_SSL_CACERT_BADFILE;
  if (options->caa_anchor == NULL) {
    return true;
  }
  if (!tls_client_mark_caa(tls, &strange, options->caa_anchor, &cause)) {
    return fail(err, "--caa-anchor", &cause);
  }
  if (strange && !options->silent) {
    fprintf(stderr,
            "codicil get: warning: --caa-anchor: %s has a certificate that is no trust "
            "anchor: it counts for nothing\n",
            options->caa_anchor);
  }
  return true;
}

static bool read_block_list(tls_client *tls, codicil_block_list **out_list, codicil_buf *out_text,
                            const client_options *options, int *out_code, app_error *err) {
  app_error cause;
  *out_code = EXIT_USAGE;
  if (options->block_list == NULL) {
    return true;
  }
  if (!block_file_read(out_list, out_text, options->block_list, &cause)) {
    return fail(err, "--block-list", &cause);
  }
  tls_client_set_block_list(tls, *out_list);
  return true;
}

bool client_trust_set_up(tls_client *tls, codicil_block_list **out_list, codicil_buf *out_text,
                         const client_options *options, int *out_code, app_error *err) {
  *out_list = NULL;
  codicil_buf_init(out_text, NULL, 0);
  return read_crls(tls, options, out_code, err) && read_logs(tls, options, out_code, err) &&
         mark_anchors(tls, options, out_code, err) &&
         read_block_list(tls, out_list, out_text, options, out_code, err);
}

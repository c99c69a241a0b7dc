// The block list that a server begins with: see block_list.h.
#include "server/block_list.h"

#include "io/block_file.h"

// Beside another one a certificate is left out; without one there is no handshake.
static bool refuse_listed_sites(const codicil_block_list *list, const site_table *table,
                                const config_text *path, config_report *report) {
  bool ok = true;
  for (size_t i = 0; i < table->num_sites; i++) {
    const server_certificate *own = table->sites[i].certificate;
    if (own->identity && server_certificate_is_listed(own, list)) {
      config_say(report, own->config->file.mark, false,
                 "the certificate in %s is on the block list %s", own->config->file.text,
                 path->text);
      ok = false;
    }
  }
  return ok;
}

bool block_list_load(codicil_block_list **out, codicil_buf *text, const server_config *config,
                     const site_table *table, config_report *report) {
  const config_text *path = &config->block_list;
  app_error err;
  *out = NULL;
  codicil_buf_init(text, NULL, 0);
  if (!path->text) {
    return true;
  }
  if (!block_file_read(out, text, path->text, &err)) {
    config_say(report, path->mark, false, "%s", err.text);
    return false;
  }
  return refuse_listed_sites(*out, table, path, report);
}

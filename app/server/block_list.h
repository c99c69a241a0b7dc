// The block list that a server begins with; io/block_watch.h hears of later ones.
#ifndef APP_SERVER_BLOCK_LIST_H
#define APP_SERVER_BLOCK_LIST_H

#include "codicil/x509.h"
#include "server/config.h"
#include "server/site.h"

// Reads the file that the configuration names: what is wrong with it goes to `report`, and so does
// each site whose handshake's certificate is listed. *out is NULL where no file is configured, or
// it is of no use. `text` is initialised here and keeps the file's octets: clear it either way.
CODICIL_MUST_USE bool block_list_load(codicil_block_list **out, codicil_buf *text,
                                      const server_config *config, const site_table *table,
                                      config_report *report);

#endif

// Nodes of the configuration's YAML, from libyaml's document API, and the values in them. What is
// wrong with one is told with its place, and reading goes on.
#ifndef APP_SERVER_CONFIG_NODE_H
#define APP_SERVER_CONFIG_NODE_H

#include <yaml.h>

#include "server/config.h"

typedef struct config_loader {
  yaml_document_t *document;
  server_config *config;
  config_report *report;
  const char *directory;           // that paths are relative to
  config_site *site;               // being read
  config_certificate *certificate; // being read
} config_loader;

typedef void config_read(config_loader *l, const yaml_node_t *value);
typedef struct config_key {
  const char *key;
  config_read *read;
} config_key;

config_mark node_mark(const yaml_node_t *node);
// Tells of a mistake unless `ok`.
void node_need_memory(config_loader *l, const yaml_node_t *node, bool ok);

// Each of the following tells what is wrong; `what` names the value in that.
//
// Reads the keys that `keys` has; unknown and duplicate ones are mistakes.
void node_read_mapping(config_loader *l, const yaml_node_t *node, const char *what,
                       const config_key *keys, size_t num_keys);
bool node_is_mapping(config_loader *l, const yaml_node_t *node, const char *what);
// Tells whether an earlier pair of `mapping` has the same key.
bool node_is_duplicate(config_loader *l, const yaml_node_t *mapping, const yaml_node_pair_t *pair);
// Calls `read` for a value, or for each of a list.
void node_read_each(config_loader *l, const yaml_node_t *node, config_read *read);

// The text of a scalar, or NULL.
const char *node_scalar(config_loader *l, const yaml_node_t *node, const char *what);
// A number, with k, m or g; false, and *out is as before, where it is none or out of bounds.
bool node_read_number(config_loader *l, const yaml_node_t *node, uint64_t *out, const char *what,
                      uint64_t least, uint64_t most);
// "500ms", "10s", "2m", "1h"; without a unit, seconds.
bool node_parse_duration_ms(uint64_t *out, const char *text);
void node_read_bool(config_loader *l, const yaml_node_t *node, bool *out, const char *what);
void node_read_path(config_loader *l, const yaml_node_t *node, config_text *out, const char *what);
// Adds a host name, wildcards allowed, that the list does not have yet.
void node_read_name(config_loader *l, const yaml_node_t *node, config_list *list, const char *what);

// ---- keys that are read elsewhere
// --------------------------------------------------------------------------------

// Of the certificate being read.
void config_read_certificate(config_loader *l, const yaml_node_t *node);
void config_read_key(config_loader *l, const yaml_node_t *node);
void config_read_ocsp(config_loader *l, const yaml_node_t *node);
// `glue`, whole.
void config_read_glue(config_loader *l, const yaml_node_t *node);

#endif

// Reads the configuration's YAML with libyaml's document API, which knows the place of every node.
//
// A table names the keys of each mapping and what reads each value; config_node.h has the values
// that are everywhere alike.
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "codicil/name.h"
#include "io/address.h"
#include "io/file.h"
#include "server/config_node.h"
#include "server/http3.h"

enum { MAX_FILE_LEN = 16 << 20 };
static const uint64_t MAX_AGE_MS = 365ull * 86400 * 1000;

// ---- a site
// -------------------------------------------------------------------------------------------

static void read_root(config_loader *l, const yaml_node_t *node) {
  node_read_path(l, node, &l->site->root, "root");
}
static void read_site_name(config_loader *l, const yaml_node_t *node) {
  node_read_name(l, node, &l->site->names, "the site's name");
}
static void read_names(config_loader *l, const yaml_node_t *node) {
  node_read_each(l, node, read_site_name);
}
static void read_secondary_name(config_loader *l, const yaml_node_t *node) {
  node_read_name(l, node, &l->site->secondary, "secondary");
}
static void read_secondary(config_loader *l, const yaml_node_t *node) {
  node_read_each(l, node, read_secondary_name);
}

static const config_key site_rules[] = {
    {"names", read_names},    {"certificate", config_read_certificate},
    {"key", config_read_key}, {"ocsp", config_read_ocsp},
    {"root", read_root},      {"secondary", read_secondary}};

static void need_key(config_loader *l, const config_text *text, const char *key) {
  if (!text->text) {
    config_say(l->report, l->site->mark, false, "the site has no '%s'", key);
  }
}

static void read_site(config_loader *l, const yaml_node_t *key, const yaml_node_t *value) {
  l->site = server_config_add_site(l->config, node_mark(key));
  if (!l->site) {
    node_need_memory(l, key, false);
    return;
  }
  size_t before = l->report->num_errors;
  l->certificate = &l->site->certificate;
  read_site_name(l, key);
  node_read_mapping(l, value, "a site", site_rules, sizeof site_rules / sizeof *site_rules);
  if (l->report->num_errors == before) {
    need_key(l, &l->site->certificate.file, "certificate");
    need_key(l, &l->site->certificate.key, "key");
    need_key(l, &l->site->root, "root");
  }
}

static void read_sites(config_loader *l, const yaml_node_t *node) {
  if (!node_is_mapping(l, node, "sites")) {
    return;
  }
  const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
  for (; pair < node->data.mapping.pairs.top; pair++) {
    const yaml_node_t *key = yaml_document_get_node(l->document, pair->key);
    if (node_scalar(l, key, "a site's name") && !node_is_duplicate(l, node, pair)) {
      read_site(l, key, yaml_document_get_node(l->document, pair->value));
    }
  }
}

// ---- limits and timeouts
// --------------------------------------------------------------------------

#define READ_LIMIT(name, key, value, least, most, text)                                        \
  static void read_limit_##name(config_loader *l, const yaml_node_t *node) {                   \
    (void)node_read_number(l, node, &l->config->limits.limit[SERVER_LIMIT_##name], key, least, \
                           most);                                                              \
  }
SERVER_LIMIT_MAP(READ_LIMIT)
#undef READ_LIMIT

static void read_limits(config_loader *l, const yaml_node_t *node) {
#define LIMIT_RULE(name, key, value, least, most, text) {key, read_limit_##name},
  static const config_key rules[] = {SERVER_LIMIT_MAP(LIMIT_RULE)};
#undef LIMIT_RULE
  node_read_mapping(l, node, "limits", rules, sizeof rules / sizeof *rules);
}

static void read_timeout(config_loader *l, const yaml_node_t *node, uint64_t *out,
                         const char *what) {
  uint64_t value_ms;
  const char *text = node_scalar(l, node, what);
  if (!text) {
    return;
  }
  if (!node_parse_duration_ms(&value_ms, text) || value_ms == 0 || value_ms > 86400000) {
    config_say(l->report, node_mark(node), false,
               "%s must be a time up to 24h, as 500ms, 10s, 2m or 1h, not '%s'", what, text);
    return;
  }
  *out = value_ms;
}

#define READ_TIMEOUT(name, key, value, text)                                          \
  static void read_timeout_##name(config_loader *l, const yaml_node_t *node) {        \
    read_timeout(l, node, &l->config->limits.timeout_ms[SERVER_TIMEOUT_##name], key); \
  }
SERVER_TIMEOUT_MAP(READ_TIMEOUT)
#undef READ_TIMEOUT

static void read_timeouts(config_loader *l, const yaml_node_t *node) {
#define TIMEOUT_RULE(name, key, value, text) {key, read_timeout_##name},
  static const config_key rules[] = {SERVER_TIMEOUT_MAP(TIMEOUT_RULE)};
#undef TIMEOUT_RULE
  node_read_mapping(l, node, "timeouts", rules, sizeof rules / sizeof *rules);
}

// ---- the whole
// ------------------------------------------------------------------------------------

static void read_listen_address(config_loader *l, const yaml_node_t *node) {
  io_address address;
  const char *text = node_scalar(l, node, "listen");
  if (!text) {
    return;
  }
  if (!io_address_parse(&address, text, 443)) {
    config_say(l->report, node_mark(node), false,
               "listen '%s' is not an address and a port, as 127.0.0.1:443, \"[::]:443\" or *:443",
               text);
    return;
  }
  node_need_memory(l, node, config_list_add(&l->config->listen, text, node_mark(node)));
}
static void read_listen(config_loader *l, const yaml_node_t *node) {
  node_read_each(l, node, read_listen_address);
}

static void read_block_list(config_loader *l, const yaml_node_t *node) {
  node_read_path(l, node, &l->config->block_list, "block-list");
}

static void read_workers(config_loader *l, const yaml_node_t *node) {
  uint64_t value;
  if (node_read_number(l, node, &value, "workers", 1, 1024)) {
    l->config->workers = (size_t)value;
  }
}
static void read_public_port(config_loader *l, const yaml_node_t *node) {
  uint64_t value;
  if (node_read_number(l, node, &value, "public-port", 1, 65535)) {
    l->config->public_port = (uint16_t)value;
  }
}
static void read_origin(config_loader *l, const yaml_node_t *node) {
  node_read_bool(l, node, &l->config->send_origin, "origin");
}

static void read_http3(config_loader *l, const yaml_node_t *node) {
  const char *text = node_scalar(l, node, "http3");
  node_read_bool(l, node, &l->config->http3, "http3");
  if (text && l->config->http3 && !http3_is_built()) {
    config_say(l->report, node_mark(node), false, "http3: this build has no HTTP/3");
  }
}
static void read_early_data(config_loader *l, const yaml_node_t *node) {
  node_read_bool(l, node, &l->config->early_data, "early-data");
}
static void read_qlog(config_loader *l, const yaml_node_t *node) {
  node_read_path(l, node, &l->config->qlog, "qlog");
}
static void read_alt_svc_max_age(config_loader *l, const yaml_node_t *node) {
  uint64_t value_ms;
  const char *text = node_scalar(l, node, "alt-svc-max-age");
  if (!text) {
    return;
  }
  if (!node_parse_duration_ms(&value_ms, text) || value_ms > MAX_AGE_MS || value_ms % 1000 != 0) {
    config_say(l->report, node_mark(node), false,
               "alt-svc-max-age must be whole seconds up to 8760h, as 0, 30m or 24h, not '%s'",
               text);
    return;
  }
  l->config->alt_svc_max_age_s = value_ms / 1000;
}

static void read_log_path(config_loader *l, const yaml_node_t *node) {
  if (node->type == YAML_SCALAR_NODE && strcmp((const char *)node->data.scalar.value, "-") == 0) {
    node_need_memory(l, node, config_text_set(&l->config->access_log, "-", node_mark(node)));
  } else {
    node_read_path(l, node, &l->config->access_log, "access-log");
  }
}
static void read_log_format(config_loader *l, const yaml_node_t *node) {
  const char *text = node_scalar(l, node, "format");
  if (text && strcmp(text, "json") != 0 && strcmp(text, "combined") != 0) {
    config_say(l->report, node_mark(node), false, "format must be combined or json, not '%s'",
               text);
  }
  l->config->access_log_is_json = text && strcmp(text, "json") == 0;
}
static void read_access_log(config_loader *l, const yaml_node_t *node) {
  static const config_key rules[] = {{"path", read_log_path}, {"format", read_log_format}};
  if (node->type == YAML_MAPPING_NODE) {
    node_read_mapping(l, node, "access-log", rules, 2);
  } else {
    read_log_path(l, node);
  }
}

static void read_codepoints(config_loader *l, const yaml_node_t *node) {
  codicil_diag diag = {NULL, SIZE_MAX};
  const char *text = node_scalar(l, node, "codepoints");
  if (text && codicil_codepoints_set(&l->config->codepoints, &diag, text) != CODICIL_OK) {
    config_say(l->report, node_mark(node), false, "codepoints: %s",
               diag.what ? diag.what : "wrong");
  }
}

static void read_budget_certificates(config_loader *l, const yaml_node_t *node) {
  uint64_t value;
  if (node_read_number(l, node, &value, "certificates", 0, 1000)) {
    l->config->budget_certificates = (size_t)value;
  }
}
static void read_budget_octets(config_loader *l, const yaml_node_t *node) {
  uint64_t value;
  if (node_read_number(l, node, &value, "octets", 0, 1u << 30)) {
    l->config->budget_octets = (size_t)value;
  }
}
static void read_budget(config_loader *l, const yaml_node_t *node) {
  static const config_key rules[] = {{"certificates", read_budget_certificates},
                                     {"octets", read_budget_octets}};
  node_read_mapping(l, node, "secondary-budget", rules, 2);
}

static const config_key top_rules[] = {
    {"listen", read_listen},
    {"sites", read_sites},
    {"glue", config_read_glue},
    {"block-list", read_block_list},
    {"workers", read_workers},
    {"access-log", read_access_log},
    {"origin", read_origin},
    {"public-port", read_public_port},
    {"codepoints", read_codepoints},
    {"secondary-budget", read_budget},
    {"limits", read_limits},
    {"timeouts", read_timeouts},
    {"http3", read_http3},
    {"early-data", read_early_data},
    {"qlog", read_qlog},
    {"alt-svc-max-age", read_alt_svc_max_age},
};

static void read_document(config_loader *l) {
  const yaml_node_t *root = yaml_document_get_root_node(l->document);
  config_mark top = {1, 1};
  size_t before = l->report->num_errors;
  if (!root) {
    config_say(l->report, top, false, "the file is empty");
    return;
  }
  node_read_mapping(l, root, "the configuration", top_rules, sizeof top_rules / sizeof *top_rules);
  if (l->report->num_errors == before && l->config->listen.num == 0) {
    config_say(l->report, node_mark(root), false, "there is no 'listen'");
  }
  if (l->report->num_errors == before && l->config->num_sites == 0) {
    config_say(l->report, node_mark(root), false, "there is no site in 'sites'");
  }
}

// Of octets that are no text libyaml tells only how many precede them.
static config_mark mark_of_octet(codicil_span yaml, size_t offset) {
  config_mark mark = {1, 1};
  for (size_t i = 0; i < offset && i < yaml.len; i++) {
    if (yaml.data[i] == '\n') {
      mark.line++;
      mark.column = 1;
    } else if ((yaml.data[i] & 0xc0) != 0x80) {
      mark.column++;
    }
  }
  return mark;
}

static void say_not_yaml(const yaml_parser_t *parser, config_report *report, codicil_span yaml) {
  config_mark mark = {parser->problem_mark.line + 1, parser->problem_mark.column + 1};
  if (parser->error == YAML_READER_ERROR) {
    mark = mark_of_octet(yaml, parser->problem_offset);
  }
  config_say(report, mark, false, "%s", parser->problem ? parser->problem : "not YAML");
}

static void refuse_second_document(yaml_parser_t *parser, config_report *report,
                                   codicil_span yaml) {
  yaml_document_t second;
  if (!yaml_parser_load(parser, &second)) {
    say_not_yaml(parser, report, yaml);
    return;
  }
  const yaml_node_t *root = yaml_document_get_root_node(&second);
  if (root) {
    config_say(report, node_mark(root), false, "a second document: only one is read");
  }
  yaml_document_delete(&second);
}

void server_config_parse(server_config *config, config_report *report, codicil_span yaml,
                         const char *directory) {
  yaml_parser_t parser;
  yaml_document_t document;
  config_mark mark = {1, 1};
  if (!yaml_parser_initialize(&parser)) {
    config_say(report, mark, false, "out of memory");
    return;
  }
  yaml_parser_set_input_string(&parser, yaml.len > 0 ? yaml.data : (const uint8_t *)"", yaml.len);
  if (!yaml_parser_load(&parser, &document)) {
    say_not_yaml(&parser, report, yaml);
  } else {
    config_loader l = {&document, config, report, directory, NULL, NULL};
    read_document(&l);
    bool is_empty = !yaml_document_get_root_node(&document);
    yaml_document_delete(&document);
    if (!is_empty) {
      refuse_second_document(&parser, report, yaml);
    }
  }
  yaml_parser_delete(&parser);
}

void server_config_read(server_config *config, config_report *report) {
  char directory[PATH_MAX];
  codicil_buf content;
  app_error err;
  config_mark nowhere = {0, 0};
  codicil_buf_init(&content, NULL, MAX_FILE_LEN);
  if (!file_read(&content, report->file, &err)) {
    config_say(report, nowhere, false, "%s", err.text);
    codicil_buf_clear(&content);
    return;
  }
  const char *slash = strrchr(report->file, '/');
  snprintf(directory, sizeof directory, "%.*s", slash ? (int)(slash - report->file) : 0,
           report->file);
  server_config_parse(config, report, codicil_buf_span(&content),
                      slash == report->file ? "/" : directory);
  codicil_buf_clear(&content);
}

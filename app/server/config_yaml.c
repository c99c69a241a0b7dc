// Reads the configuration's YAML with libyaml's document API, which knows the place of every node.
//
// A table names the keys of each mapping and what reads each value; unknown and duplicate keys are
// mistakes. Nothing stops at the first mistake.
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "codicil/name.h"
#include "io/address.h"
#include "io/file.h"
#include "server/config.h"
#include "server/http3.h"

enum { MAX_FILE_LEN = 16 << 20, MAX_LIMIT_DIGITS = 12 };
static const uint64_t MAX_AGE_MS = 365ull * 86400 * 1000;

typedef struct loader {
  yaml_document_t *document;
  server_config *config;
  config_report *report;
  const char *directory;
  config_site *site; // being read
} loader;

typedef void read_value(loader *l, const yaml_node_t *value);
typedef struct key_rule {
  const char *key;
  read_value *read;
} key_rule;

static config_mark mark_of(const yaml_node_t *node) {
  config_mark mark = {node->start_mark.line + 1, node->start_mark.column + 1};
  return mark;
}

static void need_memory(loader *l, const yaml_node_t *node, bool ok) {
  if (!ok) {
    config_say(l->report, mark_of(node), false, "out of memory");
  }
}

// ---- mappings
// ---------------------------------------------------------------------------------------

// The text of a scalar, or NULL and a mistake told. A NUL inside would hide what follows it.
static const char *scalar(loader *l, const yaml_node_t *node, const char *what) {
  if (node->type != YAML_SCALAR_NODE) {
    config_say(l->report, mark_of(node), false, "%s must be a single value", what);
    return NULL;
  }
  const char *text = (const char *)node->data.scalar.value;
  if (strlen(text) != node->data.scalar.length || text[0] == '\0') {
    config_say(l->report, mark_of(node), false, "%s is empty or holds a NUL", what);
    return NULL;
  }
  return text;
}

static bool is_same_key(const yaml_node_t *a, const yaml_node_t *b) {
  return a->type == YAML_SCALAR_NODE && b->type == YAML_SCALAR_NODE &&
         a->data.scalar.length == b->data.scalar.length &&
         memcmp(a->data.scalar.value, b->data.scalar.value, a->data.scalar.length) == 0;
}

static bool is_duplicate(loader *l, const yaml_node_t *mapping, const yaml_node_pair_t *pair) {
  const yaml_node_t *key = yaml_document_get_node(l->document, pair->key);
  const yaml_node_pair_t *earlier = mapping->data.mapping.pairs.start;
  for (; earlier < pair; earlier++) {
    const yaml_node_t *other = yaml_document_get_node(l->document, earlier->key);
    if (is_same_key(other, key)) {
      config_say(l->report, mark_of(key), false, "duplicate key '%s', first on line %zu",
                 (const char *)key->data.scalar.value, other->start_mark.line + 1);
      return true;
    }
  }
  return false;
}

static bool is_mapping(loader *l, const yaml_node_t *node, const char *what) {
  if (node->type != YAML_MAPPING_NODE) {
    config_say(l->report, mark_of(node), false, "%s must be a mapping of keys to values", what);
    return false;
  }
  return true;
}

static void read_mapping(loader *l, const yaml_node_t *node, const char *what,
                         const key_rule *rules, size_t num_rules) {
  if (!is_mapping(l, node, what)) {
    return;
  }
  const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
  for (; pair < node->data.mapping.pairs.top; pair++) {
    const yaml_node_t *key = yaml_document_get_node(l->document, pair->key);
    const char *name = scalar(l, key, "a key");
    if (!name || is_duplicate(l, node, pair)) {
      continue;
    }
    size_t i = 0;
    while (i < num_rules && strcmp(rules[i].key, name) != 0) {
      i++;
    }
    if (i == num_rules) {
      config_say(l->report, mark_of(key), false, "unknown key '%s' in %s", name, what);
    } else {
      rules[i].read(l, yaml_document_get_node(l->document, pair->value));
    }
  }
}

// Calls `read` for a value, or for each of a list.
static void read_each(loader *l, const yaml_node_t *node, read_value *read) {
  if (node->type != YAML_SEQUENCE_NODE) {
    read(l, node);
    return;
  }
  const yaml_node_item_t *item = node->data.sequence.items.start;
  for (; item < node->data.sequence.items.top; item++) {
    read(l, yaml_document_get_node(l->document, *item));
  }
}

// ---- values
// -----------------------------------------------------------------------------------------

// A number with one of the units of `units` ("kmg" and so on), each `factor` times the one before.
static bool parse_number(uint64_t *out, const char *text, const char *units, uint64_t factor) {
  uint64_t value = 0;
  size_t i = 0;
  for (; text[i] >= '0' && text[i] <= '9'; i++) {
    if (i >= MAX_LIMIT_DIGITS) {
      return false;
    }
    value = value * 10 + (uint64_t)(text[i] - '0');
  }
  if (i == 0) {
    return false;
  }
  const char *unit = text[i] != '\0' ? strchr(units, text[i] | 0x20) : NULL;
  if (text[i] != '\0' && (!unit || text[i + 1] != '\0')) {
    return false;
  }
  for (const char *u = units; unit && u <= unit; u++) {
    if (value > UINT64_MAX / factor) {
      return false;
    }
    value *= factor;
  }
  *out = value;
  return true;
}

static bool read_number(loader *l, const yaml_node_t *node, uint64_t *out, const char *what,
                        uint64_t least, uint64_t most) {
  uint64_t value;
  const char *text = scalar(l, node, what);
  if (!text) {
    return false;
  }
  if (!parse_number(&value, text, "kmg", 1024) || value < least || value > most) {
    config_say(l->report, mark_of(node), false, "%s must be a number from %llu to %llu, not '%s'",
               what, (unsigned long long)least, (unsigned long long)most, text);
    return false;
  }
  *out = value;
  return true;
}

// "500ms", "10s", "2m", "1h"; without a unit, seconds.
static bool parse_duration_ms(uint64_t *out, const char *text) {
  char digits[MAX_LIMIT_DIGITS];
  uint64_t value;
  size_t len = strlen(text);
  bool is_ms = len > 2 && strcmp(text + len - 2, "ms") == 0;
  size_t unit_len = is_ms ? 2 : len > 1 && text[len - 1] == 's' ? 1 : 0;
  if (len - unit_len >= sizeof digits) {
    return false;
  }
  memcpy(digits, text, len - unit_len);
  digits[len - unit_len] = '\0';
  if (!parse_number(&value, digits, unit_len > 0 ? "" : "mh", 60)) {
    return false;
  }
  *out = is_ms ? value : value * 1000;
  return true;
}

static void read_bool(loader *l, const yaml_node_t *node, bool *out, const char *what) {
  const char *text = scalar(l, node, what);
  if (!text) {
    return;
  }
  bool is_on = strcmp(text, "on") == 0 || strcmp(text, "true") == 0 || strcmp(text, "yes") == 0;
  bool is_off = strcmp(text, "off") == 0 || strcmp(text, "false") == 0 || strcmp(text, "no") == 0;
  if (!is_on && !is_off) {
    config_say(l->report, mark_of(node), false, "%s must be on or off, not '%s'", what, text);
    return;
  }
  *out = is_on;
}

static void read_path(loader *l, const yaml_node_t *node, config_text *out, const char *what) {
  char path[PATH_MAX];
  const char *text = scalar(l, node, what);
  if (!text) {
    return;
  }
  bool is_relative = text[0] != '/' && l->directory[0] != '\0';
  int n = snprintf(path, sizeof path, "%s%s%s", is_relative ? l->directory : "",
                   is_relative ? "/" : "", text);
  if (n < 0 || (size_t)n >= sizeof path) {
    config_say(l->report, mark_of(node), false, "%s is too long for a path", what);
    return;
  }
  need_memory(l, node, config_text_set(out, path, mark_of(node)));
}

static void read_name(loader *l, const yaml_node_t *node, config_list *list, const char *what) {
  char name[CODICIL_DNS_NAME_MAX + 3];
  const char *text = scalar(l, node, what);
  if (!text) {
    return;
  }
  if (!config_name_normalise(name, text)) {
    config_say(l->report, mark_of(node), false, "%s '%s' is not a host name", what, text);
    return;
  }
  for (size_t i = 0; i < list->num; i++) {
    if (strcmp(list->items[i].text, name) == 0) {
      return;
    }
  }
  need_memory(l, node, config_list_add(list, name, mark_of(node)));
}

// ---- a site
// -------------------------------------------------------------------------------------------

static void read_certificate(loader *l, const yaml_node_t *node) {
  read_path(l, node, &l->site->certificate, "certificate");
}
static void read_key(loader *l, const yaml_node_t *node) {
  read_path(l, node, &l->site->key, "key");
}
static void read_ocsp(loader *l, const yaml_node_t *node) {
  read_path(l, node, &l->site->ocsp, "ocsp");
}
static void read_root(loader *l, const yaml_node_t *node) {
  read_path(l, node, &l->site->root, "root");
}
static void read_site_name(loader *l, const yaml_node_t *node) {
  read_name(l, node, &l->site->names, "the site's name");
}
static void read_names(loader *l, const yaml_node_t *node) {
  read_each(l, node, read_site_name);
}
static void read_secondary_name(loader *l, const yaml_node_t *node) {
  read_name(l, node, &l->site->secondary, "secondary");
}
static void read_secondary(loader *l, const yaml_node_t *node) {
  read_each(l, node, read_secondary_name);
}

static const key_rule site_rules[] = {{"names", read_names}, {"certificate", read_certificate},
                                      {"key", read_key},     {"ocsp", read_ocsp},
                                      {"root", read_root},   {"secondary", read_secondary}};

static void need_key(loader *l, const config_text *text, const char *key) {
  if (!text->text) {
    config_say(l->report, l->site->mark, false, "the site has no '%s'", key);
  }
}

static void read_site(loader *l, const yaml_node_t *key, const yaml_node_t *value) {
  l->site = server_config_add_site(l->config, mark_of(key));
  if (!l->site) {
    need_memory(l, key, false);
    return;
  }
  size_t before = l->report->num_errors;
  read_site_name(l, key);
  read_mapping(l, value, "a site", site_rules, sizeof site_rules / sizeof *site_rules);
  if (l->report->num_errors == before) {
    need_key(l, &l->site->certificate, "certificate");
    need_key(l, &l->site->key, "key");
    need_key(l, &l->site->root, "root");
  }
}

static void read_sites(loader *l, const yaml_node_t *node) {
  if (!is_mapping(l, node, "sites")) {
    return;
  }
  const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
  for (; pair < node->data.mapping.pairs.top; pair++) {
    const yaml_node_t *key = yaml_document_get_node(l->document, pair->key);
    if (scalar(l, key, "a site's name") && !is_duplicate(l, node, pair)) {
      read_site(l, key, yaml_document_get_node(l->document, pair->value));
    }
  }
}

// ---- limits and timeouts
// --------------------------------------------------------------------------

#define READ_LIMIT(name, key, value, least, most, text)                                          \
  static void read_limit_##name(loader *l, const yaml_node_t *node) {                            \
    (void)read_number(l, node, &l->config->limits.limit[SERVER_LIMIT_##name], key, least, most); \
  }
SERVER_LIMIT_MAP(READ_LIMIT)
#undef READ_LIMIT

static void read_limits(loader *l, const yaml_node_t *node) {
#define LIMIT_RULE(name, key, value, least, most, text) {key, read_limit_##name},
  static const key_rule rules[] = {SERVER_LIMIT_MAP(LIMIT_RULE)};
#undef LIMIT_RULE
  read_mapping(l, node, "limits", rules, sizeof rules / sizeof *rules);
}

static void read_timeout(loader *l, const yaml_node_t *node, uint64_t *out, const char *what) {
  uint64_t value_ms;
  const char *text = scalar(l, node, what);
  if (!text) {
    return;
  }
  if (!parse_duration_ms(&value_ms, text) || value_ms == 0 || value_ms > 86400000) {
    config_say(l->report, mark_of(node), false,
               "%s must be a time up to 24h, as 500ms, 10s, 2m or 1h, not '%s'", what, text);
    return;
  }
  *out = value_ms;
}

#define READ_TIMEOUT(name, key, value, text)                                          \
  static void read_timeout_##name(loader *l, const yaml_node_t *node) {               \
    read_timeout(l, node, &l->config->limits.timeout_ms[SERVER_TIMEOUT_##name], key); \
  }
SERVER_TIMEOUT_MAP(READ_TIMEOUT)
#undef READ_TIMEOUT

static void read_timeouts(loader *l, const yaml_node_t *node) {
#define TIMEOUT_RULE(name, key, value, text) {key, read_timeout_##name},
  static const key_rule rules[] = {SERVER_TIMEOUT_MAP(TIMEOUT_RULE)};
#undef TIMEOUT_RULE
  read_mapping(l, node, "timeouts", rules, sizeof rules / sizeof *rules);
}

// ---- the whole
// ------------------------------------------------------------------------------------

static void read_listen_address(loader *l, const yaml_node_t *node) {
  io_address address;
  const char *text = scalar(l, node, "listen");
  if (!text) {
    return;
  }
  if (!io_address_parse(&address, text, 443)) {
    config_say(l->report, mark_of(node), false,
               "listen '%s' is not an address and a port, as 127.0.0.1:443, \"[::]:443\" or *:443",
               text);
    return;
  }
  need_memory(l, node, config_list_add(&l->config->listen, text, mark_of(node)));
}
static void read_listen(loader *l, const yaml_node_t *node) {
  read_each(l, node, read_listen_address);
}

static void read_workers(loader *l, const yaml_node_t *node) {
  uint64_t value;
  if (read_number(l, node, &value, "workers", 1, 1024)) {
    l->config->workers = (size_t)value;
  }
}
static void read_public_port(loader *l, const yaml_node_t *node) {
  uint64_t value;
  if (read_number(l, node, &value, "public-port", 1, 65535)) {
    l->config->public_port = (uint16_t)value;
  }
}
static void read_origin(loader *l, const yaml_node_t *node) {
  read_bool(l, node, &l->config->send_origin, "origin");
}

static void read_http3(loader *l, const yaml_node_t *node) {
  const char *text = scalar(l, node, "http3");
  read_bool(l, node, &l->config->http3, "http3");
  if (text && l->config->http3 && !http3_is_built()) {
    config_say(l->report, mark_of(node), false, "http3: this build has no HTTP/3");
  }
}
static void read_early_data(loader *l, const yaml_node_t *node) {
  read_bool(l, node, &l->config->early_data, "early-data");
}
static void read_qlog(loader *l, const yaml_node_t *node) {
  read_path(l, node, &l->config->qlog, "qlog");
}
static void read_alt_svc_max_age(loader *l, const yaml_node_t *node) {
  uint64_t value_ms;
  const char *text = scalar(l, node, "alt-svc-max-age");
  if (!text) {
    return;
  }
  if (!parse_duration_ms(&value_ms, text) || value_ms > MAX_AGE_MS || value_ms % 1000 != 0) {
    config_say(l->report, mark_of(node), false,
               "alt-svc-max-age must be whole seconds up to 8760h, as 0, 30m or 24h, not '%s'",
               text);
    return;
  }
  l->config->alt_svc_max_age_s = value_ms / 1000;
}

static void read_log_path(loader *l, const yaml_node_t *node) {
  if (node->type == YAML_SCALAR_NODE && strcmp((const char *)node->data.scalar.value, "-") == 0) {
    need_memory(l, node, config_text_set(&l->config->access_log, "-", mark_of(node)));
  } else {
    read_path(l, node, &l->config->access_log, "access-log");
  }
}
static void read_log_format(loader *l, const yaml_node_t *node) {
  const char *text = scalar(l, node, "format");
  if (text && strcmp(text, "json") != 0 && strcmp(text, "combined") != 0) {
    config_say(l->report, mark_of(node), false, "format must be combined or json, not '%s'", text);
  }
  l->config->access_log_is_json = text && strcmp(text, "json") == 0;
}
static void read_access_log(loader *l, const yaml_node_t *node) {
  static const key_rule rules[] = {{"path", read_log_path}, {"format", read_log_format}};
  if (node->type == YAML_MAPPING_NODE) {
    read_mapping(l, node, "access-log", rules, 2);
  } else {
    read_log_path(l, node);
  }
}

static void read_codepoints(loader *l, const yaml_node_t *node) {
  codicil_diag diag = {NULL, SIZE_MAX};
  const char *text = scalar(l, node, "codepoints");
  if (text && codicil_codepoints_set(&l->config->codepoints, &diag, text) != CODICIL_OK) {
    config_say(l->report, mark_of(node), false, "codepoints: %s", diag.what ? diag.what : "wrong");
  }
}

static void read_budget_certificates(loader *l, const yaml_node_t *node) {
  uint64_t value;
  if (read_number(l, node, &value, "certificates", 0, 1000)) {
    l->config->budget_certificates = (size_t)value;
  }
}
static void read_budget_octets(loader *l, const yaml_node_t *node) {
  uint64_t value;
  if (read_number(l, node, &value, "octets", 0, 1u << 30)) {
    l->config->budget_octets = (size_t)value;
  }
}
static void read_budget(loader *l, const yaml_node_t *node) {
  static const key_rule rules[] = {{"certificates", read_budget_certificates},
                                   {"octets", read_budget_octets}};
  read_mapping(l, node, "secondary-budget", rules, 2);
}

static const key_rule top_rules[] = {
    {"listen", read_listen},
    {"sites", read_sites},
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

static void read_document(loader *l) {
  const yaml_node_t *root = yaml_document_get_root_node(l->document);
  config_mark top = {1, 1};
  size_t before = l->report->num_errors;
  if (!root) {
    config_say(l->report, top, false, "the file is empty");
    return;
  }
  read_mapping(l, root, "the configuration", top_rules, sizeof top_rules / sizeof *top_rules);
  if (l->report->num_errors == before && l->config->listen.num == 0) {
    config_say(l->report, mark_of(root), false, "there is no 'listen'");
  }
  if (l->report->num_errors == before && l->config->num_sites == 0) {
    config_say(l->report, mark_of(root), false, "there is no site in 'sites'");
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
    config_say(report, mark_of(root), false, "a second document: only one is read");
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
    loader l = {&document, config, report, directory, NULL};
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

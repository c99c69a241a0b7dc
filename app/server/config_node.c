// Nodes of the configuration's YAML: see config_node.h.
#include "server/config_node.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "codicil/name.h"

enum { MAX_LIMIT_DIGITS = 12 };

config_mark node_mark(const yaml_node_t *node) {
  config_mark mark = {node->start_mark.line + 1, node->start_mark.column + 1};
  return mark;
}

void node_need_memory(config_loader *l, const yaml_node_t *node, bool ok) {
  if (!ok) {
    config_say(l->report, node_mark(node), false, "out of memory");
  }
}

// ---- mappings
// ---------------------------------------------------------------------------------------

// The text of a scalar, or NULL and a mistake told. A NUL inside would hide what follows it.
const char *node_scalar(config_loader *l, const yaml_node_t *node, const char *what) {
  if (node->type != YAML_SCALAR_NODE) {
    config_say(l->report, node_mark(node), false, "%s must be a single value", what);
    return NULL;
  }
  const char *text = (const char *)node->data.scalar.value;
  if (strlen(text) != node->data.scalar.length || text[0] == '\0') {
    config_say(l->report, node_mark(node), false, "%s is empty or holds a NUL", what);
    return NULL;
  }
  return text;
}

static bool is_same_key(const yaml_node_t *a, const yaml_node_t *b) {
  return a->type == YAML_SCALAR_NODE && b->type == YAML_SCALAR_NODE &&
         a->data.scalar.length == b->data.scalar.length &&
         memcmp(a->data.scalar.value, b->data.scalar.value, a->data.scalar.length) == 0;
}

bool node_is_duplicate(config_loader *l, const yaml_node_t *mapping, const yaml_node_pair_t *pair) {
  const yaml_node_t *key = yaml_document_get_node(l->document, pair->key);
  const yaml_node_pair_t *earlier = mapping->data.mapping.pairs.start;
  for (; earlier < pair; earlier++) {
    const yaml_node_t *other = yaml_document_get_node(l->document, earlier->key);
    if (is_same_key(other, key)) {
      config_say(l->report, node_mark(key), false, "duplicate key '%s', first on line %zu",
                 (const char *)key->data.scalar.value, other->start_mark.line + 1);
      return true;
    }
  }
  return false;
}

bool node_is_mapping(config_loader *l, const yaml_node_t *node, const char *what) {
  if (node->type != YAML_MAPPING_NODE) {
    config_say(l->report, node_mark(node), false, "%s must be a mapping of keys to values", what);
    return false;
  }
  return true;
}

void node_read_mapping(config_loader *l, const yaml_node_t *node, const char *what,
                       const config_key *keys, size_t num_keys) {
  if (!node_is_mapping(l, node, what)) {
    return;
  }
  const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
  for (; pair < node->data.mapping.pairs.top; pair++) {
    const yaml_node_t *key = yaml_document_get_node(l->document, pair->key);
    const char *name = node_scalar(l, key, "a key");
    if (!name || node_is_duplicate(l, node, pair)) {
      continue;
    }
    size_t i = 0;
    while (i < num_keys && strcmp(keys[i].key, name) != 0) {
      i++;
    }
    if (i == num_keys) {
      config_say(l->report, node_mark(key), false, "unknown key '%s' in %s", name, what);
    } else {
      keys[i].read(l, yaml_document_get_node(l->document, pair->value));
    }
  }
}

// Calls `read` for a value, or for each of a list.
void node_read_each(config_loader *l, const yaml_node_t *node, config_read *read) {
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

bool node_read_number(config_loader *l, const yaml_node_t *node, uint64_t *out, const char *what,
                      uint64_t least, uint64_t most) {
  uint64_t value;
  const char *text = node_scalar(l, node, what);
  if (!text) {
    return false;
  }
  if (!parse_number(&value, text, "kmg", 1024) || value < least || value > most) {
    config_say(l->report, node_mark(node), false, "%s must be a number from %llu to %llu, not '%s'",
               what, (unsigned long long)least, (unsigned long long)most, text);
    return false;
  }
  *out = value;
  return true;
}

// "500ms", "10s", "2m", "1h"; without a unit, seconds.
bool node_parse_duration_ms(uint64_t *out, const char *text) {
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

void node_read_bool(config_loader *l, const yaml_node_t *node, bool *out, const char *what) {
  const char *text = node_scalar(l, node, what);
  if (!text) {
    return;
  }
  bool is_on = strcmp(text, "on") == 0 || strcmp(text, "true") == 0 || strcmp(text, "yes") == 0;
  bool is_off = strcmp(text, "off") == 0 || strcmp(text, "false") == 0 || strcmp(text, "no") == 0;
  if (!is_on && !is_off) {
    config_say(l->report, node_mark(node), false, "%s must be on or off, not '%s'", what, text);
    return;
  }
  *out = is_on;
}

void node_read_path(config_loader *l, const yaml_node_t *node, config_text *out, const char *what) {
  char path[PATH_MAX];
  const char *text = node_scalar(l, node, what);
  if (!text) {
    return;
  }
  bool is_relative = text[0] != '/' && l->directory[0] != '\0';
  int n = snprintf(path, sizeof path, "%s%s%s", is_relative ? l->directory : "",
                   is_relative ? "/" : "", text);
  if (n < 0 || (size_t)n >= sizeof path) {
    config_say(l->report, node_mark(node), false, "%s is too long for a path", what);
    return;
  }
  node_need_memory(l, node, config_text_set(out, path, node_mark(node)));
}

void node_read_name(config_loader *l, const yaml_node_t *node, config_list *list,
                    const char *what) {
  char name[CODICIL_DNS_NAME_MAX + 3];
  const char *text = node_scalar(l, node, what);
  if (!text) {
    return;
  }
  if (!config_name_normalise(name, text)) {
    config_say(l->report, node_mark(node), false, "%s '%s' is not a host name", what, text);
    return;
  }
  for (size_t i = 0; i < list->num; i++) {
    if (strcmp(list->items[i].text, name) == 0) {
      return;
    }
  }
  node_need_memory(l, node, config_list_add(list, name, node_mark(node)));
}

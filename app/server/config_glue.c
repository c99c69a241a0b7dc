// `glue` in the configuration: certificates one by one, or a directory of pairs NAME.pem and
// NAME.key, as `codicil cert glue` writes them.
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/config_node.h"

// ---- one certificate
// ------------------------------------------------------------------------------------

void config_read_certificate(config_loader *l, const yaml_node_t *node) {
  node_read_path(l, node, &l->certificate->file, "certificate");
}
void config_read_key(config_loader *l, const yaml_node_t *node) {
  node_read_path(l, node, &l->certificate->key, "key");
}
void config_read_ocsp(config_loader *l, const yaml_node_t *node) {
  node_read_path(l, node, &l->certificate->ocsp, "ocsp");
}

static void need(config_loader *l, const yaml_node_t *node, const config_text *text,
                 const char *key) {
  if (!text->text) {
    config_say(l->report, node_mark(node), false, "the glue certificate has no '%s'", key);
  }
}

static void read_one(config_loader *l, const yaml_node_t *node) {
  static const config_key keys[] = {{"certificate", config_read_certificate},
                                    {"key", config_read_key},
                                    {"ocsp", config_read_ocsp}};
  size_t before = l->report->num_errors;
  l->certificate = server_config_add_glue(l->config);
  if (!l->certificate) {
    node_need_memory(l, node, false);
    return;
  }
  node_read_mapping(l, node, "a glue certificate", keys, sizeof keys / sizeof *keys);
  if (l->report->num_errors == before) {
    need(l, node, &l->certificate->file, "certificate");
    need(l, node, &l->certificate->key, "key");
  }
}

// ---- a directory of them
// ---------------------------------------------------------------------------------

static int ends_in_pem(const struct dirent *entry) {
  size_t len = strlen(entry->d_name);
  return len > 4 && strcmp(entry->d_name + len - 4, ".pem") == 0;
}

// Sets *out to DIRECTORY/NAME with the suffix in place of ".pem". False, without a word, where
// there is no such file.
static bool set_sibling(config_loader *l, const yaml_node_t *node, config_text *out,
                        const char *directory, const char *name, const char *suffix) {
  char path[PATH_MAX];
  int n =
      snprintf(path, sizeof path, "%s/%.*s%s", directory, (int)(strlen(name) - 4), name, suffix);
  if (n < 0 || (size_t)n >= sizeof path || access(path, F_OK) != 0) {
    return false;
  }
  node_need_memory(l, node, config_text_set(out, path, node_mark(node)));
  return true;
}

// A certificate without a key beside it is an issuer's.
static bool add_pair(config_loader *l, const yaml_node_t *node, const char *directory,
                     const char *name) {
  config_text key = {NULL, node_mark(node)};
  if (!set_sibling(l, node, &key, directory, name, ".key")) {
    return false;
  }
  config_certificate *glue = server_config_add_glue(l->config);
  if (!glue) {
    free(key.text);
    node_need_memory(l, node, false);
    return false;
  }
  glue->key = key;
  (void)set_sibling(l, node, &glue->file, directory, name, ".pem");
  (void)set_sibling(l, node, &glue->ocsp, directory, name, ".ocsp");
  return true;
}

static void read_directory(config_loader *l, const yaml_node_t *node) {
  config_text directory = {NULL, {0, 0}};
  struct dirent **entries = NULL;
  node_read_path(l, node, &directory, "glue");
  if (!directory.text) {
    return;
  }
  size_t num_pairs = 0;
  int num = scandir(directory.text, &entries, ends_in_pem, alphasort);
  if (num < 0) {
    config_say(l->report, node_mark(node), false, "glue: %s: %s", directory.text, strerror(errno));
  }
  for (int i = 0; i < num; i++) {
    num_pairs += add_pair(l, node, directory.text, entries[i]->d_name);
    free(entries[i]);
  }
  if (num >= 0 && num_pairs == 0) {
    config_say(l->report, node_mark(node), false, "glue: %s has no pair NAME.pem and NAME.key",
               directory.text);
  }
  free(entries);
  free(directory.text);
}

static void read_entry(config_loader *l, const yaml_node_t *node) {
  if (node->type == YAML_SCALAR_NODE) {
    read_directory(l, node);
  } else {
    read_one(l, node);
  }
}

void config_read_glue(config_loader *l, const yaml_node_t *node) {
  node_read_each(l, node, read_entry);
}

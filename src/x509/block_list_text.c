// A block list's text: see x509.h, and protocol.md §5 "Block list".
//
// Names are gathered end to end, each with its length before it, and become a table when all are
// there: until then their octets may move.
#include <string.h>

#include "block_list.h"
#include "err.h"
#include "mem.h"
#include "reader.h"
#include "span.h"

enum {
  TEXT_MAX = 256 << 20,   // octets
  LINE_MAX_OCTETS = 4096, // comment included
  ENTRIES_MAX = 4 << 20,
  WORDS_MAX = 3,
  SHA256_HEX_LEN = 2 * CODICIL_SHA256_LEN
};

// A word of a line, and where it stands in the text.
typedef struct word {
  codicil_span octets;
  size_t offset;
} word;

typedef struct parser {
  codicil_block_list *list;
  codicil_diag *diag;
} parser;

static codicil_err fail(const parser *p, const char *what, size_t offset) {
  codicil_diag_set(p->diag, what, offset);
  return CODICIL_BAD_INPUT;
}

// ---- hexadecimal --------------------------------------------------------------------------------

static bool hex_digit(uint8_t *out, uint8_t c) {
  if (c >= '0' && c <= '9') {
    *out = (uint8_t)(c - '0');
  } else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) {
    *out = (uint8_t)((c & ~0x20) - 'A' + 10);
  } else {
    return false;
  }
  return true;
}

// Writes the number of these digits, its last octet last.
static bool read_hex(uint8_t *out, size_t out_len, codicil_span digits) {
  if (digits.len > 2 * out_len) {
    return false;
  }
  size_t at = 2 * out_len - digits.len; // in half octets
  for (size_t i = 0; i < digits.len; i++, at++) {
    uint8_t digit;
    if (!hex_digit(&digit, digits.data[i])) {
      return false;
    }
    out[at / 2] = (uint8_t)(at % 2 == 0 ? digit << 4 : out[at / 2] | digit);
  }
  return true;
}

static bool read_sha256(uint8_t out[CODICIL_SHA256_LEN], codicil_span digits) {
  return digits.len == SHA256_HEX_LEN && read_hex(out, CODICIL_SHA256_LEN, digits);
}

// ---- entries ------------------------------------------------------------------------------------

static codicil_err add_name(codicil_block_list *list, const char *name) {
  uint8_t len = (uint8_t)strlen(name);
  codicil_err err = codicil_buf_append(&list->octets, codicil_span_of(&len, 1));
  return err == CODICIL_OK ? codicil_buf_append(&list->octets, codicil_span_str(name)) : err;
}

static codicil_err add_breadcrumb(const parser *p, const word *words) {
  char name[CODICIL_DNS_NAME_MAX + 1];
  codicil_address address;
  codicil_span text = words[1].octets;
  if (text.data[0] == '*') {
    return fail(p, "a breadcrumb is a name, which stands for all below it too", words[1].offset);
  }
  if (codicil_address_parse(&address, text)) {
    codicil_address_format(&address, name, sizeof name);
  } else if (!codicil_dns_name_normalise(name, sizeof name, text)) {
    return fail(p, "neither a host name nor an address", words[1].offset);
  }
  return add_name(p->list, name);
}

static codicil_err add_key(const parser *p, const word *words) {
  codicil_block_list *list = p->list;
  codicil_blocked_key key;
  if (!read_sha256(key.sha256, words[1].octets)) {
    return fail(p, "no SHA-256 of 64 hexadecimal digits", words[1].offset);
  }
  codicil_err err = codicil_mem_grow(list->mem, (void **)&list->keys, &list->cap_keys,
                                     list->num_keys + 1, ENTRIES_MAX, sizeof key);
  if (err == CODICIL_OK) {
    list->keys[list->num_keys++] = key;
  }
  return err;
}

static codicil_err add_serial(const parser *p, const word *words) {
  codicil_block_list *list = p->list;
  codicil_blocked_serial entry = {.len = 0};
  codicil_span digits = words[2].octets;
  if (!read_sha256(entry.issuer_sha256, words[1].octets)) {
    return fail(p, "no SHA-256 of 64 hexadecimal digits", words[1].offset);
  }
  while (digits.len != 0 && digits.data[0] == '0') {
    digits = codicil_span_sub(digits, 1, SIZE_MAX);
  }
  entry.len = (uint8_t)((digits.len + 1) / 2);
  if (digits.len > 2 * sizeof entry.serial || !read_hex(entry.serial, entry.len, digits)) {
    return fail(p, "no serial number of at most 64 hexadecimal digits", words[2].offset);
  }
  codicil_err err = codicil_mem_grow(list->mem, (void **)&list->serials, &list->cap_serials,
                                     list->num_serials + 1, ENTRIES_MAX, sizeof entry);
  if (err == CODICIL_OK) {
    list->serials[list->num_serials++] = entry;
  }
  return err;
}

typedef struct entry_kind {
  const char *name;
  size_t num_words;
  codicil_err (*add)(const parser *p, const word *words);
} entry_kind;

static const entry_kind kinds[] = {
    {"breadcrumb", 2, add_breadcrumb},
    {"spki", 2, add_key},
    {"serial", 3, add_serial},
};

static codicil_err add_entry(const parser *p, const word *words, size_t num_words) {
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
    if (codicil_span_equal(words[0].octets, codicil_span_str(kinds[i].name))) {
      if (num_words != kinds[i].num_words) {
        return fail(p, "too many or too few words", words[0].offset);
      }
      if (p->list->num_entries == ENTRIES_MAX) {
        return fail(p, "more than 4194304 entries", words[0].offset);
      }
      p->list->num_entries++;
      return kinds[i].add(p, words);
    }
  }
  return fail(p, "expected breadcrumb, spki or serial", words[0].offset);
}

// ---- lines --------------------------------------------------------------------------------------

// Splits a line at blanks, up to its comment. Returns the number of words; of those beyond
// WORDS_MAX it keeps none. `offset` is the line's.
static size_t split(word *out, codicil_span line, size_t offset) {
  size_t num = 0;
  bool in_word = false;
  for (size_t i = 0; i < line.len && line.data[i] != '#'; i++) {
    uint8_t c = line.data[i];
    bool is_blank = c == ' ' || c == '\t' || (c == '\r' && i == line.len - 1);
    if (!is_blank && !in_word && num++ < WORDS_MAX) {
      out[num - 1] = (word){codicil_span_sub(line, i, 0), offset + i};
    }
    if (!is_blank && num <= WORDS_MAX) {
      out[num - 1].octets.len++;
    }
    in_word = !is_blank;
  }
  return num;
}

static codicil_span first_line(codicil_span text) {
  const uint8_t *end = text.len != 0 ? memchr(text.data, '\n', text.len) : NULL;
  return end != NULL ? codicil_span_sub(text, 0, (size_t)(end - text.data)) : text;
}

static codicil_err read_lines(const parser *p, size_t *out_line, codicil_span text) {
  codicil_err err = CODICIL_OK;
  *out_line = 0;
  for (size_t offset = 0; err == CODICIL_OK && offset < text.len;) {
    codicil_span line = first_line(codicil_span_sub(text, offset, SIZE_MAX));
    word words[WORDS_MAX];
    ++*out_line;
    if (line.len > LINE_MAX_OCTETS) {
      return fail(p, "line is longer than 4096 octets", offset);
    }
    size_t num_words = split(words, line, offset);
    err = num_words != 0 ? add_entry(p, words, num_words) : CODICIL_OK;
    offset += line.len + 1;
  }
  return err;
}

// ---- the whole ----------------------------------------------------------------------------------

// Each name once for itself and once for its parent, if it has one.
static codicil_err index_names(codicil_block_list *list, size_t num_breadcrumbs) {
  if (num_breadcrumbs == 0) {
    return CODICIL_OK;
  }
  list->names = codicil_mem_zalloc(list->mem, 2 * num_breadcrumbs * sizeof *list->names);
  if (list->names == NULL) {
    return CODICIL_NOMEM;
  }
  codicil_reader r = codicil_reader_of(codicil_buf_span(&list->octets));
  codicil_span name;
  codicil_address address;
  while (codicil_read_vec8(&r, &name)) {
    const uint8_t *dot = memchr(name.data, '.', name.len);
    list->names[list->num_names++] = (codicil_blocked_name){name, false};
    if (dot != NULL && !codicil_address_parse(&address, name)) {
      codicil_span parent = codicil_span_sub(name, (size_t)(dot - name.data) + 1, SIZE_MAX);
      list->names[list->num_names++] = (codicil_blocked_name){parent, true};
    }
  }
  return CODICIL_OK;
}

static codicil_err fill(codicil_block_list *list, codicil_diag *diag, size_t *out_line,
                        codicil_span text) {
  const parser p = {list, diag};
  codicil_err err = read_lines(&p, out_line, text);
  if (err == CODICIL_OK) {
    err = index_names(list, list->num_entries - list->num_keys - list->num_serials);
  }
  if (err == CODICIL_OK && !codicil_sha256(list->generation, text)) {
    err = CODICIL_CRYPTO;
  }
  codicil_block_list_sort(list);
  return err;
}

codicil_err codicil_block_list_parse(codicil_block_list **out, const codicil_mem *mem,
                                     codicil_diag *diag, size_t *out_line, codicil_span text) {
  size_t line = 0;
  if (text.len > TEXT_MAX) {
    codicil_diag_set(diag, "block list is longer than 256 MiB", TEXT_MAX);
    return CODICIL_BAD_INPUT;
  }
  codicil_block_list *list = codicil_mem_zalloc(mem, sizeof *list);
  if (list == NULL) {
    return CODICIL_NOMEM;
  }
  list->mem = mem;
  codicil_buf_init(&list->octets, mem, (size_t)ENTRIES_MAX * (CODICIL_DNS_NAME_MAX + 1));
  codicil_err err = fill(list, diag, &line, text);
  if (err != CODICIL_OK) {
    codicil_block_list_free(list);
    if (err == CODICIL_BAD_INPUT && out_line != NULL) {
      *out_line = line;
    }
    return err;
  }
  *out = list;
  return CODICIL_OK;
}

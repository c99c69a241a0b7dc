// The answer to a request: see response.h.
//
// Fields point into the file's entry, which the request holds until its stream closes, so nothing
// is copied.
#include "server/response.h"

#include <stdio.h>
#include <string.h>

#include "server/conditional.h"
#include "server/connection.h"
#include "server/file_path.h"
#include "server/worker.h"

static void add(response_fields *list, const char *name, size_t name_len, const char *value,
                size_t value_len) {
  list->field[list->num++] = (response_field){name, value, name_len, value_len, false};
}
#define ADD(list, name, value, len)    add(list, name, sizeof name - 1, value, len)
#define ADD_LITERAL(list, name, value) add(list, name, sizeof name - 1, value, sizeof value - 1)

// ---- statuses without a file
// -----------------------------------------------------------------------------

typedef struct plain_status {
  uint16_t status;
  const char *code;
  const char *text; // the content
  const char *length;
} plain_status;

// Answers are constant: a 421 says nothing of what is served here and what is not.
static const plain_status plain[] = {
    {204, "204", "", NULL},
    {301, "301", "", "0"},
    {400, "400", "400 bad request\n", "16"},
    {403, "403", "403 forbidden\n", "14"},
    {404, "404", "404 not found\n", "14"},
    {405, "405", "405 method not allowed\n", "23"},
    {412, "412", "412 precondition failed\n", "24"},
    {416, "416", "416 range not satisfiable\n", "26"},
    {421, "421", "421 misdirected request\n", "24"},
    {425, "425", "425 too early\n", "14"},
    {431, "431", "431 request header fields too large\n", "36"},
    {500, "500", "500 internal server error\n", "26"},
};

static const plain_status *find_plain(uint16_t status) {
  size_t i = 0;
  while (i + 1 < sizeof plain / sizeof *plain && plain[i].status != status) {
    i++;
  }
  return &plain[i]; // 500 where there is no other
}

// ---- content
// -----------------------------------------------------------------------------------------------

codicil_span response_read(const request *r, size_t len, uint8_t *space) {
  uint64_t left = r->end - r->at;
  size_t n = left < len ? (size_t)left : len;
  return r->file ? file_entry_read(r->file, r->at, n, space) : codicil_span_of(r->text + r->at, n);
}

static void begin_fields(response_fields *fields, const request *r, const char *code) {
  const connection *c = r->connection;
  fields->num = 0;
  add(fields, ":status", 7, code, 3);
  ADD(fields, "date", c->worker->date, HTTP_DATE_LEN);
  if (r->has_alt_svc && c->alt_svc.len > 0) {
    ADD(fields, "alt-svc", (const char *)c->alt_svc.data, c->alt_svc.len);
  }
}

static int submit(request *r, const response_fields *fields) {
  r->is_answered = true;
  return r->connection->version->submit(r, fields);
}

static int submit_plain(request *r, uint16_t status) {
  const plain_status *p = find_plain(status);
  response_fields fields;
  r->status = p->status;
  r->text = p->text;
  r->at = 0;
  r->end = strlen(p->text);
  begin_fields(&fields, r, p->code);
  if (p->length) {
    ADD(&fields, "content-length", p->length, strlen(p->length));
  }
  if (r->end > 0) {
    ADD_LITERAL(&fields, "content-type", "text/plain; charset=utf-8");
  }
  if (status == 204 || status == 405) {
    ADD_LITERAL(&fields, "allow", "GET, HEAD, OPTIONS");
  }
  if (status == 416) {
    ADD(&fields, "content-range", r->content_range, strlen(r->content_range));
  }
  return submit(r, &fields);
}

// ---- files
// -------------------------------------------------------------------------------------------------

static void add_length(response_fields *fields, request *r) {
  if (r->status != 206) {
    ADD(fields, "content-length", r->file->length, r->file->length_len);
    return;
  }
  unsigned long long size = r->file->size;
  int n = snprintf(r->content_length, sizeof r->content_length, "%llu",
                   (unsigned long long)(r->end - r->at));
  ADD(fields, "content-length", r->content_length, (size_t)n);
  n = snprintf(r->content_range, sizeof r->content_range, "bytes %llu-%llu/%llu",
               (unsigned long long)r->at, (unsigned long long)r->end - 1, size);
  ADD(fields, "content-range", r->content_range, (size_t)n);
}

static int submit_file(request *r) {
  const file_entry *file = r->file;
  response_fields fields;
  r->status = conditional_status(&r->at, &r->end, r, file);
  if (r->status == 412 || r->status == 416) {
    snprintf(r->content_range, sizeof r->content_range, "bytes */%llu",
             (unsigned long long)file->size);
    file_cache_release(r->connection->worker->files, r->file);
    r->file = NULL;
    return submit_plain(r, r->status);
  }
  begin_fields(&fields, r, r->status == 200 ? "200" : r->status == 206 ? "206" : "304");
  ADD(&fields, "etag", file->etag, file->etag_len);
  ADD(&fields, "last-modified", file->modified, HTTP_DATE_LEN);
  if (r->status == 304) {
    r->end = r->at;
  } else {
    ADD(&fields, "content-type", file->type, file->type_len);
    ADD_LITERAL(&fields, "accept-ranges", "bytes");
    add_length(&fields, r);
  }
  return submit(r, &fields);
}

// To the same path with a slash, its query kept. The only field that is copied.
static int submit_redirect(request *r) {
  char location[FILE_PATH_MAX * 4];
  codicil_span path = request_value(r, REQUEST_PATH);
  const uint8_t *query = memchr(path.data, '?', path.len);
  size_t len = query ? (size_t)(query - path.data) : path.len;
  if (path.len + 2 > sizeof location || path.data[len - 1] == '/') {
    return submit_plain(r, 404);
  }
  memcpy(location, path.data, len);
  location[len] = '/';
  memcpy(location + len + 1, path.data + len, path.len - len);
  response_fields fields;
  r->status = 301;
  begin_fields(&fields, r, "301");
  ADD_LITERAL(&fields, "content-length", "0");
  ADD(&fields, "location", location, path.len + 1);
  fields.field[fields.num - 1].is_borrowed = true;
  return submit(r, &fields);
}

static int serve_file(request *r, const server_site *site) {
  char path[FILE_PATH_MAX];
  worker *w = r->connection->worker;
  file_path_result decoded = file_path_decode(path, request_value(r, REQUEST_PATH));
  if (decoded != FILE_PATH_OK) {
    return submit_plain(r, decoded == FILE_PATH_MALFORMED ? 400 : 404);
  }
  switch (file_cache_get(w->files, &r->file, site->root, path, io_loop_now(&w->loop).mono_ns)) {
  case FILE_FOUND:
    return submit_file(r);
  case FILE_IS_DIRECTORY:
    return submit_redirect(r);
  case FILE_NOT_FOUND:
    return submit_plain(r, 404);
  case FILE_FORBIDDEN:
    return submit_plain(r, 403);
  case FILE_FAILED:
    break;
  }
  return submit_plain(r, 500);
}

//= https://www.rfc-editor.org/rfc/rfc9110#section-7.4
//# Unless the connection is from a trusted gateway, an origin server MUST
//# reject a request if any scheme-specific requirements for the target
//# URI are not met.
static const server_site *find_site(request *r, uint16_t *out_refusal) {
  codicil_origin origin;
  codicil_span scheme = request_value(r, REQUEST_SCHEME);
  codicil_span authority = request_value(r, REQUEST_AUTHORITY);
  bool is_https = !scheme.data || (scheme.len == 5 && memcmp(scheme.data, "https", 5) == 0);
  bool is_plain = is_https && !r->has_bad_authority && !r->fields[REQUEST_HOST].data;
  const server_site *site =
      is_plain ? connection_recall_site(r->connection, &r->certificate, authority) : NULL;
  if (site) {
    return site;
  }
  if (!request_origin(&origin, r)) {
    *out_refusal = 400;
    return NULL;
  }
  *out_refusal = 421;
  site = is_https ? connection_site(r->connection, &r->certificate, &origin) : NULL;
  if (site && is_plain) {
    connection_remember_site(r->connection, authority, site, r->certificate);
  }
  return site;
}

int response_submit_status(request *r, uint16_t status) {
  return submit_plain(r, status);
}

int response_submit(request *r) {
  uint16_t refusal;
  const server_site *site;
  if (r->is_too_large) {
    return submit_plain(r, 431);
  }
  site = find_site(r, &refusal);
  if (!site) {
    return submit_plain(r, refusal);
  }
  r->has_alt_svc = site->has_http3;
  switch (r->method) {
  case METHOD_GET:
  case METHOD_HEAD:
    return serve_file(r, site);
  case METHOD_OPTIONS:
    return submit_plain(r, 204);
  case METHOD_OTHER:
    break;
  }
  return submit_plain(r, 405);
}

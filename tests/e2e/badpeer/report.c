// The report of a connection: see report.h.
#include "report.h"

#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static pthread_mutex_t output = PTHREAD_MUTEX_INITIALIZER;

static void put_number(const char *name, long long value) {
  if (value < 0) {
    printf("\"%s\":null,", name);
  } else {
    printf("\"%s\":%lld,", name, value);
  }
}

static void put_text(const char *text, size_t len) {
  putchar('"');
  for (size_t i = 0; i < len; i++) {
    unsigned char c = (unsigned char)text[i];
    if (c < 0x20 || c > 0x7e || c == '"' || c == '\\') {
      printf("\\u%04x", c);
    } else {
      putchar(c);
    }
  }
  putchar('"');
}

static void put_names(X509 *leaf) {
  GENERAL_NAMES *names = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
  printf("\"names\":[");
  for (int i = 0, num = 0; i < sk_GENERAL_NAME_num(names); i++) {
    const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
    if (name->type == GEN_DNS) {
      printf("%s", num++ > 0 ? "," : "");
      put_text((const char *)name->d.dNSName->data, (size_t)name->d.dNSName->length);
    }
  }
  printf("]");
  GENERAL_NAMES_free(names);
}

static void put_authenticators(const peer *p) {
  const bytes *all = &p->w->certificates;
  printf("\"authenticators\":[");
  for (size_t at = 0; at < all->len;) {
    size_t len = wire_authenticator_len(all->data + at, all->len - at);
    X509 *leaf = NULL;
    const char *wrong =
        len == 0 ? "cut short" : forge_check(&leaf, &p->w->exporter, all->data + at, len);
    printf("%s{\"octets\":%zu,\"wrong\":", at > 0 ? "," : "", len);
    if (wrong == NULL) {
      printf("null,");
      put_names(leaf);
    } else {
      put_text(wrong, strlen(wrong));
    }
    printf("}");
    X509_free(leaf);
    at += len == 0 ? all->len - at : len;
  }
  printf("],");
}

static void put_origins(const bytes *payload) {
  printf("\"origins\":[");
  for (size_t at = 0; at + 2 <= payload->len;) {
    size_t len = (size_t)payload->data[at] << 8 | payload->data[at + 1];
    if (len > payload->len - at - 2) {
      break;
    }
    printf("%s", at > 0 ? "," : "");
    put_text((const char *)payload->data + at + 2, len);
    at += 2 + len;
  }
  printf("],");
}

static void put_fields(const bytes *fields) {
  printf("\"fields\":{");
  for (size_t at = 0; at < fields->len;) {
    const char *name = (const char *)fields->data + at;
    const char *value = name + strlen(name) + 1;
    printf("%s", at > 0 ? "," : "");
    put_text(name, strlen(name));
    putchar(':');
    put_text(value, strlen(value));
    at += strlen(name) + strlen(value) + 2;
  }
  printf("},");
}

static void put_responses(const wire *w) {
  printf("\"responses\":[");
  for (size_t i = 0; i < w->num_responses; i++) {
    const response *r = &w->responses[i];
    printf("%s{\"stream\":%lld,\"status\":%d,\"body\":%zu,", i > 0 ? "," : "", (long long)r->stream,
           r->status, r->body);
    put_fields(&r->fields);
    printf("\"text\":");
    put_text((const char *)r->text.data, r->text.len);
    putchar(',');
    put_number("reset", r->reset);
    printf("\"done\":%s}", r->done ? "true" : "false");
  }
  printf("],");
}

void report(const peer *p, const char *role_fields) {
  const wire *w = p->w;
  pthread_mutex_lock(&output);
  printf("{%s", role_fields);
  put_number("setting", w->setting);
  put_number("code", w->code);
  printf("\"reason\":");
  put_text(w->reason, strlen(w->reason));
  printf(",\"settings_acks\":%zu,\"ping_acks\":%zu,", w->num_settings_acks, w->num_ping_acks);
  printf("\"origin_frames\":%zu,\"certificate_frames\":%zu,\"max_certificate_frame\":%zu,",
         w->num_origin_frames, w->num_certificate_frames, w->max_certificate_frame);
  printf("\"first_certificate_at\":%zu,\"first_headers_at\":%zu,", w->first_certificate_at,
         w->first_headers_at);
  put_authenticators(p);
  put_origins(&w->origins);
  put_responses(w);
  printf("\"tls\":\"%s\",\"resumed\":%s,\"verdict\":", w->tls, w->is_resumed ? "true" : "false");
  put_text(p->verdict, strlen(p->verdict));
  printf(",\"goaways\":%zu,\"closed\":%s}\n", w->num_goaways, w->closed ? "true" : "false");
  fflush(stdout);
  pthread_mutex_unlock(&output);
}

void report_handshake_failure(const char *role_fields, const char *reason) {
  pthread_mutex_lock(&output);
  printf("{%s\"handshake\":", role_fields);
  put_text(reason, strlen(reason));
  printf("}\n");
  fflush(stdout);
  pthread_mutex_unlock(&output);
}

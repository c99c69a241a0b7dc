// Host names to addresses: see resolver.h.
#include "client/resolver.h"

#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_THREADS = 16, KEEP_SECONDS = 60 };

// One question, owned by its thread until it is put into the mailbox.
typedef struct job {
  struct mailbox *mailbox;
  client_lookup *lookup; // the resolver's; not touched by the thread
  char host[CODICIL_HOST_MAX + 1];
  codicil_address addresses[CLIENT_MAX_ADDRESSES];
  size_t num_addresses;
  int error; // of getaddrinfo
  struct job *next;
} job;

// What threads and loop share; freed by whichever lets go last.
typedef struct mailbox {
  pthread_mutex_t mutex;
  size_t num_users; // the resolver and the threads
  job *done;
  struct ev_loop *ev; // NULL once the resolver is gone
  ev_async async;
} mailbox;

struct client_resolver {
  io_loop *loop;
  void (*news)(void *user);
  void *user;
  mailbox *mailbox;
  client_lookup *lookups;
  job *waiting; // for a thread; oldest first
  size_t num_threads;
};

static void mailbox_release(mailbox *box) {
  pthread_mutex_lock(&box->mutex);
  size_t left = --box->num_users;
  pthread_mutex_unlock(&box->mutex);
  if (left == 0) {
    pthread_mutex_destroy(&box->mutex);
    free(box);
  }
}

static void jobs_free(job *j) {
  while (j != NULL) {
    job *next = j->next;
    free(j);
    j = next;
  }
}

// ---- in the thread ------------------------------------------------------------------------------

static codicil_span octets_of(const struct addrinfo *info) {
  if (info->ai_family == AF_INET) {
    const struct sockaddr_in *in = (const void *)info->ai_addr;
    return codicil_span_of(&in->sin_addr, sizeof in->sin_addr);
  }
  if (info->ai_family == AF_INET6) {
    const struct sockaddr_in6 *in6 = (const void *)info->ai_addr;
    return codicil_span_of(&in6->sin6_addr, sizeof in6->sin6_addr);
  }
  return codicil_span_of(NULL, 0);
}

static void ask(job *j) {
  struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
  struct addrinfo *infos = NULL;
  j->error = getaddrinfo(j->host, NULL, &hints, &infos);
  if (j->error != 0) {
    return;
  }
  for (const struct addrinfo *info = infos; info != NULL; info = info->ai_next) {
    if (j->num_addresses < CLIENT_MAX_ADDRESSES &&
        codicil_address_from_octets(&j->addresses[j->num_addresses], octets_of(info))) {
      j->num_addresses++;
    }
  }
  freeaddrinfo(infos);
}

static void *thread_main(void *arg) {
  job *j = arg;
  mailbox *box = j->mailbox;
  ask(j);
  pthread_mutex_lock(&box->mutex);
  if (box->ev != NULL) {
    j->next = box->done;
    box->done = j;
    j = NULL;
    ev_async_send(box->ev, &box->async);
  }
  pthread_mutex_unlock(&box->mutex);
  free(j);
  mailbox_release(box);
  return NULL;
}

// ---- in the loop --------------------------------------------------------------------------------

static bool start_thread(job *j) {
  pthread_attr_t attributes;
  pthread_t thread;
  if (pthread_attr_init(&attributes) != 0) {
    return false;
  }
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_mutex_lock(&j->mailbox->mutex);
  j->mailbox->num_users++;
  pthread_mutex_unlock(&j->mailbox->mutex);
  mailbox *box = j->mailbox;
  bool ok = pthread_create(&thread, &attributes, thread_main, j) == 0;
  pthread_attr_destroy(&attributes);
  if (!ok) {
    mailbox_release(box);
  }
  return ok;
}

static void fail(client_lookup *lookup, const char *error, uint64_t now_ns) {
  lookup->state = CODICIL_DNS_FAILED;
  lookup->error = error;
  lookup->done_ns = now_ns;
}

static void start_waiting(client_resolver *resolver) {
  while (resolver->waiting != NULL && resolver->num_threads < MAX_THREADS) {
    job *j = resolver->waiting;
    client_lookup *lookup = j->lookup;
    resolver->waiting = j->next;
    j->next = NULL;
    if (start_thread(j)) {
      resolver->num_threads++;
    } else {
      free(j);
      fail(lookup, "no thread could be started", resolver->loop->now.mono_ns);
    }
  }
}

static void finish(client_resolver *resolver, const job *j) {
  client_lookup *lookup = j->lookup;
  uint64_t now_ns = resolver->loop->now.mono_ns;
  if (j->error != 0) {
    fail(lookup, gai_strerror(j->error), now_ns);
    return;
  }
  lookup->addresses = calloc(j->num_addresses + 1, sizeof *lookup->addresses);
  if (lookup->addresses == NULL || j->num_addresses == 0) {
    fail(lookup, j->num_addresses == 0 ? "it has no addresses" : "out of memory", now_ns);
    return;
  }
  memcpy(lookup->addresses, j->addresses, j->num_addresses * sizeof *lookup->addresses);
  lookup->num_addresses = j->num_addresses;
  lookup->state = CODICIL_DNS_ANSWERED;
  lookup->done_ns = now_ns;
}

static void on_mail(struct ev_loop *ev, ev_async *async, int events) {
  (void)ev;
  (void)events;
  client_resolver *resolver = async->data;
  pthread_mutex_lock(&resolver->mailbox->mutex);
  job *done = resolver->mailbox->done;
  resolver->mailbox->done = NULL;
  pthread_mutex_unlock(&resolver->mailbox->mutex);
  for (const job *j = done; j != NULL; j = j->next) {
    finish(resolver, j);
    resolver->num_threads--;
  }
  jobs_free(done);
  start_waiting(resolver);
  resolver->news(resolver->user);
}

bool client_resolver_new(client_resolver **out, io_loop *loop, void (*news)(void *user), void *user,
                         app_error *err) {
  client_resolver *resolver = calloc(1, sizeof *resolver);
  mailbox *box = calloc(1, sizeof *box);
  if (resolver == NULL || box == NULL || pthread_mutex_init(&box->mutex, NULL) != 0) {
    free(resolver);
    free(box);
    return app_fail(err, "out of memory");
  }
  box->num_users = 1;
  box->ev = loop->ev;
  ev_async_init(&box->async, on_mail);
  box->async.data = resolver;
  ev_async_start(loop->ev, &box->async);
  *resolver = (client_resolver){.loop = loop, .news = news, .user = user, .mailbox = box};
  *out = resolver;
  return true;
}

void client_resolver_free(client_resolver *resolver) {
  if (resolver == NULL) {
    return;
  }
  mailbox *box = resolver->mailbox;
  pthread_mutex_lock(&box->mutex);
  ev_async_stop(box->ev, &box->async);
  box->ev = NULL;
  jobs_free(box->done);
  box->done = NULL;
  pthread_mutex_unlock(&box->mutex);
  mailbox_release(box);
  jobs_free(resolver->waiting);
  while (resolver->lookups != NULL) {
    client_lookup *next = resolver->lookups->next;
    free(resolver->lookups->addresses);
    free(resolver->lookups);
    resolver->lookups = next;
  }
  free(resolver);
}

static client_lookup *find(const client_resolver *resolver, const char *host) {
  uint64_t now_ns = resolver->loop->now.mono_ns;
  for (client_lookup *l = resolver->lookups; l != NULL; l = l->next) {
    bool is_old = l->state != CODICIL_DNS_UNKNOWN &&
                  now_ns - l->done_ns > KEEP_SECONDS * UINT64_C(1000000000);
    if (!is_old && strcmp(l->host, host) == 0) {
      return l;
    }
  }
  return NULL;
}

static void enqueue(client_resolver *resolver, job *j) {
  job **end = &resolver->waiting;
  while (*end != NULL) {
    end = &(*end)->next;
  }
  *end = j;
}

const client_lookup *client_resolver_lookup(client_resolver *resolver, const char *host) {
  client_lookup *known = find(resolver, host);
  if (known != NULL) {
    return known;
  }
  client_lookup *lookup = calloc(1, sizeof *lookup);
  job *j = calloc(1, sizeof *j);
  size_t len = strlen(host);
  if (lookup == NULL || j == NULL || len >= sizeof j->host) {
    free(lookup);
    free(j);
    return NULL;
  }
  memcpy(lookup->host, host, len + 1);
  memcpy(j->host, host, len + 1);
  lookup->state = CODICIL_DNS_UNKNOWN;
  lookup->next = resolver->lookups;
  resolver->lookups = lookup;
  j->mailbox = resolver->mailbox;
  j->lookup = lookup;
  enqueue(resolver, j);
  start_waiting(resolver);
  return lookup;
}

// The server's supervisor: see server.h.
//
// Workers are threads that share the sites, read-only. Signals are blocked everywhere and taken
// here, in a loop of its own thread, which looks after the block list, too.
#include "server/server.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "io/block_watch.h"
#include "io/key_log.h"
#include "server/block_list.h"
#include "server/listener.h"
#include "server/plan.h"
#include "server/site.h"
#include "server/tls.h"
#include "server/worker.h"

typedef struct server {
  const server_config *config;
  site_table sites;
  server_plan *plan;
  codicil_buf block_text; // the block list's file at the start
  http3_server *http3;    // NULL where only HTTP/2 is served
  listener *listeners;
  size_t num_listeners;
  worker *workers;
  size_t num_workers; // that were prepared
  size_t num_threads; // that run
  int log_fd;
  int key_log;
} server;

enum { EXIT_CONFIGURATION = 1, EXIT_CUT_OFF = 3 };

static size_t count_workers(const server_config *config) {
  long processors = sysconf(_SC_NPROCESSORS_ONLN);
  return config->workers > 0 ? config->workers : processors > 0 ? (size_t)processors : 1;
}

// The soft limit is there for programs that use select(2).
static void allow_many_descriptors(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
}

// Nothing here may block on who reads the log. Of standard output a description of its own is
// opened, for others have that one, too; where that fails (a socket) it is taken as it is.
static int open_log_file(const char *path) {
  int flags = O_WRONLY | O_APPEND | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
  if (strcmp(path, "-") != 0) {
    return open(path, flags | O_CREAT, 0640);
  }
  int fd = open("/proc/self/fd/1", flags);
  return fd >= 0 ? fd : fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
}

static bool open_log(server *s, app_error *err) {
  const char *path = s->config->access_log.text;
  s->log_fd = -1;
  if (!path) {
    return true;
  }
  s->log_fd = open_log_file(path);
  return s->log_fd >= 0 || app_fail(err, "%s: %s", path, strerror(errno));
}

static bool open_key_log(server *s, app_error *err) {
  s->key_log = -1;
  if (!key_log_open(&s->key_log, err)) {
    return false;
  }
  for (size_t i = 0; i < s->sites.num_sites; i++) {
    tls_log_keys(&s->sites.sites[i], s->key_log);
  }
  return true;
}

static bool open_listeners(server *s, size_t num_workers, app_error *err) {
  s->listeners = calloc(s->config->listen.num, sizeof *s->listeners);
  if (!s->listeners) {
    return app_fail(err, "out of memory");
  }
  for (size_t i = 0; i < s->config->listen.num; i++) {
    if (!listener_open(&s->listeners[i], s->config->listen.items[i].text, num_workers,
                       s->http3 != NULL, err)) {
      return false;
    }
    s->num_listeners++;
  }
  return true;
}

static bool prepare_workers(server *s, size_t num_workers, app_error *err) {
  s->workers = calloc(num_workers, sizeof *s->workers);
  if (!s->workers) {
    return app_fail(err, "out of memory");
  }
  for (size_t i = 0; i < num_workers; i++) {
    if (!worker_init(&s->workers[i], s->config, &s->sites, s->plan, s->http3, s->listeners,
                     s->num_listeners, i, num_workers, s->log_fd, err)) {
      return false;
    }
    s->num_workers++;
  }
  return true;
}

static void *run_worker(void *arg) {
  worker_run(arg);
  return NULL;
}

static bool start_workers(server *s, app_error *err) {
  for (; s->num_threads < s->num_workers; s->num_threads++) {
    worker *w = &s->workers[s->num_threads];
    int error = pthread_create(&w->thread, NULL, run_worker, w);
    if (error != 0) {
      return app_fail(err, "cannot start a thread: %s", strerror(error));
    }
  }
  return true;
}

static void stop_workers(server *s) {
  for (size_t i = 0; i < s->num_threads; i++) {
    worker_stop(&s->workers[i]);
  }
}

static void clear(server *s) {
  for (size_t i = 0; i < s->num_workers; i++) {
    worker_clear(&s->workers[i]);
  }
  for (size_t i = 0; i < s->num_listeners; i++) {
    listener_close(&s->listeners[i], s->num_workers); // the others are the workers'
  }
  free(s->workers);
  free(s->listeners);
  http3_server_free(s->http3);
  if (s->log_fd >= 0) {
    close(s->log_fd);
  }
  key_log_close(s->key_log);
  server_plan_release(s->plan);
  codicil_buf_clear(&s->block_text);
  site_table_clear(&s->sites);
}

static void print_ready(const server *s, FILE *out) {
  for (size_t i = 0; i < s->num_listeners; i++) {
    char text[IO_ADDRESS_TEXT_MAX];
    io_address_format(&s->listeners[i].address, text, sizeof text);
    fprintf(out, "ready https://%s h2%s\n", text, s->http3 ? " h3" : "");
  }
  fflush(out);
}

// ---- signals, and the block list
// -------------------------------------------------------------------------------------------------

static sigset_t handled_signals(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGHUP);
  return set;
}

// SIGHUP asks for the block list to be read: who sends it early must not end the server.
static void hold_hangups(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
}

typedef struct watch {
  server *server;
  struct ev_loop *ev;
  int signal_fd;
  ev_io signals;
  ev_async end; // the workers are done
  block_watch *blocked;
} watch;

// A service that is up keeps its site up: whoever lists its key has a new one to put in place
// first.
static void warn_of_listed_sites(const server *s, const codicil_block_list *list) {
  for (size_t i = 0; i < s->sites.num_sites; i++) {
    const server_certificate *own = s->sites.sites[i].certificate;
    if (server_certificate_is_listed(own, list)) {
      fprintf(stderr,
              "codicil serve: %s: the certificate in %s is on it, and is used in handshakes until "
              "it is replaced\n",
              s->config->block_list.text, own->config->file.text);
    }
  }
}

static void on_block_list(void *user, codicil_block_list *take_list) {
  server *s = ((watch *)user)->server;
  const char *path = s->config->block_list.text;
  server_plan *plan = server_plan_new(s->config, &s->sites, take_list);
  if (!plan) {
    fprintf(stderr, "codicil serve: %s: out of memory: the block list stays as it was\n", path);
  } else {
    warn_of_listed_sites(s, take_list);
    for (size_t i = 0; i < s->num_threads; i++) {
      worker_set_plan(&s->workers[i], plan);
    }
    fprintf(stderr,
            "codicil serve: %s: read anew; entries: %zu, certificates that are not proven: %zu\n",
            path, codicil_block_list_num(take_list), server_plan_num_blocked(plan));
  }
  server_plan_release(plan);
  codicil_block_list_free(take_list);
}

static void on_hangup(watch *w) {
  if (w->blocked) {
    block_watch_read(w->blocked);
  } else {
    fprintf(stderr, "codicil serve: SIGHUP reads the block list, and none is configured\n");
  }
}

// The first signal to end drains, the second ends at once.
static void on_signals(struct ev_loop *ev, ev_io *watcher, int events) {
  watch *w = watcher->data;
  struct signalfd_siginfo info;
  (void)ev;
  (void)events;
  while (read(watcher->fd, &info, sizeof info) == (ssize_t)sizeof info) {
    if (info.ssi_signo == SIGHUP) {
      on_hangup(w);
    } else {
      stop_workers(w->server);
    }
  }
}

static void on_end(struct ev_loop *ev, ev_async *watcher, int events) {
  (void)watcher;
  (void)events;
  ev_break(ev, EVBREAK_ALL);
}

static void watch_clear(watch *w) {
  block_watch_free(w->blocked);
  if (w->ev) {
    ev_loop_destroy(w->ev);
  }
  if (w->signal_fd >= 0) {
    close(w->signal_fd);
  }
}

static bool watch_begin(watch *w, server *s, app_error *err) {
  const char *path = s->config->block_list.text;
  sigset_t signals = handled_signals();
  memset(w, 0, sizeof *w);
  w->server = s;
  w->signal_fd = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
  if (w->signal_fd < 0) {
    return app_fail(err, "no descriptor for signals: %s", strerror(errno));
  }
  w->ev = ev_loop_new(EVFLAG_AUTO | EVFLAG_NOENV);
  if (!w->ev) {
    return app_fail(err, "no memory or no descriptor for an event loop");
  }
  ev_io_init(&w->signals, on_signals, w->signal_fd, EV_READ);
  ev_async_init(&w->end, on_end);
  w->signals.data = w;
  ev_io_start(w->ev, &w->signals);
  ev_async_start(w->ev, &w->end);
  if (path) {
    w->blocked = block_watch_new(w->ev, "codicil serve", path, &s->block_text, on_block_list, w);
    return w->blocked != NULL || app_fail(err, "out of memory");
  }
  return true;
}

static void *run_watch(void *arg) {
  ev_run(((watch *)arg)->ev, 0);
  return NULL;
}

static void join_workers(server *s) {
  for (size_t i = 0; i < s->num_threads; i++) {
    pthread_join(s->workers[i].thread, NULL);
  }
}

static int supervise(server *s) {
  watch w;
  pthread_t thread;
  app_error err;
  bool is_watched = watch_begin(&w, s, &err) && pthread_create(&thread, NULL, run_watch, &w) == 0;
  if (!is_watched) {
    fputs("codicil serve: cannot watch for signals\n", stderr);
    stop_workers(s);
  }
  join_workers(s);
  if (is_watched) {
    ev_async_send(w.ev, &w.end);
    pthread_join(thread, NULL);
  }
  watch_clear(&w);
  for (size_t i = 0; i < s->num_threads; i++) {
    if (s->workers[i].has_cut_off) {
      return EXIT_CUT_OFF;
    }
  }
  return is_watched ? EXIT_SUCCESS : EXIT_CONFIGURATION;
}

static bool start(server *s, app_error *err) {
  size_t num_workers = count_workers(s->config);
  allow_many_descriptors();
  return open_log(s, err) && open_key_log(s, err) &&
         http3_server_new(&s->http3, s->config, &s->sites, num_workers, err) &&
         open_listeners(s, num_workers, err) && prepare_workers(s, num_workers, err) &&
         start_workers(s, err);
}

static bool load(server *s, config_report *report) {
  config_mark nowhere = {0, 0};
  codicil_block_list *list = NULL;
  bool ok = site_table_load(&s->sites, s->config, report) && http3_check(s->config, report) &&
            block_list_load(&list, &s->block_text, s->config, &s->sites, report);
  if (ok) {
    s->plan = server_plan_new(s->config, &s->sites, list);
  }
  codicil_block_list_free(list);
  if (ok && !s->plan) {
    config_say(report, nowhere, false, "out of memory");
  }
  return s->plan != NULL;
}

int server_run(const server_config *config, config_report *report, FILE *out) {
  server s = {.config = config, .log_fd = -1, .key_log = -1};
  app_error err;
  config_mark nowhere = {0, 0};
  int code = EXIT_CONFIGURATION;
  sigset_t signals = handled_signals();
  hold_hangups(); // thousands of sites take seconds to load
  if (!load(&s, report)) {
    config_report_print(report, stderr);
    clear(&s);
    return EXIT_CONFIGURATION;
  }
  signal(SIGPIPE, SIG_IGN); // who reads the access log may go away, and the service goes on
  pthread_sigmask(SIG_BLOCK, &signals, NULL); // for good: a late signal spoils no graceful end
  if (start(&s, &err)) {
    print_ready(&s, out);
    code = supervise(&s);
  } else {
    config_say(report, nowhere, false, "%s", err.text);
    config_report_print(report, stderr);
    stop_workers(&s);
    join_workers(&s);
  }
  clear(&s);
  return code;
}

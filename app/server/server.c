// The server's supervisor: see server.h.
//
// Workers are threads that share the sites, read-only. Signals are blocked everywhere and taken
// here.
#include "server/server.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "io/key_log.h"
#include "server/listener.h"
#include "server/site.h"
#include "server/tls.h"
#include "server/worker.h"

typedef struct server {
  const server_config *config;
  site_table sites;
  http3_server *http3; // NULL where only HTTP/2 is served
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
    if (!worker_init(&s->workers[i], s->config, &s->sites, s->http3, s->listeners, s->num_listeners,
                     i, num_workers, s->log_fd, err)) {
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

// ---- signals
// -------------------------------------------------------------------------------------------------

static sigset_t handled_signals(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

// The first signal drains, the second ends at once. Cancelled in sigwait when the workers are done.
static void *take_signals(void *arg) {
  server *s = arg;
  sigset_t signals = handled_signals();
  int signal;
  while (sigwait(&signals, &signal) == 0) {
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    stop_workers(s);
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
  }
  return NULL;
}

static void join_workers(server *s) {
  for (size_t i = 0; i < s->num_threads; i++) {
    pthread_join(s->workers[i].thread, NULL);
  }
}

static int supervise(server *s) {
  pthread_t signals;
  if (pthread_create(&signals, NULL, take_signals, s) != 0) {
    stop_workers(s);
    join_workers(s);
    return EXIT_CONFIGURATION;
  }
  join_workers(s);
  pthread_cancel(signals);
  pthread_join(signals, NULL);
  for (size_t i = 0; i < s->num_threads; i++) {
    if (s->workers[i].has_cut_off) {
      return EXIT_CUT_OFF;
    }
  }
  return EXIT_SUCCESS;
}

static bool start(server *s, app_error *err) {
  size_t num_workers = count_workers(s->config);
  allow_many_descriptors();
  return open_log(s, err) && open_key_log(s, err) &&
         http3_server_new(&s->http3, s->config, &s->sites, num_workers, err) &&
         open_listeners(s, num_workers, err) && prepare_workers(s, num_workers, err) &&
         start_workers(s, err);
}

int server_run(const server_config *config, config_report *report, FILE *out) {
  server s = {.config = config, .log_fd = -1, .key_log = -1};
  app_error err;
  config_mark nowhere = {0, 0};
  int code = EXIT_CONFIGURATION;
  sigset_t signals = handled_signals();
  if (!site_table_load(&s.sites, config, report) || !http3_check(config, report)) {
    config_report_print(report, stderr);
    site_table_clear(&s.sites);
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

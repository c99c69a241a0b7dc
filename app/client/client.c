// `codicil get`, put together: see client.h.
#include "client/client.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/exit_code.h"
#include "client/pool.h"
#include "client/trust.h"
#include "client/write_out.h"
#include "io/block_watch.h"
#include "io/clock.h"

enum { CHAIN_CACHE_ENTRIES = 256, FAREWELL_TURNS = 3 };

static const double progress_s = 0.2;

typedef struct client {
  const client_options *options;
  io_loop loop;
  bool has_loop;
  tls_client *tls;
  codicil_block_list *block_list;
  codicil_buf block_text; // its file, as it was at the start
  block_watch *blocked;   // while requests are under way
  ev_signal hangup;
  codicil_chain_cache *cache;
  codicil_config *config;
  codicil_config *plain_config;
  client_hosts *hosts;
  client_http3 *http3;
  alt_svc_cache *alt_svc;
  client_pool *pool;
  client_verbose verbose;
  client_request_context context;
  client_request *requests;
  report_document told;
  size_t turn;  // the request that may write to standard output
  ev_io reader; // of standard output: it can be written to
  ev_timer progress;
  bool shows_progress;
  bool has_progress; // a line of it is on the terminal
  int set_up_code;   // exit code where setting up fails
} client;

// ---- the terminal -------------------------------------------------------------------------------

static bool is_for_people(const client_options *options) {
  return isatty(STDERR_FILENO) && !options->silent && !options->json && !options->verbose;
}

static void clear_progress(client *c) {
  if (c->has_progress) {
    fputs("\r\033[K", stderr);
    c->has_progress = false;
  }
}

static void show_progress(client *c) {
  size_t num_done = 0;
  uint64_t size = 0;
  for (size_t i = 0; i < c->told.num_requests; i++) {
    num_done += c->requests[i].state == CLIENT_REQUEST_DONE ? 1 : 0;
    size += c->told.requests[i].size;
  }
  fprintf(stderr, "\r\033[K%zu of %zu done, %zu connections, %.1f KiB, %.1f s", num_done,
          c->told.num_requests, client_pool_num_connections(c->pool), (double)size / 1024,
          (double)(c->loop.now.mono_ns - c->verbose.start_ns) / 1e9);
  fflush(stderr);
  c->has_progress = true;
}

static void on_progress(struct ev_loop *ev, ev_timer *timer, int events) {
  (void)ev;
  (void)events;
  show_progress(timer->data);
}

// A body on the terminal leaves no place for the line.
static void start_progress(client *c) {
  c->shows_progress = is_for_people(c->options) &&
                      (!isatty(STDOUT_FILENO) || c->options->num_outputs == c->options->urls.num);
  ev_timer_init(&c->progress, on_progress, progress_s, progress_s);
  c->progress.data = c;
  if (c->shows_progress) {
    ev_timer_start(c->loop.ev, &c->progress);
  }
}

// ---- turns on standard output -------------------------------------------------------------------

static void on_reader(struct ev_loop *ev, ev_io *io, int events) {
  (void)events;
  client *c = io->data;
  ev_io_stop(ev, io);
  client_pool_news(c->pool);
}

static void on_turn(void *user) {
  client *c = user;
  while (c->turn < c->told.num_requests) {
    client_request *r = &c->requests[c->turn];
    client_request_take_turn(r);
    bool is_blocked = r->has_output && output_is_blocked(&r->out);
    if (is_blocked) {
      ev_io_start(c->loop.ev, &c->reader);
    }
    if (is_blocked || r->state != CLIENT_REQUEST_DONE) {
      return;
    }
    if (c->options->has_write_out) {
      clear_progress(c);
      write_out(stdout, stderr, (const char *)c->options->write_out.data, r->report, c->turn);
    }
    if (r->has_output) {
      output_clear(&r->out);
      r->has_output = false;
    }
    c->turn++;
  }
  ev_break(c->loop.ev, EVBREAK_ALL);
}

static void on_request_news(void *user) {
  client *c = user;
  if (c->pool != NULL) {
    client_pool_news(c->pool);
  }
}

// ---- the block list, while requests are under way -----------------------------------------------

static void on_block_list(void *user, codicil_block_list *take_list) {
  client *c = user;
  codicil_block_list *before = c->block_list;
  c->block_list = take_list;
  tls_client_set_block_list(c->tls, take_list);
  codicil_config_set_block_list(c->config, take_list);
  codicil_config_set_block_list(c->plain_config, take_list);
  verbose_note(&c->verbose, "%s: read anew; entries: %zu", c->options->block_list,
               codicil_block_list_num(take_list));
  client_pool_policy_changed(c->pool);
  codicil_block_list_free(before);
}

static void on_hangup(struct ev_loop *ev, ev_signal *watcher, int events) {
  (void)ev;
  (void)events;
  client *c = watcher->data;
  block_watch_read(c->blocked);
}

// Without a list SIGHUP ends the program, as it would any other.
static bool watch_block_list(client *c, app_error *err) {
  if (c->block_list == NULL) {
    return true;
  }
  c->blocked = block_watch_new(c->loop.ev, "codicil get", c->options->block_list, &c->block_text,
                               on_block_list, c);
  if (c->blocked == NULL) {
    return app_fail(err, "out of memory");
  }
  ev_signal_init(&c->hangup, on_hangup, SIGHUP);
  c->hangup.data = c;
  ev_signal_start(c->loop.ev, &c->hangup);
  return true;
}

static void stop_watching(client *c) {
  if (c->blocked != NULL) {
    ev_signal_stop(c->loop.ev, &c->hangup);
  }
  block_watch_free(c->blocked);
  c->blocked = NULL;
}

// ---- setting up ---------------------------------------------------------------------------------

static bool make_config(codicil_config **out, const client *c, bool offer) {
  const client_options *options = c->options;
  codicil_config *config = NULL;
  if (codicil_config_new(&config, NULL) != CODICIL_OK) {
    return false;
  }
  codicil_config_set_codepoints(config, &options->codepoints);
  codicil_config_set_trust(config, tls_client_trust(c->tls));
  codicil_config_set_chain_cache(config, c->cache);
  codicil_config_set_block_list(config, c->block_list);
  codicil_config_set_offer(config, offer && !options->no_secondary);
  codicil_config_set_use_origin(config, !options->no_origin);
  codicil_config_set_required_domain(config, options->required_mode,
                                     options->insecure_any_required_domain);
  codicil_config_set_dns_mode(config, options->dns_mode);
  *out = config;
  return true;
}

// A bundle that the user named and that cannot be read is told before anything is fetched.
static int check_trust_files(const client_options *options) {
  const char *const paths[] = {options->cacert, options->capath};
  static const char *const names[] = {"--cacert", "--capath"};
  for (size_t i = 0; i < 2; i++) {
    if (paths[i] != NULL && access(paths[i], R_OK) != 0) {
      fprintf(stderr, "codicil get: (%d) %s: %s cannot be read\n", EXIT_SSL_CACERT_BADFILE,
              names[i], paths[i]);
      return EXIT_SSL_CACERT_BADFILE;
    }
  }
  return 0;
}

static bool set_up_tls(client *c, app_error *err) {
  tls_client_config config = {.cacert = c->options->cacert,
                              .capath = c->options->capath,
                              .insecure = c->options->insecure,
                              .requireddomain_oid = c->options->codepoints.oid};
  if (!tls_client_new(&c->tls, &config, err) ||
      !client_trust_set_up(c->tls, &c->block_list, &c->block_text, c->options, &c->set_up_code,
                           err)) {
    return false;
  }
  c->set_up_code = EXIT_USAGE;
  return (codicil_chain_cache_new(&c->cache, NULL, CHAIN_CACHE_ENTRIES) == CODICIL_OK &&
          make_config(&c->config, c, true) && make_config(&c->plain_config, c, false)) ||
         app_fail(err, "out of memory");
}

// Only what was asked for: QUIC's TLS takes its time.
static bool set_up_http3(client *c, app_error *err) {
  const client_options *options = c->options;
  bool is_wanted = options->http == CLIENT_HTTP_3 || options->http == CLIENT_HTTP_3_ONLY;
  client_http3_config config = {.loop = &c->loop,
                                .tls = c->tls,
                                .connect_timeout_ms = client_connect_timeout_ms(options),
                                .qlog_dir = options->qlog};
  if (options->alt_svc != NULL &&
      !alt_svc_cache_new(&c->alt_svc, options->alt_svc, &c->verbose, c->loop.now.unix_s, err)) {
    return false;
  }
  bool may_help = options->alt_svc != NULL && options->http == CLIENT_HTTP_DEFAULT;
  return (!is_wanted && !(may_help && client_http3_is_built())) ||
         client_http3_new(&c->http3, &config, err);
}

static bool set_up_pool(client *c, app_error *err) {
  client_pool_config config = {.loop = &c->loop,
                               .tls = c->tls,
                               .http3 = c->http3,
                               .alt_svc = c->alt_svc,
                               .config = c->config,
                               .plain_config = c->plain_config,
                               .options = c->options,
                               .hosts = c->hosts,
                               .verbose = &c->verbose,
                               .turn = on_turn,
                               .user = c};
  return client_pool_new(&c->pool, &config, err);
}

static const client_output *output_of(const client_options *options, size_t index) {
  static const client_output standard = {CLIENT_OUTPUT_STDOUT, NULL};
  return index < options->num_outputs ? &options->outputs[index] : &standard;
}

static bool set_up_requests(client *c, app_error *err) {
  size_t num = c->options->urls.num;
  c->requests = calloc(num + 1, sizeof *c->requests);
  c->told.requests = calloc(num + 1, sizeof *c->told.requests);
  if (c->requests == NULL || c->told.requests == NULL) {
    return app_fail(err, "out of memory");
  }
  c->context =
      (client_request_context){c->options, &c->verbose, c->alt_svc, &c->loop, on_request_news, c};
  for (size_t i = 0; i < num; i++) {
    client_request_init(&c->requests[i], &c->context, &c->told.requests[i],
                        c->options->urls.items[i], output_of(c->options, i));
    if (c->options->url_after[i] != SIZE_MAX) {
      c->requests[i].after = &c->requests[c->options->url_after[i]];
    }
    c->told.num_requests++;
  }
  return true;
}

static bool set_up(client *c, app_error *err) {
  c->has_loop = io_loop_init(&c->loop, err);
  if (!c->has_loop) {
    return false;
  }
  c->verbose = (client_verbose){c->options->verbose ? stderr : NULL, &c->loop, c->loop.now.mono_ns,
                                &c->options->codepoints};
  return client_hosts_new(&c->hosts, &c->options->resolve, &c->options->connect_to, err) &&
         set_up_tls(c, err) && set_up_http3(c, err) && set_up_pool(c, err) &&
         set_up_requests(c, err) && watch_block_list(c, err);
}

// ---- the end ------------------------------------------------------------------------------------

// GOAWAY and close_notify go out where the sockets take them at once; nobody waits for more.
static void say_farewell(client *c) {
  client_pool_end(c->pool);
  for (int i = 0; i < FAREWELL_TURNS; i++) {
    ev_run(c->loop.ev, EVRUN_NOWAIT);
  }
}

// Not to be able to write it is no reason to fail what was fetched, as in curl.
static void save_alternatives(const client *c) {
  app_error err;
  if (c->alt_svc != NULL && !alt_svc_cache_save(c->alt_svc, c->loop.now.unix_s, &err) &&
      !c->options->silent) {
    fprintf(stderr, "codicil get: --alt-svc: %s\n", err.text);
  }
}

static int tell(client *c) {
  save_alternatives(c);
  if (!client_pool_report(c->pool, &c->told)) {
    fprintf(stderr, "codicil get: (%d) out of memory\n", EXIT_OUT_OF_MEMORY);
    return EXIT_OUT_OF_MEMORY;
  }
  if (c->options->json && !report_write_json(&c->told, stdout)) {
    fprintf(stderr, "codicil get: (%d) the report could not be written\n", EXIT_WRITE_ERROR);
    return EXIT_WRITE_ERROR;
  }
  clear_progress(c);
  if (is_for_people(c->options)) {
    report_write_table(&c->told, stderr);
  }
  for (size_t i = 0; i < c->told.num_requests; i++) {
    if (c->told.requests[i].exit_code != 0) {
      return c->told.requests[i].exit_code;
    }
  }
  return 0;
}

static void clear(client *c) {
  stop_watching(c);
  codicil_buf_clear(&c->block_text);
  client_pool_free(c->pool);
  for (size_t i = 0; i < c->told.num_requests; i++) {
    client_request_clear(&c->requests[i]);
  }
  free(c->requests);
  report_clear(&c->told);
  client_hosts_free(c->hosts);
  codicil_config_free(c->config);
  codicil_config_free(c->plain_config);
  codicil_chain_cache_free(c->cache);
  client_http3_free(c->http3);
  alt_svc_cache_free(c->alt_svc);
  tls_client_free(c->tls);
  codicil_block_list_free(c->block_list);
  if (c->has_loop) {
    io_loop_clear(&c->loop);
  }
}

int client_run(const client_options *options) {
  client c = {.options = options, .set_up_code = EXIT_USAGE};
  app_error err;
  int code = check_trust_files(options);
  if (code != 0) {
    return code;
  }
  signal(SIGPIPE, SIG_IGN);
  if (!set_up(&c, &err)) {
    fprintf(stderr, "codicil get: (%d) %s\n", c.set_up_code, err.text);
    clear(&c);
    return c.set_up_code;
  }
  ev_io_init(&c.reader, on_reader, STDOUT_FILENO, EV_WRITE);
  c.reader.data = &c;
  start_progress(&c);
  client_pool_run(c.pool, c.requests, c.told.num_requests);
  ev_run(c.loop.ev, 0);
  stop_watching(&c);
  ev_timer_stop(c.loop.ev, &c.progress);
  ev_io_stop(c.loop.ev, &c.reader);
  say_farewell(&c);
  code = tell(&c);
  clear(&c);
  return code;
}

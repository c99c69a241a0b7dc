// A build without QUIC serves HTTP/2 alone: see http3.h.
#include "server/http3.h"

bool http3_is_built(void) {
  return false;
}

const char *http3_backend(void) {
  return "";
}

bool http3_can_use(const config_site *site, app_error *err) {
  (void)site;
  return app_fail(err, "this build has no HTTP/3");
}

bool http3_check(const server_config *config, config_report *report) {
  if (!config->qlog.text) {
    return true;
  }
  config_say(report, config->qlog.mark, false, "qlog: this build has no HTTP/3");
  return false;
}

bool http3_server_new(http3_server **out, const server_config *config, const site_table *sites,
                      size_t num_workers, app_error *err) {
  (void)config;
  (void)sites;
  (void)num_workers;
  (void)err;
  *out = NULL;
  return true;
}

void http3_server_free(http3_server *server) {
  (void)server;
}

bool http3_worker_new(http3_worker **out, http3_server *server, struct worker *w, size_t index,
                      app_error *err) {
  (void)server;
  (void)w;
  (void)index;
  (void)err;
  *out = NULL;
  return true;
}

bool http3_worker_listen(http3_worker *h3, int fd, app_error *err) {
  (void)h3;
  (void)fd;
  return app_fail(err, "this build has no HTTP/3");
}

void http3_worker_stop_accepting(http3_worker *h3) {
  (void)h3;
}

void http3_worker_free(http3_worker *h3) {
  (void)h3;
}

// What origins said of their Alternative Services, in this run and, in a file of curl's format, in
// earlier ones. See `--alt-svc` in codicil-get(1).
#ifndef APP_CLIENT_ALT_SVC_CACHE_H
#define APP_CLIENT_ALT_SVC_CACHE_H

#include "client/alt_svc.h"
#include "client/verbose.h"
#include "io/error.h"

typedef struct alt_svc_cache alt_svc_cache;

// Reads `path`, where it exists; lines that do not parse are passed over, with a note for
// `verbose`. An empty path: a cache that is kept in memory only. `path` and `verbose` are borrowed.
CODICIL_MUST_USE bool alt_svc_cache_new(alt_svc_cache **out, const char *path,
                                        const client_verbose *verbose, int64_t now_s,
                                        app_error *err);
void alt_svc_cache_free(alt_svc_cache *cache);
// An authoritative response for `origin`, over `protocol`, has the field: what was known of the
// origin is replaced (RFC 7838 §3). What does not parse changes nothing.
void alt_svc_cache_update(alt_svc_cache *cache, const codicil_origin *origin,
                          alt_svc_protocol protocol, codicil_span value, int64_t now_s);
// Returns the port at which the origin's host serves it over HTTP/3, by a statement that is still
// fresh; 0: none is known. Alternatives on other hosts are not looked at.
uint16_t alt_svc_cache_h3_port(const alt_svc_cache *cache, const codicil_origin *origin,
                               int64_t now_s);
// The service that the origin's host has over HTTP/3 at `port` is none of its.
void alt_svc_cache_forget(alt_svc_cache *cache, const codicil_origin *origin, uint16_t port);
// Writes the file anew, beside the old one, which it then replaces; readable by its owner only.
// Nothing happens with an empty path.
CODICIL_MUST_USE bool alt_svc_cache_save(const alt_svc_cache *cache, int64_t now_s, app_error *err);

#endif

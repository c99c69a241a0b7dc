// What a client may hold open or make us do, with a name, a default and a meaning for each.
#ifndef APP_SERVER_LIMITS_H
#define APP_SERVER_LIMITS_H

#include "codicil/codicil.h"

// Name, key in the configuration, default in milliseconds, meaning.
#define SERVER_TIMEOUT_MAP(X)                                                                 \
  X(HANDSHAKE, "handshake", 10000, "from accept to the client's first SETTINGS")              \
  X(HEADERS, "headers", 10000, "from the first to the last frame of a header block")          \
  X(IDLE, "idle", 60000, "without an open stream")                                            \
  X(WRITE, "write", 30000, "within which a client takes at least 1 KiB of what it waits for") \
  X(DRAIN, "drain", 10000, "for open streams to end after SIGTERM")                           \
  X(LINGER, "linger", 2000, "for the client to close its side after we have closed ours")

typedef enum server_timeout {
#define SERVER_TIMEOUT_ENUM(name, key, value, text) SERVER_TIMEOUT_##name,
  SERVER_TIMEOUT_MAP(SERVER_TIMEOUT_ENUM)
#undef SERVER_TIMEOUT_ENUM
      SERVER_NUM_TIMEOUTS
} server_timeout;

// Name, key in the configuration, default, least, most, meaning.
#define SERVER_LIMIT_MAP(X)                                                                     \
  X(CONNECTIONS, "connections", 10000, 1, 1000000, "connections of one worker")                 \
  X(STREAMS, "streams", 128, 1, 10000, "open streams of one connection")                        \
  X(HANDSHAKES, "handshakes", 100, 0, 1000000, "QUIC's at once, before clients get a Retry")    \
  X(HEADER_LIST, "header-list", 32768, 1024, 1048576, "octets of a request's fields")           \
  X(HEADER_FRAMES, "header-frames", 16, 1, 200, "frames of one header block")                   \
  X(CONTROL_FRAMES, "control-frames", 1000, 10, 1000000, "frames at once that ask for nothing") \
  X(RESETS, "resets", 200, 10, 1000000, "streams at once that the client itself cancels")       \
  X(REQUESTS, "requests", 0, 0, UINT32_MAX, "requests of one connection, 0 for any number")     \
  X(FILE_CACHE, "file-cache", 67108864, 0, UINT32_MAX, "octets of files kept by one worker")

typedef enum server_limit {
#define SERVER_LIMIT_ENUM(name, key, value, least, most, text) SERVER_LIMIT_##name,
  SERVER_LIMIT_MAP(SERVER_LIMIT_ENUM)
#undef SERVER_LIMIT_ENUM
      SERVER_NUM_LIMITS
} server_limit;

typedef struct server_limits {
  uint64_t limit[SERVER_NUM_LIMITS];
  uint64_t timeout_ms[SERVER_NUM_TIMEOUTS];
} server_limits;

void server_limits_default(server_limits *out);

// ---- a bucket of patience
// ------------------------------------------------------------------------
//
// Full at first; a frame that asks for nothing takes one, time gives a tenth of the whole back each
// second, and work that the client paid for with a request gives some back.
typedef struct server_patience {
  uint32_t left;
  uint32_t whole;
  uint64_t since_ns;
} server_patience;

void server_patience_init(server_patience *patience, uint64_t whole, uint64_t now_ns);
// Takes one; false when there is none: the client is told to calm down.
bool server_patience_take(server_patience *patience, uint64_t now_ns);
static inline void server_patience_give(server_patience *patience, uint32_t count) {
  patience->left =
      count < patience->whole - patience->left ? patience->left + count : patience->whole;
}

#endif

// What a client may hold open or make us do: see limits.h.
#include "server/limits.h"

enum { NS_PER_S = 1000000000, SECONDS_TO_FILL = 10 };

void server_limits_default(server_limits *out) {
  static const server_limits defaults = {
#define SERVER_LIMIT_VALUE(name, key, value, least, most, text) [SERVER_LIMIT_##name] = (value),
      .limit = {SERVER_LIMIT_MAP(SERVER_LIMIT_VALUE)},
#undef SERVER_LIMIT_VALUE
#define SERVER_TIMEOUT_VALUE(name, key, value, text) [SERVER_TIMEOUT_##name] = (value),
      .timeout_ms = {SERVER_TIMEOUT_MAP(SERVER_TIMEOUT_VALUE)},
#undef SERVER_TIMEOUT_VALUE
  };
  *out = defaults;
}

void server_patience_init(server_patience *patience, uint64_t whole, uint64_t now_ns) {
  patience->whole = whole > UINT32_MAX ? UINT32_MAX : (uint32_t)whole;
  patience->left = patience->whole;
  patience->since_ns = now_ns;
}

static void refill(server_patience *patience, uint64_t now_ns) {
  uint64_t seconds = (now_ns - patience->since_ns) / NS_PER_S;
  if (seconds == 0) {
    return;
  }
  patience->since_ns += seconds * NS_PER_S;
  uint64_t gain =
      seconds >= SECONDS_TO_FILL ? patience->whole : seconds * patience->whole / SECONDS_TO_FILL;
  server_patience_give(patience, (uint32_t)gain);
}

bool server_patience_take(server_patience *patience, uint64_t now_ns) {
  refill(patience, now_ns);
  if (patience->left == 0) {
    return false;
  }
  patience->left--;
  return true;
}

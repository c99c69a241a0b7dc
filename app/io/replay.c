// Two generations of hashed identifiers: see replay.h. When the younger one is `keep_s` old it
// becomes the elder, and the elder is forgotten.
#include "io/replay.h"

#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "io/clock.h"

enum { KEY_LEN = 32, NS_PER_S = 1000000000 };

// Of an identifier, by a key that no client knows: none can make its own collide.
typedef struct mark {
  uint64_t words[2]; // never both zero: that is an empty place
} mark;

typedef struct generation {
  mark *places; // open addressing; at most half are taken
  size_t num_taken;
} generation;

struct replay {
  pthread_mutex_t lock;
  uint8_t key[KEY_LEN];
  uint32_t keep_s;
  size_t num_places;
  uint64_t since_s; // when the younger began
  generation younger, elder;
};

static size_t round_up(size_t capacity) {
  size_t num = 16;
  while (num < 2 * capacity) {
    num *= 2;
  }
  return num;
}

bool replay_new(replay **out, uint32_t keep_s, size_t capacity, app_error *err) {
  replay *seen = calloc(1, sizeof *seen);
  if (seen == NULL || pthread_mutex_init(&seen->lock, NULL) != 0) {
    free(seen);
    return app_fail(err, "out of memory");
  }
  seen->keep_s = keep_s;
  seen->num_places = round_up(capacity);
  seen->younger.places = calloc(seen->num_places, sizeof(mark));
  seen->elder.places = calloc(seen->num_places, sizeof(mark));
  if (seen->younger.places == NULL || seen->elder.places == NULL ||
      RAND_bytes(seen->key, KEY_LEN) != 1) {
    replay_free(seen);
    return app_fail(err, "out of memory");
  }
  *out = seen;
  return true;
}

void replay_free(replay *seen) {
  if (seen != NULL) {
    free(seen->younger.places);
    free(seen->elder.places);
    pthread_mutex_destroy(&seen->lock);
    OPENSSL_cleanse(seen->key, KEY_LEN);
    free(seen);
  }
}

static bool mark_of(mark *out, const replay *seen, codicil_span id) {
  uint8_t digest[EVP_MAX_MD_SIZE];
  unsigned len = 0;
  if (HMAC(EVP_sha256(), seen->key, KEY_LEN, id.data, id.len, digest, &len) == NULL) {
    return false;
  }
  memcpy(out->words, digest, sizeof out->words);
  out->words[0] |= 1;
  return true;
}

// Its place, or the empty one where it belongs.
static mark *find(const replay *seen, const generation *in, const mark *wanted) {
  size_t i = (size_t)(wanted->words[1] & (seen->num_places - 1));
  while (in->places[i].words[0] != 0 && memcmp(&in->places[i], wanted, sizeof *wanted) != 0) {
    i = (i + 1) & (seen->num_places - 1);
  }
  return &in->places[i];
}

static void forget_elder(replay *seen) {
  generation elder = seen->elder;
  seen->elder = seen->younger;
  memset(elder.places, 0, seen->num_places * sizeof(mark));
  seen->younger = (generation){elder.places, 0};
}

static void age(replay *seen, uint64_t now_s) {
  uint64_t passed = now_s - seen->since_s;
  if (passed < seen->keep_s) {
    return;
  }
  forget_elder(seen);
  if (passed / 2 >= seen->keep_s) {
    forget_elder(seen);
  }
  seen->since_s = now_s;
}

static bool add(replay *seen, const mark *wanted) {
  mark *place = find(seen, &seen->younger, wanted);
  if (seen->younger.num_taken >= seen->num_places / 2 || place->words[0] != 0 ||
      find(seen, &seen->elder, wanted)->words[0] != 0) {
    return false;
  }
  *place = *wanted;
  seen->younger.num_taken++;
  return true;
}

bool replay_add_at(replay *seen, codicil_span id, uint64_t now_s) {
  mark wanted;
  if (!mark_of(&wanted, seen, id)) {
    return false;
  }
  pthread_mutex_lock(&seen->lock);
  age(seen, now_s);
  bool is_new = add(seen, &wanted);
  pthread_mutex_unlock(&seen->lock);
  return is_new;
}

bool replay_add(replay *seen, codicil_span id) {
  return replay_add_at(seen, id, io_clock_now().mono_ns / NS_PER_S);
}

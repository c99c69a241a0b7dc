// Keys and mailboxes that the workers of one server share: see quic_shared.h.
#include "io/quic_shared.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "io/clock.h"

typedef struct mailbox {
  pthread_mutex_t lock;
  struct ev_loop *ev; // NULL: nobody is there
  ev_async *bell;
  quic_mail *first, **end;
  size_t num;
  uint64_t num_dropped;
} mailbox;

struct quic_shared {
  uint8_t cid_key[QUIC_CID_KEY_LEN];
  uint8_t secret[QUIC_SECRET_LEN];
  size_t num_stacks;
  mailbox boxes[];
};

bool quic_shared_new(quic_shared **out, size_t num_stacks, app_error *err) {
  quic_shared *shared = calloc(1, sizeof *shared + num_stacks * sizeof shared->boxes[0]);
  codicil_random random = io_random();
  if (!shared || !random.fill(random.ctx, shared->cid_key, sizeof shared->cid_key) ||
      !random.fill(random.ctx, shared->secret, sizeof shared->secret)) {
    free(shared);
    return app_fail(err, "no memory or no randomness for QUIC's keys");
  }
  shared->num_stacks = num_stacks;
  for (size_t i = 0; i < num_stacks; i++) {
    pthread_mutex_init(&shared->boxes[i].lock, NULL);
    shared->boxes[i].end = &shared->boxes[i].first;
  }
  *out = shared;
  return true;
}

static void free_mail(quic_mail *mail) {
  while (mail) {
    quic_mail *next = mail->next;
    free(mail);
    mail = next;
  }
}

void quic_shared_free(quic_shared *shared) {
  if (!shared) {
    return;
  }
  for (size_t i = 0; i < shared->num_stacks; i++) {
    free_mail(shared->boxes[i].first);
    pthread_mutex_destroy(&shared->boxes[i].lock);
  }
  OPENSSL_cleanse(shared->cid_key, sizeof shared->cid_key);
  OPENSSL_cleanse(shared->secret, sizeof shared->secret);
  free(shared);
}

size_t quic_shared_num_stacks(const quic_shared *shared) {
  return shared->num_stacks;
}

const uint8_t *quic_shared_cid_key(const quic_shared *shared) {
  return shared->cid_key;
}

const uint8_t *quic_shared_secret(const quic_shared *shared) {
  return shared->secret;
}

// ---- mailboxes ---------------------------------------------------------------------------------

void quic_shared_enter(quic_shared *shared, size_t index, struct ev_loop *ev, ev_async *bell) {
  mailbox *box = &shared->boxes[index];
  pthread_mutex_lock(&box->lock);
  box->ev = ev;
  box->bell = bell;
  pthread_mutex_unlock(&box->lock);
}

void quic_shared_leave(quic_shared *shared, size_t index) {
  quic_shared_enter(shared, index, NULL, NULL);
  free_mail(quic_shared_take(shared, index));
}

static bool append(mailbox *box, quic_mail *mail) {
  if (!box->ev || box->num >= QUIC_MAILBOX_MAX) {
    box->num_dropped++;
    return false;
  }
  *box->end = mail;
  box->end = &mail->next;
  box->num++;
  ev_async_send(box->ev, box->bell);
  return true;
}

bool quic_shared_post(quic_shared *shared, size_t index, const quic_datagram *datagram) {
  quic_mail *mail = index < shared->num_stacks ? malloc(sizeof *mail + datagram->len) : NULL;
  if (!mail) {
    return false;
  }
  *mail = (quic_mail){.path = datagram->path, .ecn = datagram->ecn, .len = datagram->len};
  memcpy(mail->data, datagram->data, datagram->len);
  mailbox *box = &shared->boxes[index];
  pthread_mutex_lock(&box->lock);
  bool is_taken = append(box, mail);
  pthread_mutex_unlock(&box->lock);
  if (!is_taken) {
    free(mail);
  }
  return is_taken;
}

quic_mail *quic_shared_take(quic_shared *shared, size_t index) {
  mailbox *box = &shared->boxes[index];
  pthread_mutex_lock(&box->lock);
  quic_mail *mail = box->first;
  box->first = NULL;
  box->end = &box->first;
  box->num = 0;
  pthread_mutex_unlock(&box->lock);
  return mail;
}

uint64_t quic_shared_num_dropped(quic_shared *shared) {
  uint64_t num = 0;
  for (size_t i = 0; i < shared->num_stacks; i++) {
    pthread_mutex_lock(&shared->boxes[i].lock);
    num += shared->boxes[i].num_dropped;
    pthread_mutex_unlock(&shared->boxes[i].lock);
  }
  return num;
}

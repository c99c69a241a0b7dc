// News for the application, oldest first.
//
// The queue is bounded by what the session holds: news of one thing (certificate 3, the Origin Set)
// waits in it once, and the memory for it is reserved when the thing itself is made, so that
// pushing cannot fail.
#ifndef CODICIL_SESSION_EVENT_QUEUE_H
#define CODICIL_SESSION_EVENT_QUEUE_H

#include "codicil/session.h"

typedef struct codicil_event_queue {
  codicil_event *items;
  size_t head;
  size_t num;
  size_t cap;
  size_t reserved;
} codicil_event_queue;

// Makes room for `num` more events that may wait at once. CODICIL_NOMEM; unchanged then.
CODICIL_MUST_USE codicil_err codicil_event_queue_reserve(codicil_event_queue *queue,
                                                         const codicil_mem *mem, size_t num);
// Appends `event`, unless the same news waits already.
void codicil_event_queue_push(codicil_event_queue *queue, codicil_event event);
bool codicil_event_queue_take(codicil_event_queue *queue, codicil_event *out);
// Withdraws a want that is over before the application has heard of it.
void codicil_event_queue_withdraw(codicil_event_queue *queue, codicil_event event);
void codicil_event_queue_clear(codicil_event_queue *queue, const codicil_mem *mem);

#endif

// A queue in one array: taken from the front, compacted when the end is reached.
#include "event_queue.h"

#include <string.h>

#include "mem.h"

codicil_err codicil_event_queue_reserve(codicil_event_queue *queue, const codicil_mem *mem,
                                        size_t num) {
  void *items = queue->items;
  codicil_err err = codicil_mem_grow(mem, &items, &queue->cap, queue->reserved + num, SIZE_MAX,
                                     sizeof *queue->items);
  queue->items = items;
  if (err == CODICIL_OK) {
    queue->reserved += num;
  }
  return err;
}

static bool same_news(const codicil_event *a, const codicil_event *b) {
  return a->type == b->type && a->index == b->index && a->signing == b->signing;
}

void codicil_event_queue_push(codicil_event_queue *queue, codicil_event event) {
  for (size_t i = 0; i < queue->num; i++) {
    if (same_news(&queue->items[queue->head + i], &event)) {
      return;
    }
  }
  if (queue->head + queue->num == queue->cap) {
    memmove(queue->items, queue->items + queue->head, queue->num * sizeof event);
    queue->head = 0;
  }
  queue->items[queue->head + queue->num] = event;
  queue->num++;
}

bool codicil_event_queue_take(codicil_event_queue *queue, codicil_event *out) {
  if (queue->num == 0) {
    return false;
  }
  *out = queue->items[queue->head];
  queue->head++;
  queue->num--;
  return true;
}

void codicil_event_queue_withdraw(codicil_event_queue *queue, codicil_event event) {
  size_t kept = 0;
  for (size_t i = 0; i < queue->num; i++) {
    codicil_event other = queue->items[queue->head + i];
    if (!same_news(&other, &event)) {
      queue->items[queue->head + kept] = other;
      kept++;
    }
  }
  queue->num = kept;
}

void codicil_event_queue_clear(codicil_event_queue *queue, const codicil_mem *mem) {
  codicil_mem_free(mem, queue->items);
  *queue = (codicil_event_queue){0};
}

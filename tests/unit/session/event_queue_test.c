// News in order, each once, in the room that was reserved.
#include "cmocka_test.h"

#include "event_queue.h"

static codicil_event certificate(size_t index) {
  return (codicil_event){.type = CODICIL_EVENT_CERTIFICATE, .index = index};
}

static size_t take(codicil_event_queue *queue) {
  codicil_event event;
  return codicil_event_queue_take(queue, &event) ? event.index : SIZE_MAX;
}

static void test_events_come_out_in_order_and_the_same_news_waits_once(void **state) {
  (void)state;
  codicil_event_queue queue = {0};
  assert_int_equal(codicil_event_queue_reserve(&queue, NULL, 3), CODICIL_OK);
  codicil_event_queue_push(&queue, certificate(1));
  codicil_event_queue_push(&queue, certificate(2));
  codicil_event_queue_push(&queue, certificate(1));
  assert_int_equal(take(&queue), 1);
  codicil_event_queue_push(&queue, certificate(1)); // told already: news again
  assert_int_equal(take(&queue), 2);
  assert_int_equal(take(&queue), 1);
  assert_int_equal(take(&queue), SIZE_MAX);
  codicil_event_queue_clear(&queue, NULL);
}

static void test_the_room_is_used_again_and_again(void **state) {
  (void)state;
  codicil_event_queue queue = {0};
  assert_int_equal(codicil_event_queue_reserve(&queue, NULL, 4), CODICIL_OK);
  size_t cap = queue.cap;
  codicil_event_queue_push(&queue, certificate(0));
  for (size_t i = 1; i < 100; i++) {
    codicil_event_queue_push(&queue, certificate(i));
    assert_int_equal(take(&queue), i - 1);
  }
  assert_int_equal(queue.cap, cap);
  assert_int_equal(queue.num, 1);
  codicil_event_queue_clear(&queue, NULL);
}

static void test_a_want_is_withdrawn_with_its_signing(void **state) {
  (void)state;
  static int signing[2];
  codicil_event_queue queue = {0};
  assert_int_equal(codicil_event_queue_reserve(&queue, NULL, 4), CODICIL_OK);
  codicil_event_queue_push(&queue, certificate(1));
  for (size_t i = 0; i < 2; i++) {
    codicil_event_queue_push(&queue,
                             (codicil_event){.type = CODICIL_EVENT_WANT_SIGN,
                                             .index = i,
                                             .signing = (codicil_ea_signing *)(void *)&signing[i]});
  }
  codicil_event_queue_withdraw(
      &queue, (codicil_event){.type = CODICIL_EVENT_WANT_SIGN,
                              .signing = (codicil_ea_signing *)(void *)&signing[0]});
  codicil_event event;
  assert_int_equal(take(&queue), 1);
  assert_true(codicil_event_queue_take(&queue, &event));
  assert_ptr_equal(event.signing, &signing[1]);
  assert_int_equal(take(&queue), SIZE_MAX);
  codicil_event_queue_clear(&queue, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_events_come_out_in_order_and_the_same_news_waits_once),
      cmocka_unit_test(test_the_room_is_used_again_and_again),
      cmocka_unit_test(test_a_want_is_withdrawn_with_its_signing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

// The header section of a request.
#include "cmocka_test.h"

#include <stdio.h>
#include <string.h>

#include "client/fields.h"

enum { MAX_ARGS = 16 };

// "name: value" lines of the request that a command line makes.
static void assert_fields(uint16_t port, const char *const *args, const char *expected) {
  char *argv[MAX_ARGS] = {(char *)(uintptr_t) "get"};
  int argc = 1;
  for (; args[argc - 1] != NULL; argc++) {
    argv[argc] = (char *)(uintptr_t)args[argc - 1];
  }
  client_options options;
  client_url url;
  client_fields fields;
  app_error err = {""};
  if (!client_options_parse(&options, argc, argv, &err)) {
    fail_msg("%s", err.text);
  }
  assert_int_equal(client_url_parse(&url, options.urls.items[0], &err), 0);
  assert_true(client_fields_init(&fields, &options, &url, port));
  char text[1024];
  size_t len = 0;
  for (size_t i = 0; i < fields.num; i++) {
    const client_field *field = &fields.items[i];
    len += (size_t)snprintf(text + len, sizeof text - len, "%.*s: %.*s\n", (int)field->name.len,
                            (const char *)field->name.data, (int)field->value.len,
                            (const char *)field->value.data);
  }
  assert_string_equal(text, expected);
  client_fields_clear(&fields);
  client_url_clear(&url);
  client_options_clear(&options);
}

#define ASSERT_FIELDS(expected, ...) \
  assert_fields(0, (const char *const[]){__VA_ARGS__, NULL}, expected)

static void test_pseudo_fields_come_first_then_defaults(void **state) {
  (void)state;
  ASSERT_FIELDS(":method: GET\n:scheme: https\n:authority: a.example:8443\n:path: /x?y\n"
                "user-agent: codicil/" CODICIL_VERSION "\naccept: */*\n",
                "https://A.example:8443/x?y#z");
}

static void test_an_ipv6_authority_has_brackets(void **state) {
  (void)state;
  ASSERT_FIELDS(":method: HEAD\n:scheme: https\n:authority: [::1]\n:path: /\n"
                "user-agent: codicil/" CODICIL_VERSION "\naccept: */*\n",
                "-I", "https://[::1]:443");
}

static void test_a_body_has_type_and_length(void **state) {
  (void)state;
  ASSERT_FIELDS(":method: POST\n:scheme: https\n:authority: a\n:path: /\n"
                "user-agent: codicil/" CODICIL_VERSION "\naccept: */*\n"
                "content-type: application/x-www-form-urlencoded\ncontent-length: 3\n",
                "-d", "abc", "https://a");
}

static void test_headers_replace_empty_and_take_away_defaults(void **state) {
  (void)state;
  ASSERT_FIELDS(":method: GET\n:scheme: https\n:authority: a\n:path: /\n"
                "User-Agent: me\nX: \nY: 1\n",
                "-H", "User-Agent:  me", "-H", "Accept:", "-H", "X;", "-H", "Y:1", "https://a");
}

static void test_a_request_to_an_alternative_service_names_it(void **state) {
  (void)state;
  static const char *const name[] = {"https://a.example:8443/", NULL};
  static const char *const address[] = {"-H",      "User-Agent:",    "-H",
                                        "Accept:", "https://[::1]/", NULL};
  assert_fields(443, name,
                ":method: GET\n:scheme: https\n:authority: a.example:8443\n:path: /\n"
                "user-agent: codicil/" CODICIL_VERSION "\naccept: */*\nalt-used: a.example:443\n");
  assert_fields(444, address,
                ":method: GET\n:scheme: https\n:authority: [::1]\n:path: /\n"
                "alt-used: [::1]:444\n");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_pseudo_fields_come_first_then_defaults),
      cmocka_unit_test(test_an_ipv6_authority_has_brackets),
      cmocka_unit_test(test_a_body_has_type_and_length),
      cmocka_unit_test(test_a_request_to_an_alternative_service_names_it),
      cmocka_unit_test(test_headers_replace_empty_and_take_away_defaults),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

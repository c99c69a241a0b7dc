// cmocka with what it wants included first.
#ifndef CODICIL_TESTS_CMOCKA_TEST_H
#define CODICIL_TESTS_CMOCKA_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

// cmocka 2 has other names for it, and warns.
#undef assert_in_range

#endif

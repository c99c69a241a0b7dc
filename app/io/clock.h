// The two clocks, and randomness, as the library takes them: arguments.
#ifndef APP_IO_CLOCK_H
#define APP_IO_CLOCK_H

#include "codicil/codicil.h"

// Reads CLOCK_MONOTONIC and CLOCK_REALTIME. In a loop prefer io_loop_now, which is read once a
// turn.
codicil_now io_clock_now(void);
// Randomness from libcrypto's generator.
codicil_random io_random(void);

#endif

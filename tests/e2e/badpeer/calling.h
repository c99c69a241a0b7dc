// What the client's scenarios have in common.
#ifndef BADPEER_CALLING_H
#define BADPEER_CALLING_H

#include "scenario.h"

void request_block(bytes *block, const peer *p, const char *method, const char *path);
// Sends a GET and returns its stream, -1 where the connection takes none.
int64_t send_get(peer *p, const char *path);
// Reads until the end, and notes how long the server took.
void await_close(peer *p, int timeout_ms);
// A request that works. Certificates are signed when the server has nothing better to do: those
// that the caller expects are waited for, and where none is expected, a moment.
void run_get(peer *p);

#endif

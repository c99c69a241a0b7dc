// Where a body goes: a file, standard output in its turn, or nowhere.
//
// Bodies of several URLs may not mix on standard output: a body whose turn has not come is held, no
// more of it than the stream's flow control window, and follows when its turn comes. So is what a
// slow reader of standard output does not take: the connections go on meanwhile.
#ifndef APP_CLIENT_OUTPUT_H
#define APP_CLIENT_OUTPUT_H

#include "client/options.h"
#include "client/url.h"

typedef struct output {
  enum { OUTPUT_STDOUT, OUTPUT_FILE, OUTPUT_NOWHERE } kind;
  char *path;    // OUTPUT_FILE
  int fd;        // -1: not open yet
  bool has_turn; // OUTPUT_STDOUT: may write
  bool is_file;  // and it is one: nobody reads it slowly
  bool has_written;
  codicil_buf held;
  size_t taken; // of what was to be held in part, what was written
} output;

// Sets up what `spec` says; with `discard` a body for standard output goes nowhere. `err` says
// where -O finds no name. `max_held` bounds what is held.
CODICIL_MUST_USE bool output_init(output *out, const client_output *spec, const client_url *url,
                                  bool discard, size_t max_held, app_error *err);
void output_clear(output *out);
// Writes `bytes`, or holds some of them: then *out_held is true, and output_take_turn tells when
// they have been written. A file is made at the first call.
CODICIL_MUST_USE bool output_write(output *out, bool *out_held, codicil_span bytes, app_error *err);
// Standard output is free for this body: writes what is held, as far as its reader takes it, and
// tells how many octets that were.
CODICIL_MUST_USE bool output_take_turn(output *out, size_t *out_len, app_error *err);
// Tells whether it is this body's turn, and its reader is slow: take the next turn when standard
// output can be written to.
bool output_is_blocked(const output *out);
// Undoes what was written, for a request that is made again; false where that cannot be done.
CODICIL_MUST_USE bool output_restart(output *out);

#endif

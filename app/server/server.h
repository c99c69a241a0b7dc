// The server: reads its configuration, starts its workers, and sees to their end.
#ifndef APP_SERVER_SERVER_H
#define APP_SERVER_SERVER_H

#include <stdio.h>

#include "server/config.h"

// Serves until SIGTERM or SIGINT. Prints "ready https://ADDRESS:PORT h2 h3" to `out`, a line
// an address ("h2" alone without HTTP/3), once all is listening. Mistakes of the configuration go
// to stderr by way of `report`. Returns the process's exit code: 0 after a graceful stop, 3 where
// responses were cut off by a second signal or the drain's end, 1 where it could not start.
int server_run(const server_config *config, config_report *report, FILE *out);

#endif

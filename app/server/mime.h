// Media types by file name.
#ifndef APP_SERVER_MIME_H
#define APP_SERVER_MIME_H

// Returns the type for the extension of `path`, "application/octet-stream" where it is not known;
// static.
const char *mime_type(const char *path);

#endif

// Conditional and range requests (RFC 9110 §§13 and 14).
#ifndef APP_SERVER_CONDITIONAL_H
#define APP_SERVER_CONDITIONAL_H

#include "server/request.h"

// Returns 200, 206, 304, 412 or 416 for a GET or HEAD of `file`, and sets the part of it to be sent
// ([*out_at, *out_end), the whole unless 206).
uint16_t conditional_status(uint64_t *out_at, uint64_t *out_end, const request *r,
                            const file_entry *file);

#endif

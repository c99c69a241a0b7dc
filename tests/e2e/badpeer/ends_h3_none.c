// A build without QUIC has no HTTP/3: see ends.h.
#include "ends.h"

const version *const version_h3 = NULL;

// `codicil serve --check`: what a configuration would do that its writer may not have meant.
#ifndef APP_SERVER_CHECK_H
#define APP_SERVER_CHECK_H

#include "server/config.h"

// Loads everything that `config` names, and adds errors and warnings to `report`. Warns of
//   - a secondary that no site serves,
//   - a name that two sites claim,
//   - a certificate that does not cover the site's name,
//   - a certificate that has expired,
//   - a secondary certificate that expires before the certificate of the site that sends it, unless
//     it is glue, or lives for a month or less anyway,
//   - a chain too large for one SERVER_CERTIFICATE frame,
//   - a wildcard name, for which no ORIGIN can be sent,
//   - more of anything than is sent,
// and of what check_required.h lists.
void server_check(const server_config *config, config_report *report);

#endif

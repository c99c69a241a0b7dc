// `codicil serve --check`, of Required Domains and the block list.
#ifndef APP_SERVER_CHECK_REQUIRED_H
#define APP_SERVER_CHECK_REQUIRED_H

#include "server/plan.h"

// Warns of
//   - a secondary certificate whose Required Domain nothing proves on the site's connections,
//   - one that is not sent: it, or what would prove it, is blocked, or is too much,
//   - a glue certificate that no site needs, or none that is sent what needs it,
//   - a Required Domain that is "*", or that names the certificate itself alone,
//   - a wildcard that spans a public suffix.
// `unlimited` is the plan without a budget and without a block list.
void check_required(const site_table *table, const server_plan *plan, const server_plan *unlimited,
                    config_report *report);

#endif

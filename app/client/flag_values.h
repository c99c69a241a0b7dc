// Flags of `codicil get` whose value needs reading: a function each, called by the table in
// flags.c.
//
// `name` is as the user spelt it, for the error; `value` is NULL where the flag takes none.
#ifndef APP_CLIENT_FLAG_VALUES_H
#define APP_CLIENT_FLAG_VALUES_H

#include "client/options.h"

typedef bool client_flag_function(client_options *options, const char *name, const char *value,
                                  app_error *err);

client_flag_function flag_data;
client_flag_function flag_data_binary;
client_flag_function flag_write_out;
client_flag_function flag_output;
client_flag_function flag_method;
client_flag_function flag_header;
client_flag_function flag_coalesce_wait;
client_flag_function flag_urls_from;
client_flag_function flag_parallel_max;
client_flag_function flag_codepoints;
client_flag_function flag_alt_svc;
client_flag_function flag_remote_name;
client_flag_function flag_http;
client_flag_function flag_dns_servers;
client_flag_function flag_required_domain;
client_flag_function flag_dns_evidence;
client_flag_function flag_min_scts;

#endif

// codicil get: reads the flags and fetches.
#include <stdio.h>

#include "client/client.h"
#include "client/exit_code.h"
#include "cmd.h"

static void print_help(void) {
  fputs("usage: codicil get [FLAG]... URL...\n"
        "\n"
        "Fetches https URLs over HTTP/2 or 3 on as few connections as certificates allow.\n"
        "  --cacert FILE, --capath DIR      trust these CAs, not the system's; -k: any\n"
        "  --resolve HOST:PORT:ADDR[,ADDR]  in place of DNS; HOST may be *\n"
        "  --connect-to H1:P1:H2:P2         connect to H2:P2 for URLs of H1:P1\n"
        "  -X METHOD, -H LINE, -d DATA      method, header, body (@FILE: its content)\n"
        "  -o FILE, -O                      where the body goes; the nth is the nth URL's\n"
        "  -I, -i, -f                       headers only; headers too; fail on 400 and up\n"
        "  -s, -S, -v                       silent; but for errors; frames and decisions\n"
        "  -w FORMAT                        after each URL: '%{http_code} %{reason}\\n'\n"
        "  -m SECONDS, --connect-timeout SECONDS\n"
        "  --http2, --http3, --http3-only   HTTP/2 only; HTTP/3 first; HTTP/3 only\n"
        "  --alt-svc FILE                   keep, and use, what servers say of HTTP/3\n"
        "and, beside curl's flags:\n"
        "  --json                           report on standard output, no bodies\n"
        "  --no-secondary, --no-origin      do not offer the setting; ignore ORIGIN\n"
        "  --coalesce-wait MS               how long to wait for a certificate\n"
        "  --parallel-max NUMBER            requests at a time (100)\n"
        "  --urls-from FILE                 a URL a line; 'URL after=N' waits for the Nth\n"
        "  --qlog DIR, --codepoints K=V,... log QUIC; other code points than ours\n"
        "\n"
        "example: codicil get --cacert ca.pem https://a.example/ https://b.example/\n"
        "Exit codes are curl's. All of it: codicil-get(1)\n",
        stdout);
}

int cmd_get(int argc, char **argv) {
  client_options options;
  app_error err;
  int code = 0;
  if (!client_options_parse(&options, argc, argv, &err)) {
    fprintf(stderr, "codicil get: %s\n", err.text);
    code = EXIT_USAGE;
  } else if (options.help) {
    print_help();
  } else {
    code = client_run(&options);
  }
  client_options_clear(&options);
  return code;
}

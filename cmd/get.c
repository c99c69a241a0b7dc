// codicil get: reads the flags and fetches.
#include <stdio.h>

#include "client/client.h"
#include "client/exit_code.h"
#include "cmd.h"

// On a screen of 24 lines; the rest by --help all, as in curl.
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
        "  -m SECONDS                       the most that a URL may take\n"
        "  -w FORMAT                        after each URL: '%{http_code} %{reason}\\n'\n"
        "  --http2, --http3, --http3-only   HTTP/2 only; HTTP/3 first; HTTP/3 only\n"
        "  --alt-svc FILE                   keep, and use, what servers say of HTTP/3\n"
        "and, beside curl's flags:\n"
        "  --json                           report on standard output, no bodies\n"
        "  --no-secondary, --no-origin      do not offer the setting; ignore ORIGIN\n"
        "  --crlfile FILE, --block-list FILE\n"
        "                                   certificates that are not to be used\n"
        "  --required-domain MODE           honour it, require it, or insecure-ignore\n"
        "\n"
        "example: codicil get --cacert ca.pem https://a.example/ https://b.example/\n"
        "Exit codes are curl's. All flags: codicil get --help all, codicil-get(1)\n",
        stdout);
}

static void print_all_flags(void) {
  fputs("Requests and responses:\n"
        "  -X, --request METHOD       GET; POST with -d; HEAD with -I\n"
        "  -H, --header LINE          'Name: value', 'Name;' empty, 'Name:' none\n"
        "  -d, --data DATA            body; @FILE: its content without line ends\n"
        "  --data-binary DATA         the same with line ends\n"
        "  -o, --output FILE          the body; the nth -o or -O is the nth URL's\n"
        "  -O, --remote-name          the same, named as the URL's path ends\n"
        "  -i, --include, -I, --head  headers too; headers only\n"
        "  -f, --fail                 exit code 22 where the status is 400 and up\n"
        "  -m, --max-time SECONDS     the most that a URL may take\n"
        "  --urls-from FILE           a URL a line; 'URL after=N' waits for the Nth\n"
        "  --parallel-max NUMBER      requests at a time (100)\n"
        "Connections:\n"
        "  --http2, --http3, --http3-only\n"
        "  --alt-svc FILE             keep, and use, what servers say of HTTP/3\n"
        "  --connect-timeout SECONDS  the most that one may take to come about (300)\n"
        "  --coalesce-wait MS         how long to wait for a certificate\n"
        "  --no-secondary             do not offer the setting\n"
        "  --no-origin                ignore ORIGIN\n"
        "DNS:\n"
        "  --resolve HOST:PORT:ADDR[,ADDR]...\n"
        "  --connect-to HOST1:PORT1:HOST2:PORT2\n"
        "  --dns-servers ADDR[:PORT][,ADDR...]\n"
        "  --dnssec-anchor FILE       validate by these DS or DNSKEY records\n"
        "  --dns-evidence MODE        when DNS must lead to the server: always, caa\n"
        "                             (but where CAs check CAA), insecure-origin (not\n"
        "                             in the Origin Set), insecure-never\n"
        "Certificates:\n"
        "  --cacert FILE, --capath DIR, -k, --insecure\n"
        "  --crlfile FILE             refuse what these CRLs (PEM, or one in DER) list\n"
        "  --block-list FILE          refuse these keys, serials and required domains\n"
        "  --ct-logs FILE             logs, as browsers or as OpenSSL list them\n"
        "  --min-scts NUMBER          timestamps of as many of these logs are demanded\n"
        "  --caa-anchor FILE          anchors whose CAs check CAA before they issue\n"
        "  --required-domain MODE     honour; require: of all; insecure-ignore\n"
        "  --insecure-any-required-domain\n"
        "                             * is satisfied by any connection\n"
        "What is told:\n"
        "  -s, --silent, -S, --show-error, -v, --verbose\n"
        "  -w, --write-out FORMAT     after each URL\n"
        "  --json                     a report on standard output, no bodies\n"
        "  --qlog DIR                 a log of each QUIC connection\n"
        "  --codepoints KEY=VALUE,... other code points than ours\n"
        "  -h, --help [all]\n",
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
    (options.help_all ? print_all_flags : print_help)();
  } else {
    code = client_run(&options);
  }
  client_options_clear(&options);
  return code;
}

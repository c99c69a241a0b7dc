// The program: `codicil COMMAND`, commands as git's. This file finds the command and tells what
// there is; each command parses its own arguments in a file of its own.
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "codicil/codicil.h"
#include "server/http3.h"

typedef struct command {
  const char *name;
  int (*run)(int argc, char **argv);
  const char *summary;
} command;

static int cmd_help(int argc, char **argv);

static const command commands[] = {
    {"serve", cmd_serve, "serve sites over HTTP/2 and HTTP/3"},
    {"cert", cmd_cert, "make, sign, revoke and check certificates"},
    {"get", cmd_get, "fetch URLs on as few connections as their certificates allow"},
    {"help", cmd_help, "show this text, or that of a command"},
};
enum { NUM_COMMANDS = sizeof commands / sizeof commands[0], EXIT_USAGE = 2 };

static void print_help(FILE *out) {
  fputs("codicil - many certificates on one HTTP connection\n"
        "\n"
        "usage: codicil COMMAND [ARGUMENT]...\n"
        "       codicil COMMAND --help\n"
        "       codicil --help | --version\n"
        "\n"
        "A server proves on one connection that it speaks for many sites, each with a\n"
        "certificate of its own; a client fetches from all of them over that connection.\n"
        "\n"
        "commands:\n",
        out);
  for (size_t i = 0; i < NUM_COMMANDS; i++) {
    fprintf(out, "  %-7s %s\n", commands[i].name, commands[i].summary);
  }
  fputs("\n"
        "example:\n"
        "  codicil cert new-ca ca && codicil cert new www.example.com --ca ca\n"
        "  codicil serve --root . --cert www.example.com.pem --key www.example.com.key\n",
        out);
}

static void print_version(void) {
  printf("codicil %s\n", codicil_version());
  if (http3_is_built()) {
    printf("HTTP/2, and HTTP/3 with %s\n", http3_backend());
  } else {
    puts("HTTP/2, built without HTTP/3");
  }
}

static const command *find_command(const char *name) {
  for (size_t i = 0; i < NUM_COMMANDS; i++) {
    if (strcmp(commands[i].name, name) == 0) {
      return &commands[i];
    }
  }
  return NULL;
}

static size_t smallest(size_t a, size_t b) {
  return a < b ? a : b;
}

// Levenshtein distance of two short words: how many keys were pressed wrongly. `typed` may have any
// length; of `name` (ours) at most 15 octets count.
static size_t distance(const char *typed, const char *name) {
  size_t row[16];
  size_t len = smallest(strlen(name), 15);
  for (size_t j = 0; j <= len; j++) {
    row[j] = j;
  }
  for (size_t i = 0; typed[i] != '\0'; i++) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < len; j++) {
      size_t replaced = diagonal + (typed[i] == name[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = smallest(replaced, smallest(row[j], row[j + 1]) + 1);
    }
  }
  return row[len];
}

// The command that was probably meant, or NULL.
static const command *nearest_command(const char *typed) {
  const command *best = NULL;
  size_t least = 3;
  for (size_t i = 0; i < NUM_COMMANDS; i++) {
    size_t d = distance(typed, commands[i].name);
    if (d < least && d < strlen(commands[i].name)) {
      best = &commands[i];
      least = d;
    }
  }
  return best;
}

static int unknown_command(const char *typed) {
  fprintf(stderr, "codicil: '%s' is not a command", typed);
  const command *near = nearest_command(typed);
  if (near != NULL) {
    fprintf(stderr, "; did you mean '%s'?\n", near->name);
  } else {
    fputs("; see 'codicil --help'\n", stderr);
  }
  return EXIT_USAGE;
}

static int cmd_help(int argc, char **argv) {
  if (argc < 2) {
    print_help(stdout);
    return 0;
  }
  const command *found = find_command(argv[1]);
  if (found == NULL) {
    return unknown_command(argv[1]);
  }
  if (found->run == cmd_help) {
    print_help(stdout);
    return 0;
  }
  char help[] = "--help";
  char *args[] = {argv[1], help, NULL};
  return found->run(2, args);
}

// Whoever starts a program without standard streams makes its first file or socket one of them,
// and what is printed would go there. What takes their place here fails when it is used.
static void keep_standard_streams(void) {
  for (int fd = 0; fd <= 2; fd++) {
    if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd) {
      abort();
    }
  }
}

int main(int argc, char **argv) {
  keep_standard_streams();
  if (argc < 2) {
    print_help(stderr);
    return EXIT_USAGE;
  }
  if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
    print_help(stdout);
    return 0;
  }
  if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
    print_version();
    return 0;
  }
  const command *found = find_command(argv[1]);
  return found != NULL ? found->run(argc - 1, argv + 1) : unknown_command(argv[1]);
}

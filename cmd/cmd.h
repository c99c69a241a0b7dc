// A command of the program: parses its arguments and calls one function of app/.
#ifndef CMD_CMD_H
#define CMD_CMD_H

// Each takes argv[0] = its own name and returns the process's exit code.
int cmd_serve(int argc, char **argv);
int cmd_get(int argc, char **argv);
int cmd_cert(int argc, char **argv);

#endif

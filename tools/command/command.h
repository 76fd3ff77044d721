/*
 * The sub-commands of postern: one function and one file each. argv[0] is "postern NAME". They answer
 * the exit status: 0 good; COMMAND_FAILED with the reason said; COMMAND_USAGE when the arguments
 * make no sense (argp answers that by itself, too).
 */
#ifndef POSTERN_TOOLS_COMMAND_COMMAND_H
#define POSTERN_TOOLS_COMMAND_COMMAND_H

#include <argp.h>

#define COMMAND_FAILED 1
#define COMMAND_USAGE 2
/* `postern run`: what happened before there was a PROGRAM to have a status (as env(1), nohup(1)). */
#define COMMAND_RUN_FAILED 125
#define COMMAND_RUN_NOT_EXECUTABLE 126
#define COMMAND_RUN_NOT_FOUND 127

int command_keygen(int argc, char **argv);
int command_sign(int argc, char **argv);
int command_verify(int argc, char **argv);
int command_inspect(int argc, char **argv);
int command_run(int argc, char **argv);
int command_new(int argc, char **argv);
int command_start(int argc, char **argv);
int command_stop(int argc, char **argv);
int command_status(int argc, char **argv);
int command_log(int argc, char **argv);
int command_version(int argc, char **argv);

#endif

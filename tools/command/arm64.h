/*
 * `postern run --arm64`: a program of its own (tools/arm64) that has options of its own, which
 * `postern run` becomes. It is looked for before the options are parsed, so that it may stand
 * anywhere among those of either kind.
 */
#ifndef POSTERN_TOOLS_COMMAND_ARM64_H
#define POSTERN_TOOLS_COMMAND_ARM64_H

/* Which of the arguments before the program is --arm64; 0: none. */
int arm64_find(int argc, char **argv);
/* Becomes it, with all arguments but this one; ends the process, said, when it cannot. */
_Noreturn void arm64_become(int argc, char **argv, int at);

#endif

/*
 * The machine's flash: monitor, kernel and loader as they were built, with room for a trust table
 * that is filled in here. Functions that answer false have said why (say.h).
 */
#ifndef POSTERN_TOOLS_ARM64_FLASH_H
#define POSTERN_TOOLS_ARM64_FLASH_H

#include <stdbool.h>

/* What stands for the table until then: `postern-image KERNEL - OUTPUT` puts it there. */
#define FLASH_MARK "postern: the trust table of this machine goes here"

/* Writes `path`: the flash in `built`, trusting what the trust files in the folder say. */
bool flash_write(const char *path, const char *built, const char *trust_folder);

#endif

/* The misuses of checker.h. */
#ifndef TESTS_SDK_MISUSE_H
#define TESTS_SDK_MISUSE_H

#include <stdint.h>

/* Does what an app must not do. Comes back only when the TEE lets it pass. */
void misuse(uint32_t which);

#endif

/*
 * The port contract's own test: what port.h promises, asked of a port with nothing above it. The
 * same source runs on each port, so that a port which keeps a promise differently is found here and
 * not by the kernel. It allocates, sleeps and maps nothing that lasts.
 */
#ifndef POSTERN_PORT_CONTRACT_H
#define POSTERN_PORT_CONTRACT_H

#include <port/port.h>

/* Calls `report` for each promise, with what it is and whether it was kept. Answers how many were
 * broken. Without the lock. */
unsigned contract_run(void (*report)(const char *promise, bool kept));

#endif

/*
 * The run folder and its sockets. Who may connect is decided by their modes: supplicant.sock and
 * control.sock are 0600, tee.sock is 0600, or 0660 with the group of --group.
 */
#ifndef POSTERN_PORT_HOST_DOOR_H
#define POSTERN_PORT_HOST_DOOR_H

#include <stdbool.h>

/* Makes the run folder when it is missing, and locks it. False, and logged: another TEE runs there,
 * or the folder or group is not usable. */
bool door_prepare(const char *run, const char *group);
/* Opens the sockets. False, and logged. */
bool door_open(void);
/* Accepts until somebody asks the TEE to end. */
void door_serve(void);
/* Removes the sockets. */
void door_close(void);

#endif

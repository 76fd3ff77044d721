/*
 * Where a hosted TEE keeps its things. The long-lived one: for root /run/postern, /var/lib/postern
 * and /etc/postern; for anybody else the folder postern below XDG_RUNTIME_DIR, XDG_STATE_HOME
 * (~/.local/state) and XDG_CONFIG_HOME (~/.config). Functions return names that the caller frees,
 * or NULL, having said why (say.h).
 */
#ifndef POSTERN_TOOLS_HOSTED_PATHS_H
#define POSTERN_TOOLS_HOSTED_PATHS_H

char *paths_run_folder(void);   /* its sockets */
char *paths_state_folder(void); /* the device key, apps, what the supplicant stores, the log */
char *paths_trust_folder(void); /* its trust files */

/* Posterns's other programs: beside this one, else in ../libexec/postern. */
char *paths_program(const char *name);
/* A folder of share/postern: beside bin/, or beside libexec/ for a program in libexec/postern. */
char *paths_share(const char *name);

#endif

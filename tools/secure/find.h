/* Which TEE `postern log` and `postern status` mean: a hosted one, or this machine's own. */
#ifndef POSTERN_TOOLS_SECURE_FIND_H
#define POSTERN_TOOLS_SECURE_FIND_H

#include <tools/hosted/control.h>
#include <tools/secure/report.h>

enum tee_found { TEE_NONE, TEE_HOSTED, TEE_SECURE };

/* `given` is a run folder or a TEE device; NULL: the hosted TEE that control_run_folder finds, and
 * when none runs there, the first TEE device. Opens `control` or `report`; *run (unless NULL) gets
 * the run folder's name, which the caller frees. TEE_NONE: said why (say.h). */
enum tee_found tee_find(const char *given, char **run, struct control *control,
                        struct report *report);

#endif

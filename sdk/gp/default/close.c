/* The close entry point of an app that leaves it out. */
#include <tee_internal_api.h>

void TA_CloseSessionEntryPoint(void *sessionContext)
{
    (void)sessionContext;
}

/* The destroy entry point of an app that leaves it out. */
#include <tee_internal_api.h>

void TA_DestroyEntryPoint(void)
{
}

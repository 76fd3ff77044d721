/*
 * The event sources of an app that serves more than GlobalPlatform sessions; see runtime.h.
 */
#include <sdk/rt/runtime.h>

static struct rt_event_source *event_sources;

int64_t (*rt_wait)(uint32_t handle, uint64_t timeout_ns);

void rt_event_source_add(struct rt_event_source *source)
{
    struct rt_event_source **end = &event_sources;
    for (; *end != NULL; end = &(*end)->next) {
        if (*end == source)
            return;
    }
    source->next = NULL;
    *end = source;
}

bool rt_event_offer(const struct sys_event *event)
{
    for (struct rt_event_source *source = event_sources; source != NULL; source = source->next) {
        if (source->take(event))
            return true;
    }
    return false;
}

bool rt_event_busy(void)
{
    for (struct rt_event_source *source = event_sources; source != NULL; source = source->next) {
        if (source->busy == NULL || source->busy())
            return true;
    }
    return false;
}

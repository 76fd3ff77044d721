/*
 * How long an echo takes between two apps.
 */
#include "prober.h"
#include <stdlib.h>

static long speed_run(long chan, unsigned long count, size_t length)
{
    static uint8_t buffer[4096];
    uevent_t event;
    for (unsigned long i = 0; i < count; i++) {
        long rc = pair_send(chan, buffer, length);
        if (rc == (long)length)
            rc = wait(chan, &event, 10000);
        if (rc == NO_ERROR)
            rc = pair_receive(chan, buffer, sizeof(buffer));
        if (rc != (long)length)
            return rc < 0 ? rc : ERR_BAD_LEN;
    }
    return NO_ERROR;
}

long speed_echo(const char *message, char *reply, size_t room)
{
    char *end;
    int64_t before;
    int64_t after;
    unsigned long count = strtoul(message + 5, &end, 10);
    size_t length = strtoul(end, NULL, 10);
    long chan = connect("com.postern.echo.robust", 0);
    if (chan < 0 || count == 0 || length > 4096)
        return snprintf(reply, room, "error %ld", chan);
    long rc = speed_run(chan, count / 10 + 1, length);
    gettime(0, 0, &before);
    if (rc == NO_ERROR)
        rc = speed_run(chan, count, length);
    gettime(0, 0, &after);
    close(chan);
    if (rc != NO_ERROR)
        return snprintf(reply, room, "error %ld", rc);
    return snprintf(reply, room, "%lld", (long long)((after - before) / (int64_t)count));
}

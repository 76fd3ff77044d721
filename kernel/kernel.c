#include <kernel/app/instance.h>
#include <kernel/decode/trust.h>
#include <kernel/object/port.h>
#include <kernel/sched/log.h>
#include <kernel/sched/thread.h>
#include <kernel/sched/timer.h>
#include <port/kernel.h>

/* Where a port enters the kernel for what is no call: its start, its timer, its idle time. */

enum error kernel_start(void)
{
    size_t size = 0;
    timer_start_all();
    thread_start_all();
    object_start_all();
    port_object_start_all();
    log_start();
    app_start_all();
    instance_start_all();
    const uint8_t *trust = port_trust(&size);
    enum error error = decode_trust(trust, size);
    if (error != E_OK)
        log_line(SYS_LOG_ERROR, "the trust table is damaged: %e", error);
    return error;
}

void kernel_background(void)
{
    KERNEL_LOCKED(lock);
    app_run_restarts(&lock);
    thread_run_rest(true, &lock);
}

void kernel_timer(void)
{
    KERNEL_LOCKED(lock);
    timer_run(port_clock_ns());
    thread_offer_rest();
}

size_t kernel_status(char *out, size_t size)
{
    KERNEL_LOCKED(lock);
    return app_status(out, size);
}

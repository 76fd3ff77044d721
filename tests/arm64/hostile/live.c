/*
 * Calls with an app behind them: on both processors, interrupted, left and gone on with elsewhere, with
 * no slot left, with a debugger's registers set, with a processor that goes off.
 */
#include "../bad/bad.h"
#include "hostile.h"

#define FOREVER 3600000u /* milliseconds */
#define CANCEL_RESULT 0xffff0002u
#define MDSCR_SS 0x1u
#define MDSCR_KDE 0x2000u
#define MDSCR_MDE 0x8000u

REGISTER_WRITE(mdscr_el1, "mdscr_el1")
REGISTER_WRITE(oslar_el1, "oslar_el1")
REGISTER_WRITE(dbgwvr0_el1, "dbgwvr0_el1")
REGISTER_WRITE(dbgwcr0_el1, "dbgwcr0_el1")

static uint32_t session; /* open all the time */

static void call_wait_init(struct call *call, unsigned page, uint32_t in, uint32_t milliseconds,
                           uint32_t cancel_id)
{
    call_init(call, page, MSG_CMD_INVOKE_COMMAND, 1);
    call->arg->head.session = in;
    call->arg->head.func = BAD_WAIT;
    call->arg->head.cancel_id = cancel_id;
    call_value(call, 0, MSG_ATTR_VALUE_INOUT, milliseconds, 0);
}

/* Cancels a sleeper and runs it to its end. */
static bool cancel_and_end(struct call *call, uint32_t in, uint32_t cancel_id)
{
    session_cancel(1, in, cancel_id);
    return call_run(call) && call->answer == SMC_OK && call->arg->head.ret == CANCEL_RESULT;
}

static void secrets(void)
{
    uint64_t before = smc_changed[0];
    bool good = true;
    for (unsigned i = 0; i < 40; i++) {
        good = good && session_invoke(0, session, BAD_SECRET, 20000) == TEE_SUCCESS;
    }
    ok(good && smc_changed[0] == before,
       "an app is interrupted with a secret in every register, and none shows it");
}

static void debugger(void)
{
    oslar_el1_write(0);
    /* Single steps, and a watchpoint on all of the app's memory, for reads and writes, in either
     * world and at EL0 and EL1. */
    dbgwvr0_el1_write(0);
    dbgwcr0_el1_write(UINT64_C(31) << 24 | UINT64_C(1) << 13 | 0x1ff7);
    mdscr_el1_write(MDSCR_MDE | MDSCR_KDE);
    barrier_isb();
    bool good = session_invoke(0, session, BAD_FLOAT, 1000) == TEE_SUCCESS;
    dbgwcr0_el1_write(0);
    mdscr_el1_write(MDSCR_MDE | MDSCR_KDE | MDSCR_SS);
    barrier_isb();
    good = session_invoke(0, session, BAD_FLOAT, 1000) == TEE_SUCCESS && good;
    mdscr_el1_write(0);
    barrier_isb();
    ok(good, "watchpoints and single steps of the normal world do not stop an app");
}

#define TARGET_DEAD 0xffff3024u

/* Whatever this processor has that ends an app: it ends alone. */
static void deaths(void)
{
    bool good = true;
    for (uint32_t command = BAD_READ; command < BAD_DEATHS_END; command++) {
        uint32_t mine;
        bool dead = session_open(0, NULL, &mine) == TEE_SUCCESS;
        dead = session_invoke(0, mine, command, 0) == TARGET_DEAD && dead;
        (void)session_close(0, mine);
        if (!dead) {
            say("# lives: ");
            say_number(command);
            say("\n");
        }
        good = good && dead;
    }
    good = session_invoke(0, session, BAD_NOTHING, 0) == TEE_SUCCESS && good;
    ok(good, "an app dies in every way, and alone");
}

/* --- Sleepers. --------------------------------------------------------------------------------------- */

static void sleepers(void)
{
    struct call call;
    call_wait_init(&call, 2, session, 500, 1);
    call_start(&call);
    ok(call_run_to_sleep(&call) && call_run(&call) && call.arg->head.ret == TEE_SUCCESS,
       "a sleeper is woken by its time-out");

    call_wait_init(&call, 2, session, FOREVER, 2);
    call_start(&call);
    bool good = call_run_to_sleep(&call);
    struct call old;
    call_wait_init(&old, 3, session, FOREVER, 3);
    good = good && message_send(SMC_CALL, 3) == SMC_BAD_COMMAND;
    ok(good, "a call that would have to sleep and cannot is refused");
    ok(cancel_and_end(&call, session, 2), "a sleeper is cancelled");
}

/* Memory is given back while an app that has it sleeps, and is given again under the same name. */
static void memory_in_use(void)
{
    struct call call;
    bool good = memory_register(4, (uint64_t)page_words(20), 8, 0x7777) == TEE_SUCCESS;
    call_wait_init(&call, 2, session, FOREVER, 4);
    call.arg->head.num_params = 2;
    call_memory(&call, 1, MSG_ATTR_RMEM_INOUT, 0x7777, 0, 8 * PAGE);
    call_start(&call);
    good = call_run_to_sleep(&call) && good;
    good = memory_release(4, 0x7777) == TEE_SUCCESS && good;
    good = memory_release(4, 0x7777) == TEE_ERROR_BAD_PARAMETERS && good;
    good = memory_register(4, (uint64_t)page_words(30), 2, 0x7777) == TEE_SUCCESS && good;
    good = cancel_and_end(&call, session, 4) && good;
    good = memory_release(4, 0x7777) == TEE_SUCCESS && good;
    ok(good, "memory is released in the middle of a call that uses it");
}

/* A list of 65,536 pages, which is one page that goes on with itself. */
static void memory_large(void)
{
    struct call call;
    uint64_t *list = page_words(21);
    for (unsigned i = 0; i < PAGE / 8; i++) {
        list[i] = (uint64_t)(i + 1 < PAGE / 8 ? page_words(22) : list);
    }
    call_init(&call, 4, MSG_CMD_REGISTER_SHM, 1);
    call.arg->params[0].attr = MSG_ATTR_TMEM_OUTPUT | MSG_ATTR_NONCONTIG;
    call.arg->params[0].u.tmem =
        (struct msg_tmem){.address = (uint64_t)list, .size = 65536 * PAGE, .cookie = 0x8888};
    interrupt_after(0);
    call_start(&call);
    bool good = call.answer == SMC_RPC_INTERRUPT;
    good = memory_release(5, 0x8888) == TEE_ERROR_BAD_PARAMETERS && good; /* not yet */
    good = call_run(&call) && call.answer == SMC_OK && call.arg->head.ret == TEE_SUCCESS && good;
    ok(good, "a long list of pages is looked at with interrupts on");
    for (unsigned i = 0; i < 3; i++) { /* mapped for reading, then for writing, too */
        call_init(&call, 4, MSG_CMD_INVOKE_COMMAND, 1);
        call.arg->head.session = session;
        call.arg->head.func = BAD_NOTHING;
        call_memory(&call, 0, i == 0 ? MSG_ATTR_RMEM_INPUT : MSG_ATTR_RMEM_INOUT, 0x8888, 0,
                    65536 * PAGE);
        call_start(&call);
        good = call_run(&call) && good;
        good = call.answer == SMC_OK && call.arg->head.ret == TEE_SUCCESS && good;
    }
    good = memory_release(5, 0x8888) == TEE_SUCCESS && good;
    good = memory_release(5, 0x8888) == TEE_ERROR_BAD_PARAMETERS && good;
    good = session_invoke(0, session, BAD_NOTHING, 0) == TEE_SUCCESS && good;
    ok(good, "an app gets all of it, and goes on when it is released");
}

/* --- Slots. ------------------------------------------------------------------------------------------- */

#define CALLERS 40u

static void slots(void)
{
    static struct call call[CALLERS];
    static struct call closer[4];
    uint32_t sessions[4];
    unsigned started = 0;
    bool good = true;

    for (unsigned i = 0; i < 4; i++) {
        good = session_open(0, NULL, &sessions[i]) == TEE_SUCCESS && good;
    }
    for (; started < CALLERS; started++) {
        call_wait_init(&call[started], 10 + started, sessions[started % 4], FOREVER, 100 + started);
        call_start(&call[started]);
        if (call[started].answer == SMC_NO_THREAD) {
            break;
        }
        good = call_run_to_sleep(&call[started]) && good;
    }
    ok(good && started >= 8 && started < CALLERS, "calls that sleep take slot after slot");
    for (unsigned i = 0; i < 4; i++) {
        call_init(&closer[i], 4 + i, MSG_CMD_CLOSE_SESSION, 0);
        closer[i].arg->head.session = sessions[i];
        call_start(&closer[i]);
        if (closer[i].answer != SMC_NO_THREAD) {
            (void)call_run_to_sleep(&closer[i]);
        }
    }
    ok(call_bottom_half() == SMC_OK, "a bottom half finds a slot when calls and closes have all");
    for (unsigned i = started; i-- > 0;) { /* those that queue behind another first */
        good = cancel_and_end(&call[i], sessions[i % 4], 100 + i) && good;
    }
    ok(good, "each of them is cancelled without a slot");
    for (unsigned i = 0; i < 4; i++) {
        if (closer[i].answer == SMC_NO_THREAD) {
            call_start(&closer[i]);
        }
        good = call_run(&closer[i]) && closer[i].arg->head.ret == TEE_SUCCESS && good;
    }
    ok(good, "the sessions are closed");
}

/* --- Two processors. ---------------------------------------------------------------------------------- */

static struct call shared_call;
static bool other_good;

static void other_resumes(void)
{
    other_good = call_run(&shared_call) && shared_call.arg->head.ret == TEE_SUCCESS;
}

static void other_invokes(void)
{
    uint32_t mine;
    other_good = session_open(33, NULL, &mine) == TEE_SUCCESS;
    for (unsigned i = 0; i < 300 && other_good; i++) {
        other_good = session_invoke(33, mine, BAD_SECRET, 1000) == TEE_SUCCESS;
    }
    other_good = session_close(33, mine) == TEE_SUCCESS && other_good;
}

static void both(void)
{
    bool good = true;
    for (unsigned i = 0; i < 100; i++) {
        call_init(&shared_call, 2, MSG_CMD_INVOKE_COMMAND, 1);
        shared_call.arg->head.session = session;
        shared_call.arg->head.func = BAD_FLOAT;
        call_value(&shared_call, 0, MSG_ATTR_VALUE_INOUT, 20000, 0);
        shared_call.interrupts = true;
        call_start(&shared_call);
        if (i % 2 == 0) {
            other_start(other_resumes);
            other_wait();
            good = good && other_good;
        } else {
            good = call_run(&shared_call) && shared_call.arg->head.ret == TEE_SUCCESS && good;
        }
    }
    ok(good, "a call that was interrupted is gone on with on the other processor");
    other_start(other_invokes);
    for (unsigned i = 0; i < 300 && good; i++) {
        good = session_invoke(0, session, BAD_SECRET, 1000) == TEE_SUCCESS;
    }
    other_wait();
    ok(good && other_good, "apps run on both at once");
}

static bool one_of_many(void)
{
    uint32_t mine;
    bool good = session_open(33, NULL, &mine) == TEE_SUCCESS;
    good = session_invoke(33, mine, BAD_SECRET, 1000) == TEE_SUCCESS && good;
    return session_close(33, mine) == TEE_SUCCESS && smc_changed[processor()] == 0 && good;
}

static void many(void)
{
    bool good = processors_each(one_of_many);
    good = processors_each(one_of_many) && good;
    ok(good, "each processor that the machine has comes on, calls, and goes off, twice");
}

/* --- Power. -------------------------------------------------------------------------------------------- */

static void other_leaves_call(void)
{
    call_start(&shared_call);
    if (shared_call.answer == SMC_RPC_COMMAND) {
        (void)call_run_to_sleep(&shared_call);
    }
}

static void other_off(void)
{
    (void)smc_fast(PSCI_CPU_OFF, 0, 0, 0);
    ok(false, "a processor goes off");
}

static bool other_is_off(void)
{
    uint64_t since = cntpct_el0_read();
    while (smc_fast(PSCI_AFFINITY_INFO, 1, 0, 0) != 1 && !time_is_up(since)) {
    }
    return smc_fast(PSCI_AFFINITY_INFO, 1, 0, 0) == 1;
}

/* What it waited for is forgotten: it is turned on afresh. */
static bool other_again(void)
{
    other_start(NULL);
    return other_on() == 0;
}

static void power(void)
{
    bool good = true;
    for (unsigned i = 0; i < 10; i++) { /* in the middle of an app */
        call_init(&shared_call, 2, MSG_CMD_INVOKE_COMMAND, 1);
        shared_call.arg->head.session = session;
        shared_call.arg->head.func = BAD_SECRET;
        call_value(&shared_call, 0, MSG_ATTR_VALUE_INOUT, 200000, 0);
        shared_call.interrupts = true;
        other_start(other_leaves_call);
        other_wait();
        other_start(other_off);
        good = other_is_off() && good;
        shared_call.interrupts = i % 2 == 0;
        good = call_run(&shared_call) && shared_call.arg->head.ret == TEE_SUCCESS && good;
        good = other_again() && good;
    }
    ok(good, "the processor of an interrupted app goes off: another one goes on with it");
    for (unsigned i = 0; i < 5; i++) { /* its timer goes with it */
        call_wait_init(&shared_call, 2, session, 1000, 5);
        other_start(other_leaves_call);
        other_wait();
        good = call_sleeps(&shared_call) && good;
        other_start(other_off);
        good = other_is_off() && good;
        good = call_run(&shared_call) && shared_call.arg->head.ret == TEE_SUCCESS && good;
        good = other_again() && good;
    }
    ok(good, "the processor whose timer a sleeper needs goes off: it is woken in time");
}

/* --- Garbage for answers. ------------------------------------------------------------------------------- */

static void garbage(void)
{
    struct chance c = {UINT64_C(0x5851f42d4c957f2d)};
    unsigned opened = 0;
    for (unsigned i = 0; i < 300; i++) {
        uint32_t mine;
        if (session_open(0, &c, &mine) == TEE_SUCCESS) {
            opened++;
            (void)session_close(0, mine);
        }
    }
    say("# of 300 opens with garbage for answers, still good ");
    say_number(opened);
    say("\n");
    ok(session_invoke(0, session, BAD_NOTHING, 0) == TEE_SUCCESS,
       "an open that gets garbage for answers harms nobody");
}

void live_calls(void)
{
    call_memory_clear();
    ok(session_open(0, NULL, &session) == TEE_SUCCESS, "an app is fetched from us, and opened");
    ok(session_invoke(0, session, BAD_NOTHING, 0) == TEE_SUCCESS, "it is called");
    secrets();
    debugger();
    deaths();
    sleepers();
    memory_in_use();
    memory_large();
    slots();
    both();
    many();
    power();
    ok(call_memory_secrets() == 0, "no answer to these calls has a secret in memory");
    garbage();
    ok(session_close(0, session) == TEE_SUCCESS, "its session is closed");
}

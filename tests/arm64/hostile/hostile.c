/*
 * A normal world that is out to harm: in the place of Linux it calls the secure world from two
 * processors. First calls that are wrong in one way each, and the error that each must get; then
 * calls with an app behind them, for which this world plays driver and supplicant; then real messages
 * that are damaged, their questions answered with garbage; at last calls random in everything.
 *
 * What must hold: every call comes back; no register but x0 to x3 changes, no vector register either;
 * no answer looks like an address of the kernel; afterwards the secure world answers as at the
 * beginning. The machine's log must not show that the kernel or the monitor gave up.
 *
 * All chance comes from fixed seeds. On a processor newer than the usual one the storms are short:
 * there, what is new about it is looked at.
 */
#include "hostile.h"
#include "../bad/bad.h"

#define CORTEX_A57 0xd07u

void hostile_main(void);

static bool uid_is_right(void)
{
    uint64_t x[8] = {SMC_UID};
    smc(x);
    return x[0] == 0x384fb3e0 && x[1] == 0xe7f811e3 && x[2] == 0xaf630002 && x[3] == 0xa5d5c51b;
}

/* What a good client does still works. */
static bool good_round(void)
{
    uint32_t session;
    bool good = memory_register(0, (uint64_t)page_words(8), 3, 0x123456789) == TEE_SUCCESS;
    good = memory_release(0, 0x123456789) == TEE_SUCCESS && good;
    good = session_open(0, NULL, &session) == TEE_SUCCESS && good;
    good = session_invoke(0, session, BAD_FLOAT, 100) == TEE_SUCCESS && good;
    return session_close(0, session) == TEE_SUCCESS && good;
}

void hostile_main(void)
{
    bool usual = (midr_el1_read() >> 4 & 0xfff) == CORTEX_A57;

    interrupts_start();
    call_memory_clear();
    (void)smc_fast(SMC_NOTIFY_ENABLE, 0, 0, 0);
    ok(uid_is_right(), "the secure world is there");
    ok(other_on() == 0, "a second processor");
    psci_made();
    traps_made();
    hand_made();
    live_calls();
    storm_structured(usual ? 2000 : 300);
    ok(good_round(), "a good client is served after damaged messages");
    storm_random(usual ? 500000 : 20000);
    ok(storm_settle(), "calls that hang can be ended");
    ok(smc_changed[0] + smc_changed[1] == 0, "no register changed that must not");
    ok(smc_leaked[0] + smc_leaked[1] == 0, "no answer looks like an address of the kernel");
    ok(uid_is_right(), "the secure world is still there");
    ok(good_round(), "a good client is still served");
    say("# SMCs in all ");
    say_number(smc_count[0] + smc_count[1]);
    say("\n");
    ok_end();
    (void)smc_fast(PSCI_SYSTEM_OFF, 0, 0, 0);
}

/*
 * Chance: real messages that are damaged, and calls that are random in everything, from both processors
 * at once, each writing into the other's pages.
 */
#include "../bad/bad.h"
#include "hostile.h"

#define SESSIONS 6u

static uint32_t open_sessions[SESSIONS];
static unsigned rounds_each, calls_each;
static uint64_t answered[PROCESSORS], succeeded[PROCESSORS];

static struct chance chance_of_processor(uint64_t seed)
{
    return (struct chance){UINT64_C(0x9e3779b97f4a7c15) * (processor() + seed)};
}

/* --- Damaged messages. -------------------------------------------------------------------------------- */

static uint32_t some_session(struct chance *c)
{
    uint32_t known = open_sessions[chance(c) % SESSIONS];
    return chance(c) % 8 == 0 ? (uint32_t)chance(c) : known;
}

static void some_param(struct chance *c, struct call *call, unsigned param)
{
    switch (chance(c) % 5) {
    case 0:
        call_value(call, param, MSG_ATTR_VALUE_INPUT + chance(c) % 3, chance(c) % 5, chance(c));
        break;
    case 1:
    case 2:
        call_memory(call, param, MSG_ATTR_RMEM_INPUT + chance(c) % 3, 1 + chance(c) % 8,
                    chance(c) % 2 == 0 ? chance(c) % 0x4000 : chance_size(c),
                    chance(c) % 2 == 0 ? chance(c) % 0x4000 : chance_size(c));
        break;
    case 3:
        call_memory(call, param, MSG_ATTR_TMEM_INPUT + chance(c) % 3, chance(c) % 4,
                    chance_address(c), chance_size(c));
        break;
    default:
        break;
    }
}

static void some_invoke(struct chance *c, struct call *call, unsigned page)
{
    static const uint64_t commands[] = {BAD_NOTHING, BAD_NOTHING, BAD_FLOAT, BAD_WAIT,  BAD_HEAP,
                                        BAD_SECRET,  BAD_FLOAT,   BAD_READ,  BAD_STACK, 99};
    uint32_t params = (uint32_t)(chance(c) % 5);
    call_init(call, page, MSG_CMD_INVOKE_COMMAND, params);
    call->arg->head.session = some_session(c);
    call->arg->head.func = (uint32_t)choose(c, commands, sizeof(commands) / sizeof(commands[0]));
    call->arg->head.cancel_id = (uint32_t)(chance(c) % 4);
    call_value(call, 0, MSG_ATTR_VALUE_INOUT, chance(c) % 3, 0);
    for (uint32_t i = 1; i < params; i++) {
        some_param(c, call, i);
    }
}

static void some_memory(struct chance *c, unsigned page)
{
    uint64_t cookie = 1 + chance(c) % 8;
    uint64_t from = (uint64_t)page_words((unsigned)(40 + chance(c) % 8));
    if (chance(c) % 2 == 0) {
        (void)memory_release(page, cookie);
        return;
    }
    (void)memory_register(page, chance(c) % 8 == 0 ? chance_address(c) : from, 1 + chance(c) % 8,
                          cookie);
}

/* One word of a message changes before it is sent; others change while it is read. */
static void damage(struct chance *c, struct call *call)
{
    uint64_t *words = (uint64_t *)(void *)call->arg;
    static const uint64_t some[] = {0, 1, 2, 8, 9, UINT64_MAX, 0x100, 0x20a, UINT64_C(1) << 32};
    uint64_t at = chance(c) % 24;
    words[at] = chance(c) % 2 == 0 ? choose(c, some, sizeof(some) / sizeof(some[0])) : chance(c);
}

static bool may_be_sent(const struct call *call)
{
    /* An app that goes on for ever would have to be ended by somebody. */
    return call->arg->head.func != BAD_LOOP;
}

/* In a page that nobody damages: the number of a session that is lost could not be closed. */
static void open_another(struct chance *c, unsigned page, uint32_t *place)
{
    uint32_t session;
    (void)session_close(page, __atomic_exchange_n(place, 0, __ATOMIC_SEQ_CST));
    if (session_open(page, chance(c) % 2 == 0 ? c : NULL, &session) == TEE_SUCCESS) {
        (void)session_close(page, __atomic_exchange_n(place, session, __ATOMIC_SEQ_CST));
    }
}

static void round_once(struct chance *c, unsigned page)
{
    struct call call;
    uint32_t *place = &open_sessions[chance(c) % SESSIONS];

    switch (chance(c) % 16) {
    case 0:
        open_another(c, page + 3, place);
        return;
    case 1:
        (void)session_close(page, some_session(c));
        return;
    case 2:
        session_cancel(page, some_session(c), (uint32_t)(chance(c) % 4));
        return;
    case 3:
    case 4:
    case 5:
        some_memory(c, page);
        return;
    default:
        some_invoke(c, &call, page);
        break;
    }
    if (chance(c) % 3 == 0) {
        damage(c, &call);
    }
    if (chance(c) % 4 == 0) { /* the other processor's message */
        page_words(processor() == 0 ? 36 : 2)[chance(c) % 32] = chance(c);
    }
    call.garbage = chance(c) % 4 == 0 ? c : NULL;
    call.interrupts = chance(c) % 2 == 0;
    if (may_be_sent(&call)) {
        call_start(&call);
        (void)call_run(&call);
        succeeded[processor()] += call.answer == SMC_OK && call.arg->head.ret == TEE_SUCCESS;
    }
}

static void structured(void)
{
    struct chance c = chance_of_processor(1001);
    for (unsigned i = 0; i < rounds_each; i++) {
        round_once(&c, processor() == 0 ? 2 : 36);
    }
}

void storm_structured(unsigned rounds)
{
    rounds_each = rounds;
    call_memory_clear();
    for (unsigned i = 0; i < SESSIONS; i++) {
        (void)session_open(5, NULL, &open_sessions[i]);
    }
    other_start(structured);
    structured();
    other_wait();
    say("# damaged messages ");
    say_number(2 * (uint64_t)rounds);
    say(", calls that succeeded ");
    say_number(succeeded[0] + succeeded[1]);
    say("\n");
    ok(succeeded[0] + succeeded[1] > rounds / 50, "damaged messages: what is whole is served");
    for (unsigned i = 0; i < SESSIONS; i++) {
        (void)session_close(2, open_sessions[i]);
    }
}

/* --- Random in everything. ------------------------------------------------------------------------------ */

/* A message with some parameters, and garbage behind it, where a question's answer goes. */
static void message(struct chance *c, uint64_t *page)
{
    static const uint64_t attributes[] = {0,     1,     2,     3,     5,     6,    7,   9,
                                          0xa,   0xb,   0x101, 0x103, 0x20a, 0x4,  0x8, 0xc,
                                          0x105, 0x209, 0x10a, 0xff,  0x300, 0x20b};
    uint64_t params = chance(c) % 16 == 0 ? chance(c) : chance(c) % 7;
    page[0] = chance(c) % 10 | chance(c) % 4 << 32;  /* command, function */
    page[1] = chance(c) % 8 | (chance(c) % 8) << 32; /* session, cancel id */
    page[2] = chance(c);
    page[3] = (params << 32) | (chance(c) & 0xffffffff);
    for (unsigned i = 0; i < 12; i++) {
        uint64_t *param = &page[4 + 4 * i];
        param[0] = choose(c, attributes, sizeof(attributes) / sizeof(attributes[0]));
        param[1] = chance(c) % 2 == 0 ? chance_address(c) : chance(c) % 16;
        param[2] = chance_size(c);
        param[3] = chance(c) % 4 == 0 ? chance_address(c)
                                      : 1 + chance(c) % 8; /* a few cookies, again and again */
    }
    if (chance(c) % 4 == 0) { /* as Linux registers memory, but for the list */
        page[0] = MSG_CMD_REGISTER_SHM;
        page[3] = UINT64_C(1) << 32;
        page[4] = MSG_ATTR_TMEM_OUTPUT | MSG_ATTR_NONCONTIG;
    }
}

static void list_of_pages(struct chance *c, uint64_t *page)
{
    for (unsigned i = 0; i < 512; i++) {
        page[i] = chance(c) % 64 == 0 ? chance_address(c)
                                      : (uint64_t)PAGES + chance(c) % NUM_PAGES * PAGE;
    }
}

static bool harmless(uint64_t id)
{
    uint32_t function = (uint32_t)id & 0xbfffffff;
    /* Off, reset, standby and on belong to the machine, not to this test. */
    return function <= 0x84000000 || function > 0x8400001f;
}

static void random_call(struct chance *c)
{
    static const uint64_t ids[] = {
        SMC_CALL,   SMC_CALL_WITH_RPC, SMC_CALL_WITH_RPC, SMC_CALL_WITH_RPC, SMC_CALL_SHARED,
        SMC_RESUME, SMC_RESUME,        SMC_RESUME,        0xbf00ff01,        0xb2000009,
        0xb2000010, 0xb2000011,        0xb200000a,        0xb2000007,        0x32000005,
        0xb2000000, 0xb2ffffff,        0x32ffffff,        0x72000004,        0xf2000001,
        0xbe000005, 0xbe000000,        0x84000000,        0x80000001,        0xc3000000};
    uint64_t x[8];
    for (unsigned i = 0; i < 8; i++) {
        x[i] = chance(c) % 8 == 0 ? chance(c) : 0;
    }
    x[0] = chance(c) % 16 == 0 ? chance(c) : choose(c, ids, sizeof(ids) / sizeof(ids[0]));
    if (!harmless(x[0])) {
        return;
    }
    if (x[0] == SMC_CALL || x[0] == SMC_CALL_WITH_RPC) {
        uint64_t at =
            chance(c) % 8 == 0 ? chance_address(c) : (uint64_t)PAGES + chance(c) % NUM_PAGES * PAGE;
        x[1] = at >> 32;
        x[2] = at & 0xffffffff;
    } else if (x[0] == SMC_CALL_SHARED) {
        x[1] = 0;
        x[2] = 1 + chance(c) % 8;
        x[3] = chance(c) % 2 == 0 ? chance(c) % 0x2000 : 0;
    } else if (x[0] == SMC_RESUME) {
        x[3] = chance(c) % 32 == 0 ? chance(c) : chance(c) % 26;
    }
    smc(x);
    answered[processor()] += x[0] != SMC_UNKNOWN && x[0] != UINT64_MAX;
}

static void random_calls(void)
{
    struct chance c = chance_of_processor(7);
    for (unsigned i = 0; i < calls_each; i++) {
        uint64_t *page = page_words((unsigned)(chance(&c) % NUM_PAGES));
        switch (chance(&c) % 8) {
        case 0:
            list_of_pages(&c, page);
            break;
        case 1:
            interrupt_after(chance(&c) % 4000);
            break;
        case 2:
            page[chance(&c) % 64] = chance(&c);
            break;
        default:
            message(&c, page);
            break;
        }
        random_call(&c);
    }
    interrupt_off();
}

void storm_random(unsigned calls)
{
    uint64_t before = smc_count[0] + smc_count[1];
    calls_each = calls;
    call_memory_clear();
    other_start(random_calls);
    random_calls();
    other_wait();
    say("# random calls ");
    say_number(smc_count[0] + smc_count[1] - before);
    say(", not refused outright ");
    say_number(answered[0] + answered[1]);
    say("\n");
    ok(answered[0] + answered[1] > calls, "every random call came back");
}

bool storm_settle(void)
{
    for (unsigned round = 0; round < 10000; round++) {
        bool any = false;
        for (uint64_t i = 0; i < 32; i++) {
            uint64_t x[8] = {SMC_RESUME, 0, 0, i};
            smc(x);
            any = any || x[0] != SMC_BAD_RESUME;
        }
        if (!any) {
            return true;
        }
        (void)call_bottom_half();
    }
    return false;
}

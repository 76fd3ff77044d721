/*
 * Calls that are wrong in one way each. Every answer is an error that says so; nothing else happens.
 */
#include "hostile.h"

#define NO_RPC 0x32000004u
#define KNOWN_COOKIE 0x7001u

static unsigned made, wrong;

static void expect(uint64_t got, uint64_t wanted, const char *what, uint64_t which)
{
    made++;
    if (got == wanted) {
        return;
    }
    if (wrong++ < 10) {
        say("# ");
        say(what);
        say(" ");
        say_hex(which);
        say(": ");
        say_hex(got);
        say("\n");
    }
}

/* --- Function ids. ---------------------------------------------------------------------------------- */

static bool is_known(uint32_t id)
{
    static const uint32_t known[] = {
        SMC_CALLS_COUNT,  SMC_UID,           SMC_REVISION,     SMC_OS_UUID,      SMC_OS_REVISION,
        SMC_CAPABILITIES, SMC_SHM_CACHE_OFF, SMC_SHM_CACHE_ON, SMC_NOTIFY_VALUE, SMC_NOTIFY_ENABLE,
        SMC_RESUME,       SMC_CALL,          SMC_CALL_SHARED,  SMC_CALL_WITH_RPC};
    for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (known[i] == id) {
            return true;
        }
    }
    return false;
}

static void ids(void)
{
    static const uint64_t fill[] = {0, UINT64_MAX, SECURE};
    for (uint32_t owner = 50; owner < 64; owner++) {
        for (uint32_t n = 0; n < 0x40; n++) {
            for (uint32_t kind = 0; kind < 4 * 3; kind++) {
                uint32_t number = n < 0x30 ? n : 0xfed0 + n; /* 0xff00 to 0xff0f */
                uint32_t id = (kind & 3) << 30 | owner << 24 | number;
                if (is_known(id)) {
                    continue;
                }
                uint64_t x[8] = {id};
                for (unsigned i = 1; i < 8; i++) {
                    x[i] = fill[kind / 4];
                }
                smc(x);
                expect(x[0], SMC_UNKNOWN, "unknown function", id);
                expect(x[1] | x[2] | x[3], 0, "more than a refusal", id);
            }
        }
    }
    /* Nobody's at all: the monitor answers. */
    for (uint32_t owner = 0; owner < 50; owner++) {
        for (uint32_t kind = 0; kind < 4; kind++) {
            uint32_t id = kind << 30 | owner << 24 | 0x7f;
            expect(smc_fast(id, SECURE, SECURE, SECURE), UINT64_MAX, "nobody's function", id);
        }
    }
    /* Only the lower half of x0 names the function. */
    expect(smc_fast(UINT64_C(0xdeadbeef) << 32 | SMC_UID, 0, 0, 0), 0x384fb3e0, "upper half", 0);
}

/* --- Where messages are. --------------------------------------------------------------------------- */

static void places(void)
{
    for (unsigned i = 0; i < num_bad_addresses; i++) {
        uint64_t at = bad_addresses[i];
        expect(smc_fast(SMC_CALL, at >> 32, at & 0xffffffff, 0), SMC_BAD_ADDRESS, "a call at", at);
        expect(smc_fast(SMC_CALL_WITH_RPC, at >> 32, at & 0xffffffff, 0), SMC_BAD_ADDRESS,
               "a call with RPC at", at);
        expect(smc_fast(SMC_CALL_SHARED, at >> 32, at & 0xffffffff, 0), SMC_BAD_ADDRESS,
               "a call in memory that nobody registered,", at);
    }
    for (unsigned offset = 1; offset < PAGE; offset++) {
        uint64_t at = (uint64_t)PAGES + offset;
        if (offset % 8 != 0 || offset > PAGE - sizeof(struct msg_header)) {
            expect(smc_fast(SMC_CALL_WITH_RPC, 0, at, 0), SMC_BAD_ADDRESS, "a call at", at);
        }
    }
    /* The message fits, the secure world's questions behind it would not. */
    for (uint64_t room = sizeof(struct msg_header); room < 160; room += 8) {
        memset(page_words(0), 0, PAGE);
        uint64_t at = (uint64_t)PAGES + PAGE - room;
        ((struct msg_header *)at)->cmd = MSG_CMD_BOTTOM_HALF; // NOLINT(performance-no-int-to-ptr)
        expect(smc_fast(SMC_CALL_WITH_RPC, 0, at, 0), SMC_BAD_ADDRESS, "no room behind", at);
    }
}

static void counts(void)
{
    struct call call;
    for (uint32_t cmd = 0; cmd < 16; cmd++) {
        for (unsigned bit = 0; bit < 32; bit++) {
            uint32_t params = UINT32_C(1) << bit;
            if (params <= MSG_PARAMS_MAX) {
                params += MSG_PARAMS_MAX;
            }
            call_init(&call, 0, cmd, params);
            expect(message_send(SMC_CALL_WITH_RPC, 0), SMC_BAD_COMMAND, "parameters", params);
            call_init(&call, 0, cmd, UINT32_MAX - bit);
            expect(message_send(SMC_CALL_WITH_RPC, 0), SMC_BAD_COMMAND, "parameters", bit);
        }
    }
    for (unsigned bit = 3; bit < 32; bit++) {
        call_init(&call, 0, UINT32_C(1) << bit, 0);
        expect(message_send(SMC_CALL_WITH_RPC, 0), SMC_BAD_COMMAND, "command", bit);
    }
    /* What may have to sleep cannot be done without the secure world's questions. */
    for (uint32_t cmd = 0; cmd < 3; cmd++) {
        call_init(&call, 0, cmd, 2);
        expect(message_send(NO_RPC, 0), SMC_BAD_COMMAND, "without RPC, command", cmd);
    }
    call_init(&call, 0, MSG_CMD_BOTTOM_HALF, 0);
    expect(message_send(NO_RPC, 0), SMC_BAD_COMMAND, "a bottom half without RPC", 0);
}

/* --- Memory. ----------------------------------------------------------------------------------------- */

static uint32_t register_list(uint64_t list, uint64_t size, uint64_t cookie, uint64_t attr)
{
    struct call call;
    call_init(&call, 0, MSG_CMD_REGISTER_SHM, 1);
    call.arg->params[0].attr = attr;
    call.arg->params[0].u.tmem = (struct msg_tmem){.address = list, .size = size, .cookie = cookie};
    return message_send(SMC_CALL_WITH_RPC, 0) == SMC_OK ? call.arg->head.ret : 0xdead;
}

#define LIST ((uint64_t)page_words(1))
#define LISTED (MSG_ATTR_TMEM_OUTPUT | MSG_ATTR_NONCONTIG)

static void lists(void)
{
    uint64_t *list = page_words(1);
    uint64_t *next = page_words(2);
    uint64_t good = (uint64_t)page_words(8);

    for (unsigned i = 0; i < 512; i++) {
        list[i] = next[i] = good;
    }
    for (unsigned i = 0; i < num_bad_addresses; i++) {
        uint64_t bad = bad_addresses[i];
        expect(register_list(bad, PAGE, KNOWN_COOKIE, LISTED), TEE_ERROR_BAD_PARAMETERS,
               "a list at", bad);
        static const uint64_t places[] = {0, 1, 255, 510};
        for (unsigned j = 0; j < 4; j++) {
            list[places[j]] = bad;
            expect(register_list(LIST, 511 * PAGE, KNOWN_COOKIE, LISTED), TEE_ERROR_BAD_PARAMETERS,
                   "a list with", bad);
            list[places[j]] = good;
        }
        list[511] = bad;
        expect(register_list(LIST, 512 * PAGE, KNOWN_COOKIE, LISTED), TEE_ERROR_BAD_PARAMETERS,
               "a list that goes on at", bad);
        list[511] = (uint64_t)next;
        next[0] = bad;
        expect(register_list(LIST, 512 * PAGE, KNOWN_COOKIE, LISTED), TEE_ERROR_BAD_PARAMETERS,
               "a list whose second page has", bad);
        next[0] = good;
        list[511] = 0;
        list[0] = good + 8 * (i + 1);
        expect(register_list(LIST, PAGE, KNOWN_COOKIE, LISTED), TEE_ERROR_BAD_PARAMETERS,
               "a list with a part of a page", list[0]);
        list[0] = good;
    }
    static const uint64_t sizes[] = {
        0,          0x10000001000,     UINT64_MAX, UINT64_MAX - 0xfff, UINT64_C(1) << 63,
        0x10001000, 0xffffffff00001000};
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        for (uint64_t offset = 0; offset < PAGE; offset += 4095) {
            expect(register_list(LIST + offset, sizes[i], KNOWN_COOKIE, LISTED),
                   TEE_ERROR_BAD_PARAMETERS, "a size of", sizes[i]);
        }
    }
    for (uint64_t attr = 0; attr < 0x400; attr++) {
        if (attr != LISTED) {
            expect(register_list(LIST, PAGE, KNOWN_COOKIE, attr), TEE_ERROR_BAD_PARAMETERS,
                   "a list with attribute", attr);
        }
    }
    expect(register_list(LIST, PAGE, 0, LISTED), TEE_ERROR_BAD_PARAMETERS, "cookie", 0);
}

static void cookies(void)
{
    uint64_t *list = page_words(1);

    /* A list that leads back to itself is a long list of the same pages. */
    list[511] = LIST;
    expect(register_list(LIST, 2000 * PAGE, KNOWN_COOKIE, LISTED), TEE_SUCCESS, "a ring", 0);
    expect(register_list(LIST, PAGE, KNOWN_COOKIE, LISTED), TEE_ERROR_BAD_PARAMETERS,
           "a cookie twice", 0);
    expect(smc_fast(SMC_CALL_SHARED, 0, KNOWN_COOKIE, 2000 * PAGE), SMC_BAD_ADDRESS,
           "a call behind registered memory", 0);
    expect(smc_fast(SMC_CALL_SHARED, 0, KNOWN_COOKIE, 2000 * PAGE - 32), SMC_BAD_ADDRESS,
           "a call that leaves registered memory", 0);
    expect(smc_fast(SMC_CALL_SHARED, 0, KNOWN_COOKIE, PAGE - 40), SMC_BAD_ADDRESS,
           "a call across two pages", 0);
    for (uint64_t offset = 1; offset < 8; offset++) {
        expect(smc_fast(SMC_CALL_SHARED, 0, KNOWN_COOKIE, offset), SMC_BAD_ADDRESS, "an odd offset",
               offset);
    }
    expect(memory_release(0, KNOWN_COOKIE), TEE_SUCCESS, "release", 0);
    expect(memory_release(0, KNOWN_COOKIE), TEE_ERROR_BAD_PARAMETERS, "a second release", 0);
    for (uint64_t cookie = 0; cookie < 32; cookie++) {
        expect(memory_release(0, cookie << 59), TEE_ERROR_BAD_PARAMETERS, "release of", cookie);
    }
    struct call call;
    for (uint64_t attr = 0; attr < 0x400; attr++) {
        call_init(&call, 0, MSG_CMD_UNREGISTER_SHM, 1);
        call_memory(&call, 0, attr, KNOWN_COOKIE, 0, 0);
        expect(message_send(SMC_CALL_WITH_RPC, 0), SMC_OK, "release with", attr);
        expect(call.arg->head.ret, TEE_ERROR_BAD_PARAMETERS, "release with", attr);
    }
}

/* --- Sessions. --------------------------------------------------------------------------------------- */

static uint32_t send(struct call *call)
{
    call_start(call);
    return call_run(call) && call->answer == SMC_OK ? call->arg->head.ret : 0xdead;
}

static void sessions(void)
{
    struct call call;
    for (uint32_t i = 0; i < 64; i++) {
        uint32_t session = i < 32 ? i : UINT32_C(1) << (i - 32);
        expect(session_invoke(0, session, 0, 0), SESSION_NOT_EXIST, "invoke of session", session);
        expect(session_close(0, session), SESSION_NOT_EXIST, "close of session", session);
    }
    for (uint32_t attr = 0; attr < 0x400; attr++) {
        bool meta = attr == (MSG_ATTR_VALUE_INPUT | MSG_ATTR_META);
        for (unsigned which = 0; which < 2 && !meta; which++) {
            call_init(&call, 0, MSG_CMD_OPEN_SESSION, 2);
            call_value(&call, which, attr, 1, 1);
            call_value(&call, 1 - which, MSG_ATTR_VALUE_INPUT | MSG_ATTR_META, 1, 1);
            uint32_t ret = send(&call);
            expect(ret == TEE_SUCCESS || ret == 0xdead, 0, "an open without its meta", attr);
        }
    }
    for (uint32_t params = 0; params <= MSG_PARAMS_MAX; params++) {
        call_init(&call, 0, MSG_CMD_OPEN_SESSION, params);
        uint32_t ret = send(&call);
        expect(ret == TEE_SUCCESS || ret == 0xdead, 0, "an empty open", params);
    }
}

/* The pseudo app that lists devices: both lists are empty, of whatever size the buffer is. */
static void devices(void)
{
    static const uint8_t bus[16] = {0x70, 0x11, 0xa6, 0x88, 0xdd, 0xde, 0x40, 0x53,
                                    0xa5, 0xa9, 0x7b, 0x3c, 0x4d, 0xdf, 0x13, 0xb8};
    struct call call;
    call_init(&call, 0, MSG_CMD_OPEN_SESSION, 2);
    call_value(&call, 0, MSG_ATTR_VALUE_INPUT | MSG_ATTR_META, 0, 0);
    call_value(&call, 1, MSG_ATTR_VALUE_INPUT | MSG_ATTR_META, 0, 0);
    memcpy(call.arg->params[0].u.octets, bus, sizeof(bus));
    expect(send(&call), TEE_SUCCESS, "open of the list of devices", 0);
    uint32_t session = call.arg->head.session;
    for (uint32_t function = 0; function < 4; function++) {
        for (uint64_t attr = 0; attr < 0x400; attr++) {
            bool right = attr == MSG_ATTR_RMEM_OUTPUT || attr == MSG_ATTR_TMEM_OUTPUT;
            uint32_t wanted = right ? TEE_SUCCESS : TEE_ERROR_BAD_PARAMETERS;
            call_init(&call, 0, MSG_CMD_INVOKE_COMMAND, 1);
            call.arg->head.session = session;
            call.arg->head.func = function;
            call_memory(&call, 0, attr, 0, 0, attr % 2 == 0 ? 0 : SECURE);
            expect(send(&call), function < 2 ? wanted : TEE_ERROR_NOT_SUPPORTED, "devices, with",
                   attr);
            if (right && function < 2) {
                expect(call.arg->params[0].u.rmem.size, 0, "devices listed", function);
            }
        }
    }
    call_init(&call, 0, MSG_CMD_INVOKE_COMMAND, 0);
    call.arg->head.session = session;
    expect(send(&call), TEE_ERROR_BAD_PARAMETERS, "devices without a parameter", 0);
    expect(session_close(0, session), TEE_SUCCESS, "close of the list", 0);
}

static void resumes(void)
{
    for (uint64_t i = 0; i < 256; i++) {
        uint64_t number = i < 64 ? i : UINT64_C(1) << (i % 64);
        uint64_t x[8] = {SMC_RESUME, i, i, number};
        smc(x);
        expect(x[0], SMC_BAD_RESUME, "resume of", number);
    }
}

void hand_made(void)
{
    call_memory_clear();
    ids();
    places();
    counts();
    lists();
    cookies();
    sessions();
    devices();
    resumes();
    say("# hand-made calls: ");
    say_number(made);
    say("\n");
    ok(made > 3000 && wrong == 0, "each hand-made call is answered with its error");
    ok(call_memory_secrets() == 0, "no answer has a secret in memory");
}

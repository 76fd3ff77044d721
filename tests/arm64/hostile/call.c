/*
 * Calls, and the part of driver and supplicant.
 */
#include "call.h"
#include "../bad/bad.h"

#define ROOM                                                                                       \
    ((uint8_t *)0x54000000u) /* for what the secure world asks memory for: by message page */
#define ROOM_EACH 0x100000u
#define SHORT_BUFFER 0xffff0010u
#define BACKGROUND_PAGE 62u /* and the next: one for each processor */

extern const uint8_t package[], package_end[];
static const uint8_t package_uuid[16] = {0x5d, 0x1f, 0x0a, 0x52, 0x6c, 0x1e, 0x4a, 0x0b,
                                         0x9d, 0x51, 0x0f, 0x3a, 0x7c, 0x9b, 0x21, 0xe4};

static uint8_t sent[32]; /* notifications that came */

void call_init(struct call *call, unsigned number, uint32_t command, uint32_t params)
{
    memset(page_words(number), 0, PAGE);
    *call = (struct call){.arg = (struct msg_arg *)(void *)page_words(number)};
    call->arg->head.cmd = command;
    call->arg->head.num_params = params;
}

void call_value(struct call *call, unsigned param, uint64_t attr, uint64_t a, uint64_t b)
{
    call->arg->params[param].attr = attr;
    call->arg->params[param].u.value = (struct msg_value){.a = a, .b = b};
}

void call_memory(struct call *call, unsigned param, uint64_t attr, uint64_t cookie, uint64_t offset,
                 uint64_t size)
{
    call->arg->params[param].attr = attr;
    call->arg->params[param].u.rmem =
        (struct msg_rmem){.offset = offset, .size = size, .cookie = cookie};
}

static void took(struct call *call, const uint64_t x[8])
{
    interrupt_off();
    call->answer = x[0];
    call->thread = x[3];
}

static void interrupt_maybe(const struct call *call)
{
    static uint64_t last[PROCESSORS];
    if (call->interrupts) {
        last[processor()] = last[processor()] * 25 + 13;
        interrupt_after(last[processor()] % 4000);
    }
}

void call_start(struct call *call)
{
    uint64_t x[8] = {SMC_CALL_WITH_RPC, (uint64_t)call->arg >> 32, (uint32_t)(uint64_t)call->arg};
    interrupt_maybe(call);
    smc(x);
    took(call, x);
}

static struct msg_arg *question(const struct call *call)
{
    uint32_t params = call->arg->head.num_params;
    if (params > MSG_PARAMS_MAX) {
        params = 0; /* somebody changed it */
    }
    return (struct msg_arg *)(void *)&call->arg->params[params];
}

static uint8_t *room(const struct call *call)
{
    return ROOM + ((uint64_t)call->arg - (uint64_t)PAGES) / PAGE % NUM_PAGES * ROOM_EACH;
}

static uint32_t load(const struct call *call, struct msg_arg *arg)
{
    uint64_t size = (uint64_t)(package_end - package);
    struct msg_tmem *tmem = &arg->params[1].u.tmem;
    if (memcmp(arg->params[0].u.octets, package_uuid, 16) != 0) {
        return TEE_ERROR_ITEM_NOT_FOUND;
    }
    bool fits = tmem->address == (uint64_t)room(call) && tmem->size >= size;
    if (fits) {
        memcpy(room(call), package, size);
    }
    tmem->size = size;
    return fits ? TEE_SUCCESS : SHORT_BUFFER;
}

/* What Linux and the supplicant would answer. */
static void answer_good(struct call *call, struct msg_arg *arg)
{
    struct msg_param *param = &arg->params[0];
    uint32_t result = TEE_SUCCESS;

    switch (arg->head.cmd) {
    case MSG_RPC_LOAD_APP:
        result = load(call, arg);
        break;
    case MSG_RPC_NOTIFICATION:
        if (param->u.value.a == RPC_NOTIFICATION_SEND) {
            __atomic_store_n(&sent[param->u.value.b % sizeof(sent)], 1, __ATOMIC_SEQ_CST);
        } else {
            call->key = (uint32_t)param->u.value.b;
        }
        break;
    case MSG_RPC_SHM_ALLOC:
        if (param->u.value.b > ROOM_EACH) {
            result = TEE_ERROR_OUT_OF_MEMORY;
            break;
        }
        param->attr = MSG_ATTR_TMEM_OUTPUT;
        param->u.tmem = (struct msg_tmem){
            .address = (uint64_t)room(call), .size = ROOM_EACH, .cookie = (uint64_t)room(call)};
        break;
    case MSG_RPC_SHM_FREE:
        break;
    default:
        result = TEE_ERROR_NOT_SUPPORTED;
        break;
    }
    arg->head.ret = result;
}

/* The good answer with some words replaced, or none at all. */
static void answer_garbage(struct call *call, struct msg_arg *arg)
{
    static const uint64_t results[] = {0,          0,          0,          SHORT_BUFFER,
                                       0xffff0000, 0xffff000c, 0xffffffff, 1};
    static const uint64_t attributes[] = {0, 1, 2, 5, 6, 9, 0xa, 0xb, 0x20a, 0x20b, 0x10a, 0xff};
    struct chance *c = call->garbage;
    uint64_t *words = (uint64_t *)(void *)arg;

    answer_good(call, arg);
    if (chance(c) % 2 == 0) {
        call->key = 0; /* sleepers are woken for nothing */
    }
    switch (chance(c) % 8) {
    case 0:
        arg->head.ret = (uint32_t)choose(c, results, sizeof(results) / sizeof(results[0]));
        break;
    case 1:
        arg->params[0].attr = choose(c, attributes, sizeof(attributes) / sizeof(attributes[0]));
        break;
    case 2:
        arg->params[0].u.tmem.address = chance_address(c);
        break;
    case 3:
        arg->params[0].u.tmem.size = chance_size(c);
        break;
    case 4:
        arg->params[1].u.tmem.size = chance_size(c);
        break;
    case 5: /* a list of pages, of which some are none */
        arg->params[0].attr = MSG_ATTR_TMEM_OUTPUT | MSG_ATTR_NONCONTIG;
        for (unsigned i = 0; i < PAGE / 8; i++) {
            page_words(60)[i] =
                chance(c) % 256 == 0 ? chance_address(c) : (uint64_t)room(call) + (i & 0xff) * PAGE;
        }
        arg->params[0].u.tmem.address = (uint64_t)page_words(60);
        break;
    case 6:
        words[chance(c) % 20] = chance(c);
        break;
    default:
        break;
    }
}

static void notifications_take(void)
{
    for (;;) {
        uint64_t x[8] = {SMC_NOTIFY_VALUE};
        smc(x);
        if ((x[2] & NOTIFY_VALID) == 0) {
            return;
        }
        __atomic_store_n(&sent[x[1] % sizeof(sent)], 1, __ATOMIC_SEQ_CST);
        if ((x[2] & NOTIFY_PENDING) == 0) {
            return;
        }
    }
}

static bool sent_take(uint32_t key)
{
    return __atomic_exchange_n(&sent[key % sizeof(sent)], 0, __ATOMIC_SEQ_CST) != 0;
}

void call_step(struct call *call)
{
    if (call->key != 0) {
        if (!sent_take(call->key)) {
            notifications_take();
            return;
        }
        call->key = 0;
    } else if (call->answer == SMC_RPC_COMMAND) {
        if (call->garbage != NULL) {
            answer_garbage(call, question(call));
        } else {
            answer_good(call, question(call));
        }
        if (call->key != 0) {
            return;
        }
    }
    uint64_t x[8] = {SMC_RESUME, 0, 0, call->thread};
    interrupt_maybe(call);
    smc(x);
    took(call, x);
}

uint64_t call_bottom_half(void)
{
    struct call call;
    call_init(&call, BACKGROUND_PAGE + processor(), MSG_CMD_BOTTOM_HALF, 0);
    call_start(&call);
    uint64_t since = cntpct_el0_read();
    while (!call_is_over(&call) && !time_is_up(since)) {
        call_step(&call);
    }
    return call.answer;
}

void call_background(void)
{
    notifications_take();
    if (sent_take(0)) {
        (void)call_bottom_half();
    }
}

bool call_run(struct call *call)
{
    uint64_t since = cntpct_el0_read();
    while (!call_is_over(call) && !time_is_up(since)) {
        call_step(call);
        if (call_sleeps(call)) {
            call_background();
        }
    }
    return call_is_over(call);
}

bool call_run_to_sleep(struct call *call)
{
    uint64_t since = cntpct_el0_read();
    while (!call_is_over(call) && !call_sleeps(call) && !time_is_up(since)) {
        call_step(call);
    }
    return call_sleeps(call);
}

/* --- Whole calls. ------------------------------------------------------------------------------------ */

static uint32_t result(struct call *call)
{
    if (!call_run(call) || call->answer != SMC_OK) {
        return 0xffffffff;
    }
    return call->arg->head.ret;
}

uint32_t session_open(unsigned page, struct chance *garbage, uint32_t *session)
{
    struct call call;
    call_init(&call, page, MSG_CMD_OPEN_SESSION, 2);
    call_value(&call, 0, MSG_ATTR_VALUE_INPUT | MSG_ATTR_META, 0, 0);
    call_value(&call, 1, MSG_ATTR_VALUE_INPUT | MSG_ATTR_META, 0, 0);
    memcpy(call.arg->params[0].u.octets, package_uuid, 16);
    call.garbage = garbage;
    call_start(&call);
    uint32_t ret = result(&call);
    *session = call.arg->head.session;
    return ret;
}

uint32_t session_invoke(unsigned page, uint32_t session, uint32_t command, uint32_t value)
{
    struct call call;
    call_init(&call, page, MSG_CMD_INVOKE_COMMAND, 1);
    call.arg->head.session = session;
    call.arg->head.func = command;
    call_value(&call, 0, MSG_ATTR_VALUE_INOUT, value, 0);
    call.interrupts = true;
    call_start(&call);
    return result(&call);
}

uint32_t session_close(unsigned page, uint32_t session)
{
    struct call call;
    call_init(&call, page, MSG_CMD_CLOSE_SESSION, 0);
    call.arg->head.session = session;
    call_start(&call);
    return result(&call);
}

void session_cancel(unsigned page, uint32_t session, uint32_t cancel_id)
{
    struct call call;
    call_init(&call, page, MSG_CMD_CANCEL, 0);
    call.arg->head.session = session;
    call.arg->head.cancel_id = cancel_id;
    call_start(&call);
}

uint64_t message_send(uint64_t id, unsigned number)
{
    uint64_t at = (uint64_t)page_words(number);
    return smc_fast(id, at >> 32, at & 0xffffffff, 0);
}

uint32_t memory_register(unsigned number, uint64_t address, uint64_t pages, uint64_t cookie)
{
    struct call call;
    uint64_t *list = page_words(number + 1);
    for (uint64_t i = 0; i < pages && i < PAGE / 8 - 1; i++) {
        list[i] = address + i * PAGE;
    }
    call_init(&call, number, MSG_CMD_REGISTER_SHM, 1);
    call.arg->params[0].attr = MSG_ATTR_TMEM_OUTPUT | MSG_ATTR_NONCONTIG;
    call.arg->params[0].u.tmem =
        (struct msg_tmem){.address = (uint64_t)list, .size = pages * PAGE, .cookie = cookie};
    call_start(&call);
    return result(&call);
}

uint32_t memory_release(unsigned number, uint64_t cookie)
{
    struct call call;
    call_init(&call, number, MSG_CMD_UNREGISTER_SHM, 1);
    call_memory(&call, 0, MSG_ATTR_RMEM_INPUT, cookie, 0, 0);
    call_start(&call);
    return result(&call);
}

void call_memory_clear(void)
{
    memset(PAGES, 0, NUM_PAGES * PAGE);
}

unsigned call_memory_secrets(void)
{
    /* The development device key's first octets: of all secrets, one that we can know. */
    static const char key[9] = "Postern ";
    const uint64_t *words = page_words(0);
    uint64_t start;
    unsigned found = 0;
    memcpy(&start, key, sizeof(start));
    for (size_t i = 0; i < NUM_PAGES * PAGE / 8; i++) {
        found += words[i] == start || words[i] == BAD_SECRET_WORD || is_kernel_address(words[i]);
    }
    return found;
}

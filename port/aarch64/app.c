/*
 * Running apps: an instance at S-EL0 on this processor until it traps.
 */
#include <port/aarch64/library.h>
#include <port/aarch64/smc.h>

#define TICK_NS 2000000u /* an app that ran this long is worth a look */

#define FAULT_TRANSLATION 0x04u /* ISS.DFSC, less its level */
#define FAULT_MASK 0x3cu

static struct spin asid_lock;
static uint64_t asid_used[4] = {1}; /* 0 is the identity page's */

static uint32_t asid_take(void)
{
    uint32_t asid = 0;
    uint64_t mask = spin_lock(&asid_lock);
    for (uint32_t i = 1; i < APPS_MAX && asid == 0; i++) {
        if ((asid_used[i / 64] >> (i % 64) & 1) == 0) {
            asid_used[i / 64] |= UINT64_C(1) << (i % 64);
            asid = i;
        }
    }
    spin_unlock(&asid_lock, mask);
    return asid;
}

static void asid_give(uint32_t asid)
{
    uint64_t mask = spin_lock(&asid_lock);
    asid_used[asid / 64] &= ~(UINT64_C(1) << (asid % 64));
    spin_unlock(&asid_lock, mask);
}

enum error port_app_create(const struct port_app_config *config, struct port_app **out)
{
    struct port_app *app = port_alloc(sizeof(*app));

    if (app == NULL) {
        return E_NO_MEMORY;
    }
    app->asid = asid_take();
    if (app->asid == 0) {
        port_free(app);
        return E_NO_RESOURCES;
    }
    app->image = (struct port_image *)(uintptr_t)config->image;
    image_get(app->image);
    enum error error = space_create(app, config->start.stack_size, config->start.heap_size);
    if (error != E_OK) {
        port_app_destroy(app);
        return error;
    }
    app->page->start = config->start;
    *out = app;
    return E_OK;
}

void port_app_destroy(struct port_app *app)
{
    if (app == NULL) {
        return;
    }
    space_destroy(app);
    asid_give(app->asid);
    image_put(app->image);
    port_free(app);
}

struct sys_page *port_app_page(struct port_app *app)
{
    return app->page;
}

void port_app_answer(struct port_app *app, int64_t result)
{
    app->frame.x[0] = (uint64_t)result;
}

void port_app_kill(struct port_app *app)
{
    __atomic_store_n(&app->killed, true, __ATOMIC_RELEASE);
}

void port_app_set_cancel(struct port_app *app, bool cancelled)
{
    __atomic_store_n(&app->page->cancel, cancelled ? 1 : 0, __ATOMIC_RELEASE);
}

static void trap_gone(struct port_trap *trap, const char *why)
{
    trap->kind = PORT_TRAP_GONE;
    memcpy(trap->text, why, strlen(why) + 1);
}

static uint32_t fault_kind(const struct port_app *app, uint64_t class, uint64_t address)
{
    const struct app_region *stack = &app->region[APP_REGION_STACK];

    switch (class) {
    case ESR_EC_DATA_LOWER:
        return address < stack->base && stack->base - address <= PAGE_SIZE ? SYS_FAULT_STACK
                                                                           : SYS_FAULT_DATA;
    case ESR_EC_SP_ALIGNMENT:
        return SYS_FAULT_STACK;
    case ESR_EC_FP_EXCEPTION:
        return SYS_FAULT_ARITHMETIC;
    case ESR_EC_BRK:
        return SYS_FAULT_ABORT;
    default:
        return SYS_FAULT_INSTRUCTION;
    }
}

/* No more at a time: for the rest the instruction runs again, and interrupts come through before it. */
#define PROBE_MAX UINT64_C(0x200000)

static void probe(struct port_app *app)
{
    uint64_t *x = app->frame.x;
    uint64_t part = PROBE_MAX - x[0] % PAGE_SIZE;

    if (x[1] <= part) {
        x[0] = space_probe(app, x[0], x[1], x[2] != 0);
    } else if (!space_probe(app, x[0], part, x[2] != 0)) {
        x[0] = 0;
    } else {
        x[0] += part;
        x[1] -= part;
        app->frame.pc -= 4;
    }
}

/* What the port answers by itself: abi/syscall.h. */
static void svc_answer(struct port_app *app, uint64_t number)
{
    uint64_t *x = app->frame.x;

    if (number == 2) {
        probe(app);
    } else if (number == 3) {
        x[0] = (uint64_t)library_map(app);
        x[1] = id_aa64isar0_el1_read();
    } else {
        x[0] = (uint64_t)-38;
    }
}

/* Answers whether the app goes on. Interrupts masked. */
static bool trap_sync(struct port_app *app, struct port_trap *trap)
{
    uint64_t esr = esr_el1_read();
    uint64_t class = esr >> ESR_EC_SHIFT & 0x3f;
    uint64_t far = far_el1_read();

    if (class == ESR_EC_SVC64 && (esr & 0xffff) != 1) {
        svc_answer(app, esr & 0xffff);
        return true;
    }
    if (class == ESR_EC_SVC64) {
        trap->kind = PORT_TRAP_CALL;
        trap->nr = app->frame.x[8];
        const uint64_t *x = app->frame.x;
        trap->arg[0] = x[0];
        trap->arg[1] = x[1];
        trap->arg[2] = x[2];
        trap->arg[3] = x[3];
        trap->arg[4] = x[4];
        trap->arg[5] = x[5];
        return false;
    }
    if (class == ESR_EC_FP) {
        fp_take(&app->fp);
        return true;
    }
    if (class == ESR_EC_DATA_LOWER && (esr & FAULT_MASK) == FAULT_TRANSLATION &&
        space_touch(app, far)) {
        return true;
    }
    trap->kind = PORT_TRAP_FAULT;
    trap->arg[0] = fault_kind(app, class, far);
    trap->arg[1] = class == ESR_EC_DATA_LOWER || class == ESR_EC_INSTRUCTION_LOWER ? far : 0;
    uint64_t offset = app->frame.pc - app->base;
    trap->arg[2] = offset < app->image->elf.span ? offset : UINT64_MAX;
    return false;
}

/* An interrupt, or an error that the machine reports, took the processor from the app. Answers whether
 * the app goes on. Interrupts masked. */
static __attribute__((noinline)) bool trap_other(uint32_t reason, uint64_t entered,
                                                 struct port_trap *trap)
{
    if (reason == USER_SERROR) {
        trap->kind = PORT_TRAP_FAULT;
        trap->arg[0] = SYS_FAULT_DATA;
        trap->arg[1] = 0;
        trap->arg[2] = UINT64_MAX;
        return false;
    }
    if ((reason == USER_IRQ) == (gic_version == 2)) {
        trap->kind = PORT_TRAP_WANTED;
        return false;
    }
    interrupt_own();
    if (cntpct_el0_read() - entered > cntfrq_el0_read() / (1000000000u / TICK_NS)) {
        trap->kind = PORT_TRAP_TICK;
        return false;
    }
    return true;
}

void port_app_enter(struct port_app *app, struct port_trap *trap)
{
    uint64_t entered = cntpct_el0_read();
    uint64_t mask = interrupts_mask();

    fp_release(); /* no register of the kernel's own is seen by the app */
    for (bool more = true; more;) {
        if (__atomic_load_n(&app->killed, __ATOMIC_ACQUIRE)) {
            trap_gone(trap, "killed");
            break;
        }
        ttbr0_el1_write(page_physical(app->root).value | (uint64_t)app->asid << 48);
        uint32_t reason = user_run(&app->frame);
        more = reason == USER_SYNC ? trap_sync(app, trap) : trap_other(reason, entered, trap);
    }
    fp_sync(&app->fp);
    ttbr0_el1_write(table_identity);
    barrier_isb();
    if (trap->kind != PORT_TRAP_WANTED) { /* that interrupt waits for port_pass */
        interrupts_restore(mask);
    }
}

void port_pass(void)
{
    interrupts_on(); /* and there it is: interrupt_foreign leaves */
    barrier_isb();
}

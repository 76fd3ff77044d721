/*
 * An app that does everything wrong: only its own instance ends, its clients are told TARGET_DEAD by
 * the TEE, on that session for ever, the next open starts a fresh instance, and the log says which
 * app did what, and where.
 *
 * Three witnesses stand by through all of it: a session of the probe app, another session (so another
 * instance) of the villain itself, and the daemon, whose process must stay the same.
 */
#include "call.h"
#include "probe/probe.h"
#include "tap.h"
#include "tee.h"
#include "villain/villain.h"

#include <pthread.h>
#include <signal.h>

static const TEEC_UUID probe = PROBE_UUID;
static const TEEC_UUID villain = VILLAIN_UUID;

static struct tee here;
static TEEC_Context context;
static TEEC_Session probe_witness;
static TEEC_Session villain_witness;

/* What a deed may come to. */
enum outcome {
    DIES,     /* TARGET_DEAD */
    SURVIVES, /* the given result */
    EITHER,   /* TARGET_DEAD, or an answer; nothing hangs afterwards */
    REFUSED,  /* TARGET_DEAD, or the given result and the instance still serves */
    DIVIDES,  /* DIES where division by zero is a fault, elsewhere SURVIVES */
    LINUX,    /* DIES where apps are Linux processes; elsewhere Linux's calls are REFUSED */
};

struct deed {
    const char *name;
    uint32_t command;
    uint32_t a;
    uint32_t b;
    enum outcome outcome;
    TEEC_Result result;
    const char *logged; /* must stand in the log, in a line with the app's name; NULL: nothing */
};

static const struct deed deeds[] = {
    {"reads a bad address", VILLAIN_FAULT, VILLAIN_FAULT_READ, 0, DIES, 0, "villain_fault_read+0x"},
    {"writes its constants", VILLAIN_FAULT, VILLAIN_FAULT_WRITE, 0, DIES, 0, "villain_fault"},
    {"jumps into its data", VILLAIN_FAULT, VILLAIN_FAULT_JUMP, 0, DIES, 0, ""},
    {"writes to NULL", VILLAIN_FAULT, VILLAIN_FAULT_NULL, 0, DIES, 0, "villain_fault"},
    {"calls NULL", VILLAIN_FAULT, VILLAIN_FAULT_CALL, 0, DIES, 0, ""},
    {"divides by zero", VILLAIN_FAULT, VILLAIN_FAULT_DIVIDE, 0, DIVIDES, TEEC_SUCCESS,
     "villain_fault"},
    {"runs an instruction that is none", VILLAIN_FAULT, VILLAIN_FAULT_ILLEGAL, 0, DIES, 0,
     "machine_illegal"},
    {"runs a privileged instruction", VILLAIN_FAULT, VILLAIN_FAULT_PRIVILEGED, 0, DIES, 0, ""},
    {"reads an address that is none", VILLAIN_FAULT, VILLAIN_FAULT_ADDRESS, 0, DIES, 0, ""},
    {"hits a breakpoint", VILLAIN_FAULT, VILLAIN_FAULT_TRAP, 0, DIES, 0, ""},
    {"calls exit", VILLAIN_ENDS, VILLAIN_END_EXIT, 0, DIES, 0, ""},
    {"calls exit with a status", VILLAIN_ENDS, VILLAIN_END_EXIT, 77, DIES, 0, ""},
    {"calls _exit", VILLAIN_ENDS, VILLAIN_END_QUICK, 3, LINUX, 0, ""},
    {"calls abort", VILLAIN_ENDS, VILLAIN_END_ABORT, 0, DIES, 0, ""},
    {"kills itself", VILLAIN_ENDS, VILLAIN_END_KILL, 0, LINUX, 0, ""},
    {"makes the kernel's exit call", VILLAIN_ENDS, VILLAIN_END_SYSTEM, 5, DIES, 0, ""},
    {"exhausts malloc", VILLAIN_MEMORY, 0, 0, EITHER, TEEC_ERROR_OUT_OF_MEMORY, NULL},
    {"exhausts TEE_Malloc", VILLAIN_MEMORY, 1, 0, EITHER, TEEC_ERROR_OUT_OF_MEMORY, NULL},
    {"exhausts mmap", VILLAIN_MEMORY, 2, 0, EITHER, TEEC_ERROR_OUT_OF_MEMORY, NULL},
    {"overflows its stack", VILLAIN_STACK, 0, 0, DIES, 0, "stack"},
    {"closes its link to the kernel", VILLAIN_CLOSE, 3, 3, EITHER, 0, NULL},
    {"closes all descriptors", VILLAIN_CLOSE, 0, 1100, EITHER, 0, NULL},
    {"fills the shared page with zeros", VILLAIN_PAGE, 0, 0, EITHER, 0, NULL},
    {"fills the shared page with ones", VILLAIN_PAGE, 0xff, 0, EITHER, 0, NULL},
    {"fills the shared page with 0x41", VILLAIN_PAGE, 0x41, 0, EITHER, 0, NULL},
    {"fills the shared page with random octets", VILLAIN_PAGE, 0, 2, EITHER, 0, NULL},
    {"fills the page behind the turn word", VILLAIN_PAGE, 0xff, 3, EITHER, 0, NULL},
    {"unmaps the shared page", VILLAIN_PAGE, 0, 1, LINUX, 0, ""},
    {"floods the kernel with calls", VILLAIN_CALLS, 20000, 12345, EITHER, 0, NULL},
    {"floods the log by system call", VILLAIN_LOG, 20000, 0, EITHER, 0, NULL},
    {"floods the log by stderr", VILLAIN_LOG, 20000, 1, EITHER, 0, NULL},
    {"writes one endless line", VILLAIN_LOG, 20000, 2, EITHER, 0, NULL},
    {"panics", VILLAIN_PANIC, 0x00c0ffee, 0, DIES, 0, "0x00c0ffee"},
    {"opens a file", VILLAIN_LINUX, VILLAIN_LINUX_OPEN, 0, REFUSED, 0, NULL},
    {"makes a socket", VILLAIN_LINUX, VILLAIN_LINUX_SOCKET, 0, LINUX, 0, ""},
    {"forks", VILLAIN_LINUX, VILLAIN_LINUX_FORK, 0, LINUX, 0, ""},
    {"runs a shell", VILLAIN_LINUX, VILLAIN_LINUX_EXEC, 0, LINUX, 0, ""},
    {"kills everybody", VILLAIN_LINUX, VILLAIN_LINUX_KILL, 0, LINUX, 0, ""},
    {"traces process 1", VILLAIN_LINUX, VILLAIN_LINUX_PTRACE, 0, LINUX, 0, ""},
    {"makes its data executable", VILLAIN_LINUX, VILLAIN_LINUX_PROTECT, 0, LINUX, 0, ""},
    {"maps executable memory", VILLAIN_LINUX, VILLAIN_LINUX_MAP, 0, LINUX, 0, ""},
    {"makes itself dumpable", VILLAIN_LINUX, VILLAIN_LINUX_PRCTL, 0, LINUX, 0, ""},
    {"makes a name space", VILLAIN_LINUX, VILLAIN_LINUX_UNSHARE, 0, LINUX, 0, ""},
    {"makes a memory file", VILLAIN_LINUX, VILLAIN_LINUX_MEMFD, 0, LINUX, 0, ""},
    {"uses the 32-bit door", VILLAIN_LINUX, VILLAIN_LINUX_OLD, 0, LINUX, 0, ""},
    {"passes NULL to the API", VILLAIN_MISUSE, VILLAIN_MISUSE_NULL, 0, DIES, 0,
     "TEE_GetPropertyAsBool"},
    {"passes a bad pointer to the API", VILLAIN_MISUSE, VILLAIN_MISUSE_POINTER, 0, DIES, 0,
     "TEE_GenerateRandom"},
    {"uses an operation in the wrong state", VILLAIN_MISUSE, VILLAIN_MISUSE_STATE, 0, DIES, 0,
     "TEE_MACUpdate"},
    {"uses a handle that is none", VILLAIN_MISUSE, VILLAIN_MISUSE_HANDLE, 0, DIES, 0,
     "TEE_DigestUpdate"},
    {"frees twice", VILLAIN_MISUSE, VILLAIN_MISUSE_FREE, 0, DIES, 0, ""},
    {"sends an empty reply of its own", VILLAIN_REPLY, 0, 0, EITHER, 0, NULL},
    {"sends a short reply of its own", VILLAIN_REPLY, 3, 0xff, EITHER, 0, NULL},
    {"sends a false reply of zeros", VILLAIN_REPLY, 80, 0, EITHER, 0, NULL},
    {"sends a false reply of ones", VILLAIN_REPLY, 80, 0xff, EITHER, 0, NULL},
    {"sends a reply that is too long", VILLAIN_REPLY, 128, 1, EITHER, 0, NULL},
    {"fills its handle table", VILLAIN_HANDLES, 0, 0, EITHER, 0, NULL},
    {"asks for absurd memory", VILLAIN_CREATE, 0, 0, SURVIVES, TEEC_SUCCESS, NULL},
    {"makes a call that there is not", VILLAIN_NUMBER, 4711, 0, SURVIVES, TEEC_SUCCESS, NULL},
    {"plays with the turn word", VILLAIN_TURN, 0, 200000, EITHER, 0, NULL},
    {"maps where it may not", VILLAIN_MAP, 0, 0, EITHER, 0, NULL},
    {"claims sizes without end", VILLAIN_SIZES, 0, 0, SURVIVES, TEEC_SUCCESS, NULL},
    {"answers slowly", VILLAIN_SLOW, 700, 0, SURVIVES, TEEC_SUCCESS, NULL},
};

static bool hostile_witnesses(void)
{
    bool good = tee_lives(&here);
    good &= call_probe_right(&probe_witness, (uint32_t)tee_now_ms());
    good &= call_value(&villain_witness, VILLAIN_NOTHING, 0, 0, NULL, NULL) == TEEC_SUCCESS;
    return good;
}

/* The session of a dead instance, then a fresh one. */
static void hostile_afterwards(struct tap_group *group, TEEC_Session *session, const char *name)
{
    for (int i = 0; i < 2; i++) {
        uint32_t origin = 0;
        const TEEC_Result again = call_value(session, VILLAIN_NOTHING, 0, 0, NULL, &origin);
        tap_check(group, again == TEEC_ERROR_TARGET_DEAD && origin == TEEC_ORIGIN_TEE,
                  "%s: later call %d: %s from %s", name, i, postern_teec_strerror(again),
                  postern_teec_origin_name(origin));
    }
}

static void hostile_fresh(struct tap_group *group, const char *name)
{
    TEEC_Session fresh;
    uint32_t origin = 0;
    TEEC_Result result = call_open(&context, &fresh, &villain, &origin);
    tap_check(group, result == TEEC_SUCCESS, "%s: fresh open: %s from %s", name,
              postern_teec_strerror(result), postern_teec_origin_name(origin));
    result = call_value(&fresh, VILLAIN_NOTHING, 0, 0, NULL, NULL);
    tap_check(group, result == TEEC_SUCCESS, "%s: fresh call: %s", name,
              postern_teec_strerror(result));
    TEEC_CloseSession(&fresh);
    tap_check(group, hostile_witnesses(), "%s: a witness suffered", name);
}

static enum outcome hostile_outcome(const struct deed *deed)
{
    if (deed->outcome == DIVIDES) {
        return tee_cannot(TEE_DIVISION) == NULL ? DIES : SURVIVES;
    }
    if (deed->outcome != LINUX) {
        return deed->outcome;
    }
    return tee_cannot(TEE_PROCESSES) == NULL ? DIES : REFUSED;
}

static void hostile_deed(const struct deed *deed)
{
    struct tap_group group = {0};
    char line[128];
    (void)snprintf(line, sizeof(line), "an app %s", deed->name);
    const size_t log = tee_log_size(&here);
    const enum outcome outcome = hostile_outcome(deed);
    TEEC_Session session;
    TEEC_Result result = call_open(&context, &session, &villain, NULL);
    tap_check(&group, result == TEEC_SUCCESS, "open: %s", postern_teec_strerror(result));
    uint32_t origin = 0;
    uint32_t out[2];
    result = call_value(&session, deed->command, deed->a, deed->b, out, &origin);
    const bool dead = result == TEEC_ERROR_TARGET_DEAD;
    if (outcome == DIES || (outcome != SURVIVES && dead)) {
        tap_check(&group, dead && origin == TEEC_ORIGIN_TEE, "answered %s from %s",
                  postern_teec_strerror(result), postern_teec_origin_name(origin));
        hostile_afterwards(&group, &session, deed->name);
    } else if (outcome == SURVIVES || outcome == REFUSED) {
        tap_check(&group, result == deed->result && origin == TEEC_ORIGIN_TRUSTED_APP,
                  "answered %s from %s", postern_teec_strerror(result),
                  postern_teec_origin_name(origin));
        tap_check(&group, call_value(&session, VILLAIN_NOTHING, 0, 0, NULL, NULL) == TEEC_SUCCESS,
                  "it does not serve any more");
    } else {
        /* It answered, whatever; the session answers or is dead, but nothing hangs. */
        tap_check(&group, deed->result == TEEC_SUCCESS || result == deed->result, "answered %s",
                  postern_teec_strerror(result));
        const TEEC_Result again = call_value(&session, VILLAIN_NOTHING, 0, 0, NULL, &origin);
        tap_note("%s: answered %s, then %s", deed->name,
                 result == TEEC_SUCCESS ? "success" : "an error", postern_teec_strerror(again));
    }
    TEEC_CloseSession(&session);
    hostile_fresh(&group, deed->name);
    if (deed->logged != NULL && outcome != REFUSED && outcome != SURVIVES) {
        char uuid[37];
        tee_uuid_text(&villain, uuid);
        tap_check(&group, tee_log_has_after(&here, log, uuid, deed->logged),
                  "the log does not have \"%s\" with the app's UUID", deed->logged);
    }
    tap_group_end(&group, line);
}

/* A call that is cancelled while the app loops and pays no attention. */
struct looping {
    TEEC_Session *session;
    TEEC_Operation operation;
    TEEC_Result result;
    uint32_t origin;
    uint32_t command;
    volatile bool begun;
};

static void *hostile_loop_thread(void *argument)
{
    struct looping *looping = argument;
    looping->begun = true;
    looping->result = TEEC_InvokeCommand(looping->session, looping->command, &looping->operation,
                                         &looping->origin);
    return NULL;
}

static void hostile_loops(uint32_t unmasked)
{
    struct tap_group group = {0};
    TEEC_Session session;
    tap_check(&group, call_open(&context, &session, &villain, NULL) == TEEC_SUCCESS, "open");
    struct looping looping = {.result = TEEC_ERROR_CANCEL};
    /* A call that is cancelled before it is in the app answers that, and is made again with more time to
     * get there. */
    for (unsigned ms = 200; looping.result == TEEC_ERROR_CANCEL && ms < TEE_PATIENCE_MS; ms *= 2) {
        looping = (struct looping){.session = &session, .command = VILLAIN_LOOPS};
        looping.operation.paramTypes =
            TEEC_PARAM_TYPES(TEEC_VALUE_INPUT, TEEC_NONE, TEEC_NONE, TEEC_NONE);
        looping.operation.params[0].value.a = unmasked;
        pthread_t thread;
        pthread_create(&thread, NULL, hostile_loop_thread, &looping);
        while (!looping.begun) {
            tee_sleep_ms(5);
        }
        tee_sleep_ms(ms);
        tap_check(&group, hostile_witnesses(), "a witness suffered while it loops");
        TEEC_RequestCancellation(&looping.operation);
        pthread_join(thread, NULL);
    }
    tap_check(&group, looping.result == TEEC_ERROR_TARGET_DEAD && looping.origin == TEEC_ORIGIN_TEE,
              "answered %s from %s", postern_teec_strerror(looping.result),
              postern_teec_origin_name(looping.origin));
    hostile_afterwards(&group, &session, "loop");
    TEEC_CloseSession(&session);
    hostile_fresh(&group, "loop");
    tap_group_end(&group, unmasked ? "an app loops past a cancelled call and is ended"
                                   : "an app loops past a masked cancellation and is ended");
}

/* The entry points that have nobody to answer to. */
static void hostile_entry_points(void)
{
    struct tap_group group = {0};
    static const struct {
        const char *name;
        const char *manifest;
        TEEC_Result want;
        uint32_t origin;
    } create[] = {
        {"dies in create", VILLAIN_CREATE_PROPERTY ": 1", TEEC_ERROR_TARGET_DEAD, TEEC_ORIGIN_TEE},
        {"refuses in create", VILLAIN_CREATE_PROPERTY ": 3", TEEC_ERROR_ACCESS_CONFLICT,
         TEEC_ORIGIN_TRUSTED_APP},
        {"exits in create", VILLAIN_CREATE_PROPERTY ": 4", TEEC_ERROR_TARGET_DEAD, TEEC_ORIGIN_TEE},
        {"dies in destroy", VILLAIN_DESTROY_PROPERTY ": 1", TEEC_SUCCESS, TEEC_ORIGIN_TRUSTED_APP},
        {"exits in destroy", VILLAIN_DESTROY_PROPERTY ": 4", TEEC_SUCCESS, TEEC_ORIGIN_TRUSTED_APP},
    };
    for (uint32_t i = 0; i < sizeof(create) / sizeof(create[0]); i++) {
        const TEEC_UUID uuid = tee_uuid_plus(villain, 1 + i);
        tee_sign(&here, TEE_VILLAIN, &uuid, create[i].manifest);
        for (int round = 0; round < 2; round++) {
            TEEC_Session session;
            uint32_t origin = 0;
            const TEEC_Result result = call_open(&context, &session, &uuid, &origin);
            tap_check(&group, result == create[i].want && origin == create[i].origin,
                      "%s: open answered %s from %s", create[i].name, postern_teec_strerror(result),
                      postern_teec_origin_name(origin));
            TEEC_CloseSession(&session);
        }
    }
    static const struct {
        const char *name;
        uint32_t open;
        uint32_t close;
        TEEC_Result want;
        uint32_t origin;
    } session_deed[] = {
        {"dies in open", VILLAIN_DIE, 0, TEEC_ERROR_TARGET_DEAD, TEEC_ORIGIN_TEE},
        {"exits in open", VILLAIN_EXIT, 0, TEEC_ERROR_TARGET_DEAD, TEEC_ORIGIN_TEE},
        {"refuses in open", VILLAIN_REFUSE, 0, TEEC_ERROR_ACCESS_CONFLICT, TEEC_ORIGIN_TRUSTED_APP},
        {"dies in close", 0, VILLAIN_DIE, TEEC_SUCCESS, TEEC_ORIGIN_TRUSTED_APP},
        {"exits in close", 0, VILLAIN_EXIT, TEEC_SUCCESS, TEEC_ORIGIN_TRUSTED_APP},
    };
    for (uint32_t i = 0; i < sizeof(session_deed) / sizeof(session_deed[0]); i++) {
        TEEC_Session session;
        uint32_t origin = 0;
        const TEEC_Result result = call_open_value(
            &context, &session, &villain, session_deed[i].open, session_deed[i].close, &origin);
        tap_check(&group, result == session_deed[i].want && origin == session_deed[i].origin,
                  "%s: open answered %s from %s", session_deed[i].name,
                  postern_teec_strerror(result), postern_teec_origin_name(origin));
        TEEC_CloseSession(&session);
        hostile_fresh(&group, session_deed[i].name);
    }
    tap_group_end(&group, "apps that die, exit or refuse in each entry point");
}

/* An app that is single instance dies: every session on it is dead, a new one is fresh. */
static void hostile_shared_instance(void)
{
    struct tap_group group = {0};
    const TEEC_UUID uuid = tee_uuid_plus(villain, 100);
    tee_sign(&here, TEE_VILLAIN, &uuid,
             "gpd.ta.singleInstance: true\ngpd.ta.multiSession: true\n"
             "gpd.ta.instanceKeepAlive: true");
    TEEC_Session session[5];
    for (int i = 0; i < 5; i++) {
        tap_check(&group, call_open(&context, &session[i], &uuid, NULL) == TEEC_SUCCESS, "open %d",
                  i);
    }
    uint32_t origin = 0;
    TEEC_Result result =
        call_value(&session[2], VILLAIN_FAULT, VILLAIN_FAULT_NULL, 0, NULL, &origin);
    tap_check(&group, result == TEEC_ERROR_TARGET_DEAD && origin == TEEC_ORIGIN_TEE, "it dies");
    for (int i = 0; i < 5; i++) {
        result = call_value(&session[i], VILLAIN_NOTHING, 0, 0, NULL, &origin);
        tap_check(&group, result == TEEC_ERROR_TARGET_DEAD && origin == TEEC_ORIGIN_TEE,
                  "session %d: %s from %s", i, postern_teec_strerror(result),
                  postern_teec_origin_name(origin));
    }
    /* Fresh while the dead sessions are still open. */
    TEEC_Session fresh;
    tap_check(&group, call_open(&context, &fresh, &uuid, NULL) == TEEC_SUCCESS, "fresh open");
    tap_check(&group, call_value(&fresh, VILLAIN_NOTHING, 0, 0, NULL, NULL) == TEEC_SUCCESS,
              "fresh call");
    for (int i = 0; i < 5; i++) {
        TEEC_CloseSession(&session[i]);
    }
    tap_check(&group, call_value(&fresh, VILLAIN_NOTHING, 0, 0, NULL, NULL) == TEEC_SUCCESS,
              "closing dead sessions does not touch the fresh one");
    TEEC_CloseSession(&fresh);
    tap_group_end(&group, "a shared instance dies for all its sessions, and only once");
}

/* The numbers that the app saw. */
static void hostile_numbers(void)
{
    TEEC_Session session;
    uint32_t out[2] = {0, 0};
    (void)call_open(&context, &session, &villain, NULL);
    TEEC_Result result = call_value(&session, VILLAIN_NUMBER, 4711, 0, out, NULL);
    tap_ok(result == TEEC_SUCCESS && out[0] == 30,
           "a system call that there is not is answered -30");
    result = call_value(&session, VILLAIN_HANDLES, 0, 0, out, NULL);
    tap_ok(result == TEEC_SUCCESS && out[0] > 0 && out[0] < 64,
           "an app has at most 64 handles (it could make %u more)", out[0]);
    TEEC_CloseSession(&session);
}

int main(void)
{
    tee_create(&here);
    tee_sign(&here, TEE_PROBE, &probe, "postern.name: probe");
    tee_sign(&here, TEE_VILLAIN, &villain,
             "postern.name: villain\npostern.cancelGrace: 300\ngpd.ta.dataSize: 2M");
    tee_start(&here);
    call_context(&context);
    tap_ok(call_open(&context, &probe_witness, &probe, NULL) == TEEC_SUCCESS &&
               call_open(&context, &villain_witness, &villain, NULL) == TEEC_SUCCESS,
           "the witnesses are there");
    (void)tee_lacks(TEE_PROCESSES, "an app that makes Linux's system calls is ended for it");
    for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++) {
        hostile_deed(&deeds[i]);
    }
    hostile_loops(1);
    hostile_loops(0);
    hostile_entry_points();
    hostile_shared_instance();
    hostile_numbers();
    TEEC_CloseSession(&probe_witness);
    TEEC_CloseSession(&villain_witness);
    TEEC_FinalizeContext(&context);
    tee_end(&here);
    return tap_end();
}

#include <kernel/sched/log.h>
#include <kernel/syscall/call.h>
#include <lib/crypto/crypto.h>
#include <lib/elf.h>

/* Calls about the app itself: its end, its log, its manifest, time, random numbers, keys. */

#define LOG_BURST 400u
#define LOG_LINES_PER_SECOND 200u
#define LOG_LINE_MAX 400u

static void copy(void *to, const void *from, size_t size)
{
    __builtin_memcpy(to, from, size);
}

/* A copy of the app's text, as one line of printable characters. */
static size_t copy_text(struct call *call, uint64_t length, char *out, size_t size)
{
    size_t count = length < size - 1 ? (size_t)length : size - 1;
    copy(out, call->page->out, count);
    while (count > 0 && (out[count - 1] == '\n' || out[count - 1] == '\0'))
        count--;
    for (size_t i = 0; i < count; i++)
        if ((unsigned char)out[i] < ' ' || out[i] == 0x7f)
            out[i] = ' ';
    out[count] = '\0';
    return count;
}

enum error call_exit(struct call *call)
{
    struct instance *instance = call->instance;
    int32_t code = (int32_t)call->arg[0];
    char text[64];
    if ((call->arg[1] & ~(uint64_t)SYS_EXIT_IF_IDLE) != 0)
        return E_INVALID;
    if ((call->arg[1] & SYS_EXIT_IF_IDLE) != 0 && object_events(&instance->service->object) != 0)
        return E_BUSY;
    /* One that leaves its clients in the lurch has failed, whatever it says. */
    bool early = instance->serving != NULL && !instance->retired;
    log_format(text, sizeof(text), "exit(%d)%s", code, early ? " in the middle of a call" : "");
    instance_end(instance, text, code != 0 || early);
    call->over = true;
    return E_OK;
}

enum error call_retire(struct call *call)
{
    struct instance *instance = call->instance;
    if (object_events(&instance->service->object) != 0)
        return E_BUSY;
    instance_retire(instance);
    return E_OK;
}

/* ", in FUNCTION+0x.. (image offset 0x..)". The app chooses how many symbols there are to go through: not
 * with the lock. */
COLD static void describe_place(const struct instance *instance, uint64_t place, char *out,
                                size_t size, struct kernel_lock *lock)
{
    char name[64];
    uint64_t offset = 0;
    size_t elf_size = 0;
    kernel_unlock(lock);
    const uint8_t *elf = port_image_bytes(instance->app->image, &elf_size);
    bool found = elf != NULL && elf_symbol(elf, elf_size, place, name, sizeof(name), &offset);
    kernel_relock(lock);
    if (found)
        log_format(out, size, ", in %s+0x%x (image offset 0x%x)", name, offset, place);
    else
        log_format(out, size, ", at image offset 0x%x", place);
}

enum error call_panic(struct call *call)
{
    char text[LOG_LINE_MAX];
    char line[LOG_LINE_MAX + 160];
    if (call->arg[1] > SYS_BUFFER_SIZE)
        return E_INVALID;
    (void)copy_text(call, call->arg[1], text, sizeof(text));
    uint64_t code = call->arg[0] & UINT32_MAX;
    size_t length = log_format(line, sizeof(line), code != 0 ? "panic 0x%x: " : "", code);
    length += log_format(line + length, sizeof(line) - length, "%s", text);
    if (call->arg[2] != 0)
        describe_place(call->instance, call->arg[2], line + length, sizeof(line) - length,
                       call->lock);
    instance_end(call->instance, line, true);
    call->over = true;
    return E_OK;
}

enum error call_log(struct call *call)
{
    struct instance *instance = call->instance;
    char text[LOG_LINE_MAX];
    char line[LOG_LINE_MAX + 64];
    if (call->arg[0] > SYS_LOG_DEBUG || call->arg[1] > SYS_BUFFER_SIZE)
        return E_INVALID;
    if (!log_may(&instance->log, LOG_LINES_PER_SECOND, LOG_BURST))
        return E_OK;
    if (instance->log.dropped > 0)
        log_line(SYS_LOG_WARN, "app %U #%u: %u log lines dropped, it writes too many",
                 instance->app->uuid, instance->number, instance->log.dropped);
    instance->log.dropped = 0;
    (void)copy_text(call, call->arg[1], text, sizeof(text));
    size_t length = log_format(line, sizeof(line), "app %U #%u: %s", instance->app->uuid,
                               instance->number, text);
    port_log((uint32_t)call->arg[0], line, length);
    return E_OK;
}

static const char *fault_name(uint64_t kind)
{
    switch (kind) {
    case SYS_FAULT_DATA:
        return "bad memory access";
    case SYS_FAULT_INSTRUCTION:
        return "bad instruction";
    case SYS_FAULT_STACK:
        return "stack overflow";
    case SYS_FAULT_ARITHMETIC:
        return "arithmetic error";
    case SYS_FAULT_ABORT:
        return "abort";
    default:
        return "fault of an unknown kind";
    }
}

void call_describe_fault(const struct instance *instance, const uint64_t arg[3], char *out,
                         size_t size, struct kernel_lock *lock)
{
    size_t length = log_format(out, size, arg[0] == SYS_FAULT_ABORT ? "%s" : "%s, address 0x%x",
                               fault_name(arg[0]), arg[1]);
    if (arg[2] != UINT64_MAX)
        describe_place(instance, arg[2], out + length, size - length, lock);
}

enum error call_fault(struct call *call)
{
    char text[160];
    call_describe_fault(call->instance, call->arg, text, sizeof(text), call->lock);
    instance_end(call->instance, text, true);
    call->over = true;
    return E_OK;
}

enum error call_manifest(struct call *call)
{
    const struct app *app = call->instance->app;
    uint64_t offset = call->arg[0];
    if (offset > app->manifest_size)
        return E_INVALID;
    size_t left = app->manifest_size - (size_t)offset;
    size_t count = left < SYS_BUFFER_SIZE ? left : SYS_BUFFER_SIZE;
    copy(call->page->in, app->manifest_bytes + offset, count);
    call->result = (int64_t)count;
    return E_OK;
}

static enum error ree_clock(struct call *call)
{
    struct msg_arg arg = {.head = {.cmd = MSG_RPC_GET_TIME, .num_params = 1}};
    arg.params[0].attr = MSG_ATTR_VALUE_OUTPUT;
    kernel_unlock(call->lock);
    enum error error = port_rpc(&arg);
    kernel_relock(call->lock);
    if (error != E_OK)
        return error;
    uint64_t seconds = arg.params[0].u.value.a;
    uint64_t nanoseconds = arg.params[0].u.value.b;
    if (arg.head.ret != 0 || seconds > INT64_MAX / 1000000000u - 1 || nanoseconds >= 1000000000u)
        return E_COMMUNICATION;
    call->result = (int64_t)(seconds * 1000000000u + nanoseconds);
    return E_OK;
}

enum error call_clock(struct call *call)
{
    if (call->arg[0] == SYS_CLOCK_REE)
        return ree_clock(call);
    if (call->arg[0] != SYS_CLOCK_SYSTEM)
        return E_INVALID;
    call->result = (int64_t)port_clock_ns();
    return E_OK;
}

enum error call_sleep(struct call *call)
{
    if ((call->arg[1] & ~(uint64_t)SYS_WAIT_CANCELLABLE) != 0)
        return E_INVALID;
    enum error error = call_block(call, call->arg[0], call->arg[1]);
    return error == E_TIMED_OUT ? E_OK : error;
}

enum error call_random(struct call *call)
{
    uint8_t bytes[256];
    uint64_t length = call->arg[0];
    if (length > SYS_BUFFER_SIZE)
        return E_INVALID;
    enum error error = E_OK;
    kernel_unlock(call->lock);
    for (uint64_t done = 0; done < length && error == E_OK;) {
        size_t part = length - done < sizeof(bytes) ? (size_t)(length - done) : sizeof(bytes);
        error = port_random(bytes, part);
        if (error == E_OK)
            copy(call->page->in + done, bytes, part);
        done += part;
    }
    crypto_wipe(bytes, sizeof(bytes)); /* the stack is the next call's, perhaps another app's */
    kernel_relock(call->lock);
    call->result = (int64_t)length;
    return error;
}

enum error call_derive_key(struct call *call)
{
    uint8_t label[KEY_LABEL_MAX];
    uint8_t key[KEY_SIZE_MAX];
    const struct app *app = call->instance->app;
    if (call->arg[0] > sizeof(label) || call->arg[1] == 0 || call->arg[1] > sizeof(key))
        return E_INVALID;
    copy(label, call->page->out, (size_t)call->arg[0]);
    kernel_unlock(call->lock);
    enum error error =
        key_for_app(app->signer, app->uuid, label, (size_t)call->arg[0], key, (size_t)call->arg[1]);
    if (error == E_OK)
        copy(call->page->in, key, (size_t)call->arg[1]);
    crypto_wipe(key, sizeof(key));
    kernel_relock(call->lock);
    call->result = (int64_t)call->arg[1];
    return error;
}

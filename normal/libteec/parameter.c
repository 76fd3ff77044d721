/*
 * Parameters in two steps: everything is checked and laid out first, from one reading of the
 * caller's operation; then memory is taken and bytes are copied.
 *
 * Bytes are copied once each way, through the session's bounce memory, and only in the direction
 * that the reference has. Allocated memory (and memory registered with a TEE device) is reached by
 * the TEE itself.
 */
#include "parameter.h"

#include <string.h>

/* Where the references of one call begin in bounce memory: no two in one cache line, and aligned
 * for any type. */
#define BOUNCE_ALIGN 64u

static struct verdict refuse(unsigned i, const char *why)
{
    return verdict_refuse(TEEC_ORIGIN_API, TEEC_ERROR_BAD_PARAMETERS, "parameter %u: %s", i, why);
}

static struct verdict check_temporary(unsigned i, const TEEC_TempMemoryReference *reference,
                                      struct parameter *out, struct msg_param *param)
{
    out->direction = out->type - (TEEC_MEMREF_TEMP_INPUT - TEEC_MEM_INPUT);
    out->client = reference->buffer;
    out->size = reference->size;
    if (!out->client && out->size)
        return verdict_refuse(TEEC_ORIGIN_API, TEEC_ERROR_BAD_PARAMETERS,
                              "parameter %u: %zu bytes, but no buffer", i, out->size);
    if (!out->client)
        param->u.rmem.cookie = CALL_NO_MEMORY;
    return verdict_ok();
}

static struct verdict check_registered(const struct context *context, unsigned i,
                                       const TEEC_RegisteredMemoryReference *reference,
                                       struct parameter *out, struct msg_param *param)
{
    size_t offset = reference->offset;
    TEEC_SharedMemory *parent = reference->parent;
    struct memory *memory;

    if (!parent)
        return refuse(i, "no parent memory");
    memory = memory_pin(context, parent);
    if (!memory)
        return refuse(i, "its parent memory is not shared (any more), or of another context");
    __atomic_fetch_add(&parent->ops_cnt, 1, __ATOMIC_RELAXED);
    out->memory = memory;
    out->parent = parent;
    if (out->type == TEEC_MEMREF_WHOLE) {
        out->direction = memory->flags;
        out->size = memory->size;
        offset = 0;
    } else {
        out->direction = out->type - (TEEC_MEMREF_PARTIAL_INPUT - TEEC_MEM_INPUT);
        out->size = reference->size;
    }
    if (out->direction & ~memory->flags)
        return refuse(i, "the shared memory's flags do not allow this direction");
    if (offset > memory->size || out->size > memory->size - offset)
        return verdict_refuse(TEEC_ORIGIN_API, TEEC_ERROR_BAD_PARAMETERS,
                              "parameter %u: %zu bytes at offset %zu reach beyond the shared "
                              "memory's %zu",
                              i, out->size, offset, memory->size);
    if (!memory->buffer) {
        param->u.rmem.cookie = CALL_NO_MEMORY;
    } else if (memory->direct) {
        param->u.rmem.cookie = memory->shared.cookie;
        param->u.rmem.offset = offset;
    } else {
        out->client = memory->buffer + offset;
    }
    return verdict_ok();
}

static struct verdict check_one(const struct context *context, unsigned i, uint32_t type,
                                const TEEC_Parameter *given, struct parameter *out,
                                struct msg_param *param)
{
    struct verdict verdict = verdict_ok();

    out->type = type;
    out->client = NULL;
    out->memory = NULL;
    *param = (struct msg_param){.attr = type};
    switch (type) {
    case TEEC_NONE:
    case TEEC_VALUE_OUTPUT:
        return verdict;
    case TEEC_VALUE_INPUT:
    case TEEC_VALUE_INOUT:
        param->u.value.a = given->value.a;
        param->u.value.b = given->value.b;
        return verdict;
    case TEEC_MEMREF_TEMP_INPUT:
    case TEEC_MEMREF_TEMP_OUTPUT:
    case TEEC_MEMREF_TEMP_INOUT:
        verdict = check_temporary(i, &given->tmpref, out, param);
        break;
    case TEEC_MEMREF_WHOLE:
    case TEEC_MEMREF_PARTIAL_INPUT:
    case TEEC_MEMREF_PARTIAL_OUTPUT:
    case TEEC_MEMREF_PARTIAL_INOUT:
        verdict = check_registered(context, i, &given->memref, out, param);
        break;
    default:
        return verdict_refuse(TEEC_ORIGIN_API, TEEC_ERROR_BAD_PARAMETERS,
                              "parameter %u: there is no kind 0x%x", i, type);
    }
    param->attr = MSG_ATTR_RMEM_INPUT - TEEC_MEM_INPUT + out->direction;
    param->u.rmem.size = out->size;
    return verdict;
}

static inline void forget(const struct parameter *p)
{
    if (!p->memory)
        return;
    __atomic_fetch_sub(&p->parent->ops_cnt, 1, __ATOMIC_RELAXED);
    memory_unpin(p->memory);
}

/* Places for what is to be copied. Answers the bytes in all; 0 when there is nothing, SIZE_MAX when
 * it is more than any memory. */
static size_t lay_out(struct parameters *parameters)
{
    size_t total = 0;

    for (unsigned i = 0; i < parameters->count; i++) {
        struct parameter *p = &parameters->each[i];

        if (!p->client)
            continue;
        p->place = total;
        /* A reference of size 0 has an address, too: the bounce memory is never empty. */
        if (__builtin_add_overflow(total, p->size ? p->size : 1, &total) ||
            total > SIZE_MAX - BOUNCE_ALIGN)
            return SIZE_MAX;
        total = (total + BOUNCE_ALIGN - 1) & ~(size_t)(BOUNCE_ALIGN - 1);
    }
    return total;
}

static void copy_in(struct parameters *parameters, struct call *call)
{
    const struct shared *shared = &parameters->bounce->shared;

    for (unsigned i = 0; i < parameters->count; i++) {
        const struct parameter *p = &parameters->each[i];

        if (!p->client)
            continue;
        call->param[i].u.rmem.cookie = shared->cookie;
        call->param[i].u.rmem.offset = p->place;
        if ((p->direction & TEEC_MEM_INPUT) && p->size)
            memcpy(shared->address + p->place, p->client, p->size);
    }
}

struct verdict parameters_fill(struct session *session, TEEC_Operation *operation, uint32_t types,
                               struct call *call, struct parameters *parameters)
{
    struct verdict verdict = verdict_ok();
    unsigned count, filled = 0;
    size_t total = 0;

    if (types >> 16)
        return verdict_refuse(TEEC_ORIGIN_API, TEEC_ERROR_BAD_PARAMETERS,
                              "paramTypes 0x%x has more than four kinds", types);
    /* Up to the last that is not TEEC_NONE: four bits each. */
    count = (35u - (unsigned)__builtin_clz(types)) / 4;
    parameters->count = count;
    call->num_params = count;
    for (; filled < count && verdict.result == TEEC_SUCCESS; filled++)
        verdict =
            check_one(session->context, filled, TEEC_PARAM_TYPE_GET(types, filled),
                      &operation->params[filled], &parameters->each[filled], &call->param[filled]);
    if (verdict.result == TEEC_SUCCESS)
        total = lay_out(parameters);
    if (total == SIZE_MAX)
        verdict = verdict_refuse(TEEC_ORIGIN_API, TEEC_ERROR_OUT_OF_MEMORY,
                                 "the parameters are larger than any memory");
    else if (total)
        verdict = bounce_take(session->context, session->bounces, total, &parameters->extra,
                              &parameters->bounce);
    if (verdict.result != TEEC_SUCCESS) {
        for (unsigned i = 0; i < filled; i++)
            forget(&parameters->each[i]);
        parameters->count = 0;
        return verdict;
    }
    if (parameters->bounce)
        copy_in(parameters, call);
    return verdict;
}

/* Answers true when the output is larger than its buffer. */
static inline bool copy_out_one(const struct parameters *parameters, const struct parameter *p,
                                const struct msg_param *param, TEEC_Parameter *given)
{
    uint64_t size = param->u.rmem.size;
    size_t told = size > SIZE_MAX ? SIZE_MAX : (size_t)size;

    if (p->type <= TEEC_VALUE_INPUT)
        return false;
    if (p->type <= TEEC_VALUE_INOUT) {
        given->value.a = (uint32_t)param->u.value.a;
        given->value.b = (uint32_t)param->u.value.b;
        return false;
    }
    if (!(p->direction & TEEC_MEM_OUTPUT))
        return false;
    if (p->type <= TEEC_MEMREF_TEMP_INOUT)
        given->tmpref.size = told;
    else
        given->memref.size = told;
    if (told > p->size)
        return true;
    if (p->client && told)
        memcpy(p->client, parameters->bounce->shared.address + p->place, told);
    return false;
}

bool parameters_take(struct session *session, TEEC_Operation *operation, const struct call *call,
                     struct parameters *parameters, bool answered)
{
    bool too_large = false;
    unsigned count = parameters->count;

    for (unsigned i = 0; i < count; i++) {
        const struct parameter *p = &parameters->each[i];

        if (answered && copy_out_one(parameters, p, &call->param[i], &operation->params[i]))
            too_large = true;
        forget(p);
    }
    if (parameters->bounce)
        bounce_give(session->context, parameters->bounce, &parameters->extra);
    return too_large;
}

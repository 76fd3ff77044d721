/* Decoding of session requests: everything that a client could do wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <abi/syscall.h>
#include <sdk/gp/request.h>
#include <stdlib.h>
#include <string.h>

#define BASE UINT64_C(0x200000001000)

static const struct sys_recv two_objects = {
    .obj_va = {BASE, BASE + 65536},
    .obj_size = {8192, 4096},
    .obj_prot = {SYS_MEM_READ | SYS_MEM_WRITE, SYS_MEM_READ},
};

static struct session_request valid(void)
{
    struct session_request raw = {.protocol = SESSION_PROTOCOL, .op = SESSION_INVOKE, .command = 7};
    memset(raw.object, SESSION_NO_OBJECT, sizeof(raw.object));
    return raw;
}

/* From memory of exactly this size, so that a read past its end is seen. */
static enum error decode_bytes(const void *raw, size_t size, uint32_t num_objects,
                               struct request *out)
{
    uint8_t *bytes = malloc(size != 0 ? size : 1);
    memcpy(bytes, raw, size);
    struct sys_recv recv = two_objects;
    recv.num_objects = num_objects;
    const enum error error = request_decode(bytes, size, &recv, out);
    free(bytes);
    return error;
}

static enum error decode(const struct session_request *raw, uint32_t num_objects)
{
    struct request out;
    return decode_bytes(raw, sizeof(*raw), num_objects, &out);
}

static void lengths(void **state)
{
    (void)state;
    uint8_t bytes[sizeof(struct session_request) + 8] = {0};
    const struct session_request raw = valid();
    memcpy(bytes, &raw, sizeof(raw));
    struct request out;
    for (size_t size = 0; size < sizeof(raw); size++) {
        const bool after_parameter =
            size >= SESSION_REQUEST_SIZE(0) &&
            (size - SESSION_REQUEST_SIZE(0)) % sizeof(struct session_param) == 0;
        assert_int_equal(decode_bytes(bytes, size, 0, &out), after_parameter ? E_OK : E_BAD_FORMAT);
    }
    assert_int_equal(decode_bytes(bytes, sizeof(raw), 0, &out), E_OK);
    for (size_t size = sizeof(raw) + 1; size <= sizeof(bytes); size++)
        assert_int_equal(decode_bytes(bytes, size, 0, &out), E_EXCESS);
}

/* A message may end after its last parameter, not before. */
static void cut(void **state)
{
    (void)state;
    struct session_request raw = valid();
    struct request out;
    memset(&out, 0xa5, sizeof(out));
    raw.param_types = SESSION_PARAM_VALUE_INPUT << 4;
    raw.param[1] = (struct session_param){.x = 3, .y = 4};
    raw.param[2] = (struct session_param){.x = 5, .y = 6};
    for (uint32_t n = 0; n < 2; n++)
        assert_int_equal(decode_bytes(&raw, SESSION_REQUEST_SIZE(n), 0, &out), E_BAD_FORMAT);
    for (uint32_t n = 2; n <= SESSION_PARAMS; n++) {
        assert_int_equal(decode_bytes(&raw, SESSION_REQUEST_SIZE(n), 0, &out), E_OK);
        assert_int_equal(out.num_params, 2);
        assert_int_equal(out.params[1].value.b, 4);
        assert_int_equal(out.params[0].value.a, 0);
        assert_int_equal(out.params[2].value.a, 0);
        assert_int_equal(out.params[3].memref.size, 0);
    }
    raw.param_types = SESSION_PARAM_MEMREF_INPUT << 12;
    raw.object[3] = SESSION_NO_OBJECT;
    assert_int_equal(decode_bytes(&raw, SESSION_REQUEST_SIZE(3), 0, &out), E_BAD_FORMAT);
    assert_int_equal(decode_bytes(&raw, SESSION_REQUEST_SIZE(4), 0, &out), E_OK);
}

static void heads(void **state)
{
    (void)state;
    struct session_request raw = valid();
    raw.protocol = SESSION_PROTOCOL + 1;
    assert_int_equal(decode(&raw, 0), E_BAD_FORMAT);
    raw = valid();
    raw.reserved = 1;
    assert_int_equal(decode(&raw, 0), E_BAD_FORMAT);
    for (uint32_t op = 0; op < 16; op++) {
        raw = valid();
        raw.op = op;
        assert_int_equal(decode(&raw, 0), op >= 1 && op <= 3 ? E_OK : E_BAD_FORMAT);
    }
    raw = valid();
    raw.op = 0x80000001;
    assert_int_equal(decode(&raw, 0), E_BAD_FORMAT);
    raw = valid();
    raw.op = SESSION_CLOSE;
    raw.param_types = SESSION_PARAM_VALUE_INPUT;
    assert_int_equal(decode(&raw, 0), E_EXCESS);
    raw = valid();
    raw.param_types = 0x10000;
    assert_int_equal(decode(&raw, 0), E_EXCESS);
}

static void types(void **state)
{
    (void)state;
    for (uint32_t type = 0; type < 16; type++) {
        for (uint32_t place = 0; place < SESSION_PARAMS; place++) {
            struct session_request raw = valid();
            raw.param_types = type << (4 * place);
            const bool known = type <= 3 || (type >= 5 && type <= 7);
            assert_int_equal(decode(&raw, 0), known ? E_OK : E_BAD_FORMAT);
        }
    }
}

static void values(void **state)
{
    (void)state;
    struct session_request raw = valid();
    raw.param_types = SESSION_PARAM_VALUE_INPUT | SESSION_PARAM_VALUE_OUTPUT << 4 |
                      SESSION_PARAM_VALUE_INOUT << 8;
    for (uint32_t i = 0; i < SESSION_PARAMS; i++)
        raw.param[i] = (struct session_param){.x = 0xffffffff, .y = 5 + i};
    struct request out;
    assert_int_equal(decode_bytes(&raw, sizeof(raw), 0, &out), E_OK);
    assert_int_equal(out.command, 7);
    assert_int_equal(out.params[0].value.a, 0xffffffff);
    assert_int_equal(out.params[0].value.b, 5);
    assert_int_equal(out.params[1].value.a, 0); /* an output has nothing of its client's */
    assert_int_equal(out.params[1].value.b, 0);
    assert_int_equal(out.params[2].value.b, 7);
    assert_int_equal(out.params[3].value.a, 0);
    raw.param[0].x = UINT64_C(0x100000000);
    assert_int_equal(decode(&raw, 0), E_BAD_FORMAT);
    raw.param[0].x = 0;
    raw.param[2].y = UINT64_MAX;
    assert_int_equal(decode(&raw, 0), E_BAD_FORMAT);
}

static struct session_request reference(uint32_t type, uint8_t object, uint64_t offset,
                                        uint64_t size)
{
    struct session_request raw = valid();
    raw.param_types = type;
    raw.object[0] = object;
    raw.param[0] = (struct session_param){.x = offset, .y = size};
    return raw;
}

static void references(void **state)
{
    (void)state;
    struct session_request raw = reference(SESSION_PARAM_MEMREF_INOUT, 0, 4096, 4096);
    struct request out;
    assert_int_equal(decode_bytes(&raw, sizeof(raw), 1, &out), E_OK);
    assert_int_equal((uintptr_t)out.params[0].memref.buffer, BASE + 4096);
    assert_int_equal(out.params[0].memref.size, 4096);
    assert_int_equal(out.given[0], 4096);
    raw = reference(SESSION_PARAM_MEMREF_INOUT, 0, 8192, 0);
    assert_int_equal(decode(&raw, 1), E_OK);

    static const struct session_param outside[] = {
        {8192, 1},       {8193, 0},          {0, 8193},
        {1, 8192},       {UINT64_MAX, 1},    {1, UINT64_MAX},
        {UINT64_MAX, 0}, {UINT64_MAX, 8192}, {UINT64_MAX - 4095, 4097},
    };
    for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
        raw = reference(SESSION_PARAM_MEMREF_INOUT, 0, outside[i].x, outside[i].y);
        assert_int_equal(decode(&raw, 1), E_BAD_FORMAT);
    }
}

static void reference_objects(void **state)
{
    (void)state;
    struct session_request raw = reference(SESSION_PARAM_MEMREF_INPUT, 0, 0, 16);
    assert_int_equal(decode(&raw, 0), E_BAD_FORMAT); /* none came */
    raw = reference(SESSION_PARAM_MEMREF_INPUT, 1, 0, 16);
    assert_int_equal(decode(&raw, 1), E_BAD_FORMAT); /* one came */
    assert_int_equal(decode(&raw, 2), E_EXCESS);     /* the first is nobody's */
    raw = reference(SESSION_PARAM_MEMREF_INPUT, 0xfe, 0, 16);
    assert_int_equal(decode(&raw, 2), E_BAD_FORMAT);
    raw = valid();
    assert_int_equal(decode(&raw, 1), E_EXCESS);
    assert_int_equal(decode(&raw, SYS_MSG_OBJECTS_MAX + 1), E_EXCESS);
    assert_int_equal(decode(&raw, UINT32_MAX), E_EXCESS);
    /* Two references to one object. */
    raw = reference(SESSION_PARAM_MEMREF_INPUT | SESSION_PARAM_MEMREF_OUTPUT << 4, 0, 0, 16);
    raw.object[1] = 0;
    assert_int_equal(decode(&raw, 1), E_OK);
}

static void reference_rights(void **state)
{
    (void)state;
    static const struct {
        uint32_t type;
        uint32_t prot;
        enum error expected;
    } cases[] = {
        {SESSION_PARAM_MEMREF_INPUT, SYS_MEM_READ, E_OK},
        {SESSION_PARAM_MEMREF_INPUT, SYS_MEM_WRITE, E_BAD_FORMAT},
        {SESSION_PARAM_MEMREF_INPUT, 0, E_BAD_FORMAT},
        {SESSION_PARAM_MEMREF_OUTPUT, SYS_MEM_READ, E_BAD_FORMAT},
        {SESSION_PARAM_MEMREF_OUTPUT, SYS_MEM_WRITE, E_OK},
        {SESSION_PARAM_MEMREF_INOUT, SYS_MEM_READ, E_BAD_FORMAT},
        {SESSION_PARAM_MEMREF_INOUT, SYS_MEM_WRITE, E_BAD_FORMAT},
        {SESSION_PARAM_MEMREF_INOUT, SYS_MEM_READ | SYS_MEM_WRITE, E_OK},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct session_request raw = reference(cases[i].type, 0, 0, 16);
        const struct sys_recv one = {
            .num_objects = 1, .obj_va = {BASE}, .obj_size = {4096}, .obj_prot = {cases[i].prot}};
        struct request out;
        assert_int_equal(request_decode((const uint8_t *)&raw, sizeof(raw), &one, &out),
                         cases[i].expected);
    }
    const struct session_request raw = reference(SESSION_PARAM_MEMREF_INPUT, 0, 0, 0);
    struct sys_recv one = {.num_objects = 1, .obj_prot = {3}};
    struct request out;
    assert_int_equal(request_decode((const uint8_t *)&raw, sizeof(raw), &one, &out), E_BAD_FORMAT);
    one.obj_size[0] = 4096; /* memory without room to map it */
    assert_int_equal(request_decode((const uint8_t *)&raw, sizeof(raw), &one, &out), E_NO_MEMORY);
}

static void null_references(void **state)
{
    (void)state;
    struct session_request raw = reference(SESSION_PARAM_MEMREF_OUTPUT, SESSION_NO_OBJECT, 0, 0);
    struct request out;
    assert_int_equal(decode_bytes(&raw, sizeof(raw), 0, &out), E_OK);
    assert_null(out.params[0].memref.buffer);
    assert_int_equal(out.params[0].memref.size, 0);
    raw.param[0].y = 1;
    assert_int_equal(decode(&raw, 0), E_BAD_FORMAT);
    raw.param[0] = (struct session_param){.x = 1, .y = 0};
    assert_int_equal(decode(&raw, 0), E_BAD_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths),
        cmocka_unit_test(cut),
        cmocka_unit_test(heads),
        cmocka_unit_test(types),
        cmocka_unit_test(values),
        cmocka_unit_test(references),
        cmocka_unit_test(reference_objects),
        cmocka_unit_test(reference_rights),
        cmocka_unit_test(null_references),
    };
    return cmocka_run_group_tests_name("sdk request", tests, NULL, NULL);
}
